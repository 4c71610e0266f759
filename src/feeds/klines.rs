//! Takers of klines: which side was in a hurry, minute by minute; the only source at our own frequency.
//!
//! Invariant: a kline counts when it has closed; one without trades says nothing.
//! Absent on purpose: prices, which reach the engine by the market's stream.
//! Source: GET /api/v3/klines, fields 0 (open time), 5 (volume), 6 (close time) and 9 (taker buy base volume).

use serde_json::Value;

use super::answer::{Reading, as_millis, as_number, json, readings};
use crate::domain::Span;
use crate::sentiment::TakerImbalance;

pub(super) fn read(body: &[u8]) -> Result<Vec<Reading>, String> {
    readings(&json(body)?, |row: &Value| {
        let time = |at: usize| as_millis(row.get(at)).ok_or(format!("field {at} of a kline is no time in ms"));
        let volume = |at: usize| as_number(row.get(at)).ok_or(format!("field {at} of a kline is no number"));
        let (open, close) = (time(0)?, time(6)?);
        let imbalance = TakerImbalance::of(volume(9)?, volume(5)?);
        Ok(imbalance.map(|taker| Reading::at(open, close.since(open).max(Span::ZERO), taker.imbalance)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kline_counts_at_its_close_and_an_empty_one_not_at_all() {
        let body = br#"[[1499040000000,"0.01","0.8","0.01","0.015","148976.0",1499040059999,"2434.1",308,"111732.0","28.4","0"],
            [1499040060000,"0.01","0.8","0.01","0.015","0",1499040119999,"0",0,"0","0","0"]]"#;
        let read_rows = read(body).expect("klines");
        assert_eq!(read_rows.len(), 1);
        assert_eq!(
            (read_rows[0].value, read_rows[0].ends.map(crate::domain::Time::millis)),
            (0.5, Some(1_499_040_059_999))
        );
        assert!(read(br#"[["x"]]"#).is_err());
    }
}
