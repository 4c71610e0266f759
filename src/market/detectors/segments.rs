//! The best cut of a whole row into stretches: labels for judging detectors that may not look ahead.
//!
//! `best_breaks` finds a given number of breaks exactly (Auger and Lawrence 1989), `penalised_breaks` their number too
//! (Killick, Fearnhead and Eckley 2012, PELT). Costs and conventions are those of ruptures 1.1.10.
//! Invariant: stretches are at least `least` long; breaks are the first place of each later stretch, then the row's end.
//! Absent on purpose: use while trading: a break is known only with what comes after it.

/// What a stretch costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Squared deviations from its mean: changes of the mean.
    Squares,
    /// n ln(variance): changes of mean or variance.
    Normal,
}

/// ruptures adds it to the variance, so that a still stretch has a logarithm.
const LEAST_VARIANCE: f64 = 1e-6;

/// Running sums of a row, so that any stretch costs O(1).
struct Sums {
    cost: Cost,
    /// Of the values less their overall mean, and of their squares.
    values: Vec<f64>,
    squares: Vec<f64>,
}

impl Sums {
    fn new(row: &[f64], cost: Cost) -> Sums {
        let mean = row.iter().sum::<f64>() / row.len().max(1) as f64;
        let running = |value: &dyn Fn(f64) -> f64| {
            let mut sum = 0.0;
            let sums = row.iter().map(|x| {
                sum += value(x - mean);
                sum
            });
            std::iter::once(0.0).chain(sums).collect()
        };
        Sums { cost, values: running(&|x| x), squares: running(&|x| x * x) }
    }

    /// Of from..to.
    fn cost(&self, from: usize, to: usize) -> f64 {
        let count = (to - from) as f64;
        let sum = self.values[to] - self.values[from];
        let off = (self.squares[to] - self.squares[from] - sum * sum / count).max(0.0);
        match self.cost {
            Cost::Squares => off,
            Cost::Normal => count * (off / (count - 1.0).max(1.0) + LEAST_VARIANCE).ln(),
        }
    }
}

/// Exactly `breaks` breaks with the least sum of costs, and the row's end; `None` when the row is too short for them.
/// O(breaks n^2).
pub fn best_breaks(row: &[f64], cost: Cost, breaks: usize, least: usize) -> Option<Vec<usize>> {
    let (count, least) = (row.len(), least.max(1));
    if count < least * (breaks + 1) {
        return None;
    }
    let sums = Sums::new(row, cost);
    let whole = |end: usize| if end < least { f64::INFINITY } else { sums.cost(0, end) };
    let mut best: Vec<f64> = (0..=count).map(whole).collect();
    let mut from: Vec<Vec<usize>> = Vec::with_capacity(breaks);
    for _ in 0..breaks {
        let (mut next, mut places) = (vec![f64::INFINITY; count + 1], vec![0; count + 1]);
        for end in least..=count {
            for (start, before) in best.iter().enumerate().take(end - least + 1).skip(least) {
                let total = before + sums.cost(start, end);
                if total < next[end] {
                    (next[end], places[end]) = (total, start);
                }
            }
        }
        best = next;
        from.push(places);
    }
    let mut ends = vec![count];
    for places in from.iter().rev() {
        ends.push(places[ends[ends.len() - 1]]);
    }
    ends.reverse();
    Some(ends)
}

/// The breaks with the least sum of costs, each break costing `penalty`, and the row's end. Nearly O(n) where breaks are
/// many. Exact for `Squares`; for `Normal` as far as cutting a stretch never makes it dearer, which short ones may break.
pub fn penalised_breaks(row: &[f64], cost: Cost, penalty: f64, least: usize) -> Vec<usize> {
    let (count, least) = (row.len(), least.max(1));
    let sums = Sums::new(row, cost);
    let mut best = vec![f64::INFINITY; count + 1];
    let mut from = vec![0; count + 1];
    best[0] = -penalty;
    // Starts, and the end from which on each cannot be the best any more.
    let mut open: Vec<(usize, usize)> = vec![(0, usize::MAX)];
    for end in least..=count {
        open.retain(|(_, expiry)| end < *expiry);
        for (start, _) in open.iter().copied().filter(|(start, _)| end - start >= least) {
            let total = best[start] + sums.cost(start, end) + penalty;
            if total < best[end] {
                (best[end], from[end]) = (total, start);
            }
        }
        // A start that is dearer now even without paying for a break stays so, once a stretch may begin here and end.
        let reached = best[end];
        for (start, expiry) in open.iter_mut().filter(|(start, _)| end - start >= least) {
            if best[*start] + sums.cost(*start, end) > reached {
                *expiry = (*expiry).min(end + least);
            }
        }
        open.push((end, usize::MAX));
    }
    let mut ends = vec![count];
    while let Some(start) = ends.last().map(|end| from[*end]).filter(|start| *start > 0) {
        ends.push(start);
    }
    ends.reverse();
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row with stretches of different means and deviations.
    fn row() -> Vec<f64> {
        let wave = |at: usize| ((at * 7919 % 101) as f64 / 101.0 - 0.5) * 2.0;
        (0..90).map(|at| wave(at) + [0.0, 3.0, 0.5][at / 30]).collect()
    }

    #[test]
    fn a_penalty_finds_what_the_number_of_breaks_finds() {
        for cost in [Cost::Squares, Cost::Normal] {
            let exact = best_breaks(&row(), cost, 2, 4);
            assert_eq!(exact.as_deref(), Some([30, 60, 90].as_slice()), "{cost:?}");
            assert_eq!(Some(penalised_breaks(&row(), cost, 12.0, 4)), exact, "{cost:?}");
        }
    }

    #[test]
    fn a_row_too_short_has_no_breaks() {
        assert_eq!(best_breaks(&[1.0, 2.0, 3.0], Cost::Squares, 1, 2), None);
        assert_eq!(penalised_breaks(&[1.0, 2.0, 3.0], Cost::Squares, 0.0, 2), [3]);
        assert_eq!(penalised_breaks(&[], Cost::Squares, 1.0, 2), [0]);
    }
}
