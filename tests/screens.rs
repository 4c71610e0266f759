//! The screen from fixed snapshots: what is drawn, what keys do, and that nothing makes it panic.

mod desk;
mod fixture;
mod keys;
mod manners;
mod pictures;
mod readme;
