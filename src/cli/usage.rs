//! The shape of a command line before and after clap: the default verb, and one sentence for each mistake.
//!
//! Invariant: whatever was typed, the answer to a mistake is one line.
//! Absent on purpose: checks that need more than the words typed.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};

/// Options before the verb that take a value.
const GLOBALS_WITH_VALUE: [&str; 2] = ["--config", "--home"];
const ASKS_FOR_TEXT: [&str; 4] = ["-h", "--help", "-V", "--version"];

/// Puts `run` where no verb stands: at the end, or before the first option that is not a global one.
pub(super) fn with_default_verb(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let mut at = 1;
    while let Some(argument) = arguments.get(at) {
        let text = argument.to_string_lossy();
        if GLOBALS_WITH_VALUE.contains(&&*text) {
            at += 2;
        } else if text == "--json" || text.starts_with("--config=") || text.starts_with("--home=") {
            at += 1;
        } else if text.starts_with('-') && !ASKS_FOR_TEXT.contains(&&*text) {
            break;
        } else {
            return arguments;
        }
    }
    if at <= arguments.len() {
        arguments.insert(at, "run".into());
    }
    arguments
}

/// clap's answer of several lines as one sentence: its first paragraph, a suggestion, where to look.
pub(super) fn sentence(error: &clap::Error) -> String {
    let full = error.to_string();
    let paragraph: Vec<&str> = full.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    let what = paragraph.join(" ");
    let what = what.strip_prefix("error: ").unwrap_or(&what);
    // The list of allowed values already stands in the first paragraph.
    let suggestion = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue]
        .into_iter()
        .find_map(|kind| first(error.get(kind)?));
    match suggestion {
        Some(suggestion) => format!("{what}; did you mean '{suggestion}'?"),
        None => format!("{what}; see kestrel --help"),
    }
}

fn first(value: &ContextValue) -> Option<String> {
    match value {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => texts.first().cloned(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::with_default_verb;

    #[test]
    fn run_is_the_verb_where_none_is_named() {
        let cases = [
            ("kestrel", "kestrel run"),
            ("kestrel --json", "kestrel --json run"),
            ("kestrel --config a.json", "kestrel --config a.json run"),
            ("kestrel --headless --bars 5", "kestrel run --headless --bars 5"),
            ("kestrel --home=x --mode demo", "kestrel --home=x run --mode demo"),
            ("kestrel --home x backtest --data f", "kestrel --home x backtest --data f"),
            ("kestrel bactest", "kestrel bactest"),
            ("kestrel --help", "kestrel --help"),
            ("kestrel --config", "kestrel --config"),
        ];
        for (typed, read) in cases {
            let words = typed.split(' ').map(Into::into).collect();
            let words: Vec<_> =
                with_default_verb(words).into_iter().map(|w| w.into_string().unwrap_or_default()).collect();
            assert_eq!(words.join(" "), read);
        }
    }
}
