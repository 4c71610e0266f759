//! `DailyReturns`: equity at the end of each UTC day and the return of that day.
//!
//! Invariant: days rise; a day's return is measured from the last equity of the day before that has samples.
//! Absent on purpose: the running ratio, which `DailySharpe` keeps in constant memory.

use serde::Serialize;

use crate::domain::Time;

/// Trading days of a year: crypto markets do not close.
pub const DAYS_A_YEAR: f64 = 365.0;

/// One day that has samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DailyReturn {
    /// Days since 1970-01-01.
    pub day: i64,
    /// Equity at the last sample of the day.
    pub close: f64,
    /// As a fraction of the close before it.
    pub change: f64,
}

/// A fold over samples of equity in time order.
#[derive(Debug, Clone, PartialEq)]
pub struct DailyReturns {
    open: f64,
    running: Option<(i64, f64)>,
    closed: Vec<DailyReturn>,
}

impl DailyReturns {
    /// `start` is the equity before the first sample.
    pub fn new(start: f64) -> DailyReturns {
        DailyReturns { open: start, running: None, closed: Vec::new() }
    }

    /// A sample of an earlier day (a report that came late) counts to the running day. A bar's sample stands at its last
    /// millisecond, so the bar that ends at midnight belongs to the day that ends there.
    #[inline]
    pub fn sample(&mut self, time: Time, equity: f64) {
        let day = time.day();
        match self.running {
            Some((running, _)) if day <= running => self.running = Some((running, equity)),
            Some(_) => {
                self.close_day();
                self.running = Some((day, equity));
            }
            None => self.running = Some((day, equity)),
        }
    }

    /// All days, oldest first; the running one as its last sample stands.
    pub fn finish(mut self) -> Vec<DailyReturn> {
        self.close_day();
        self.closed
    }

    /// A day that begins without capital has no return.
    fn close_day(&mut self) {
        let Some((day, close)) = self.running.take() else { return };
        if self.open > 0.0 {
            self.closed.push(DailyReturn { day, close, change: close / self.open - 1.0 });
        }
        self.open = close;
    }
}

/// The returns alone.
pub fn changes(days: &[DailyReturn]) -> Vec<f64> {
    days.iter().map(|day| day.change).collect()
}

/// Returns of two records on the days that both have.
pub fn paired(these: &[DailyReturn], those: &[DailyReturn]) -> (Vec<f64>, Vec<f64>) {
    let both = these.iter().filter_map(|day| {
        let at = those.binary_search_by_key(&day.day, |other| other.day).ok()?;
        Some((day.change, those[at].change))
    });
    both.unzip()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Span, Value};
    use crate::performance::{DailySharpe, ratios};
    use proptest::prelude::*;

    fn at(day: i64, minute: i64) -> Time {
        Time(0).plus(Span(day * Span::DAY.0 + minute * Span::MINUTE.0 - 1_000))
    }

    #[test]
    fn the_bar_that_ends_at_midnight_closes_the_day_and_missing_days_are_skipped() {
        let mut days = DailyReturns::new(100.0);
        for (day, minute, equity) in [(0, 5, 90.0), (0, 1_440, 110.0), (3, 1, 99.0), (2, 9, 121.0)] {
            days.sample(at(day, minute), equity);
        }
        let days = days.finish();
        let seen: Vec<_> = days.iter().map(|day| (day.day, day.close)).collect();
        assert_eq!(seen, [(0, 110.0), (3, 121.0)]);
        assert!((days[0].change - 0.1).abs() < 1e-15 && (days[1].change - 0.1).abs() < 1e-15);
        let (these, those) = paired(&days, &[DailyReturn { day: 3, close: 1.0, change: 0.5 }]);
        assert_eq!((these.len(), those), (1, vec![0.5]));
    }

    #[test]
    fn a_day_that_begins_without_capital_has_no_return() {
        let mut days = DailyReturns::new(0.0);
        days.sample(at(0, 1), 50.0);
        days.sample(at(1, 1), 55.0);
        assert_eq!(days.finish().len(), 1);
        assert_eq!(DailyReturns::new(1.0).finish(), []);
    }

    proptest! {
        #[test]
        fn the_sharpe_ratio_of_the_list_equals_the_running_one(
            steps in prop::collection::vec((0i64..2_000, -300_000i64..300_000), 2..400),
        ) {
            let (mut time, mut equity) = (0_i64, 10_000_000_i64);
            let mut days = DailyReturns::new(equity as f64);
            let mut running = DailySharpe::new(Value(i128::from(equity)));
            for (minutes, change) in steps {
                time += minutes;
                equity = (equity + change).max(1_000_000);
                let now = Time(time * Span::MINUTE.0);
                days.sample(now, equity as f64);
                running.sample(now, Value(i128::from(equity)));
            }
            let list = changes(&days.finish());
            let simple = (list.len() >= 30).then(|| ratios::sharpe(&list, DAYS_A_YEAR)).flatten();
            prop_assert_eq!(simple.is_some(), running.ratio().is_some());
            if let (Some(simple), Some(running)) = (simple, running.ratio()) {
                prop_assert!((simple - running).abs() < 1e-9 * (1.0 + simple.abs()), "{} {}", simple, running);
            }
        }
    }
}
