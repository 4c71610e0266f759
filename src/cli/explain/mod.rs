//! `explain`: why something was done or not done, and what followed, from the journal of a run.
//!
//! Invariant: it reads nothing but the journal, twice, and keeps only what was asked for.
//! Absent on purpose: finding and following (`runtime::explanation`).

mod script;
mod words;

use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::Failure;
use super::globals::Globals;
use super::{Output, complain};
use crate::app::{self, RunError};
use crate::domain::Time;
use crate::journal::JournalReader;
use crate::runtime::explanation::Question;
use crate::store::time_of_text;

#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct ExplainArgs {
    /// A client order id, the number of a decision, a UTC time, `last` or `switches`
    #[arg(value_name = "WHAT", value_parser = parse_question)]
    pub what: Question,
    /// The journal of a run [default: the newest in the home folder]
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Only this symbol
    #[arg(long, value_name = "SYMBOL")]
    pub symbol: Option<String>,
}

const HELP: &str = "\
WHAT is
  k-1xq-4, or its beginning   an order, the decision it carries out, and what became of it
  123 or '#123'               a decision, whether or not something was done
  2024-08-05T06:31, or ms     the decision at or before that time, of each symbol
  last                        the last decision that changed a position or wanted to
  switches                    all changes of regime and strategies, halts, resumptions, settings";

const ALLOWED: &str = "allowed is a client order id such as k-1xq-4, the number of a decision such as 123, a UTC time such as \
                       2024-08-05T06:31 or ms since 1970, `last`, or `switches`";
/// Numbers with fewer digits count decisions, others are ms since 1970.
const DIGITS_OF_TIME: usize = 12;

/// For clap.
fn parse_question(text: &str) -> Result<Question, String> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.strip_prefix('#').unwrap_or(text);
    let question = match text {
        "last" => Some(Question::Last),
        "switches" => Some(Question::Switches),
        _ if is_number(number) && (number != text || number.len() < DIGITS_OF_TIME) => {
            number.parse().ok().map(Question::Decision)
        }
        _ if text.starts_with("k-") => Some(Question::Order(text.to_owned())),
        _ => moment(text).map(Question::At),
    };
    question.ok_or_else(|| ALLOWED.to_owned())
}

/// UTC, unless an offset is stated.
fn moment(text: &str) -> Option<Time> {
    let stamp = || text.parse::<jiff::Timestamp>().ok();
    // With an offset first: read as a plain time it would lose it.
    stamp().map(|stamp| Time(stamp.as_microsecond())).or_else(|| time_of_text(text))
}

pub fn execute(args: &ExplainArgs, globals: &Globals) -> Result<Output, Failure> {
    let journal = match &args.journal {
        Some(journal) => journal.clone(),
        None => newest(&globals.home()?.join("journal"))?,
    };
    let open = || {
        let reader = JournalReader::open(&journal).map_err(|error| RunError::Data(error.to_string()))?;
        Ok(reader.map(|record| record.map_err(|error| error.to_string())))
    };
    let (explanation, ending) = app::explain::run(open, args.what.clone(), args.symbol.clone()).map_err(|error| {
        // Of several journals the one that was read must be named.
        let error = match error {
            RunError::Data(text) => RunError::Data(format!("{}: {}", journal.display(), unnamed(&text, &journal))),
            other => other,
        };
        Failure::from(error)
    })?;
    if let Some(warning) = ending.warning() {
        complain(&warning);
    }
    Ok(Output::Report { text: words::told(&explanation), json: script::told(&explanation, &journal, ending) })
}

/// The reader names its file itself.
fn unnamed<'a>(text: &'a str, journal: &Path) -> &'a str {
    text.strip_prefix(&format!("{}: ", journal.display())).unwrap_or(text)
}

/// The journal that was written last.
fn newest(folder: &Path) -> Result<PathBuf, Failure> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let journals = entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "journal"));
    let dated = journals.filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())));
    dated.max().map(|(_, path)| path).ok_or_else(|| {
        Failure::Data(format!(
            "{}: there is no journal; a run leaves one there, and `backtest --journal FILE` leaves one to name with --journal",
            folder.display()
        ))
    })
}

/// Time of day with the date where it is not that of `day`.
fn clock(time: Time, day: Option<i64>) -> String {
    let Ok(stamp) = jiff::Timestamp::from_microsecond(time.0) else { return format!("{} us", time.0) };
    let format = if day == Some(time.day()) { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    stamp.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_told_apart_by_its_shape() {
        let at = |text: &str| Question::At(time_of_text(text).expect("a time"));
        for (text, question) in [
            ("last", Question::Last),
            ("switches", Question::Switches),
            ("123", Question::Decision(123)),
            ("#123", Question::Decision(123)),
            ("k-1xq-4", Question::Order("k-1xq-4".to_owned())),
            ("1722839460000", at("2024-08-05T06:31")),
            ("2024-08-05T06:31", at("2024-08-05T06:31")),
            ("2024-08-05T06:31:00Z", at("2024-08-05T06:31")),
            ("2024-08-05 06:31", at("2024-08-05T06:31")),
            ("2024-08-05T08:31:00+02:00", at("2024-08-05T06:31")),
        ] {
            assert_eq!(parse_question(text), Ok(question), "{text}");
        }
        for text in ["", "#", "#x", "lst", "yesterday", "2024-13-05", "-5", "99999999999999999999"] {
            let said = parse_question(text).expect_err(text);
            assert!(said.contains("such as 123") && said.contains("`switches`"), "{text}: {said}");
        }
    }
}
