//! `Vader`: how good or bad the words of a short text sound, by a lexicon and five rules.
//!
//! Invariant: the pure mode gives the numbers of vaderSentiment 3.3.2, rounded as it rounds them.
//! Absent on purpose: grammar, irony and every language but English. On financial phrases such scores are right a little more
//! often than half of the time; they are worth what an ablation says.
//! Source: Hutto and Gilbert 2014 (ICWSM), "VADER: a parsimonious rule-based model for sentiment analysis".

mod lexicon;
mod modifiers;

use lexicon::Lexicon;
use modifiers::{CAPITALS, NEGATED};

/// Shares of the words sum to 1 (all are 0 for an empty text).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scores {
    /// To three places.
    pub negative: f64,
    pub neutral: f64,
    pub positive: f64,
    /// The sum of all words, normalised to -1..=1; to four places.
    pub compound: f64,
}

/// Scores texts by one lexicon.
#[derive(Debug, Clone)]
pub struct Vader {
    lexicon: Lexicon,
}

#[derive(Debug, Clone)]
struct Word {
    lower: String,
    is_capital: bool,
}

impl Vader {
    /// The published lexicon alone.
    pub fn pure() -> Vader {
        Vader { lexicon: Lexicon::general() }
    }

    /// With our words of crypto headlines, which override the published ones.
    pub fn with_crypto() -> Vader {
        Vader { lexicon: Lexicon::with_crypto() }
    }

    pub fn score(&self, text: &str) -> Scores {
        let text = self.with_emoji_in_words(text);
        let words = self.words(&text);
        let capitals = words.iter().filter(|word| word.is_capital).count();
        let some_capitals = capitals > 0 && capitals < words.len();
        let mut valences: Vec<f64> = (0..words.len()).map(|at| self.valence(&words, at, some_capitals)).collect();
        modifiers::but(&words, &mut valences);
        scores(&valences, emphasis(&text))
    }

    fn with_emoji_in_words(&self, text: &str) -> String {
        let mut plain = String::with_capacity(text.len());
        let mut after_space = true;
        for sign in text.chars() {
            match self.lexicon.emoji(sign) {
                Some(name) => {
                    if !after_space {
                        plain.push(' ');
                    }
                    plain.push_str(name);
                    after_space = false;
                }
                None => {
                    plain.push(sign);
                    after_space = sign == ' ';
                }
            }
        }
        plain
    }

    /// Words without punctuation around them; what is then two signs or fewer was perhaps an emoticon and stays whole.
    fn words(&self, text: &str) -> Vec<Word> {
        let parts: Vec<&str> = text.split(is_space).filter(|part| !part.is_empty()).map(without_punctuation).collect();
        let lower: Vec<String> = parts.iter().map(|part| part.to_lowercase()).collect();
        let mut words = Vec::with_capacity(parts.len());
        let mut at = 0;
        while at < parts.len() {
            let length = self.lexicon.term_length(lower[at..].iter().map(String::as_str));
            let is_capital = is_capital(&parts[at..at + length].concat());
            words.push(Word { lower: lower[at..at + length].join(" "), is_capital });
            at += length;
        }
        words
    }

    fn valence(&self, words: &[Word], at: usize, some_capitals: bool) -> f64 {
        let word = &words[at];
        let lower = |at: usize| words.get(at).map(|word| word.lower.as_str());
        let before = |back: usize| at.checked_sub(back).and_then(lower);
        if modifiers::is_degree(&word.lower) || (word.lower == "kind" && lower(at + 1) == Some("of")) {
            return 0.0;
        }
        let Some(own) = self.lexicon.valence(&word.lower) else { return 0.0 };
        // "no" before a word of the lexicon negates that word and says nothing itself.
        let is_only_no = word.lower == "no" && lower(at + 1).is_some_and(|next| self.lexicon.knows(next));
        let mut valence = if is_only_no { 0.0 } else { own };
        let or_nor = matches!(before(1), Some("or" | "nor"));
        if before(1) == Some("no") || before(2) == Some("no") || (before(3) == Some("no") && or_nor) {
            valence = own * NEGATED;
        }
        if word.is_capital && some_capitals {
            valence += if valence > 0.0 { CAPITALS } else { -CAPITALS };
        }
        for (back, fading) in [(1, 1.0), (2, 0.95), (3, 0.9)] {
            if back > at || self.lexicon.knows(&words[at - back].lower) {
                continue;
            }
            valence += modifiers::boost(&words[at - back], valence, some_capitals) * fading;
            valence = modifiers::negation(valence, words, at, back);
            if back == 3 {
                valence = modifiers::idiom(valence, words, at);
            }
        }
        modifiers::least(valence, words, at, self.lexicon.knows("least"))
    }
}

/// Exclamation marks count up to four, question marks from two on.
fn emphasis(text: &str) -> f64 {
    let count = |mark: char| text.chars().filter(|sign| *sign == mark).count();
    let questions = match count('?') {
        0 | 1 => 0.0,
        marks @ (2 | 3) => marks as f64 * 0.18,
        _ => 0.96,
    };
    count('!').min(4) as f64 * 0.292 + questions
}

fn scores(valences: &[f64], emphasis: f64) -> Scores {
    if valences.is_empty() {
        return Scores::default();
    }
    let mut sum: f64 = valences.iter().sum();
    if sum > 0.0 {
        sum += emphasis;
    } else if sum < 0.0 {
        sum -= emphasis;
    }
    // A word weighs one more than its valence, because neutral words weigh one.
    let (mut positive, mut negative, mut neutral) = (0.0, 0.0, 0.0);
    for valence in valences {
        if *valence > 0.0 {
            positive += valence + 1.0;
        } else if *valence < 0.0 {
            negative += 1.0 - valence;
        } else {
            neutral += 1.0;
        }
    }
    if positive > negative {
        positive += emphasis;
    } else if positive < negative {
        negative += emphasis;
    }
    let total = positive + negative + neutral;
    Scores {
        negative: rounded(negative / total, 3),
        neutral: rounded(neutral / total, 3),
        positive: rounded(positive / total, 3),
        compound: rounded((sum / (sum * sum + 15.0).sqrt()).clamp(-1.0, 1.0), 4),
    }
}

/// To the nearest decimal of the exact binary value, ties to even.
fn rounded(x: f64, places: usize) -> f64 {
    format!("{x:.places$}").parse().unwrap_or(x)
}

/// Unicode's white space, and the four separators of ASCII that Python counts in.
fn is_space(sign: char) -> bool {
    sign.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&sign)
}

fn without_punctuation(part: &str) -> &str {
    let inner = part.trim_matches(|sign: char| sign.is_ascii_punctuation());
    if inner.chars().count() <= 2 { part } else { inner }
}

fn is_capital(word: &str) -> bool {
    word.chars().any(char::is_uppercase) && !word.chars().any(char::is_lowercase)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use proptest::prelude::*;

    static BOTH: LazyLock<[Vader; 2]> = LazyLock::new(|| [Vader::pure(), Vader::with_crypto()]);

    #[test]
    fn words_of_crypto_headlines_count_only_where_they_are_asked_for() {
        let [pure, crypto] = &*BOTH;
        let good = ["Bitcoin hits all-time high!", "Short squeeze lifts ETH", "BTC to the moon", "Bulls reclaim 70k"];
        let bad =
            ["Bulls liquidated", "Bearish divergence", "Binance delists token", "Long squeeze", "Another rug pull"];
        for text in good {
            assert!(crypto.score(text).compound > 0.2, "{text}: {:?}", crypto.score(text));
        }
        for text in bad {
            assert!(crypto.score(text).compound < -0.2, "{text}: {:?}", crypto.score(text));
            assert_eq!(pure.score(text).compound, 0.0, "{text}");
        }
        assert!(crypto.score("Tether did not depeg").compound > 0.0);
    }

    proptest! {
        #[test]
        fn any_text_has_scores_within_their_bounds(
            text in "\\PC{0,80}",
            words in prop::collection::vec("(good|BAD|not|but|so|least|at|no|or|very|the bomb|kind of|rug pull|!!)", 0..12),
        ) {
            for vader in &*BOTH {
                for text in [text.clone(), words.join(" ")] {
                    let scores = vader.score(&text);
                    let shares = [scores.negative, scores.neutral, scores.positive];
                    prop_assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{:?}", scores);
                    let sum: f64 = shares.iter().sum();
                    prop_assert!(sum == 0.0 || (sum - 1.0).abs() < 0.002, "{:?}", scores);
                    prop_assert!(scores.compound.abs() <= 1.0);
                }
            }
        }
    }
}
