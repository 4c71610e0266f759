//! How a parent decides: what it does without a child, and how it watches the one it has.
//!
//! Invariant: decisions see the parent, the time and the view, and nothing else.
//! Absent on purpose: what is told from outside (`parent`).

use crate::domain::{OrderKind, OrderType, Price, Quantity, Side, Span, Time, TimeInForce};

use super::child::{Child, ChildOrder, ChildState};
use super::cost::Style;
use super::merge::LegalSize;
use super::parent::{Action, Choice, Ending, Parent, after_fees};
use super::plan::{lots, quantity};
use super::tactics::passive_pays;
use super::view::View;

/// How a child is to be filled.
#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    /// At any price.
    Market,
    /// At once as far as this price.
    Upto(Price),
    /// Rests at this price.
    Rest(Price),
}

impl Parent {
    /// Without a child.
    pub(super) fn decide(&mut self, now: Time, view: &View<'_>) -> Action {
        let Some(size) = LegalSize::of(&self.rules, OrderType::Market, view.mark, self.tactics.margin) else {
            return Action::Wait;
        };
        let left = lots(self.left(), size.step);
        if left == 0 {
            return Action::Done(Ending::Filled);
        }
        if self.is_stopped {
            return Action::Done(Ending::Stopped);
        }
        if left < size.least {
            return Action::Done(Ending::Remainder);
        }
        if self.refusals > self.tactics.most_refusals {
            return Action::Done(Ending::Refused);
        }
        if now >= self.end() {
            return self.finish(now, view, size, left);
        }
        if now < self.not_before {
            return Action::Wait;
        }
        match self.choice {
            Choice::Adaptive => self.adapt(now, view, size, left),
            Choice::Fixed(style) => self.follow(style, now, view, size, left),
        }
    }

    /// The time is over.
    fn finish(&mut self, now: Time, view: &View<'_>, size: LegalSize, left: u64) -> Action {
        if self.is_worth(view, quantity(left, size.step)) && now < self.end().plus(self.tactics.grace) {
            // What was waited for after a child that took does not count any more, what was refused does.
            let must_wait = now < self.not_before && (self.refusals > 0 || now > self.end());
            return if must_wait { Action::Wait } else { self.child_of(left, left, size, How::Market) };
        }
        // A part of a buy that is too small to be sold is made large enough.
        let done = lots(self.tally.done, size.step);
        let short = self.spec.side == Side::Buy && done > 0 && after_fees(done, self.market.taker_fee) < size.least;
        if short && now < self.end().plus(self.tactics.grace) {
            return self.child_of(size.least + size.least.div_ceil(100), left, size, How::Market);
        }
        Action::Done(Ending::Expired)
    }

    /// Whether taking so much now costs no more than it may.
    fn is_worth(&self, view: &View<'_>, wanted: Quantity) -> bool {
        let Some(worth) = self.spec.worth else { return true };
        let middle = view.middle();
        let (mut left, mut paid) = (wanted.to_f64(), 0.0);
        let mut last = middle * (1.0 + self.sign() * self.market.half_spread);
        for (price, offered) in view.offers(self.spec.side) {
            let part = offered.to_f64().min(left);
            last = price.to_f64();
            (left, paid) = (left - part, paid + part * last);
            if left <= 0.0 {
                break;
            }
        }
        let average = (paid + left.max(0.0) * last) / wanted.to_f64();
        self.sign() * (average / middle - 1.0) + self.market.taker_fee <= worth
    }

    /// A fixed style, plainly.
    fn follow(&mut self, style: Style, now: Time, view: &View<'_>, size: LegalSize, left: u64) -> Action {
        match style {
            Style::Market => self.child_of(left, left, size, How::Market),
            Style::MarketableLimit => {
                let far = view.far(self.spec.side).map_or(view.mark, |(price, _)| price);
                let bound = self.beyond(far, self.market.half_spread);
                self.child_of(left, left, size, How::Upto(bound))
            }
            Style::Passive if self.is_crossing || self.reprices_here >= self.tactics.patience.most_reprices => {
                self.child_of(left, left, size, How::Market)
            }
            Style::Passive => match view.near(self.spec.side) {
                Some((price, _)) => self.child_of(left, left, size, How::Rest(price)),
                None => Action::Wait,
            },
            Style::Twap | Style::Vwap | Style::AlmgrenChriss => {
                let due = self.owed(self.plan.due(now), size);
                self.child_of(due, left, size, How::Market)
            }
            Style::Participation => {
                let due = self.participating(view, size);
                self.child_of(due, left, size, How::Market)
            }
        }
    }

    /// What a share of the market's volume asks for.
    fn participating(&self, view: &View<'_>, size: LegalSize) -> u64 {
        let step = size.step.to_f64();
        let wanted = (self.tactics.participation * view.volume / step) as u64;
        let most = self.tactics.most_participation * (view.volume - self.volume_at_child).max(0.0) / step;
        wanted.saturating_sub(lots(self.tally.done, size.step)).min(most as u64)
    }

    fn adapt(&mut self, now: Time, view: &View<'_>, size: LegalSize, left: u64) -> Action {
        let (due, is_late) = self.due(now, view, size, left);
        let window = self.plan.next_after(now);
        if self.window != window {
            (self.window, self.reprices_here) = (window, 0);
        }
        let Some((far, _)) = view.far(self.spec.side) else {
            return self.child_of(due, left, size, How::Market);
        };
        if is_late || self.is_crossing {
            let bound = self.beyond(far, self.tactics.bound(&self.market));
            return self.child_of(due, left, size, How::Upto(bound));
        }
        let minutes = self.window(now).0 as f64 / Span::MINUTE.0 as f64;
        if self.rests(minutes)
            && let Some((near, _)) = view.near(self.spec.side)
        {
            return self.child_of(due, left, size, How::Rest(near));
        }
        self.pick(view, size, due, left, far)
    }

    /// Lots that the plan wants by now, and whether they have waited long enough.
    fn due(&self, now: Time, view: &View<'_>, size: LegalSize, left: u64) -> (u64, bool) {
        match self.plan.style {
            Style::Market | Style::MarketableLimit => {
                (left, now.since(self.plan.from) >= self.tactics.wait(self.spec.urgency))
            }
            Style::Participation => (self.participating(view, size), true),
            Style::Passive | Style::Twap | Style::Vwap | Style::AlmgrenChriss => {
                let late = self.owed(self.plan.late(now), size);
                let due = self.owed(self.plan.due(now), size);
                if late >= size.least { (late, true) } else { (due, false) }
            }
        }
    }

    /// Until the slice of now is late.
    fn window(&self, now: Time) -> Span {
        let until = self.plan.next_after(now).unwrap_or(self.end());
        Span(until.since(now).0.max(0))
    }

    fn rests(&self, minutes: f64) -> bool {
        self.reprices_here < self.tactics.patience.most_reprices
            && passive_pays(&self.market, minutes, self.spec.urgency, self.spec.drift)
    }

    /// Takes what is cheap, in a moment that is likely to be a good one.
    fn pick(&mut self, view: &View<'_>, size: LegalSize, due: u64, left: u64, far: Price) -> Action {
        let pressure = view.pressure(self.spec.side).unwrap_or(0.0);
        if pressure < -self.tactics.hurry {
            return Action::Wait;
        }
        let bound = self.beyond(far, self.market.half_spread);
        let offered = lots(view.within(self.spec.side, bound), size.step);
        self.child_of(due.min(offered), left, size, How::Upto(bound))
    }

    /// With a child.
    pub(super) fn tend(&mut self, now: Time, view: &View<'_>) -> Action {
        let Some(child) = &mut self.child else { return Action::Wait };
        if !child.state.is_open() || child.order.resting().is_none() {
            return Action::Wait;
        }
        let number = child.order.number;
        let near = view.near(self.spec.side);
        if let Some((best, _)) = near {
            child.state = self.tactics.patience.judge(child, self.spec.side, best, self.rules.price.tick, now);
        }
        let (state, waiting) = (child.state, child.left());
        if self.is_stopped {
            return self.give_up(ChildState::Cancelled, number);
        }
        if now >= self.end() {
            let goes_on = self.is_worth(view, waiting);
            return self.give_up(if goes_on { ChildState::Crossed } else { ChildState::Cancelled }, number);
        }
        let Some(size) = LegalSize::of(&self.rules, OrderType::Market, view.mark, self.tactics.margin) else {
            return Action::Wait;
        };
        if self.choice == Choice::Adaptive && self.due(now, view, size, lots(self.left(), size.step)).1 {
            return self.give_up(ChildState::Crossed, number);
        }
        if !self.tactics.patience.is_over(state, now) {
            return Action::Wait;
        }
        if self.reprices_here >= self.tactics.patience.most_reprices {
            return self.give_up(ChildState::Crossed, number);
        }
        self.reprices_here += 1;
        self.reprices += 1;
        self.reprice(number, waiting, near.map(|(price, _)| price), size)
    }

    /// A replacement may race a last fill of the old: only where the order has room for both is it one step.
    fn reprice(&mut self, number: u32, waiting: Quantity, best: Option<Price>, size: LegalSize) -> Action {
        let (left, waiting) = (lots(self.left(), size.step), lots(waiting, size.step));
        let has_room = waiting >= size.least && left >= waiting.saturating_mul(2).saturating_add(size.least);
        match best.filter(|_| has_room) {
            Some(price) => Action::Replace { old: number, new: self.order(waiting, size, How::Rest(price)) },
            None => self.give_up(ChildState::Repriced, number),
        }
    }

    fn give_up(&mut self, state: ChildState, number: u32) -> Action {
        if let Some(child) = &mut self.child {
            child.state = state;
        }
        self.is_crossing = state == ChildState::Crossed;
        Action::Cancel { number }
    }

    /// A child of about so many lots, such that it and what it leaves are legal; else it waits for more.
    fn child_of(&self, wanted: u64, left: u64, size: LegalSize, how: How) -> Action {
        let wanted = wanted.min(left).min(size.most);
        let rest = left - wanted;
        let whole = if rest == 0 || rest >= size.least {
            wanted
        } else if left <= size.most {
            left
        } else {
            left - size.least
        };
        // What would be made larger than asked only in order to leave nothing illegal, may wait if nothing was asked.
        if wanted == 0 || whole < size.least { Action::Wait } else { Action::Place(self.order(whole, size, how)) }
    }

    fn order(&self, lots: u64, size: LegalSize, how: How) -> ChildOrder {
        let quantity = quantity(lots, size.step);
        let kind = match how {
            How::Market => OrderKind::Market { quantity },
            How::Upto(price) => OrderKind::Limit { quantity, price, time_in_force: TimeInForce::Ioc },
            How::Rest(price) => OrderKind::LimitMaker { quantity, price },
        };
        ChildOrder { number: self.children + 1, kind }
    }

    /// Keeps what was decided.
    pub(super) fn note(&mut self, action: Action, now: Time, view: &View<'_>) {
        match action {
            Action::Wait | Action::Cancel { .. } => {}
            Action::Place(order) => {
                self.children = order.number;
                self.child = Some(Child::new(order, now));
                self.volume_at_child = view.volume;
                self.is_crossing = false;
            }
            Action::Replace { new, .. } => {
                self.children = new.number;
                self.replacement = Some(new);
                if let Some(child) = &mut self.child {
                    child.state = ChildState::Repriced;
                }
            }
            Action::Done(ending) => self.ending = Some(ending),
        }
    }

    /// The first of the moments at which something is due without the market moving.
    pub(super) fn next_wake(&self, now: Time) -> Option<Time> {
        if self.ending.is_some() {
            return None;
        }
        let mut times = vec![self.end(), self.end().plus(self.tactics.grace)];
        times.extend(self.plan.next_after(now));
        match self.plan.style {
            Style::Market | Style::MarketableLimit => {
                times.extend([self.not_before, self.plan.from.plus(self.tactics.wait(self.spec.urgency))]);
            }
            Style::Passive | Style::Participation => times.push(self.not_before),
            // Between slices that are done there is nothing to wake for.
            Style::Twap | Style::Vwap | Style::AlmgrenChriss => {
                let done = lots(self.tally.done.saturating_sub(self.planned_done), self.rules.step(OrderType::Market));
                times.extend((self.plan.due(now) > done).then_some(self.not_before));
            }
        }
        if let Some(child) = &self.child {
            // What takes is answered by the venue, not by time.
            child.order.resting()?;
            match child.state {
                ChildState::Stale { since } => times.push(since.plus(self.tactics.patience.stale_after)),
                ChildState::New | ChildState::Partial => {}
                ChildState::Sent | ChildState::Repriced | ChildState::Crossed | ChildState::Cancelled => return None,
            }
        }
        times.into_iter().filter(|time| *time > now).min()
    }

    /// Lots of the plan less what was done since it was made.
    fn owed(&self, planned: u64, size: LegalSize) -> u64 {
        planned.saturating_sub(lots(self.tally.done.saturating_sub(self.planned_done), size.step))
    }

    /// A price that is worse by a fraction, on the tick, rounded away from the order.
    fn beyond(&self, price: Price, fraction: f64) -> Price {
        let far = Price::from_f64(price.to_f64() * (1.0 + self.sign() * fraction)).unwrap_or(price);
        match self.spec.side {
            Side::Buy => far.floor_to_tick(self.rules.price.tick).max(price),
            Side::Sell => far.ceil_to_tick(self.rules.price.tick).min(price),
        }
    }

    fn sign(&self) -> f64 {
        match self.spec.side {
            Side::Buy => 1.0,
            Side::Sell => -1.0,
        }
    }
}
