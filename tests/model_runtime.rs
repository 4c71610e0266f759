//! Models in the native library: what a session says, what is refused, and the thread that answers.

mod counting;
mod fetching;
mod graphs;
mod late;
mod sessions;
mod worker;
