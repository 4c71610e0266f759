//! Inference: models found, checked and run.
//!
//! `registry` keeps models on disk (`registry/card.rs` is what is told of one), `onnx` reads and writes their files as values.
//! Invariant: a model runs only after its file agreed with its card and passed the checks of `onnx`.
//! Absent on purpose: what an answer is good for (`engine`), making models (`training`).

pub mod onnx;
pub mod registry;
