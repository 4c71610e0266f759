//! The generated market: an endless row of plausible one-minute bars.
//!
//! Hidden regimes change like a Markov chain; within them the variance clusters (GARCH(1,1), Bollerslev 1986), shocks
//! have the tails of a Student t with five degrees of freedom, and rare jumps come on top.
//! Invariant: the same seed, symbol, rules, start and price give the same bars on every platform; of floating point
//! only + - * / and square roots are used, which IEEE 754 defines to the last bit.
//! Absent on purpose: std's exp, ln and sin, which differ between platforms, and any claim that a profit made here
//! means anything.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::domain::seed::Seed;
use crate::domain::{Bar, Price, Quantity, Symbol, SymbolRules, Time};

use super::book::tick_of;

/// Endless bars.
#[derive(Debug, Clone)]
pub struct Generator {
    random: ChaCha8Rng,
    tick: Price,
    step: Quantity,
    time: Time,
    /// Last close, and where the long run pulls to.
    price: f64,
    home: f64,
    regime: Regime,
    /// Of the return of the next minute, as a multiple of the regime's own.
    variance: f64,
}

/// What the market does for a while; nobody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Regime {
    Calm,
    UpTrend,
    DownTrend,
    Volatile,
    Crash,
    Recovery,
}

/// How a regime moves.
struct Manner {
    /// Of volatility, against `MINUTE_VOLATILITY`.
    volatility: f64,
    /// Mean return of a minute.
    drift: f64,
    /// Mean length.
    minutes: f64,
    /// Where it goes, with probabilities that sum to one.
    next: &'static [(f64, Regime)],
}

/// Of returns; the mix of regimes and jumps makes 50 to 60 % a year of it.
const MINUTE_VOLATILITY: f64 = 0.000_64;
/// GARCH(1,1): weight of the last squared return and of the last variance.
const ALPHA: f64 = 0.09;
const BETA: f64 = 0.89;
/// Largest squared shock, in variances, that enters the variance of the next minute.
const SHOCK_CAP: f64 = 25.0;
/// Probability of a jump in a minute, and its size.
const JUMP: f64 = 1.0 / 2_500.0;
const JUMP_FROM: f64 = 0.003;
const JUMP_TO: f64 = 0.014;
/// Steps of the inner path of a bar.
const STEPS: usize = 12;
/// Share of the way home in a minute; keeps an endless walk inside the range of prices.
const HOMEWARD: f64 = 2e-6;
/// Quote currency traded in a quiet minute.
const TURNOVER: f64 = 900_000.0;
/// Prices stay below half the range of `Price`.
const HIGHEST: f64 = 4e10;

impl Generator {
    /// Bars from the minute of `start` on, beginning near `start_price` (which is cut to the range of prices), on the
    /// tick and step of the rules.
    pub fn new(seed: Seed, symbol: &Symbol, rules: &SymbolRules, start: Time, start_price: f64) -> Generator {
        let tick = tick_of(rules);
        let price = if start_price.is_finite() { start_price } else { 1.0 };
        let price = on_grid(price, tick);
        Generator {
            random: seed.stream(&format!("generator {symbol}")),
            tick,
            step: rules.lot.step,
            time: start.minute(),
            price,
            home: price,
            regime: Regime::Calm,
            variance: 1.0,
        }
    }

    /// The prices of the next minute, on the tick grid: the open, then the inner path.
    fn walk(&mut self, manner: &Manner) -> [f64; STEPS + 1] {
        let volatility = MINUTE_VOLATILITY * manner.volatility * square_root(self.variance);
        let volatility = volatility * self.tail();
        let pull = HOMEWARD * 2.0 * (self.home - self.price) / (self.home + self.price);
        let (jump_at, jump) = self.jump();
        let mut exact = self.price * exponential(0.05 * volatility * self.normal());
        let open = exact;
        let mut prices = [on_grid(exact, self.tick); STEPS + 1];
        for (index, price) in prices.iter_mut().enumerate().skip(1) {
            let shock = volatility / square_root(STEPS as f64) * self.normal();
            let jump = if index == jump_at { jump } else { 0.0 };
            exact *= exponential((manner.drift + pull) / STEPS as f64 + shock + jump);
            exact = exact.clamp(self.tick.to_f64(), HIGHEST);
            *price = on_grid(exact, self.tick);
        }
        // Drift and jumps belong to the shock too: after a fall the next minutes are wild.
        let typical = MINUTE_VOLATILITY * manner.volatility;
        let shock = (exact - open) / open / typical;
        let shock = (shock * shock).min(SHOCK_CAP * self.variance);
        self.variance = (1.0 - ALPHA - BETA) + ALPHA * shock + BETA * self.variance;
        prices
    }

    /// The factor that turns a normal shock into one with the tails of a Student t, of unit variance.
    fn tail(&mut self) -> f64 {
        const FREEDOM: usize = 5;
        let squares: f64 = (0..FREEDOM).map(|_| self.normal()).map(|x| x * x).sum();
        square_root((FREEDOM as f64 - 2.0) / squares.max(0.15))
    }

    /// In which step a jump comes, if one does (zero is never reached), and its return.
    fn jump(&mut self) -> (usize, f64) {
        let (chance, size, sign) = (self.uniform(), self.uniform(), self.uniform());
        let at = 1 + (self.uniform() * STEPS as f64) as usize;
        let size = JUMP_FROM + (JUMP_TO - JUMP_FROM) * size;
        if chance < JUMP { (at, if sign < 0.5 { -size } else { size }) } else { (0, 0.0) }
    }

    /// Base asset traded in a minute of these prices.
    fn volume(&mut self, range: f64, price: f64) -> f64 {
        let noise = exponential(0.6 * self.normal());
        let turnover = TURNOVER * day_curve(self.time) * (0.5 + 0.5 * range / MINUTE_VOLATILITY) * noise;
        let volume = Quantity::from_f64((turnover / price).min(4e10)).unwrap_or(Quantity::ZERO);
        volume.floor_to_step(self.step).max(self.step).to_f64()
    }

    fn change_regime(&mut self, manner: &Manner) {
        let (leaves, mut which) = (self.uniform() * manner.minutes < 1.0, self.uniform());
        if !leaves {
            return;
        }
        for (probability, regime) in manner.next {
            self.regime = *regime;
            which -= probability;
            if which < 0.0 {
                break;
            }
        }
    }

    /// In 0..1.
    fn uniform(&mut self) -> f64 {
        (self.random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Near standard normal: the sum of twelve uniforms less six, which needs no logarithm.
    fn normal(&mut self) -> f64 {
        let mut sum = 0.0;
        for _ in 0..6 {
            let bits = self.random.next_u64();
            sum += (bits >> 32) as f64 + (bits & 0xffff_ffff) as f64;
        }
        sum / (1_u64 << 32) as f64 - 6.0
    }
}

impl Iterator for Generator {
    type Item = Bar;

    fn next(&mut self) -> Option<Bar> {
        let manner = self.regime.manner();
        let prices = self.walk(&manner);
        let high = prices.iter().copied().fold(prices[0], f64::max);
        let low = prices.iter().copied().fold(prices[0], f64::min);
        let (open, close) = (prices[0], prices[STEPS]);
        let volume = self.volume((high - low) / low, close);
        let bar = Bar { open_time: self.time, open, high, low, close, volume };
        self.price = close;
        self.time = self.time.plus(Bar::INTERVAL);
        self.change_regime(&manner);
        Some(bar)
    }
}

impl Regime {
    const fn manner(self) -> Manner {
        use Regime::{Calm, Crash, DownTrend, Recovery, UpTrend, Volatile};
        let (volatility, drift, minutes, next): (f64, f64, f64, &'static [(f64, Regime)]) = match self {
            Calm => (0.7, 0.0, 360.0, &[(0.35, UpTrend), (0.25, DownTrend), (0.32, Volatile), (0.08, Crash)]),
            UpTrend => (1.0, 4.5e-5, 240.0, &[(0.5, Calm), (0.25, Volatile), (0.2, DownTrend), (0.05, Crash)]),
            DownTrend => (1.1, -4.5e-5, 240.0, &[(0.4, Calm), (0.25, Volatile), (0.22, UpTrend), (0.13, Crash)]),
            Volatile => (1.9, 0.0, 90.0, &[(0.5, Calm), (0.2, UpTrend), (0.2, DownTrend), (0.1, Crash)]),
            Crash => (2.6, -1.2e-3, 18.0, &[(1.0, Recovery)]),
            Recovery => (1.6, 2.0e-4, 90.0, &[(0.5, Calm), (0.3, UpTrend), (0.2, Volatile)]),
        };
        Manner { volatility, drift, minutes, next }
    }
}

/// The nearest tick, at least one; prices that do not fit are cut.
fn on_grid(price: f64, tick: Price) -> f64 {
    let raw = Price::from_f64(price.min(HIGHEST)).unwrap_or(tick);
    let half = Price::from_raw(tick.raw() / 2);
    raw.saturating_add(half).floor_to_tick(tick).max(tick).to_f64()
}

/// Trading over the day: most at 14:30 UTC, least twelve hours later.
fn day_curve(time: Time) -> f64 {
    let minute = time.0.div_euclid(60_000_000).rem_euclid(1_440);
    let away = (minute - 870).rem_euclid(1_440);
    let away = away.min(1_440 - away) as f64 / 720.0;
    1.6 - 1.1 * away
}

/// Correctly rounded by IEEE 754, unlike the other functions of its kind.
fn square_root(x: f64) -> f64 {
    x.max(0.0).sqrt()
}

/// e^x by its series, for arguments that are cut to -3..3: exact to about 1e-15 near zero, where returns are.
fn exponential(x: f64) -> f64 {
    // e^x = (e^(x/8))^8 keeps the series short.
    let x = x.clamp(-3.0, 3.0) / 8.0;
    let mut sum = 1.0;
    for n in (1..=14).rev() {
        sum = 1.0 + sum * x / f64::from(n);
    }
    let squared = sum * sum;
    let fourth = squared * squared;
    fourth * fourth
}
