//! `Frictions`: what trading meets besides fees, each a small named model with its parameters.
//!
//! Invariant: frictions move prices and fills, never bookings; the ledger knows only what a venue would report. What is
//! off changes nothing.
//! Absent on purpose: fees (`fees`), which are booked, and the queue of recorded books (`queue`, `fill_survey`), which bars do
//! not show.

use serde::Serialize;

use crate::domain::fixed::SCALE;
use crate::domain::{OrderKind, Price, Quantity, Ratio, Span};

use super::impact::{Day, SquareRootImpact};
use super::latency::Latency;
use super::markout::Markout;
use super::participation::Participation;

/// One set for backtest, training, demo and paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frictions {
    /// Distance of best bid and best ask from the price, as a fraction of it.
    pub half_spread: Ratio,
    pub impact: Option<SquareRootImpact>,
    pub participation: Option<Participation>,
    pub markout: Markout,
    pub latency: Latency,
}

/// One friction in words, for reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assumption {
    pub name: &'static str,
    /// `none` where it is off.
    pub parameters: String,
    pub source: &'static str,
}

impl Frictions {
    pub const NONE: Frictions = Frictions::spread(Ratio::ZERO);

    /// A spread and nothing else.
    pub const fn spread(half_spread: Ratio) -> Frictions {
        Frictions {
            half_spread,
            impact: None,
            participation: None,
            markout: Markout(Ratio::ZERO),
            latency: Latency(Span::ZERO),
        }
    }

    /// The same with each parameter inside its range.
    pub fn clamped(self) -> Frictions {
        let share = |ratio: Ratio| ratio.clamp(Ratio::ZERO, Ratio::ONE);
        Frictions {
            half_spread: share(self.half_spread),
            impact: self.impact.filter(|impact| impact.coefficient.is_positive()),
            participation: self.participation.map(|part| Participation { share: share(part.share), ..part }),
            markout: self.markout.clamped(),
            latency: self.latency,
        }
    }

    /// True when a model must know what a bar traded.
    #[inline]
    pub(super) fn needs_volume(&self) -> bool {
        self.impact.is_some() || self.participation.is_some()
    }

    /// Every friction with all its parameters, whether on or off.
    pub fn describe(&self) -> Vec<Assumption> {
        let percent = |ratio: Ratio| format!("{} % of the price", shortest(ratio.to_f64() * 100.0));
        let on = |is_on: bool, text: String| if is_on { text } else { "none".to_owned() };
        let impact = self.impact.map_or_else(|| "none".to_owned(), |impact| impact.to_string());
        let participation = self.participation.map(|part| {
            let share = shortest(part.share.to_f64() * 100.0);
            format!("at most {share} % of the minute's volume; the rest {}", part.rest.as_str())
        });
        vec![
            Assumption {
                name: "half spread",
                parameters: on(self.half_spread.is_positive(), percent(self.half_spread)),
                source: "stated",
            },
            Assumption {
                name: "square-root impact",
                parameters: impact,
                source: "Almgren et al. 2005; Toth et al. 2011; Donier and Bonart 2015",
            },
            Assumption {
                name: "participation",
                parameters: participation.unwrap_or_else(|| "none".to_owned()),
                source: "volume limit of bar simulators (zipline)",
            },
            Assumption {
                name: "markout",
                parameters: on(
                    self.markout.0.is_positive(),
                    format!("the path must pass a limit by {}", percent(self.markout.0)),
                ),
                source: "arXiv 2407.16527, 2409.12721",
            },
            Assumption {
                name: "latency",
                parameters: on(self.latency.is_on(), format!("{} ms to the book", self.latency.0.millis())),
                source: "stated",
            },
        ]
    }
}

impl std::fmt::Display for SquareRootImpact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "2/3 x {} x sigma x (Q / V)^1/2, ", shortest(self.coefficient.to_f64()))?;
        match self.day {
            Day::Stated { volatility, volume } => {
                let (sigma, volume) = (shortest(volatility.to_f64() * 100.0), shortest(volume.to_f64()));
                write!(f, "sigma {sigma} % and V {volume} a day")
            }
            Day::Trailing { minutes } => write!(f, "sigma and V of the last {minutes} minutes, scaled to a day"),
        }
    }
}

/// A number without the dust of binary fractions.
fn shortest(x: f64) -> f64 {
    (x * 1e6).round() / 1e6
}

/// What an order trades as far as its size matters for its price: an amount counts at the price of the path.
pub(super) fn size(kind: OrderKind, price: Price) -> Quantity {
    match kind {
        OrderKind::MarketQuote { amount } => {
            let raw = i128::from(amount.raw()) * i128::from(SCALE) / i128::from(price.raw().max(1));
            Quantity::from_raw(i64::try_from(raw).unwrap_or(i64::MAX))
        }
        OrderKind::Market { quantity }
        | OrderKind::Limit { quantity, .. }
        | OrderKind::LimitMaker { quantity, .. }
        | OrderKind::StopLoss { quantity, .. }
        | OrderKind::TakeProfit { quantity, .. } => quantity,
    }
}
