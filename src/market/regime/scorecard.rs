//! `Scorecard`: how a watch did on a recording: breaks told in time, alarms a day, time and moves in each regime.
//!
//! A break is the first minute of an episode whose 15-minute return (close over the close exactly 15 minutes before) is
//! below -4 %; episodes begin at least six hours apart. It is told in time when a crash alarm (begun or again) comes at
//! most two minutes after it, or up to 30 minutes before it, in the fall that leads to it. What is below the threshold is
//! below 15 minutes' highest close too, so a watch whose ceiling is 4 % cannot be late: what differs between watches is how
//! many minutes before the break they tell it, and how often for nothing.
//! Invariant: bars before `from` warm the watch up and are counted nowhere.
//! Absent on purpose: money: an alarm is judged by what the price did, not by what somebody might have earned.

use std::collections::VecDeque;

use super::event::EventKind;
use super::model::Regime;
use super::watch::MarketWatch;
use crate::domain::{Bar, Span, Time};

/// A 15-minute return below is a break.
pub const BREAK: f64 = -0.04;
const EPISODES_APART: Span = Span(360 * Span::MINUTE.0);
/// An alarm may come so long after a break, or before it.
pub const LATEST: Span = Span(2 * Span::MINUTE.0);
pub const EARLIEST: Span = Span(30 * Span::MINUTE.0);
/// A crash alarm was for nothing when no break began in the hour after it or the half hour before.
const USEFUL_BEFORE: Span = Span(60 * Span::MINUTE.0);

/// A break and the alarm for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Break {
    /// The end of its minute.
    pub time: Time,
    /// 15-minute return.
    pub fall: f64,
    /// The first alarm in time, from the break on: negative is before it.
    pub delay: Option<Span>,
}

/// One regime's share of the bars and the moves that followed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RegimeMoves {
    pub bars: u64,
    /// Minutes whose return is known to have followed a bar of this regime; their log returns and squares.
    pub followed: u64,
    pub sum: f64,
    pub squares: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Scorecard {
    pub bars: u64,
    pub breaks: Vec<Break>,
    pub crash_alarms: Vec<Time>,
    /// In the order of `EventKind::ALL`, crash among them.
    pub alarms: [u64; 6],
    /// Changes of the regime.
    pub switches: u64,
    /// In the order of `Regime::ALL`.
    pub regimes: [RegimeMoves; 5],
}

/// Feeds a watch and keeps the score.
#[derive(Debug, Clone, PartialEq)]
pub struct Judge {
    watch: MarketWatch,
    from: Time,
    closes: VecDeque<(Time, f64)>,
    last_break: Option<Time>,
    last: Option<(Time, f64, Option<Regime>)>,
    score: Scorecard,
}

impl Judge {
    /// Counts bars that open at `from` or later.
    pub fn new(watch: MarketWatch, from: Time) -> Judge {
        let score = Scorecard {
            bars: 0,
            breaks: Vec::new(),
            crash_alarms: Vec::new(),
            alarms: [0; 6],
            switches: 0,
            regimes: [RegimeMoves::default(); 5],
        };
        Judge { watch, from, closes: VecDeque::with_capacity(17), last_break: None, last: None, score }
    }

    /// A closed bar, valid and later than the one before.
    pub fn on_bar(&mut self, bar: &Bar) {
        let (signals, switch) = self.watch.on_bar(bar, None);
        let fall = self.fall(bar);
        if bar.open_time < self.from {
            self.last = None;
            return;
        }
        let score = &mut self.score;
        score.bars += 1;
        // The end of the warm-up is no change.
        score.switches += u64::from(switch.is_some_and(|switch| switch.from.is_some()));
        for signal in signals.iter().filter(|signal| signal.is_alarm()) {
            score.alarms[signal.event.kind() as usize] += 1;
            if signal.event.kind() == EventKind::Crash {
                score.crash_alarms.push(signal.time);
            }
        }
        let time = bar.open_time.plus(Span::MINUTE);
        let is_apart = self.last_break.is_none_or(|last| time.since(last) >= EPISODES_APART);
        if let Some(fall) = fall.filter(|fall| *fall < BREAK && is_apart) {
            self.last_break = Some(time);
            score.breaks.push(Break { time, fall, delay: None });
        }
        if let Some((before, close, Some(regime))) = self.last
            && bar.open_time.since(before) == Span::MINUTE
        {
            let r = (bar.close / close).ln();
            let moves = &mut score.regimes[regime as usize];
            (moves.followed, moves.sum, moves.squares) = (moves.followed + 1, moves.sum + r, moves.squares + r * r);
        }
        let regime = self.watch.regime();
        if let Some(regime) = regime {
            score.regimes[regime as usize].bars += 1;
        }
        self.last = Some((bar.open_time, bar.close, regime));
    }

    pub fn finish(mut self) -> Scorecard {
        let alarms = &self.score.crash_alarms;
        for found in &mut self.score.breaks {
            let delays = alarms.iter().map(|alarm| alarm.since(found.time));
            found.delay = delays.filter(|delay| -EARLIEST.0 <= delay.0 && *delay <= LATEST).min();
        }
        self.score
    }

    /// Return over exactly 15 minutes.
    fn fall(&mut self, bar: &Bar) -> Option<f64> {
        let then = bar.open_time.minus(Span(15 * Span::MINUTE.0));
        while self.closes.front().is_some_and(|(time, _)| *time < then) {
            self.closes.pop_front();
        }
        self.closes.push_back((bar.open_time, bar.close));
        self.closes.front().filter(|(time, _)| *time == then).map(|(_, close)| bar.close / close - 1.0)
    }
}

impl Scorecard {
    /// Days' worth of bars.
    pub fn days(&self) -> f64 {
        self.bars as f64 / 1_440.0
    }

    /// Breaks that were told in time.
    pub fn in_time(&self) -> usize {
        self.breaks.iter().filter(|found| found.delay.is_some()).count()
    }

    /// Crash alarms without a break near them.
    pub fn for_nothing(&self) -> usize {
        let is_near = |alarm: Time| {
            self.breaks.iter().any(|found| {
                let ahead = found.time.since(alarm);
                -EARLIEST.0 <= ahead.0 && ahead <= USEFUL_BEFORE
            })
        };
        self.crash_alarms.iter().filter(|alarm| !is_near(**alarm)).count()
    }

    /// The median delay of the alarms in time, in minutes; of an even number the later of the middle two.
    pub fn median_delay(&self) -> Option<i64> {
        let mut delays: Vec<i64> =
            self.breaks.iter().filter_map(|found| Some(found.delay?.0.div_euclid(Span::MINUTE.0))).collect();
        delays.sort_unstable();
        delays.get(delays.len() / 2).copied()
    }
}

impl RegimeMoves {
    /// Mean log return of the minute after, per hour, in basis points.
    pub fn drift(&self) -> Option<f64> {
        (self.followed > 0).then(|| self.sum / self.followed as f64 * 60.0 * 1e4)
    }

    /// Deviation of the minute after, in basis points.
    pub fn volatility(&self) -> Option<f64> {
        let n = self.followed as f64;
        (self.followed > 1).then(|| ((self.squares - self.sum * self.sum / n) / (n - 1.0)).max(0.0).sqrt() * 1e4)
    }
}
