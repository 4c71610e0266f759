//! What all answers have in common: rows of JSON, read without trust.
//!
//! Invariant: what is not as documented is refused in words, row by row where the rest is good.
//! Absent on purpose: what the fields of one source mean.

use serde_json::Value;

use crate::domain::{Span, Time};

/// One value that a source states.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    /// Rises with the time of series; the hash of a headline.
    pub id: u64,
    /// What the source says of its time.
    pub of: Option<Time>,
    /// It counts from here on: a row whose period runs is not final.
    pub ends: Option<Time>,
    pub value: f64,
    /// A headline's words.
    pub text: Option<String>,
}

impl Reading {
    /// Of a series: `time` is the beginning of a period of this length.
    pub(super) fn at(time: Time, period: Span, value: f64) -> Reading {
        let id = u64::try_from(time.millis()).unwrap_or_default();
        Reading { id, of: Some(time), ends: Some(time.plus(period)), value, text: None }
    }
}

/// The answer as JSON. Hosts in trouble answer with web pages.
pub(super) fn json(body: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|_| "the answer is no UTF-8 text".to_owned())?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err("the answer is empty".to_owned());
    }
    if text.starts_with('<') {
        return Err("the answer is a web page instead of JSON".to_owned());
    }
    let value: Value = serde_json::from_str(text).map_err(|error| format!("the answer is no JSON ({error})"))?;
    match (value.get("code").and_then(Value::as_i64), value.get("msg").and_then(Value::as_str)) {
        (Some(code), Some(message)) => Err(format!("the venue refuses: {} ({code})", plain(message, 120))),
        (Some(_) | None, Some(_) | None) => Ok(value),
    }
}

/// The rows of a list, or the one row that an object is.
pub(super) fn rows(value: &Value) -> Result<Vec<&Value>, String> {
    match value {
        Value::Array(rows) => Ok(rows.iter().collect()),
        Value::Object(_) => Ok(vec![value]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err("the answer is neither a list nor an object".to_owned())
        }
    }
}

/// Reads each row; rows that cannot be read are left out unless none can.
pub(super) fn readings(
    value: &Value,
    read: impl Fn(&Value) -> Result<Option<Reading>, String>,
) -> Result<Vec<Reading>, String> {
    let rows = rows(value)?;
    let mut found = Vec::with_capacity(rows.len());
    let mut first_fault = None;
    for row in &rows {
        match read(row) {
            Ok(reading) => found.extend(reading),
            Err(fault) => {
                first_fault.get_or_insert(fault);
            }
        }
    }
    match first_fault {
        Some(fault) if found.is_empty() => Err(fault),
        Some(_) | None => {
            found.sort_by_key(|reading: &Reading| reading.id);
            Ok(found)
        }
    }
}

/// A finite number, written as one or as text.
pub(super) fn number(row: &Value, key: &str) -> Result<f64, String> {
    as_number(row.get(key)).ok_or_else(|| format!("field `{key}` is {}, allowed is a number", shown(row.get(key))))
}

pub(super) fn as_number(value: Option<&Value>) -> Option<f64> {
    let value = value?;
    let number = match value.as_str() {
        Some(text) => text.trim().parse().ok(),
        None => value.as_f64(),
    };
    number.filter(|number: &f64| number.is_finite())
}

/// Ms UTC between 2010 and 2100, written as a number or as text.
pub(super) fn millis(row: &Value, key: &str) -> Result<Time, String> {
    as_millis(row.get(key)).ok_or_else(|| format!("field `{key}` is {}, allowed is a time in ms", shown(row.get(key))))
}

pub(super) fn as_millis(value: Option<&Value>) -> Option<Time> {
    let value = value?;
    let ms = match value.as_str() {
        Some(text) => text.trim().parse().ok(),
        None => value.as_i64(),
    };
    ms.filter(|ms| (1_262_304_000_000..4_102_444_800_000).contains(ms)).map(Time::from_millis)
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "missing".to_owned(), |value| plain(&value.to_string(), 60))
}

/// Without signs that a terminal would obey, and not too long.
pub(super) fn plain(text: &str, most: usize) -> String {
    let kept = text.chars().map(|sign| if sign.is_whitespace() { ' ' } else { sign });
    kept.filter(|sign| !sign.is_control()).take(most).collect()
}
