//! `RoundTrip` and `TradeStatistics`: what closed trades won and lost.
//!
//! Invariant: results are net of all fees; a trade at exactly zero is neither won nor lost and ends both streaks.
//! Absent on purpose: open trades.

use serde::Serialize;

use super::figure::{Interval, LEVEL};
use super::normal;
use crate::domain::{Span, SymbolId, Time, Value};

/// One closed trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundTrip {
    pub symbol: SymbolId,
    pub opened: Time,
    pub closed: Time,
    /// Notional of the entry, in quote currency.
    pub invested: Value,
    /// Net of fees.
    pub pnl: Value,
}

/// A fold over results in the order of their close. Any unit will do: quote currency, or returns.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct TradeStatistics {
    pub wins: u64,
    pub losses: u64,
    pub even: u64,
    /// Sum of what was won.
    pub gross_win: f64,
    /// Sum of what was lost; zero or negative.
    pub gross_loss: f64,
    /// 0 without trades, like the worst.
    pub best: f64,
    pub worst: f64,
    pub longest_wins: u64,
    pub longest_losses: u64,
    /// Time in all trades together.
    pub held: Span,
    /// Length of the running streak: positive for wins, negative for losses.
    #[serde(skip)]
    streak: i64,
}

impl TradeStatistics {
    pub fn of(results: &[f64]) -> TradeStatistics {
        let mut statistics = TradeStatistics::default();
        results.iter().for_each(|pnl| statistics.record(*pnl, Span::ZERO));
        statistics
    }

    pub fn record(&mut self, pnl: f64, held: Span) {
        let is_first = self.trades() == 0;
        self.best = if is_first { pnl } else { self.best.max(pnl) };
        self.worst = if is_first { pnl } else { self.worst.min(pnl) };
        self.held = Span(self.held.0.saturating_add(held.0));
        if pnl > 0.0 {
            self.wins += 1;
            self.gross_win += pnl;
            self.streak = self.streak.max(0) + 1;
            self.longest_wins = self.longest_wins.max(self.streak.unsigned_abs());
        } else if pnl < 0.0 {
            self.losses += 1;
            self.gross_loss += pnl;
            self.streak = self.streak.min(0) - 1;
            self.longest_losses = self.longest_losses.max(self.streak.unsigned_abs());
        } else {
            self.even += 1;
            self.streak = 0;
        }
    }

    pub fn trades(&self) -> u64 {
        self.wins + self.losses + self.even
    }

    /// Wins over wins and losses.
    pub fn win_rate(&self) -> Option<f64> {
        let decided = self.wins + self.losses;
        (decided > 0).then(|| self.wins as f64 / decided as f64)
    }

    /// Where the true win rate lies (Wilson 1927, score interval).
    pub fn win_rate_interval(&self) -> Option<Interval> {
        let (rate, n) = (self.win_rate()?, (self.wins + self.losses) as f64);
        let z = normal::quantile(0.5 + LEVEL / 2.0);
        let share = z * z / n;
        let centre = (rate + share / 2.0) / (1.0 + share);
        let half = z * (rate * (1.0 - rate) / n + share / (4.0 * n)).sqrt() / (1.0 + share);
        Some(Interval { low: (centre - half).max(0.0), high: (centre + half).min(1.0) })
    }

    pub fn average_win(&self) -> Option<f64> {
        (self.wins > 0).then(|| self.gross_win / self.wins as f64)
    }

    /// Negative.
    pub fn average_loss(&self) -> Option<f64> {
        (self.losses > 0).then(|| self.gross_loss / self.losses as f64)
    }

    /// Average win over the size of the average loss.
    pub fn payoff_ratio(&self) -> Option<f64> {
        Some(self.average_win()? / -self.average_loss()?)
    }

    /// What was won over what was lost.
    pub fn profit_factor(&self) -> Option<f64> {
        (self.gross_loss < 0.0).then(|| self.gross_win / -self.gross_loss)
    }

    /// Mean result of a trade; equals win rate x average win + loss rate x average loss.
    pub fn expectancy(&self) -> Option<f64> {
        (self.trades() > 0).then(|| (self.gross_win + self.gross_loss) / self.trades() as f64)
    }

    pub fn average_holding(&self) -> Option<Span> {
        i64::try_from(self.trades()).ok().filter(|trades| *trades > 0).map(|trades| Span(self.held.0 / trades))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::{WinRate, ratios};
    use proptest::prelude::*;

    #[test]
    fn a_trade_at_zero_ends_both_streaks_and_decides_nothing() {
        let statistics = TradeStatistics::of(&[2.0, 1.0, 0.0, 3.0, -1.0, -1.0, -2.0, 0.0, -1.0]);
        assert_eq!((statistics.longest_wins, statistics.longest_losses), (2, 3));
        assert_eq!((statistics.trades(), statistics.win_rate()), (9, Some(3.0 / 7.0)));
        assert_eq!((statistics.best, statistics.worst), (3.0, -2.0));
        assert_eq!((statistics.average_win(), statistics.average_loss()), (Some(2.0), Some(-1.25)));
        assert_eq!((statistics.payoff_ratio(), statistics.profit_factor()), (Some(1.6), Some(1.2)));
    }

    #[test]
    fn without_losses_there_is_no_factor_and_without_trades_nothing() {
        let won = TradeStatistics::of(&[1.0]);
        assert_eq!((won.profit_factor(), won.payoff_ratio(), won.expectancy()), (None, None, Some(1.0)));
        let none = TradeStatistics::default();
        assert_eq!((none.win_rate(), none.win_rate_interval(), none.expectancy()), (None, None, None));
        assert_eq!((none.average_holding(), none.best), (None, 0.0));
    }

    #[test]
    fn the_interval_of_the_win_rate_is_wilsons() {
        // 8 of 10: 0.4902 to 0.9433 (Newcombe 1998, method 3).
        let interval = TradeStatistics::of(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, -1.0, -1.0]).win_rate_interval();
        let Interval { low, high } = interval.expect("ten trades");
        assert!((low - 0.4902).abs() < 5e-5 && (high - 0.9433).abs() < 5e-5, "{low} {high}");
    }

    proptest! {
        #[test]
        fn the_fold_equals_the_sums_and_the_engines_count(results in prop::collection::vec(-5i32..6, 1..200)) {
            let floats: Vec<f64> = results.iter().map(|pnl| f64::from(*pnl)).collect();
            let statistics = TradeStatistics::of(&floats);
            let mut rate = WinRate::default();
            results.iter().for_each(|pnl| rate.record(Value(i128::from(*pnl))));
            prop_assert_eq!(statistics.win_rate(), rate.rate());
            prop_assert_eq!((statistics.trades(), statistics.wins), (rate.trades(), rate.wins()));
            prop_assert_eq!(statistics.profit_factor(), ratios::omega(&floats));
            let longest = |sign: i32| results.split(|pnl| pnl.signum() != sign).map(<[i32]>::len).max();
            prop_assert_eq!(Some(statistics.longest_wins as usize), longest(1));
            prop_assert_eq!(Some(statistics.longest_losses as usize), longest(-1));
            let mean = floats.iter().sum::<f64>() / floats.len() as f64;
            prop_assert!((statistics.expectancy().expect("trades") - mean).abs() < 1e-12);
            if let Some(interval) = statistics.win_rate_interval() {
                let rate = statistics.win_rate().expect("decided trades");
                prop_assert!(interval.low <= rate + 1e-12 && rate <= interval.high + 1e-12);
            }
        }
    }
}
