//! The smallest models: a weighted sum and its logistic.

use std::sync::Arc;

use kestrel::domain::{SymbolId, Time};
use kestrel::engine::model::{InferRequest, Meaning, ModelSlot, ModelSpec, Payoffs};
use kestrel::inference::onnx::messages::{
    AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};
use kestrel::inference::{Device, InferencePlan, LibraryPlan, ModelPlan, digest_of};
use kestrel::market::barriers::Barriers;
use kestrel::market::features::Schema;
use prost::Message;

/// sigmoid(weights . x + bias), with names and shapes of the contract.
pub struct Logistic {
    pub weights: Vec<f32>,
    pub bias: f32,
    pub input: &'static str,
    pub output: &'static str,
    /// Of the first dimension; `None` is free.
    pub batch: Option<i64>,
    pub operator: &'static str,
}

impl Logistic {
    pub fn new(weights: Vec<f32>, bias: f32) -> Logistic {
        Logistic { weights, bias, input: "observations", output: "probability", batch: None, operator: "Sigmoid" }
    }

    pub fn expected(&self, row: &[f32]) -> f64 {
        let sum: f64 = row.iter().zip(&self.weights).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum();
        1.0 / (1.0 + (-(sum + f64::from(self.bias))).exp())
    }

    pub fn onnx(&self) -> Vec<u8> {
        let width = self.weights.len() as i64;
        let node = |op: &str, input: &[&str], output: &str, attribute: Vec<AttributeProto>| NodeProto {
            input: input.iter().map(|name| name.to_string()).collect(),
            output: vec![output.to_string()],
            name: op.to_lowercase(),
            op_type: op.to_string(),
            attribute,
            domain: String::new(),
        };
        let graph = GraphProto {
            node: vec![
                node("Gemm", &[self.input, "weights", "bias"], "score", Vec::new()),
                node(self.operator, &["score"], self.output, Vec::new()),
            ],
            name: "logistic".into(),
            initializer: vec![tensor("weights", &[width, 1], &self.weights), tensor("bias", &[1], &[self.bias])],
            input: vec![value(self.input, self.batch, width)],
            output: vec![value(self.output, self.batch, 1)],
        };
        let opset = OperatorSetIdProto { domain: String::new(), version: 17 };
        let model = ModelProto {
            ir_version: 8,
            producer_name: "kestrel".into(),
            graph: Some(graph),
            opset_import: vec![opset],
            ..ModelProto::default()
        };
        model.encode_to_vec()
    }
}

fn tensor(name: &str, dims: &[i64], numbers: &[f32]) -> TensorProto {
    TensorProto {
        dims: dims.to_vec(),
        data_type: 1,
        name: name.into(),
        raw_data: numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
        ..TensorProto::default()
    }
}

fn value(name: &str, batch: Option<i64>, width: i64) -> ValueInfoProto {
    let free = DimensionProto { dim_value: batch, dim_param: batch.is_none().then(|| "batch".into()) };
    let fixed = DimensionProto { dim_value: Some(width), dim_param: None };
    let shape = Some(TensorShapeProto { dim: vec![free, fixed] });
    let kind = TypeProto { tensor_type: Some(TensorTypeProto { elem_type: 1, shape }) };
    ValueInfoProto { name: name.into(), r#type: Some(kind) }
}

/// Numbers in an input of the shipped schema with one observation.
pub fn width() -> usize {
    Schema::ohlcv().width()
}

/// A model of one observation that says one number whatever it is asked.
pub fn constant(probability: f32) -> Vec<u8> {
    Logistic::new(vec![0.0; width()], (probability / (1.0 - probability)).ln()).onnx()
}

pub fn spec(name: &str, onnx: &[u8]) -> ModelSpec {
    ModelSpec {
        name: name.into(),
        digest: digest_of(onnx),
        schema: Schema::ohlcv().hash(),
        rows: 1,
        every_minutes: 1,
        meaning: Meaning::Probability {
            barriers: Barriers { horizon_minutes: 60, deviations: 1.0, least_width: 0.004 },
            payoffs: Payoffs { win: 0.9, loss: -0.9 },
        },
    }
}

pub fn model(slot: ModelSlot, onnx: Vec<u8>) -> ModelPlan {
    ModelPlan { slot, spec: spec("tiny", &onnx), onnx: Arc::from(onnx) }
}

/// The library that the variable names, or none: the folder holds nothing.
pub fn plan(device: Device, models: Vec<ModelPlan>) -> InferencePlan {
    let home = std::env::temp_dir().join("kestrel-no-such-home");
    InferencePlan { library: LibraryPlan { named: None, home, device }, models, symbols: 1 }
}

pub fn request(number: u64, slot: ModelSlot, model: u64, symbol: u16) -> InferRequest {
    InferRequest { number, slot, symbol: SymbolId(symbol), model, bar: Time(60_000_000), input: vec![0.5; width()] }
}
