//! `Eyes`: what the models of one symbol see, what they were asked, and how their answers come back to the desk.
//!
//! Invariant: while a question is open the decision of that bar waits; it is made once, when the last answer came or the time
//! for answers is over. Rows of an input are as far apart as the model's card says, without a hole; where a model asks for
//! exposures its standing follows them.
//! Absent on purpose: models, and what their answers are worth (`strategy::member`).

use super::Engine;
use super::effect::{Effect, Effects};
use super::model::{InferOutcome, InferRequest, Inferred, Meaning, ModelSlot, ModelSpec, SLOTS};
use super::notice::{ModelChange, Notice};
use super::settings::{Settings, Sizing, StrategyName};
use super::standing::{Held, Interval, Standing};
use crate::domain::{Bar, Digest, Span, StateHash, SymbolId, Time, Value};
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
    /// Place in `observers`; none where no row of the market is seen.
    observer: Option<usize>,
    /// At most `spec.rows` observations, oldest first.
    rows: Vec<f32>,
    newest: Option<Time>,
    /// Where the model asks for exposures.
    standing: Option<Box<Standing>>,
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
            let spec = spec.filter(|spec| spec.every_minutes > 0 && (spec.rows > 0 || slot.standing() > 0));
            let known = spec.and_then(|spec| Some((spec, Schema::by_hash(spec.schema)?)));
            let Some((spec, schema)) = known else { continue };
            let observer = (spec.rows > 0).then(|| eyes.observer(spec.schema, &schema));
            let rows = Vec::with_capacity(usize::from(spec.rows) * schema.width());
            let standing = match spec.meaning {
                Meaning::Probability { .. } => None,
                Meaning::Exposure { sharpe_rate } => Some(Box::new(Standing::new(spec.every_minutes, sharpe_rate))),
            };
            let spec = Box::new(spec.clone());
            eyes.views.push(ModelEyes { slot, spec, observer, rows, newest: None, standing, open: None });
        }
        if eyes.views.is_empty() {
            return None;
        }
        window.iter().for_each(|(bar, _)| eyes.take(bar));
        Some(Box::new(eyes))
    }

    /// The place of the observer of a schema.
    fn observer(&mut self, hash: u64, schema: &Schema) -> usize {
        let place = self.observers.iter().position(|(known, _)| *known == hash);
        place.unwrap_or_else(|| {
            self.observers.push((hash, Observer::new(schema)));
            self.observers.len() - 1
        })
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
                view.standing.clone_from(&before.standing);
            }
        }
    }

    /// Sees the newest closed bar.
    pub fn take(&mut self, bar: &Bar) {
        self.observers.iter_mut().for_each(|(_, observer)| {
            observer.take(bar);
        });
        for view in &mut self.views {
            if let Some(standing) = &mut view.standing {
                standing.take(bar);
            }
            if !view.spec.is_due(bar.open_time) {
                continue;
            }
            match view.observer.map(|place| &self.observers[place].1) {
                Some(observer) if observer.is_ready() => view.keep(bar.open_time, observer.row()),
                Some(_) => {}
                None => view.newest = Some(bar.open_time),
            }
        }
    }

    /// Questions about the bar that was taken last, to the models whose minute it is.
    fn ask(&mut self, symbol: SymbolId, bar: Time, held: Option<&Held>, number: &mut u64) -> Vec<InferRequest> {
        let mut requests = Vec::new();
        for view in &mut self.views {
            let width = view.observer.map_or(0, |place| self.observers[place].1.row().len());
            let is_whole = view.rows.len() == usize::from(view.spec.rows) * width;
            view.open = (is_whole && view.newest == Some(bar)).then(|| {
                *number += 1;
                *number
            });
            if let Some(number) = view.open {
                let (slot, model, mut input) = (view.slot, view.spec.digest, view.rows.clone());
                if let Some((standing, held)) = view.standing.as_mut().zip(held) {
                    standing.observe(held, &mut input);
                }
                requests.push(InferRequest { number, slot, symbol, model, bar, input });
            }
        }
        requests
    }

    /// True when a model that sees its standing is asked after this bar, unless rows of the market are missing.
    fn shows_standing(&self, bar: Time) -> bool {
        self.views.iter().any(|view| view.standing.is_some() && view.newest == Some(bar))
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
        let instrument = &self.instruments[symbol.index()];
        let Some(eyes) = &instrument.eyes else { return false };
        let held = eyes.shows_standing(bar).then(|| self.held_by(symbol));
        let Some(eyes) = &mut self.instruments[symbol.index()].eyes else { return false };
        let requests = eyes.ask(symbol, bar, held.as_ref(), &mut self.questions);
        eyes.until = (!requests.is_empty()).then(|| self.now.plus(ANSWER_WITHIN));
        let is_waiting = eyes.is_waiting();
        requests.into_iter().for_each(|request| effects.push(Effect::Infer(request)));
        is_waiting
    }

    /// The desk of a symbol as a model sees it.
    fn held_by(&self, symbol: SymbolId) -> Held {
        let instrument = &self.instruments[symbol.index()];
        let capital = match self.settings.sizing {
            Sizing::Invest => self.equity().to_f64() * self.settings.invest.to_f64() / self.instruments.len() as f64,
            Sizing::Fixed(quantity) => instrument.mark.map_or(0.0, |mark| Value::of(mark, quantity).to_f64()),
        };
        let (cost, unrealised) = (instrument.position.cost.to_f64(), instrument.unrealised().to_f64());
        let actor = instrument.strategy.actor(ModelSlot::Sac);
        Held {
            now: self.now,
            exposure: instrument.aim,
            wanted: actor.map_or(0.0, |actor| actor.target()),
            profit: instrument.position.realised.to_f64() + unrealised,
            capital,
            unrealised: if cost > 0.0 { unrealised / cost } else { 0.0 },
            side_cost: self.settings.side_cost.to_f64(),
            is_locked: instrument.awaiting_fresh_signal,
        }
    }

    /// What the time between the last two decisions of the model in this slot brought, where it asks for exposures.
    pub fn interval(&self, symbol: SymbolId, slot: ModelSlot) -> Option<Interval> {
        let eyes = self.instruments.get(symbol.index())?.eyes.as_ref()?;
        let view = eyes.views.iter().find(|view| view.slot == slot)?;
        view.standing.as_ref()?.interval()
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

/// Which questions are open decides, and how the trading stands; what is seen of the market follows from the bars.
impl StateHash for Eyes {
    fn state_hash(&self, digest: &mut Digest) {
        for view in &self.views {
            digest.u64(view.open.unwrap_or(0));
            digest.option(view.standing.as_deref());
        }
        digest.option(self.until.as_ref());
    }
}

/// Nothing to tell of any model.
pub const NO_TROUBLE: [Option<String>; SLOTS] = [const { None }; SLOTS];
