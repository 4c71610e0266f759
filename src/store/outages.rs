//! Outages of the venue that are known by name, from an embedded table.
//!
//! Invariant: a gap is named only when it overlaps a recorded outage of its market; the name explains, it never fills.
//! Absent on purpose: completeness. Source of the times: threads 84, 169 and 368 of github.com/binance/binance-public-data,
//! thread 5026 of github.com/ccxt/ccxt, and Binance's news of 2023-03-24.

use serde::Deserialize;

use super::columns::time_of_text;
use super::kline::Market;
use crate::domain::Time;

const TABLE: &str = include_str!("../../assets/outages.json");

#[derive(Debug, Deserialize)]
struct Line {
    market: String,
    from: String,
    to: String,
    name: String,
}

#[derive(Debug, Clone)]
struct Outage {
    market: String,
    from: Time,
    to: Time,
    name: String,
}

/// The table, read once for a check.
#[derive(Debug, Clone)]
pub(super) struct Outages(Vec<Outage>);

impl Outages {
    /// A line of the embedded table that cannot be read is left out; a test reads them all.
    pub fn known() -> Outages {
        let lines: Vec<Line> = serde_json::from_str(TABLE).unwrap_or_default();
        let outages = lines.into_iter().filter_map(|line| {
            let (from, to) = (time_of_text(&line.from)?, time_of_text(&line.to)?);
            Some(Outage { market: line.market, from, to, name: line.name })
        });
        Outages(outages.collect())
    }

    /// The outage that a stretch without bars falls into.
    pub fn name(&self, market: &Market, from: Time, to: Time) -> Option<&str> {
        let overlaps = |outage: &&Outage| outage.market == market.as_str() && outage.from < to && from < outage.to;
        self.0.iter().find(overlaps).map(|outage| outage.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Outages, TABLE};

    #[test]
    fn every_line_of_the_table_is_read_and_ends_after_it_begins() {
        let lines: Vec<Line> = serde_json::from_str(TABLE).expect("the table");
        let outages = Outages::known();
        assert_eq!(outages.0.len(), lines.len());
        assert!(outages.0.iter().all(|outage| outage.from < outage.to && !outage.name.is_empty()));
        assert!(outages.0.is_sorted_by_key(|outage| outage.from));
    }
}
