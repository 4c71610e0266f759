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

impl Shape {
    /// Shapes of the weights in their order; a bias follows its matrix.
    pub fn layers(&self) -> [[usize; 2]; 8] {
        let Shape { columns, channels, hidden, .. } = *self;
        [
            [PATCH * columns, channels],
            [1, channels],
            [PATCH * channels, channels],
            [1, channels],
            [self.seen(), hidden],
            [1, hidden],
            [hidden, 1],
            [1, 1],
        ]
    }

    /// False for sizes that no net of ours has.
    pub fn is_sound(&self) -> bool {
        let Shape { rows, columns, channels, hidden } = *self;
        rows > 0
            && rows.is_multiple_of(PATCH * PATCH)
            && rows <= 1_024
            && [columns, channels, hidden].iter().all(|size| (1..=1_024).contains(size))
    }

    /// Number of all weights.
    pub fn weights(&self) -> usize {
        self.layers().iter().map(|[from, to]| from * to).sum()
    }

    /// Numbers in one input.
    pub fn input(&self) -> usize {
        self.rows * self.columns
    }

    /// What the dense layer sees: the past as read, and the newest observation.
    pub fn seen(&self) -> usize {
        self.rows / (PATCH * PATCH) * self.channels + self.columns
    }

    /// Random weights: He's deviation for what passes a ramp, biases 0.
    pub fn begin(&self, random: &mut ChaCha8Rng) -> Vec<f32> {
        let mut weights = Vec::with_capacity(self.weights());
        for [from, to] in self.layers() {
            let deviation = if from == 1 { 0.0 } else { (2.0 / from as f64).sqrt() };
            weights.extend((0..from * to).map(|_| (deviation * normal(random)) as f32));
        }
        weights
    }

    /// Weights as tensors on a device.
    pub fn tensors(&self, weights: &[f32], device: &Device) -> Vec<Numbers> {
        let parts = self.parts(weights);
        parts.into_iter().map(|(shape, part)| numbers(part.to_vec(), shape, device)).collect()
    }

    /// Weights cut into matrices and biases, with their shapes.
    pub fn parts<'a>(&self, weights: &'a [f32]) -> Vec<([usize; 2], &'a [f32])> {
        let mut rest = weights;
        let mut cut = |shape: [usize; 2]| {
            let (own, after) = rest.split_at(shape[0] * shape[1]);
            rest = after;
            (shape, own)
        };
        self.layers().into_iter().map(&mut cut).collect()
    }

    /// Logits [batch, 1] of normalised inputs [batch, rows * columns].
    pub fn logits(&self, layers: &[Numbers], input: Numbers, dropout: Option<&Dropout>) -> Numbers {
        let Shape { rows, columns, channels, .. } = *self;
        let [batch, _] = input.dims();
        let dense = |input: Numbers, at: usize| input.matmul(layers[at].clone()) + layers[at + 1].clone();
        let read = |input: Numbers, at: usize| activation::relu(dense(input, at));
        let newest = input.clone().slice([0..batch, (rows - 1) * columns..rows * columns]);
        let near = read(input.reshape([batch * rows / PATCH, PATCH * columns]), 0);
        let far = read(near.reshape([batch * rows / (PATCH * PATCH), PATCH * channels]), 2);
        let seen = Tensor::cat(vec![far.reshape([batch, self.seen() - columns]), newest], 1);
        let Some(Dropout { seen: seen_mask, hidden: hidden_mask }) = dropout else {
            return dense(read(seen, 4), 6);
        };
        dense(read(seen * seen_mask.clone(), 4) * hidden_mask.clone(), 6)
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
