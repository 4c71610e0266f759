//! `Tally`: what a parent's fills came to, beside what the market did meanwhile; `Progress` shows it.
//!
//! Invariant: sums of fills are exact; a shortfall is positive where it costs, on both sides.
//! Absent on purpose: fees, which the account books, and opportunity, which is known at the end (`performance::shortfall`).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::{Digest, Price, Quantity, Side, Span, StateHash, SymbolId, Time, Value};

use super::child::ChildState;
use super::cost::Style;
use super::parent::Ending;
use super::view::View;

/// A part of a child that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    pub price: Price,
    pub quantity: Quantity,
    pub is_maker: bool,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tally {
    pub done: Quantity,
    pub notional: Value,
    /// Of what is done, what rested.
    pub made: Quantity,
    /// Time times price and its time, volume times price and its volume: benchmarks of the time so far.
    timed: (f64, f64),
    traded: (f64, f64),
    last: Option<(Time, f64, f64)>,
}

/// A parent for people: screen, reports and the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    pub symbol: SymbolId,
    pub side: Side,
    pub style: Style,
    pub is_adaptive: bool,
    pub total: Quantity,
    pub filled: Quantity,
    /// Of what is filled, what rested.
    pub made: Quantity,
    /// Children sent, and slices of the plan.
    pub sent: u32,
    pub planned: u32,
    pub reprices: u32,
    pub arrival: Price,
    pub average: Option<f64>,
    /// Basis points paid against each benchmark so far, without fees.
    pub against_arrival: Option<f64>,
    pub against_twap: Option<f64>,
    pub against_vwap: Option<f64>,
    /// Expected when the style was chosen, with fees, in basis points.
    pub expected: f64,
    pub child: Option<ChildShown>,
    pub started: Time,
    pub horizon: Span,
    pub wake: Option<Time>,
    pub ending: Option<Ending>,
}

/// The child of the moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChildShown {
    pub state: ChildState,
    pub price: Option<Price>,
    pub quantity: Quantity,
    pub filled: Quantity,
    pub sent: Time,
}

impl Tally {
    pub fn add(&mut self, fill: Fill) {
        self.done = self.done.saturating_add(fill.quantity);
        self.notional = Value(self.notional.0.saturating_add(Value::of(fill.price, fill.quantity).0));
        if fill.is_maker {
            self.made = self.made.saturating_add(fill.quantity);
        }
    }

    /// The price stood since the last look; what traded since then traded at the middle of then and now.
    pub fn look(&mut self, now: Time, view: &View<'_>) {
        let middle = view.middle();
        if let Some((time, price, volume)) = self.last {
            let (passed, traded) = (now.since(time).0.max(0) as f64, (view.volume - volume).max(0.0));
            self.timed = (self.timed.0 + passed * price, self.timed.1 + passed);
            self.traded = (self.traded.0 + traded * f64::midpoint(price, middle), self.traded.1 + traded);
        }
        self.last = Some((now, middle, view.volume));
    }

    pub fn average(&self) -> Option<f64> {
        self.done.is_positive().then(|| self.notional.to_f64() / self.done.to_f64())
    }

    /// The time-weighted price since the start.
    pub fn twap(&self) -> Option<f64> {
        (self.timed.1 > 0.0).then(|| self.timed.0 / self.timed.1)
    }

    /// The volume-weighted price since the start.
    pub fn vwap(&self) -> Option<f64> {
        (self.traded.1 > 0.0).then(|| self.traded.0 / self.traded.1)
    }

    /// Basis points paid against a price.
    pub fn against(&self, side: Side, price: Option<f64>) -> Option<f64> {
        let sign = match side {
            Side::Buy => 1.0,
            Side::Sell => -1.0,
        };
        Some(sign * (self.average()? / price? - 1.0) * 1e4)
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (side, style) = (self.side.as_str(), self.style.as_str());
        write!(f, "{side} {} of {} in style {style}, {} sent", self.filled, self.total, self.sent)?;
        if let Some(average) = self.average {
            write!(f, ", average {average:.4}, arrival {}", self.arrival)?;
        }
        if let Some(shortfall) = self.against_arrival {
            write!(f, ", shortfall {shortfall:+.2} bps")?;
        }
        match self.ending {
            Some(ending) => write!(f, "; {ending}"),
            None => Ok(()),
        }
    }
}

impl StateHash for Tally {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.done);
        digest.add(&self.notional);
        digest.add(&self.made);
    }
}
