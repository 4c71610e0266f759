//! Rate limits: request weight per minute and order counts per 10 seconds and day, in windows aligned to the clock.
//!
//! Invariant: a count belongs to the window that holds the server's time; a new window starts at zero.
//! Absent on purpose: bans (HTTP 418).
//! Source: Binance spot REST docs, "LIMITS"; values of a live exchangeInfo of 2026-09.

use crate::domain::{Span, Time};

pub const WEIGHT_PER_MINUTE: u32 = 6_000;
pub const ORDERS_PER_10_SECONDS: u32 = 100;
pub const ORDERS_PER_DAY: u32 = 200_000;

#[derive(Debug, Clone)]
pub struct Limits {
    weight: Window,
    orders_10s: Window,
    orders_day: Window,
}

/// What a refused caller must wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverLimit {
    /// When the window ends.
    pub until: Time,
}

#[derive(Debug, Clone)]
struct Window {
    length: Span,
    limit: u32,
    start: Time,
    used: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            weight: Window::new(Span::MINUTE, WEIGHT_PER_MINUTE),
            orders_10s: Window::new(Span::from_seconds(10), ORDERS_PER_10_SECONDS),
            orders_day: Window::new(Span::DAY, ORDERS_PER_DAY),
        }
    }
}

impl Limits {
    /// Books the weight of a request, or refuses it. Every window is that of `now` from then on.
    pub fn request(&mut self, now: Time, weight: u32) -> Result<(), OverLimit> {
        self.orders_10s.roll(now);
        self.orders_day.roll(now);
        self.weight.add(now, weight)
    }

    /// Gives back the weight of a successful order entry call: those cost nothing since 2026-04-02.
    pub fn refund(&mut self, weight: u32) {
        self.weight.used = self.weight.used.saturating_sub(weight);
    }

    /// Books new orders, or refuses them.
    pub fn orders(&mut self, now: Time, count: u32) -> Result<(), OverLimit> {
        self.orders_day.add(now, count)?;
        self.orders_10s.add(now, count)
    }

    /// An order's first fill takes it off the count again.
    pub fn first_fill(&mut self, now: Time) {
        for window in [&mut self.orders_10s, &mut self.orders_day] {
            window.roll(now);
            window.used = window.used.saturating_sub(1);
        }
    }

    /// Weight used in the running minute; orders of the running 10 seconds and day.
    pub fn used(&self) -> (u32, u32, u32) {
        (self.weight.used, self.orders_10s.used, self.orders_day.used)
    }
}

impl Window {
    fn new(length: Span, limit: u32) -> Window {
        Window { length, limit, start: Time(0), used: 0 }
    }

    fn roll(&mut self, now: Time) {
        let start = Time(now.0 - now.0.rem_euclid(self.length.0));
        if start != self.start {
            self.start = start;
            self.used = 0;
        }
    }

    fn add(&mut self, now: Time, count: u32) -> Result<(), OverLimit> {
        self.roll(now);
        if self.used + count > self.limit {
            return Err(OverLimit { until: self.start.plus(self.length) });
        }
        self.used += count;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_refuses_over_its_limit_and_starts_anew_on_the_clock() {
        let mut limits = Limits::default();
        let at = |seconds: i64| Time(0).plus(Span::from_seconds(seconds));
        assert_eq!(limits.orders(at(9), 100), Ok(()));
        assert_eq!(limits.orders(at(9), 1), Err(OverLimit { until: at(10) }));
        assert_eq!(limits.orders(at(10), 1), Ok(()));
        assert_eq!(limits.request(at(59), 6_000), Ok(()));
        assert_eq!(limits.request(at(59), 1), Err(OverLimit { until: at(60) }));
        limits.refund(1);
        assert_eq!(limits.request(at(59), 1), Ok(()));
        assert_eq!(limits.request(at(60), 1), Ok(()));
    }
}
