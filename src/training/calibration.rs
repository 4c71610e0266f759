//! From logits to probabilities: Platt's curve, fitted on scores of samples that the scorer had not seen.
//!
//! Invariant: a larger logit never gets a smaller probability; where the scores say nothing, all get the base rate.
//! Absent on purpose: steps (isotonic): a curve of two numbers stands in the exported graph as it is.

use super::learner::{LogitScale, TrainingError};
use crate::performance::calibration::{Platt, logit};

/// Fitted on (logit, good) of out-of-fold scores.
pub fn fit(scores: &[(f64, bool)]) -> Result<LogitScale, TrainingError> {
    let platt = Platt::fit(scores).ok_or(TrainingError::OneOutcome { what: "out-of-fold samples" })?;
    if platt.a < 0.0 {
        // Platt writes 1 / (1 + exp(a s + b)).
        return Ok(LogitScale { scale: -platt.a, shift: -platt.b });
    }
    // Scores that are wrong more often than not are not turned round: what they say is nothing.
    let rate = scores.iter().filter(|(_, good)| *good).count() as f64 / scores.len() as f64;
    Ok(LogitScale { scale: 0.0, shift: logit(rate) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_that_mislead_get_the_base_rate() {
        let scores: Vec<(f64, bool)> = (0..400).map(|at| (f64::from(at % 20) - 10.0, at % 20 < 5)).collect();
        let scale = fit(&scores).unwrap();
        assert_eq!(scale.scale, 0.0);
        assert!((scale.probability(3.0) - 0.25).abs() < 1e-12);
        let right: Vec<(f64, bool)> = scores.iter().map(|(score, good)| (-score, *good)).collect();
        let scale = fit(&right).unwrap();
        assert!(scale.scale > 0.0 && scale.probability(9.0) > 0.5 && scale.probability(-9.0) < 0.1);
        assert!(fit(&[(0.0, true)]).is_err());
    }
}
