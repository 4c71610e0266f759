//! `Standing`: the result beside what anybody had without skill, for scripts and for people.
//!
//! Ratios are fractions; what is undefined is null. Field names are a contract with other people's scripts.
//! Invariant: every field stands in the JSON of every standing.
//! Absent on purpose: the baselines themselves (`performance::baselines`).

use serde::Serialize;

use super::summary::percent;
use crate::performance::baselines::Baseline;
use crate::performance::{Baselines, Hidden};

/// The object under the key `baselines` of a summary.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    pub flat: Option<Line>,
    pub buy_and_hold: Option<Line>,
    pub volatility_target: Option<Line>,
    pub random: Option<Among>,
    /// Why there are no random traders.
    #[serde(skip)]
    hidden: Option<Hidden>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Line {
    #[serde(rename = "return")]
    pub total_return: Option<f64>,
    /// At closes of bars; zero or negative.
    pub max_drawdown: f64,
    /// Daily x sqrt(365); null under 30 days.
    pub sharpe: Option<f64>,
    /// Traded notional / starting capital.
    pub turnover: f64,
}

/// Total returns of traders that made the same trades at random moments.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Among {
    pub traders: u64,
    /// Share of them that did worse, from 0 to 1.
    pub percentile: f64,
    /// The return that 5 % stay below, the middle one, and the one that 5 % exceed.
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

impl Standing {
    pub fn of(baselines: &Baselines) -> Standing {
        let random = baselines.random.as_ref().map(|random| Among {
            traders: random.returns.len() as u64,
            percentile: random.percentile,
            low: random.low,
            median: random.median,
            high: random.high,
        });
        Standing {
            flat: line(&baselines.flat),
            buy_and_hold: line(&baselines.buy_and_hold),
            volatility_target: line(&baselines.volatility_target),
            hidden: random.as_ref().err().map(|hidden| **hidden),
            random: random.ok(),
        }
    }

    /// For people: name and sentence, one row each.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let percent = |fraction: f64| percent(Some(fraction));
        let row = |line: &Option<Line>| match line {
            Some(Line { total_return: Some(total), max_drawdown, .. }) => {
                format!("{} (max drawdown {})", percent(*total), percent(*max_drawdown))
            }
            Some(Line { total_return: None, .. }) | None => "undefined".to_owned(),
        };
        let random = match (&self.random, self.hidden) {
            (Some(random), _) => format!(
                "better than {:.1} % of {} (middle {}, nine of ten from {} to {})",
                random.percentile * 100.0,
                random.traders,
                percent(random.median),
                percent(random.low),
                percent(random.high)
            ),
            (None, Some(hidden)) => format!("undefined: {hidden}"),
            (None, None) => "undefined".to_owned(),
        };
        vec![
            ("flat", row(&self.flat)),
            ("buy and hold", row(&self.buy_and_hold)),
            ("hold at steady risk", row(&self.volatility_target)),
            ("random traders", random),
        ]
    }
}

fn line(baseline: &Result<Baseline, Hidden>) -> Option<Line> {
    let Baseline { equity, turnover } = baseline.as_ref().ok()?;
    let value = |shown: crate::performance::Shown| shown.ok().map(|figure| figure.value);
    Some(Line {
        total_return: value(equity.total_return),
        max_drawdown: equity.max_drawdown,
        sharpe: value(equity.daily.sharpe),
        turnover: *turnover,
    })
}
