//! What all rules for weights share: weights from logarithms, mixtures of losses, a place for a newcomer.
//!
//! Invariant: what comes out sums to 1 within rounding, however far the logarithms lie apart.
//! Absent on purpose: any rule.

/// Weights proportional to the exponentials; uniform where none is a number.
pub(super) fn from_logs(logs: &[f64]) -> Vec<f64> {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !most.is_finite() {
        return uniform(logs.len());
    }
    let mut weights: Vec<f64> = logs.iter().map(|log| (log - most).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    weights
}

pub(super) fn uniform(count: usize) -> Vec<f64> {
    vec![1.0 / count.max(1) as f64; count]
}

/// ln of the weighted mean of exp(logs).
pub(super) fn log_mean(weights: &[f64], logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !most.is_finite() {
        return most;
    }
    let mean: f64 = weights.iter().zip(logs).map(|(weight, log)| weight * (log - most).exp()).sum();
    most + mean.ln()
}

pub(super) fn dot(weights: &[f64], values: &[f64]) -> f64 {
    weights.iter().zip(values).map(|(weight, value)| weight * value).sum()
}

/// Gives one expert this weight and the others the rest, in their proportions.
pub(super) fn set(weights: &mut [f64], expert: usize, weight: f64) {
    let weight = weight.clamp(0.0, 1.0);
    let others: f64 = weights.iter().enumerate().filter(|(at, _)| *at != expert).map(|(_, other)| other).sum();
    let count = weights.len().saturating_sub(1).max(1) as f64;
    for (_, other) in weights.iter_mut().enumerate().filter(|(at, _)| *at != expert) {
        *other = if others > 0.0 { *other / others * (1.0 - weight) } else { (1.0 - weight) / count };
    }
    if let Some(own) = weights.get_mut(expert) {
        *own = weight;
    }
}
