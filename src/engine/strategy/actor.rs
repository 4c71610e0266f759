//! `Actor`: holds the exposure that one model asks for.
//!
//! The model sees the market and its own standing (`engine::standing`) and answers the exposure itself; what it wants below
//! 0 is nothing on spot. Between two answers the exposure stands.
//! Invariant: what is no finite number in -1..=1 changes nothing; a model that stays silent for long holds nothing.
//! Absent on purpose: asking (`engine::eyes`), the no-trade band, which stands once, at the desk.

use super::Reason;
use super::member::Trouble;
use crate::domain::{Digest, StateHash, Time};
use crate::engine::model::{InferOutcome, ModelSlot};
use crate::engine::settings::Settings;
use crate::market::BarWindow;

/// Decisions without an answer after which nothing is held any more.
const MOST_SILENT: i64 = 4;

#[derive(Debug, Clone)]
pub struct Actor {
    slot: ModelSlot,
    /// Minutes between two questions; `None` where nothing fills the slot.
    every_minutes: Option<i64>,
    /// `ModelSpec::digest`.
    model: Option<u64>,
    wanted: Option<Wanted>,
    trouble: Option<Trouble>,
}

/// The newest usable answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// -1 to 1.
    pub exposure: f64,
    /// Open time of the bar after which it was asked.
    pub bar: Time,
}

impl Actor {
    pub fn new(slot: ModelSlot, settings: &Settings) -> Actor {
        let spec = settings.models.get(slot);
        let every_minutes = spec.map(|spec| i64::from(spec.every_minutes));
        Actor { slot, every_minutes, model: spec.map(|spec| spec.digest), wanted: None, trouble: None }
    }

    /// What the same model asked for before a change of other settings still stands.
    pub fn inherit(&mut self, before: &Actor) {
        if (self.slot, self.model) == (before.slot, before.model) {
            (self.wanted, self.trouble) = (before.wanted, before.trouble);
        }
    }

    pub fn slot(&self) -> ModelSlot {
        self.slot
    }

    /// Forgets an answer that has become too old.
    #[inline]
    pub fn update(&mut self, window: &BarWindow) {
        let (Some(wanted), Some(every), Some(bar)) = (self.wanted, self.every_minutes, window.back(0)) else { return };
        let minutes = bar.open_time.since(wanted.bar).0 / crate::domain::Span::MINUTE.0;
        if minutes >= MOST_SILENT * every.max(1) {
            self.wanted = None;
            self.trouble = Some(Trouble::Late);
        }
    }

    /// Takes the answer to what was asked after the bar that opened then.
    pub fn hear(&mut self, outcome: &InferOutcome, bar: Time) {
        let exposure = match outcome {
            InferOutcome::Value(value) if !value.is_finite() => Err(Trouble::NotFinite),
            InferOutcome::Value(value) if !(-1.0..=1.0).contains(value) => Err(Trouble::NoExposure),
            InferOutcome::Value(value) => Ok(f64::from(*value)),
            InferOutcome::NotFinite => Err(Trouble::NotFinite),
            InferOutcome::Skipped => Err(Trouble::Late),
            InferOutcome::Unavailable { .. } => Err(Trouble::Unavailable),
        };
        self.trouble = exposure.err();
        if let Ok(exposure) = exposure {
            self.wanted = Some(Wanted { exposure, bar });
        }
    }

    #[inline]
    pub fn target(&self) -> f64 {
        self.wanted.map_or(0.0, |wanted| wanted.exposure)
    }

    pub fn reason(&self) -> Reason {
        let slot = self.slot;
        match (self.every_minutes, self.trouble, self.wanted) {
            (None, _, _) => Reason::NoModel { slot },
            (Some(_), Some(trouble), _) => Reason::Mute { slot, trouble },
            (Some(_), None, None) => Reason::NotAsked { slot },
            (Some(_), None, Some(Wanted { exposure, .. })) => Reason::Wants { slot, exposure },
        }
    }

    pub fn wanted(&self) -> Option<Wanted> {
        self.wanted
    }

    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble
    }
}

impl StateHash for Actor {
    fn state_hash(&self, digest: &mut Digest) {
        digest.f64(self.target());
        digest.option(self.wanted.map(|wanted| wanted.bar).as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Bar, Price, Span};
    use crate::engine::model::{Meaning, ModelSpec};
    use crate::engine::settings::tests::settings;

    fn actor() -> Actor {
        let mut settings = settings();
        let spec = ModelSpec {
            name: "test".to_owned(),
            digest: 1,
            schema: crate::market::features::Schema::ohlcv().hash(),
            rows: 1,
            every_minutes: 5,
            meaning: Meaning::Exposure { sharpe_rate: 0.01 },
        };
        settings.models.set(ModelSlot::Sac, Some(spec));
        Actor::new(ModelSlot::Sac, &settings)
    }

    fn see(actor: &mut Actor, minute: i64) {
        let mut window = BarWindow::default();
        let open_time = Time(minute * Span::MINUTE.0);
        let bar = Bar { open_time, open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume: 1.0 };
        window.push(bar, Price::from_f64(1.0).expect("a price"));
        actor.update(&window);
    }

    #[test]
    fn what_it_wants_stands_until_it_says_otherwise_and_not_for_ever() {
        let mut actor = actor();
        actor.hear(&InferOutcome::Value(0.4), Time(0));
        see(&mut actor, 19);
        assert!((actor.target() - 0.4).abs() < 1e-6);
        see(&mut actor, 20);
        assert_eq!(actor.target(), 0.0, "four decisions without an answer");
        assert!(matches!(actor.reason(), Reason::Mute { trouble: Trouble::Late, .. }));
    }

    #[test]
    fn a_rebuilt_actor_goes_on_wanting_what_the_same_model_asked_for() {
        let mut before = actor();
        before.hear(&InferOutcome::Value(0.7), Time(0));
        let (mut same, mut other) = (actor(), actor());
        other.model = Some(2);
        same.inherit(&before);
        other.inherit(&before);
        assert_eq!((same.target(), other.target()), (before.target(), 0.0));
    }

    #[test]
    fn what_is_no_exposure_changes_nothing() {
        for outcome in [
            InferOutcome::Value(f32::NAN),
            InferOutcome::Value(-1.01),
            InferOutcome::NotFinite,
            InferOutcome::Skipped,
            InferOutcome::Unavailable { why: String::new() },
        ] {
            let mut actor = actor();
            actor.hear(&outcome, Time(0));
            assert_eq!(actor.target(), 0.0, "{outcome:?}");
            actor.hear(&InferOutcome::Value(1.0), Time(0));
            actor.hear(&outcome, Time(0));
            assert_eq!(actor.target(), 1.0, "{outcome:?}");
            assert!(matches!(actor.reason(), Reason::Mute { .. }), "{outcome:?}");
        }
    }
}
