//! `SyntheticMarket`: bars whose truth is known, to try a training on: nothing to find, or an edge of a known size.
//!
//! A minute moves by its drift plus a shock whose variance clusters (GARCH(1,1), Bollerslev 1986). Without an edge the drift
//! is zero and the price a martingale; with one, the return of the last hour carries on for two hours.
//! Invariant: the same seed, edge and name give the same bars on every platform: of floating point only + - * / and square
//! roots are used.
//! Absent on purpose: regimes, jumps and ticks (`simulator::generator` has them), any claim about real markets.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::domain::seed::Seed;
use crate::domain::{Bar, Span, Time};

/// Deviation of a minute's return in the long run: about 45 % a year.
const MINUTE_DEVIATION: f64 = 0.000_6;
/// GARCH(1,1): weight of the last squared shock and of the last variance.
const ALPHA: f64 = 0.06;
const BETA: f64 = 0.92;
/// Minutes that the edge looks back, and those that it works for.
const MEMORY: usize = 60;
const REACH: f64 = 120.0;
/// Steps of the inner path of a bar.
const STEPS: usize = 8;
/// Base asset traded in a quiet minute.
const VOLUME: f64 = 20.0;
/// 2023-01-01 00:00 UTC.
const FIRST: Time = Time(1_672_531_200_000_000);

/// What there is to find.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Edge {
    /// The best guess of any later price is the present one.
    None,
    /// After an hour that moved far, the next two hours move this fraction further (0 to 0.02), for as long as the hour stays
    /// what it was. At 0.008 the best fifth of hours earns several times what a round trip of 0.2 % costs, at 0.001 none does.
    Momentum { strength: f64 },
}

/// Endless bars.
#[derive(Debug, Clone)]
pub struct SyntheticMarket {
    random: ChaCha8Rng,
    edge: Edge,
    time: Time,
    price: f64,
    /// Of the next minute's shock, in long-run variances.
    variance: f64,
    /// Returns of the last hour, a ring, and their sum.
    hour: [f64; MEMORY],
    at: usize,
}

impl SyntheticMarket {
    /// Bars from 2023 on; markets of other names (symbols) move on their own.
    pub fn new(seed: Seed, name: &str, edge: Edge) -> SyntheticMarket {
        let random = seed.stream(&format!("synthetic market {name}"));
        SyntheticMarket { random, edge, time: FIRST, price: 1_000.0, variance: 1.0, hour: [0.0; MEMORY], at: 0 }
    }

    /// The next so many bars.
    pub fn bars(&mut self, count: usize) -> Vec<Bar> {
        self.take(count).collect()
    }

    /// Expected return of the next minute.
    fn drift(&self) -> f64 {
        match self.edge {
            Edge::None => 0.0,
            Edge::Momentum { strength } => {
                let hour: f64 = self.hour.iter().sum();
                // The drift feeds the hour that it follows from: the scale keeps that echo below one.
                let far = (MINUTE_DEVIATION * (MEMORY as f64).sqrt()).max(0.75 * strength);
                strength / REACH * (hour / far).clamp(-1.0, 1.0)
            }
        }
    }

    fn uniform(&mut self) -> f64 {
        (self.random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Nearly normal: the sum of twelve uniform numbers, of mean 0 and variance 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    fn minute(&mut self) -> Bar {
        let drift = self.drift();
        let deviation = MINUTE_DEVIATION * self.variance.sqrt();
        let open = self.price;
        let (mut high, mut low, mut price) = (open, open, open);
        for _ in 0..STEPS {
            price *= 1.0 + drift / STEPS as f64 + deviation * self.normal() / (STEPS as f64).sqrt();
            high = high.max(price);
            low = low.min(price);
        }
        let change = price / open - 1.0;
        let shock = (change - drift) / MINUTE_DEVIATION;
        self.variance = (1.0 - ALPHA - BETA) + ALPHA * shock * shock + BETA * self.variance;
        self.hour[self.at] = change;
        self.at = (self.at + 1) % MEMORY;
        self.price = price;
        let wild = 0.5 + shock * shock / (1.0 + shock * shock) + self.variance.sqrt();
        let volume = VOLUME * wild * (0.25 + self.uniform());
        let open_time = self.time;
        self.time = open_time.plus(Span::MINUTE);
        Bar { open_time, open, high, low, close: price, volume }
    }
}

impl Iterator for SyntheticMarket {
    type Item = Bar;

    fn next(&mut self) -> Option<Bar> {
        Some(self.minute())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAYS: usize = 120;

    /// Mean returns of the two hours after the highest fifth and the lowest fifth of hours.
    fn after_hours(edge: Edge, seed: u64) -> (f64, f64) {
        let bars = SyntheticMarket::new(Seed(seed), "TEST", edge).bars(DAYS * 1_440);
        let moved = |from: usize, to: usize| bars[to].close / bars[from].close - 1.0;
        let mut hours: Vec<(f64, f64)> =
            (60..bars.len() - 120).step_by(30).map(|at| (moved(at - 60, at), moved(at, at + 120))).collect();
        hours.sort_by(|one, other| one.0.total_cmp(&other.0));
        let fifth = hours.len() / 5;
        let mean = |hours: &[(f64, f64)]| hours.iter().map(|hour| hour.1).sum::<f64>() / hours.len() as f64;
        (mean(&hours[hours.len() - fifth..]), mean(&hours[..fifth]))
    }

    #[test]
    fn an_edge_is_as_large_as_planted_and_a_martingale_has_none() {
        let (up, down) = after_hours(Edge::Momentum { strength: 0.008 }, 1);
        assert!(up > 0.003 && down < -0.003, "far above the cost: {up} {down}");
        let (up, down) = after_hours(Edge::Momentum { strength: 0.001 }, 1);
        assert!(up < 0.002 && down > -0.002, "below the cost: {up} {down}");
        let (up, down) = after_hours(Edge::None, 1);
        assert!(up.abs() < 0.001 && down.abs() < 0.001, "nothing there: {up} {down}");
    }

    #[test]
    fn bars_are_valid_minutes_and_a_seed_and_name_give_the_same_again() {
        let market = |seed, name| SyntheticMarket::new(Seed(seed), name, Edge::None).bars(2_000);
        let bars = market(3, "A");
        assert!(bars.iter().all(|bar| bar.validate().is_ok()));
        assert!(bars.windows(2).all(|pair| pair[1].open_time.since(pair[0].open_time) == Span::MINUTE));
        assert_eq!(bars, market(3, "A"));
        assert_ne!(bars, market(3, "B"));
        assert_ne!(bars, market(4, "A"));
    }

    #[test]
    fn volatility_clusters_as_in_markets() {
        let bars = SyntheticMarket::new(Seed(5), "A", Edge::None).bars(200_000);
        let squares: Vec<f64> = bars.iter().map(|bar| (bar.close / bar.open - 1.0).powi(2)).collect();
        let mean = squares.iter().sum::<f64>() / squares.len() as f64;
        let with = |lag: usize| squares.windows(lag + 1).map(|x| (x[0] - mean) * (x[lag] - mean)).sum::<f64>();
        let echo = with(10) / with(0);
        assert!((0.05..0.9).contains(&echo), "squared returns ten minutes apart: {echo}");
        assert!((0.8..1.25).contains(&(mean.sqrt() / MINUTE_DEVIATION)), "{}", mean.sqrt());
    }
}
