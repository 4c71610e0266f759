//! The JSON document under the config: one object, its keys in order, none twice.
//!
//! Invariant: a document that parses has no key twice, so no line of the user's is silently ignored.
//! Absent on purpose: the meaning of the keys.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

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
