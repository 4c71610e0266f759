//! `Lexicon`: how good or bad a word is.
//!
//! Invariant: a word has one valence; the list for crypto overrides the general one where both know a word.
//! Absent on purpose: rules about neighbouring words (`text`).
//! Source: the general list and the names of emoji are those of vaderSentiment 3.3.2 (C.J. Hutto, MIT licence, beside the
//! lists in assets/vader), as rated by ten people a word.

use std::collections::BTreeMap;

const GENERAL: &str = include_str!("../../../assets/vader/lexicon.txt");
const EMOJI: &str = include_str!("../../../assets/vader/emoji.txt");
const CRYPTO: &str = include_str!("../../../assets/crypto_lexicon.txt");

/// Words in lower case, without punctuation around them.
#[derive(Debug, Clone)]
pub(super) struct Lexicon {
    general: BTreeMap<&'static str, f64>,
    crypto: BTreeMap<&'static str, f64>,
    /// Beginnings of words, the longest first.
    stems: Vec<(&'static str, f64)>,
    /// Terms of several words, the longest first.
    phrases: Vec<Vec<&'static str>>,
    emoji: BTreeMap<char, &'static str>,
}

impl Lexicon {
    pub fn general() -> Lexicon {
        let emoji = EMOJI.lines().filter_map(|line| {
            let (sign, name) = line.split_once('\t')?;
            Some((sign.chars().next()?, name))
        });
        Lexicon {
            general: terms(GENERAL).collect(),
            crypto: BTreeMap::new(),
            stems: Vec::new(),
            phrases: Vec::new(),
            emoji: emoji.collect(),
        }
    }

    pub fn with_crypto() -> Lexicon {
        let mut lexicon = Lexicon::general();
        let lines = terms(CRYPTO).filter(|(term, _)| !term.starts_with('#'));
        for (term, valence) in lines {
            match term.strip_suffix('*') {
                Some(stem) => lexicon.stems.push((stem, valence)),
                None => {
                    lexicon.crypto.insert(term, valence);
                }
            }
        }
        lexicon.stems.sort_by_key(|(stem, _)| std::cmp::Reverse(stem.len()));
        let split = |term: &&'static str| term.split(' ').collect::<Vec<_>>();
        lexicon.phrases = lexicon.crypto.keys().filter(|term| term.contains(' ')).map(split).collect();
        lexicon.phrases.sort_by_key(|words| std::cmp::Reverse(words.len()));
        lexicon
    }

    pub fn valence(&self, word: &str) -> Option<f64> {
        let stem = || self.stems.iter().find(|(stem, _)| word.starts_with(stem)).map(|(_, valence)| valence);
        self.crypto.get(word).or_else(stem).or_else(|| self.general.get(word)).copied()
    }

    pub fn knows(&self, word: &str) -> bool {
        self.valence(word).is_some()
    }

    /// How many of these words are one term; 1 where they are words of their own.
    pub fn term_length<'a>(&self, words: impl Iterator<Item = &'a str> + Clone) -> usize {
        let fits = |phrase: &&Vec<&str>| {
            let mut words = words.clone();
            phrase.iter().all(|part| words.next() == Some(*part))
        };
        self.phrases.iter().find(fits).map_or(1, Vec::len)
    }

    /// What an emoji shows, in words.
    pub fn emoji(&self, sign: char) -> Option<&'static str> {
        self.emoji.get(&sign).copied()
    }
}

/// A term and its valence a line, a tab between them.
fn terms(text: &'static str) -> impl Iterator<Item = (&'static str, f64)> {
    text.lines().filter_map(|line| {
        let (term, valence) = line.split_once('\t')?;
        Some((term, valence.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_lists_is_read() {
        let lexicon = Lexicon::with_crypto();
        assert_eq!(lexicon.general.len(), GENERAL.lines().count());
        assert_eq!(lexicon.emoji.len(), EMOJI.lines().count());
        let lines = CRYPTO.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(lexicon.crypto.len() + lexicon.stems.len(), lines);
        assert!((120..250).contains(&lines), "{lines}");
        let values = lexicon.crypto.values().chain(lexicon.stems.iter().map(|(_, valence)| valence));
        assert!(values.into_iter().all(|valence| valence.abs() <= 3.0 && *valence != 0.0));
    }

    #[test]
    fn the_longest_term_and_the_longest_stem_win() {
        let lexicon = Lexicon::with_crypto();
        let length = |text: &str| lexicon.term_length(text.split(' '));
        assert_eq!([length("all time high today"), length("rug pull"), length("rug"), length("")], [3, 2, 1, 1]);
        assert_eq!(lexicon.valence("liquidations"), Some(-2.0));
        assert_eq!(lexicon.valence("rugpulls"), Some(-3.0));
        assert_eq!((lexicon.valence("the"), lexicon.valence("good")), (None, Some(1.9)));
        assert_eq!(Lexicon::general().valence("bullish"), None);
    }
}
