//! What anybody could have had without skill: staying flat, buying and holding, holding at a steady risk, and trading at
//! random as often and as long.
//!
//! Invariant: a baseline sees no price before its decision takes effect, pays the same rates as the strategy, and is long
//! only, with no more than its capital.
//! Absent on purpose: the strategy itself, and fills better than the close of a bar.

pub mod hold;
pub mod random_traders;
pub mod volatility_target;

use serde::Serialize;

use super::costs::CostRates;
use super::equity_record::{EquityFigures, EquityRecord};
use super::figure::Hidden;
use crate::domain::{Seed, SymbolId, Time};
pub use random_traders::{RandomTraders, TRADERS, Trip};
pub use volatility_target::VolatilityTarget;

/// A price of one symbol at the close of a bar. Bars of any length will do; longer ones cost only resolution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Close {
    pub symbol: SymbolId,
    pub time: Time,
    /// Positive, in quote currency.
    pub price: f64,
}

/// What all baselines share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// In quote currency; divided equally among the symbols.
    pub capital: f64,
    pub rates: CostRates,
    pub target: VolatilityTarget,
    pub seed: Seed,
}

/// One baseline: its line of equity and how much it traded.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Baseline {
    pub equity: EquityFigures,
    /// Traded notional over mean equity.
    pub turnover: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Baselines {
    pub flat: Result<Baseline, Hidden>,
    pub buy_and_hold: Result<Baseline, Hidden>,
    pub volatility_target: Result<Baseline, Hidden>,
    pub random: Result<RandomTraders, Hidden>,
}

impl Baselines {
    /// `closes` of all symbols in time order, `trips` and `strategy` (its total return) as the strategy had them.
    pub fn of(closes: &[Close], trips: &[Trip], strategy: f64, terms: &Terms) -> Baselines {
        Baselines {
            flat: hold::flat(closes, terms),
            buy_and_hold: hold::buy_and_hold(closes, terms),
            volatility_target: volatility_target::run(closes, terms),
            random: RandomTraders::of(closes, trips, strategy, terms),
        }
    }
}

/// The capital and position of one symbol.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Leg {
    cash: f64,
    quantity: f64,
    price: f64,
    traded: f64,
}

impl Leg {
    fn equity(&self) -> f64 {
        self.cash + self.quantity * self.price
    }

    /// Buys for this much cash, costs included, and for no more than there is.
    fn spend(&mut self, cash: f64, rates: &CostRates) {
        let cash = cash.clamp(0.0, self.cash.max(0.0));
        let notional = rates.bought(cash);
        self.cash -= cash;
        self.quantity += notional / self.price;
        self.traded += notional;
    }

    /// Sells this quantity, and no more than is held.
    fn sell(&mut self, quantity: f64, rates: &CostRates) {
        let quantity = quantity.clamp(0.0, self.quantity);
        let notional = quantity * self.price;
        self.cash += rates.sold(notional);
        self.quantity -= quantity;
        self.traded += notional;
    }
}

/// Walks through the closes: `act` trades the leg of each close, with its index among the symbols; everything is sold at
/// the end.
fn walk(closes: &[Close], terms: &Terms, mut act: impl FnMut(usize, &Close, &mut Leg)) -> Result<Baseline, Hidden> {
    let (Some(first), Some(last)) = (closes.first(), closes.last()) else { return Err(Hidden::NoMarket) };
    if terms.capital.is_nan() || terms.capital <= 0.0 {
        return Err(Hidden::NoCapital);
    }
    let symbols = symbols(closes);
    let share = Leg { cash: terms.capital / symbols.len() as f64, ..Leg::default() };
    let mut legs = vec![share; symbols.len()];
    let mut record = EquityRecord::new(first.time, terms.capital);
    let (mut equity_sum, mut moments) = (0.0, 0.0);
    for moment in closes.chunk_by(|one, next| one.time == next.time) {
        for close in moment {
            let Ok(at) = symbols.binary_search(&close.symbol) else { continue };
            legs[at].price = close.price;
            act(at, close, &mut legs[at]);
        }
        if moment[0].time == last.time {
            legs.iter_mut().for_each(|leg| leg.sell(leg.quantity, &terms.rates));
        }
        let equity: f64 = legs.iter().map(Leg::equity).sum();
        record.sample(moment[0].time, equity);
        (equity_sum, moments) = (equity_sum + equity, moments + 1.0);
    }
    let traded: f64 = legs.iter().map(|leg| leg.traded).sum();
    Ok(Baseline { equity: record.finish(terms.seed), turnover: traded / (equity_sum / moments) })
}

/// Each once, in rising order.
fn symbols(closes: &[Close]) -> Vec<SymbolId> {
    let mut symbols: Vec<SymbolId> = Vec::new();
    for close in closes {
        if let Err(place) = symbols.binary_search(&close.symbol) {
            symbols.insert(place, close.symbol);
        }
    }
    symbols
}

#[cfg(test)]
pub(super) mod market {
    use super::*;
    use crate::domain::Span;
    use crate::performance::dice::Dice;

    pub fn terms(rate: f64) -> Terms {
        let rates = CostRates { fee: rate, ..CostRates::default() };
        Terms { capital: 1_000.0, rates, target: VolatilityTarget::default(), seed: Seed(1) }
    }

    /// One price a minute from time zero on.
    pub fn minutes(symbol: u16, prices: impl IntoIterator<Item = f64>) -> Vec<Close> {
        let at = |minute: i64| Time(0).plus(Span(minute * Span::MINUTE.0));
        (1..).zip(prices).map(|(minute, price)| Close { symbol: SymbolId(symbol), time: at(minute), price }).collect()
    }

    /// A walk without drift: each minute up or down by this fraction.
    pub fn random_walk(seed: u64, length: usize, step: f64) -> Vec<Close> {
        let mut dice = Dice::new(Seed(seed), "walk");
        let mut price = 100.0;
        let mut next = || {
            price *= if dice.below(2) == 0 { 1.0 + step } else { 1.0 - step };
            price
        };
        minutes(0, (0..length).map(|_| next()))
    }
}
