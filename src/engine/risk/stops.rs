//! Protective prices: the stop below and the target above an entry.
//!
//! Invariant: both are on the tick grid; the stop is rounded down, the target up.
//! Absent on purpose: moving stops (`barriers`, `engine::protection`).

use super::barriers::Distance;
use super::reach::{average_range, hourly_deviation};
use super::settings::StopKind;
use crate::domain::{Digest, Price, Ratio, StateHash, SymbolRules};
use crate::engine::settings::Settings;
use crate::market::BarWindow;

/// A stop or target that was measured stands at least this many costs of a round trip away: nearer ones only pay fees.
const LEAST_ROUND_TRIPS: f64 = 3.0;

/// How far stop and target stand from the entry, as fractions of its price; zero = none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Distances {
    pub stop: Ratio,
    pub target: Ratio,
}

/// Stop and target of a long position; `None` where the setting is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protection {
    pub stop: Option<Price>,
    pub target: Option<Price>,
}

impl Distances {
    /// As a person set them, whatever the market does.
    pub fn percent(settings: &Settings) -> Distances {
        Distances { stop: settings.stop_loss, target: settings.take_profit }
    }

    /// By what the kept bars say of the market now; `None` where `stops` is `percent`, and while too few bars are kept.
    pub fn measured(settings: &Settings, window: &BarWindow) -> Option<Distances> {
        let close = window.back(0)?.close;
        let away = |multiple: Ratio| -> Option<Ratio> {
            let multiple = multiple.to_f64();
            let distance = match settings.risk.stops {
                StopKind::Percent => return None,
                StopKind::Atr => Distance::Ranges { multiple, range: average_range(window)? },
                StopKind::Sigma => Distance::Deviations { multiple, sigma: hourly_deviation(window)?, bars: 1.0 },
            };
            if multiple <= 0.0 {
                return Some(Ratio::ZERO);
            }
            Ratio::from_f64(distance.fraction(close, least_distance(settings)))
        };
        Some(Distances { stop: away(settings.risk.stop_multiple)?, target: away(settings.risk.target_multiple)? })
    }
}

/// The nearest that a measured stop may stand, as a fraction of the price.
pub fn least_distance(settings: &Settings) -> f64 {
    LEAST_ROUND_TRIPS * 2.0 * settings.side_cost.to_f64().max(0.0)
}

impl Protection {
    pub fn at(distances: Distances, rules: &SymbolRules, entry: Price) -> Protection {
        let tick = rules.price.tick;
        let distance = |ratio: Ratio| ratio.is_positive().then(|| ratio.of_price(entry)).flatten();
        let stop = distance(distances.stop).and_then(|d| entry.checked_sub(d)).map(|p| p.floor_to_tick(tick));
        let target = distance(distances.target).and_then(|d| entry.checked_add(d)).map(|p| p.ceil_to_tick(tick));
        Protection { stop: stop.filter(|p| p.is_positive()), target }
    }

    pub fn is_none(&self) -> bool {
        self.stop.is_none() && self.target.is_none()
    }
}

impl StateHash for Distances {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.stop);
        digest.add(&self.target);
    }
}
