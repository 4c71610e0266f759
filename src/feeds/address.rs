//! `Address`: where a source is asked, and where it is asked by default.
//!
//! Invariant: https, or http on this machine; no user or password; a source of single symbols has a place for the symbol.
//! Absent on purpose: hosts that need keys.
//! Source: USD-M futures market data (`/fapi/v1/fundingRate`, `/futures/data/...`), spot `/api/v3/klines`,
//! alternative.me's Crypto Fear & Greed Index API.

use serde::Serialize;

use crate::domain::{Span, Symbol};
use crate::engine::MoodSource;

const PLACE: &str = "{symbol}";
const LONGEST: usize = 2_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// The error says what was found and what is allowed.
    pub fn parse(source: MoodSource, text: &str) -> Result<Address, String> {
        if text.len() > LONGEST {
            return Err(format!("the address has {} bytes, allowed are {LONGEST}", text.len()));
        }
        if source.is_by_symbol() && !text.contains(PLACE) {
            return Err(format!("the address has no place for the symbol; write {PLACE} where it belongs"));
        }
        let url = reqwest::Url::parse(&text.replace(PLACE, "BTCUSDT")).map_err(|error| {
            format!("the address is no URL ({error}); allowed is one such as https://example.com/feed")
        })?;
        permitted(&url)?;
        Ok(Address(text.to_owned()))
    }

    /// `None` for headlines: whose to read is a person's choice.
    pub fn default_of(source: MoodSource) -> Option<Address> {
        let text = match source {
            MoodSource::Funding => "https://fapi.binance.com/fapi/v1/fundingRate?symbol={symbol}&limit=100",
            MoodSource::OpenInterest => {
                "https://fapi.binance.com/futures/data/openInterestHist?symbol={symbol}&period=5m&limit=100"
            }
            MoodSource::LongShort => {
                "https://fapi.binance.com/futures/data/globalLongShortAccountRatio?symbol={symbol}&period=5m&limit=100"
            }
            MoodSource::TopLongShort => {
                "https://fapi.binance.com/futures/data/topLongShortPositionRatio?symbol={symbol}&period=5m&limit=100"
            }
            MoodSource::TakerRatio => {
                "https://fapi.binance.com/futures/data/takerlongshortRatio?symbol={symbol}&period=5m&limit=100"
            }
            MoodSource::FearGreed => "https://api.alternative.me/fng/?limit=10",
            MoodSource::Headlines => return None,
            MoodSource::TakerVolume => "https://api.binance.com/api/v3/klines?symbol={symbol}&interval=1m&limit=100",
        };
        Some(Address(text.to_owned()))
    }

    /// Seconds: as often as the source can say something new, for those that cost the host something.
    pub fn default_interval(source: MoodSource) -> u32 {
        match source {
            MoodSource::Funding
            | MoodSource::OpenInterest
            | MoodSource::LongShort
            | MoodSource::TopLongShort
            | MoodSource::TakerRatio
            | MoodSource::Headlines => 300,
            MoodSource::FearGreed => 3_600,
            MoodSource::TakerVolume => 60,
        }
    }

    pub(super) fn of(&self, symbol: Option<&Symbol>) -> String {
        match symbol {
            // Symbols may hold letters that an address may not.
            Some(symbol) => self.0.replace(PLACE, &escaped(symbol.as_str())),
            None => self.0.clone(),
        }
    }

    /// The length of the rows that are asked for, as `period=5m` or `interval=1m` in the query states it.
    pub(super) fn period(&self) -> Option<Span> {
        let query = self.0.split_once('?')?.1;
        let stated =
            query.split('&').find_map(|part| part.strip_prefix("period=").or(part.strip_prefix("interval=")))?;
        let digits = stated.trim_end_matches(|sign: char| !sign.is_ascii_digit());
        let minutes = match &stated[digits.len()..] {
            "m" => 1,
            "h" => 60,
            "d" => 1_440,
            _ => return None,
        };
        let count: i64 = digits.parse().ok().filter(|count| (1..=1_440).contains(count))?;
        Some(Span(count * minutes * Span::MINUTE.0))
    }
}

/// Whether an address may be asked, also after a redirect.
pub(super) fn permitted(url: &reqwest::Url) -> Result<(), String> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the address names a user or password, but settings hold no secrets; leave them out".to_owned());
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_here(url) => Ok(()),
        "http" => Err("the address is http, allowed is https, or http on this machine; write https".to_owned()),
        other => Err(format!("the address is {other}, allowed is https")),
    }
}

/// On this machine.
pub(super) fn is_here(url: &reqwest::Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// Without what follows the path: a query may hold a key.
pub(super) fn shown(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut done, byte| {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            done.push(char::from(byte));
        } else {
            done.push_str(&format!("%{byte:02X}"));
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_address_is_one_that_a_person_may_write() {
        for source in MoodSource::ALL {
            let Some(address) = Address::default_of(source) else { continue };
            assert_eq!(Address::parse(source, &address.0).as_ref(), Ok(&address));
            assert!(address.of(Some(&Symbol::new("ETHUSDT"))).starts_with("https://"));
        }
    }

    #[test]
    fn rows_state_their_length_and_symbols_are_escaped() {
        let address = |text: &str| Address(text.to_owned());
        assert_eq!(address("https://a.b/?symbol={symbol}&period=15m").period(), Some(Span(15 * Span::MINUTE.0)));
        assert_eq!(address("https://a.b/?interval=1d").period(), Some(Span::DAY));
        for none in
            ["https://a.b/", "https://a.b/?period=m", "https://a.b/?period=5x", "https://a.b/?period=99999999999h"]
        {
            assert_eq!(address(none).period(), None, "{none}");
        }
        let filled = address("https://a.b/?symbol={symbol}").of(Some(&Symbol::new("币USDT")));
        assert_eq!(filled, "https://a.b/?symbol=%E5%B8%81USDT");
        assert_eq!(shown("https://a.b/c?key=secret"), "https://a.b/c");
    }
}
