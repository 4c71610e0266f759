//! `Parent`: one order that is worked off in children, as a value: told what happened, asked what to do.
//!
//! Who owns it (the contract):
//! 1. `Parent::new` when an order is decided; `Err` where no child could be legal, or what a buy leaves after fees could not
//!    be sold.
//! 2. `next(now, &view)` after every event below, when best prices, depth or a bar came, and at `wake()`. The answer is one
//!    `Action`. Asking more often than needed changes nothing but the times at which the market is looked at.
//! 3. `Place`: send the child once; its number names it in all that follows. `Cancel`: cancel it. `Replace`: cancel the old
//!    and, only if that succeeded, send the new (cancelReplace, STOP_ON_FAILURE). `Done`: the parent is over; no child lives.
//! 4. Tell: `opened` (the venue accepted it), `filled` (each fill once, of any number, late ones too), `closed` (filled,
//!    cancelled or expired, after its fills), `rejected` (never entered the book, or was not sent: a check or a gate refused
//!    it), `cancel_refused` (the cancel failed and the child may still be open). A replacement is told as `closed` of the old
//!    and `opened` or `rejected` of the new. An answer that never comes is the owner's to find out: until then it waits.
//! 5. `reconsider` about once a minute with fresh numbers of the market; `stop` when a person or risk ends it: open children
//!    are cancelled, nothing more is sent, and `Done(Stopped)` comes once they are closed.
//!
//! Invariant: never two live children (a replacement has none before the old is closed); what is asked never exceeds what is
//! left by fills told so far; every child is legal at the venue by its rules.
//! Absent on purpose: clocks, client ids, balances and gates, and what an unfilled rest is worth afterwards.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::rules::SymbolRules;
use crate::domain::{Digest, OrderType, Price, Quantity, Seed, Side, Span, StateHash, SymbolId, Time};

use super::child::{Child, ChildOrder, ChildState};
use super::cost::{MarketState, Style};
use super::curve::VolumeCurve;
use super::merge::LegalSize;
use super::plan::{Brief, Plan, lots, profile, quantity};
use super::tactics::Tactics;
use super::tally::{ChildShown, Fill, Progress, Tally};
use super::view::View;

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct ParentSpec {
    pub symbol: SymbolId,
    pub side: Side,
    /// Floored to the step.
    pub quantity: Quantity,
    /// The middle at the decision.
    pub arrival: Price,
    pub started: Time,
    pub horizon: Span,
    /// 0: time costs nothing; 1: nothing costs as much as time.
    pub urgency: f64,
    /// Expected move of the price against the order a minute, a fraction.
    pub drift: f64,
    /// The most that taking what is left at the end may cost, as a fraction with fees; `None`: it must be done.
    pub worth: Option<f64>,
    pub seed: Seed,
    /// Tells this order's draws from others of the same seed.
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The style that is expected to cost least, again when the market changes; slices wait for better moments and rest where
    /// that pays.
    Adaptive,
    /// This style, plainly.
    Fixed(Style),
}

/// What is known of market and venue when a plan is made.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub market: &'a MarketState,
    pub rules: &'a SymbolRules,
    pub curve: Option<&'a VolumeCurve>,
    /// True where best bid and ask will be shown.
    pub has_touch: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Wait,
    Place(ChildOrder),
    Replace { old: u32, new: ChildOrder },
    Cancel { number: u32 },
    Done(Ending),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    Filled,
    /// What is left is less than the venue takes.
    Remainder,
    /// The time is over, and what is left was not worth taking or could not be taken.
    Expired,
    Stopped,
    /// The venue or a check refused too often.
    Refused,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ending::Filled => "done",
            Ending::Remainder => "done but for a rest below what the venue takes",
            Ending::Expired => "its time is over",
            Ending::Stopped => "stopped",
            Ending::Refused => "refused too often",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParentError {
    #[error("the quantity is below {least}, the least that the venue takes at this price")]
    TooSmall { least: Quantity },
    #[error("what is left after fees is below {least} and could not be sold again")]
    NotSellable { least: Quantity },
    #[error("the arrival price is not positive, or the time is not")]
    NoPrice,
}

/// See the head of this file.
#[derive(Debug, Clone)]
pub struct Parent {
    pub(super) spec: ParentSpec,
    pub(super) choice: Choice,
    pub(super) tactics: Tactics,
    pub(super) market: MarketState,
    pub(super) rules: SymbolRules,
    pub(super) plan: Plan,
    /// Lots done when the plan was made: it counts from there.
    pub(super) planned_done: Quantity,
    pub(super) tally: Tally,
    pub(super) child: Option<Child>,
    /// What takes the child's place once that is closed.
    pub(super) replacement: Option<ChildOrder>,
    pub(super) children: u32,
    pub(super) reprices: u32,
    /// In this slice, which the next one ends.
    pub(super) reprices_here: u32,
    pub(super) window: Option<Time>,
    pub(super) refusals: u32,
    /// No child before.
    pub(super) not_before: Time,
    /// A child was given up in order to take.
    pub(super) is_crossing: bool,
    pub(super) is_stopped: bool,
    pub(super) volume_at_child: f64,
    pub(super) wake: Option<Time>,
    pub(super) ending: Option<Ending>,
}

impl Parent {
    pub fn new(spec: ParentSpec, choice: Choice, tactics: Tactics, known: &Known<'_>) -> Result<Parent, ParentError> {
        if !spec.arrival.is_positive() || spec.horizon.0 < 0 {
            return Err(ParentError::NoPrice);
        }
        let size = LegalSize::of(known.rules, OrderType::Market, spec.arrival, tactics.margin);
        let size = size.ok_or(ParentError::NoPrice)?;
        let whole = lots(spec.quantity, size.step);
        let least = quantity(size.least, size.step);
        if whole < size.least {
            return Err(ParentError::TooSmall { least });
        }
        if spec.side == Side::Buy && after_fees(whole, known.market.taker_fee) < size.least {
            return Err(ParentError::NotSellable { least });
        }
        let spec = ParentSpec { quantity: quantity(whole, size.step), ..spec };
        let plan = Plan { style: Style::Market, from: spec.started, slices: Vec::new(), expected: Default::default() };
        let mut parent = Parent {
            choice,
            tactics,
            market: *known.market,
            rules: known.rules.clone(),
            plan,
            planned_done: Quantity::ZERO,
            tally: Tally::default(),
            child: None,
            replacement: None,
            children: 0,
            reprices: 0,
            reprices_here: 0,
            window: None,
            refusals: 0,
            not_before: spec.started,
            is_crossing: false,
            is_stopped: false,
            volume_at_child: 0.0,
            wake: Some(spec.started),
            ending: None,
            spec,
        };
        parent.plan = parent.planned(parent.spec.started, known, size);
        Ok(parent)
    }

    /// What to do now.
    pub fn next(&mut self, now: Time, view: &View<'_>) -> Action {
        if let Some(ending) = self.ending {
            return Action::Done(ending);
        }
        self.tally.look(now, view);
        let action = match self.child {
            Some(_) => self.tend(now, view),
            None => self.decide(now, view),
        };
        self.note(action, now, view);
        self.wake = self.next_wake(now);
        action
    }

    /// When `next` is to be asked at the latest; `None` while the venue has the word, and at the end.
    pub fn wake(&self) -> Option<Time> {
        self.wake
    }

    /// The venue has accepted a child.
    pub fn opened(&mut self, number: u32) {
        self.refusals = 0;
        if let Some(child) = self.child.as_mut().filter(|child| child.order.number == number)
            && child.state == ChildState::Sent
        {
            child.state = ChildState::New;
        }
    }

    /// A fill of any child, the present one or one before.
    pub fn filled(&mut self, number: u32, fill: Fill) {
        self.refusals = 0;
        self.tally.add(fill);
        if let Some(child) = self.child.as_mut().filter(|child| child.order.number == number) {
            child.fill(fill.quantity);
        }
    }

    /// A child is over, whatever it got.
    pub fn closed(&mut self, number: u32, now: Time) {
        let Some(child) = self.child.take_if(|child| child.order.number == number) else { return };
        if child.order.resting().is_none() {
            self.not_before = now.plus(self.pause());
        }
        if let Some(order) = self.replacement.take() {
            self.child = Some(Child::new(order, now));
        }
        self.wake = Some(now);
    }

    /// A child never was.
    pub fn rejected(&mut self, number: u32, now: Time) {
        if self.replacement.take_if(|order| order.number == number).is_some() {
            // The old one was not cancelled either; whether it is open, its own reports tell.
            return self.cancel_refused(now);
        }
        let Some(child) = self.child.take_if(|child| child.order.number == number) else { return };
        if child.order.resting().is_some() {
            // It would have taken: the price came to meet it.
            self.reprices_here += 1;
            self.not_before = now.plus(Span(self.tactics.pause.0 / 10));
        } else {
            self.refusals += 1;
            self.not_before = now.plus(Span(self.tactics.pause.0.saturating_mul(1 << self.refusals.min(16))));
        }
        self.wake = Some(now);
    }

    /// A cancel did not succeed: the child may be asked to go once more.
    pub fn cancel_refused(&mut self, now: Time) {
        self.replacement = None;
        if let Some(child) = &mut self.child
            && !child.state.is_open()
            && child.state != ChildState::Sent
        {
            child.state = if child.filled.is_positive() { ChildState::Partial } else { ChildState::New };
        }
        self.wake = Some(now.plus(self.tactics.pause));
    }

    /// A person or risk ends it. Nothing more is sent; `next` cancels what is open.
    pub fn stop(&mut self, now: Time) {
        self.is_stopped = true;
        self.wake = Some(now);
    }

    /// Fresh numbers of the market. An adaptive parent without a child plans anew where another style is now expected to cost
    /// clearly less.
    pub fn reconsider(&mut self, now: Time, drift: f64, known: &Known<'_>) {
        self.market = *known.market;
        self.spec.drift = drift;
        if self.plan.style == Style::Participation && self.child.is_none() {
            // What is due follows what was traded.
            self.wake = Some(now);
        }
        let is_settled = self.child.is_some() || self.ending.is_some() || now >= self.end();
        if is_settled || self.choice != Choice::Adaptive {
            return;
        }
        let Some(size) = LegalSize::of(known.rules, OrderType::Market, self.spec.arrival, self.tactics.margin) else {
            return;
        };
        let fresh = self.planned(now, known, size);
        let brief = self.brief(now, &[], size, known.has_touch);
        let stays = Plan::in_style(self.plan.style, &brief, &self.tactics).expected.total();
        // A change costs the progress within a slice: it must be worth it.
        let is_better = fresh.expected.total() < stays - 0.1 * stays.abs() - self.market.half_spread / 10.0;
        if fresh.style != self.plan.style && is_better {
            self.planned_done = self.tally.done;
            self.plan = fresh;
            self.reprices_here = 0;
        }
    }

    pub fn spec(&self) -> &ParentSpec {
        &self.spec
    }

    pub fn style(&self) -> Style {
        self.plan.style
    }

    pub fn filled_quantity(&self) -> Quantity {
        self.tally.done
    }

    /// What fills have left to do.
    pub fn left(&self) -> Quantity {
        self.spec.quantity.saturating_sub(self.tally.done).max(Quantity::ZERO)
    }

    pub fn child(&self) -> Option<&Child> {
        self.child.as_ref()
    }

    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }

    pub fn end(&self) -> Time {
        self.spec.started.plus(self.spec.horizon)
    }

    pub fn progress(&self) -> Progress {
        let (side, tally) = (self.spec.side, &self.tally);
        let shown = |child: &Child| ChildShown {
            state: child.state,
            price: child.order.kind.limit_price(),
            quantity: child.order.kind.quantity(),
            filled: child.filled,
            sent: child.sent,
        };
        Progress {
            symbol: self.spec.symbol,
            side,
            style: self.plan.style,
            is_adaptive: self.choice == Choice::Adaptive,
            total: self.spec.quantity,
            filled: tally.done,
            made: tally.made,
            sent: self.children,
            planned: self.plan.slices.len() as u32,
            reprices: self.reprices,
            arrival: self.spec.arrival,
            average: tally.average(),
            against_arrival: tally.against(side, Some(self.spec.arrival.to_f64())),
            against_twap: tally.against(side, tally.twap()),
            against_vwap: tally.against(side, tally.vwap()),
            expected: self.plan.expected.total() * 1e4,
            child: self.child.as_ref().map(shown),
            started: self.spec.started,
            horizon: self.spec.horizon,
            wake: self.wake,
            ending: self.ending,
        }
    }

    fn planned(&self, now: Time, known: &Known<'_>, size: LegalSize) -> Plan {
        let left = self.end().since(now);
        let shares = profile(known.curve, now, left, &self.tactics);
        let brief = self.brief(now, &shares, size, known.has_touch);
        match self.choice {
            Choice::Adaptive => Plan::cheapest(&brief, &self.tactics),
            Choice::Fixed(style) => Plan::in_style(style, &brief, &self.tactics),
        }
    }

    fn brief<'a>(&'a self, now: Time, profile: &'a [f64], size: LegalSize, has_touch: bool) -> Brief<'a> {
        Brief {
            lots: lots(self.left(), size.step),
            size,
            arrival: self.spec.arrival,
            now,
            left: self.end().since(now),
            urgency: self.spec.urgency,
            drift: self.spec.drift,
            market: &self.market,
            profile,
            has_touch,
            seed: self.spec.seed,
            name: &self.spec.name,
        }
    }

    /// Between two children that take.
    pub(super) fn pause(&self) -> Span {
        match (self.choice, self.plan.style) {
            (Choice::Fixed(_), Style::MarketableLimit) => Span::MINUTE,
            (
                Choice::Fixed(_) | Choice::Adaptive,
                Style::Market
                | Style::MarketableLimit
                | Style::Passive
                | Style::Twap
                | Style::Vwap
                | Style::Participation
                | Style::AlmgrenChriss,
            ) => self.tactics.pause,
        }
    }
}

/// Lots that a buy of so many leaves where the fee is taken from what was bought.
pub(super) fn after_fees(lots: u64, fee: f64) -> u64 {
    (lots as f64 * (1.0 - fee)).floor() as u64
}

impl StateHash for Parent {
    fn state_hash(&self, digest: &mut Digest) {
        let spec = &self.spec;
        digest.add(&spec.symbol);
        digest.add(&spec.side);
        digest.add(&spec.quantity);
        digest.add(&spec.arrival);
        digest.add(&spec.started);
        digest.i64(spec.horizon.0);
        for number in [spec.urgency, spec.drift, spec.worth.unwrap_or(f64::NAN), self.volume_at_child] {
            digest.f64(number);
        }
        digest.u64(spec.seed.0);
        digest.text(&spec.name);
        digest.bool(self.choice == Choice::Adaptive);
        digest.add(&self.tactics);
        digest.add(&self.market);
        digest.add(&self.plan);
        digest.add(&self.planned_done);
        digest.add(&self.tally);
        digest.option(self.child.as_ref());
        digest.u64(self.replacement.map_or(0, |order| u64::from(order.number)));
        for count in [self.children, self.reprices, self.reprices_here, self.refusals] {
            digest.u64(u64::from(count));
        }
        digest.add(&self.not_before);
        digest.option(self.window.as_ref());
        digest.bool(self.is_crossing);
        digest.bool(self.is_stopped);
        digest.i64(self.wake.map_or(i64::MIN, |time| time.0));
        digest.u8(self.ending.map_or(u8::MAX, |ending| ending as u8));
    }
}
