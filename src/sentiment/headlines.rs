//! `Headlines`: which headline is news and which was said before in nearly the same words.
//!
//! Invariant: of equal headlines within the window exactly the first is news; at most `MOST` headlines are kept.
//! Absent on purpose: their meaning (`text`), and the same event told in other words.
//! Source: Broder 1997, resemblance of documents: shared words over all words.

use std::collections::{BTreeSet, VecDeque};

use xxhash_rust::xxh3::xxh3_64;

use crate::domain::{Digest, Span, StateHash, Time};

/// Headlines that are remembered; a busy day has a few hundred.
pub const MOST: usize = 1_024;
/// From this share of common words on two headlines say the same.
const SAME: f64 = 0.8;

#[derive(Debug, Clone)]
pub struct Headlines {
    window: Span,
    seen: VecDeque<(Time, BTreeSet<u64>)>,
}

impl Headlines {
    /// `window` is how long a headline is remembered.
    pub fn new(window: Span) -> Headlines {
        Headlines { window, seen: VecDeque::new() }
    }

    /// True when nothing like it arrived within the window; it is remembered then. A headline without words is no news.
    pub fn is_news(&mut self, now: Time, headline: &str) -> bool {
        while self.seen.front().is_some_and(|(time, _)| now.since(*time) > self.window) {
            self.seen.pop_front();
        }
        let words = words(headline);
        if words.is_empty() || self.seen.iter().any(|(_, other)| resemblance(&words, other) >= SAME) {
            return false;
        }
        if self.seen.len() == MOST {
            self.seen.pop_front();
        }
        self.seen.push_back((now, words));
        true
    }

    pub fn remembered(&self) -> usize {
        self.seen.len()
    }
}

/// Words and numbers in lower case, whatever stands between them.
fn words(headline: &str) -> BTreeSet<u64> {
    let parts = headline.split(|sign: char| !sign.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.map(|part| xxh3_64(part.to_lowercase().as_bytes())).collect()
}

fn resemblance(one: &BTreeSet<u64>, other: &BTreeSet<u64>) -> f64 {
    let common = one.intersection(other).count();
    common as f64 / (one.len() + other.len() - common).max(1) as f64
}

impl StateHash for Headlines {
    fn state_hash(&self, digest: &mut Digest) {
        digest.i64(self.window.0);
        digest.u64(self.seen.len() as u64);
        for (time, words) in &self.seen {
            digest.add(time);
            digest.u64(words.len() as u64);
            words.iter().for_each(|word| digest.u64(*word));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_are_news_once_within_the_window() {
        let mut headlines = Headlines::new(Span::DAY);
        let mut news = |hour: i64, text: &str| headlines.is_news(Time(hour * 3_600_000_000), text);
        assert!(news(0, "SEC approves spot Ether ETF, traders cheer"));
        assert!(!news(1, "SEC approves spot ether ETF - traders cheer!"));
        assert!(!news(2, "BREAKING: SEC approves spot Ether ETF, traders cheer"));
        assert!(news(3, "SEC rejects spot Ether ETF, traders mourn"));
        assert!(!news(4, "... !"));
        assert!(news(25, "SEC approves spot Ether ETF, traders cheer"), "a day later it is news again");
    }

    #[test]
    fn memory_is_bounded() {
        let mut headlines = Headlines::new(Span::DAY);
        for number in 0..3 * MOST {
            assert!(headlines.is_news(Time(0), &format!("headline {number} of {}", number * 7)));
        }
        assert_eq!(headlines.remembered(), MOST);
    }
}
