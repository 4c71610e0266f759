//! Funding: what one side of the perpetual futures pays the other.
//!
//! Invariant: a rate's id is the time of its payment; an estimate of the next payment is revised under its id.
//! Absent on purpose: how many hours lie between payments, which differs by symbol.
//! Source: GET /fapi/v1/fundingRate (payments made) or GET /fapi/v1/premiumIndex (the next one's estimate).

use serde_json::Value;

use super::answer::{Reading, json, millis, number, readings};
use crate::domain::Span;

pub(super) fn read(body: &[u8]) -> Result<Vec<Reading>, String> {
    readings(&json(body)?, row)
}

fn row(row: &Value) -> Result<Option<Reading>, String> {
    let is_estimate = row.get("lastFundingRate").is_some();
    let (rate, time) =
        if is_estimate { ("lastFundingRate", "nextFundingTime") } else { ("fundingRate", "fundingTime") };
    let reading = Reading::at(millis(row, time)?, Span::ZERO, number(row, rate)?);
    // An estimate counts before its payment.
    Ok(Some(Reading { ends: reading.ends.filter(|_| !is_estimate), ..reading }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payments_and_estimates_are_read_by_their_shape() {
        let paid =
            br#"[{"symbol":"BTCUSDT","fundingRate":"-0.03750000","fundingTime":1570608000000,"markPrice":"34287.5"},
            {"symbol":"BTCUSDT","fundingRate":"0.00010000","fundingTime":1570579200000}]"#;
        let paid = read(paid).expect("payments");
        assert_eq!(
            paid.iter().map(|rate| (rate.id, rate.value)).collect::<Vec<_>>(),
            [(1_570_579_200_000, 0.0001), (1_570_608_000_000, -0.0375)]
        );
        let next = br#"{"symbol":"BTCUSDT","markPrice":"11793.6","lastFundingRate":"0.00038246","nextFundingTime":1597392000000,
            "interestRate":"0.0001","time":1597370495002}"#;
        let next = read(next).expect("an estimate");
        assert_eq!((next[0].id, next[0].value, next[0].ends), (1_597_392_000_000, 0.000_382_46, None));
        assert!(
            read(br#"[{"fundingRate":"NaN","fundingTime":1570608000000}]"#)
                .expect_err("no number")
                .contains("fundingRate")
        );
    }
}
