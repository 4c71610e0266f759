//! Numbers, dates and reasons as the page writes them.
//!
//! Invariant: what comes from outside passes [`escaped`]; the same number is always written the same way.
//! Absent on purpose: tags other than those of one table cell.

use crate::domain::{Span, Time};
use crate::performance::{Figure, Interval, Shown};

const MINUTES_A_DAY: i64 = 1_440;

/// Text for HTML, within tags and within quotes.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// `+12.3 %`, with a true minus sign; zero has no sign.
pub fn percent(fraction: f64) -> String {
    format!("{}\u{a0}%", signed(fraction * 100.0, 2))
}

/// A share without a sign: `45.1 %`.
pub fn share(fraction: f64) -> String {
    format!("{:.1}\u{a0}%", fraction * 100.0)
}

/// `+1,234.50`.
pub fn signed(number: f64, places: usize) -> String {
    let text = plain(number.abs(), places);
    if text.bytes().all(|byte| !(b'1'..=b'9').contains(&byte)) {
        return text;
    }
    format!("{}{text}", if number < 0.0 { '\u{2212}' } else { '+' })
}

/// `−1,234.50`; no sign where it is positive.
pub fn plain(number: f64, places: usize) -> String {
    let text = format!("{:.places$}", number.abs());
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let is_zero = text.bytes().all(|byte| !(b'1'..=b'9').contains(&byte));
    format!("{}{grouped}{rest}", if number < 0.0 && !is_zero { "\u{2212}" } else { "" })
}

/// `2023-07-01 00:15`, UTC.
pub fn minute(time: Time) -> String {
    stamp(time, "%Y-%m-%d %H:%M")
}

/// `2023-07-01`, UTC.
pub fn date(time: Time) -> String {
    stamp(time, "%Y-%m-%d")
}

pub fn stamp(time: Time, form: &str) -> String {
    jiff::Timestamp::from_microsecond(time.0).map_or_else(|_| "?".into(), |stamp| stamp.strftime(form).to_string())
}

/// `3 d 4 h`, `5 h 7 min`, `12 min`.
pub fn span(span: Span) -> String {
    let minutes = span.0.saturating_add(Span::MINUTE.0 / 2).div_euclid(Span::MINUTE.0);
    let (days, hours, rest) = (minutes / MINUTES_A_DAY, minutes / 60 % 24, minutes % 60);
    match (days, hours) {
        (0, 0) => format!("{rest}\u{a0}min"),
        (0, hours) => format!("{hours}\u{a0}h {rest}\u{a0}min"),
        (days, hours) => format!("{days}\u{a0}d {hours}\u{a0}h"),
    }
}

/// How a figure is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A fraction as a percentage with its sign.
    Percent,
    /// A fraction of something, as a percentage.
    Share,
    Number,
    /// In the quote currency.
    Money,
    Whole,
}

impl Form {
    pub fn of(self, value: f64) -> String {
        match self {
            Form::Percent => percent(value),
            Form::Share => share(value),
            Form::Number => plain(value, 2),
            Form::Money => signed(value, 2),
            Form::Whole => plain(value, 0),
        }
    }

    /// `-0.41 to 0.52`.
    pub fn interval(self, interval: Interval) -> String {
        format!("{} to {}", self.of(interval.low), self.of(interval.high))
    }
}

/// The value, or a dash that carries its reason.
pub fn value(shown: &Shown, form: Form) -> String {
    match shown {
        Ok(figure) => form.of(figure.value),
        Err(hidden) => format!("<span class=\"hidden\" title=\"{}\">\u{2013}</span>", escaped(&hidden.to_string())),
    }
}

/// Value, interval and sample as three cells; one wide cell with the reason where there is no value.
pub fn cells(shown: &Shown, form: Form, unit: &str) -> String {
    match shown {
        Ok(Figure { value, sample, interval }) => {
            let interval = interval.map_or_else(String::new, |interval| form.interval(interval));
            let sample = plain(*sample as f64, 0);
            format!(
                "<td class=\"n\">{}</td><td class=\"n soft\">{interval}</td><td class=\"n soft\">{sample} {unit}</td>",
                form.of(*value)
            )
        }
        Err(hidden) => format!("<td class=\"hidden\" colspan=\"3\">hidden: {}</td>", escaped(&hidden.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::Hidden;

    #[test]
    fn numbers_are_grouped_and_signed_and_zero_has_no_sign() {
        assert_eq!(signed(-1_234_567.891, 2), "\u{2212}1,234,567.89");
        assert_eq!((signed(0.004, 2), signed(-0.004, 2), plain(-0.0, 0)), ("0.00".into(), "0.00".into(), "0".into()));
        assert_eq!((plain(999.0, 0), plain(1_000.0, 0)), ("999".into(), "1,000".into()));
        assert_eq!(percent(0.0512), "+5.12\u{a0}%");
    }

    #[test]
    fn lengths_of_time_have_two_units() {
        let minutes = |minutes: i64| span(Span(minutes * Span::MINUTE.0)).replace('\u{a0}', " ");
        assert_eq!([minutes(0), minutes(61), minutes(1_440 * 3 + 300)].join("; "), "0 min; 1 h 1 min; 3 d 5 h");
    }

    #[test]
    fn what_is_hidden_says_why() {
        let hidden = cells(&Err(Hidden::TooShort { have: 3, need: 30 }), Form::Number, "days");
        assert!(hidden.contains("3 observations, 30 are needed"), "{hidden}");
        assert_eq!(escaped("<b a='\"&\">"), "&lt;b a=&#39;&quot;&amp;&quot;&gt;");
    }
}
