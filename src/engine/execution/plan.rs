//! `Plan`: the style of a parent order and the slices that it is cut into.
//!
//! Invariant: slices are legal at the venue and sum to what is left; the same market, order and seed give the same plan.
//! Absent on purpose: how a slice is carried out (`parent`), and refitting the market's numbers (`refit`).

use crate::domain::{Digest, Price, Quantity, Seed, Span, StateHash, Time};

use super::almgren_chriss::LinearImpact;
use super::cost::{ExpectedCost, MarketState, ParentOrder, Style};
use super::curve::VolumeCurve;
use super::merge::LegalSize;
use super::randomise::{Slice, evenly};
use super::schedule;
use super::tactics::{Tactics, passive_pays};

/// Slices count from `from`; a share of the market's volume has none.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub style: Style,
    pub from: Time,
    pub slices: Vec<Slice>,
    pub expected: ExpectedCost,
}

/// What a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct Brief<'a> {
    pub lots: u64,
    pub size: LegalSize,
    pub arrival: Price,
    pub now: Time,
    pub left: Span,
    pub urgency: f64,
    /// Expected move against the order a minute, a fraction.
    pub drift: f64,
    pub market: &'a MarketState,
    /// Shares of the volume expected between now and the end, one for each slice; empty where nothing is known.
    pub profile: &'a [f64],
    /// True where best bid and ask are known.
    pub has_touch: bool,
    pub seed: Seed,
    pub name: &'a str,
}

impl Plan {
    /// In the style that is expected to cost least.
    pub fn cheapest(brief: &Brief<'_>, tactics: &Tactics) -> Plan {
        let order = brief.order(tactics);
        let window = tactics.interval(brief.left).0 as f64 / Span::MINUTE.0 as f64;
        // What is more than its share of a minute is not sent at once.
        let is_small = brief.quantity() <= tactics.most_participation * brief.market.daily_volume / MINUTES_A_DAY;
        let is_allowed = |style: &Style| match style {
            Style::Market => is_small,
            Style::MarketableLimit => is_small && brief.has_touch,
            Style::Passive => brief.has_touch && passive_pays(brief.market, window, brief.urgency, brief.drift),
            Style::Twap | Style::Vwap | Style::Participation | Style::AlmgrenChriss => brief.left > tactics.pause,
        };
        let cost = |style: &Style| {
            ExpectedCost::of(*style, &order, brief.market).total() + HIDDEN * brief.eaten(*style, tactics)
        };
        let allowed = Style::ALL.into_iter().filter(|style| is_allowed(style) && cost(style).is_finite());
        let style = allowed.min_by(|one, other| cost(one).total_cmp(&cost(other))).unwrap_or(Style::Market);
        let plan = Plan::in_style(style, brief, tactics);
        match style {
            // It rests slice by slice: what a slice did not get is late long before the end.
            Style::Passive => Plan { slices: brief.legal(brief.sliced(Style::AlmgrenChriss, tactics)), ..plan },
            Style::Market
            | Style::MarketableLimit
            | Style::Twap
            | Style::Vwap
            | Style::Participation
            | Style::AlmgrenChriss => plan,
        }
    }

    pub fn in_style(style: Style, brief: &Brief<'_>, tactics: &Tactics) -> Plan {
        let expected = ExpectedCost::of(style, &brief.order(tactics), brief.market);
        let slices = match style {
            Style::Market | Style::MarketableLimit | Style::Passive => brief.whole(),
            Style::Participation => Vec::new(),
            Style::Twap | Style::Vwap | Style::AlmgrenChriss => brief.sliced(style, tactics),
        };
        Plan { style, from: brief.now, slices: brief.legal(slices), expected }
    }

    /// Lots that should have been sent by now.
    pub fn due(&self, now: Time) -> u64 {
        let passed = now.since(self.from);
        self.slices.iter().take_while(|slice| slice.at <= passed).map(|slice| slice.lots).sum()
    }

    /// Lots of slices whose successor's time has come: what is late.
    pub fn late(&self, now: Time) -> u64 {
        let passed = now.since(self.from);
        let due = self.slices.iter().take_while(|slice| slice.at <= passed).count();
        self.slices[..due.saturating_sub(1)].iter().map(|slice| slice.lots).sum()
    }

    /// When the next slice begins.
    pub fn next_after(&self, now: Time) -> Option<Time> {
        let passed = now.since(self.from);
        self.slices.iter().find(|slice| slice.at > passed).map(|slice| self.from.plus(slice.at))
    }
}

const MINUTES_A_DAY: f64 = 1_440.0;
/// Where the law of impact says the same of all styles, so much of what a slice eats of the book still counts.
const HIDDEN: f64 = 0.1;

impl Brief<'_> {
    fn quantity(&self) -> f64 {
        self.lots as f64 * self.size.step.to_f64()
    }

    /// What one slice of a style costs by eating into the book, a fraction.
    fn eaten(&self, style: Style, tactics: &Tactics) -> f64 {
        let pieces = if style.is_sliced() { slices(self.left, tactics.interval(self.left)) } else { 1 };
        self.market.half_spread * self.quantity() / pieces as f64 / (2.0 * self.market.depth)
    }

    fn whole(&self) -> Vec<Slice> {
        vec![Slice { at: Span::ZERO, lots: self.lots }]
    }

    /// Where no cut is legal, all goes in one piece as the venue allows.
    fn legal(&self, slices: Vec<Slice>) -> Vec<Slice> {
        self.size.merged(&slices).unwrap_or_else(|| self.whole())
    }

    fn minutes(&self) -> f64 {
        self.left.0.max(0) as f64 / Span::MINUTE.0 as f64
    }

    fn order(&self, tactics: &Tactics) -> ParentOrder {
        let (quantity, horizon) = (self.quantity(), self.minutes());
        ParentOrder {
            quantity,
            horizon,
            urgency: self.urgency,
            drift: self.drift,
            participation: tactics.participation,
        }
    }

    fn sliced(&self, style: Style, tactics: &Tactics) -> Vec<Slice> {
        let interval = tactics.interval(self.left);
        let count = slices(self.left, interval);
        let lots = match style {
            Style::Vwap if self.profile.len() == count => schedule::vwap(self.lots, self.profile),
            Style::AlmgrenChriss => self.front_loaded(count, interval),
            Style::Market
            | Style::MarketableLimit
            | Style::Passive
            | Style::Twap
            | Style::Vwap
            | Style::Participation => schedule::twap(self.lots, count),
        };
        tactics.jitter.apply(&evenly(&lots, interval), self.seed, self.name)
    }

    /// The trajectory of `cost`'s book, in lots.
    fn front_loaded(&self, count: usize, interval: Span) -> Vec<u64> {
        let market = self.market;
        let sigma = market.daily_volatility / MINUTES_A_DAY.sqrt();
        let eta = market.half_spread / (2.0 * market.depth);
        let book = LinearImpact { sigma, gamma: 0.0, eta, epsilon: market.half_spread };
        let even = self.quantity() * sigma * (self.minutes() / 3.0).sqrt();
        let lambda = if even > 0.0 { 3.0 * self.urgency.clamp(0.0, 1.0) / even } else { 0.0 };
        let minutes = interval.0 as f64 * count as f64 / Span::MINUTE.0 as f64;
        match book.trajectory(self.quantity(), minutes, count, lambda) {
            Some(plan) => schedule::vwap(self.lots, &plan.trades),
            None => schedule::twap(self.lots, count),
        }
    }
}

/// Slices of an interval in a time, at least one.
pub fn slices(left: Span, interval: Span) -> usize {
    (left.0.max(0) / interval.0.max(1)).clamp(1, 10_000) as usize
}

/// The profile of a plan that starts now: see [`Brief::profile`].
pub fn profile(curve: Option<&VolumeCurve>, now: Time, left: Span, tactics: &Tactics) -> Vec<f64> {
    let interval = tactics.interval(left);
    curve.map(|curve| curve.profile(now, interval, slices(left, interval))).unwrap_or_default()
}

/// Whole steps in a quantity.
pub fn lots(quantity: Quantity, step: Quantity) -> u64 {
    (quantity.raw().max(0) / step.raw().max(1)) as u64
}

/// Steps as a quantity; what does not fit is the most there is.
pub fn quantity(lots: u64, step: Quantity) -> Quantity {
    let raw = i128::from(lots) * i128::from(step.raw());
    Quantity::from_raw(i64::try_from(raw).unwrap_or(i64::MAX / 2).min(i64::MAX / 2)).floor_to_step(step)
}

impl StateHash for Plan {
    fn state_hash(&self, digest: &mut Digest) {
        digest.u8(self.style as u8);
        digest.add(&self.from);
        digest.u64(self.slices.len() as u64);
        for slice in &self.slices {
            digest.i64(slice.at.0);
            digest.u64(slice.lots);
        }
    }
}
