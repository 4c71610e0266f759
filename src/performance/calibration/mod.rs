//! Calibration: whether forecast probabilities come true as often as they say, and how to bend them so that they do.
//!
//! Invariant: what is calibrated is a probability, and a larger score never gets a smaller one (Platt: of the fitted sign).
//! Absent on purpose: fitting on the forecasts' own training data: give forecasts made out of sample only.
//! Source: Brier 1950; Guo et al. 2017 (ICML) for the expected calibration error; Niculescu-Mizil and Caruana 2005 for where
//! which method pays.

pub mod isotonic;
pub mod platt;

pub use isotonic::Isotonic;
pub use platt::Platt;

/// A forecast probability and whether it came true.
pub type Forecast = (f64, bool);

/// Bins of a [`Reliability`].
pub const BINS: usize = 10;
/// From here on there is enough to fit steps; below, a curve of two numbers.
const ENOUGH_FOR_STEPS: usize = 1_000;

/// One bin of equal width, its upper end excluded but for the last.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bin {
    pub count: u64,
    /// Mean of what was forecast.
    pub forecast: f64,
    /// Share that came true.
    pub happened: f64,
}

/// The diagram of forecast against happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reliability {
    pub bins: [Bin; BINS],
    pub count: u64,
}

/// Bends forecasts by what came true of others.
#[derive(Debug, Clone, PartialEq)]
pub enum Calibrator {
    /// On the logits.
    Platt(Platt),
    Isotonic(Isotonic),
}

/// Mean squared difference from what happened; `None` without forecasts.
pub fn brier(forecasts: &[Forecast]) -> Option<f64> {
    mean(forecasts, |p, happened| (p - f64::from(happened)).powi(2))
}

/// Mean of -ln of the probability of what happened, no probability closer to 0 or 1 than rounding.
pub fn log_loss(forecasts: &[Forecast]) -> Option<f64> {
    mean(forecasts, |p, happened| {
        let p = p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        if happened { -p.ln() } else { -(1.0 - p).ln() }
    })
}

fn mean(forecasts: &[Forecast], loss: impl Fn(f64, bool) -> f64) -> Option<f64> {
    let sum: f64 = forecasts.iter().map(|(p, happened)| loss(*p, *happened)).sum();
    (!forecasts.is_empty()).then(|| sum / forecasts.len() as f64)
}

/// ln(p / (1 - p)), finite for every probability.
pub fn logit(p: f64) -> f64 {
    let p = p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
    (p / (1.0 - p)).ln()
}

impl Reliability {
    pub fn of(forecasts: &[Forecast]) -> Reliability {
        let mut bins = [Bin::default(); BINS];
        for (p, happened) in forecasts {
            let bin = &mut bins[((p * BINS as f64) as usize).min(BINS - 1)];
            bin.count += 1;
            bin.forecast += p;
            bin.happened += f64::from(*happened);
        }
        for bin in bins.iter_mut().filter(|bin| bin.count > 0) {
            bin.forecast /= bin.count as f64;
            bin.happened /= bin.count as f64;
        }
        Reliability { bins, count: forecasts.len() as u64 }
    }

    /// Mean distance between forecast and happened, weighted by the bins' counts; too high for few forecasts, so show it
    /// with their number. `None` without forecasts.
    pub fn expected_error(&self) -> Option<f64> {
        let sum: f64 = self.bins.iter().map(|bin| bin.count as f64 * (bin.happened - bin.forecast).abs()).sum();
        (self.count > 0).then(|| sum / self.count as f64)
    }
}

impl Calibrator {
    /// Platt's curve below a thousand forecasts, steps from there on. `None` where all or none came true.
    pub fn fit(forecasts: &[Forecast]) -> Option<Calibrator> {
        if forecasts.len() >= ENOUGH_FOR_STEPS {
            return Isotonic::fit(forecasts).map(Calibrator::Isotonic);
        }
        let logits: Vec<Forecast> = forecasts.iter().map(|(p, happened)| (logit(*p), *happened)).collect();
        Platt::fit(&logits).map(Calibrator::Platt)
    }

    pub fn calibrated(&self, p: f64) -> f64 {
        match self {
            Calibrator::Platt(platt) => platt.probability(logit(p)),
            Calibrator::Isotonic(isotonic) => isotonic.probability(p),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Seed;
    use crate::performance::dice::Dice;
    use proptest::prelude::*;

    /// Forecasts that are too sure of themselves: true with sigmoid(logit / 2).
    fn overconfident(seed: u64, count: usize) -> Vec<Forecast> {
        let mut dice = Dice::new(Seed(seed), "forecasts");
        let mut one = || {
            let p = dice.uniform().clamp(0.01, 0.99);
            let true_p = 1.0 / (1.0 + (-logit(p) / 2.0).exp());
            (p, dice.uniform() < true_p)
        };
        (0..count).map(|_| one()).collect()
    }

    #[test]
    fn the_ends_of_bins_belong_to_the_bin_above_but_for_the_last() {
        let reliability = Reliability::of(&[(0.0, false), (0.1, true), (0.95, true), (1.0, true)]);
        assert_eq!(reliability.bins.map(|bin| bin.count), [1, 1, 0, 0, 0, 0, 0, 0, 0, 2]);
        assert!((reliability.expected_error().expect("forecasts") - (0.9 + 0.05) / 4.0).abs() < 1e-12);
        assert_eq!((Reliability::of(&[]).expected_error(), brier(&[]), log_loss(&[])), (None, None, None));
        assert!(log_loss(&[(0.0, true)]).expect("a forecast").is_finite());
        assert_eq!(brier(&[(1.0, true), (0.0, true)]), Some(0.5));
    }

    #[test]
    fn both_methods_mend_what_is_too_sure_of_itself() {
        for count in [900, 3_000] {
            let calibrator = Calibrator::fit(&overconfident(1, count)).expect("both outcomes");
            assert_eq!(matches!(calibrator, Calibrator::Isotonic(_)), count >= ENOUGH_FOR_STEPS);
            let fresh = overconfident(2, 5_000);
            let mended: Vec<Forecast> =
                fresh.iter().map(|(p, happened)| (calibrator.calibrated(*p), *happened)).collect();
            let error = |forecasts: &[Forecast]| Reliability::of(forecasts).expected_error().expect("forecasts");
            assert!(error(&mended) < error(&fresh) / 2.0, "{} {}", error(&mended), error(&fresh));
            assert!(log_loss(&mended) < log_loss(&fresh) && brier(&mended) < brier(&fresh));
        }
    }

    proptest! {
        #[test]
        fn a_calibrated_forecast_is_a_probability_and_keeps_its_order(
            forecasts in prop::collection::vec((0.0f64..=1.0, any::<bool>()), 2..1_300), a in 0.0f64..=1.0, b in 0.0f64..=1.0,
        ) {
            let Some(calibrator) = Calibrator::fit(&forecasts) else {
                prop_assert!(forecasts.windows(2).all(|pair| pair[0].1 == pair[1].1));
                return Ok(());
            };
            let [low, high] = [a.min(b), a.max(b)].map(|p| calibrator.calibrated(p));
            prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
            let rises = match &calibrator {
                Calibrator::Platt(platt) => platt.a <= 0.0,
                Calibrator::Isotonic(_) => true,
            };
            let keeps_order = if rises { low <= high + 1e-12 } else { low >= high - 1e-12 };
            prop_assert!(keeps_order);
        }
    }
}
