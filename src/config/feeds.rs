//! The key `feeds`: which outside sources are asked, where and how often.
//!
//! Invariant: an address that was accepted is https, or http on this machine, and holds no user or password.
//! Absent on purpose: the default addresses and intervals, which stand with the sources (`feeds`).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::document::shown;
use crate::engine::MoodSource;
use crate::feeds::Address;

/// The sources that are on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Feeds(pub BTreeMap<MoodSource, Feed>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Feed {
    /// One, or for headlines any number.
    #[serde(rename = "url")]
    pub addresses: Vec<Address>,
    pub every_seconds: u32,
}

/// Seldom enough for every host's limits; often enough to be news.
const EVERY: std::ops::RangeInclusive<u64> = 10..=86_400;
const MOST_ADDRESSES: usize = 32;
const ALLOWED: &str = "null (off), \"default\", an address, a list of addresses (headlines), or \
                       {\"url\": one of these, \"every_seconds\": 10 to 86400}";

impl Feeds {
    pub fn is_off(&self) -> bool {
        self.0.is_empty()
    }
}

/// The error says what was found and what is allowed.
pub(super) fn read(value: &Value) -> Result<Feeds, String> {
    let names = || MoodSource::ALL.map(MoodSource::as_str).join(", ");
    let Some(given) = value.as_object() else {
        return Err(format!("found {}, allowed is an object with a key for each source: {}", shown(value), names()));
    };
    let mut feeds = Feeds::default();
    for (name, value) in given {
        let Some(source) = MoodSource::parse(name) else {
            let name: String = name.chars().take(60).collect();
            return Err(format!("unknown source `{name}`, allowed are {}", names()));
        };
        if !value.is_null() {
            feeds.0.insert(source, feed(source, value).map_err(|why| format!("source `{name}`: {why}"))?);
        }
    }
    Ok(feeds)
}

fn feed(source: MoodSource, value: &Value) -> Result<Feed, String> {
    let wrong = || format!("found {}, allowed is {ALLOWED}", shown(value));
    let Some(object) = value.as_object() else {
        return Ok(Feed { addresses: addresses(source, value)?, every_seconds: Address::default_interval(source) });
    };
    if object.keys().any(|key| key != "url" && key != "every_seconds") {
        return Err(wrong());
    }
    let every_seconds = match object.get("every_seconds") {
        Some(every) => every.as_u64().filter(|every| EVERY.contains(every)).ok_or_else(wrong)? as u32,
        None => Address::default_interval(source),
    };
    let url = object.get("url").ok_or_else(wrong)?;
    Ok(Feed { addresses: addresses(source, url)?, every_seconds })
}

fn addresses(source: MoodSource, value: &Value) -> Result<Vec<Address>, String> {
    let wrong = || format!("found {}, allowed is {ALLOWED}", shown(value));
    let one = |value: &Value| match value.as_str().ok_or_else(wrong)? {
        "default" => Address::default_of(source)
            .ok_or_else(|| "there is no default address for it, name the addresses of your feeds".to_owned()),
        text => Address::parse(source, text),
    };
    match value.as_array() {
        None => Ok(vec![one(value)?]),
        Some(list) if list.len() == 1 => Ok(vec![one(&list[0])?]),
        Some(list) if source == MoodSource::Headlines && (1..=MOST_ADDRESSES).contains(&list.len()) => {
            list.iter().map(one).collect()
        }
        Some(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sources_are_off_unless_named_and_read_back_as_they_are_written() {
        let given = json!({
            "funding": "default",
            "fear_greed": {"url": "http://127.0.0.1:9/fng", "every_seconds": 60},
            "headlines": ["https://example.com/a.rss", "https://example.com/b.rss"],
            "taker_ratio": null,
        });
        let feeds = read(&given).expect("sources");
        assert_eq!(feeds.0.len(), 3);
        assert_eq!(feeds.0[&MoodSource::FearGreed].every_seconds, 60);
        assert_eq!(feeds.0[&MoodSource::Headlines].addresses.len(), 2);
        let written = serde_json::to_value(&feeds).expect("JSON");
        assert_eq!(read(&written).expect("sources"), feeds);
        assert!(read(&json!({})).expect("none").is_off());
    }

    #[test]
    fn what_is_refused_names_the_source_and_what_is_allowed() {
        let refused = |value: Value| read(&value).expect_err("refused");
        assert!(refused(json!([])).contains("an object"));
        assert!(refused(json!({"moon": "default"})).contains("unknown source `moon`"));
        assert!(refused(json!({"headlines": "default"})).contains("no default address"));
        assert!(refused(json!({"fear_greed": {"url": "default", "every_seconds": 1}})).contains("every_seconds"));
        assert!(refused(json!({"fear_greed": ["https://a.b/", "https://a.c/"]})).contains("fear_greed"));
        assert!(refused(json!({"fear_greed": {"every_seconds": 60}})).contains("\"url\""));
        assert!(refused(json!({"fear_greed": "http://example.com/"})).contains("https"));
        assert!(refused(json!({"fear_greed": "https://user:word@example.com/"})).contains("user"));
        assert!(refused(json!({"funding": "https://example.com/"})).contains("{symbol}"));
    }
}
