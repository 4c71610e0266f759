//! `Member`: trades by the calibrated probability of one model.
//!
//! At each answer it computes what a trade between the model's barriers is worth before costs; where that exceeds a multiple of
//! what a round trip costs it is long, until a barrier or the horizon ends the trade; answers in between change nothing.
//! Invariant: without a finite probability in 0..=1 nothing is begun; what was begun ends by its barriers.
//! Absent on purpose: asking (`engine::eyes`), sizes, the model.
//! Source: the rule "trade only if the forecast exceeds the cost threshold", Lopez de Prado 2018, ch. 3, for the barriers.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Reason;
use crate::domain::{Bar, Digest, StateHash, Time};
use crate::engine::model::{InferOutcome, Meaning, ModelSlot, Payoffs};
use crate::engine::settings::Settings;
use crate::market::BarWindow;
use crate::market::barriers::{BarrierMeter, Barriers, Fence};

#[derive(Debug, Clone)]
pub struct Member {
    slot: ModelSlot,
    /// Where a model of probabilities fills the slot.
    terms: Option<(Barriers, Payoffs)>,
    meter: BarrierMeter,
    /// Least edge as a fraction: the multiple of a round trip's cost.
    needed: f64,
    forecast: Option<Forecast>,
    trade: Option<Fence>,
    trouble: Option<Trouble>,
}

/// The newest usable answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecast {
    pub probability: f64,
    /// What a trade is worth before costs, as a fraction of its entry.
    pub edge: f64,
    /// Open time of the bar after which it was asked.
    pub bar: Time,
}

/// Why there is no answer to trade by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// NaN or infinite.
    NotFinite,
    /// A number that is no probability.
    NoProbability,
    /// A number outside of -1 to 1.
    NoExposure,
    Late,
    Unavailable,
}

impl Member {
    pub fn new(slot: ModelSlot, settings: &Settings) -> Member {
        Member {
            slot,
            terms: settings.models.get(slot).and_then(|spec| match spec.meaning {
                Meaning::Probability { barriers, payoffs } => Some((barriers, payoffs)),
                Meaning::Exposure { .. } => None,
            }),
            meter: BarrierMeter::new(),
            needed: settings.edge_multiple.to_f64() * 2.0 * settings.side_cost.to_f64(),
            forecast: None,
            trade: None,
            trouble: None,
        }
    }

    pub fn slot(&self) -> ModelSlot {
        self.slot
    }

    pub fn update(&mut self, window: &BarWindow) {
        let Some(bar) = window.back(0) else { return };
        self.meter.take(bar);
        if self.trade.as_mut().is_some_and(|trade| trade.take(bar).is_some()) {
            self.trade = None;
        }
    }

    /// Takes the answer to what was asked after this bar.
    pub fn hear(&mut self, outcome: &InferOutcome, bar: &Bar) {
        let Some((barriers, payoffs)) = self.terms else { return };
        let probability = match outcome {
            InferOutcome::Value(value) if !value.is_finite() => Err(Trouble::NotFinite),
            InferOutcome::Value(value) if !(0.0..=1.0).contains(value) => Err(Trouble::NoProbability),
            InferOutcome::Value(value) => Ok(f64::from(*value)),
            InferOutcome::NotFinite => Err(Trouble::NotFinite),
            InferOutcome::Skipped => Err(Trouble::Late),
            InferOutcome::Unavailable { .. } => Err(Trouble::Unavailable),
        };
        self.trouble = probability.err();
        let Ok(probability) = probability else { return };
        let width = barriers.width(self.meter.deviation());
        let edge = payoffs.edge(probability, width);
        self.forecast = Some(Forecast { probability, edge, bar: bar.open_time });
        if self.trade.is_none() && edge > self.needed {
            self.trade = Some(barriers.fence(bar.close, width));
        }
    }

    #[inline]
    pub fn target(&self) -> f64 {
        if self.trade.is_some() { 1.0 } else { 0.0 }
    }

    pub fn reason(&self) -> Reason {
        let (slot, needed) = (self.slot, self.needed);
        match (self.terms, self.trouble, self.forecast) {
            (None, _, _) => Reason::NoModel { slot },
            (Some(_), Some(trouble), _) => Reason::Mute { slot, trouble },
            (Some(_), None, None) => Reason::NotAsked { slot },
            (Some(_), None, Some(Forecast { probability, edge, .. })) => {
                Reason::Forecast { slot, probability, edge, needed, trading: self.trade.is_some() }
            }
        }
    }

    pub fn forecast(&self) -> Option<Forecast> {
        self.forecast
    }

    /// Least edge before costs that it trades by, as a fraction.
    pub fn needed(&self) -> f64 {
        self.needed
    }

    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble
    }
}

/// Completes a sentence that begins with the model.
impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Trouble::NotFinite => "its output is no finite number, so it does not trade",
            Trouble::NoProbability => "its output is no probability, so it does not trade",
            Trouble::NoExposure => "its output is no exposure, so it does not trade",
            Trouble::Late => "it did not answer in time",
            Trouble::Unavailable => "it cannot be run",
        })
    }
}

impl StateHash for Member {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.meter);
        digest.f64(self.needed);
        let forecast = self.forecast.map_or([0.0; 2], |forecast| [forecast.probability, forecast.edge]);
        forecast.into_iter().for_each(|number| digest.f64(number));
        digest.option(self.trade.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Price, Ratio, Span};
    use crate::engine::model::ModelSpec;
    use crate::engine::settings::tests::settings;

    fn spec() -> ModelSpec {
        ModelSpec {
            name: "test".to_owned(),
            digest: 1,
            schema: crate::market::features::Schema::ohlcv().hash(),
            rows: 1,
            every_minutes: 5,
            meaning: Meaning::Probability {
                barriers: Barriers { horizon_minutes: 60, deviations: 1.0, least_width: 0.01 },
                payoffs: Payoffs { win: 1.0, loss: -1.0 },
            },
        }
    }

    fn member() -> Member {
        let mut settings = settings();
        settings.edge_multiple = Ratio::from_raw(150_000_000);
        settings.models.set(ModelSlot::Trees, Some(spec()));
        Member::new(ModelSlot::Trees, &settings)
    }

    fn bar(minute: i64, close: f64) -> Bar {
        Bar { open_time: Time(minute * Span::MINUTE.0), open: close, high: close, low: close, close, volume: 1.0 }
    }

    fn see(member: &mut Member, window: &mut BarWindow, minute: i64, close: f64) {
        window.push(bar(minute, close), Price::from_f64(close).expect("a price"));
        member.update(window);
    }

    #[test]
    fn it_trades_only_where_the_edge_exceeds_the_multiple_of_the_cost_and_leaves_by_its_barriers() {
        let (mut member, mut window) = (member(), BarWindow::default());
        see(&mut member, &mut window, 0, 100.0);
        // A round trip costs 0.21 %; with barriers 1 % away a chance of 65 % is worth 0.3 %, less than 0.315 %.
        member.hear(&InferOutcome::Value(0.65), &bar(0, 100.0));
        assert_eq!(member.target(), 0.0);
        member.hear(&InferOutcome::Value(0.66), &bar(0, 100.0));
        assert_eq!(member.target(), 1.0);
        see(&mut member, &mut window, 1, 100.5);
        assert_eq!(member.target(), 1.0);
        see(&mut member, &mut window, 2, 101.1);
        assert_eq!(member.target(), 0.0, "the upper barrier ends it");
    }

    #[test]
    fn what_is_no_probability_begins_nothing_and_what_was_begun_goes_on() {
        for outcome in [
            InferOutcome::Value(f32::NAN),
            InferOutcome::Value(f32::INFINITY),
            InferOutcome::Value(1.5),
            InferOutcome::NotFinite,
            InferOutcome::Skipped,
            InferOutcome::Unavailable { why: String::new() },
        ] {
            let (mut member, mut window) = (member(), BarWindow::default());
            see(&mut member, &mut window, 0, 100.0);
            member.hear(&outcome, &bar(0, 100.0));
            assert_eq!(member.target(), 0.0, "{outcome:?}");
            assert!(matches!(member.reason(), Reason::Mute { .. }));
            member.hear(&InferOutcome::Value(0.9), &bar(0, 100.0));
            member.hear(&outcome, &bar(0, 100.0));
            assert_eq!(member.target(), 1.0, "{outcome:?}");
            for minute in 1..=60 {
                see(&mut member, &mut window, minute, 100.0);
            }
            assert_eq!(member.target(), 0.0, "the horizon ends it");
        }
    }
}
