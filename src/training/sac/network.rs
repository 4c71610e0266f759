//! `Layout` and `Tape`: dense ReLU networks side by side, forward and backward, over one flat list of weights.
//!
//! Copies are networks of the same shape that see the same inputs (the twin critics): their first layers are one
//! product. A hidden layer is linear, LayerNorm where asked, ReLU; the head is linear. All weights of all copies lie in
//! one list, so that optimiser, target and decay are single passes over it.
//! Invariant: nothing is allocated after the first pass over as many rows.
//! Absent on purpose: losses, optimisers, chance besides the first weights.

use std::ops::Range;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use super::kernel::{self, Affine, AffineGradients, Matrix, Passed};

/// Where which weight lies.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    pub inputs: usize,
    /// Of each copy.
    pub outputs: usize,
    pub copies: usize,
    pub layer_norm: bool,
    layers: Vec<Layer>,
    /// `copies` times [outputs][width of the last layer].
    head_weights: usize,
    /// `copies` times [outputs].
    head_bias: usize,
    len: usize,
}

/// A hidden layer of all copies.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Layer {
    inputs: usize,
    /// Units of one copy.
    width: usize,
    /// The first layer: [inputs][copies * width]; others: `copies` times [inputs][width].
    weights: usize,
    /// [copies * width], three times with LayerNorm: bias, gain, shift.
    affine: usize,
}

/// Inputs in a wider table.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    pub numbers: &'a [f32],
    pub rows: usize,
    pub stride: usize,
}

/// A matrix of weights in the flat list, row after row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    pub from: usize,
    pub shape: [usize; 2],
}

/// A linear map as it is exported.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    pub inputs: usize,
    pub outputs: usize,
    /// [outputs][inputs], row after row.
    pub weights: Vec<f32>,
    pub bias: Vec<f32>,
}

impl Layout {
    pub fn new(inputs: usize, hidden: &[usize], outputs: usize, copies: usize, layer_norm: bool) -> Layout {
        let (mut len, mut before, mut layers) = (0, inputs, Vec::new());
        for width in hidden {
            let weights = len;
            let affine = weights + copies * before * width;
            len = affine + copies * width * if layer_norm { 3 } else { 1 };
            layers.push(Layer { inputs: before, width: *width, weights, affine });
            before = *width;
        }
        let head_weights = len;
        let head_bias = head_weights + copies * outputs * before;
        len = head_bias + copies * outputs;
        Layout { inputs, outputs, copies, layer_norm, layers, head_weights, head_bias, len }
    }

    /// How many weights there are.
    #[expect(clippy::len_without_is_empty, reason = "a network has weights")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Units of one copy in each hidden layer.
    pub fn widths(&self) -> impl Iterator<Item = usize> {
        self.layers.iter().map(|layer| layer.width)
    }

    /// Every matrix of weights, in order. The first layer is one for all copies, [inputs][copies * width], the others
    /// one for each copy, [inputs][width]; a layer's rows of bias, gain and shift follow it. The head is
    /// [outputs][inputs] for each copy, then its bias for all.
    pub fn parts(&self) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        let mut add = |shape: [usize; 2]| {
            let from = parts.last().map_or(0, |part| part.from + part.shape[0] * part.shape[1]);
            parts.push(Part { from, shape });
        };
        for (depth, layer) in self.layers.iter().enumerate() {
            let wide = self.copies * layer.width;
            match depth {
                0 => add([layer.inputs, wide]),
                1.. => (0..self.copies).for_each(|_| add([layer.inputs, layer.width])),
            }
            (0..if self.layer_norm { 3 } else { 1 }).for_each(|_| add([1, wide]));
        }
        (0..self.copies).for_each(|_| add([self.outputs, self.last_width()]));
        add([1, self.copies * self.outputs]);
        parts
    }

    fn last_width(&self) -> usize {
        self.layers.last().map_or(self.inputs, |layer| layer.width)
    }

    /// First weights as PyTorch's Linear draws them: uniform in +-1/sqrt(inputs), bias too; gains 1, shifts 0.
    pub fn fresh(&self, random: &mut ChaCha8Rng) -> Vec<f32> {
        let mut weights = vec![0.0; self.len];
        let mut fill = |range: Range<usize>, inputs: usize, weights: &mut [f32]| {
            let bound = 1.0 / (inputs as f32).sqrt();
            weights[range].iter_mut().for_each(|weight| *weight = bound * symmetric(random));
        };
        for layer in &self.layers {
            let wide = self.copies * layer.width;
            fill(layer.weights..layer.affine, layer.inputs, &mut weights);
            fill(layer.affine..layer.affine + wide, layer.inputs, &mut weights);
            if self.layer_norm {
                weights[layer.affine + wide..layer.affine + 2 * wide].fill(1.0);
            }
        }
        fill(self.head_weights..self.len, self.last_width(), &mut weights);
        weights
    }

    fn weights<'a>(&self, layer: &Layer, weights: &'a [f32], copy: usize) -> Matrix<'a> {
        let from = layer.weights + copy * layer.inputs * layer.width;
        Matrix::new(&weights[from..layer.affine], layer.inputs, layer.width, layer.width)
    }

    fn affine<'a>(&self, layer: &Layer, weights: &'a [f32]) -> Affine<'a> {
        let wide = self.copies * layer.width;
        let part = |part: usize| &weights[layer.affine + part * wide..layer.affine + (part + 1) * wide];
        if self.layer_norm {
            Affine { bias: part(0), gain: part(1), shift: part(2) }
        } else {
            Affine { bias: part(0), gain: &[], shift: &[] }
        }
    }

    fn head<'a>(&self, weights: &'a [f32], copy: usize, output: usize) -> &'a [f32] {
        let width = self.last_width();
        let from = self.head_weights + (copy * self.outputs + output) * width;
        &weights[from..from + width]
    }

    /// Writes [rows][copies * outputs] into `out`; `tape` remembers what the way back needs. Weights have `len`
    /// numbers.
    pub fn forward(&self, weights: &[f32], inputs: Rows<'_>, tape: &mut Tape, out: &mut [f32]) {
        let rows = inputs.rows;
        tape.make_room(self, rows);
        for (at, layer) in self.layers.iter().enumerate() {
            let wide = self.copies * layer.width;
            let (before, now) = tape.outputs.split_at_mut(at);
            let values = &mut now[0][..rows * wide];
            if let Some(before) = before.last() {
                let stride = self.copies * layer.inputs;
                for copy in 0..self.copies {
                    let part = Matrix::new(&before[copy * layer.inputs..], rows, layer.inputs, stride);
                    kernel::product(part, self.weights(layer, weights, copy), &mut values[copy * layer.width..], wide);
                }
            } else {
                let seen = Matrix::new(inputs.numbers, rows, layer.inputs, inputs.stride);
                let first = Matrix::new(&weights[layer.weights..layer.affine], layer.inputs, wide, wide);
                kernel::product(seen, first, values, wide);
            }
            let affine = self.affine(layer, weights);
            if self.layer_norm {
                let (hats, inverses) =
                    (&mut tape.hats[at][..rows * wide], &mut tape.inverses[at][..rows * self.copies]);
                kernel::bias_norm_relu(values, affine, layer.width, hats, inverses);
            } else {
                kernel::bias_relu(values, affine.bias);
            }
        }
        self.head_forward(weights, inputs, tape, out);
    }

    fn head_forward(&self, weights: &[f32], inputs: Rows<'_>, tape: &Tape, out: &mut [f32]) {
        let (width, outputs) = (self.last_width(), self.outputs);
        let features = &tape.outputs[self.layers.len() - 1];
        kernel::widest(
            #[inline(always)]
            || {
                for (row, out) in out.chunks_exact_mut(self.copies * outputs).take(inputs.rows).enumerate() {
                    for (place, out) in out.iter_mut().enumerate() {
                        let (copy, output) = (place / outputs, place % outputs);
                        let from = (row * self.copies + copy) * width;
                        let linear = kernel::dot(&features[from..from + width], self.head(weights, copy, output));
                        *out = linear + weights[self.head_bias + place];
                    }
                }
            },
        );
    }

    /// Writes the gradients of all weights, given the gradient of the outputs of `inputs.rows` rows, [rows][copies *
    /// outputs]. `first` is the number of the first of these rows in the tape.
    pub fn backward(
        &self,
        weights: &[f32],
        inputs: Rows<'_>,
        (tape, first): (&mut Tape, usize),
        out_gradients: &[f32],
        gradients: &mut [f32],
    ) {
        let rows = inputs.rows;
        self.head_backward(weights, (tape, first), out_gradients, gradients);
        for (at, layer) in self.layers.iter().enumerate().rev() {
            let wide = self.copies * layer.width;
            self.layer_backward(at, weights, (tape, first, rows), gradients);
            if at == 0 {
                let seen = Matrix::new(inputs.numbers, rows, layer.inputs, inputs.stride).transposed();
                let delta = Matrix::new(&tape.delta, rows, wide, wide);
                kernel::product(seen, delta, &mut gradients[layer.weights..layer.affine], wide);
                return;
            }
            let stride = self.copies * layer.inputs;
            for copy in 0..self.copies {
                let delta = Matrix::new(&tape.delta[copy * layer.width..], rows, layer.width, wide);
                let before = &tape.outputs[at - 1][first * stride + copy * layer.inputs..];
                let before = Matrix::new(before, rows, layer.inputs, stride).transposed();
                let from = layer.weights + copy * layer.inputs * layer.width;
                kernel::product(before, delta, &mut gradients[from..layer.affine], layer.width);
                let back = self.weights(layer, weights, copy).transposed();
                kernel::product(delta, back, &mut tape.before[copy * layer.inputs..], stride);
            }
            std::mem::swap(&mut tape.delta, &mut tape.before);
        }
    }

    /// Gradients of the head's weights, and of the last features into `tape.delta`.
    fn head_backward(
        &self,
        weights: &[f32],
        (tape, first): (&mut Tape, usize),
        out_gradients: &[f32],
        gradients: &mut [f32],
    ) {
        let (width, outputs, wide) = (self.last_width(), self.outputs, self.copies * self.last_width());
        let features = &tape.outputs[self.layers.len() - 1][first * wide..];
        let (head_weights, head_bias) = gradients[self.head_weights..].split_at_mut(self.head_bias - self.head_weights);
        head_weights.fill(0.0);
        head_bias.fill(0.0);
        let rows = out_gradients.chunks_exact(self.copies * outputs);
        let rows = rows.zip(features.chunks_exact(wide)).zip(tape.delta.chunks_exact_mut(wide));
        kernel::widest(
            #[inline(always)]
            || {
                for ((out_gradients, features), delta) in rows {
                    delta.fill(0.0);
                    for (place, gradient) in out_gradients.iter().enumerate() {
                        let copy = place / outputs;
                        let part = copy * width..(copy + 1) * width;
                        kernel::add_scaled(
                            &mut delta[part.clone()],
                            *gradient,
                            self.head(weights, copy, place % outputs),
                        );
                        let sums = &mut head_weights[place * width..(place + 1) * width];
                        kernel::add_scaled(sums, *gradient, &features[part]);
                        head_bias[place] += gradient;
                    }
                }
            },
        );
    }

    /// From the gradient of a layer's outputs to that of its products, both in `tape.delta`.
    fn layer_backward(
        &self,
        at: usize,
        weights: &[f32],
        (tape, first, rows): (&mut Tape, usize, usize),
        gradients: &mut [f32],
    ) {
        let layer = &self.layers[at];
        let (width, wide) = (layer.width, self.copies * layer.width);
        let gain = self.affine(layer, weights).gain;
        let affine = &mut gradients[layer.affine..layer.affine + if self.layer_norm { 3 * wide } else { wide }];
        affine.fill(0.0);
        let (bias, rest) = affine.split_at_mut(wide);
        let (gain_sums, shift_sums) = rest.split_at_mut(if self.layer_norm { wide } else { 0 });
        let Tape { outputs, hats, inverses, delta, .. } = tape;
        let (outputs, hats, inverses) = (&outputs[at], &hats[at], &inverses[at]);
        kernel::widest(
            #[inline(always)]
            || {
                for (place, delta) in delta.chunks_exact_mut(width).take(rows * self.copies).enumerate() {
                    let part = place % self.copies * width..(place % self.copies + 1) * width;
                    let stretch = first * self.copies + place;
                    let here = stretch * width..(stretch + 1) * width;
                    let norm = self.layer_norm.then(|| (&hats[here.clone()], inverses[stretch], &gain[part.clone()]));
                    let passed = Passed { outputs: &outputs[here.clone()], norm };
                    let [gain, shift] = [&mut *gain_sums, &mut *shift_sums].map(|sums| match self.layer_norm {
                        true => &mut sums[part.clone()],
                        false => &mut sums[..0],
                    });
                    kernel::back_through(delta, passed, Some(AffineGradients { bias: &mut bias[part], gain, shift }));
                }
            },
        );
    }

    /// Adds to `input_gradients`, [rows][inputs - from], the gradients of the inputs from column `from` on, where row
    /// r's only output with a gradient is the first of the copy `chosen[r]`, and it is `out_gradient`. Half the work of
    /// all copies.
    pub fn backward_to_inputs(
        &self,
        weights: &[f32],
        tape: &mut Tape,
        (chosen, out_gradient): (&[usize], f32),
        (from, input_gradients): (usize, &mut [f32]),
    ) {
        for copy in 0..self.copies {
            tape.members.clear();
            tape.members.extend((0..chosen.len()).filter(|row| chosen[*row] == copy));
            self.members_to_inputs(weights, tape, (copy, out_gradient), (from, input_gradients));
        }
    }

    fn members_to_inputs(
        &self,
        weights: &[f32],
        tape: &mut Tape,
        (copy, out_gradient): (usize, f32),
        (from, input_gradients): (usize, &mut [f32]),
    ) {
        let members = tape.members.len();
        let head = self.head(weights, copy, 0);
        for delta in tape.delta.chunks_exact_mut(head.len()).take(members) {
            delta.iter_mut().zip(head).for_each(|(delta, weight)| *delta = out_gradient * weight);
        }
        for (at, layer) in self.layers.iter().enumerate().rev() {
            self.members_through(at, weights, tape, copy);
            let (width, wide) = (layer.width, self.copies * layer.width);
            if at > 0 {
                let delta = Matrix::new(&tape.delta, members, width, width);
                let back = self.weights(layer, weights, copy).transposed();
                kernel::product(delta, back, &mut tape.before, layer.inputs);
                std::mem::swap(&mut tape.delta, &mut tape.before);
                continue;
            }
            let asked = self.inputs - from;
            for (delta, row) in tape.delta.chunks_exact(width).zip(&tape.members) {
                for column in 0..asked {
                    let start = layer.weights + (from + column) * wide + copy * width;
                    let slope = kernel::widest(|| kernel::dot(delta, &weights[start..start + width]));
                    input_gradients[row * asked + column] += slope;
                }
            }
        }
    }

    /// As `layer_backward` for the members of a copy, whose gradients stand without gaps; weights get none.
    fn members_through(&self, at: usize, weights: &[f32], tape: &mut Tape, copy: usize) {
        let layer = &self.layers[at];
        let width = layer.width;
        let gain =
            if self.layer_norm { &self.affine(layer, weights).gain[copy * width..(copy + 1) * width] } else { &[] };
        let Tape { outputs, hats, inverses, delta, members, .. } = tape;
        let (outputs, hats, inverses) = (&outputs[at], &hats[at], &inverses[at]);
        kernel::widest(
            #[inline(always)]
            || {
                for (delta, row) in delta.chunks_exact_mut(width).zip(members) {
                    let stretch = *row * self.copies + copy;
                    let here = stretch * width..(stretch + 1) * width;
                    let norm = self.layer_norm.then(|| (&hats[here.clone()], inverses[stretch], gain));
                    kernel::back_through(delta, Passed { outputs: &outputs[here.clone()], norm }, None);
                }
            },
        );
    }

    /// The layers of the only copy of a network without LayerNorm.
    pub fn dense(&self, weights: &[f32]) -> Vec<Dense> {
        let hidden = self.layers.iter().map(|layer| {
            let (inputs, outputs) = (layer.inputs, layer.width);
            let turned =
                (0..outputs).flat_map(|unit| (0..inputs).map(move |input| layer.weights + input * outputs + unit));
            let bias = weights[layer.affine..layer.affine + outputs].to_vec();
            Dense { inputs, outputs, weights: turned.map(|at| weights[at]).collect(), bias }
        });
        let head = Dense {
            inputs: self.last_width(),
            outputs: self.outputs,
            weights: weights[self.head_weights..self.head_bias].to_vec(),
            bias: weights[self.head_bias..].to_vec(),
        };
        hidden.chain([head]).collect()
    }
}

/// Uniform in [-1, 1), in steps of 2^-23.
fn symmetric(random: &mut ChaCha8Rng) -> f32 {
    (random.next_u32() >> 8) as f32 / (1 << 23) as f32 - 1.0
}

/// What a forward pass leaves for the way back; its room is used again.
#[derive(Debug, Clone, Default)]
pub struct Tape {
    /// For each layer, [rows][copies * width] after ReLU.
    outputs: Vec<Vec<f32>>,
    /// Normalised, before gain and shift; empty without LayerNorm.
    hats: Vec<Vec<f32>>,
    /// [rows][copies]: 1 / deviation.
    inverses: Vec<Vec<f32>>,
    delta: Vec<f32>,
    before: Vec<f32>,
    /// Rows of the copy at hand.
    members: Vec<usize>,
}

impl Tape {
    fn make_room(&mut self, layout: &Layout, rows: usize) {
        let grow = |numbers: &mut Vec<f32>, wanted: usize| {
            if numbers.len() < wanted {
                numbers.resize(wanted, 0.0);
            }
        };
        let layers = layout.layers.len();
        for lists in [&mut self.outputs, &mut self.hats, &mut self.inverses] {
            lists.resize(layers, Vec::new());
        }
        let mut widest = 0;
        for (at, layer) in layout.layers.iter().enumerate() {
            let wide = rows * layout.copies * layer.width;
            widest = widest.max(wide);
            grow(&mut self.outputs[at], wide);
            if layout.layer_norm {
                grow(&mut self.hats[at], wide);
                grow(&mut self.inverses[at], rows * layout.copies);
            }
        }
        grow(&mut self.delta, widest);
        grow(&mut self.before, widest);
    }

    /// Outputs of the hidden layers, [rows][copies * width] each.
    pub fn hidden(&self) -> &[Vec<f32>] {
        &self.outputs
    }
}
