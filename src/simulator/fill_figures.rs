//! `SurveyFigures`: what a survey of a recorded book found, and the tallies they come from.
//!
//! Shares and costs are fractions; markouts are signed for the order: negative is adverse.
//! Invariant: `sent` is the sum of the fates; a share is over orders whose fate is known.
//! Absent on purpose: words and percent (`cli`).

use super::Frictions;
use super::block_mean::{BlockMean, Mean};
use super::book_orders::{Fate, PassiveOrder, TakerCost, TakerOrder};
use super::fill_survey::{HORIZONS, SurveyPlan};
use super::impact::{SquareRootImpact, TrailingDay};
use crate::domain::{Money, Price, Quantity, Ratio, Side, Span, Time};

#[derive(Debug, Clone, PartialEq)]
pub struct SurveyFigures {
    /// From the first whole book to the last input.
    pub first: Option<Time>,
    pub last: Option<Time>,
    pub changes: u64,
    pub trades: u64,
    /// Whole minutes of trades, by which the square-root law measures a day.
    pub minutes: u32,
    pub half_spread: Mean,
    pub both: PassiveFigures,
    pub bid: PassiveFigures,
    pub ask: PassiveFigures,
    pub takers: Vec<TakerFigures>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct PassiveFigures {
    pub fates: Fates,
    /// Filled whole, of all orders whose fate is known.
    pub share_filled: Option<f64>,
    /// From the sending to the fill.
    pub median_to_fill: Option<Span>,
    /// After each of `HORIZONS`: the middle against the price of the fill.
    pub markouts: [Mean; 3],
    /// Of those that came to the book: whose limit the trades passed by at least a tick.
    pub share_passed: Option<f64>,
    pub bar_markout: BarMarkout,
    /// What the maker's fee takes.
    pub fee: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fates {
    pub filled: u64,
    /// Cancelled with a part of it filled.
    pub partly: u64,
    pub unfilled: u64,
    /// It would have taken.
    pub refused: u64,
    /// Something is missing in the recording during its time.
    pub unknown: u64,
    /// The recording ends during its time.
    pub unfinished: u64,
}

/// By how much bars must pass a limit so that as many fill as in the book: what `Markout` stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BarMarkout {
    /// A fraction of the limit.
    Of(f64),
    /// Even when a tick is enough, bars fill fewer: both shares are of those that came to the book.
    FewerAtATick {
        bars: f64,
        book: f64,
    },
    /// Orders wait less than a bar.
    ShorterThanABar,
    NothingFilled,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TakerFigures {
    pub size: Money,
    /// Against the middle when it was sent, delay included.
    pub cost: Mean,
    /// The part of it by which the middle moved on the way.
    pub delay: Option<f64>,
    /// As `delay`, with moves to its good counted as none: what `Latency` charges.
    pub harm: Option<f64>,
    /// Orders that the known levels could not fill.
    pub short: u64,
    /// Half spread and impact as the venue's frictions state them; without enough minutes only for frictions without impact.
    pub stated: Option<f64>,
    /// The square-root law alone with Y = 1.
    pub law: Option<f64>,
    /// What the taker's fee takes.
    pub fee: f64,
}

/// A passive order of which all is known.
pub(super) struct Closed {
    pub order: PassiveOrder,
    pub furthest: Option<Price>,
    pub middles: Vec<Option<f64>>,
    pub tick: Price,
}

#[derive(Debug, Clone, Default)]
pub(super) struct PassiveTally {
    pub(super) fates: Fates,
    times: Vec<Span>,
    markouts: [BlockMean; 3],
    /// By which fraction of the limit trades passed it, for each order that came to the book.
    passed: Vec<f64>,
    passed_a_tick: u64,
}

#[derive(Debug, Clone, Default)]
pub(super) struct TakerTally {
    costs: BlockMean,
    delays: f64,
    harms: f64,
    quantities: f64,
    short: u64,
}

impl Fates {
    pub fn sent(&self) -> u64 {
        self.known() + self.unknown + self.unfinished
    }

    pub fn known(&self) -> u64 {
        self.came() + self.refused
    }

    /// To the book.
    fn came(&self) -> u64 {
        self.filled + self.partly + self.unfilled
    }
}

impl PassiveTally {
    pub(super) fn add(&mut self, closed: &Closed) {
        let order = &closed.order;
        match order.fate() {
            Fate::Refused => return self.fates.refused += 1,
            Fate::Unknown | Fate::Travelling | Fate::Resting { .. } => return self.fates.unknown += 1,
            Fate::Cancelled { filled } if filled.is_zero() => self.fates.unfilled += 1,
            Fate::Cancelled { .. } => self.fates.partly += 1,
            Fate::Filled { at } => {
                self.fates.filled += 1;
                self.times.push(at.since(order.sent));
                for (tally, middle) in self.markouts.iter_mut().zip(&closed.middles) {
                    let Some(middle) = middle else { continue };
                    tally.add(at, signed(order.side, middle / order.price.to_f64() - 1.0));
                }
            }
        }
        // Nothing traded: as far from passing as can be.
        let by = closed.furthest.map_or(f64::NEG_INFINITY, |price| beyond(order, price));
        self.passed.push(by / order.price.to_f64());
        // Half a unit of a price: differences of floats are not exact.
        self.passed_a_tick += u64::from(by >= closed.tick.to_f64() - 0.5e-8);
    }

    pub(super) fn with(mut self, other: &PassiveTally) -> PassiveTally {
        let Fates { filled, partly, unfilled, refused, unknown, unfinished } = other.fates;
        self.fates.filled += filled;
        self.fates.partly += partly;
        self.fates.unfilled += unfilled;
        self.fates.refused += refused;
        self.fates.unknown += unknown;
        self.fates.unfinished += unfinished;
        self.times.extend(&other.times);
        for (own, other) in self.markouts.iter_mut().zip(&other.markouts) {
            own.join(other);
        }
        self.passed.extend(&other.passed);
        self.passed_a_tick += other.passed_a_tick;
        self
    }

    pub(super) fn figures(&self, plan: &SurveyPlan) -> PassiveFigures {
        let fates = self.fates;
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        PassiveFigures {
            fates,
            share_filled: share(fates.filled, fates.known()),
            median_to_fill: self.median(),
            markouts: self.markouts.each_ref().map(BlockMean::mean),
            share_passed: share(self.passed_a_tick, fates.came()),
            bar_markout: self.bar_markout(plan.wait),
            fee: plan.venue.fees.share(true),
        }
    }

    /// The upper one of two middle ones.
    fn median(&self) -> Option<Span> {
        let mut times = self.times.clone();
        times.sort_unstable();
        times.get(times.len() / 2).copied()
    }

    /// Of n fills, the n-th largest distance: that many orders are passed by at least as much.
    fn bar_markout(&self, wait: Span) -> BarMarkout {
        if wait < Span::MINUTE {
            return BarMarkout::ShorterThanABar;
        }
        let Some(last) = self.fates.filled.checked_sub(1) else { return BarMarkout::NothingFilled };
        if self.passed_a_tick < self.fates.filled {
            let came = self.fates.came() as f64;
            return BarMarkout::FewerAtATick {
                bars: self.passed_a_tick as f64 / came,
                book: self.fates.filled as f64 / came,
            };
        }
        let mut passed = self.passed.clone();
        passed.sort_unstable_by(|a, b| b.total_cmp(a));
        usize::try_from(last)
            .ok()
            .and_then(|last| passed.get(last))
            .map_or(BarMarkout::NothingFilled, |by| BarMarkout::Of(*by))
    }
}

impl TakerTally {
    pub(super) fn add(&mut self, order: &TakerOrder, cost: Option<TakerCost>) {
        let Some(cost) = cost else { return self.short += 1 };
        self.costs.add(order.sent, cost.whole);
        self.delays += cost.delay;
        self.harms += cost.delay.max(0.0);
        self.quantities += order.quantity.to_f64();
    }

    /// For the mean quantity: the stated impact and that of the law with Y = 1.
    pub(super) fn impacts(&self, frictions: &Frictions, day: &TrailingDay) -> Option<(Ratio, Ratio)> {
        let count = self.costs.mean().count;
        let quantity = (count > 0).then(|| Quantity::from_f64(self.quantities / count as f64)).flatten()?;
        let stated = frictions.impact.map_or(Ratio::ZERO, |impact| impact.of(day, quantity));
        Some((stated, SquareRootImpact::TRAILING.of(day, quantity)))
    }

    pub(super) fn figures(&self, size: Money, impacts: Option<(Ratio, Ratio)>, plan: &SurveyPlan) -> TakerFigures {
        let cost = self.costs.mean();
        let mean = |sum: f64| (cost.count > 0).then(|| sum / cost.count as f64);
        let frictions = &plan.venue.frictions;
        let impact = match frictions.impact {
            Some(_) => impacts.map(|(stated, _)| stated),
            None => Some(Ratio::ZERO),
        };
        TakerFigures {
            size,
            cost,
            delay: mean(self.delays),
            harm: mean(self.harms),
            short: self.short,
            stated: impact.map(|impact| frictions.half_spread.to_f64() + impact.to_f64()),
            law: impacts.map(|(_, law)| law.to_f64()),
            fee: plan.venue.fees.share(false),
        }
    }
}

impl PassiveFigures {
    /// The markouts with what they were measured after.
    pub fn markouts(&self) -> impl Iterator<Item = (Span, Mean)> {
        HORIZONS.into_iter().zip(self.markouts)
    }
}

fn signed(side: Side, change: f64) -> f64 {
    match side {
        Side::Buy => change,
        Side::Sell => -change,
    }
}

/// How far a price lies beyond the limit; negative where it does not reach it.
fn beyond(order: &PassiveOrder, price: Price) -> f64 {
    match order.side {
        Side::Buy => order.price.to_f64() - price.to_f64(),
        Side::Sell => price.to_f64() - order.price.to_f64(),
    }
}
