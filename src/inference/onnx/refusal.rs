//! `OnnxError`: why a graph is refused, in words that go on after the file's name.
//!
//! Invariant: each says what was found and what is allowed; what to do is said by who knows where the file came from.
//! Absent on purpose: files and exit statuses.

use super::operators;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OnnxError {
    #[error("{bytes} bytes, allowed are {most}")]
    TooLarge { bytes: usize, most: usize },
    #[error("this is no ONNX file, or it is cut off or damaged ({why})")]
    Damaged { why: String },
    #[error("more than {most} entries, which no model that Kestrel runs needs")]
    TooMany { most: usize },
    #[error("field {tag} of an ONNX {message} is used, which Kestrel does not read and therefore does not run")]
    Field { message: &'static str, tag: u32 },
    #[error("there is no graph in it")]
    NoGraph,
    #[error("ONNX format {found}, allowed is {least} to {most}")]
    Format { found: i64, least: i64, most: i64 },
    #[error(
        "operators of {domain:?} in version {found}, allowed are \"\" in 13 to 21 and \"ai.onnx.ml\" in 1 to 4, once each"
    )]
    Opset { domain: String, found: i64 },
    #[error("operator {operator:?} in node {node:?}, allowed are {}", operators::allowed())]
    Operator { node: String, operator: String },
    #[error("the weights {tensor:?} lie outside the file, allowed is data inside")]
    ExternalData { tensor: String },
    #[error("a graph inside node {node:?}, allowed is one flat graph")]
    NestedGraph { node: String },
    #[error("functions of its own, allowed are plain operators")]
    LocalFunctions,
    #[error("NaN or infinity in {place}, allowed are finite numbers")]
    NotFinite { place: String },
    #[error("{found} bytes of weights in {tensor:?}, its dimensions {dims:?} need {needed}")]
    Size { tensor: String, dims: Vec<i64>, found: u64, needed: u64 },
    #[error("the weights {tensor:?} have dimensions {dims:?}, which no file can hold")]
    Dimensions { tensor: String, dims: Vec<i64> },
    #[error(
        "the weights {tensor:?} are of ONNX type {found}, allowed are float32 (1), int64 (7), bool (9) and float64 (11)"
    )]
    Element { tensor: String, found: i32 },
    #[error("its {side} {found}, allowed is one float32 {wanted}")]
    Interface { side: &'static str, found: String, wanted: &'static str },
    #[error("node {node:?} {what}")]
    Wiring { node: String, what: String },
    #[error("the trees of node {node:?} are damaged ({what})")]
    Trees { node: String, what: String },
}
