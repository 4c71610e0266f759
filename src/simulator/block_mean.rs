//! `BlockMean`: a mean of values that overlap in time, with a standard error that knows it.
//!
//! Values of one block of time move together and count as one draw: with n values and mean m in G blocks, the error is
//! the square root of G / (G - 1) x sum over blocks of (sum of (x - m))^2 / n^2.
//! Invariant: no error under `LEAST` blocks, because it would be a guess.
//! Absent on purpose: dependence beyond a block.
//! Source: the cluster-robust variance, Liang and Zeger 1986, with one cluster a block.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::{Span, Time};

#[derive(Debug, Clone, Default)]
pub struct BlockMean {
    /// By number of the block: sum and count.
    blocks: BTreeMap<i64, (f64, u64)>,
}

/// What is known of a mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Mean {
    pub count: u64,
    pub mean: Option<f64>,
    pub standard_error: Option<f64>,
}

impl BlockMean {
    pub const BLOCK: Span = Span::from_seconds(30);
    const LEAST: usize = 5;

    pub fn add(&mut self, time: Time, value: f64) {
        let block = self.blocks.entry(time.0.div_euclid(BlockMean::BLOCK.0)).or_default();
        block.0 += value;
        block.1 += 1;
    }

    /// Takes the values of another.
    pub fn join(&mut self, other: &BlockMean) {
        for (number, (sum, count)) in &other.blocks {
            let block = self.blocks.entry(*number).or_default();
            block.0 += sum;
            block.1 += count;
        }
    }

    pub fn mean(&self) -> Mean {
        let (sum, count) = self.blocks.values().fold((0.0, 0), |(sum, count), block| (sum + block.0, count + block.1));
        if count == 0 {
            return Mean { count, mean: None, standard_error: None };
        }
        let mean = sum / count as f64;
        let groups = self.blocks.len() as f64;
        let squares: f64 = self.blocks.values().map(|(sum, n)| (sum - *n as f64 * mean).powi(2)).sum();
        let error = (groups / (groups - 1.0) * squares).sqrt() / count as f64;
        let standard_error = (self.blocks.len() >= BlockMean::LEAST).then_some(error);
        Mean { count, mean: Some(mean), standard_error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64], apart: Span) -> Mean {
        let mut mean = BlockMean::default();
        for (at, value) in values.iter().enumerate() {
            mean.add(Time(apart.0 * at as i64), *value);
        }
        mean.mean()
    }

    #[test]
    fn values_in_blocks_of_their_own_have_the_usual_error_and_few_blocks_have_none() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0];
        let found = of(&values, BlockMean::BLOCK);
        // Variance 2.5, divided by five.
        assert_eq!((found.mean, found.standard_error), (Some(3.0), Some(0.5_f64.sqrt())));
        assert_eq!(of(&values[..4], BlockMean::BLOCK).standard_error, None);
        assert_eq!(of(&[], BlockMean::BLOCK), Mean { count: 0, mean: None, standard_error: None });
    }

    #[test]
    fn saying_a_thing_ten_times_within_a_block_makes_it_no_surer() {
        let values: Vec<f64> = (0..50).map(|at| f64::from(at / 10 + 1)).collect();
        let found = of(&values, Span(BlockMean::BLOCK.0 / 10));
        assert_eq!((found.count, found.mean, found.standard_error), (50, Some(3.0), Some(0.5_f64.sqrt())));
    }
}
