//! `Refit`: the cost model's numbers of one symbol, learnt from own fills.
//!
//! Each number starts as a prior that counts like so many observations and gives way as own ones come; old ones fade once there
//! are `MOST`. The coefficient of the square-root law is a regression through the origin of what takers paid beyond the half
//! spread; the chance of a fill is a rate of fills over the time that orders rested; the rest are means.
//! Invariant: every number stays within its bounds, whatever is observed; what is no number is not observed.
//! Absent on purpose: when what happens after a fill is looked at (who observes decides: some seconds), and several symbols.
//! Source: shrinkage by a conjugate prior; the rate is the mean of a gamma posterior.

use crate::domain::{Digest, StateHash};
use crate::market::impact;

use super::cost::MarketState;

/// Observations that a prior counts for.
const PRIOR: f64 = 20.0;
/// Observations after which old ones fade.
const MOST: f64 = 1_000.0;
/// An observation counts as far as so many times the bound of its number.
const REACH: f64 = 4.0;

pub const COEFFICIENT: Bounds = Bounds { least: 0.1, most: 3.0 };
pub const HALF_SPREAD: Bounds = Bounds { least: 0.0, most: 0.01 };
pub const MARKOUT: Bounds = Bounds { least: 0.0, most: 0.01 };
/// Fills a minute; as chances within a minute 1 % and 99.8 %.
pub const RATE: Bounds = Bounds { least: 0.01, most: 6.0 };

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    pub least: f64,
    pub most: f64,
}

/// Sums of weight times value, and of weight.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shrunk {
    sum: f64,
    weight: f64,
    count: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Refit {
    coefficient: Shrunk,
    half_spread: Shrunk,
    markout: Shrunk,
    rate: Shrunk,
}

/// What a taker paid, as fractions of the price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Taken {
    /// Average price against the middle when it was sent, positive where it cost.
    pub cost: f64,
    /// From the middle to the best price of the other side, then.
    pub half_spread: f64,
    /// Its share of a day's volume, and a day's volatility.
    pub share: f64,
    pub daily_volatility: f64,
}

impl Refit {
    /// With the market's numbers as the prior.
    pub fn new(prior: &MarketState) -> Refit {
        let chance = prior.fill_chance.clamp(0.0, 0.999);
        // A typical order by which the prior of the coefficient is weighed: a ten-thousandth of a day's volume.
        let typical = slope(1e-4, prior.daily_volatility);
        let weight = PRIOR * typical * typical;
        let coefficient = COEFFICIENT.clamp(prior.coefficient);
        Refit {
            coefficient: Shrunk { sum: coefficient * weight, weight, count: PRIOR },
            half_spread: Shrunk::prior(HALF_SPREAD.clamp(prior.half_spread)),
            markout: Shrunk::prior(MARKOUT.clamp(prior.markout)),
            rate: Shrunk::prior(RATE.clamp(-(1.0 - chance).ln())),
        }
    }

    /// A child that took, or a whole parent: then the cost is its shortfall.
    pub fn took(&mut self, taken: Taken) {
        let x = slope(taken.share, taken.daily_volatility);
        let beyond = taken.cost - taken.half_spread;
        let most = REACH * COEFFICIENT.most * x;
        if x > 0.0 && x.is_finite() && beyond.is_finite() {
            self.coefficient.add(x * beyond.clamp(-most, most), x * x);
        }
        self.half_spread.observe(taken.half_spread, HALF_SPREAD);
    }

    /// A child that rested so many minutes, and whether it was filled in the end.
    pub fn rested(&mut self, minutes: f64, is_filled: bool) {
        if minutes.is_finite() && minutes >= 0.0 {
            self.rate.add(f64::from(u8::from(is_filled)), minutes.min(1_440.0));
        }
    }

    /// How far the price had gone on against a passive fill when it was looked at.
    pub fn marked(&mut self, markout: f64) {
        self.markout.observe(markout, MARKOUT);
    }

    pub fn coefficient(&self) -> f64 {
        COEFFICIENT.clamp(self.coefficient.mean())
    }

    pub fn half_spread(&self) -> f64 {
        HALF_SPREAD.clamp(self.half_spread.mean())
    }

    pub fn markout(&self) -> f64 {
        MARKOUT.clamp(self.markout.mean())
    }

    /// Within a minute.
    pub fn fill_chance(&self) -> f64 {
        1.0 - (-RATE.clamp(self.rate.mean())).exp()
    }

    /// The market with what was learnt. The half spread is the book's where it is shown: it is not touched.
    pub fn applied(&self, market: &MarketState) -> MarketState {
        MarketState {
            coefficient: self.coefficient(),
            markout: self.markout(),
            fill_chance: self.fill_chance(),
            ..*market
        }
    }
}

/// What a coefficient of one says that an order costs on average.
fn slope(share: f64, volatility: f64) -> f64 {
    impact::average(impact::peak(1.0, volatility, share.clamp(0.0, 1.0)))
}

impl Bounds {
    pub fn clamp(&self, x: f64) -> f64 {
        if x.is_nan() { self.least } else { x.clamp(self.least, self.most) }
    }
}

impl Shrunk {
    fn prior(mean: f64) -> Shrunk {
        Shrunk { sum: PRIOR * mean, weight: PRIOR, count: PRIOR }
    }

    fn observe(&mut self, value: f64, bounds: Bounds) {
        if value.is_finite() {
            let most = REACH * bounds.most;
            self.add(value.clamp(-most, most), 1.0);
        }
    }

    fn add(&mut self, sum: f64, weight: f64) {
        let fades = if self.count >= MOST { 1.0 - 1.0 / MOST } else { 1.0 };
        self.sum = self.sum * fades + sum;
        self.weight = self.weight * fades + weight;
        self.count = (self.count + 1.0).min(MOST);
    }

    fn mean(&self) -> f64 {
        self.sum / self.weight
    }
}

impl StateHash for Shrunk {
    fn state_hash(&self, digest: &mut Digest) {
        for number in [self.sum, self.weight, self.count] {
            digest.f64(number);
        }
    }
}

impl StateHash for Refit {
    fn state_hash(&self, digest: &mut Digest) {
        for number in [&self.coefficient, &self.half_spread, &self.markout, &self.rate] {
            digest.add(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: MarketState = MarketState {
        half_spread: 0.000_1,
        daily_volatility: 0.03,
        daily_volume: 20_000.0,
        depth: 5.0,
        maker_fee: 0.001,
        taker_fee: 0.001,
        coefficient: 1.0,
        markout: 0.000_05,
        fill_chance: 0.3,
        unevenness: 1.0,
    };

    /// Even noise from -1 to 1 without chance.
    fn noise(at: u32) -> f64 {
        (f64::from(at) * 0.618_033_988_749_895).fract() * 2.0 - 1.0
    }

    #[test]
    fn without_fills_the_numbers_are_the_prior() {
        let market = Refit::new(&PLAIN).applied(&PLAIN);
        assert!((market.coefficient - 1.0).abs() < 1e-12 && (market.markout - 0.000_05).abs() < 1e-12);
        assert!((market.fill_chance - 0.3).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn planted_values_are_found(
            coefficient in 0.3f64..2.5, half in 0.0f64..0.002, markout in 0.0f64..0.001, rate in 0.05f64..4.0,
        ) {
            let mut refit = Refit::new(&PLAIN);
            for at in 0..3_000 {
                let share = 1e-4 * (1.5 + noise(at + 7));
                let cost = half + coefficient * slope(share, 0.03) + 0.000_1 * noise(at);
                refit.took(Taken { cost, half_spread: half, share, daily_volatility: 0.03 });
                refit.marked(markout + 0.000_3 * noise(at));
                // Every order rests a minute or until its fill, whose time is exponential.
                let time = -((1.0 + noise(at)) / 2.0).max(1e-9).ln() / rate;
                refit.rested(time.min(1.0), time < 1.0);
            }
            prop_assert!((refit.coefficient() / coefficient - 1.0).abs() < 0.1, "{} {}", refit.coefficient(), coefficient);
            prop_assert!((refit.half_spread() - half).abs() < 2e-5);
            prop_assert!((refit.markout() - markout).abs() < 2e-5);
            let chance = 1.0 - (-rate).exp();
            prop_assert!((refit.fill_chance() - chance).abs() < 0.03, "{} {}", refit.fill_chance(), chance);
        }

        #[test]
        fn nothing_leaves_its_bounds(
            events in prop::collection::vec((any::<f64>(), any::<f64>(), any::<f64>(), any::<f64>(), any::<bool>()), 0..200),
            coefficient in any::<f64>(), chance in any::<f64>(),
        ) {
            let mut refit = Refit::new(&MarketState { coefficient, fill_chance: chance, ..PLAIN });
            for (cost, half_spread, share, minutes, is_filled) in events {
                refit.took(Taken { cost, half_spread, share, daily_volatility: 0.03 });
                refit.marked(cost);
                refit.rested(minutes, is_filled);
                let within = |bounds: Bounds, x: f64| (bounds.least..=bounds.most).contains(&x);
                prop_assert!(within(COEFFICIENT, refit.coefficient()), "{:?}", refit);
                prop_assert!(within(HALF_SPREAD, refit.half_spread()) && within(MARKOUT, refit.markout()));
                prop_assert!((0.0..1.0).contains(&refit.fill_chance()), "{:?}", refit);
            }
        }
    }
}
