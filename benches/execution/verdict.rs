//! `Race`: which orders are given, and what the outcomes say of the adaptive parent beside the fixed styles.
//!
//! A seed gives a start, the same for all. Odd seeds choose the best fixed style of each size, even seeds judge. A seed's value
//! is the mean over symbols and both sides: a drift of the price costs one side what it gives the other.
//! Invariant: what is judged was not used to choose.
//! Absent on purpose: printing by symbol or side.

use std::collections::BTreeMap;

use kestrel::domain::{Quantity, Side};
use kestrel::engine::execution::{Choice, Style};

use super::contest::{Entry, Outcome};

/// Of the volume that the market trades within the horizon.
pub const SIZES: [f64; 5] = [0.001, 0.003, 0.01, 0.03, 0.1];
pub const CHOICES: [Choice; 4] = [
    Choice::Adaptive,
    Choice::Fixed(Style::Market),
    Choice::Fixed(Style::Twap),
    Choice::Fixed(Style::Vwap),
];

/// Entries of one start: sizes, then sides, then choices.
pub fn entries(traded: f64) -> Vec<Entry> {
    let mut entries = Vec::new();
    for share in SIZES {
        let quantity = Quantity::from_f64(traded * share).unwrap_or(Quantity::ZERO);
        for side in [Side::Buy, Side::Sell] {
            entries.extend(CHOICES.map(|choice| Entry { choice, side, quantity }));
        }
    }
    entries
}

/// Sums of what a seed's outcomes came to, by size and choice.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cell {
    pub cost: f64,
    pub made: f64,
    pub unfilled: f64,
    pub children: f64,
    pub count: f64,
}

#[derive(Debug, Default)]
pub struct Race {
    /// Seed, then size, then choice.
    seeds: BTreeMap<u64, [[Cell; CHOICES.len()]; SIZES.len()]>,
    pub styles: BTreeMap<(usize, String), u32>,
    pub refused: u32,
}

/// Of the judging seeds at one size, or of all sizes.
#[derive(Debug, Clone)]
pub struct Row {
    pub size: Option<f64>,
    pub best: Style,
    /// Means in basis points, in the order of `CHOICES`.
    pub costs: [f64; CHOICES.len()],
    pub made: f64,
    pub children: f64,
    /// Adaptive less best: mean and half of the interval.
    pub difference: f64,
    pub half: f64,
    pub judged: usize,
}

impl Race {
    /// Takes the outcomes of [`entries`].
    pub fn add(&mut self, seed: u64, outcomes: &[Option<Outcome>]) {
        // A size that was not legal for one choice is left out for all.
        let row = self.seeds.entry(seed).or_default();
        for (at, group) in outcomes.chunks(CHOICES.len()).enumerate() {
            if group.iter().any(Option::is_none) {
                self.refused += 1;
                continue;
            }
            for (choice, outcome) in group.iter().flatten().enumerate() {
                let cell = &mut row[at / 2][choice];
                cell.cost += outcome.cost;
                cell.made += outcome.made;
                cell.unfilled += outcome.unfilled;
                cell.children += f64::from(outcome.children);
                cell.count += 1.0;
                if choice == 0 {
                    *self.styles.entry((at / 2, format!("{:?}", outcome.style))).or_default() += 1;
                }
            }
        }
    }

    /// One row a size, and the last of all sizes.
    pub fn rows(&self) -> Vec<Row> {
        let best: Vec<usize> = (0..SIZES.len()).map(|size| self.best(size)).collect();
        let mut rows: Vec<Row> = (0..SIZES.len()).map(|size| self.row(&[size], &best)).collect();
        rows.push(self.row(&(0..SIZES.len()).collect::<Vec<_>>(), &best));
        rows
    }

    /// By the odd seeds.
    fn best(&self, size: usize) -> usize {
        let mean = |choice: usize| mean(&self.values(1, |row| value(row, size, choice)));
        (1..CHOICES.len()).min_by(|a, b| mean(*a).total_cmp(&mean(*b))).unwrap_or(1)
    }

    fn values(&self, rest: u64, of: impl Fn(&[[Cell; CHOICES.len()]; SIZES.len()]) -> Option<f64>) -> Vec<f64> {
        self.seeds.iter().filter(|(seed, _)| *seed % 2 == rest).filter_map(|(_, row)| of(row)).collect()
    }

    fn row(&self, sizes: &[usize], best: &[usize]) -> Row {
        let over = |row: &[[Cell; CHOICES.len()]; SIZES.len()], of: &dyn Fn(usize) -> Option<f64>| -> Option<f64> {
            let _ = row;
            let all: Option<Vec<f64>> = sizes.iter().map(|size| of(*size)).collect();
            all.map(|all| mean(&all))
        };
        let costs = std::array::from_fn(|choice| {
            mean(&self.values(0, |row| over(row, &|size| value(row, size, choice))))
        });
        let differences =
            self.values(0, |row| over(row, &|size| Some(value(row, size, 0)? - value(row, size, best[size])?)));
        let share = |of: fn(&Cell) -> f64| {
            mean(&self.values(0, |row| {
                over(row, &|size| (row[size][0].count > 0.0).then(|| of(&row[size][0]) / row[size][0].count))
            }))
        };
        let (difference, half) = interval(&differences);
        Row {
            size: (sizes.len() == 1).then(|| SIZES[sizes[0]]),
            best: match CHOICES[best[sizes[0]]] {
                Choice::Fixed(style) => style,
                Choice::Adaptive => Style::Market,
            },
            costs,
            made: share(|cell| cell.made),
            children: share(|cell| cell.children),
            difference,
            half,
            judged: differences.len(),
        }
    }
}

fn value(row: &[[Cell; CHOICES.len()]; SIZES.len()], size: usize, choice: usize) -> Option<f64> {
    let cell = &row[size][choice];
    (cell.count > 0.0).then(|| cell.cost / cell.count)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Mean and half of its 95 % interval.
pub fn interval(values: &[f64]) -> (f64, f64) {
    let (n, mean) = (values.len() as f64, mean(values));
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    // Student's t at 200 values.
    (mean, 1.972 * (variance / n).sqrt())
}

/// For people.
pub fn print(title: &str, race: &Race) {
    println!("\n{title}\n");
    println!("| size, % of volume | adaptive | market | TWAP | VWAP | best fixed | adaptive less best, 95 % | rested | children |");
    println!("|--:|--:|--:|--:|--:|---|--:|--:|--:|");
    for row in race.rows() {
        let size = row.size.map_or("all".to_owned(), |size| format!("{}", size * 100.0));
        let best = row.size.map_or(String::new(), |_| format!("{:?}", row.best).to_lowercase());
        let [adaptive, market, twap, vwap] = row.costs;
        let (low, high) = (row.difference - row.half, row.difference + row.half);
        println!(
            "| {size} | {adaptive:.3} | {market:.3} | {twap:.3} | {vwap:.3} | {best} | {:+.3} ({low:+.3} to {high:+.3}) | {:.0} % | {:.1} |",
            row.difference, row.made * 100.0, row.children
        );
    }
    let judged = race.rows().first().map_or(0, |row| row.judged);
    println!("\n{judged} seeds judged; {} orders below the least size left out.", race.refused);
}
