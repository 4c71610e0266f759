//! `Protections`: when enough was lost, nothing is entered for a while.
//!
//! Invariant: a lock only forbids entries, never exits; it is set by what was closed and by equity, and ends at its time or,
//! where it has none, by a person. At most `MOST` closed trades are remembered.
//! Absent on purpose: shocks of the market (`shock`), and sizes (`drawdown`).
//! Source: the rules are those that users of freqtrade know as StoplossGuard, MaxDrawdown, LowProfitPairs and CooldownPeriod;
//! as there, a lock's end is rounded up to the next candle.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::domain::{Digest, Span, StateHash, SymbolId, Time, Value};

/// Closed trades that are remembered, the newest.
pub const MOST: usize = 1_024;

/// Fractions are positive; a rule that is `None` or zero is off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProtectionRules {
    /// Loss of equity since 00:00 UTC after which nothing is entered until the next.
    pub daily_loss: f64,
    /// Fall of equity from its peak after which nothing is entered until a person resumes.
    pub halt_drawdown: f64,
    pub stops: Option<StopGuard>,
    pub trades_drawdown: Option<TradesDrawdownGuard>,
    pub low_profit: Option<LowProfitGuard>,
    /// After each closed trade its symbol rests.
    pub cool_down: Span,
    /// Length of a candle, to which ends are rounded up.
    pub candle: Span,
}

/// Several stops within a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopGuard {
    pub lookback: Span,
    /// So many losing stops lock.
    pub limit: u32,
    pub pause: Span,
    /// Each symbol counts and rests for itself.
    pub per_symbol: bool,
}

/// Closed trades one after the other fall too deep.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TradesDrawdownGuard {
    pub lookback: Span,
    pub least_trades: u32,
    /// Of the compounded results of the trades.
    pub depth: f64,
    pub pause: Span,
}

/// A symbol that does not earn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LowProfitGuard {
    pub lookback: Span,
    pub least_trades: u32,
    /// Least sum of the results of its trades.
    pub required: f64,
    pub pause: Span,
}

/// One closed round trip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClosedTrade {
    pub symbol: SymbolId,
    pub closed: Time,
    /// Net result over what was invested.
    pub result: f64,
    pub by_stop: bool,
}

/// Entries are forbidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// `None` for all.
    pub symbol: Option<SymbolId>,
    pub reason: LockReason,
    /// `None` until a person resumes.
    pub until: Option<Time>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum LockReason {
    #[error("equity fell too far from its peak")]
    Drawdown,
    #[error("today's loss is at its limit")]
    DailyLoss,
    #[error("too many stops lately")]
    Stops,
    #[error("the latest trades together fell too deep")]
    TradesDrawdown,
    #[error("the symbol's latest trades earned too little")]
    LowProfit,
    #[error("the symbol rests after a trade")]
    CoolDown,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Protections {
    rules: ProtectionRules,
    trades: VecDeque<ClosedTrade>,
    locks: Vec<Lock>,
    /// Number of the UTC day, and equity when it began.
    day: Option<(i64, f64)>,
    equity: f64,
    peak: f64,
}

impl Default for ProtectionRules {
    fn default() -> Self {
        let hours = |hours: i64| Span(hours * 60 * Span::MINUTE.0);
        ProtectionRules {
            daily_loss: 0.03,
            halt_drawdown: 0.15,
            stops: Some(StopGuard { lookback: hours(6), limit: 4, pause: hours(2), per_symbol: false }),
            trades_drawdown: None,
            low_profit: None,
            cool_down: Span(5 * Span::MINUTE.0),
            candle: Span::MINUTE,
        }
    }
}

impl Protections {
    pub fn new(rules: ProtectionRules) -> Protections {
        Protections { rules, trades: VecDeque::new(), locks: Vec::new(), day: None, equity: 0.0, peak: 0.0 }
    }

    /// Other rules from now on; trades and locks stay.
    pub fn adopt(&mut self, rules: ProtectionRules) {
        self.rules = rules;
    }

    /// The lock that forbids an entry now and lasts longest.
    pub fn lock(&self, now: Time, symbol: SymbolId) -> Option<Lock> {
        let concerns = |lock: &&Lock| lock.symbol.is_none_or(|locked| locked == symbol) && is_active(lock, now);
        self.locks.iter().filter(concerns).max_by_key(|lock| lock.until.map_or(i64::MAX, |until| until.0)).copied()
    }

    /// All that are in force, in the order of their reasons.
    pub fn locks(&self, now: Time) -> impl Iterator<Item = &Lock> {
        self.locks.iter().filter(move |lock| is_active(lock, now))
    }

    /// Takes a closed trade, in the order of their ends, and lists the locks that it set or prolonged.
    pub fn trade(&mut self, trade: ClosedTrade) -> Vec<Lock> {
        if self.trades.len() == MOST {
            self.trades.pop_front();
        }
        self.trades.push_back(trade);
        let longest = self.longest_lookback();
        while self.trades.front().is_some_and(|old| trade.closed.since(old.closed) > longest) {
            self.trades.pop_front();
        }
        let symbol = Some(trade.symbol);
        let found = [
            self.too_many_stops(&trade),
            self.fell_too_deep(&trade).map(|pause| (None, LockReason::TradesDrawdown, pause)),
            self.earned_too_little(&trade).map(|pause| (symbol, LockReason::LowProfit, pause)),
            (self.rules.cool_down > Span::ZERO).then_some((symbol, LockReason::CoolDown, self.rules.cool_down)),
        ];
        let mut set = Vec::new();
        for (symbol, reason, pause) in found.into_iter().flatten() {
            let until = Some(self.candle_after(trade.closed.plus(pause)));
            set.extend(self.set(trade.closed, Lock { symbol, reason, until }));
        }
        set
    }

    /// Takes equity, in time order, and lists the locks that it set.
    pub fn equity(&mut self, now: Time, equity: Value) -> Vec<Lock> {
        let equity = equity.to_f64();
        let today = now.day();
        let (_, start) = match self.day {
            Some(day) if day.0 == today => day,
            // The day starts with what the day before ended with, if there was one.
            Some(_) => *self.day.insert((today, self.equity)),
            None => *self.day.insert((today, equity)),
        };
        self.equity = equity;
        self.peak = self.peak.max(equity);
        let mut set = Vec::new();
        if is_lost(self.rules.daily_loss, start, equity) {
            let until = Some(Time((today + 1) * Span::DAY.0));
            set.extend(self.set(now, Lock { symbol: None, reason: LockReason::DailyLoss, until }));
        }
        if is_lost(self.rules.halt_drawdown, self.peak, equity) {
            set.extend(self.set(now, Lock { symbol: None, reason: LockReason::Drawdown, until: None }));
        }
        set
    }

    /// A person looked: what waits for one ends, and falls are measured from here.
    pub fn resume(&mut self) {
        self.locks.retain(|lock| lock.until.is_some());
        self.peak = self.equity;
    }

    /// One lock for each symbol and reason; a later end replaces an earlier one. `None` where nothing changes.
    fn set(&mut self, now: Time, lock: Lock) -> Option<Lock> {
        self.locks.retain(|old| is_active(old, now));
        let same = |old: &Lock| old.symbol == lock.symbol && old.reason == lock.reason;
        let end = |lock: &Lock| lock.until.map_or(i64::MAX, |until| until.0);
        if self.locks.iter().any(|old| same(old) && end(old) >= end(&lock)) {
            return None;
        }
        self.locks.retain(|old| !same(old));
        self.locks.push(lock);
        self.locks.sort_by_key(|lock| (lock.reason, lock.symbol));
        Some(lock)
    }

    fn too_many_stops(&self, trade: &ClosedTrade) -> Option<(Option<SymbolId>, LockReason, Span)> {
        let guard = self.rules.stops?;
        let counts =
            |old: &&ClosedTrade| old.by_stop && old.result < 0.0 && (!guard.per_symbol || old.symbol == trade.symbol);
        let stops = self.since(trade, guard.lookback).filter(counts).count();
        let symbol = guard.per_symbol.then_some(trade.symbol);
        (stops > 0 && stops >= guard.limit as usize).then_some((symbol, LockReason::Stops, guard.pause))
    }

    fn fell_too_deep(&self, trade: &ClosedTrade) -> Option<Span> {
        let guard = self.rules.trades_drawdown?;
        let (mut wealth, mut peak, mut depth, mut count) = (1.0_f64, 1.0_f64, 0.0_f64, 0);
        for old in self.since(trade, guard.lookback) {
            wealth *= 1.0 + old.result;
            peak = peak.max(wealth);
            depth = depth.max(1.0 - wealth / peak);
            count += 1;
        }
        (count >= guard.least_trades && depth > guard.depth).then_some(guard.pause)
    }

    fn earned_too_little(&self, trade: &ClosedTrade) -> Option<Span> {
        let guard = self.rules.low_profit?;
        let own = self.since(trade, guard.lookback).filter(|old| old.symbol == trade.symbol);
        let (count, sum) = own.fold((0, 0.0), |(count, sum), old| (count + 1, sum + old.result));
        (count >= guard.least_trades && sum < guard.required).then_some(guard.pause)
    }

    fn since<'a>(&'a self, trade: &ClosedTrade, lookback: Span) -> impl Iterator<Item = &'a ClosedTrade> + use<'a> {
        let from = trade.closed.minus(lookback);
        self.trades.iter().filter(move |old| old.closed >= from)
    }

    fn longest_lookback(&self) -> Span {
        let spans = [
            self.rules.stops.map(|guard| guard.lookback),
            self.rules.trades_drawdown.map(|guard| guard.lookback),
            self.rules.low_profit.map(|guard| guard.lookback),
        ];
        spans.into_iter().flatten().max().unwrap_or(Span::ZERO)
    }

    fn candle_after(&self, time: Time) -> Time {
        let candle = self.rules.candle.0.max(1);
        time.plus(Span((candle - time.0.rem_euclid(candle)) % candle))
    }
}

fn is_active(lock: &Lock, now: Time) -> bool {
    lock.until.is_none_or(|until| now < until)
}

fn is_lost(limit: f64, from: f64, to: f64) -> bool {
    limit > 0.0 && from > 0.0 && 1.0 - to / from >= limit
}

impl StateHash for Protections {
    fn state_hash(&self, digest: &mut Digest) {
        digest.u64(self.trades.len() as u64);
        for trade in &self.trades {
            digest.add(&trade.symbol);
            digest.add(&trade.closed);
            digest.f64(trade.result);
            digest.bool(trade.by_stop);
        }
        digest.u64(self.locks.len() as u64);
        for lock in &self.locks {
            digest.option(lock.symbol.as_ref());
            digest.u8(lock.reason as u8);
            digest.option(lock.until.as_ref());
        }
        let (day, start) = self.day.unwrap_or((i64::MIN, 0.0));
        digest.i64(day);
        for part in [start, self.equity, self.peak] {
            digest.f64(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OFF: ProtectionRules = ProtectionRules {
        daily_loss: 0.0,
        halt_drawdown: 0.0,
        stops: None,
        trades_drawdown: None,
        low_profit: None,
        cool_down: Span::ZERO,
        candle: Span::MINUTE,
    };
    const HOUR: Span = Span(60 * Span::MINUTE.0);

    fn minute(at: i64) -> Time {
        Time(at * Span::MINUTE.0)
    }

    fn trade(symbol: u16, at: i64, result: f64, by_stop: bool) -> ClosedTrade {
        ClosedTrade { symbol: SymbolId(symbol), closed: minute(at), result, by_stop }
    }

    fn worth(equity: i64) -> Value {
        Value(i128::from(equity) * 10_000_000_000_000_000)
    }

    #[test]
    fn losing_stops_within_the_lookback_lock_all_or_their_symbol_and_wins_and_old_ones_do_not_count() {
        let guard = StopGuard { lookback: HOUR, limit: 2, pause: HOUR, per_symbol: false };
        let mut all = Protections::new(ProtectionRules { stops: Some(guard), ..OFF });
        assert_eq!(all.trade(trade(0, 0, -0.01, true)), []);
        assert_eq!(all.trade(trade(0, 1, 0.01, true)), [], "a stop in profit");
        assert_eq!(all.trade(trade(0, 2, -0.01, false)), [], "a loss by signal");
        assert_eq!(all.trade(trade(0, 61, -0.01, true)), [], "the first one is 61 minutes old");
        let set = all.trade(trade(1, 62, -0.01, true));
        assert_eq!(set, [Lock { symbol: None, reason: LockReason::Stops, until: Some(minute(122)) }]);
        assert!(all.lock(minute(121), SymbolId(7)).is_some() && all.lock(minute(122), SymbolId(7)).is_none());
        let mut each =
            Protections::new(ProtectionRules { stops: Some(StopGuard { per_symbol: true, ..guard }), ..OFF });
        each.trade(trade(0, 0, -0.01, true));
        assert_eq!(each.trade(trade(1, 1, -0.01, true)), []);
        each.trade(trade(0, 2, -0.01, true));
        assert_eq!([0, 1].map(|symbol| each.lock(minute(3), SymbolId(symbol)).is_some()), [true, false]);
    }

    #[test]
    fn a_symbol_rests_after_a_trade_to_the_end_of_a_candle() {
        let rules = ProtectionRules { cool_down: Span(Span::MINUTE.0 * 5), candle: Span(Span::MINUTE.0 * 15), ..OFF };
        let mut protections = Protections::new(rules);
        let set = protections.trade(trade(3, 12, 0.5, false));
        assert_eq!(set, [Lock { symbol: Some(SymbolId(3)), reason: LockReason::CoolDown, until: Some(minute(30)) }]);
        assert_eq!(protections.lock(minute(13), SymbolId(2)), None);
        // The same end once more changes nothing; a trade at the edge of a candle ends with it.
        assert_eq!(protections.trade(trade(3, 13, 0.5, false)), []);
        assert_eq!(protections.trade(trade(3, 40, 0.5, false))[0].until, Some(minute(45)));
    }

    #[test]
    fn trades_that_fall_too_deep_or_earn_too_little_lock() {
        let deep = TradesDrawdownGuard { lookback: HOUR, least_trades: 3, depth: 0.1, pause: HOUR };
        let low = LowProfitGuard { lookback: HOUR, least_trades: 2, required: 0.0, pause: HOUR };
        let rules = ProtectionRules { trades_drawdown: Some(deep), low_profit: Some(low), ..OFF };
        let mut protections = Protections::new(rules);
        protections.trade(trade(0, 0, 0.5, false));
        assert_eq!(protections.trade(trade(1, 1, -0.08, false)), []);
        // 0.92 x 0.94 is a fall of 13.5 % from the peak; symbol 2 has one trade only.
        let set = protections.trade(trade(2, 2, -0.06, false));
        assert_eq!(set.iter().map(|lock| lock.reason).collect::<Vec<_>>(), [LockReason::TradesDrawdown]);
        let set = protections.trade(trade(1, 3, 0.02, false));
        let low = Lock { symbol: Some(SymbolId(1)), reason: LockReason::LowProfit, until: Some(minute(63)) };
        assert!(set.contains(&low), "{set:?}");
    }

    #[test]
    fn a_daily_loss_ends_at_midnight_and_a_deep_fall_only_by_a_person() {
        let mut protections = Protections::new(ProtectionRules { daily_loss: 0.03, halt_drawdown: 0.1, ..OFF });
        assert_eq!(protections.equity(minute(600), worth(1_000)), []);
        assert_eq!(protections.equity(minute(601), worth(971)), []);
        let set = protections.equity(minute(602), worth(970));
        assert_eq!(set, [Lock { symbol: None, reason: LockReason::DailyLoss, until: Some(minute(1_440)) }]);
        assert_eq!(protections.equity(minute(603), worth(960)), [], "it stands already");
        assert_eq!(protections.lock(minute(1_440), SymbolId(0)), None);
        // The new day starts with the last equity of the old one, so a loss over midnight counts.
        let set = protections.equity(minute(1_441), worth(899));
        assert_eq!(
            set.iter().map(|lock| lock.reason).collect::<Vec<_>>(),
            [LockReason::DailyLoss, LockReason::Drawdown]
        );
        assert_eq!(protections.lock(minute(99_999), SymbolId(0)).map(|lock| lock.until), Some(None));
        protections.resume();
        assert_eq!(protections.lock(minute(99_999), SymbolId(0)), None);
        assert_eq!(protections.equity(minute(99_999), worth(890)), [], "measured from here");
    }

    proptest! {
        #[test]
        fn memory_is_bounded_and_equal_inputs_leave_equal_hashes(
            trades in prop::collection::vec((0u16..3, 0i64..30, -0.1f64..0.1, any::<bool>()), 1..80),
        ) {
            let low = LowProfitGuard { lookback: HOUR, least_trades: 2, required: 0.0, pause: HOUR };
            let run = || {
                let mut protections = Protections::new(ProtectionRules { low_profit: Some(low), ..Default::default() });
                let (mut at, mut equity) = (0, 1_000_000);
                for (symbol, wait, result, by_stop) in &trades {
                    at += wait;
                    equity += (result * 100_000.0) as i64;
                    protections.trade(trade(*symbol, at, *result, *by_stop));
                    protections.equity(minute(at), worth(equity));
                    // A lock that has just been set ends later than now, and there is one a symbol and reason.
                    assert!(protections.lock(minute(at), SymbolId(*symbol)).is_some());
                    assert!(protections.locks(minute(at)).count() <= 3 + 2 * 3);
                }
                let mut digest = Digest::new();
                digest.add(&protections);
                digest.finish()
            };
            prop_assert_eq!(run(), run());
        }
    }
}
