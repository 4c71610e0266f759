//! `Eyes`: what the models of one symbol see, what they were asked, and how their answers come back to the desk.
//!
//! Invariant: while a question is open the decision of that bar waits; it is made once, when the last answer came or the time
//! for answers is over. Rows of an input are as far apart as the model's card says, without a hole.
//! Absent on purpose: models, and what their answers are worth (`strategy::member`).

use super::Engine;
use super::effect::{Effect, Effects};
use super::model::{InferOutcome, InferRequest, Inferred, ModelSlot, ModelSpec, SLOTS};
use super::notice::{ModelChange, Notice};
use super::settings::{Settings, StrategyName};
use crate::domain::{Bar, Digest, Span, StateHash, SymbolId, Time};
use crate::market::BarWindow;
use crate::market::features::{Observer, Schema};

/// The door says itself when it is late; this is for a door that says nothing.
const ANSWER_WITHIN: Span = Span::from_seconds(5);

#[derive(Debug, Clone)]
pub struct Eyes {
    /// One for each schema, with its hash.
    observers: Vec<(u64, Observer)>,
    views: Vec<ModelEyes>,
    /// Questions without an answer count as unanswered from then on.
    until: Option<Time>,
}

/// What one model sees.
#[derive(Debug, Clone)]
struct ModelEyes {
    slot: ModelSlot,
    spec: Box<ModelSpec>,
    /// Place in `observers`.
    observer: usize,
    /// At most `spec.rows` observations, oldest first.
    rows: Vec<f32>,
    newest: Option<Time>,
    /// Number of the open question.
    open: Option<u64>,
}

impl Eyes {
    /// Eyes for the models that are asked under these settings, which have seen the bars of the window; `None` without any.
    pub fn of(settings: &Settings, window: &BarWindow) -> Option<Box<Eyes>> {
        let mut eyes = Eyes { observers: Vec::new(), views: Vec::new(), until: None };
        for slot in ModelSlot::ALL.into_iter().filter(|slot| settings.asks(*slot)) {
            let spec = settings.models.get(slot);
            // A journal may say anything.
            let spec = spec.filter(|spec| spec.rows > 0 && spec.every_minutes > 0);
            let known = spec.and_then(|spec| Some((spec, Schema::by_hash(spec.schema)?)));
            let Some((spec, schema)) = known else { continue };
            let place = eyes.observers.iter().position(|(hash, _)| *hash == spec.schema);
            let observer = place.unwrap_or_else(|| {
                eyes.observers.push((spec.schema, Observer::new(&schema)));
                eyes.observers.len() - 1
            });
            let rows = Vec::with_capacity(usize::from(spec.rows) * schema.width());
            let spec = Box::new(spec.clone());
            eyes.views.push(ModelEyes { slot, spec, observer, rows, newest: None, open: None });
        }
        if eyes.views.is_empty() {
            return None;
        }
        window.iter().for_each(|(bar, _)| eyes.take(bar));
        Some(Box::new(eyes))
    }

    /// What older eyes saw of the same: they have seen more than a window holds.
    fn inherit(&mut self, old: &Eyes) {
        for (schema, observer) in &mut self.observers {
            if let Some((_, before)) = old.observers.iter().find(|(known, _)| known == schema) {
                observer.clone_from(before);
            }
        }
        for view in &mut self.views {
            let is_same = |before: &&ModelEyes| before.slot == view.slot && before.spec == view.spec;
            if let Some(before) = old.views.iter().find(is_same) {
                view.rows.clone_from(&before.rows);
                view.newest = before.newest;
            }
        }
    }

    /// Sees the newest closed bar.
    pub fn take(&mut self, bar: &Bar) {
        self.observers.iter_mut().for_each(|(_, observer)| {
            observer.take(bar);
        });
        for view in &mut self.views {
            let observer = &self.observers[view.observer].1;
            if observer.is_ready() && view.spec.is_due(bar.open_time) {
                view.keep(bar.open_time, observer.row());
            }
        }
    }

    /// Questions about the bar that was taken last, to the models whose minute it is.
    fn ask(&mut self, symbol: SymbolId, bar: Time, number: &mut u64) -> Vec<InferRequest> {
        let mut requests = Vec::new();
        for view in &mut self.views {
            let is_whole = view.rows.len() == usize::from(view.spec.rows) * self.observers[view.observer].1.row().len();
            view.open = (is_whole && view.newest == Some(bar)).then(|| {
                *number += 1;
                *number
            });
            if let Some(number) = view.open {
                let (slot, model, input) = (view.slot, view.spec.digest, view.rows.clone());
                requests.push(InferRequest { number, slot, symbol, model, bar, input });
            }
        }
        requests
    }

    fn is_waiting(&self) -> bool {
        self.views.iter().any(|view| view.open.is_some())
    }

    /// When the time for answers is over.
    pub fn wake(&self) -> Option<Time> {
        self.until
    }
}

impl ModelEyes {
    /// Keeps a row; after a hole the rows before it are of no use.
    fn keep(&mut self, time: Time, row: &[f32]) {
        let step = Span(i64::from(self.spec.every_minutes) * Span::MINUTE.0);
        if self.newest.is_some_and(|newest| time.since(newest) != step) {
            self.rows.clear();
        }
        self.newest = Some(time);
        if self.rows.len() == usize::from(self.spec.rows) * row.len() {
            self.rows.copy_within(row.len().., 0);
            self.rows.truncate(self.rows.len() - row.len());
        }
        self.rows.extend_from_slice(row);
    }
}

impl Engine {
    /// Asks the models whose minute it is. True when the decision waits for answers.
    pub(super) fn ask_models(&mut self, symbol: SymbolId, bar: Time, effects: &mut Effects) -> bool {
        let instrument = &mut self.instruments[symbol.index()];
        let Some(eyes) = &mut instrument.eyes else { return false };
        let requests = eyes.ask(symbol, bar, &mut self.questions);
        eyes.until = (!requests.is_empty()).then(|| self.now.plus(ANSWER_WITHIN));
        let is_waiting = eyes.is_waiting();
        requests.into_iter().for_each(|request| effects.push(Effect::Infer(request)));
        is_waiting
    }

    /// A model answered; what answers no open question is forgotten.
    pub(super) fn on_inferred(&mut self, inferred: &Inferred, effects: &mut Effects) {
        let symbol = inferred.symbol;
        let Some(instrument) = self.instruments.get_mut(symbol.index()) else { return };
        let Some(eyes) = &mut instrument.eyes else { return };
        let asked = eyes.views.iter_mut().find(|view| view.slot == inferred.slot && view.open == Some(inferred.number));
        let Some(view) = asked else { return };
        view.open = None;
        let is_last = !eyes.is_waiting();
        self.hear(symbol, inferred.slot, &inferred.outcome, effects);
        if is_last {
            self.close_questions(symbol, effects);
        }
    }

    /// The time for answers is over: what was not answered is not waited for.
    pub(super) fn give_up_questions(&mut self, effects: &mut Effects) {
        for at in 0..self.instruments.len() {
            let symbol = SymbolId(at as u16);
            let due =
                self.instruments[at].eyes.as_mut().filter(|eyes| eyes.until.is_some_and(|until| until <= self.now));
            let Some(eyes) = due else { continue };
            let late: Vec<ModelSlot> =
                eyes.views.iter_mut().filter_map(|view| view.open.take().map(|_| view.slot)).collect();
            for slot in late {
                self.hear(symbol, slot, &InferOutcome::Skipped, effects);
            }
            self.close_questions(symbol, effects);
        }
    }

    fn close_questions(&mut self, symbol: SymbolId, effects: &mut Effects) {
        if let Some(eyes) = &mut self.instruments[symbol.index()].eyes {
            eyes.until = None;
        }
        self.decide(symbol, effects);
    }

    fn hear(&mut self, symbol: SymbolId, slot: ModelSlot, outcome: &InferOutcome, effects: &mut Effects) {
        let instrument = &mut self.instruments[symbol.index()];
        let Some(bar) = instrument.window.back(0).copied() else { return };
        instrument.strategy.hear(slot, outcome, &bar);
        let why = match outcome {
            InferOutcome::Value(_) => instrument.strategy.trouble(slot).map(|trouble| trouble.to_string()),
            InferOutcome::NotFinite => Some("its output is no finite number, so it does not trade".to_owned()),
            InferOutcome::Skipped => {
                Some("it did not answer in time, so it did not take part in this decision".to_owned())
            }
            InferOutcome::Unavailable { why } => Some(why.clone()),
        };
        let told = &mut instrument.model_trouble[slot as usize];
        if *told == why {
            return;
        }
        *told = why.clone();
        let change = why.map_or(ModelChange::Answers, |why| ModelChange::Trouble { why });
        effects.notice(Notice::Model { symbol, slot, change });
    }

    /// New eyes after a change of settings; open questions are closed without a decision.
    pub(super) fn set_eyes(&mut self) {
        for instrument in &mut self.instruments {
            let old = std::mem::replace(&mut instrument.eyes, Eyes::of(&self.settings, &instrument.window));
            if let (Some(eyes), Some(old)) = (&mut instrument.eyes, &old) {
                eyes.inherit(old);
            }
            instrument.model_trouble = NO_TROUBLE;
        }
    }
}

impl Settings {
    /// True when the model in this slot is asked: its strategy is pinned, or may speak in some regime.
    pub fn asks(&self, slot: ModelSlot) -> bool {
        let may_speak = self.strategy == slot.strategy()
            || (self.strategy == StrategyName::Auto && self.mandates.allow(slot.strategy()));
        self.models.get(slot).is_some() && may_speak
    }
}

/// Which questions are open decides; what is seen follows from the bars.
impl StateHash for Eyes {
    fn state_hash(&self, digest: &mut Digest) {
        for view in &self.views {
            digest.u64(view.open.unwrap_or(0));
        }
        digest.option(self.until.as_ref());
    }
}

/// Nothing to tell of any model.
pub const NO_TROUBLE: [Option<String>; SLOTS] = [const { None }; SLOTS];
