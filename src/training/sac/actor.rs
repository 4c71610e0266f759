//! `Actor`: the policy alone, as it is exported.
//!
//! Invariant: it is plain numbers; reading them takes nothing of the kernel but sums.
//! Absent on purpose: the file it goes into, the normaliser of observations.

use super::gaussian::SquashedGaussian;
use super::kernel;
use super::network::Dense;

/// The policy alone, for export: dense layers with ReLU between; the first `action_len` outputs of the last are the
/// means.
#[derive(Debug, Clone, PartialEq)]
pub struct Actor {
    pub layers: Vec<Dense>,
    pub action_len: usize,
}

impl Actor {
    /// tanh of the means of one observation: what exports are compared with.
    pub fn act(&self, observation: &[f32]) -> Vec<f32> {
        self.outputs(observation)[..self.action_len].iter().map(|mean| mean.tanh()).collect()
    }

    /// The whole distribution at one observation, a dimension each.
    pub fn policy(&self, observation: &[f32]) -> Vec<SquashedGaussian> {
        let outputs = self.outputs(observation);
        (0..self.action_len).map(|at| super::dimension(&outputs, at)).collect()
    }

    /// A plain reading of the layers.
    fn outputs(&self, observation: &[f32]) -> Vec<f32> {
        let mut numbers = observation.to_vec();
        for (at, layer) in self.layers.iter().enumerate() {
            let units = layer.weights.chunks_exact(layer.inputs).zip(&layer.bias);
            let linear = units.map(|(row, bias)| kernel::dot(row, &numbers) + bias);
            let is_last = at + 1 == self.layers.len();
            numbers = linear.map(|x| if is_last { x } else { x.max(0.0) }).collect();
        }
        numbers
    }
}
