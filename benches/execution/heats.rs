//! Heats: the starts of a race, one a seed, and all orders of each.
//!
//! Invariant: a start is a pure function of its seed and the tape.
//! Absent on purpose: reading recordings.

use kestrel::domain::{Seed, Span, Time};
use kestrel::engine::execution::Tactics;
use kestrel::simulator::book_venue::Refill;
use rand_chacha::rand_core::Rng;

use super::contest::{Outcome, Terms, contest};
use super::generated::generated;
use super::tape::Tape;
use super::verdict::entries;

pub const SHORT: Span = Span(3 * Span::MINUTE.0);
pub const LONG: Span = Span(60 * Span::MINUTE.0);
/// What is known of a recording before an order starts, at the least.
const WARM: Span = Span::MINUTE;
pub const HALF_LIFE: Span = Span::from_seconds(30);
const URGENCY: f64 = 0.0;

pub fn recorded(seed: u64, tape: &Tape) -> Vec<Option<Outcome>> {
    let start = start(seed, tape);
    let terms = Terms {
        tape,
        start,
        horizon: SHORT,
        refill: Refill::Restated,
        curve: None,
        urgency: URGENCY,
        tactics: Tactics::default(),
        seed: Seed(seed),
    };
    contest(&terms, &entries(tape.traded(start, SHORT)))
}

/// Where a seed starts in what can be started in, 0 to 1: the same in all recordings.
pub fn place(seed: u64) -> f64 {
    (Seed(seed).stream("start").next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

pub fn start(seed: u64, tape: &Tape) -> Time {
    let first = tape.first().plus(WARM);
    let last = tape.last().minus(Span(SHORT.0 + 10 * Span::SECOND.0));
    first.plus(Span((place(seed) * last.since(first).0 as f64) as i64))
}

pub fn hour(seed: u64) -> Vec<Option<Outcome>> {
    let (tape, curve, start) = generated(Seed(seed), 60);
    let terms = Terms {
        tape: &tape,
        start,
        horizon: LONG,
        refill: Refill::HalfLife(HALF_LIFE),
        curve: Some(&curve),
        urgency: URGENCY,
        tactics: Tactics::default(),
        seed: Seed(seed),
    };
    contest(&terms, &entries(tape.traded(start, LONG)))
}
