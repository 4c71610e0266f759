//! `Event`: what happened, with the numbers that fired and their thresholds; `Signal`: when, and whether it began or ended.
//!
//! Invariant: the sentence of an event states every number that fired and the threshold it passed.
//! Absent on purpose: colour, rank and advice, which are the screen's and the engine's.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Deserializer, Serialize};

use super::latch::Flip;
use crate::domain::{Span, Time};

/// A number and the threshold for entering. Shares are fractions: a fall of 4 % is -0.04.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    pub value: f64,
    pub limit: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrendSide {
    Up,
    Down,
}

/// What is wrong with the data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Minutes without a bar before this one.
    Missing { minutes: i64 },
    /// The newest bar is so old.
    Stale { minutes: i64 },
    /// A bar that cannot be one, or comes late or twice.
    Impossible {
        #[serde(deserialize_with = "known_fault")]
        why: Fault,
    },
    /// The close lies so far from the one before, as a fraction.
    OffRange(Reading),
    /// The same bar, volume included, so many times in a row.
    Frozen { bars: u32 },
}

/// What is wrong with a bar that cannot be one; the words are the program's own.
pub type Fault = &'static str;

/// A bar that is not later than the one before.
pub const LATE: Fault = "it comes late or twice";

/// The words of `Bar::validate` and `LATE`; others (of another version) become one that says as much.
fn known_fault<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fault, D::Error> {
    const KNOWN: [Fault; 5] = [
        "a price is not a positive finite number",
        "a price is beyond what can be traded, 0.00000001 to 92233720368",
        "the volume is negative or not finite",
        "open or close lies outside low..high",
        LATE,
    ];
    let told = String::deserialize(deserializer)?;
    Ok(KNOWN.into_iter().find(|known| *known == told).unwrap_or("it cannot be a bar"))
}

/// What happened, or what is over.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    DataTrouble(Trouble),
    /// Falls from the highest close of the last 5 and 15 minutes; and the newest minute's return, which fires when it is
    /// beyond its limit and its size in robust deviations and in Lee and Mykland's statistic are too.
    Crash {
        fifteen: Reading,
        five: Reading,
        minute: Reading,
        deviations: Reading,
        jump: Reading,
    },
    /// One return beyond what the local volatility lets expect, in local deviations, signed; the return itself.
    Jump {
        statistic: Reading,
        change: f64,
    },
    /// Volatility of the last minutes over its two-day level.
    VolatilitySpike {
        ratio: Reading,
    },
    /// What is left of the usual: volume, depth as shares; how wide the spread is; minutes without a trade.
    LiquidityDrop {
        volume: Reading,
        still: Reading,
        spread: Option<Reading>,
        depth: Option<Reading>,
    },
    /// Evidence of a drift (CUSUM of standardised returns).
    TrendOnset {
        side: TrendSide,
        evidence: Reading,
    },
}

/// The kinds, from the most urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    DataTrouble,
    Crash,
    Jump,
    VolatilitySpike,
    LiquidityDrop,
    TrendOnset,
}

impl EventKind {
    pub const ALL: [EventKind; 6] = [
        EventKind::DataTrouble,
        EventKind::Crash,
        EventKind::Jump,
        EventKind::VolatilitySpike,
        EventKind::LiquidityDrop,
        EventKind::TrendOnset,
    ];

    pub fn name(self) -> &'static str {
        match self {
            EventKind::DataTrouble => "data trouble",
            EventKind::Crash => "crash",
            EventKind::Jump => "jump",
            EventKind::VolatilitySpike => "volatility spike",
            EventKind::LiquidityDrop => "liquidity drop",
            EventKind::TrendOnset => "trend onset",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Began,
    /// It goes on and fired again.
    Again,
    Ended {
        after: Span,
    },
}

/// An event at the close of a bar (data that stays away: at the clock's time). When it ended, the event carries the
/// numbers of that moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    pub time: Time,
    pub phase: Phase,
    pub event: Event,
}

impl Signal {
    pub(super) fn of(time: Time, flip: Flip, event: Event) -> Signal {
        let phase = match flip {
            Flip::Began => Phase::Began,
            Flip::Again => Phase::Again,
            Flip::Ended(after) => Phase::Ended { after },
        };
        Signal { time, phase, event }
    }

    /// Began, or again.
    pub fn is_alarm(&self) -> bool {
        match self.phase {
            Phase::Began | Phase::Again => true,
            Phase::Ended { .. } => false,
        }
    }
}

impl Event {
    pub fn kind(&self) -> EventKind {
        match self {
            Event::DataTrouble(_) => EventKind::DataTrouble,
            Event::Crash { .. } => EventKind::Crash,
            Event::Jump { .. } => EventKind::Jump,
            Event::VolatilitySpike { .. } => EventKind::VolatilitySpike,
            Event::LiquidityDrop { .. } => EventKind::LiquidityDrop,
            Event::TrendOnset { .. } => EventKind::TrendOnset,
        }
    }
}

impl Reading {
    /// At or above the limit.
    pub fn is_above(&self) -> bool {
        self.value >= self.limit
    }

    /// At or below the limit.
    pub fn is_below(&self) -> bool {
        self.value <= self.limit
    }
}

impl Display for Signal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.phase {
            Phase::Began => write!(f, "{}", self.event),
            Phase::Again => write!(f, "again {}", self.event),
            Phase::Ended { after } => {
                let minutes = after.0 / Span::MINUTE.0;
                write!(f, "{} is over after {}", self.event.kind().name(), counted(minutes, "minute"))
            }
        }
    }
}

impl Display for Event {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Event::DataTrouble(trouble) => write!(f, "data trouble: {trouble}"),
            Event::Crash { fifteen, five, minute, deviations, jump } => {
                write!(f, "crash: ")?;
                let mut parts = Parts { f, told: 0 };
                parts.fall(fifteen, 15)?;
                parts.fall(five, 5)?;
                parts.outlier(minute, deviations, jump)
            }
            Event::Jump { statistic, change } => {
                let way = if *change < 0.0 { "down" } else { "up" };
                let Reading { value, limit } = statistic;
                let change = percent(*change);
                write!(f, "jump: {way} {change} in one minute, {value:.1} local deviations (limit {limit:.0})")
            }
            Event::VolatilitySpike { ratio } => {
                let Reading { value, limit } = ratio;
                write!(f, "volatility spike: {value:.1} times its two-day level (limit {limit:.1})")
            }
            Event::LiquidityDrop { volume, still, spread, depth } => {
                write!(f, "liquidity drop: ")?;
                let mut parts = Parts { f, told: 0 };
                parts.share(Some(volume), "volume", "the usual for this hour")?;
                parts.silence(still)?;
                parts.spread(spread.as_ref())?;
                parts.share(depth.as_ref(), "depth", "the usual")
            }
            Event::TrendOnset { side, evidence } => {
                let way = match side {
                    TrendSide::Up => "upwards",
                    TrendSide::Down => "downwards",
                };
                write!(f, "trend onset {way}: evidence {:.1} deviations (limit {:.0})", evidence.value, evidence.limit)
            }
        }
    }
}

impl Display for Trouble {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Missing { minutes } => write!(f, "{} missing before this bar", counted(*minutes, "minute")),
            Trouble::Stale { minutes } => write!(f, "no bar for {}", counted(*minutes, "minute")),
            Trouble::Impossible { why } => write!(f, "a bar was refused: {why}"),
            Trouble::OffRange(Reading { value, limit }) => {
                write!(f, "the close lies {} from the one before (limit {})", percent(*value), percent(*limit))
            }
            Trouble::Frozen { bars } => write!(f, "the same bar came {bars} times in a row"),
        }
    }
}

/// Parts of a sentence, with commas between those that are told.
struct Parts<'a, 'b> {
    f: &'a mut Formatter<'b>,
    told: usize,
}

impl Parts<'_, '_> {
    fn tell(&mut self, fired: bool, text: fmt::Arguments<'_>) -> fmt::Result {
        if !fired {
            return Ok(());
        }
        if self.told > 0 {
            self.f.write_str(", ")?;
        }
        self.told += 1;
        self.f.write_fmt(text)
    }

    fn fall(&mut self, fall: &Reading, minutes: u32) -> fmt::Result {
        let (value, limit) = (percent(fall.value), percent(fall.limit));
        self.tell(fall.is_below(), format_args!("down {value} within {minutes} minutes (limit {limit})"))
    }

    /// One minute: told when all three fired.
    fn outlier(&mut self, minute: &Reading, deviations: &Reading, jump: &Reading) -> fmt::Result {
        self.tell(
            minute.is_below() && deviations.is_above() && jump.is_above(),
            format_args!(
                "down {} in one minute (limit {}), {:.1} robust deviations (limit {:.0}) and {:.1} of the last two hours \
                 (limit {:.1})",
                percent(minute.value),
                percent(minute.limit),
                deviations.value,
                deviations.limit,
                jump.value,
                jump.limit
            ),
        )
    }

    fn share(&mut self, share: Option<&Reading>, what: &str, usual: &str) -> fmt::Result {
        let Some(share) = share else { return Ok(()) };
        let (value, limit) = (percent(share.value), percent(share.limit));
        self.tell(share.is_below(), format_args!("{what} at {value} of {usual} (limit {limit})"))
    }

    fn silence(&mut self, still: &Reading) -> fmt::Result {
        let Reading { value, limit } = still;
        self.tell(still.is_above(), format_args!("no trade for {value:.0} minutes (limit {limit:.0})"))
    }

    fn spread(&mut self, spread: Option<&Reading>) -> fmt::Result {
        let Some(spread) = spread else { return Ok(()) };
        let Reading { value, limit } = spread;
        self.tell(spread.is_above(), format_args!("spread {value:.1} times the usual (limit {limit:.1})"))
    }
}

/// The size of a fraction: `4.3 %`.
fn percent(fraction: f64) -> Percent {
    Percent(fraction.abs() * 100.0)
}

struct Percent(f64);

impl Display for Percent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} %", self.0)
    }
}

fn counted(count: i64, what: &'static str) -> Counted {
    Counted(count, what)
}

struct Counted(i64, &'static str);

impl Display for Counted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.0, self.1, if self.0 == 1 { "" } else { "s" })
    }
}
