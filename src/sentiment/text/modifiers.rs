//! What the words around a word do to it: strengthen, weaken, negate, or make an idiom of it.
//!
//! Invariant: a modifier looks at most three words back and two ahead.
//! Absent on purpose: the words' own valence (`lexicon`).
//! Source: Hutto and Gilbert 2014 (ICWSM), section 3; lists and constants as of vaderSentiment 3.3.2 (MIT licence).

use super::Word;

/// A degree adverb beside a word.
const BOOST: f64 = 0.293;
/// A word in capitals among others that are not.
pub(super) const CAPITALS: f64 = 0.733;
/// "not good" is less bad than "bad".
pub(super) const NEGATED: f64 = -0.74;

const NEGATIONS: &[&str] = &[
    "aint", "arent", "cannot", "cant", "couldnt", "darent", "didnt", "doesnt", "dont", "hadnt", "hasnt", "havent",
    "isnt", "mightnt", "mustnt", "neither", "neednt", "never", "none", "nope", "nor", "not", "nothing", "nowhere",
    "oughtnt", "shant", "shouldnt", "uhuh", "wasnt", "werent", "uh-uh", "without", "wont", "wouldnt", "rarely",
    "seldom", "despite",
];

const STRENGTHENERS: &[&str] = &[
    "absolutely",
    "amazingly",
    "awfully",
    "completely",
    "considerable",
    "considerably",
    "decidedly",
    "deeply",
    "effing",
    "enormous",
    "enormously",
    "entirely",
    "especially",
    "exceptional",
    "exceptionally",
    "extreme",
    "extremely",
    "fabulously",
    "flipping",
    "flippin",
    "frackin",
    "fracking",
    "fricking",
    "frickin",
    "frigging",
    "friggin",
    "fully",
    "fuckin",
    "fucking",
    "fuggin",
    "fugging",
    "greatly",
    "hella",
    "highly",
    "hugely",
    "incredible",
    "incredibly",
    "intensely",
    "major",
    "majorly",
    "more",
    "most",
    "particularly",
    "purely",
    "quite",
    "really",
    "remarkably",
    "so",
    "substantially",
    "thoroughly",
    "total",
    "totally",
    "tremendous",
    "tremendously",
    "uber",
    "unbelievably",
    "unusually",
    "utter",
    "utterly",
    "very",
];

/// Those of two words work from afar, see `idiom`.
const WEAKENERS: &[&str] = &[
    "almost",
    "barely",
    "hardly",
    "just enough",
    "kind of",
    "kinda",
    "kindof",
    "kind-of",
    "less",
    "little",
    "marginal",
    "marginally",
    "occasional",
    "occasionally",
    "partly",
    "scarce",
    "scarcely",
    "slight",
    "slightly",
    "somewhat",
    "sort of",
    "sorta",
    "sortof",
    "sort-of",
];

const IDIOMS: &[(&str, f64)] = &[
    ("the shit", 3.0),
    ("the bomb", 3.0),
    ("bad ass", 1.5),
    ("badass", 1.5),
    ("bus stop", 0.0),
    ("yeah right", -2.0),
    ("kiss of death", -1.5),
    ("to die for", 3.0),
    ("beating heart", 3.5),
];

/// What the degree adverb `word` adds to a valence; 0 for every other word.
pub(super) fn boost(word: &Word, valence: f64, some_capitals: bool) -> f64 {
    let Some(degree) = degree(&word.lower) else { return 0.0 };
    let boost = if valence < 0.0 { -degree } else { degree };
    match word.is_capital && some_capitals {
        true if valence > 0.0 => boost + CAPITALS,
        true => boost - CAPITALS,
        false => boost,
    }
}

/// Degree adverbs carry no valence of their own.
pub(super) fn is_degree(word: &str) -> bool {
    degree(word).is_some()
}

fn degree(word: &str) -> Option<f64> {
    if STRENGTHENERS.contains(&word) {
        return Some(BOOST);
    }
    WEAKENERS.contains(&word).then_some(-BOOST)
}

fn negates(word: &str) -> bool {
    NEGATIONS.contains(&word) || word.contains("n't")
}

/// The valence of word `at` after the word `back` before it was looked at.
pub(super) fn negation(valence: f64, words: &[Word], at: usize, back: usize) -> f64 {
    let word = |back: usize| words[at - back].lower.as_str();
    let is_so = |word: &str| matches!(word, "so" | "this");
    let (never, doubtless) = match back {
        2 => (word(2) == "never" && is_so(word(1)), word(2) == "without" && word(1) == "doubt"),
        // The published program binds "and" before "or" here, and so do we.
        3 => (
            word(3) == "never" && is_so(word(2)) || is_so(word(1)),
            word(3) == "without" && (word(2) == "doubt" || word(1) == "doubt"),
        ),
        _ => (false, false),
    };
    if never {
        valence * 1.25
    } else if !doubtless && negates(word(back)) {
        valence * NEGATED
    } else {
        valence
    }
}

/// Idioms that end at, start at or stand before word `at`, which has three words before it.
pub(super) fn idiom(valence: f64, words: &[Word], at: usize) -> f64 {
    let phrase = |from: usize, to: usize| {
        let parts: Vec<&str> = words[from..=to].iter().map(|word| word.lower.as_str()).collect();
        parts.join(" ")
    };
    let known = |phrase: String| IDIOMS.iter().find(|(idiom, _)| *idiom == phrase).map(|(_, valence)| *valence);
    let before = [(1, 0), (2, 0), (2, 1), (3, 1), (3, 2)];
    let found = before.into_iter().find_map(|(from, to)| known(phrase(at - from, at - to)));
    let mut valence = found.unwrap_or(valence);
    for ahead in [1, 2] {
        if at + ahead < words.len() {
            valence = known(phrase(at, at + ahead)).unwrap_or(valence);
        }
    }
    for (from, to) in [(3, 1), (3, 2), (2, 1)] {
        if WEAKENERS.contains(&phrase(at - from, at - to).as_str()) {
            valence -= BOOST;
        }
    }
    valence
}

/// "least" before a word negates it, "at least" and "very least" do not. `known` says that "least" is a word of the lexicon.
pub(super) fn least(valence: f64, words: &[Word], at: usize, known: bool) -> f64 {
    let word = |back: usize| at.checked_sub(back).map(|at| words[at].lower.as_str());
    let harmless = matches!(word(2), Some("at" | "very"));
    if word(1) == Some("least") && !known && !harmless { valence * NEGATED } else { valence }
}

/// What stands after "but" weighs more than what stands before it.
pub(super) fn but(words: &[Word], valences: &mut [f64]) {
    let Some(but) = words.iter().position(|word| word.lower == "but") else { return };
    for at in 0..valences.len() {
        let valence = valences[at];
        // The published program finds the first word of equal valence, which is not always the word it looks at.
        let first = valences.iter().position(|other| *other == valence).unwrap_or(at);
        match first.cmp(&but) {
            std::cmp::Ordering::Less => valences[first] = valence * 0.5,
            std::cmp::Ordering::Greater => valences[first] = valence * 1.5,
            std::cmp::Ordering::Equal => {}
        }
    }
}
