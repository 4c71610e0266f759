//! Order-flow imbalance at the best prices (Cont, Kukanov and Stoikov 2014, equation 4).
//!
//! Invariant: quantities are integers of 1e-8, so sums are exact whatever their order.
//! Absent on purpose: deeper levels; trades, which the best prices already tell of.

use crate::domain::fixed::SCALE;
use crate::domain::{BookTop, Price, Quantity};

/// Changes of the best bid and ask as pressure: positive when demand grew or supply shrank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrderFlow {
    last: Option<BookTop>,
    sum: i128,
    depth: i128,
    events: u64,
}

/// The imbalance of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct OrderFlowValue {
    /// Sum of the contributions, in the base asset.
    pub imbalance: f64,
    /// Mean of the quantities at best bid and ask, in the base asset: by it the price impact of the imbalance scales.
    pub depth: f64,
    /// Changes counted.
    pub events: u64,
}

impl OrderFlow {
    pub fn new() -> Self {
        OrderFlow::default()
    }

    /// Takes the newest best prices and gives their contribution in the base asset; `None` for the first.
    pub fn update(&mut self, top: &BookTop) -> Option<f64> {
        let last = self.last.replace(*top)?;
        let bid = pressure((last.bid, last.bid_quantity), (top.bid, top.bid_quantity));
        let ask = pressure((top.ask, last.ask_quantity), (last.ask, top.ask_quantity));
        let contribution = bid - ask;
        self.sum += contribution;
        self.depth += i128::from(top.bid_quantity.raw()) + i128::from(top.ask_quantity.raw());
        self.events += 1;
        Some(whole(contribution))
    }

    /// The imbalance since it was taken last, say at each closed bar.
    pub fn take(&mut self) -> OrderFlowValue {
        let events = self.events;
        let depth = if events == 0 { 0.0 } else { whole(self.depth) / (2.0 * events as f64) };
        let value = OrderFlowValue { imbalance: whole(self.sum), depth, events };
        (self.sum, self.depth, self.events) = (0, 0, 0);
        value
    }

    /// Forgets the last best prices: what follows a gap in the stream is not compared with what came before it.
    pub fn gap(&mut self) {
        self.last = None;
    }
}

/// What a side gained: the new quantity where its price did not get worse, less the old where it did not get better.
///
/// `old.0 <= new.0` means "not worse"; for asks the prices are exchanged, because lower is better.
fn pressure(old: (Price, Quantity), new: (Price, Quantity)) -> i128 {
    let gained = if new.0 >= old.0 { i128::from(new.1.raw()) } else { 0 };
    let lost = if new.0 <= old.0 { i128::from(old.1.raw()) } else { 0 };
    gained - lost
}

fn whole(raw: i128) -> f64 {
    raw as f64 / SCALE as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn top(bid: i64, bid_quantity: i64, ask: i64, ask_quantity: i64) -> BookTop {
        let quantity = |whole: i64| Quantity::from_raw(whole * SCALE);
        BookTop {
            bid: Price::from_raw(bid),
            bid_quantity: quantity(bid_quantity),
            ask: Price::from_raw(ask),
            ask_quantity: quantity(ask_quantity),
        }
    }

    #[test]
    fn each_kind_of_change_counts_as_in_the_paper() {
        let start = top(100, 5, 101, 7);
        let rows = [
            (top(100, 8, 101, 7), 3.0, "a bid joined"),
            (top(100, 2, 101, 7), -3.0, "a bid left"),
            (top(101, 4, 102, 7), 4.0 + 7.0, "bid better by 4, the ask of 7 was taken"),
            (top(99, 9, 101, 7), -5.0, "the bid of 5 was taken"),
            (top(100, 5, 101, 10), -3.0, "an ask joined"),
            (top(99, 9, 100, 2), -5.0 - 2.0, "the bid of 5 was taken, an ask of 2 came closer"),
            (start, 0.0, "nothing changed"),
        ];
        for (next, wanted, what) in rows {
            let mut flow = OrderFlow::new();
            assert_eq!(flow.update(&start), None);
            assert_eq!(flow.update(&next), Some(wanted), "{what}");
            assert_eq!(flow.take().imbalance, wanted, "{what}");
            assert_eq!(flow.take(), OrderFlowValue::default(), "{what}");
        }
    }

    #[test]
    fn a_gap_separates_what_is_compared() {
        let mut flow = OrderFlow::new();
        flow.update(&top(100, 5, 101, 7));
        flow.gap();
        assert_eq!(flow.update(&top(200, 5, 201, 7)), None);
    }
}
