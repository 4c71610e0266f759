//! Fitting the regimes to recordings.
//!
//! Every recording counts once as it is and once with its drift turned over, so that rising and falling markets are told
//! by the same measure and the years of one do not make the other rare. The fit begins at fixed centres. The penalty is the
//! least of `PENALTIES` with which the regime, told forward, changes at most `MOST_SWITCHES` times a day.
//! Invariant: the same recordings in the same order give the same model, bit for bit.
//! Absent on purpose: use while trading: a fit knows the whole recording.

use super::measures::{Measures, Minute};
use super::model::{FEATURES, FittedOn, NAMES, RegimeModel, STATES, features};
use crate::domain::Bar;
use crate::market::detectors::{JumpModel, JumpTracker};

/// In rising order.
pub const PENALTIES: [f64; 5] = [30.0, 60.0, 100.0, 150.0, 220.0];
pub const MOST_SWITCHES: f64 = 3.0;
const ROUNDS: usize = 60;
const LEAST_MOVE: f64 = 1e-3;
/// Quiet, ordinary, up, down, volatile, in deviations.
const START: [[f64; FEATURES]; STATES] = [[0.0, -0.8], [0.0, 0.2], [1.3, 0.5], [-1.3, 0.5], [0.0, 1.8]];
/// The same with rising and falling exchanged.
const MIRROR: [usize; STATES] = [0, 1, 3, 2, 4];

/// The model's view of one recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub source: FittedOn,
    rows: Vec<[f64; FEATURES]>,
}

impl Series {
    /// Measures taken forward over a recording's bars, each valid and later than the one before.
    pub fn new(symbol: &str, bars: impl Iterator<Item = Bar>) -> Series {
        let mut source = FittedOn { symbol: symbol.to_owned(), first: 0, last: 0, bars: 0 };
        let mut measures = Measures::new();
        let mut rows = Vec::new();
        for bar in bars {
            if source.bars == 0 {
                source.first = bar.open_time.millis();
            }
            source.last = bar.open_time.millis();
            source.bars += 1;
            let minute: Minute = measures.update(&bar);
            rows.extend(features(&minute));
        }
        Series { source, rows }
    }
}

/// A fit and what it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    pub model: RegimeModel,
    pub objective: f64,
    pub rounds: usize,
    /// Changes of the regime a day, told forward over the same recordings.
    pub switches_a_day: f64,
    /// (penalty, changes a day) of every penalty that was tried.
    pub tried: Vec<(f64, f64)>,
}

/// None when there are no rows to fit.
pub fn fit(series: &[Series], command: &str) -> Option<Fit> {
    let count = series.iter().map(|series| series.rows.len()).sum::<usize>() as f64;
    if count < STATES as f64 {
        return None;
    }
    let total = |value: &dyn Fn(&[f64; FEATURES]) -> f64| {
        series.iter().flat_map(|series| &series.rows).map(value).sum::<f64>() / count
    };
    // Turned over, the drift has no mean.
    let means = [0.0, total(&|x| x[1])];
    let deviations = [total(&|x| x[0] * x[0]).sqrt(), total(&|x| (x[1] - means[1]) * (x[1] - means[1])).sqrt()];
    let mut model = RegimeModel {
        command: command.to_owned(),
        seed: None,
        data: series.iter().map(|series| series.source.clone()).collect(),
        means,
        deviations,
        penalty: 0.0,
        centres: START,
    };
    model.check().ok()?;
    let forward: Vec<Vec<[f64; FEATURES]>> =
        series.iter().map(|series| series.rows.iter().map(|x| model.standardised(x)).collect()).collect();
    let mirrored = forward.iter().map(|rows| rows.iter().map(|x| [-x[0], x[1]]).collect());
    let both: Vec<Vec<[f64; FEATURES]>> = forward.iter().cloned().chain(mirrored).collect();
    let mut tried = Vec::new();
    for penalty in PENALTIES {
        let found = JumpModel { centres: START, penalty }.fitted(&both, ROUNDS, LEAST_MOVE);
        let jumps = JumpModel { centres: symmetric(&found.model.centres), penalty };
        let switches = forward.iter().map(|rows| switches(&jumps, rows)).sum::<u64>() as f64 * 1_440.0 / count;
        tried.push((penalty, switches));
        if switches <= MOST_SWITCHES || penalty == PENALTIES[PENALTIES.len() - 1] {
            model.penalty = penalty;
            model.centres = jumps.centres;
            return Some(Fit {
                model,
                objective: found.objective,
                rounds: found.rounds,
                switches_a_day: switches,
                tried,
            });
        }
    }
    None
}

/// Rounding and ties taken out: what is turned over is exactly the same.
fn symmetric(centres: &[[f64; FEATURES]; STATES]) -> [[f64; FEATURES]; STATES] {
    std::array::from_fn(|state| {
        let (own, other) = (centres[state], centres[MIRROR[state]]);
        [(own[0] - other[0]) / 2.0, (own[1] + other[1]) / 2.0]
    })
}

/// Changes of the regime, told forward.
fn switches(model: &JumpModel<STATES, FEATURES>, rows: &[[f64; FEATURES]]) -> u64 {
    let mut tracker = JumpTracker::new(*model);
    let (mut last, mut count) = (None, 0);
    for x in rows {
        let regime = NAMES[tracker.update(x)];
        count += u64::from(last.is_some_and(|last| last != regime));
        last = Some(regime);
    }
    count
}
