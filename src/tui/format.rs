//! Numbers and times as people read them.
//!
//! Invariant: a number is never cut; what does not fit is left out by the caller.
//! Absent on purpose: words.

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use crate::domain::{Price, Quantity, Span, Time, Value};

/// `12,345.67`, with a sign when it is negative.
pub fn amount(value: Value) -> String {
    grouped(&format!("{value:.2}"))
}

/// `+12,345.67` or `-12,345.67`.
pub fn change(value: Value) -> String {
    let text = format!("{value:+.2}");
    // What rounds to nothing has no sign.
    if text.trim_start_matches(['+', '-']).chars().all(|c| matches!(c, '0' | '.')) {
        return "0.00".to_owned();
    }
    grouped(&text)
}

/// `44,640`.
pub fn count(count: u64) -> String {
    grouped(&count.to_string())
}

/// A fraction as `+1.23 %`.
pub fn signed_percent(fraction: f64) -> String {
    let text = format!("{:+.2}", fraction * 100.0);
    if text == "+0.00" || text == "-0.00" { "0.00 %".to_owned() } else { format!("{text} %") }
}

/// `-1.23`; what rounds to nothing has no sign.
pub fn two_places(number: f64) -> String {
    let text = format!("{number:.2}");
    if text == "-0.00" { "0.00".to_owned() } else { text }
}

/// A fraction as `58.3 %`.
pub fn percent(fraction: f64) -> String {
    format!("{:.1} %", fraction * 100.0)
}

/// A price with as many decimals as its tick has.
pub fn price(price: Price, tick: Price) -> String {
    grouped(&format!("{:.*}", usize::from(decimals(tick)), price.to_f64()))
}

/// A price that is only known as a float.
pub fn price_f64(price: f64, tick: Price) -> String {
    grouped(&format!("{price:.*}", usize::from(decimals(tick))))
}

/// Decimals of a tick: 2 for 0.01.
pub fn decimals(tick: Price) -> u8 {
    let mut raw = tick.raw();
    let mut decimals = 8;
    while decimals > 0 && raw != 0 && raw % 10 == 0 {
        raw /= 10;
        decimals -= 1;
    }
    if raw == 0 { 2 } else { decimals }
}

/// Without trailing zeros.
pub fn quantity(quantity: Quantity) -> String {
    plain(&quantity.to_string())
}

/// A setting as a person writes it: `25`, `2.5`.
pub fn setting(value: f64) -> String {
    plain(&format!("{value:.8}"))
}

/// `HH:MM:SS` UTC.
pub fn clock(time: Time) -> String {
    strftime(time, "%H:%M:%S")
}

/// `YYYY-MM-DD HH:MM` UTC.
pub fn minute(time: Time) -> String {
    strftime(time, "%Y-%m-%d %H:%M")
}

/// `MM-DD HH:MM` UTC.
pub fn day_minute(time: Time) -> String {
    strftime(time, "%m-%d %H:%M")
}

/// A time that a call takes: `6 µs`, `1.2 ms`, `3.4 s`.
pub fn latency(time: std::time::Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        ..999.5 => format!("{micros:.0} µs"),
        ..999_500.0 => format!("{:.1} ms", micros / 1e3),
        _ => format!("{:.1} s", micros / 1e6),
    }
}

/// `YYYY-MM-DD` UTC.
pub fn day(time: Time) -> String {
    strftime(time, "%Y-%m-%d")
}

/// A length of time: `12 s`, `5 min`, `3 h 20 min`, `2 d 4 h`.
pub fn age(span: Span) -> String {
    let seconds = span.0.max(0) / Span::SECOND.0;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) if minutes % 60 == 0 => format!("{hours} h"),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        (_, _, _) if hours % 24 == 0 => format!("{days} d"),
        (_, _, _) => format!("{days} d {} h", hours % 24),
    }
}

/// Basis points with a sign: `+1.2`; what rounds to nothing has none.
pub fn basis_points(points: f64) -> String {
    let text = format!("{points:+.1}");
    if text == "+0.0" || text == "-0.0" { "0.0".to_owned() } else { text }
}

/// A share as `62 %`.
pub fn whole_percent(fraction: f64) -> String {
    format!("{:.0} %", fraction * 100.0)
}

/// Columns that a text takes.
pub fn width(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

fn strftime(time: Time, form: &str) -> String {
    match Timestamp::from_millisecond(time.millis()) {
        Ok(stamp) => stamp.strftime(form).to_string(),
        Err(_) => "-".to_owned(),
    }
}

fn plain(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

/// Commas between thousands.
fn grouped(text: &str) -> String {
    let (sign, rest) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (&text[..1], rest),
        None => ("", text),
    };
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut out = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped_and_signs_kept() {
        for (text, expected) in
            [("1234567.89", "1,234,567.89"), ("-123.4", "-123.4"), ("+1000", "+1,000"), ("12", "12")]
        {
            assert_eq!(grouped(text), expected);
        }
    }

    #[test]
    fn what_rounds_to_nothing_has_no_sign() {
        assert_eq!(
            (change(Value(-1)), amount(Value(-1)), two_places(-0.001)),
            ("0.00".into(), "0.00".into(), "0.00".into())
        );
        assert_eq!(amount(Value(93_273_092_320_000_000_000)), "9,327.31");
        assert_eq!(signed_percent(-0.000_01), "0.00 %");
        assert_eq!(signed_percent(0.0123), "+1.23 %");
    }

    #[test]
    fn ages_have_at_most_two_words() {
        let ages = [0, 59, 60, 3_599, 3_600, 12_000, 86_400, 187_200].map(|s| age(Span::from_seconds(s)));
        assert_eq!(ages, ["0 s", "59 s", "1 min", "59 min", "1 h", "3 h 20 min", "1 d", "2 d 4 h"]);
        assert_eq!([basis_points(-0.04), basis_points(1.25), whole_percent(0.624)], ["0.0", "+1.2", "62 %"]);
    }

    #[test]
    fn a_tick_tells_the_decimals() {
        let tick = |text: &str| decimals(text.parse().expect("a tick"));
        assert_eq!([tick("0.01"), tick("1"), tick("0.00000001"), tick("0.5"), tick("10")], [2, 0, 8, 1, 0]);
    }

    #[test]
    fn settings_are_written_as_people_write_them() {
        assert_eq!([setting(25.0), setting(2.5), setting(0.0), setting(100.0)], ["25", "2.5", "0", "100"]);
    }
}
