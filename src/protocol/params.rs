//! `Params`: the ordered name=value pairs of a request, in every form in which Binance sends or signs them.
//!
//! Invariant: names are unique and values are raw text; percent-encoding exists only in `to_query` and `parse_form`.
//! Absent on purpose: which parameters a call needs; the message of the call knows.
//! Source: Binance spot API docs, rest-api.md "General Information on Endpoints", web-socket-api.md "Request security".

use std::fmt;

use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::errors::VenueError;

/// Ordered name=value pairs of a request, values raw (not percent-encoded).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

/// Parameters whose JSON form is an integer, as the WebSocket API's examples show them.
const INTEGERS: [&str; 11] = [
    "timestamp",
    "recvWindow",
    "orderId",
    "orderListId",
    "limit",
    "startTime",
    "endTime",
    "fromId",
    "strategyId",
    "strategyType",
    "subscriptionId",
];
/// Parameters whose JSON form is a boolean.
const BOOLEANS: [&str; 4] = ["returnRateLimits", "omitZeroBalances", "computeCommissionRates", "showPermissionSets"];
/// Parameters whose JSON form is an array; over REST they travel as the same JSON text.
const ARRAYS: [&str; 2] = ["symbols", "permissions"];

impl Params {
    pub fn new() -> Params {
        Params::default()
    }

    /// Appends a pair; a name that is there already takes the new value at its old place.
    pub fn push(&mut self, name: &str, value: impl fmt::Display) {
        let value = value.to_string();
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some(pair) => pair.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Params {
        self.push(name, value);
        self
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a mandatory parameter; -1102 when it is absent or empty.
    pub fn require(&self, name: &str) -> Result<&str, VenueError> {
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(|| VenueError::missing_parameter(name))
    }

    pub fn remove(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(at).1)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pairs of `self`, then those of `body` whose names `self` lacks: where both carry a name, the query wins.
    pub fn or_body(mut self, body: Params) -> Params {
        for (name, value) in body.0 {
            if self.get(&name).is_none() {
                self.0.push((name, value));
            }
        }
        self
    }

    /// `a=1&b=%C3%A9`: the bytes that are signed and sent over REST.
    pub fn to_query(&self) -> String {
        let pairs = self.iter();
        join(pairs.map(|(name, value)| format!("{}={}", Encoded(name), Encoded(value))))
    }

    /// The WebSocket API's signing payload: all pairs but `signature`, sorted by name, raw UTF-8.
    pub fn sorted_raw(&self) -> String {
        join(self.sorted().into_iter().map(|(name, value)| format!("{name}={value}")))
    }

    /// As `sorted_raw`, percent-encoded: what Binance's Python SDK signs. The same text where values are plain ASCII.
    pub fn sorted_query(&self) -> String {
        join(self.sorted().into_iter().map(|(name, value)| format!("{}={}", Encoded(name), Encoded(value))))
    }

    fn sorted(&self) -> Vec<(&str, &str)> {
        let mut pairs: Vec<_> = self.iter().filter(|(name, _)| *name != "signature").collect();
        pairs.sort_unstable();
        pairs
    }

    /// Reads a query string or a form body. Empty pairs are skipped; a duplicate name is -1101,
    /// a broken escape or invalid UTF-8 is -1100.
    pub fn parse_form(text: &str) -> Result<Params, VenueError> {
        let mut params = Params::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            params.push_unique(decode(name)?, decode(value)?)?;
        }
        Ok(params)
    }

    /// Reads the `params` of a WebSocket API request. Strings are taken as they are, null counts as absent,
    /// everything else keeps its JSON text. A float is printed as Rust prints it; where the client's own digits
    /// matter (a signature over `0.10`), use [`Params::from_json_text`].
    pub fn from_json(map: &Map<String, Value>) -> Result<Params, VenueError> {
        let mut params = Params::new();
        for (name, value) in map {
            match value {
                Value::Null => {}
                Value::String(text) => params.push_unique(name.clone(), text.clone())?,
                Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    params.push_unique(name.clone(), value.to_string())?;
                }
            }
        }
        Ok(params)
    }

    /// As [`Params::from_json`], from the text of the object: order and digits stay exactly as they were sent.
    /// -1135 when the text is no JSON object, -1101 on a duplicate name.
    pub fn from_json_text(text: &str) -> Result<Params, VenueError> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let pairs = deserializer.deserialize_map(PairsVisitor).map_err(|_| VenueError::invalid_json())?;
        deserializer.end().map_err(|_| VenueError::invalid_json())?;
        let mut params = Params::new();
        for (name, value) in pairs {
            let raw = value.get();
            if raw == "null" {
                continue;
            }
            let text = match raw.starts_with('"') {
                true => serde_json::from_str(raw).map_err(|_| VenueError::invalid_json())?,
                false => raw.to_owned(),
            };
            params.push_unique(name, text)?;
        }
        Ok(params)
    }

    /// The `params` object of a WebSocket API request. `from_json` of it gives the same pairs back, sorted by name.
    pub fn to_json(&self) -> Map<String, Value> {
        self.iter().map(|(name, value)| (name.to_owned(), json_value(name, value))).collect()
    }

    fn push_unique(&mut self, name: String, value: String) -> Result<(), VenueError> {
        if self.get(&name).is_some() {
            return Err(VenueError::duplicate_parameter());
        }
        self.0.push((name, value));
        Ok(())
    }
}

/// Typed where Binance's examples are typed and where the text survives the way there and back, else a string.
fn json_value(name: &str, text: &str) -> Value {
    let is_typed = INTEGERS.contains(&name) || BOOLEANS.contains(&name) || ARRAYS.contains(&name);
    if !is_typed {
        return Value::from(text);
    }
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_) | Value::Array(_))) if prints_as(&value, text) => value,
        Ok(_) | Err(_) => Value::from(text),
    }
}

fn prints_as(value: &Value, text: &str) -> bool {
    let printed = value.to_string();
    printed == text
}

fn join(pairs: impl Iterator<Item = String>) -> String {
    pairs.collect::<Vec<_>>().join("&")
}

/// Percent-encodes all but RFC 3986's unreserved characters, with upper-case hex.
struct Encoded<'a>(&'a str);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    fmt::Write::write_char(f, byte as char)?
                }
                _ => write!(f, "%{byte:02X}")?,
            }
        }
        Ok(())
    }
}

/// Undoes percent-encoding; `+` is a space, as in every HTML form.
pub(super) fn decode(text: &str) -> Result<String, VenueError> {
    if !text.contains(['%', '+']) {
        return Ok(text.to_owned());
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let pair = bytes.get(at + 1).and_then(hex_digit).zip(bytes.get(at + 2).and_then(hex_digit));
                let (high, low) = pair.ok_or_else(VenueError::illegal_characters)?;
                decoded.push(high << 4 | low);
                at += 2;
            }
            _ => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8(decoded).map_err(|_| VenueError::illegal_characters())
}

/// The value of one hexadecimal digit of either case.
pub(super) fn hex_digit(byte: &u8) -> Option<u8> {
    char::from(*byte).to_digit(16).map(|digit| digit as u8)
}

/// Collects the pairs of a JSON object in the order of the text.
struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of parameters")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = access.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}
