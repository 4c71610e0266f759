//! Bytes of an ONNX file to messages, within bounds.
//!
//! Invariant: what these messages do not show is not in the file: a field that is neither read nor known to be harmless is
//! refused before anything is decoded, so that what was checked is what runs. No input panics; memory stays within a small
//! multiple of the file.
//! Absent on purpose: what the graph does (`check`).

use prost::Message;

use super::messages::ModelProto;
use super::refusal::OnnxError;

/// The largest file of a user; shipped ones are far smaller.
pub const MOST_BYTES: usize = 16 << 20;
/// Fields of messages in a file: what a decoder allocates for an empty one is a hundred times its two bytes.
const MOST_FIELDS: usize = 300_000;

/// Messages of the format whose fields are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    Dimension,
    Entry,
    Opset,
}

/// What is done with a field.
enum Field {
    /// A number or a text that is read.
    Plain,
    /// A message that is read.
    Inside(Kind),
    /// A comment for people.
    Harmless,
    Unknown,
}

/// The messages of a file.
pub fn read(bytes: &[u8]) -> Result<ModelProto, OnnxError> {
    if bytes.len() > MOST_BYTES {
        return Err(OnnxError::TooLarge { bytes: bytes.len(), most: MOST_BYTES });
    }
    if bytes.is_empty() {
        return Err(damaged("it is empty"));
    }
    let mut left = MOST_FIELDS;
    walk(bytes, Kind::Model, &mut left)?;
    ModelProto::decode(bytes).map_err(|error| damaged(&error.to_string()))
}

/// Looks at the fields of a message and of those inside it; as deep as the format, which does not recur.
fn walk(bytes: &[u8], kind: Kind, left: &mut usize) -> Result<(), OnnxError> {
    let mut rest = bytes;
    while !rest.is_empty() {
        *left = left.checked_sub(1).ok_or(OnnxError::TooMany { most: MOST_FIELDS })?;
        let key = varint(&mut rest)?;
        let tag = u32::try_from(key >> 3).map_err(|_| damaged("a field's number is too large"))?;
        let content: Option<&[u8]> = match key & 7 {
            0 => varint(&mut rest).map(|_| None)?,
            1 => take(&mut rest, 8).map(|_| None)?,
            2 => {
                let length = usize::try_from(varint(&mut rest)?).map_err(|_| damaged("a length is too large"))?;
                Some(take(&mut rest, length)?)
            }
            5 => take(&mut rest, 4).map(|_| None)?,
            _ => return Err(damaged("a field of an unknown type")),
        };
        match (kind.field(tag), content) {
            (Field::Inside(inside), Some(content)) => walk(content, inside, left)?,
            (Field::Inside(_), None) => return Err(damaged("a number where a message belongs")),
            (Field::Plain | Field::Harmless, _) => {}
            (Field::Unknown, _) => return Err(OnnxError::Field { message: kind.name(), tag }),
        }
    }
    Ok(())
}

impl Kind {
    /// By `onnx.proto3`.
    fn field(self, tag: u32) -> Field {
        use Field::{Harmless, Inside, Plain, Unknown};
        match (self, tag) {
            (Kind::Model, 7) => Inside(Kind::Graph),
            (Kind::Model, 8) => Inside(Kind::Opset),
            (Kind::Model, 14) => Inside(Kind::Entry),
            (Kind::Model, 1..=3 | 25) => Plain,
            (Kind::Model, 4..=6) => Harmless,
            (Kind::Graph, 1) => Inside(Kind::Node),
            (Kind::Graph, 5) => Inside(Kind::Tensor),
            (Kind::Graph, 11 | 12) => Inside(Kind::ValueInfo),
            (Kind::Graph, 2) => Plain,
            // Shapes of values in between, which ONNX Runtime finds itself, and comments.
            (Kind::Graph, 10 | 13 | 16) => Harmless,
            (Kind::Node, 5) => Inside(Kind::Attribute),
            (Kind::Node, 1..=4 | 7) => Plain,
            (Kind::Node, 6 | 9) => Harmless,
            (Kind::Attribute, 5) => Inside(Kind::Tensor),
            (Kind::Attribute, 1..=4 | 6..=9 | 20) => Plain,
            (Kind::Attribute, 13) => Harmless,
            (Kind::Tensor, 13) => Inside(Kind::Entry),
            (Kind::Tensor, 1 | 2 | 4 | 7..=9 | 14) => Plain,
            (Kind::Tensor, 12 | 16) => Harmless,
            (Kind::ValueInfo, 2) => Inside(Kind::Type),
            (Kind::ValueInfo, 1) => Plain,
            (Kind::ValueInfo, 3 | 4) => Harmless,
            (Kind::Type, 1) => Inside(Kind::TensorType),
            (Kind::Type, 6) => Harmless,
            (Kind::TensorType, 2) => Inside(Kind::Shape),
            (Kind::TensorType, 1) => Plain,
            (Kind::Shape, 1) => Inside(Kind::Dimension),
            (Kind::Dimension, 1 | 2) => Plain,
            (Kind::Dimension, 3) => Harmless,
            (Kind::Entry | Kind::Opset, 1 | 2) => Plain,
            (
                Kind::Model
                | Kind::Graph
                | Kind::Node
                | Kind::Attribute
                | Kind::Tensor
                | Kind::ValueInfo
                | Kind::Type
                | Kind::TensorType
                | Kind::Shape
                | Kind::Dimension
                | Kind::Entry
                | Kind::Opset,
                _,
            ) => Unknown,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Model => "model",
            Kind::Graph => "graph",
            Kind::Node => "node",
            Kind::Attribute => "attribute",
            Kind::Tensor => "tensor",
            Kind::ValueInfo => "value",
            Kind::Type | Kind::TensorType => "type",
            Kind::Shape => "shape",
            Kind::Dimension => "dimension",
            Kind::Entry => "entry",
            Kind::Opset => "operator set",
        }
    }
}

fn varint(rest: &mut &[u8]) -> Result<u64, OnnxError> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = take(rest, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(damaged("a number has too many digits"))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], OnnxError> {
    let (taken, after) = rest.split_at_checked(length).ok_or_else(|| damaged("it ends too early"))?;
    *rest = after;
    Ok(taken)
}

fn damaged(why: &str) -> OnnxError {
    OnnxError::Damaged { why: why.into() }
}
