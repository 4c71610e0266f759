//! Whether a score predicts: the rank correlation of scores with what came after them, and what sizing by them would have
//! brought, each with an interval.
//!
//! Invariant: both figures see the same resamples of whole blocks of time, so that scores that stay for hours do not pass as
//! many observations; a verdict needs both intervals above zero and both halves of the record.
//! Absent on purpose: costs; a score that predicts nothing before costs needs none.
//! Source: Spearman 1904; stationary bootstrap as in `bootstrap`.

use serde::Serialize;

use super::bootstrap::{block_length, intervals};
use super::figure::Interval;
use crate::domain::Seed;

/// A score and the return after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    pub score: f64,
    /// What a position is multiplied by for this score; 1 without it.
    pub factor: f64,
    pub later: f64,
    /// The source has said something since the pair before.
    pub is_news: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Prediction {
    pub sample: usize,
    /// How often the source said something new: what fades between is no further word of it.
    pub changes: usize,
    /// -1 to 1.
    pub rank_correlation: Option<f64>,
    pub rank_interval: Option<Interval>,
    /// Mean return of a position sized by the score less that of the same mean size, in basis points a period.
    pub gain: Option<f64>,
    pub gain_interval: Option<Interval>,
    /// The rank correlation in the first and the second half.
    pub halves: [Option<f64>; 2],
    /// Mean length of the resampled blocks.
    pub block: f64,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    TooFew,
    NoValue,
    Value,
}

/// News below which nothing is judged.
pub const LEAST_CHANGES: usize = 60;

/// Judges pairs in the order of time. `least_block` is the shortest block, in periods.
pub fn judge(pairs: &[Pair], least_block: f64, seed: Seed) -> Prediction {
    let changes = pairs.iter().filter(|pair| pair.is_news).count();
    let ranks = |of: fn(&Pair) -> f64| centred(&ranks(&pairs.iter().map(of).collect::<Vec<f64>>()));
    let (scores, later) = (ranks(|pair| pair.score), ranks(|pair| pair.later));
    let count = pairs.len().max(1) as f64;
    let usual = pairs.iter().map(|pair| pair.factor).sum::<f64>() / count;
    let gains: Vec<f64> = pairs.iter().map(|pair| (pair.factor - usual) * pair.later * 1e4).collect();
    let products: Vec<f64> = scores.iter().zip(&later).map(|(score, later)| score * later).collect();
    let block = block_length(&products).max(block_length(&gains)).max(least_block);
    let mean = |values: &[f64]| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    // Resampled are places, so that score, return and gain of one moment stay together.
    let places: Vec<f64> = (0..pairs.len()).map(|at| at as f64).collect();
    let [rank_interval, gain_interval] = intervals(&places, block, seed, |drawn| {
        let at = |place: &f64| *place as usize;
        let gain = drawn.iter().map(|place| gains[at(place)]).sum::<f64>() / drawn.len().max(1) as f64;
        [correlation(drawn.iter().map(|place| (scores[at(place)], later[at(place)]))), Some(gain)]
    });
    let rank_correlation = correlation(scores.iter().copied().zip(later.iter().copied()));
    let middle = pairs.len() / 2;
    let half = |from: usize, to: usize| spearman(&pairs[from..to]);
    let halves = [half(0, middle), half(middle, pairs.len())];
    let is_above = |interval: Option<Interval>| interval.is_some_and(|interval| interval.low > 0.0);
    let verdict = if changes < LEAST_CHANGES {
        Verdict::TooFew
    } else if is_above(rank_interval)
        && is_above(gain_interval)
        && halves.iter().all(|half| half.is_some_and(|half| half > 0.0))
    {
        Verdict::Value
    } else {
        Verdict::NoValue
    };
    Prediction {
        sample: pairs.len(),
        changes,
        rank_correlation,
        rank_interval,
        gain: mean(&gains),
        gain_interval,
        halves,
        block,
        verdict,
    }
}

fn spearman(pairs: &[Pair]) -> Option<f64> {
    let scores = ranks(&pairs.iter().map(|pair| pair.score).collect::<Vec<f64>>());
    let later = ranks(&pairs.iter().map(|pair| pair.later).collect::<Vec<f64>>());
    correlation(scores.into_iter().zip(later))
}

/// Mean ranks from 1, equal values sharing theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|one, other| values[*one].total_cmp(&values[*other]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    for equal in order.chunk_by(|one, other| values[*one] == values[*other]) {
        let rank = from as f64 + (equal.len() + 1) as f64 / 2.0;
        equal.iter().for_each(|place| ranks[*place] = rank);
        from += equal.len();
    }
    ranks
}

fn centred(values: &[f64]) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    values.iter().map(|value| value - mean).collect()
}

/// Pearson's; `None` where one of both does not vary.
fn correlation(pairs: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let [mut n, mut x, mut y, mut xx, mut yy, mut xy] = [0.0; 6];
    for (one, other) in pairs {
        n += 1.0;
        x += one;
        y += other;
        xx += one * one;
        yy += other * other;
        xy += one * other;
    }
    let (var_x, var_y) = (xx - x * x / n, yy - y * y / n);
    let found = (xy - x * y / n) / (var_x * var_y).sqrt();
    (n > 1.0 && var_x > 0.0 && var_y > 0.0 && found.is_finite()).then(|| found.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::dice::Dice;

    /// Scores that stay for `stay` periods, and returns of which they explain a share.
    fn pairs(seed: u64, count: usize, stay: usize, share: f64) -> Vec<Pair> {
        let mut dice = Dice::new(Seed(seed), "pairs");
        let mut score = 0.0;
        let mut next = |at: usize| {
            let is_news = at.is_multiple_of(stay);
            if is_news {
                score = dice.uniform() * 2.0 - 1.0;
            }
            let later = 0.01 * (share * score + (1.0 - share) * (dice.uniform() * 2.0 - 1.0));
            Pair { score, factor: 1.0 + 0.25 * score, later, is_news }
        };
        (0..count).map(&mut next).collect()
    }

    #[test]
    fn a_score_that_explains_a_third_is_found_and_noise_hardly_ever() {
        let found = judge(&pairs(1, 1_500, 4, 0.35), 24.0, Seed(1));
        assert_eq!(found.verdict, Verdict::Value, "{found:?}");
        assert!(found.rank_correlation.is_some_and(|rho| rho > 0.3) && found.gain.is_some_and(|gain| gain > 0.0));
        let false_alarms =
            (0..40).filter(|seed| judge(&pairs(100 + seed, 600, 4, 0.0), 24.0, Seed(1)).verdict == Verdict::Value);
        assert!(false_alarms.count() <= 3);
    }

    #[test]
    fn a_score_against_its_sign_and_one_that_hardly_speaks_show_no_value() {
        let against: Vec<Pair> =
            pairs(3, 1_500, 4, 0.35).iter().map(|pair| Pair { later: -pair.later, ..*pair }).collect();
        assert_eq!(judge(&against, 24.0, Seed(1)).verdict, Verdict::NoValue);
        let few = judge(&pairs(4, 1_500, 50, 0.9), 24.0, Seed(1));
        assert_eq!((few.verdict, few.changes), (Verdict::TooFew, 30));
        let none = judge(&[], 24.0, Seed(1));
        assert_eq!((none.verdict, none.rank_correlation, none.gain), (Verdict::TooFew, None, None));
    }

    #[test]
    fn equal_values_share_their_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        assert_eq!(correlation([(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)].into_iter()), Some(1.0));
        assert_eq!(correlation([(1.0, 2.0), (1.0, 4.0)].into_iter()), None);
    }
}
