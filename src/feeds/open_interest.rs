//! Open interest: contracts that are open.
//!
//! Invariant: a row of a period counts when the period has ended, one period after the time it bears.
//! Absent on purpose: their worth in dollars, which is mostly the price again.
//! Source: GET /futures/data/openInterestHist (the latest 30 days only), or GET /fapi/v1/openInterest (now).

use serde_json::Value;

use super::answer::{Reading, json, millis, number, readings};
use crate::domain::Span;

pub(super) fn read(body: &[u8], period: Span) -> Result<Vec<Reading>, String> {
    readings(&json(body)?, |row: &Value| {
        let (key, time, period) = match row.get("openInterest") {
            Some(_) => ("openInterest", "time", Span::ZERO),
            None => ("sumOpenInterest", "timestamp", period),
        };
        let contracts = number(row, key)?;
        if contracts <= 0.0 {
            return Err(format!("field `{key}` is {contracts}, allowed is a number above 0"));
        }
        Ok(Some(Reading::at(millis(row, time)?, period, contracts)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_a_period_lags_and_the_present_does_not() {
        let rows = br#"[{"symbol":"BTCUSDT","sumOpenInterest":"20403.12345678","sumOpenInterestValue":"176196512.12",
            "timestamp":"1583127900000"}]"#;
        let period = Span(5 * Span::MINUTE.0);
        let row = read(rows, period).expect("a row").remove(0);
        assert_eq!((row.value, row.id), (20_403.123_456_78, 1_583_127_900_000));
        assert_eq!(row.ends, row.of.map(|of| of.plus(period)));
        let now = br#"{"openInterest":"10659.509","symbol":"BTCUSDT","time":1589437530011}"#;
        let now = read(now, period).expect("the present").remove(0);
        assert_eq!(now.ends, now.of);
        assert!(read(br#"{"openInterest":"0","time":1589437530011}"#, period).is_err());
    }
}
