//! The JSON document under the config: one object, its keys in order, none twice; and how values are written.
//!
//! Invariant: a document that parses has no key twice, so no line of the user's is silently ignored.
//! Absent on purpose: the meaning of the keys.

use std::{fmt, io};

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;
use serde_json::ser::Formatter;

/// Keys and values of the object, in the file's order.
#[derive(Debug)]
pub(super) struct Document(pub(super) Vec<(String, Value)>);

impl Document {
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Document, D::Error> {
        deserializer.deserialize_map(Keys)
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object with settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut document = Document(Vec::new());
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            if document.get(&key).is_some() {
                return Err(A::Error::custom(format!("the key `{key}` stands there twice, allowed is once")));
            }
            document.0.push((key, value));
        }
        Ok(document)
    }
}

/// A value as it is shown in an error: JSON, shortened.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { text.chars().take(57).chain("...".chars()).collect() }
}

/// A value as a person would write it: `30`, `2.5`, `{"fixed": 0.5}`. Numbers keep eight decimals, as many as any
/// amount of the program has; only smaller ones are written with an exponent.
pub(super) fn written(value: &Value) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, ByHand);
    // A value that exists has only texts as keys, and memory takes every byte.
    let _ = value.serialize(&mut serializer);
    String::from_utf8(bytes).unwrap_or_default()
}

/// Spaces after commas and colons, numbers without noise.
struct ByHand;

impl Formatter for ByHand {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        if value == 0.0 {
            return writer.write_all(b"0");
        }
        if !(1e-8..1e15).contains(&value.abs()) {
            return write!(writer, "{value:e}");
        }
        let digits = format!("{value:.8}");
        writer.write_all(digits.trim_end_matches('0').trim_end_matches('.').as_bytes())
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::written;
    use serde_json::json;

    #[test]
    fn numbers_are_written_as_a_person_would() {
        let cases = [
            (json!(30.0), "30"),
            (json!(30), "30"),
            (json!(2.5), "2.5"),
            (json!(30.000000001), "30"),
            (json!(0.1 + 0.2), "0.3"),
            (json!(-0.0), "0"),
            (json!(1e-9), "1e-9"),
            (json!(1e300), "1e300"),
            (json!(null), "null"),
            (json!({"fixed": 0.5}), r#"{"fixed": 0.5}"#),
            (json!(["BTCUSDT", "ETHUSDT"]), r#"["BTCUSDT", "ETHUSDT"]"#),
        ];
        for (value, text) in cases {
            assert_eq!(written(&value), text);
        }
    }
}
