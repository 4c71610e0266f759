//! `ShockGuard`: after a shock nothing is entered until the market has shown that it is one again, and then at half size.
//!
//! Invariant: halted leads to half size only when the cool-down is over and every condition has held without a break; half
//! size leads to full size only after its own time with every condition held. An alarm leads back to halted from anywhere.
//! Absent on purpose: seeing the shock (detectors), and what happens to orders and stops (`desk`).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::{Digest, Span, StateHash, Time};

/// Size while a shock is being got over.
pub const HALF: f64 = 0.5;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ShockRules {
    /// Least time without entries.
    pub cool_down: Span,
    /// So long all conditions must hold without a break.
    pub hold: Span,
    /// So long sizes are halved afterwards.
    pub half_for: Span,
    /// Widest spread, in usual spreads.
    pub spread: f64,
    /// Least depth, as a share of the usual.
    pub depth: f64,
    /// Highest volatility, in usual volatilities: below the level that alarms, so that it does not flicker.
    pub volatility: f64,
    /// Oldest data.
    pub data_age: Span,
}

/// What can be told of the market now; `None` where nothing can.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MarketHealth {
    /// Spread over its usual one.
    pub spread: Option<f64>,
    /// Depth over the usual.
    pub depth: Option<f64>,
    /// Volatility over the usual.
    pub volatility: Option<f64>,
    /// Age of the newest data.
    pub data_age: Option<Span>,
    /// The position equals the venue's.
    pub reconciled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShockCause {
    Crash,
    Jump,
    VolatilitySpike,
    LiquidityDrop,
    DataTrouble,
    Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShockState {
    Calm,
    /// `held` is since when all conditions hold.
    Halted {
        since: Time,
        cause: ShockCause,
        held: Option<Time>,
    },
    /// `held` is since when all conditions hold.
    HalfSize {
        since: Time,
        held: Option<Time>,
    },
}

/// What must hold before trading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    Spread,
    Depth,
    Volatility,
    Data,
    Reconciliation,
}

/// A condition and whether it holds; `Display` makes its sentence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub condition: Condition,
    pub holds: bool,
    /// In usual ones, or seconds for data; `None` where it is not known.
    pub found: Option<f64>,
    pub allowed: f64,
}

/// What changed, for journal and people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShockChange {
    Halted(ShockCause),
    HalfSize,
    FullSize,
    /// A person said so before the conditions did.
    HalfByHand,
    FullByHand,
}

/// Entries are refused: by what, and what must hold before they are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShockHalt {
    pub cause: ShockCause,
    pub failing: Failing,
}

/// A set of conditions that do not hold, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Failing(u8);

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShockGuard {
    rules: ShockRules,
    state: ShockState,
}

impl Default for ShockRules {
    fn default() -> Self {
        let minutes = |minutes: i64| Span(minutes * Span::MINUTE.0);
        ShockRules {
            cool_down: minutes(15),
            hold: minutes(5),
            half_for: minutes(60),
            spread: 2.0,
            depth: 0.5,
            volatility: 2.0,
            data_age: Span::from_seconds(90),
        }
    }
}

impl ShockGuard {
    pub fn new(rules: ShockRules) -> ShockGuard {
        ShockGuard { rules, state: ShockState::Calm }
    }

    pub fn state(&self) -> ShockState {
        self.state
    }

    /// Factor for the size of entries: 0 halted, a half, or 1.
    pub fn factor(&self) -> f64 {
        match self.state {
            ShockState::Calm => 1.0,
            ShockState::Halted { .. } => 0.0,
            ShockState::HalfSize { .. } => HALF,
        }
    }

    /// A detector saw a shock. One that goes on begins the cool-down anew.
    pub fn alarm(&mut self, now: Time, cause: ShockCause) -> Option<ShockChange> {
        let (was_halted, cause) = match self.state {
            // What a person halted no alarm takes over, for it would end by itself.
            ShockState::Halted { cause: ShockCause::Command, .. } => (true, ShockCause::Command),
            ShockState::Halted { .. } => (true, cause),
            ShockState::Calm | ShockState::HalfSize { .. } => (false, cause),
        };
        self.state = ShockState::Halted { since: now, cause, held: None };
        (!was_halted).then_some(ShockChange::Halted(cause))
    }

    /// Looks again: at each closed bar.
    pub fn observe(&mut self, now: Time, health: &MarketHealth) -> Option<ShockChange> {
        let all_hold = self.checks(health).iter().all(|check| check.holds);
        let rules = &self.rules;
        let since_when = |held: Option<Time>| all_hold.then(|| held.unwrap_or(now));
        let long_enough = |held: Option<Time>, span: Span| held.is_some_and(|held| now.since(held) >= span);
        match self.state {
            ShockState::Calm => None,
            // Halted, the cool-down over and all conditions held: half size.
            // Halted otherwise, or by a person: keep waiting; a broken condition begins its time anew.
            ShockState::Halted { since, cause, held } => {
                let held = since_when(held);
                let ends_by_itself = cause != ShockCause::Command;
                if ends_by_itself && now.since(since) >= rules.cool_down && long_enough(held, rules.hold) {
                    self.state = ShockState::HalfSize { since: now, held: Some(now) };
                    return Some(ShockChange::HalfSize);
                }
                self.state = ShockState::Halted { since, cause, held };
                None
            }
            // Half size for its time with all conditions held: full size. A broken condition begins the time anew.
            ShockState::HalfSize { since, held } => {
                let held = since_when(held);
                if long_enough(held, rules.half_for) {
                    self.state = ShockState::Calm;
                    return Some(ShockChange::FullSize);
                }
                self.state = ShockState::HalfSize { since, held };
                None
            }
        }
    }

    /// A person takes one step back to full size, whatever the conditions say; `None` where there is none to take.
    pub fn rearm(&mut self, now: Time) -> Option<ShockChange> {
        match self.state {
            ShockState::Calm => None,
            ShockState::Halted { .. } => {
                self.state = ShockState::HalfSize { since: now, held: None };
                Some(ShockChange::HalfByHand)
            }
            ShockState::HalfSize { .. } => {
                self.state = ShockState::Calm;
                Some(ShockChange::FullByHand)
            }
        }
    }

    /// Why entries are refused, while they are.
    pub fn halt(&self, health: &MarketHealth) -> Option<ShockHalt> {
        match self.state {
            ShockState::Calm | ShockState::HalfSize { .. } => None,
            ShockState::Halted { cause, .. } => Some(ShockHalt { cause, failing: Failing::of(&self.checks(health)) }),
        }
    }

    pub fn is_calm(&self) -> bool {
        matches!(self.state, ShockState::Calm)
    }

    /// Every condition with its sentence. What is not known does not hold.
    pub fn checks(&self, health: &MarketHealth) -> [Check; 5] {
        let rules = &self.rules;
        let at_most = |condition, found: Option<f64>, allowed: f64| Check {
            condition,
            holds: found.is_some_and(|found| found <= allowed),
            found,
            allowed,
        };
        let seconds = |span: Span| span.0 as f64 / Span::SECOND.0 as f64;
        [
            at_most(Condition::Spread, health.spread, rules.spread),
            Check {
                condition: Condition::Depth,
                holds: health.depth.is_some_and(|depth| depth >= rules.depth),
                found: health.depth,
                allowed: rules.depth,
            },
            at_most(Condition::Volatility, health.volatility, rules.volatility),
            at_most(Condition::Data, health.data_age.map(seconds), seconds(rules.data_age)),
            Check { condition: Condition::Reconciliation, holds: health.reconciled, found: None, allowed: 0.0 },
        ]
    }
}

impl Condition {
    pub const ALL: [Condition; 5] =
        [Condition::Spread, Condition::Depth, Condition::Volatility, Condition::Data, Condition::Reconciliation];

    pub const fn name(self) -> &'static str {
        match self {
            Condition::Spread => "the spread",
            Condition::Depth => "the depth of the book",
            Condition::Volatility => "volatility",
            Condition::Data => "the data",
            Condition::Reconciliation => "agreement with the venue",
        }
    }
}

impl Failing {
    pub fn of(checks: &[Check]) -> Failing {
        let failing = checks.iter().filter(|check| !check.holds);
        Failing(failing.fold(0, |bits, check| bits | 1 << check.condition as u8))
    }

    pub fn iter(self) -> impl Iterator<Item = Condition> {
        Condition::ALL.into_iter().filter(move |condition| self.0 & (1 << *condition as u8) != 0)
    }
}

impl fmt::Display for ShockHalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "halted by {}: ", self.cause)?;
        if self.cause == ShockCause::Command {
            return write!(f, "waits until a person rearms");
        }
        let names: Vec<&str> = self.failing.iter().map(Condition::name).collect();
        match names.as_slice() {
            [] => write!(f, "all conditions hold and must go on holding for a while"),
            names => write!(f, "waits for {}", names.join(", ")),
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, unit, bound) = match self.condition {
            Condition::Spread => ("the spread", " times the usual", "at most"),
            Condition::Depth => ("the depth of the book", " of the usual", "at least"),
            Condition::Volatility => ("volatility", " times the usual", "at most"),
            Condition::Data => ("the newest data", " seconds old", "at most"),
            Condition::Reconciliation => {
                let equals = if self.holds { "equals" } else { "is not known to equal" };
                return write!(f, "the position {equals} the venue's");
            }
        };
        match self.found {
            Some(found) => write!(f, "{what} is {found:.2}{unit}; {bound} {:.2} is allowed", self.allowed),
            None => write!(f, "{what} is not known; {bound} {:.2}{unit} is allowed", self.allowed),
        }
    }
}

impl fmt::Display for ShockChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShockChange::Halted(cause) => {
                write!(f, "halted by {cause}: no entries until the market is looked at again")
            }
            ShockChange::HalfSize => write!(f, "the market was looked at again and all conditions hold: half size"),
            ShockChange::FullSize => write!(f, "the shock is over: full size"),
            ShockChange::HalfByHand => write!(f, "rearmed by hand: half size"),
            ShockChange::FullByHand => write!(f, "rearmed by hand: full size"),
        }
    }
}

impl fmt::Display for ShockCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ShockCause::Crash => "a crash",
            ShockCause::Jump => "a jump of the price",
            ShockCause::VolatilitySpike => "a spike of volatility",
            ShockCause::LiquidityDrop => "a drop of liquidity",
            ShockCause::DataTrouble => "trouble with the data",
            ShockCause::Command => "hand",
        })
    }
}

impl StateHash for ShockGuard {
    fn state_hash(&self, digest: &mut Digest) {
        let (kind, since, held) = match self.state {
            ShockState::Calm => (0, None, None),
            ShockState::Halted { since, cause, held } => {
                digest.u8(cause as u8);
                (1, Some(since), held)
            }
            ShockState::HalfSize { since, held } => (2, Some(since), held),
        };
        digest.u8(kind);
        digest.option(since.as_ref());
        digest.option(held.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WELL: MarketHealth = MarketHealth {
        spread: Some(1.0),
        depth: Some(1.0),
        volatility: Some(1.0),
        data_age: Some(Span::SECOND),
        reconciled: true,
    };

    fn minute(at: i64) -> Time {
        Time(at * Span::MINUTE.0)
    }

    #[test]
    fn a_shock_is_got_over_in_steps_and_one_broken_condition_begins_the_wait_anew() {
        let mut guard = ShockGuard::new(ShockRules::default());
        assert_eq!((guard.factor(), guard.observe(minute(0), &WELL)), (1.0, None));
        assert_eq!(guard.alarm(minute(0), ShockCause::Crash), Some(ShockChange::Halted(ShockCause::Crash)));
        assert_eq!(guard.alarm(minute(1), ShockCause::Jump), None, "halted already, but the cool-down begins anew");
        assert_eq!(guard.factor(), 0.0);
        let wide = MarketHealth { spread: Some(2.5), ..WELL };
        let mut changes = Vec::new();
        for at in 2..120 {
            let health = if at == 14 { wide } else { WELL };
            changes.extend(guard.observe(minute(at), &health).map(|change| (at, change)));
        }
        // The cool-down ends at 16, but the wide spread at 14 makes it 15 + 5.
        assert_eq!(changes, [(20, ShockChange::HalfSize), (80, ShockChange::FullSize)]);
    }

    #[test]
    fn every_condition_alone_keeps_it_halted_and_says_why() {
        let guard = ShockGuard::new(ShockRules::default());
        let broken = [
            (
                MarketHealth { spread: Some(2.01), ..WELL },
                "the spread is 2.01 times the usual; at most 2.00 is allowed",
            ),
            (
                MarketHealth { depth: Some(0.4), ..WELL },
                "the depth of the book is 0.40 of the usual; at least 0.50 is allowed",
            ),
            (
                MarketHealth { volatility: None, ..WELL },
                "volatility is not known; at most 2.00 times the usual is allowed",
            ),
            (
                MarketHealth { data_age: Some(Span::from_seconds(91)), ..WELL },
                "the newest data is 91.00 seconds old; at most 90.00 is allowed",
            ),
            (MarketHealth { reconciled: false, ..WELL }, "the position is not known to equal the venue's"),
        ];
        assert!(guard.checks(&WELL).iter().all(|check| check.holds));
        for (health, sentence) in broken {
            let failing: Vec<String> =
                guard.checks(&health).iter().filter(|check| !check.holds).map(Check::to_string).collect();
            assert_eq!(failing, [sentence]);
        }
        assert_eq!(guard.checks(&MarketHealth::default()).iter().filter(|check| check.holds).count(), 0);
    }

    proptest! {
        #[test]
        fn size_returns_only_after_the_cool_down_and_never_at_once_to_full(
            events in prop::collection::vec((1i64..20, 0u8..10, any::<bool>()), 1..200),
        ) {
            let mut guard = ShockGuard::new(ShockRules::default());
            let (mut at, mut alarmed, mut before) = (0, None, 1.0);
            for (wait, event, well) in events {
                at += wait;
                if event == 0 {
                    guard.alarm(minute(at), ShockCause::VolatilitySpike);
                    alarmed = Some(at);
                    prop_assert_eq!(guard.factor(), 0.0);
                } else {
                    let health = if well || event < 8 { WELL } else { MarketHealth { reconciled: false, ..WELL } };
                    guard.observe(minute(at), &health);
                }
                let now = guard.factor();
                prop_assert!(!(before == 0.0 && now == 1.0));
                if let Some(alarm) = alarmed {
                    prop_assert!(at - alarm >= 15 || now == 0.0);
                    prop_assert!(at - alarm >= 75 || now < 1.0);
                }
                before = now;
            }
        }
    }
}
