//! `Race`: which orders are given, and what the outcomes say of the adaptive parent beside the fixed styles.
//!
//! A seed gives a start, the same for all. Odd seeds choose the best fixed style of each size, even seeds judge. A seed's value
//! is the mean over symbols and both sides: a drift of the price costs one side what it gives the other. Starts in a recording
//! overlap, so a second interval draws blocks of neighbouring starts (`performance::bootstrap`).
//! Invariant: what is judged was not used to choose.
//! Absent on purpose: printing by symbol or side.

use std::collections::BTreeMap;

use kestrel::domain::{Quantity, Seed, Side};
use kestrel::engine::execution::{Choice, Style};
use kestrel::performance::bootstrap::{block_length, intervals};

use super::contest::{Entry, Outcome};
use super::heats::place;

/// Of the volume that the market trades within the horizon.
pub const SIZES: [f64; 5] = [0.001, 0.003, 0.01, 0.03, 0.1];
pub const CHOICES: [Choice; 4] =
    [Choice::Adaptive, Choice::Fixed(Style::Market), Choice::Fixed(Style::Twap), Choice::Fixed(Style::Vwap)];

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
    pub count: f64,
}

/// By size and choice.
type Cells = [[Cell; CHOICES.len()]; SIZES.len()];

#[derive(Debug, Default)]
pub struct Race {
    /// Seed, then size, then choice.
    seeds: BTreeMap<u64, Cells>,
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
    /// Adaptive less best: mean and half of the interval.
    pub difference: f64,
    pub half: f64,
    /// The interval by blocks of neighbouring starts.
    pub blocks: Option<(f64, f64)>,
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
                cell.count += 1.0;
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

    /// In the order of their starts.
    fn values(&self, rest: u64, of: impl Fn(&Cells) -> Option<f64>) -> Vec<f64> {
        let seeds = self.seeds.iter().filter(|(seed, _)| *seed % 2 == rest);
        let mut values: Vec<(f64, f64)> = seeds.filter_map(|(seed, row)| Some((place(*seed), of(row)?))).collect();
        values.sort_by(|one, other| one.0.total_cmp(&other.0));
        values.into_iter().map(|(_, value)| value).collect()
    }

    fn row(&self, sizes: &[usize], best: &[usize]) -> Row {
        let over = |of: &dyn Fn(usize) -> Option<f64>| -> Option<f64> {
            let all: Option<Vec<f64>> = sizes.iter().map(|size| of(*size)).collect();
            all.map(|all| mean(&all))
        };
        let costs = std::array::from_fn(|choice| mean(&self.values(0, |row| over(&|size| value(row, size, choice)))));
        let differences =
            self.values(0, |row| over(&|size| Some(value(row, size, 0)? - value(row, size, best[size])?)));
        let share = |of: fn(&Cell) -> f64| {
            let of = |row: &Cells, size: usize| {
                let cell = row[size][0];
                (cell.count > 0.0).then(|| of(&cell) / cell.count)
            };
            mean(&self.values(0, |row| over(&|size| of(row, size))))
        };
        let [blocks] = intervals(&differences, block_length(&differences), Seed(1), |drawn| [Some(mean(drawn))]);
        let (difference, half) = interval(&differences);
        Row {
            size: (sizes.len() == 1).then(|| SIZES[sizes[0]]),
            best: match CHOICES[best[sizes[0]]] {
                Choice::Fixed(style) => style,
                Choice::Adaptive => Style::Market,
            },
            costs,
            made: share(|cell| cell.made),
            difference,
            half,
            blocks: blocks.map(|interval| (interval.low, interval.high)),
            judged: differences.len(),
        }
    }
}

fn value(row: &Cells, size: usize, choice: usize) -> Option<f64> {
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
    println!(
        "| size, % of volume | adaptive | market | TWAP | VWAP | best | adaptive less best, 95 % | in blocks | rested |"
    );
    println!("|--:|--:|--:|--:|--:|---|--:|--:|--:|");
    for row in race.rows() {
        let size = row.size.map_or("all".to_owned(), |size| format!("{}", size * 100.0));
        let best = row.size.map_or(String::new(), |_| format!("{:?}", row.best).to_lowercase());
        let costs = row.costs.map(|cost| format!("{cost:.3}")).join(" | ");
        let (low, high) = (row.difference - row.half, row.difference + row.half);
        let blocks = row.blocks.map_or(String::new(), |(low, high)| format!("{low:+.3} to {high:+.3}"));
        let (difference, rested) = (row.difference, row.made * 100.0);
        println!(
            "| {size} | {costs} | {best} | {difference:+.3} ({low:+.3} to {high:+.3}) | {blocks} | {rested:.0} % |"
        );
    }
    let judged = race.rows().first().map_or(0, |row| row.judged);
    println!("\n{judged} seeds judged; {} orders below the least size left out.", race.refused);
}
