//! How much of a trade is its own: overlapping trades tell the same story several times.
//!
//! Invariant: a trade that overlaps none weighs 1, one that shares all its minutes with n others about 1 / (n + 1).
//! Absent on purpose: decay by age; overlaps between symbols.
//! Source: Lopez de Prado, Advances in Financial Machine Learning (2018), section 4.4, snippets 4.1 and 4.2.

use super::dataset::Sample;
use crate::domain::{Span, Time};

/// Gives each sample of one symbol its average uniqueness: the mean of 1 / (trades under way) over its minutes.
pub(super) fn weigh(samples: &mut [Sample]) {
    let Some(first) = samples.iter().map(|sample| sample.decided).min() else { return };
    let minute = |time: Time| (time.since(first).0 / Span::MINUTE.0).max(0) as usize;
    let end = samples.iter().map(|sample| minute(sample.ends)).max().unwrap_or(0);
    let mut steps = vec![0_i32; end + 1];
    for sample in samples.iter() {
        steps[minute(sample.decided)] += 1;
        steps[minute(sample.ends)] -= 1;
    }
    // sums[m]: the sum of 1 / count over the minutes before m.
    let mut sums = vec![0.0_f64; end + 1];
    let mut count = 0;
    for at in 0..end {
        count += steps[at];
        sums[at + 1] = sums[at] + if count > 0 { 1.0 / f64::from(count) } else { 0.0 };
    }
    for sample in samples {
        let (from, to) = (minute(sample.decided), minute(sample.ends));
        sample.weight = ((sums[to] - sums[from]) / (to - from).max(1) as f64) as f32;
    }
}
