//! `ExecutionReport`: what carrying orders out came to, over a whole run, and what was switched and halted meanwhile.
//!
//! Invariant: shortfalls are means weighted by what was traded, without fees, positive where they cost.
//! Absent on purpose: single parent orders (`Notice::Executed`, `kestrel explain`).

use std::collections::BTreeMap;

use serde::Serialize;

use crate::engine::Notice;
use crate::engine::execution::Progress;
use crate::engine::risk::shock::ShockChange;

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ExecutionReport {
    /// Parent orders that are over.
    pub parents: u64,
    /// Orders that they sent, and how often one followed the price.
    pub children: u64,
    pub reprices: u64,
    /// Parents by the style in which they ended.
    pub styles: BTreeMap<&'static str, u64>,
    /// Share of the traded notional that rested at the venue first.
    pub rested: Option<f64>,
    /// Basis points against the middle at the decision, the time-weighted and the volume-weighted price of the order's time.
    pub against_arrival: Option<f64>,
    pub against_twap: Option<f64>,
    pub against_vwap: Option<f64>,
    /// Changes of regime by which strategies were switched.
    pub switches: u64,
    /// Halts by shocks, and returns to full size.
    pub halts: u64,
    pub resumptions: u64,
    #[serde(skip)]
    sums: Sums,
}

/// Notional, and sums of it times what its name says.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Sums {
    notional: f64,
    rested: f64,
    arrival: Mean,
    twap: Mean,
    vwap: Mean,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Mean {
    sum: f64,
    weight: f64,
}

impl ExecutionReport {
    pub fn take(&mut self, notice: &Notice) {
        if let Notice::Executed { execution } = notice {
            self.executed(execution);
        }
        if let Notice::Switched { .. } = notice {
            self.switches += 1;
        }
        if let Notice::Shock { change, .. } = notice {
            match change {
                ShockChange::Halted(_) => self.halts += 1,
                ShockChange::FullSize | ShockChange::FullByHand => self.resumptions += 1,
                ShockChange::HalfSize | ShockChange::HalfByHand => {}
            }
        }
    }

    /// True where there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.parents == 0 && self.switches == 0 && self.halts == 0
    }

    fn executed(&mut self, execution: &Progress) {
        self.parents += 1;
        self.children += u64::from(execution.sent);
        self.reprices += u64::from(execution.reprices);
        *self.styles.entry(execution.style.as_str()).or_default() += 1;
        let Some(average) = execution.average else { return };
        let notional = execution.filled.to_f64() * average;
        let sums = &mut self.sums;
        sums.notional += notional;
        sums.rested += execution.made.to_f64() * average;
        sums.arrival.add(execution.against_arrival, notional);
        sums.twap.add(execution.against_twap, notional);
        sums.vwap.add(execution.against_vwap, notional);
        self.rested = (sums.notional > 0.0).then(|| sums.rested / sums.notional);
        self.against_arrival = sums.arrival.value();
        self.against_twap = sums.twap.value();
        self.against_vwap = sums.vwap.value();
    }
}

impl Mean {
    fn add(&mut self, value: Option<f64>, weight: f64) {
        if let Some(value) = value {
            self.sum += value * weight;
            self.weight += weight;
        }
    }

    fn value(self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}
