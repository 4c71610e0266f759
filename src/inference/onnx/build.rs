//! `GraphBuilder`: an ONNX file written node by node, for who exports a model.
//!
//! The file has one input, `observations` (float32 [batch, values]), and one output, float32 [batch, 1], whose name says what
//! it answers: `probability` or `exposure`.
//! Invariant: every value is named once, by the builder; data is raw and little-endian; the first dimension is free.
//! Absent on purpose: whether a node's inputs fit its operator (`check` and ONNX Runtime say), nested graphs.

use prost::Message;

use super::messages::{
    AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};

/// The name of the one input: float32 [batch, rows * columns], oldest row first.
pub const INPUT: &str = "observations";
/// The name of the first dimension of both.
pub const BATCH: &str = "batch";
/// The domain of trees.
pub const TREES: &str = "ai.onnx.ml";
/// Version of the operators without a domain.
pub const OPSET: i64 = 17;
/// Version of the operators of `TREES`.
pub const TREES_OPSET: i64 = 3;
/// Version of the file's format.
pub const IR_VERSION: i64 = 8;

/// What a tensor holds, by ONNX's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Element {
    Float = 1,
    Integer = 7,
    Flag = 9,
    Double = 11,
}

/// What a graph's one output, float32 [batch, 1], answers; its name says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// That a trade wins, from 0 to 1.
    Probability,
    /// The share of full size that is wanted, from -1 to 1.
    Exposure,
}

/// A value of the graph: the input, an initializer or what a node gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value(String);

/// A parameter of a node.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    Float(f32),
    Integer(i64),
    Text(&'static str),
    Floats(Vec<f32>),
    Integers(Vec<i64>),
    Texts(Vec<&'static str>),
}

/// A graph being written.
#[derive(Debug, Clone)]
pub struct GraphBuilder {
    name: String,
    values: usize,
    nodes: Vec<NodeProto>,
    initializers: Vec<TensorProto>,
    /// Of the next value that is named.
    next: usize,
}

impl Answer {
    pub const ALL: [Answer; 2] = [Answer::Probability, Answer::Exposure];

    /// The output's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Answer::Probability => "probability",
            Answer::Exposure => "exposure",
        }
    }

    pub fn parse(text: &str) -> Option<Answer> {
        Answer::ALL.into_iter().find(|answer| answer.as_str() == text)
    }
}

impl Value {
    /// An optional input that is left out.
    pub fn absent() -> Value {
        Value(String::new())
    }
}

impl GraphBuilder {
    /// Begins a graph whose input is `values` numbers for each question.
    pub fn new(name: &str, values: usize) -> GraphBuilder {
        GraphBuilder { name: name.into(), values, nodes: Vec::new(), initializers: Vec::new(), next: 0 }
    }

    /// `observations`, float32 [batch, values].
    pub fn input(&self) -> Value {
        Value(INPUT.into())
    }

    /// Weights; `dims` empty for a scalar.
    ///
    /// # Panics
    /// When the values are not as many as the dimensions say (also below): a bug of the exporter.
    pub fn floats(&mut self, dims: &[usize], values: &[f32]) -> Value {
        let raw = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(Element::Float, dims, values.len(), raw)
    }

    pub fn doubles(&mut self, dims: &[usize], values: &[f64]) -> Value {
        let raw = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(Element::Double, dims, values.len(), raw)
    }

    /// Shapes, places, axes.
    pub fn integers(&mut self, dims: &[usize], values: &[i64]) -> Value {
        let raw = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(Element::Integer, dims, values.len(), raw)
    }

    pub fn flags(&mut self, dims: &[usize], values: &[bool]) -> Value {
        self.initializer(Element::Flag, dims, values.len(), values.iter().map(|value| u8::from(*value)).collect())
    }

    pub fn scalar(&mut self, value: f32) -> Value {
        self.floats(&[], &[value])
    }

    /// A node with one output.
    pub fn node(&mut self, operator: &str, inputs: &[&Value], attributes: &[(&str, Attribute)]) -> Value {
        self.push("", operator, inputs, 1, attributes).swap_remove(0)
    }

    /// A node with several outputs, in the operator's order (`GRU`, `LSTM`, `Split`).
    pub fn node_of(
        &mut self,
        operator: &str,
        inputs: &[&Value],
        outputs: usize,
        attributes: &[(&str, Attribute)],
    ) -> Vec<Value> {
        self.push("", operator, inputs, outputs, attributes)
    }

    /// `ai.onnx.ml`'s `TreeEnsembleRegressor`.
    pub fn trees(&mut self, input: &Value, attributes: &[(&str, Attribute)]) -> Value {
        self.push(TREES, "TreeEnsembleRegressor", &[input], 1, attributes).swap_remove(0)
    }

    /// The file: `value`, float32 [batch, 1], becomes the output.
    pub fn finish(mut self, answer: Answer, value: &Value) -> Vec<u8> {
        let names = self.nodes.iter_mut().flat_map(|node| node.input.iter_mut().chain(node.output.iter_mut()));
        names.filter(|name| **name == value.0).for_each(|name| *name = answer.as_str().into());
        let has_trees = self.nodes.iter().any(|node| node.domain == TREES);
        let mut opset_import = vec![OperatorSetIdProto { domain: String::new(), version: OPSET }];
        if has_trees {
            opset_import.push(OperatorSetIdProto { domain: TREES.into(), version: TREES_OPSET });
        }
        let graph = GraphProto {
            node: self.nodes,
            name: self.name,
            initializer: self.initializers,
            input: vec![described(INPUT, self.values)],
            output: vec![described(answer.as_str(), 1)],
        };
        let model = ModelProto {
            ir_version: IR_VERSION,
            producer_name: "kestrel".into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            graph: Some(graph),
            opset_import,
            ..ModelProto::default()
        };
        model.encode_to_vec()
    }

    fn push(
        &mut self,
        domain: &str,
        operator: &str,
        inputs: &[&Value],
        outputs: usize,
        attributes: &[(&str, Attribute)],
    ) -> Vec<Value> {
        let outputs: Vec<Value> = (0..outputs).map(|_| self.named(operator)).collect();
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|value| value.0.clone()).collect(),
            output: outputs.iter().map(|value| value.0.clone()).collect(),
            name: format!("{operator} {}", self.nodes.len()),
            op_type: operator.into(),
            attribute: attributes.iter().map(|(name, value)| value.message(name)).collect(),
            domain: domain.into(),
        });
        outputs
    }

    fn initializer(&mut self, element: Element, dims: &[usize], found: usize, raw_data: Vec<u8>) -> Value {
        assert_eq!(dims.iter().product::<usize>(), found, "an initializer of another size than {dims:?} is a bug");
        let value = self.named("weights");
        self.initializers.push(TensorProto {
            dims: dims.iter().map(|size| *size as i64).collect(),
            data_type: element as i32,
            name: value.0.clone(),
            raw_data,
            ..TensorProto::default()
        });
        value
    }

    fn named(&mut self, what: &str) -> Value {
        self.next += 1;
        Value(format!("{}_{}", what.to_lowercase(), self.next))
    }
}

impl Attribute {
    fn message(&self, name: &str) -> AttributeProto {
        let mut message = AttributeProto { name: name.into(), ..AttributeProto::default() };
        // `r#type` by the list at `AttributeProto`.
        message.r#type = match self {
            Attribute::Float(value) => {
                message.f = *value;
                1
            }
            Attribute::Integer(value) => {
                message.i = *value;
                2
            }
            Attribute::Text(value) => {
                message.s = value.as_bytes().to_vec();
                3
            }
            Attribute::Floats(values) => {
                message.floats.clone_from(values);
                6
            }
            Attribute::Integers(values) => {
                message.ints.clone_from(values);
                7
            }
            Attribute::Texts(values) => {
                message.strings = values.iter().map(|value| value.as_bytes().to_vec()).collect();
                8
            }
        };
        message
    }
}

/// float32 [batch, width].
fn described(name: &str, width: usize) -> ValueInfoProto {
    let batch = DimensionProto { dim_value: None, dim_param: Some(BATCH.into()) };
    let width = DimensionProto { dim_value: Some(width as i64), dim_param: None };
    let tensor =
        TensorTypeProto { elem_type: Element::Float as i32, shape: Some(TensorShapeProto { dim: vec![batch, width] }) };
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type: Some(tensor) }) }
}
