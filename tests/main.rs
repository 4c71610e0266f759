//! All tests of the house in one binary, a module for each topic.

mod determinism;
mod support;
