//! `Limiter`: how much may be asked of the venue now, by its own counters. `Turnstile` waits until it may.
//!
//! Invariant: what the venue reports (headers, `rateLimits`, Retry-After) replaces what we counted; cancels keep a reserve.
//! Absent on purpose: a queue of orders. A late order is another order: it is refused at once, and the engine decides anew.
//! Source: rest-api.md, "LIMITS": weight per IP and minute, orders per account and 10 s, 429 and 418 with Retry-After.

use std::time::{SystemTime, UNIX_EPOCH};

use super::error::Error;
use crate::domain::{Span, Time};
use crate::protocol::Reaction;
use crate::protocol::messages::rest::RateLimitRow;
use crate::protocol::weights::{Call, Interval, RateLimit, RateLimitType, UsedCount};

/// Counts and limits, with time as an argument.
#[derive(Debug, Clone)]
pub struct Limiter {
    windows: Vec<Window>,
    /// Nothing may be sent before.
    blocked_until: Time,
    /// No new order may be sent before.
    orders_paused_until: Time,
}

#[derive(Debug, Clone)]
struct Window {
    row: RateLimit,
    start: Time,
    used: u64,
}

/// This share of a weight window stays free for cancels: one tenth.
const RESERVE_DIVISOR: u64 = 10;

impl Default for Limiter {
    fn default() -> Limiter {
        let mut limiter =
            Limiter { windows: Vec::new(), blocked_until: Time(i64::MIN), orders_paused_until: Time(i64::MIN) };
        limiter.learn_limits(Time(0), &RateLimit::LIVE);
        limiter
    }
}

impl Limiter {
    /// Counts the call if it may go out now, else says how long to wait.
    pub fn admit(&mut self, now: Time, call: Call) -> Result<(), Span> {
        if self.blocked_until > now {
            return Err(self.blocked_until.since(now));
        }
        if call.orders() > 0 && self.orders_paused_until > now {
            return Err(self.orders_paused_until.since(now));
        }
        for window in &mut self.windows {
            window.roll(now);
            if !window.has_room(call) {
                return Err(window.start.plus(window.row.window()).since(now));
            }
        }
        for window in &mut self.windows {
            window.used = window.used.saturating_add(price(window.row.rate_limit_type, call));
        }
        Ok(())
    }

    /// Gives back what a successful order entry does not cost after all.
    pub fn succeeded(&mut self, now: Time, call: Call) {
        let refund = u64::from(call.weight() - call.charged(true));
        for window in self.of_type(now, RateLimitType::RequestWeight) {
            window.used = window.used.saturating_sub(refund);
        }
    }

    /// Gives back the order count of an order that the venue refused.
    pub fn refused(&mut self, now: Time, call: Call) {
        for window in self.of_type(now, RateLimitType::Orders) {
            window.used = window.used.saturating_sub(u64::from(call.orders()));
        }
    }

    /// A counter that the venue reported. The bare `X-MBX-USED-WEIGHT` is the minute's.
    pub fn learn(&mut self, now: Time, used: UsedCount) {
        let (number, interval) = used.window.unwrap_or((1, Interval::Minute));
        for window in self.of_type(now, used.rate_limit_type) {
            if (window.row.interval_num, window.row.interval) == (number, interval) {
                window.used = used.count;
            }
        }
    }

    /// Limits as exchangeInfo and `rateLimits` state them; counts of known windows stay unless a row carries its own.
    pub fn learn_limits(&mut self, now: Time, rows: &[RateLimit]) {
        for row in rows {
            let same = |window: &&mut Window| {
                let known = &window.row;
                (known.rate_limit_type, known.interval, known.interval_num)
                    == (row.rate_limit_type, row.interval, row.interval_num)
            };
            match self.windows.iter_mut().find(same) {
                Some(window) => {
                    window.roll(now);
                    window.row = *row;
                    window.used = row.count.unwrap_or(window.used);
                }
                None => {
                    let start = row.window_start(now);
                    self.windows.push(Window { row: *row, start, used: row.count.unwrap_or(0) });
                }
            }
        }
    }

    /// As `learn_limits`, from the rows of a WebSocket API answer; rows of other kinds are left out.
    pub fn learn_rows(&mut self, now: Time, rows: &[RateLimitRow]) {
        let known: Vec<RateLimit> = rows.iter().filter_map(limit_of_row).collect();
        self.learn_limits(now, &known);
    }

    /// What a refusal means for the calls after it.
    pub fn react(&mut self, now: Time, reaction: Reaction) {
        match reaction {
            Reaction::Retry { after } => self.block(now, after),
            Reaction::PauseOrders { after } => {
                self.orders_paused_until = self.orders_paused_until.max(now.plus(after));
            }
            Reaction::Rejected
            | Reaction::OutcomeUnknown
            | Reaction::Reconcile
            | Reaction::ResyncClock
            | Reaction::RefreshRules
            | Reaction::Reconnect
            | Reaction::StopTrading
            | Reaction::Fatal => {}
        }
    }

    /// Nothing goes out for this long (429 and 418 with their Retry-After).
    pub fn block(&mut self, now: Time, span: Span) {
        self.blocked_until = self.blocked_until.max(now.plus(span));
    }

    fn of_type(&mut self, now: Time, rate_limit_type: RateLimitType) -> impl Iterator<Item = &mut Window> {
        for window in &mut self.windows {
            window.roll(now);
        }
        self.windows.iter_mut().filter(move |window| window.row.rate_limit_type == rate_limit_type)
    }
}

impl Window {
    /// Windows stand on the clock. A clock that went back keeps the window.
    fn roll(&mut self, now: Time) {
        let start = self.row.window_start(now);
        if start > self.start {
            self.start = start;
            self.used = 0;
        }
    }

    fn has_room(&self, call: Call) -> bool {
        let price = price(self.row.rate_limit_type, call);
        let keeps_reserve = self.row.rate_limit_type == RateLimitType::RequestWeight && !is_cancel(call);
        let reserve = if keeps_reserve { self.row.limit / RESERVE_DIVISOR } else { 0 };
        // A call that alone exceeds the window goes out in an empty one: the venue will say what it thinks of it.
        price == 0 || self.used == 0 || self.used.saturating_add(price) <= self.row.limit - reserve
    }
}

/// What a call takes from a window of this type.
fn price(rate_limit_type: RateLimitType, call: Call) -> u64 {
    match rate_limit_type {
        RateLimitType::RequestWeight => u64::from(call.weight()),
        RateLimitType::RawRequests => 1,
        RateLimitType::Orders => u64::from(call.orders()),
        RateLimitType::Connections | RateLimitType::Other => 0,
    }
}

fn limit_of_row(row: &RateLimitRow) -> Option<RateLimit> {
    let rate_limit_type = match row.rate_limit_type.as_str() {
        "REQUEST_WEIGHT" => RateLimitType::RequestWeight,
        "RAW_REQUESTS" => RateLimitType::RawRequests,
        "ORDERS" => RateLimitType::Orders,
        _ => return None,
    };
    let intervals = [Interval::Second, Interval::Minute, Interval::Hour, Interval::Day];
    let interval = intervals.into_iter().find(|interval| interval.as_str() == row.interval)?;
    Some(RateLimit { rate_limit_type, interval, interval_num: row.interval_num, limit: row.limit, count: row.count })
}

fn is_cancel(call: Call) -> bool {
    call.is_order_entry() && call.orders() == 0
}

/// The limiter with the operating system's clock: callers pass one after the other, each when the budget allows.
#[derive(Debug)]
pub struct Turnstile {
    pub limiter: Limiter,
    /// The longest wait; beyond it the caller gets `Error::Retry`.
    pub patience: Span,
}

impl Turnstile {
    pub async fn pass(&mut self, call: Call) -> Result<(), Error> {
        loop {
            match self.limiter.admit(wall_now(), call) {
                Ok(()) => return Ok(()),
                Err(after) if after > self.patience => {
                    return Err(Error::Retry { after, why: "the venue's rate limit is reached".to_owned() });
                }
                Err(after) => tokio::time::sleep(after.to_duration()).await,
            }
        }
    }
}

/// The operating system's time.
pub(super) fn wall_now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Time = Time(60_000_000 * 1_000);

    #[test]
    fn the_weight_budget_is_spent_up_to_the_reserve_and_renewed_with_the_minute() {
        let mut limiter = Limiter::default();
        let heavy = Call::Depth { limit: 5_000 };
        // 6,000 less a tenth is 5,400: twenty-one calls of 250.
        for at in 0..21 {
            assert_eq!(limiter.admit(MINUTE, heavy), Ok(()), "call {at}");
        }
        let later = MINUTE.plus(Span::from_seconds(20));
        assert_eq!(limiter.admit(later, heavy), Err(Span::from_seconds(40)));
        assert_eq!(limiter.admit(MINUTE.plus(Span::MINUTE), heavy), Ok(()));
    }

    #[test]
    fn cancels_pass_when_only_the_reserve_is_left() {
        let mut limiter = Limiter::default();
        let used = |count| UsedCount { rate_limit_type: RateLimitType::RequestWeight, window: None, count };
        limiter.learn(MINUTE, used(5_900));
        assert!(limiter.admit(MINUTE, Call::QueryOrder).is_err());
        assert!(limiter.admit(MINUTE, Call::NewOrder).is_err());
        assert_eq!(limiter.admit(MINUTE, Call::CancelOrder), Ok(()));
        limiter.learn(MINUTE, used(6_000));
        assert!(limiter.admit(MINUTE, Call::CancelOrder).is_err());
    }

    #[test]
    fn the_venues_counters_and_limits_replace_ours() {
        let mut limiter = Limiter::default();
        let used = UsedCount::from_header("X-MBX-USED-WEIGHT-1M", "5399").expect("a counter");
        limiter.learn(MINUTE, used);
        assert!(limiter.admit(MINUTE, Call::Klines).is_err());
        let row = RateLimit { limit: 12_000, ..RateLimit::LIVE[0] };
        limiter.learn_limits(MINUTE, &[row]);
        assert_eq!(limiter.admit(MINUTE, Call::Klines), Ok(()));
        limiter.learn_limits(MINUTE, &[row.with_count(12_000)]);
        assert!(limiter.admit(MINUTE, Call::Klines).is_err());
    }

    #[test]
    fn orders_are_counted_in_their_own_windows_and_refused_ones_are_given_back() {
        let mut limiter = Limiter::default();
        for _ in 0..50 {
            assert_eq!(limiter.admit(MINUTE, Call::NewOco), Ok(()));
        }
        assert!(limiter.admit(MINUTE, Call::NewOrder).is_err());
        assert_eq!(limiter.admit(MINUTE, Call::CancelOrder), Ok(()));
        limiter.refused(MINUTE, Call::NewOco);
        assert_eq!(limiter.admit(MINUTE, Call::NewOrder), Ok(()));
        assert_eq!(limiter.admit(MINUTE.plus(Span::from_seconds(10)), Call::NewOco), Ok(()));
    }

    #[test]
    fn a_successful_order_costs_no_weight() {
        let mut limiter = Limiter::default();
        limiter.learn(MINUTE, UsedCount { rate_limit_type: RateLimitType::RequestWeight, window: None, count: 5_399 });
        assert_eq!(limiter.admit(MINUTE, Call::NewOrder), Ok(()));
        assert!(limiter.admit(MINUTE, Call::NewOrder).is_err());
        limiter.succeeded(MINUTE, Call::NewOrder);
        assert_eq!(limiter.admit(MINUTE, Call::NewOrder), Ok(()));
    }

    #[test]
    fn retry_after_blocks_everything_and_a_pause_only_new_orders() {
        let mut limiter = Limiter::default();
        limiter.react(MINUTE, Reaction::PauseOrders { after: Span::from_seconds(5) });
        assert_eq!(limiter.admit(MINUTE, Call::NewOrder), Err(Span::from_seconds(5)));
        assert_eq!(limiter.admit(MINUTE, Call::CancelOrder), Ok(()));
        limiter.react(MINUTE, Reaction::Retry { after: Span::from_seconds(7) });
        assert_eq!(limiter.admit(MINUTE, Call::CancelOrder), Err(Span::from_seconds(7)));
        // A shorter ban does not end a longer one.
        limiter.block(MINUTE, Span::SECOND);
        assert_eq!(limiter.admit(MINUTE.plus(Span::from_seconds(6)), Call::Time), Err(Span::SECOND));
        assert_eq!(limiter.admit(MINUTE.plus(Span::from_seconds(7)), Call::Time), Ok(()));
    }
}
