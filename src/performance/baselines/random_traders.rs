//! `RandomTraders`: the strategy's own round trips at random moments.
//!
//! Invariant: every random trader makes as many trips of each symbol as the strategy, with the same sizes and the same
//! holding times (in bars), never two at once in a symbol; so its turnover and its costs are the strategy's.
//! Absent on purpose: short trips.

use serde::Serialize;

use super::{Close, Terms, symbols};
use crate::domain::{SymbolId, Time};
use crate::performance::dice::Dice;
use crate::performance::figure::Hidden;
use crate::performance::tails::Sorted;

/// How many traders draw.
pub const TRADERS: usize = 200;

/// A round trip as the random traders repeat it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trip {
    pub symbol: SymbolId,
    pub opened: Time,
    pub closed: Time,
    /// Notional of the entry over equity at the entry.
    pub share: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RandomTraders {
    /// Total returns, rising.
    pub returns: Vec<f64>,
    /// Share of the traders that did worse than the strategy; one that did the same counts half. From 0 to 1.
    pub percentile: f64,
    pub trips: u64,
    /// The return that 5 % of the traders stay below, the middle one, and the one that 5 % exceed.
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

impl RandomTraders {
    /// `strategy` is the total return that is ranked among the random ones.
    pub fn of(closes: &[Close], trips: &[Trip], strategy: f64, terms: &Terms) -> Result<RandomTraders, Hidden> {
        if closes.is_empty() {
            return Err(Hidden::NoMarket);
        }
        let lanes = lanes(closes, trips)?;
        if lanes.is_empty() {
            return Err(Hidden::NoTrades);
        }
        let mut dice = Dice::new(terms.seed, "random traders");
        let mut lanes = lanes;
        let returns: Vec<f64> = (0..TRADERS)
            .map(|_| lanes.iter_mut().map(|lane| lane.trade(&mut dice, terms)).product::<f64>() - 1.0)
            .collect();
        let sorted = Sorted::of(&returns);
        let at = |p: f64| sorted.quantile(p).filter(|value| value.is_finite()).ok_or(Hidden::Undefined);
        let score: f64 = returns.iter().map(|other| rank(strategy, *other)).sum();
        Ok(RandomTraders {
            percentile: score / returns.len() as f64,
            trips: lanes.iter().map(|lane| lane.trips.len() as u64).sum(),
            low: at(0.05)?,
            median: at(0.5)?,
            high: at(0.95)?,
            returns: sorted.into_values(),
        })
    }
}

fn rank(strategy: f64, other: f64) -> f64 {
    if other < strategy {
        1.0
    } else if other > strategy {
        0.0
    } else {
        0.5
    }
}

/// The prices of one symbol and the trips to be placed on them.
struct Lane {
    prices: Vec<f64>,
    /// (bars held, share of equity)
    trips: Vec<(usize, f64)>,
    /// Bars that no trip fills.
    free: usize,
    offsets: Vec<usize>,
}

/// Symbols without trips have no lane; trips of symbols without prices have no room.
fn lanes(closes: &[Close], trips: &[Trip]) -> Result<Vec<Lane>, Hidden> {
    let priced = symbols(closes);
    if trips.iter().any(|trip| priced.binary_search(&trip.symbol).is_err()) {
        return Err(Hidden::NoRoom);
    }
    let mut lanes = Vec::new();
    for symbol in priced {
        if trips.iter().all(|trip| trip.symbol != symbol) {
            continue;
        }
        let (times, prices): (Vec<Time>, Vec<f64>) =
            closes.iter().filter(|close| close.symbol == symbol).map(|close| (close.time, close.price)).unzip();
        let bar = |time: Time| times.partition_point(|close| *close < time);
        // A trip inside one bar is held for that bar.
        let held = |trip: &Trip| (bar(trip.closed).saturating_sub(bar(trip.opened)).max(1), trip.share);
        let trips: Vec<(usize, f64)> = trips.iter().filter(|trip| trip.symbol == symbol).map(held).collect();
        let filled = trips.iter().fold(0_usize, |sum, (bars, _)| sum.saturating_add(*bars));
        let free = prices.len().saturating_sub(1).checked_sub(filled).ok_or(Hidden::NoRoom)?;
        lanes.push(Lane { offsets: vec![0; trips.len()], prices, trips, free });
    }
    Ok(lanes)
}

impl Lane {
    /// What one unit of equity becomes when the trips are made in random order after random waits.
    fn trade(&mut self, dice: &mut Dice, terms: &Terms) -> f64 {
        dice.shuffle(&mut self.trips);
        self.offsets.iter_mut().for_each(|offset| *offset = dice.below(self.free + 1));
        self.offsets.sort_unstable();
        let (mut wealth, mut filled) = (1.0, 0);
        for ((bars, share), offset) in self.trips.iter().zip(&self.offsets) {
            let entry = offset + filled;
            filled += bars;
            let kept = terms.rates.sold(terms.rates.bought(1.0) * self.prices[entry + bars] / self.prices[entry]);
            wealth *= 1.0 + share * (kept - 1.0);
        }
        wealth
    }
}

#[cfg(test)]
mod tests {
    use super::super::market::{minutes, random_walk, terms};
    use super::*;
    use proptest::prelude::*;

    fn trip(closes: &[Close], from: usize, to: usize, share: f64) -> Trip {
        Trip { symbol: closes[from].symbol, opened: closes[from].time, closed: closes[to].time, share }
    }

    #[test]
    fn at_a_constant_price_every_trader_loses_exactly_the_costs() {
        let closes = minutes(0, std::iter::repeat_n(7.0, 300));
        let trips = [trip(&closes, 5, 20, 0.5), trip(&closes, 40, 41, 1.0), trip(&closes, 100, 250, 1.0)];
        let kept = 0.999 / 1.001;
        let wanted = (1.0 + 0.5 * (kept - 1.0)) * kept * kept - 1.0;
        let random = RandomTraders::of(&closes, &trips, 0.0, &terms(0.001)).expect("trips and prices");
        assert!(random.returns.iter().all(|got| (got - wanted).abs() < 1e-12));
        assert_eq!((random.returns.len(), random.trips, random.percentile), (TRADERS, 3, 1.0));
        let same = RandomTraders::of(&closes, &trips, random.median, &terms(0.001)).expect("trips and prices");
        assert!((0.0..=1.0).contains(&same.percentile));
    }

    #[test]
    fn knowing_the_future_beats_nearly_all_and_its_opposite_nearly_none() {
        let closes = random_walk(8, 5_000, 0.002);
        let moved = |from: usize| closes[from + 60].price / closes[from].price;
        let mut hours: Vec<usize> = (0..80).map(|at| at * 61).collect();
        hours.sort_by(|one, next| moved(*one).total_cmp(&moved(*next)));
        let rank = |chosen: &[usize]| {
            let trips: Vec<Trip> = chosen.iter().map(|from| trip(&closes, *from, from + 60, 1.0)).collect();
            let total = chosen.iter().map(|from| moved(*from)).product::<f64>() - 1.0;
            RandomTraders::of(&closes, &trips, total, &terms(0.0)).expect("trips and prices").percentile
        };
        assert!(rank(&hours[60..]) > 0.99 && rank(&hours[..20]) < 0.01);
    }

    #[test]
    fn a_trader_without_skill_ranks_anywhere() {
        let ranks = (0..60).map(|seed| {
            let closes = random_walk(seed, 2_000, 0.002);
            let trips: Vec<Trip> = (0..20).map(|at| trip(&closes, at * 90, at * 90 + 45, 1.0)).collect();
            let total = (0..20).map(|at| closes[at * 90 + 45].price / closes[at * 90].price).product::<f64>() - 1.0;
            RandomTraders::of(&closes, &trips, total, &terms(0.0)).expect("trips and prices").percentile
        });
        let ranks: Vec<f64> = ranks.collect();
        let mean = ranks.iter().sum::<f64>() / 60.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
        assert!(ranks.iter().any(|rank| *rank < 0.2) && ranks.iter().any(|rank| *rank > 0.8));
    }

    #[test]
    fn without_trips_prices_or_room_the_reason_is_given() {
        let closes = random_walk(1, 10, 0.01);
        let of = |closes: &[Close], trips: &[Trip]| RandomTraders::of(closes, trips, 0.0, &terms(0.0)).map(|_| ());
        assert_eq!(of(&[], &[]), Err(Hidden::NoMarket));
        assert_eq!(of(&closes, &[]), Err(Hidden::NoTrades));
        assert_eq!(of(&closes, &[trip(&closes, 0, 9, 1.0)]), Ok(()));
        assert_eq!(of(&closes, &[trip(&closes, 0, 9, 1.0), trip(&closes, 1, 2, 1.0)]), Err(Hidden::NoRoom));
        assert_eq!(of(&closes, &[Trip { symbol: SymbolId(3), ..trip(&closes, 0, 1, 1.0) }]), Err(Hidden::NoRoom));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn trips_of_any_length_fit_and_repeat_with_the_seed(
            holds in prop::collection::vec(0usize..40, 1..12), share in 0.0f64..1.0, seed in any::<u64>(),
        ) {
            let closes = random_walk(seed, 500, 0.005);
            let mut place = 0;
            let trips: Vec<Trip> = holds.iter().map(|bars| {
                let from = place;
                place += bars + 1;
                trip(&closes, from, from + bars, share)
            }).collect();
            let first = RandomTraders::of(&closes, &trips, 0.0, &terms(0.001));
            prop_assert_eq!(&first, &RandomTraders::of(&closes, &trips, 0.0, &terms(0.001)));
            let random = first.expect("there is room");
            prop_assert!((0.0..=1.0).contains(&random.percentile));
            prop_assert!(random.low <= random.median && random.median <= random.high);
            prop_assert!(random.returns.iter().all(|total| *total > -1.0));
        }
    }
}
