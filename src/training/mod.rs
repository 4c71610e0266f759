//! Training: models made from recorded bars, judged, and written as ONNX.
//!
//! `checkpoint` keeps a training that has not ended, `synthetic` makes markets whose truth is known.
//! Invariant: nothing that a model is judged by was seen when it was made.
//! Absent on purpose: trading by models (`engine`), running them (`inference`).

pub mod checkpoint;
pub mod synthetic;
