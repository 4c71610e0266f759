//! The operators that a model may use, and why each is needed.
//!
//! Invariant: none of them opens a file, holds a graph or draws random numbers; most work grows with their inputs only.
//! Absent on purpose: `Loop`, `If`, `Scan` (graphs inside), `Expand`, `Tile`, `Range`, `ConstantOfShape` (a few bytes become
//! any size), `Random*` and `Dropout` (chance), strings, quantised numbers, what only language and picture models need.

/// A domain, its operators and what they are for.
pub struct Group {
    pub domain: &'static str,
    pub operators: &'static [&'static str],
    pub purpose: &'static str,
}

pub const GROUPS: &[Group] = &[
    Group {
        domain: "",
        operators: &["Gemm", "MatMul", "Conv", "GRU", "LSTM", "LayerNormalization"],
        purpose: "layers of nets",
    },
    Group { domain: "", operators: &["Sigmoid", "Tanh", "Relu", "Softmax"], purpose: "activations and probabilities" },
    Group {
        domain: "",
        operators: &["Add", "Sub", "Mul", "Div", "Neg", "Abs", "Pow", "Sqrt", "Exp", "Log", "Min", "Max", "Clip"],
        purpose: "the normaliser, scores and calibration",
    },
    Group {
        domain: "",
        operators: &["Where", "Less", "Greater", "Equal", "Cast"],
        purpose: "masks of absent observations, and the normaliser's double precision",
    },
    Group {
        domain: "",
        operators: &[
            "Slice",
            "Split",
            "Concat",
            "Gather",
            "Reshape",
            "Transpose",
            "Unsqueeze",
            "Squeeze",
            "Flatten",
            "Identity",
        ],
        purpose: "rows of observations in the order that layers want",
    },
    Group { domain: "", operators: &["ReduceMean", "GlobalAveragePool"], purpose: "a mean over time or over trees" },
    Group { domain: super::build::TREES, operators: &["TreeEnsembleRegressor"], purpose: "gradient-boosted trees" },
];

/// True when a node of this domain may use this operator; `ai.onnx` is the long name of the domain without one.
pub fn is_allowed(domain: &str, operator: &str) -> bool {
    let domain = if domain == "ai.onnx" { "" } else { domain };
    GROUPS.iter().any(|group| group.domain == domain && group.operators.contains(&operator))
}

/// All of them, for people.
pub fn allowed() -> String {
    GROUPS.iter().flat_map(|group| group.operators).copied().collect::<Vec<_>>().join(", ")
}
