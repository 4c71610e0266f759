//! Training: models made from recorded bars, judged, and written as ONNX.
//!
//! Invariant: nothing that a model is judged by was seen when it was made.
//! Absent on purpose: trading by models (`engine`), running them (`inference`).
