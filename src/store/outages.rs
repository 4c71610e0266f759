//! Outages of the venue that are known by name, from an embedded table.
//!
//! Invariant: a gap is named only when it lies inside of a recorded outage of its market, an hour more or less; the name
//! explains, it never fills.
//! Absent on purpose: completeness. Source of the times: threads 84, 169 and 368 of github.com/binance/binance-public-data,
//! thread 5026 of github.com/ccxt/ccxt, and Binance's news of 2023-03-24.

use serde::Deserialize;

use super::columns::time_of_text;
use super::kline::Market;
use crate::domain::{Span, Time};

/// Pairs stop and start around an outage one after the other.
const LEEWAY: Span = Span::from_seconds(3_600);
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

    /// The outage that explains a stretch without bars. One that is much longer has other reasons.
    pub fn name(&self, market: &Market, from: Time, to: Time) -> Option<&str> {
        let explains = |outage: &&Outage| {
            let (earliest, latest) = (outage.from.minus(LEEWAY), outage.to.plus(LEEWAY));
            outage.market == market.as_str() && from >= earliest && to <= latest
        };
        self.0.iter().find(explains).map(|outage| outage.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Outages, TABLE, time_of_text};
    use crate::store::Market;

    #[test]
    fn an_outage_names_a_gap_of_its_length_but_not_a_year_without_data() {
        let outages = Outages::known();
        let name = |from: &str, to: &str| {
            let times = time_of_text(from).zip(time_of_text(to));
            times.and_then(|(from, to)| outages.name(&Market::spot(), from, to))
        };
        assert_eq!(name("2020-03-04T09:21", "2020-03-04T11:30"), Some("unscheduled system maintenance"));
        assert_eq!(name("2020-03-04T09:21", "2021-04-24T00:00"), None);
        assert_eq!(name("2020-03-04T12:31", "2020-03-04T12:40"), None);
    }

    #[test]
    fn every_line_of_the_table_is_read_and_ends_after_it_begins() {
        let lines: Vec<Line> = serde_json::from_str(TABLE).expect("the table");
        let outages = Outages::known();
        assert_eq!(outages.0.len(), lines.len());
        assert!(outages.0.iter().all(|outage| outage.from < outage.to && !outage.name.is_empty()));
        assert!(outages.0.is_sorted_by_key(|outage| outage.from));
    }
}
