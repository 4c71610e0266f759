//! `Regime`: the state of the market by name, and the fitted jump model that tells it.
//!
//! The model sees two measures of each closed bar: the drift of eight hours in its own deviations, and the log of the
//! two-hour deviation less its mean of a week. Both are free of units, so one model serves all symbols. A crash is no state of the
//! model: while the crash alarm lasts, the regime is `Crash`, within the minute and not after hours.
//! Invariant: the regime at bar t is the last state of the best path over bars up to t; nothing is smoothed afterwards.
//! Absent on purpose: which strategies may trade in which regime (`config.json`, `engine`), and reading the file
//! (`config`).

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

use super::measures::Minute;
use crate::domain::{Digest, StateHash, Time};
use crate::market::detectors::{JumpModel, JumpTracker};

pub const STATES: usize = 5;
pub const FEATURES: usize = 2;
/// Standardised features beyond this count as this.
pub const CLIP: f64 = 4.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Regime {
    Calm,
    Uptrend,
    Downtrend,
    /// Much movement, no direction.
    Volatile,
    /// The crash alarm lasts.
    Crash,
}

impl Regime {
    pub const ALL: [Regime; 5] = [Regime::Calm, Regime::Uptrend, Regime::Downtrend, Regime::Volatile, Regime::Crash];

    pub fn name(self) -> &'static str {
        match self {
            Regime::Calm => "calm",
            Regime::Uptrend => "uptrend",
            Regime::Downtrend => "downtrend",
            Regime::Volatile => "volatile",
            Regime::Crash => "crash",
        }
    }
}

impl Display for Regime {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What each state of the model is called: quiet and ordinary markets are both calm.
pub const NAMES: [Regime; STATES] = [Regime::Calm, Regime::Calm, Regime::Uptrend, Regime::Downtrend, Regime::Volatile];

/// The fitted model as `assets/regimes.json` holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegimeModel {
    /// The command that wrote it.
    pub command: String,
    /// The fit begins at given centres and draws nothing; stated so that nobody has to ask.
    pub seed: Option<u64>,
    /// What it was fitted on.
    pub data: Vec<FittedOn>,
    /// Of the features, before they are clipped.
    pub means: [f64; FEATURES],
    pub deviations: [f64; FEATURES],
    pub penalty: f64,
    /// In the order of `NAMES`, in deviations.
    pub centres: [[f64; FEATURES]; STATES],
}

/// A recording that took part in the fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedOn {
    pub symbol: String,
    /// Open times of the first and the last bar, ms UTC.
    pub first: i64,
    pub last: i64,
    pub bars: u64,
}

/// What is wrong with a file of regimes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the regimes cannot be used ({what}): fit them again with `kestrel data regimes`")]
pub struct RegimeModelError {
    what: &'static str,
}

impl Default for RegimeModel {
    /// Not fitted: rough figures in the place of a file that cannot be read.
    fn default() -> Self {
        RegimeModel {
            command: String::new(),
            seed: None,
            data: Vec::new(),
            means: [0.0, 0.0],
            deviations: [1.2, 0.4],
            penalty: 100.0,
            centres: [[0.0, -1.0], [0.0, 0.0], [1.5, 0.9], [-1.5, 0.9], [0.0, 1.2]],
        }
    }
}

impl RegimeModel {
    /// Numbers that a tracker can use.
    pub fn check(&self) -> Result<(), RegimeModelError> {
        let numbers = self.means.iter().chain(&self.deviations).chain(self.centres.iter().flatten());
        let is_finite = numbers.chain([&self.penalty]).all(|x| x.is_finite());
        match () {
            () if !is_finite => Err(RegimeModelError { what: "a number is not finite" }),
            () if self.deviations.iter().any(|x| *x <= 0.0) => {
                Err(RegimeModelError { what: "a deviation is not positive" })
            }
            () if self.penalty < 0.0 => Err(RegimeModelError { what: "the penalty is negative" }),
            () => Ok(()),
        }
    }

    pub fn jump_model(&self) -> JumpModel<STATES, FEATURES> {
        JumpModel { centres: self.centres, penalty: self.penalty }
    }

    pub(super) fn standardised(&self, features: &[f64; FEATURES]) -> [f64; FEATURES] {
        std::array::from_fn(|at| ((features[at] - self.means[at]) / self.deviations[at]).clamp(-CLIP, CLIP))
    }
}

/// The measures that the model sees; none during warm-up.
pub fn features(minute: &Minute) -> Option<[f64; FEATURES]> {
    minute.level.map(|level| [minute.drift_8h, level])
}

/// A change of the regime, with what the model saw.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RegimeSwitch {
    pub time: Time,
    /// None at the end of the warm-up.
    pub from: Option<Regime>,
    pub to: Regime,
    /// Drift of eight hours in its deviations; none when a crash began before the warm-up's end.
    pub drift: Option<f64>,
    /// Volatility of two hours over the week's usual (the exponential of the model's measure).
    pub volatility: Option<f64>,
    /// How much dearer it would be to call it what it was, in the model's units; the penalty is the most a single change
    /// must save.
    pub saved: Option<f64>,
}

impl Display for RegimeSwitch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.from {
            Some(from) => write!(f, "regime {from} becomes {}", self.to)?,
            None => write!(f, "regime is {}", self.to)?,
        }
        match (self.drift, self.volatility) {
            (Some(drift), Some(volatility)) => {
                write!(f, ": eight-hour drift {drift:+.1} deviations, volatility {volatility:.1} times the week's")
            }
            (None, _) | (_, None) => Ok(()),
        }
    }
}

/// The regime, bar by bar.
#[derive(Debug, Clone, PartialEq)]
pub struct RegimeTracker {
    means: [f64; FEATURES],
    deviations: [f64; FEATURES],
    tracker: JumpTracker<STATES, FEATURES>,
    /// What the model says, crash or not.
    state: Option<usize>,
    regime: Option<Regime>,
    since: Option<Time>,
}

impl RegimeTracker {
    /// `model` has passed its check.
    pub fn new(model: &RegimeModel) -> RegimeTracker {
        RegimeTracker {
            means: model.means,
            deviations: model.deviations,
            tracker: JumpTracker::new(model.jump_model()),
            state: None,
            regime: None,
            since: None,
        }
    }

    /// Takes a closed bar's measures and whether a crash lasts.
    pub fn update(&mut self, minute: &Minute, is_crash: bool) -> Option<RegimeSwitch> {
        let seen = features(minute);
        let before = self.state;
        if let Some(features) = seen {
            let (means, deviations) = (self.means, self.deviations);
            let x = std::array::from_fn(|at| ((features[at] - means[at]) / deviations[at]).clamp(-CLIP, CLIP));
            self.state = Some(self.tracker.update(&x));
        }
        let named = if is_crash { Some(Regime::Crash) } else { self.state.map(|state| NAMES[state]) };
        let Some(regime) = named else {
            // A crash during the warm-up is over.
            self.regime = None;
            return None;
        };
        let from = self.regime.replace(regime);
        if from == Some(regime) {
            return None;
        }
        self.since = Some(minute.time);
        let costs = self.tracker.costs();
        Some(RegimeSwitch {
            time: minute.time,
            from,
            to: regime,
            drift: seen.map(|features| features[0]),
            volatility: seen.map(|features| features[1].exp()),
            saved: before.filter(|_| !is_crash).map(|state| costs[state]),
        })
    }

    pub fn regime(&self) -> Option<Regime> {
        self.regime
    }

    pub fn since(&self) -> Option<Time> {
        self.since
    }
}

impl StateHash for RegimeTracker {
    fn state_hash(&self, digest: &mut Digest) {
        self.means.iter().chain(&self.deviations).for_each(|x| digest.f64(*x));
        digest.add(&self.tracker);
        digest.u64(self.state.map_or(u64::MAX, |state| state as u64));
        digest.u64(self.regime.map_or(u64::MAX, |regime| regime as u64));
        digest.option(self.since.as_ref());
    }
}
