//! `Net`: the small net over the last observations, its weights and its arithmetic.
//!
//! Two convolutions whose windows do not overlap (length and stride `PATCH`) read the past, the newest observation is seen as
//! it stands, and two dense layers make a logit of both. Without overlap a convolution is one matrix product over the rows as
//! they lie in memory, with no copy.
//! Invariant: weights are plain numbers in one list; the same weights and inputs give the same logits to the last bit.
//! Absent on purpose: how weights are found (`temporal`), how they are written as ONNX (`temporal_export`).

use burn::tensor::{Device, Tensor, TensorData, activation};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// Rows, and then patches, that one convolution reads at a time.
pub const PATCH: usize = 4;

/// Sizes of a net.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Observations in one input, a multiple of `PATCH * PATCH`.
    pub rows: usize,
    /// Numbers in an observation.
    pub columns: usize,
    /// Outputs of each convolution.
    pub channels: usize,
    /// Width of the dense layer.
    pub hidden: usize,
}

/// What the net is computed on.
pub type Numbers = Tensor<2>;

/// Which numbers drop out of a training step, as factors: 0, or what makes up for the dropped ones.
pub struct Dropout {
    pub seen: Numbers,
    pub hidden: Numbers,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Body {
    Patches,
    Conv,
    Gru,
}

impl Shape {
    /// Shapes of the weights in their order; a bias follows its matrix.
    pub fn layers(&self, body: Body) -> Vec<[usize; 2]> {
        let Shape { rows, columns, channels, hidden } = *self;
        match body {
            Body::Patches => vec![
                [PATCH * columns, channels],
                [1, channels],
                [PATCH * channels, channels],
                [1, channels],
                [self.seen(body), hidden],
                [1, hidden],
                [hidden, 1],
                [1, 1],
            ],
            Body::Conv => vec![
                [channels, columns * 5],
                [1, channels],
                [channels, channels * 3],
                [1, channels],
                [channels, channels * 3],
                [1, channels],
                [rows / 8 * channels + columns, hidden],
                [1, hidden],
                [hidden, 1],
                [1, 1],
            ],
            Body::Gru => vec![
                [columns, 3 * channels],
                [1, 3 * channels],
                [channels, 3 * channels],
                [1, 3 * channels],
                [channels + columns, hidden],
                [1, hidden],
                [hidden, 1],
                [1, 1],
            ],
        }
    }

    pub fn weights(&self, body: Body) -> usize {
        self.layers(body).iter().map(|[from, to]| from * to).sum()
    }

    /// What the dense layer sees.
    pub fn seen(&self, body: Body) -> usize {
        match body {
            Body::Patches => self.rows / (PATCH * PATCH) * self.channels + self.columns,
            Body::Conv => self.rows / 8 * self.channels + self.columns,
            Body::Gru => self.channels + self.columns,
        }
    }

    /// Random weights: He's deviation for what passes a ramp, biases 0.
    pub fn begin(&self, body: Body, random: &mut ChaCha8Rng) -> Vec<f32> {
        let mut weights = Vec::with_capacity(self.weights(body));
        for [from, to] in self.layers(body) {
            let fan = if body == Body::Conv && from == self.channels && to != self.channels { to } else { from };
            let deviation = if from == 1 { 0.0 } else { (2.0 / fan as f64).sqrt() };
            weights.extend((0..from * to).map(|_| (deviation * normal(random)) as f32));
        }
        weights
    }

    /// Weights as tensors on a device.
    pub fn tensors(&self, body: Body, weights: &[f32], device: &Device) -> Vec<Numbers> {
        let mut rest = weights;
        let mut tensor = |[from, to]: [usize; 2]| {
            let (own, after) = rest.split_at(from * to);
            rest = after;
            numbers(own.to_vec(), [from, to], device)
        };
        self.layers(body).into_iter().map(&mut tensor).collect()
    }

    /// Logits [batch, 1] of normalised inputs [batch, rows * columns].
    pub fn logits(&self, body: Body, layers: &[Numbers], input: Numbers, dropout: Option<&Dropout>) -> Numbers {
        let Shape { rows, columns, channels, .. } = *self;
        let [batch, _] = input.dims();
        let newest = input.clone().slice([0..batch, (rows - 1) * columns..rows * columns]);
        let dense = |input: Numbers, at: usize| input.matmul(layers[at].clone()) + layers[at + 1].clone();
        let read = |input: Numbers, at: usize| activation::relu(dense(input, at));
        let (past, head) = match body {
            Body::Patches => {
                let near = read(input.reshape([batch * rows / PATCH, PATCH * columns]), 0);
                let far = read(near.reshape([batch * rows / (PATCH * PATCH), PATCH * channels]), 2);
                (far.reshape([batch, rows / (PATCH * PATCH) * channels]), 4)
            }
            Body::Conv => {
                let mut x: Tensor<3> = input.reshape([batch, rows, columns]).swap_dims(1, 2);
                for (layer, (kernel, from)) in [(5, columns), (3, channels), (3, channels)].into_iter().enumerate() {
                    let weight: Tensor<3> = layers[2 * layer].clone().reshape([channels, from, kernel]);
                    let bias: Tensor<1> = layers[2 * layer + 1].clone().reshape([channels]);
                    let options = burn::tensor::ops::ConvOptions::new([2], [kernel / 2], [1], 1);
                    x = activation::relu(burn::tensor::module::conv1d(x, weight, Some(bias), options));
                }
                (x.reshape([batch, rows / 8 * channels]), 6)
            }
            Body::Gru => {
                let all = dense(input.reshape([batch * rows, columns]), 0);
                let all: Tensor<3> = all.reshape([batch, rows, 3 * channels]);
                let mut state: Numbers = Tensor::zeros([batch, channels], &layers[0].device());
                for row in 0..rows {
                    let x: Numbers =
                        all.clone().slice([0..batch, row..row + 1, 0..3 * channels]).reshape([batch, 3 * channels]);
                    let h = dense(state.clone(), 2);
                    let part = |t: &Numbers, at: usize| t.clone().slice([0..batch, at * channels..(at + 1) * channels]);
                    let z = activation::sigmoid(part(&x, 0) + part(&h, 0));
                    let r = activation::sigmoid(part(&x, 1) + part(&h, 1));
                    let n = activation::tanh(part(&x, 2) + r * part(&h, 2));
                    state = n.clone() + z * (state - n);
                }
                (state, 4)
            }
        };
        let seen = Tensor::cat(vec![past, newest], 1);
        let seen = match dropout {
            Some(dropout) => seen * dropout.seen.clone(),
            None => seen,
        };
        let hidden = read(seen, head);
        let hidden = match dropout {
            Some(dropout) => hidden * dropout.hidden.clone(),
            None => hidden,
        };
        dense(hidden, head + 2)
    }
}

/// A tensor of these values, row after row.
pub fn numbers(values: Vec<f32>, shape: [usize; 2], device: &Device) -> Numbers {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// The values of a tensor.
pub fn values(tensor: Numbers) -> Vec<f32> {
    tensor.into_data().as_slice::<f32>().map(<[f32]>::to_vec).unwrap_or_default()
}

/// Mean log loss of logits against outcomes (0 or 1), weighed; weights sum to 1. All are [batch, 1].
pub fn log_loss(logits: Numbers, outcomes: Numbers, weights: Numbers) -> Tensor<1> {
    // ln(1 + e^z) - y z, in the form that does not overflow.
    let ramp = activation::relu(logits.clone());
    let rest = logits.clone().abs().neg().exp().log1p();
    ((ramp + rest - logits * outcomes) * weights).sum()
}

/// Nearly normal: the sum of twelve uniform numbers, of mean 0 and variance 1.
fn normal(random: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64).sum::<f64>() - 6.0
}
