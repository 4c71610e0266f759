//! The arithmetic of dense networks over plain numbers: matrix products, and what is done between them in one pass.
//!
//! Matrices lie row after row. `pulp` compiles each pass once for every width of vector registers and chooses at run
//! time; sums run in fixed lanes, so the width changes no bit.
//! Invariant: every index of a product is checked against its slices before the library is called.
//! Absent on purpose: what the numbers mean (`network`).

use gemm::Parallelism;
use pulp::Arch;

/// Sums run in so many lanes: enough for two registers of the widest kind.
const LANES: usize = 32;
/// Of PyTorch's LayerNorm.
const NORM_EPSILON: f32 = 1e-5;

/// A matrix inside a slice.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    numbers: &'a [f32],
    rows: usize,
    columns: usize,
    row_step: usize,
    column_step: usize,
}

impl<'a> Matrix<'a> {
    /// Row after row; `stride` numbers from one row to the next.
    pub fn new(numbers: &'a [f32], rows: usize, columns: usize, stride: usize) -> Matrix<'a> {
        Matrix { numbers, rows, columns, row_step: stride, column_step: 1 }
    }

    pub fn transposed(self) -> Matrix<'a> {
        Matrix {
            rows: self.columns,
            columns: self.rows,
            row_step: self.column_step,
            column_step: self.row_step,
            ..self
        }
    }

    /// Numbers that the slice must have.
    fn reach(&self) -> usize {
        reach(self.rows, self.columns, self.row_step, self.column_step)
    }
}

fn reach(rows: usize, columns: usize, row_step: usize, column_step: usize) -> usize {
    if rows == 0 || columns == 0 { 0 } else { (rows - 1) * row_step + (columns - 1) * column_step + 1 }
}

/// `out` = a b, written row after row with `stride` numbers between rows; what lies between them stays.
///
/// # Panics
///
/// When shapes do not fit or a slice is too short: a bug of the caller.
pub fn product(a: Matrix<'_>, b: Matrix<'_>, out: &mut [f32], stride: usize) {
    assert_eq!(a.columns, b.rows, "inner lengths of a product");
    let (rows, columns, inner) = (a.rows, b.columns, a.columns);
    assert!(a.reach() <= a.numbers.len() && b.reach() <= b.numbers.len(), "a factor reaches beyond its numbers");
    assert!(columns <= stride && reach(rows, columns, stride, 1) <= out.len(), "a product reaches beyond its numbers");
    // Steps are at most lengths of slices, which fit.
    let step = |step: usize| step as isize;
    // SAFETY: the checks above are the library's conditions: the factors are readable and the result is writable at
    // every (row, column), rows of the result do not overlap (columns <= stride), and the result is borrowed alone. It
    // is not read before it is written (read_dst is false).
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            out.as_mut_ptr(),
            1,
            step(stride),
            false,
            a.numbers.as_ptr(),
            step(a.column_step),
            step(a.row_step),
            b.numbers.as_ptr(),
            step(b.column_step),
            step(b.row_step),
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// Adds the bias to each row, then max(0, x).
pub fn bias_relu(values: &mut [f32], bias: &[f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for row in values.chunks_exact_mut(bias.len()) {
                for (value, bias) in row.iter_mut().zip(bias) {
                    *value = (*value + bias).max(0.0);
                }
            }
        },
    );
}

/// What stands behind a product: bias and, with LayerNorm, gain and shift; a number for each column.
#[derive(Debug, Clone, Copy)]
pub struct Affine<'a> {
    pub bias: &'a [f32],
    pub gain: &'a [f32],
    pub shift: &'a [f32],
}

/// Adds the bias, normalises each stretch of `width` numbers, scales and shifts, then max(0, x); `hats` gets the
/// normalised numbers, `inverses` 1 / deviation of each stretch.
pub fn bias_norm_relu(values: &mut [f32], affine: Affine<'_>, width: usize, hats: &mut [f32], inverses: &mut [f32]) {
    let columns = affine.bias.len();
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let stretches = values.chunks_exact_mut(width).zip(hats.chunks_exact_mut(width)).zip(inverses);
            for (place, ((values, hats), inverse)) in stretches.enumerate() {
                let from = place * width % columns;
                let [bias, gain, shift] = [affine.bias, affine.gain, affine.shift].map(|x| &x[from..from + width]);
                for (value, bias) in values.iter_mut().zip(bias) {
                    *value += bias;
                }
                let mean = sum(values) / width as f32;
                for (hat, value) in hats.iter_mut().zip(&*values) {
                    *hat = value - mean;
                }
                *inverse = 1.0 / (dot(hats, hats) / width as f32 + NORM_EPSILON).sqrt();
                for (((value, hat), gain), shift) in values.iter_mut().zip(hats.iter_mut()).zip(gain).zip(shift) {
                    *hat *= *inverse;
                    *value = (*hat * gain + shift).max(0.0);
                }
            }
        },
    );
}

/// What one row of a layer left behind, for the way back.
#[derive(Debug, Clone, Copy)]
pub struct Passed<'a> {
    /// After ReLU.
    pub outputs: &'a [f32],
    /// Normalised numbers, 1 / deviation and the gain; `None` without LayerNorm.
    pub norm: Option<(&'a [f32], f32, &'a [f32])>,
}

/// Gradients of what stands behind a product, summed over rows; `gain` and `shift` are empty without LayerNorm.
#[derive(Debug)]
pub struct AffineGradients<'a> {
    pub bias: &'a mut [f32],
    pub gain: &'a mut [f32],
    pub shift: &'a mut [f32],
}

/// Turns the gradient after ReLU into the gradient before the bias, in place, and adds to the gradients of bias, gain
/// and shift.
#[inline(always)]
pub fn back_through(delta: &mut [f32], passed: Passed<'_>, gradients: Option<AffineGradients<'_>>) {
    for (delta, output) in delta.iter_mut().zip(passed.outputs) {
        *delta = if *output > 0.0 { *delta } else { 0.0 };
    }
    let Some((hats, inverse, gain)) = passed.norm else {
        if let Some(gradients) = gradients {
            add(gradients.bias, delta);
        }
        return;
    };
    let mut gradients = gradients;
    if let Some(gradients) = &mut gradients {
        add(gradients.shift, delta);
        for ((sum, delta), hat) in gradients.gain.iter_mut().zip(&*delta).zip(hats) {
            *sum += delta * hat;
        }
    }
    for (delta, gain) in delta.iter_mut().zip(gain) {
        *delta *= gain;
    }
    let width = delta.len() as f32;
    let (mean, slope) = (sum(delta) / width, dot(delta, hats) / width);
    for (delta, hat) in delta.iter_mut().zip(hats) {
        *delta = inverse * (*delta - mean - hat * slope);
    }
    if let Some(gradients) = gradients {
        add(gradients.bias, delta);
    }
}

/// Runs a pass with the widest registers that this processor has.
#[inline(always)]
pub fn widest<R>(pass: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(pass)
}

#[inline(always)]
pub fn add(sums: &mut [f32], terms: &[f32]) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum += term;
    }
}

/// `sums` += factor * terms.
#[inline(always)]
pub fn add_scaled(sums: &mut [f32], factor: f32, terms: &[f32]) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum += factor * term;
    }
}

#[inline(always)]
pub fn sum(numbers: &[f32]) -> f32 {
    let (chunks, rest) = numbers.as_chunks::<LANES>();
    let mut lanes = [0.0_f32; LANES];
    for chunk in chunks {
        for (lane, number) in lanes.iter_mut().zip(chunk) {
            *lane += number;
        }
    }
    fold(lanes) + rest.iter().sum::<f32>()
}

#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((chunks, rest), (others, other_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut lanes = [0.0_f32; LANES];
    for (chunk, other) in chunks.iter().zip(others) {
        for ((lane, number), other) in lanes.iter_mut().zip(chunk).zip(other) {
            *lane += number * other;
        }
    }
    fold(lanes) + rest.iter().zip(other_rest).map(|(a, b)| a * b).sum::<f32>()
}

/// The lanes halved until one is left: as exact as it gets, and the same for every width of registers.
#[inline(always)]
fn fold(mut lanes: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}
