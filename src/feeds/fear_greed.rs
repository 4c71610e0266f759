//! Fear and greed: one index of the whole market a day, from 0 (extreme fear) to 100 (extreme greed).
//!
//! Invariant: a value outside of 0 to 100 is none.
//! Absent on purpose: what the index is made of, which its maker does not publish.
//! Source: https://api.alternative.me/fng/, times in seconds.

use serde_json::Value;

use super::answer::{Reading, as_number, json, number, readings};
use crate::domain::{Span, Time};

pub(super) fn read(body: &[u8]) -> Result<Vec<Reading>, String> {
    let value = json(body)?;
    let rows = value.get("data").ok_or("field `data` is missing, allowed is a list of days")?;
    readings(rows, |row: &Value| {
        let index = number(row, "value")?;
        if !(0.0..=100.0).contains(&index) {
            return Err(format!("field `value` is {index}, allowed is 0 to 100"));
        }
        let seconds = as_number(row.get("timestamp")).filter(|seconds| (1.2e9..4.1e9).contains(seconds));
        let seconds = seconds.ok_or("field `timestamp` is no time in seconds")?;
        Ok(Some(Reading::at(Time::from_millis(seconds as i64 * 1_000), Span::ZERO, index)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_oldest_first() {
        let body = br#"{"name":"Fear and Greed Index","data":[
            {"value":"40","value_classification":"Fear","timestamp":"1551157200","time_until_update":"68499"},
            {"value":"47","value_classification":"Neutral","timestamp":"1551070800"}],"metadata":{"error":null}}"#;
        let days = read(body).expect("days");
        assert_eq!(days.iter().map(|day| day.value).collect::<Vec<_>>(), [47.0, 40.0]);
        assert!(read(br#"{"data":[{"value":"101","timestamp":"1551070800"}]}"#).is_err());
        assert!(read(br#"{"metadata":{}}"#).expect_err("no days").contains("data"));
    }
}
