//! `ExpectedCost`: what each style of carrying out an order is expected to cost, and which costs least.
//!
//! Costs are fractions of the price at arrival. Impact is at least what the square-root law says of the whole order, and at
//! least what the book takes from one slice, which costs a half spread more for each `depth` that is eaten.
//! Invariant: parts sum to the total; the style that is picked costs no more than any that was allowed.
//! Absent on purpose: refitting the coefficients from own fills (`refit`), and carrying the style out (`parent`).
//! Source: Almgren and Chriss 2000 for the price of risk; Donier and Bonart 2015 for the law in Bitcoin; Albers et al. 2024
//! (arXiv 2407.16527) for the drift after passive fills.

use serde::{Deserialize, Serialize};

use super::almgren_chriss::LinearImpact;
use crate::domain::{Digest, StateHash};
use crate::market::impact;

const MINUTES_A_DAY: f64 = 1_440.0;
/// At urgency 1 a standard deviation of the result costs as much as so many times itself.
const MOST_AVERSION: f64 = 3.0;
/// Share of the market's volume that a resting order can hope for.
const PASSIVE_SHARE: f64 = 0.1;
/// Below this share of the spread an impact is not worth slicing for.
const WORTH_SLICING: f64 = 0.25;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// All at once.
    Market,
    /// At once as far as a half spread beyond the best price, the rest a minute later.
    MarketableLimit,
    /// Rests at the best price of its own side, crosses what is left at the end.
    Passive,
    Twap,
    Vwap,
    /// A share of what the market trades.
    Participation,
    /// Front-loaded, after Almgren and Chriss.
    AlmgrenChriss,
}

/// The market at the order's arrival. Rates and moves are fractions, quantities in one unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarketState {
    pub half_spread: f64,
    /// Standard deviation of a day's return.
    pub daily_volatility: f64,
    pub daily_volume: f64,
    /// What stands in the book within a half spread beyond the best price, positive.
    pub depth: f64,
    pub maker_fee: f64,
    pub taker_fee: f64,
    /// Y of the square-root law.
    pub coefficient: f64,
    /// How far the price goes on against a passive fill.
    pub markout: f64,
    /// Chance that an order at the best price is filled within a minute.
    pub fill_chance: f64,
    /// How much more even slices cost than slices along the volume curve: [`unevenness`].
    pub unevenness: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParentOrder {
    pub quantity: f64,
    /// Minutes it may take, at least one.
    pub horizon: f64,
    /// 0: time costs nothing; 1: nothing costs as much as time.
    pub urgency: f64,
    /// Expected move of the price against the order a minute, while it waits; negative where waiting earns.
    pub drift: f64,
    /// Share of the market's volume aimed at under `Style::Participation`.
    pub participation: f64,
}

/// Parts of a cost, positive where they cost.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct ExpectedCost {
    pub spread: f64,
    pub impact: f64,
    pub fees: f64,
    pub markout: f64,
    /// What the price may do meanwhile, at the order's aversion to it, and its drift.
    pub risk: f64,
}

/// Even slices against slices along a profile of volume: 1 for an even profile, more for others. The mean over slices of
/// sqrt(1 / (n v)), which is what the square-root law makes of it.
pub fn unevenness(profile: &[f64]) -> f64 {
    let (n, sum) = (profile.len() as f64, profile.iter().sum::<f64>());
    let mean = profile.iter().map(|share| (sum / (n * share)).sqrt()).sum::<f64>() / n;
    if mean.is_finite() { mean.max(1.0) } else { 1.0 }
}

impl Style {
    /// In the order in which ties are decided.
    pub const ALL: [Style; 7] = [
        Style::Market,
        Style::MarketableLimit,
        Style::Passive,
        Style::Twap,
        Style::Vwap,
        Style::Participation,
        Style::AlmgrenChriss,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Style::Market => "market",
            Style::MarketableLimit => "marketable limit",
            Style::Passive => "passive",
            Style::Twap => "TWAP",
            Style::Vwap => "VWAP",
            Style::Participation => "share of volume",
            Style::AlmgrenChriss => "Almgren-Chriss",
        }
    }

    /// True for styles of many slices.
    pub const fn is_sliced(self) -> bool {
        match self {
            Style::Twap | Style::Vwap | Style::Participation | Style::AlmgrenChriss => true,
            Style::Market | Style::MarketableLimit | Style::Passive => false,
        }
    }
}

impl ExpectedCost {
    pub fn total(&self) -> f64 {
        self.spread + self.impact + self.fees + self.markout + self.risk
    }

    /// Of carrying the order out in this style.
    pub fn of(style: Style, order: &ParentOrder, market: &MarketState) -> ExpectedCost {
        let order = &ParentOrder { horizon: order.horizon.max(1.0), ..*order };
        match style {
            Style::Market => market.taken(market.impact(order.quantity, order.quantity)),
            Style::MarketableLimit => marketable(order, market),
            Style::Passive => passive(order, market),
            Style::Twap => sliced(order, market, order.horizon, market.unevenness.max(1.0)),
            Style::Vwap => sliced(order, market, order.horizon, 1.0),
            Style::Participation => {
                let minute = order.participation * market.daily_volume / MINUTES_A_DAY;
                sliced(order, market, (order.quantity / minute).max(1.0), 1.0)
            }
            Style::AlmgrenChriss => front_loaded(order, market),
        }
    }
}

/// The style that costs least, with its cost. Slicing is looked at only where the impact of trading at once is worth a quarter
/// of the spread: below, it adds risk and orders too small for the venue.
pub fn cheapest(order: &ParentOrder, market: &MarketState) -> (Style, ExpectedCost) {
    let at_once = market.impact(order.quantity, order.quantity);
    let is_worth_slicing = at_once > WORTH_SLICING * 2.0 * market.half_spread;
    let allowed = Style::ALL.into_iter().filter(|style| is_worth_slicing || !style.is_sliced());
    let costs = allowed.map(|style| (style, ExpectedCost::of(style, order, market)));
    let finite = costs.filter(|(_, cost)| cost.total().is_finite());
    let least = finite.min_by(|(_, one), (_, other)| one.total().total_cmp(&other.total()));
    least.unwrap_or((Style::Market, ExpectedCost::of(Style::Market, order, market)))
}

impl MarketState {
    /// Of a whole order that is sent in slices of this size.
    fn impact(&self, quantity: f64, slice: f64) -> f64 {
        let law = impact::average(impact::peak(self.coefficient, self.daily_volatility, quantity / self.daily_volume));
        law.max(self.half_spread * slice / (2.0 * self.depth))
    }

    fn taken(&self, impact: f64) -> ExpectedCost {
        ExpectedCost { spread: self.half_spread, impact, fees: self.taker_fee, markout: 0.0, risk: 0.0 }
    }

    /// Standard deviation of the price over so many minutes.
    fn deviation(&self, minutes: f64) -> f64 {
        self.daily_volatility * (minutes / MINUTES_A_DAY).sqrt()
    }
}

impl StateHash for MarketState {
    fn state_hash(&self, digest: &mut Digest) {
        for number in [
            self.half_spread,
            self.daily_volatility,
            self.daily_volume,
            self.depth,
            self.maker_fee,
            self.taker_fee,
            self.coefficient,
            self.markout,
            self.fill_chance,
            self.unevenness,
        ] {
            digest.f64(number);
        }
    }
}

impl ParentOrder {
    fn aversion(&self) -> f64 {
        MOST_AVERSION * self.urgency.clamp(0.0, 1.0)
    }
}

fn marketable(order: &ParentOrder, market: &MarketState) -> ExpectedCost {
    let now = order.quantity.min(market.depth);
    let later = order.quantity - now;
    let share = if order.quantity > 0.0 { later / order.quantity } else { 0.0 };
    let impact = market.impact(order.quantity, now.max(later));
    let risk = share * (order.aversion() * market.deviation(1.0) + order.drift);
    ExpectedCost { risk, ..market.taken(impact) }
}

fn passive(order: &ParentOrder, market: &MarketState) -> ExpectedCost {
    let hoped = PASSIVE_SHARE * market.daily_volume * order.horizon / MINUTES_A_DAY;
    let room = if order.quantity > 0.0 { (hoped / order.quantity).min(1.0) } else { 1.0 };
    let filled = room * (1.0 - (1.0 - market.fill_chance.clamp(0.0, 1.0)).powf(order.horizon));
    let left = 1.0 - filled;
    let crossing = market.taken(market.impact(order.quantity * left, order.quantity * left));
    // What is filled waits about a third of the time's variance, what is left all of it.
    let (waits, moves) = (market.deviation(order.horizon / 3.0), market.deviation(order.horizon));
    let risk = order.aversion() * (filled * waits + left * moves);
    ExpectedCost {
        spread: left * crossing.spread - filled * market.half_spread,
        impact: left * crossing.impact,
        fees: left * crossing.fees + filled * market.maker_fee,
        markout: filled * market.markout,
        risk: risk + order.drift * order.horizon * (left + filled / 2.0),
    }
}

/// At a steady rate over so many minutes, a slice a minute: what is left has a third of the time's variance.
fn sliced(order: &ParentOrder, market: &MarketState, minutes: f64, uneven: f64) -> ExpectedCost {
    let impact = market.impact(order.quantity, order.quantity / minutes) * uneven;
    let risk = order.aversion() * market.deviation(minutes / 3.0) + order.drift * minutes / 2.0;
    ExpectedCost { risk, ..market.taken(impact) }
}

/// The trajectory whose slices eat the book as `MarketState` says, at the aversion to variance that weighs an even schedule's
/// like its standard deviation.
fn front_loaded(order: &ParentOrder, market: &MarketState) -> ExpectedCost {
    let unknown = ExpectedCost { risk: f64::INFINITY, ..ExpectedCost::default() };
    let sigma = market.deviation(1.0);
    let book =
        LinearImpact { sigma, gamma: 0.0, eta: market.half_spread / (2.0 * market.depth), epsilon: market.half_spread };
    let even = order.quantity * market.deviation(order.horizon / 3.0);
    let lambda = if even > 0.0 { order.aversion() / even } else { 0.0 };
    let minutes = order.horizon.min(MINUTES_A_DAY) as usize;
    let Some(plan) = book.trajectory(order.quantity, minutes as f64, minutes, lambda) else { return unknown };
    let eaten = plan.expected_cost / order.quantity - market.half_spread;
    let law = market.impact(order.quantity, 0.0);
    let waiting: f64 = plan.holdings[1..].iter().sum::<f64>() / order.quantity;
    let risk = order.aversion() * plan.variance.sqrt() / order.quantity + order.drift * waiting;
    ExpectedCost { risk, ..market.taken(law.max(eaten)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CALM: MarketState = MarketState {
        half_spread: 0.000_1,
        daily_volatility: 0.03,
        daily_volume: 20_000.0,
        depth: 5.0,
        maker_fee: 0.000_2,
        taker_fee: 0.000_4,
        coefficient: 1.0,
        markout: 0.000_05,
        fill_chance: 0.3,
        unevenness: 1.1,
    };

    fn order(quantity: f64, urgency: f64) -> ParentOrder {
        ParentOrder { quantity, horizon: 60.0, urgency, drift: 0.0, participation: 0.05 }
    }

    #[test]
    fn small_and_urgent_goes_at_once_small_and_patient_rests_and_large_is_sliced() {
        let style = |quantity, urgency| cheapest(&order(quantity, urgency), &CALM).0;
        assert_eq!(style(0.001, 1.0), Style::Market);
        assert_eq!(style(0.001, 0.0), Style::Passive);
        let thin = MarketState { depth: 0.5, fill_chance: 0.001, ..CALM };
        let (large, cost) = cheapest(&order(100.0, 0.05), &thin);
        assert!(large.is_sliced(), "{large:?} {cost:?}");
        assert!(cost.total() < ExpectedCost::of(Style::Market, &order(100.0, 0.05), &thin).total() / 2.0);
        // A signal that runs away makes even a patient order cross.
        let away = ParentOrder { drift: 0.001, ..order(0.001, 0.0) };
        assert_eq!(cheapest(&away, &CALM).0, Style::Market);
    }

    #[test]
    fn a_market_order_pays_half_the_spread_the_law_and_the_fee() {
        let cost = ExpectedCost::of(Style::Market, &order(5.0, 1.0), &CALM);
        let law = 0.03 * (5.0_f64 / 20_000.0).sqrt() * 2.0 / 3.0;
        assert!((cost.impact - law).abs() < 1e-12 && cost.risk == 0.0);
        assert!((cost.total() - (0.000_1 + law + 0.000_4)).abs() < 1e-12);
        assert_eq!((unevenness(&[1.0; 5]), unevenness(&[]), unevenness(&[0.0, 1.0])), (1.0, 1.0, 1.0));
        assert!(unevenness(&[1.0, 3.0]) > 1.05);
    }

    proptest! {
        #[test]
        fn what_is_picked_is_the_cheapest_that_is_allowed(
            quantity in 0.0f64..2_000.0, urgency in 0.0f64..=1.0, horizon in 1.0f64..300.0, drift in -0.000_1f64..0.000_1,
            depth in 0.1f64..50.0, fill_chance in 0.0f64..1.0, half_spread in 0.000_01f64..0.002,
        ) {
            let market = MarketState { depth, fill_chance, half_spread, ..CALM };
            let order = ParentOrder { horizon, drift, ..order(quantity, urgency) };
            let (style, cost) = cheapest(&order, &market);
            prop_assert!(cost.total().is_finite());
            for other in Style::ALL.into_iter().filter(|other| style.is_sliced() || !other.is_sliced()) {
                let total = ExpectedCost::of(other, &order, &market).total();
                prop_assert!(total.is_nan() || cost.total() <= total, "{:?} {:?}", style, other);
            }
        }

        #[test]
        fn a_larger_order_is_never_cheaper_in_any_style_at_rest(quantity in 0.01f64..500.0, times in 1.0f64..5.0, urgency in 0.0f64..=1.0) {
            for style in Style::ALL {
                let cost = |quantity| ExpectedCost::of(style, &order(quantity, urgency), &CALM).total();
                prop_assert!(cost(quantity * times) >= cost(quantity) - 1e-9, "{:?}", style);
            }
        }
    }
}
