//! Where a policy stands on bars it has not seen: beside flat, holding, and random traders of the same turnover.
//!
//! Flat, being always long and random traders are walked through the same engine as the policy, so all pay the same costs, have
//! the same size and meet the same stops; buying and holding has the whole capital and no stop. A random trader draws
//! its exposures from those that the policy itself asked for, and redraws at a decision with a probability that is fitted so
//! that traders turn over what the policy did: what is left to compare is the choice of the moment.
//! Invariant: the same stretch, policy and seed give the same figures; a policy that never traded has no rank among traders.
//! Absent on purpose: training (`course`), the walk itself (`environment::trading`).

use std::fmt::Write;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use serde::Serialize;

use super::TrainingError;
use super::agent_curves::Worth;
use crate::domain::{Seed, Time};
use crate::performance::baselines::TRADERS;
use crate::performance::daily::changes;
use crate::performance::{DailyFigures, DailyReturns, Shown};

/// Traders that each guess of the probability is judged by.
const PROBES: usize = 6;
/// Guesses of the probability.
const GUESSES: usize = 6;
/// A guess whose turnover is this near, as a fraction, is good enough.
const NEAR: f64 = 0.03;
/// No trader redraws less often, a decision.
const LEAST_REDRAW: f64 = 1e-6;

/// What asks for exposures: the observation of a decision to a number in [-1, 1].
pub type Policy<'a> = &'a mut dyn FnMut(&[f32]) -> Result<f32, TrainingError>;

/// A stretch of bars that policies can be walked through, each from the same start.
pub trait Stretch {
    fn walk(&mut self, policy: Policy<'_>) -> Result<Walked, TrainingError>;

    /// Everything bought at the first decision and sold at the last, costs off.
    fn hold(&self, seed: Seed) -> Line;
}

/// A policy's way through a stretch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Walked {
    /// Before the first decision.
    pub start: f64,
    /// After each decision, in quote currency, costs off.
    pub equity: Vec<(Time, f64)>,
    /// What was asked for at each decision.
    pub exposures: Vec<f32>,
    /// Traded notional over mean equity.
    pub turnover: f64,
    /// Closed round trips.
    pub trades: u64,
    pub net_return: f64,
    /// 0 or negative.
    pub max_drawdown: f64,
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    pub name: String,
    #[serde(flatten)]
    pub worth: Worth,
    /// Of daily returns, a year; hidden under 30 days.
    pub sharpe: Shown,
    pub trades: u64,
}

/// The policy among random traders.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rank {
    pub traders: usize,
    /// Share of the traders that did worse; one that did the same counts half.
    pub percentile: f64,
    /// The return that 5 % of them stay below, the middle one, and the one that 5 % exceed.
    pub low: f64,
    pub median: f64,
    pub high: f64,
    /// Their mean turnover, and the fitted probability to redraw at a decision.
    pub turnover: f64,
    pub redraw: f64,
}

/// A policy on a stretch and what stands beside it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WalkTable {
    /// What the stretch is called: `fold 2`, `held out`, ...
    pub on: String,
    /// Of the first and last decision, ms UTC.
    pub first: i64,
    pub last: i64,
    pub decisions: u64,
    pub agent: Line,
    pub flat: Line,
    /// Exposure 1 at every decision.
    pub long: Line,
    pub hold: Line,
    /// `None` where the policy never traded.
    pub random: Option<Rank>,
}

impl Walked {
    pub fn worth(&self) -> Worth {
        Worth { net_return: self.net_return, max_drawdown: self.max_drawdown, turnover: self.turnover }
    }

    pub fn line(&self, name: &str, seed: Seed) -> Line {
        let mut days = DailyReturns::new(self.start);
        self.equity.iter().for_each(|(time, equity)| days.sample(*time, *equity));
        let sharpe = DailyFigures::of(&changes(&days.finish()), self.max_drawdown, seed).sharpe;
        Line { name: name.into(), worth: self.worth(), sharpe, trades: self.trades }
    }
}

impl WalkTable {
    /// Walks `policy` and everything beside it through the stretch. `each` is told of each walk and of how many there are.
    pub fn of(
        on: &str,
        stretch: &mut dyn Stretch,
        policy: Policy<'_>,
        seed: Seed,
        each: &mut dyn FnMut(usize, usize) -> Result<(), TrainingError>,
    ) -> Result<WalkTable, TrainingError> {
        let agent = stretch.walk(policy)?;
        let flat = stretch.walk(&mut |_| Ok(0.0))?;
        let long = stretch.walk(&mut |_| Ok(1.0))?;
        let random = rank(stretch, &agent, seed, each)?;
        let times = || agent.equity.iter().map(|(time, _)| time.millis());
        Ok(WalkTable {
            on: on.into(),
            first: times().min().unwrap_or(0),
            last: times().max().unwrap_or(0),
            decisions: agent.exposures.len() as u64,
            agent: agent.line("agent", seed),
            flat: flat.line("flat", seed),
            long: long.line("always long", seed),
            hold: stretch.hold(seed),
            random,
        })
    }
}

/// Where the walked policy stands among [`TRADERS`] random ones.
fn rank(
    stretch: &mut dyn Stretch,
    walked: &Walked,
    seed: Seed,
    each: &mut dyn FnMut(usize, usize) -> Result<(), TrainingError>,
) -> Result<Option<Rank>, TrainingError> {
    if walked.turnover <= 0.0 || walked.exposures.is_empty() {
        return Ok(None);
    }
    let redraw = fitted(stretch, walked, seed)?;
    let mut returns = Vec::with_capacity(TRADERS);
    let mut turnover = 0.0;
    for number in 0..TRADERS {
        each(number, TRADERS)?;
        let made = trader(stretch, &walked.exposures, redraw, seed, number)?;
        returns.push(made.net_return);
        turnover += made.turnover / TRADERS as f64;
    }
    returns.sort_by(f64::total_cmp);
    let worse: f64 = returns.iter().map(|other| beaten(walked.net_return, *other)).sum();
    let at = |share: f64| returns[((TRADERS - 1) as f64 * share).round() as usize];
    Ok(Some(Rank {
        traders: TRADERS,
        percentile: worse / TRADERS as f64,
        low: at(0.05),
        median: at(0.5),
        high: at(0.95),
        turnover,
        redraw,
    }))
}

fn beaten(own: f64, other: f64) -> f64 {
    if own > other {
        1.0
    } else if own == other {
        0.5
    } else {
        0.0
    }
}

/// The probability at which traders turn over what the policy did; the nearest of the guesses. Turnover is almost in
/// proportion to it, so each guess is the last one scaled.
fn fitted(stretch: &mut dyn Stretch, walked: &Walked, seed: Seed) -> Result<f64, TrainingError> {
    let changes = walked.exposures.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let mut guess = ((changes + 1) as f64 / walked.exposures.len() as f64).clamp(LEAST_REDRAW, 1.0);
    let mut best = (f64::INFINITY, guess);
    for _ in 0..GUESSES {
        let mut turnover = 0.0;
        for number in 0..PROBES {
            turnover += trader(stretch, &walked.exposures, guess, seed, number)?.turnover / PROBES as f64;
        }
        let off = (turnover / walked.turnover - 1.0).abs();
        if off < best.0 {
            best = (off, guess);
        }
        let next = if turnover > 0.0 { guess * walked.turnover / turnover } else { guess * 2.0 };
        let next = next.clamp(LEAST_REDRAW, 1.0);
        if off < NEAR || next == guess {
            break;
        }
        guess = next;
    }
    Ok(best.1)
}

/// The walk of one random trader; the same number draws the same numbers whatever the probability.
fn trader(
    stretch: &mut dyn Stretch,
    exposures: &[f32],
    redraw: f64,
    seed: Seed,
    number: usize,
) -> Result<Walked, TrainingError> {
    let mut random = seed.stream(&format!("random trader {number}"));
    let mut wanted: Option<f32> = None;
    stretch.walk(&mut |_| {
        let draws = uniform(&mut random) < redraw;
        // Drawn always, so that the numbers after it stay the same.
        let place = (uniform(&mut random) * exposures.len() as f64) as usize;
        if draws || wanted.is_none() {
            wanted = exposures.get(place).copied();
        }
        Ok(wanted.unwrap_or(0.0))
    })
}

/// In 0..1.
fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// The tables as lines of text.
pub fn text(tables: &[WalkTable]) -> String {
    let mut text = format!(
        "{:<10} {:<13} {:>10} {:>22} {:>9} {:>9} {:>7}  {}\n",
        "stretch", "", "net return", "sharpe (95 %)", "drawdown", "turnover", "trades", "among random traders"
    );
    for table in tables {
        for (at, line) in [&table.agent, &table.flat, &table.long, &table.hold].into_iter().enumerate() {
            let on = if at == 0 { table.on.as_str() } else { "" };
            let rank = if at == 0 { ranked(table) } else { String::new() };
            let Worth { net_return, max_drawdown, turnover } = line.worth;
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{on:<10} {:<13} {:>10} {:>22} {:>9} {turnover:>9.1} {:>7}  {rank}",
                line.name,
                percent(net_return),
                sharpe(&line.sharpe),
                percent(max_drawdown),
                line.trades,
            );
        }
    }
    text
}

pub fn percent(fraction: f64) -> String {
    format!("{:.2} %", 100.0 * fraction)
}

fn ranked(table: &WalkTable) -> String {
    match &table.random {
        None => "it never traded".into(),
        Some(rank) => format!(
            "above {:.0} % of {} (5 % to 95 %: {} to {}; turnover {:.1})",
            100.0 * rank.percentile,
            rank.traders,
            percent(rank.low),
            percent(rank.high),
            rank.turnover
        ),
    }
}

fn sharpe(sharpe: &Shown) -> String {
    match sharpe {
        Err(_) => "-".into(),
        Ok(figure) => match figure.interval {
            Some(interval) => format!("{:.2} ({:.2} to {:.2})", figure.value, interval.low, interval.high),
            None => format!("{:.2}", figure.value),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Span;

    /// Returns a decision of a market that goes up and down in turns of ten decisions; each change of exposure costs.
    struct Toy {
        cost: f64,
    }

    const DECISIONS: i64 = 3_000;

    impl Toy {
        fn change(at: i64) -> f64 {
            let ripple = 0.000_2 * (at as f64 * 1.7).sin();
            if at / 10 % 2 == 0 { 0.001 + ripple } else { -0.001 + ripple }
        }
    }

    impl Stretch for Toy {
        fn walk(&mut self, policy: Policy<'_>) -> Result<Walked, TrainingError> {
            let mut walked = Walked { start: 1_000.0, ..Walked::default() };
            let (mut equity, mut held, mut peak) = (1_000.0_f64, 0.0_f64, 1_000.0_f64);
            for at in 0..DECISIONS {
                let wanted = policy(&[(at % 20) as f32])?;
                let target = f64::from(wanted).max(0.0);
                walked.exposures.push(wanted);
                walked.turnover += (target - held).abs();
                walked.trades += u64::from(held > 0.0 && target == 0.0);
                equity *= 1.0 + target * Toy::change(at) - self.cost * (target - held).abs();
                held = target;
                peak = peak.max(equity);
                walked.max_drawdown = walked.max_drawdown.min(equity / peak - 1.0);
                walked.equity.push((Time(0).plus(Span((at + 1) * 15 * Span::MINUTE.0)), equity));
            }
            walked.net_return = equity / 1_000.0 - 1.0;
            Ok(walked)
        }

        fn hold(&self, seed: Seed) -> Line {
            Walked::default().line("buy-and-hold", seed)
        }
    }

    fn table(policy: Policy<'_>) -> WalkTable {
        WalkTable::of("toy", &mut Toy { cost: 0.000_1 }, policy, Seed(1), &mut |_, _| Ok(())).expect("a toy")
    }

    #[test]
    fn who_knows_the_turns_is_above_all_random_traders_of_his_turnover() {
        let made = table(&mut |seen| Ok(if seen[0] < 10.0 { 1.0 } else { -1.0 }));
        let rank = made.random.as_ref().expect("it trades");
        assert!(rank.percentile == 1.0 && rank.high < made.agent.worth.net_return, "{made:?}");
        assert!((rank.turnover / made.agent.worth.turnover - 1.0).abs() < 0.1, "{made:?}");
        assert_eq!((made.flat.worth, made.flat.trades), (Worth::default(), 0));
        assert_eq!(made.long.worth.turnover, 1.0);
        assert!(made.agent.sharpe.is_ok_and(|sharpe| sharpe.interval.is_some_and(|interval| interval.low > 0.0)));
        let text = text(&[made]);
        assert!(text.lines().count() == 5 && text.contains("above 100 % of 200"), "{text}");
    }

    #[test]
    fn who_guesses_is_somewhere_in_the_middle() {
        let mut random = Seed(9).stream("guess");
        let mut wanted = 0.0;
        let made = table(&mut |_| {
            if uniform(&mut random) < 0.05 {
                wanted = if uniform(&mut random) < 0.5 { 1.0 } else { 0.0 };
            }
            Ok(wanted)
        });
        let rank = made.random.expect("it trades");
        assert!((0.02..0.98).contains(&rank.percentile) && (rank.redraw - 0.05).abs() < 0.02, "{rank:?}");
    }

    #[test]
    fn who_never_trades_has_no_rank_and_who_holds_is_one_of_them() {
        let flat = table(&mut |_| Ok(-0.3));
        assert!(flat.random.is_none() && text(&[flat]).contains("it never traded"));
        let hold = table(&mut |_| Ok(1.0)).random.expect("it bought");
        assert_eq!(hold.percentile, 0.5, "all of them hold");
    }
}
