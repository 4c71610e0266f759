//! `Isotonic`: the rising curve that is nearest to what happened, in squares.
//!
//! Invariant: probabilities never fall with the score; outside of the scores it was fitted on the ends hold.
//! Absent on purpose: extrapolation.
//! Source: Ayer et al. 1955, pool adjacent violators; Zadrozny and Elkan 2002 for calibration.

/// Corners of the curve, scores rising.
#[derive(Debug, Clone, PartialEq)]
pub struct Isotonic {
    corners: Vec<(f64, f64)>,
}

/// Neighbours that share one probability.
#[derive(Debug, Clone, Copy)]
struct Block {
    from: f64,
    to: f64,
    happened: f64,
    weight: f64,
}

impl Block {
    fn level(&self) -> f64 {
        self.happened / self.weight
    }
}

impl Isotonic {
    /// From (score, happened). Equal scores count as one, with the mean of what happened. `None` without scores, with one that
    /// is no number, or where all or none happened.
    pub fn fit(scores: &[(f64, bool)]) -> Option<Isotonic> {
        let happened = scores.iter().filter(|(_, happened)| *happened).count();
        if happened == 0 || happened == scores.len() || scores.iter().any(|(score, _)| score.is_nan()) {
            return None;
        }
        let mut sorted = scores.to_vec();
        sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut blocks: Vec<Block> = Vec::new();
        for same in sorted.chunk_by(|one, other| one.0 == other.0) {
            let happened = same.iter().filter(|(_, happened)| *happened).count() as f64;
            blocks.push(Block { from: same[0].0, to: same[0].0, happened, weight: same.len() as f64 });
            pool(&mut blocks);
        }
        let ends = |block: &Block| {
            let last = (block.to > block.from).then(|| (block.to, block.level()));
            std::iter::once((block.from, block.level())).chain(last)
        };
        Some(Isotonic { corners: blocks.iter().flat_map(ends).collect() })
    }

    /// Linear between corners.
    pub fn probability(&self, score: f64) -> f64 {
        let after = self.corners.partition_point(|(corner, _)| *corner <= score);
        let corner = |at: usize| self.corners[at.min(self.corners.len() - 1)];
        let (low, high) = (corner(after.saturating_sub(1)), corner(after));
        if score <= low.0 || high.0 <= low.0 {
            return low.1;
        }
        low.1 + (high.1 - low.1) * (score - low.0) / (high.0 - low.0)
    }
}

/// Joins the last block with those before it that it does not lie above. Blocks of equal level stay apart: the curve is flat
/// there either way.
fn pool(blocks: &mut Vec<Block>) {
    while let [.., before, last] = blocks[..] {
        if before.level() <= last.level() {
            return;
        }
        blocks.truncate(blocks.len() - 2);
        blocks.push(Block {
            from: before.from,
            to: last.to,
            happened: before.happened + last.happened,
            weight: before.weight + last.weight,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn violators_are_pooled_and_corners_joined_by_lines() {
        let scores = [(0.1, false), (0.2, true), (0.3, false), (0.4, true), (0.4, false), (0.6, true)];
        let curve = Isotonic::fit(&scores).expect("both outcomes");
        assert_eq!(curve.corners, [(0.1, 0.0), (0.2, 0.5), (0.3, 0.5), (0.4, 0.5), (0.6, 1.0)]);
        for (score, wanted) in [(0.0, 0.0), (0.1, 0.0), (0.15, 0.25), (0.25, 0.5), (0.5, 0.75), (0.9, 1.0)] {
            assert!((curve.probability(score) - wanted).abs() < 1e-12, "{score}: {}", curve.probability(score));
        }
        let none: [&[(f64, bool)]; 3] = [&[], &[(0.2, true)], &[(f64::NAN, true), (0.0, false)]];
        assert!(none.iter().all(|scores| Isotonic::fit(scores).is_none()));
    }

    proptest! {
        #[test]
        fn no_other_rising_steps_are_nearer(scores in prop::collection::vec((0u8..9, any::<bool>()), 2..30), shift in -0.3f64..0.3, cut in 0u8..9) {
            let scores: Vec<(f64, bool)> = scores.into_iter().map(|(score, happened)| (f64::from(score), happened)).collect();
            let Some(curve) = Isotonic::fit(&scores) else { return Ok(()) };
            let error = |p: &dyn Fn(f64) -> f64| scores.iter().map(|(s, happened)| (p(*s) - f64::from(*happened)).powi(2)).sum::<f64>();
            let best = error(&|score| curve.probability(score));
            // The same curve moved from some score on is rising where it is moved up; downwards it is kept rising by force.
            let moved = |score: f64| curve.probability(score) + if score >= f64::from(cut) { shift } else { 0.0 };
            let rising = |score: f64| (0..=score as u8).map(|s| moved(f64::from(s))).fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(best <= error(&rising) + 1e-9);
        }
    }
}
