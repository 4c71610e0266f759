//! Long/short ratios: accounts, the largest accounts' positions, and what takers bought by what they sold.
//!
//! Invariant: a row counts when its period has ended, one period after the time it bears.
//! Absent on purpose: shares and volumes that the ratio is made of.
//! Source: GET /futures/data/globalLongShortAccountRatio, topLongShortPositionRatio, takerlongshortRatio (30 days only).

use serde_json::Value;

use super::answer::{Reading, json, millis, number, readings};
use crate::domain::Span;

pub(super) fn read(body: &[u8], period: Span) -> Result<Vec<Reading>, String> {
    readings(&json(body)?, |row: &Value| {
        let key = if row.get("buySellRatio").is_some() { "buySellRatio" } else { "longShortRatio" };
        let ratio = number(row, key)?;
        if ratio <= 0.0 {
            return Err(format!("field `{key}` is {ratio}, allowed is a number above 0"));
        }
        Ok(Some(Reading::at(millis(row, "timestamp")?, period, ratio)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_rows_are_read_and_a_bad_one_is_left_out() {
        let rows = br#"[{"symbol":"BTCUSDT","longShortRatio":"1.9559","longAccount":"0.6617","shortAccount":"0.3382","timestamp":1583139900000},
            {"symbol":"BTCUSDT","longShortRatio":"-1","timestamp":1583140200000}, 7]"#;
        let read_rows = read(rows, Span::MINUTE).expect("a row");
        assert_eq!(read_rows.len(), 1);
        assert_eq!(read_rows[0].value, 1.9559);
        let takers =
            br#"[{"buySellRatio":"1.5586","buyVol":"387.3300","sellVol":"248.5030","timestamp":"1585614900000"}]"#;
        assert_eq!(read(takers, Span::MINUTE).expect("a row")[0].value, 1.5586);
        assert_eq!(read(b"[]", Span::MINUTE), Ok(Vec::new()));
    }
}
