//! `Explanation`: why something was done or not done in a run, and what followed, told from its journal.
//!
//! Two passes: `Survey` finds what was asked for and how the journal ends, `Course` follows it. Both see the journal as
//! `retell` steps it.
//! Invariant: what is kept is what was asked for, and it is bounded, however long the journal (but a log of switches, which is
//! as long as it is).
//! Absent on purpose: words for people and for scripts (`cli`), and opening journals (`app` joins them).

mod course;
mod line;
mod survey;

pub use course::{Account, Checks, Course, Ending, Grounds, Nearest, OrderAccount};
pub use line::{Line, What};
pub use survey::{Chosen, FoundOrder, Survey};

use crate::domain::{Symbol, Time};

/// What is to be explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// A client order id, or a part of one from its beginning that means no other.
    Order(String),
    /// The number of a decision.
    Decision(u64),
    /// The decisions at or before a moment, of each symbol.
    At(Time),
    /// The last decision that changed a position or wanted to; where none did, the last one.
    Last,
    /// Everything that switched strategies, halted and resumed.
    Switches,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Explanation {
    Decisions(Vec<Account>),
    Order(Box<OrderAccount>),
    Switches(Vec<Line>),
}

/// Why there is no answer. Times are those of decisions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unexplained {
    #[error("the journal holds no decision yet: no bar has closed in it")]
    Empty,
    #[error("decision #{asked} is not in this journal, which holds #1 to #{last}")]
    NoSuchDecision { asked: u64, last: u64 },
    #[error("no order {asked} is in this journal, {}", orders(*.held, .first, .last))]
    NoSuchOrder { asked: String, held: u64, first: Option<String>, last: Option<String> },
    #[error("{asked} begins the names of {matches} orders, {first} and {second} among them; name one of them in full")]
    Ambiguous { asked: String, matches: u64, first: String, second: String },
    #[error("{} lies {} of this journal, from {} to {}", clock(*.asked), side(*.asked, *.first), clock(*.first), clock(*.last))]
    Outside { asked: Time, first: Time, last: Time },
    #[error("{asked} is not traded in this journal; it trades {}", names(.traded))]
    NoSuchSymbol { asked: String, traded: Vec<Symbol> },
    #[error("{what} is of {symbol}, not of {asked}; leave --symbol out or name {symbol}")]
    OtherSymbol { what: String, symbol: Symbol, asked: String },
}

impl Unexplained {
    /// Whether the question is at fault, rather than a journal that does not hold what it asks for.
    pub fn is_question(&self) -> bool {
        match self {
            Unexplained::Ambiguous { .. } | Unexplained::OtherSymbol { .. } => true,
            Unexplained::Empty
            | Unexplained::NoSuchDecision { .. }
            | Unexplained::NoSuchOrder { .. }
            | Unexplained::Outside { .. }
            | Unexplained::NoSuchSymbol { .. } => false,
        }
    }
}

fn names(symbols: &[Symbol]) -> String {
    symbols.iter().map(Symbol::as_str).collect::<Vec<_>>().join(", ")
}

fn orders(held: u64, first: &Option<String>, last: &Option<String>) -> String {
    match (first, last) {
        (Some(first), Some(last)) => format!("which holds {held} orders from {first} to {last}"),
        (None, _) | (_, None) => "which holds no orders".to_owned(),
    }
}

fn side(asked: Time, first: Time) -> &'static str {
    if asked < first { "before the first decision" } else { "after the last decision" }
}

fn clock(time: Time) -> String {
    match jiff::Timestamp::from_microsecond(time.0) {
        Ok(stamp) => stamp.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => format!("{} us", time.0),
    }
}
