//! The models that come with the program, inside it.
//!
//! Invariant: every folder of the repository's `models/` stands here under its name, opens, and is small (a test looks).
//! Absent on purpose: models of users, which lie in their home folder and come before these.

/// Largest ONNX file that is shipped, in bytes.
pub const MOST_SHIPPED_BYTES: usize = 2 << 20;

/// A card and an ONNX file as they lie in `models/<name>/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shipped {
    pub name: &'static str,
    pub card: &'static str,
    pub onnx: &'static [u8],
}

/// A model is entered with `include_str!("../../../models/NAME/card.json")` and
/// `include_bytes!("../../../models/NAME/model-<12 hex digits>.onnx")`.
pub const SHIPPED: &[Shipped] = &[
    Shipped {
        name: "kestrel-trees",
        card: include_str!("../../../models/kestrel-trees/card.json"),
        onnx: include_bytes!("../../../models/kestrel-trees/model-752fd298ac9b.onnx"),
    },
    Shipped {
        name: "kestrel-temporal",
        card: include_str!("../../../models/kestrel-temporal/card.json"),
        onnx: include_bytes!("../../../models/kestrel-temporal/model-aa0de2dacda3.onnx"),
    },
    Shipped {
        name: "kestrel-sac",
        card: include_str!("../../../models/kestrel-sac/card.json"),
        onnx: include_bytes!("../../../models/kestrel-sac/model-7defef2752bb.onnx"),
    },
];
