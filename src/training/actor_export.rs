//! `MarketActor`: a trained actor with the normaliser of its market columns, and the ONNX file it becomes.
//!
//! The file's input is an observation as it is measured: `rows` rows of the schema's columns, oldest first, then the numbers of
//! the trader's standing. Its output is the mean of the policy squashed to [-1, 1] (Haarnoja et al. 2018b, appendix C), which
//! is what the actor does when it does not explore.
//! Invariant: the graph computes what `MarketActor::exposure` computes, layer for layer; no number in it is NaN or infinite.
//! Absent on purpose: deviations of the policy and the critics, which belong to training.

use super::TrainingError;
use super::sac::Actor;
use crate::inference::onnx::arithmetic::normalise;
use crate::inference::onnx::build::{Answer, Attribute, GraphBuilder, Value};
use crate::market::features::Normaliser;

/// An actor that trades one symbol, with what it sees of the market.
#[derive(Debug, Clone)]
pub struct MarketActor<'a> {
    pub actor: &'a Actor,
    /// Of one row of the schema; frozen.
    pub normaliser: &'a Normaliser,
    /// Rows of the schema in one observation.
    pub rows: usize,
}

impl MarketActor<'_> {
    /// Numbers of the market in an observation; what follows them is the standing.
    pub fn market_len(&self) -> usize {
        self.rows * self.normaliser.scalings().count()
    }

    /// Numbers in an observation.
    pub fn input_len(&self) -> usize {
        self.actor.layers.first().map_or(0, |layer| layer.inputs)
    }

    /// The target exposure, in [-1, 1], of an observation as it is measured.
    ///
    /// # Panics
    /// When the observation is of another length.
    pub fn exposure(&self, observation: &[f32]) -> f32 {
        assert_eq!(observation.len(), self.input_len(), "an observation of another length is a bug");
        self.actor.act(&self.normalised(observation)).first().map_or(f32::NAN, |exposure| *exposure)
    }

    /// An observation as the actor was trained on it.
    pub fn normalised(&self, observation: &[f32]) -> Vec<f32> {
        let (market, standing) = observation.split_at(self.market_len());
        let width = market.len() / self.rows.max(1);
        let mut made = vec![0.0; market.len()];
        for (row, out) in market.chunks_exact(width).zip(made.chunks_exact_mut(width)) {
            self.normaliser.apply(row, out);
        }
        made.extend_from_slice(standing);
        made
    }

    /// The whole ONNX file: input `observations` float32 [batch, input_len], output `exposure` float32 [batch, 1]. The same actor gives the
    /// same bytes.
    pub fn onnx(&self) -> Result<Vec<u8>, TrainingError> {
        self.check()?;
        let market = self.market_len();
        let mut graph = GraphBuilder::new("kestrel-sac", self.input_len());
        let input = graph.input();
        let observed = slice(&mut graph, &input, 0, market);
        let observed = normalise(&mut graph, &observed, self.normaliser, self.rows);
        let observed = if self.rows == 1 { observed } else { folded(&mut graph, &observed, market) };
        let standing = slice(&mut graph, &input, market, self.input_len());
        let mut value = graph.node("Concat", &[&observed, &standing], &[("axis", Attribute::Integer(1))]);
        let last = self.actor.layers.len() - 1;
        for (at, layer) in self.actor.layers.iter().enumerate() {
            // The last layer gives the means first, then the deviations, which nobody asks for here.
            let outputs = if at == last { 1 } else { layer.outputs };
            let weights = graph.floats(&[outputs, layer.inputs], &layer.weights[..outputs * layer.inputs]);
            let bias = graph.floats(&[outputs], &layer.bias[..outputs]);
            value = graph.node("Gemm", &[&value, &weights, &bias], &[("transB", Attribute::Integer(1))]);
            let squash = if at == last { "Tanh" } else { "Relu" };
            value = graph.node(squash, &[&value], &[]);
        }
        Ok(graph.finish(Answer::Exposure, &value))
    }

    fn check(&self) -> Result<(), TrainingError> {
        let refuse = |why: String| Err(TrainingError::Export(why));
        let mut width = self.input_len();
        if width <= self.market_len() {
            return refuse(format!("the actor sees {width} numbers, the market alone has {}", self.market_len()));
        }
        for layer in &self.actor.layers {
            let is_sound = layer.inputs == width
                && layer.outputs > 0
                && layer.weights.len() == layer.inputs * layer.outputs
                && layer.bias.len() == layer.outputs;
            if !is_sound {
                return refuse(format!("a layer of {} to {} numbers does not fit", layer.inputs, layer.outputs));
            }
            if !layer.weights.iter().chain(&layer.bias).all(|weight| weight.is_finite()) {
                return refuse("a weight is not finite".into());
            }
            width = layer.outputs;
        }
        Ok(())
    }
}

/// The numbers from one place to another of each question.
fn slice(graph: &mut GraphBuilder, value: &Value, from: usize, to: usize) -> Value {
    let [from, to, axis] = [from, to, 1].map(|place| graph.integers(&[1], &[place as i64]));
    graph.node("Slice", &[value, &from, &to, &axis], &[])
}

/// float32 [batch, rows, columns] as [batch, rows * columns].
fn folded(graph: &mut GraphBuilder, value: &Value, width: usize) -> Value {
    let shape = graph.integers(&[2], &[0, width as i64]);
    graph.node("Reshape", &[value, &shape], &[])
}
