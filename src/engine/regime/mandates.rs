//! `Mandates`: which strategies may trade in which regime, each with its prior.
//!
//! Invariant: flat may trade in every regime; a prior lies in 0..=1, and zero forbids.
//! Absent on purpose: telling the regime (`market::regime`), and weights, which are learnt (`ensemble`).

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, Error};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::domain::{Digest, Ratio, StateHash};
use crate::engine::settings::StrategyName;
use crate::market::regime::Regime;

/// Strategies that can be members of the council.
pub const EXPERTS: usize = StrategyName::EXPERTS.len();

/// A row of the table: priors in the order of `StrategyName::EXPERTS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mandate(pub [Ratio; EXPERTS]);

/// In the order of `Regime::ALL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mandates(pub [Mandate; Regime::ALL.len()]);

impl Mandate {
    /// Flat alone.
    pub const FLAT: Mandate = Mandate([Ratio::ZERO; EXPERTS]).with_flat();

    const fn with_flat(mut self) -> Mandate {
        self.0[FLAT] = Ratio::ONE;
        self
    }

    pub fn prior(&self, strategy: StrategyName) -> Ratio {
        place(strategy).map_or(Ratio::ZERO, |at| self.0[at])
    }

    /// The same with another prior for one strategy; one that is no expert changes nothing.
    pub fn with(mut self, strategy: StrategyName, prior: Ratio) -> Mandate {
        if let Some(at) = place(strategy) {
            self.0[at] = prior;
        }
        self
    }

    /// Strategies that may trade besides flat.
    pub fn allowed(&self) -> impl Iterator<Item = (StrategyName, Ratio)> {
        let all = StrategyName::EXPERTS.into_iter().zip(self.0);
        all.filter(|(name, prior)| *name != StrategyName::Flat && prior.is_positive())
    }

    pub fn priors(&self) -> [f64; EXPERTS] {
        self.0.map(|prior| prior.to_f64())
    }
}

const FLAT: usize = EXPERTS - 1;

fn place(strategy: StrategyName) -> Option<usize> {
    StrategyName::EXPERTS.into_iter().position(|name| name == strategy)
}

impl Mandates {
    /// True when the strategy may speak in some regime.
    pub fn allow(&self, strategy: StrategyName) -> bool {
        self.0.iter().any(|mandate| mandate.prior(strategy).is_positive())
    }

    pub fn of(&self, regime: Regime) -> Mandate {
        self.0[regime as usize]
    }
}

impl Default for Mandates {
    /// Flat everywhere.
    fn default() -> Self {
        Mandates([Mandate::FLAT; Regime::ALL.len()])
    }
}

/// As `config.json` states it: an object of regimes, each an object of strategies and their priors.
type Table = BTreeMap<Regime, BTreeMap<StrategyName, f64>>;

impl Serialize for Mandates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = |mandate: Mandate| {
            let flat = (StrategyName::Flat, mandate.prior(StrategyName::Flat));
            mandate.allowed().chain([flat]).map(|(name, prior)| (name, prior.to_f64())).collect()
        };
        let table: Table = Regime::ALL.into_iter().map(|regime| (regime, row(self.of(regime)))).collect();
        table.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Mandates {
    /// What is not named may not trade; flat always may, with prior 1 where none is stated.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Mandates, D::Error> {
        let mut mandates = Mandates::default();
        for (regime, row) in Table::deserialize(deserializer)? {
            let mandate = &mut mandates.0[regime as usize];
            for (name, prior) in row {
                let in_range = Some(prior).filter(|prior| (0.0..=1.0).contains(prior)).and_then(Ratio::from_f64);
                let place = place(name).zip(in_range).filter(|(at, ratio)| *at != FLAT || ratio.is_positive());
                let Some((at, ratio)) = place else {
                    let (regime, name) = (regime.name(), name.as_str());
                    return Err(D::Error::custom(match name {
                        "auto" => format!("`{regime}` names `auto`, which is no single strategy"),
                        "flat" => format!("the prior of `flat` in `{regime}` is {prior}, allowed is above 0 to 1"),
                        _ => format!("the prior of `{name}` in `{regime}` is {prior}, allowed is 0 to 1"),
                    }));
                };
                mandate.0[at] = ratio;
            }
        }
        Ok(mandates)
    }
}

/// Completes a sentence that begins with the regime.
impl fmt::Display for Mandate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = false;
        for (name, prior) in self.allowed() {
            write!(f, "{}{} ({:.2})", if told { ", " } else { "may trade: " }, name.as_str(), prior.to_f64())?;
            told = true;
        }
        if told { Ok(()) } else { write!(f, "nobody may trade but flat") }
    }
}

impl StateHash for Mandates {
    fn state_hash(&self, digest: &mut Digest) {
        for mandate in &self.0 {
            mandate.0.iter().for_each(|prior| digest.add(prior));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_stands_last_and_is_what_a_mandate_begins_with() {
        assert_eq!(StrategyName::EXPERTS[FLAT], StrategyName::Flat);
        assert_eq!(Mandate::FLAT.allowed().count(), 0);
        assert_eq!(Mandate::FLAT.prior(StrategyName::Flat), Ratio::ONE);
        let trend = Mandate::FLAT.with(StrategyName::Trend, Ratio::ONE).with(StrategyName::Auto, Ratio::ONE);
        assert_eq!(trend.allowed().collect::<Vec<_>>(), [(StrategyName::Trend, Ratio::ONE)]);
    }
}
