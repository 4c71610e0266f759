//! `Column`: the eleven columns of klines, the names other programs give them, and numbers and times out of cells.
//!
//! Invariant: a time that leaves here lies between the years 2000 and 2100.
//! Absent on purpose: the twelfth column of Binance's rows, which it calls unused.

use crate::domain::Time;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    OpenTime,
    Open,
    High,
    Low,
    Close,
    Volume,
    CloseTime,
    QuoteVolume,
    Trades,
    TakerBuyBase,
    TakerBuyQuote,
}

/// 2000-01-01 and 2100-01-01 in ms: what lies outside is seconds, nanoseconds or nonsense.
pub(super) const EARLIEST_MS: i64 = 946_684_800_000;
pub(super) const LATEST_MS: i64 = 4_102_444_800_000;
/// From here on a number is microseconds: in ms it would be the year 5138. Spot archives changed their unit on 2025-01-01
/// (github.com/binance/binance-public-data).
pub(super) const FIRST_MICROS: i64 = 100_000_000_000_000;
/// What a sentence says about times that are refused.
pub(super) const TIMES_ALLOWED: &str = "UTC milliseconds or microseconds between the years 2000 and 2100";

impl Column {
    /// In Binance's order.
    pub const ALL: [Column; 11] = [
        Column::OpenTime,
        Column::Open,
        Column::High,
        Column::Low,
        Column::Close,
        Column::Volume,
        Column::CloseTime,
        Column::QuoteVolume,
        Column::Trades,
        Column::TakerBuyBase,
        Column::TakerBuyQuote,
    ];

    pub const fn name(self) -> &'static str {
        self.names().0
    }

    /// True for the six without which a row is no bar.
    pub fn is_needed(self) -> bool {
        self <= Column::Volume
    }

    /// Our name, and what others call the column: letters and digits only, the likeliest first.
    const fn names(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Column::OpenTime => ("open_time", &["opentime", "timestamp", "datetime", "time", "date", "opentimestamp"]),
            Column::Open => ("open", &["open", "openprice"]),
            Column::High => ("high", &["high", "highprice"]),
            Column::Low => ("low", &["low", "lowprice"]),
            Column::Close => ("close", &["close", "closeprice"]),
            Column::Volume => ("volume", &["volume", "vol", "basevolume", "volumebase"]),
            Column::CloseTime => ("close_time", &["closetime", "closetimestamp"]),
            Column::QuoteVolume => ("quote_volume", &["quotevolume", "quoteassetvolume", "volumequote", "turnover"]),
            Column::Trades => ("trades", &["trades", "count", "numberoftrades", "numtrades", "tradecount"]),
            Column::TakerBuyBase => {
                ("taker_buy_base", &["takerbuybase", "takerbuyvolume", "takerbuybasevolume", "takerbuybaseassetvolume"])
            }
            Column::TakerBuyQuote => {
                ("taker_buy_quote", &["takerbuyquote", "takerbuyquotevolume", "takerbuyquoteassetvolume"])
            }
        }
    }

    /// The place of this column among the names of a file: by our name, else by the likeliest other one.
    pub(super) fn find<'a>(self, names: impl Iterator<Item = &'a str> + Clone) -> Option<usize> {
        let (own, others) = self.names();
        if let Some(place) = names.clone().position(|name| name == own) {
            return Some(place);
        }
        others.iter().find_map(|other| names.clone().position(|name| plain(name) == *other))
    }
}

/// A name without case, spaces, dashes and underscores.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// A number of ms or us, told apart by magnitude. `None` outside of the years 2000 to 2100.
pub(super) fn time_of_number(number: i64) -> Option<Time> {
    let micros = if number >= FIRST_MICROS { number } else { number.saturating_mul(1_000) };
    (EARLIEST_MS * 1_000..LATEST_MS * 1_000).contains(&micros).then_some(Time(micros))
}

/// A number of ms or us, or a UTC date with or without a time of day (`2024-01-31 23:59:00`, `2024-01-31T23:59Z`).
pub fn time_of_text(text: &str) -> Option<Time> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        return time_of_number(number);
    }
    let civil = ["+00:00", "UTC", "Z"].iter().find_map(|zone| text.strip_suffix(zone)).unwrap_or(text).trim_end();
    let date: jiff::civil::DateTime = civil.parse().ok()?;
    let stamp = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    time_of_number(stamp.as_microsecond())
}

/// A decimal number; `None` for other text. Infinity and NaN are read: who checks the row says what is wrong with it.
pub(super) fn number_of_text(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Column, time_of_number, time_of_text};

    #[test]
    fn columns_are_found_by_the_names_of_other_programs_and_own_names_win() {
        let names = ["timestamp", "Open", "HIGH", "low", "Close Price", "vol", "number_of_trades", "open_time"];
        let place = |column: Column| column.find(names.iter().copied());
        assert_eq!(place(Column::OpenTime), Some(7));
        assert_eq!(place(Column::Open), Some(1));
        assert_eq!(place(Column::Close), Some(4));
        assert_eq!(place(Column::Volume), Some(5));
        assert_eq!(place(Column::Trades), Some(6));
        assert_eq!(place(Column::QuoteVolume), None);
    }

    #[test]
    fn times_in_every_unit_and_writing_are_the_same_moment() {
        let expected = time_of_number(1_704_067_260_000);
        assert!(expected.is_some());
        for text in [
            "1704067260000",
            "1704067260000000",
            "2024-01-01 00:01:00",
            "2024-01-01T00:01Z",
            "2024-01-01 00:01:00+00:00",
        ] {
            assert_eq!(time_of_text(text), expected, "{text}");
        }
        for text in ["1704067260", "1704067260000000000", "yesterday", "", "-5"] {
            assert_eq!(time_of_text(text), None, "{text}");
        }
    }
}
