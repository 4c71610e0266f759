//! `Platt`: a logistic curve from scores to probabilities.
//!
//! Invariant: p = 1 / (1 + exp(a s + b)), with a and b where the likelihood of the smoothed targets is greatest.
//! Absent on purpose: any other shape; above a thousand forecasts `isotonic` has one.
//! Source: Platt 1999; Newton's method with step control after Lin, Lin and Weng 2007 (Machine Learning 68).

/// Steps of Newton's method; it needs under twenty.
const MOST_STEPS: usize = 100;
/// A gradient below this is flat.
const FLAT: f64 = 1e-10;
/// Keeps the Hessian invertible where scores do not vary.
const RIDGE: f64 = 1e-12;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Platt {
    /// Negative where larger scores are likelier.
    pub a: f64,
    pub b: f64,
}

impl Platt {
    /// From (score, happened), the targets smoothed to (N+ + 1) / (N+ + 2) and 1 / (N- + 2). `None` without scores, with one
    /// that is not finite, or where all or none happened.
    pub fn fit(scores: &[(f64, bool)]) -> Option<Platt> {
        let happened = scores.iter().filter(|(_, happened)| *happened).count() as f64;
        let not = scores.len() as f64 - happened;
        if happened == 0.0 || not == 0.0 || scores.iter().any(|(score, _)| !score.is_finite()) {
            return None;
        }
        let (high, low) = ((happened + 1.0) / (happened + 2.0), 1.0 / (not + 2.0));
        let targets: Vec<(f64, f64)> =
            scores.iter().map(|(s, happened)| (*s, if *happened { high } else { low })).collect();
        let mut platt = Platt { a: 0.0, b: ((not + 1.0) / (happened + 1.0)).ln() };
        let mut loss = platt.loss(&targets);
        for _ in 0..MOST_STEPS {
            let Some((da, db, slope)) = platt.step(&targets) else { break };
            // Half the step until it pays; close to the end, where gains drown in rounding, a whole step is right.
            let dust = f64::EPSILON * (1.0 + loss.abs()) * scores.len() as f64;
            let tried = (0..40).map(|halvings| 0.5_f64.powi(halvings)).find_map(|size| {
                let next = Platt { a: platt.a + size * da, b: platt.b + size * db };
                let next_loss = next.loss(&targets);
                (next_loss <= loss + 1e-4 * size * slope + dust).then_some((next, next_loss))
            });
            let Some((next, next_loss)) = tried else { break };
            (platt, loss) = (next, next_loss);
        }
        Some(platt)
    }

    pub fn probability(&self, score: f64) -> f64 {
        let x = self.a * score + self.b;
        // Both forms are the same; each is exact where it is used.
        if x >= 0.0 { (-x).exp() / (1.0 + (-x).exp()) } else { 1.0 / (1.0 + x.exp()) }
    }

    /// Newton's direction and the slope along it; `None` where the gradient is flat.
    fn step(&self, targets: &[(f64, f64)]) -> Option<(f64, f64, f64)> {
        let (mut haa, mut hbb, mut hab) = (RIDGE, RIDGE, 0.0);
        let (mut ga, mut gb) = (0.0, 0.0);
        for (score, target) in targets {
            let p = self.probability(*score);
            let curvature = p * (1.0 - p);
            haa += score * score * curvature;
            hbb += curvature;
            hab += score * curvature;
            ga += score * (target - p);
            gb += target - p;
        }
        if ga.abs() < FLAT && gb.abs() < FLAT {
            return None;
        }
        let determinant = haa * hbb - hab * hab;
        let da = -(hbb * ga - hab * gb) / determinant;
        let db = -(haa * gb - hab * ga) / determinant;
        Some((da, db, ga * da + gb * db))
    }

    /// Negative log-likelihood.
    fn loss(&self, targets: &[(f64, f64)]) -> f64 {
        let one = |(score, target): &(f64, f64)| {
            let x = self.a * score + self.b;
            if x >= 0.0 { target * x + (-x).exp().ln_1p() } else { (target - 1.0) * x + x.exp().ln_1p() }
        };
        targets.iter().map(one).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_that_say_nothing_get_the_smoothed_share_and_perfect_ones_stay_finite() {
        let same: Vec<(f64, bool)> = (0..100).map(|at| (0.0, at < 30)).collect();
        let share = Platt::fit(&same).expect("both outcomes").probability(0.0);
        let smoothed = (30.0 * (31.0 / 32.0) + 70.0 / 72.0) / 100.0;
        assert!((share - smoothed).abs() < 1e-6, "{share} {smoothed}");
        let perfect: Vec<(f64, bool)> = (-20..20).map(|at| (f64::from(at) + 0.5, at >= 0)).collect();
        let platt = Platt::fit(&perfect).expect("both outcomes");
        assert!(platt.a.is_finite() && platt.a < 0.0 && platt.probability(20.0) > 0.9);
        assert_eq!(
            [Platt::fit(&[]), Platt::fit(&[(1.0, true)]), Platt::fit(&[(f64::NAN, true), (0.0, false)])],
            [None; 3]
        );
    }

    #[test]
    fn the_gradient_vanishes_at_the_fit() {
        let scores: Vec<(f64, bool)> =
            (0..200).map(|at| (f64::from(at % 17) - 8.0, (at * 7) % 10 < 3 + at % 5)).collect();
        let platt = Platt::fit(&scores).expect("both outcomes");
        let n = scores.iter().filter(|(_, happened)| *happened).count() as f64;
        let target = |happened: bool| if happened { (n + 1.0) / (n + 2.0) } else { 1.0 / (200.0 - n + 2.0) };
        let residuals = scores.iter().map(|(score, happened)| (score, target(*happened) - platt.probability(*score)));
        let (a, b) = residuals.fold((0.0, 0.0), |(a, b), (score, rest)| (a + score * rest, b + rest));
        assert!(a.abs() < 1e-6 && b.abs() < 1e-6, "{a} {b}");
    }
}
