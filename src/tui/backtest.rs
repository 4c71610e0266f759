//! `Backtest`: what a backtest from the screen would test, how far it is, and what it came to.
//!
//! Invariant: values only; a result carries the plan it was made by, so that figures of other settings can be told apart.
//! Absent on purpose: running it (`app`) and drawing it (`view`).

use std::sync::Arc;

use super::vitals::Market;
use crate::domain::{Money, Ratio, Seed, Symbol, Time, Value};
use crate::engine::Settings;
use crate::performance::{Hidden, Shown};

/// Minutes that a generated market can be tested over, a symbol: a week, a month, a quarter, a year, four years.
pub const LENGTHS: [u64; 5] = [10_080, 44_640, 131_040, 525_600, 2_102_400];
/// Place of the month, which is where a person begins.
pub const MONTH: usize = 1;

#[derive(Debug, Clone, PartialEq)]
pub struct Backtest {
    pub plan: Plan,
    pub stage: Stage,
}

/// The settings in force and what they would run over.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub settings: Settings,
    pub symbols: Vec<Symbol>,
    /// The quote currency.
    pub quote: String,
    /// At the start, in quote currency.
    pub capital: Money,
    pub charges: Charges,
    pub ground: Ground,
}

/// What trading costs in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Charges {
    pub maker: Ratio,
    pub taker: Ratio,
    pub half_spread: Ratio,
    /// Coefficient of the square-root impact; `None` when there is none.
    pub impact: Option<Ratio>,
    pub latency_ms: u32,
}

/// The bars.
#[derive(Debug, Clone, PartialEq)]
pub enum Ground {
    /// As long as the person chooses.
    Generated { seed: Seed },
    /// The run's own recording, cut as the run cuts it; bars of all symbols together.
    Recorded { market: Market, bars: u64 },
}

#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    Idle,
    Running(Pace),
    Finished {
        tested: Arc<Tested>,
        page: Page,
    },
    /// The sentence says why.
    Failed(String),
    Cancelled,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Bars of all symbols together.
    pub done: u64,
    pub total: u64,
    pub bars_a_second: Option<u64>,
    pub seconds_left: Option<u64>,
    /// All bars are done; figures and baselines are computed.
    pub measuring: bool,
}

/// The report of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    None,
    Writing,
    /// Where it lies, and whether the desktop was asked to open it.
    Written {
        path: String,
        opened: bool,
    },
    /// The sentence says why.
    Failed(String),
}

/// What it came to. Money in quote currency, ratios as fractions.
#[derive(Debug, Clone, PartialEq)]
pub struct Tested {
    pub plan: Plan,
    pub bars: u64,
    pub first: Option<Time>,
    pub last: Option<Time>,
    pub equity: Value,
    pub strategy: Figures,
    pub flat: Result<Figures, Hidden>,
    pub buy_and_hold: Result<Figures, Hidden>,
    /// Closed round trips.
    pub trades: u64,
    pub win_rate: Option<f64>,
    pub fees: Value,
    pub state_hash: u64,
    pub seconds: f64,
}

/// One line of equity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    pub total_return: Shown,
    /// At closes of bars; zero or negative.
    pub max_drawdown: f64,
    /// Daily x sqrt(365).
    pub sharpe: Shown,
}

impl Plan {
    /// Bars of all symbols together, for this place in [`LENGTHS`].
    pub fn bars(&self, length: usize) -> u64 {
        match &self.ground {
            Ground::Generated { .. } => {
                LENGTHS.get(length).copied().unwrap_or_default().saturating_mul(self.symbols.len() as u64)
            }
            Ground::Recorded { bars, .. } => *bars,
        }
    }

    pub fn is_generated(&self) -> bool {
        match self.ground {
            Ground::Generated { .. } => true,
            Ground::Recorded { .. } => false,
        }
    }
}

impl Stage {
    pub fn pace(&self) -> Option<Pace> {
        match self {
            Stage::Running(pace) => Some(*pace),
            Stage::Idle | Stage::Finished { .. } | Stage::Failed(_) | Stage::Cancelled => None,
        }
    }

    pub fn tested(&self) -> Option<&Tested> {
        match self {
            Stage::Finished { tested, .. } => Some(tested),
            Stage::Idle | Stage::Running(_) | Stage::Failed(_) | Stage::Cancelled => None,
        }
    }
}

impl Pace {
    /// After so many seconds.
    pub fn of(done: u64, total: u64, seconds: f64, measuring: bool) -> Pace {
        let rate = (seconds > 0.0 && done > 0).then(|| done as f64 / seconds);
        let left = rate.map(|rate| (total.saturating_sub(done) as f64 / rate).ceil() as u64);
        Pace { done, total, bars_a_second: rate.map(|rate| rate as u64), seconds_left: left, measuring }
    }

    /// From 0 to 1.
    pub fn share(&self) -> f64 {
        if self.total == 0 { 0.0 } else { (self.done as f64 / self.total as f64).clamp(0.0, 1.0) }
    }

    /// "43", never 100 before the end.
    pub fn percent(&self) -> String {
        format!("{}", (self.share() * 100.0).floor().min(99.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_tells_what_is_left_and_nothing_before_the_first_bar() {
        let pace = Pace::of(250, 1_000, 0.5, false);
        assert_eq!((pace.bars_a_second, pace.seconds_left, pace.percent()), (Some(500), Some(2), "25".to_owned()));
        let begun = Pace::of(0, 1_000, 0.5, false);
        assert_eq!((begun.bars_a_second, begun.seconds_left, begun.percent()), (None, None, "0".to_owned()));
        assert_eq!(Pace::of(0, 0, 0.0, false).share(), 0.0);
        assert_eq!(Pace::of(1_000, 1_000, 1.0, true).percent(), "99");
    }
}
