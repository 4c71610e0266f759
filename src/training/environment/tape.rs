//! `Tape`: recorded bars with what a model sees of them at its decisions, worked out once and shared by all environments.
//!
//! Rows are kept for decision bars alone, already on the scale of the normaliser, which is fitted on rows before a given
//! time and frozen.
//! Invariant: the row of a bar is what an engine's eyes would show of it, normalised (to 1e-5, for running sums may have begun
//! at another bar); nothing after
//! `teaches_until` has a part in the normaliser.
//! Absent on purpose: the trader's standing (`engine::standing`), files (`app`).

use crate::domain::{Bar, Span, SymbolRules, Time};
use crate::market::features::{Estimator, Feature, Normaliser, NormaliserSettings, Observer, SavedNormaliser, Schema};

/// Kinds of moments by how much the market moved of late: quarters of all rows that teach.
pub const STRATA: usize = 4;
/// Bars that an engine sees before an episode begins.
pub const HISTORY: usize = crate::market::bars::CAPACITY;

/// One symbol.
#[derive(Debug, Clone)]
pub struct Lane {
    pub rules: SymbolRules,
    pub bars: Vec<Bar>,
    /// Decision bars with a complete row, oldest first.
    decisions: Vec<Moment>,
}

/// A bar after which a decision is made.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Moment {
    bar: u32,
    stratum: u8,
}

#[derive(Debug, Clone)]
pub struct Tape {
    schema: Schema,
    every_minutes: u16,
    normaliser: Normaliser,
    lanes: Vec<Lane>,
    /// Of all lanes, one after another, in the order of their decisions.
    rows: Vec<f32>,
    /// Where each lane's rows begin.
    begins: Vec<usize>,
}

/// The bars of one symbol, strictly rising in time.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub rules: SymbolRules,
    pub bars: Vec<Bar>,
}

impl Tape {
    /// Rows before `teaches_until` teach the normaliser, or it is the given one, which was taught elsewhere.
    pub fn new(
        schema: Schema,
        every_minutes: u16,
        recorded: Vec<Recorded>,
        teaches_until: Time,
        given: Option<Normaliser>,
    ) -> Tape {
        let width = schema.width();
        let volatility = volatility(&schema);
        let settings = NormaliserSettings { half_life: None, ..NormaliserSettings::default() };
        let mut learning = Normaliser::new(&schema, settings);
        let (mut rows, mut begins, mut lanes, mut unused) = (Vec::new(), Vec::new(), Vec::new(), vec![0.0; width]);
        let mut moved = Vec::new();
        for Recorded { rules, bars } in recorded {
            begins.push(rows.len());
            let mut observer = Observer::new(&schema);
            let mut decisions = Vec::new();
            for (at, bar) in bars.iter().enumerate() {
                let row = observer.take(bar);
                let is_decision = is_due(bar.open_time, every_minutes);
                if !is_decision || at < HISTORY {
                    continue;
                }
                if bar.open_time < teaches_until {
                    learning.take(row, &mut unused);
                    moved.push(row[volatility]);
                }
                decisions.push(Moment { bar: at as u32, stratum: 0 });
                rows.extend_from_slice(row);
            }
            lanes.push(Lane { rules, bars, decisions });
        }
        let limits = quarters(moved);
        let normaliser = given.unwrap_or_else(|| learning.frozen());
        let mut normalised = vec![0.0; width];
        let mut of_rows = rows.chunks_exact_mut(width);
        for (moment, row) in lanes.iter_mut().flat_map(|lane| &mut lane.decisions).zip(&mut of_rows) {
            moment.stratum = limits.iter().filter(|limit| row[volatility] > **limit).count() as u8;
            normaliser.apply(row, &mut normalised);
            row.copy_from_slice(&normalised);
        }
        Tape { schema, every_minutes, normaliser, lanes, rows, begins }
    }

    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    pub fn every_minutes(&self) -> u16 {
        self.every_minutes
    }

    pub fn normaliser(&self) -> SavedNormaliser {
        self.normaliser.save()
    }

    /// The same scale for another tape.
    pub fn frozen_normaliser(&self) -> Normaliser {
        self.normaliser.clone()
    }

    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// Places of a lane's decisions whose bars open from `from` until before `to`.
    pub fn decisions(&self, lane: usize, from: Time, to: Time) -> std::ops::Range<usize> {
        let lane = &self.lanes[lane];
        let before =
            |time: Time| lane.decisions.partition_point(|moment| lane.bars[moment.bar as usize].open_time < time);
        before(from)..before(to)
    }

    /// The place of a decision's bar in its lane.
    pub fn bar_of(&self, lane: usize, decision: usize) -> usize {
        self.lanes[lane].decisions[decision].bar as usize
    }

    /// The decision after this bar; `None` where there is none.
    pub fn decision_at(&self, lane: usize, bar: usize) -> Option<usize> {
        self.lanes[lane].decisions.binary_search_by_key(&(bar as u32), |moment| moment.bar).ok()
    }

    /// What is seen of the market at a decision.
    pub fn row(&self, lane: usize, decision: usize) -> &[f32] {
        let width = self.schema.width();
        &self.rows[self.begins[lane] + decision * width..][..width]
    }

    /// How much the market moved of late, 0 (least) to `STRATA` - 1.
    pub fn stratum(&self, lane: usize, decision: usize) -> u8 {
        self.lanes[lane].decisions[decision].stratum
    }
}

/// True where a decision follows the close of the bar that opened then; the engine's rule (`ModelSpec::is_due`).
fn is_due(bar: Time, every_minutes: u16) -> bool {
    (bar.0.div_euclid(Span::MINUTE.0) + 1).rem_euclid(i64::from(every_minutes.max(1))) == 0
}

/// The column that tells quiet moments from wild ones; the first where the schema has none.
fn volatility(schema: &Schema) -> usize {
    let feature = Feature::Volatility { estimator: Estimator::Ewma, bars: 30 };
    feature.columns().first().and_then(|(name, _)| schema.position(name)).unwrap_or(0)
}

/// Between the quarters; nothing is above the limits of nothing.
fn quarters(mut values: Vec<f32>) -> [f32; STRATA - 1] {
    values.sort_unstable_by(f32::total_cmp);
    std::array::from_fn(|at| values.get((at + 1) * values.len() / STRATA).copied().unwrap_or(f32::INFINITY))
}
