//! Strategies: from closed bars to a target exposure with its reasons.
//!
//! Invariant: a strategy is a pure fold over closed bars; fed with the same bars it stands in the same state.
//! Absent on purpose: sizes, orders and positions.

pub mod actor;
pub mod breakout;
pub mod council;
pub mod member;
pub mod reversal;
pub mod trend;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::model::{InferOutcome, ModelSlot};
use super::regime::{EXPERTS, Mandate};
use super::settings::{Settings, StrategyName};
use crate::domain::{Bar, Digest, StateHash};
use crate::market::BarWindow;

/// The strategy of one symbol.
#[derive(Debug, Clone)]
pub enum Strategy {
    Trend(trend::Trend),
    Reversal(reversal::Reversal),
    Breakout(breakout::Breakout),
    /// By a model's probability.
    Model(Box<member::Member>),
    /// As a model wants it.
    Actor(actor::Actor),
    /// All of the others, weighed.
    Auto(Box<council::Council>),
    /// Holds nothing: a real action and the first champion.
    Flat,
}

/// What a strategy wants after a bar.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Wanted exposure, -1 to 1 of the full size; spot holds 0 to 1.
    pub target: f64,
    /// 0 to 1.
    pub confidence: f64,
    pub reason: Reason,
}

/// Why, with the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Reason {
    /// Too few bars seen.
    WarmingUp {
        seen: u32,
        needed: u32,
    },
    /// Means of the fast and the slow window.
    Averages {
        fast: f64,
        slow: f64,
    },
    /// Return over the look-back window against the threshold.
    NoExhaustion {
        fall: f64,
        threshold: f64,
    },
    /// Bought after a fall; holds until `exit` or until `bars` run out.
    Rebound {
        fall: f64,
        exit: f64,
        bars: u32,
    },
    /// Below the upper line of the channel, a round trip's cost included.
    Channel {
        upper: f64,
        exit: f64,
    },
    /// Broke out of the channel; holds until a close below `exit`.
    Broken {
        exit: f64,
    },
    /// The blend of the experts who may speak: who counts most, and how many of them want to be long.
    Blend {
        leader: StrategyName,
        long: u8,
        of: u8,
    },
    /// What a model's probability is worth before costs, against what is needed.
    Forecast {
        slot: ModelSlot,
        probability: f64,
        edge: f64,
        needed: f64,
        trading: bool,
    },
    /// The exposure that a model asks for.
    Wants {
        slot: ModelSlot,
        exposure: f64,
    },
    /// Nothing fills the slot.
    NoModel {
        slot: ModelSlot,
    },
    /// Too few observations yet, or its minute has not come.
    NotAsked {
        slot: ModelSlot,
    },
    /// There is no answer to trade by.
    Mute {
        slot: ModelSlot,
        trouble: member::Trouble,
    },
    AlwaysFlat,
}

impl Strategy {
    /// The one that the settings name.
    pub fn new(settings: &Settings) -> Strategy {
        Strategy::of(settings.strategy, settings)
    }

    pub fn of(name: StrategyName, settings: &Settings) -> Strategy {
        match name {
            StrategyName::Auto => Strategy::Auto(Box::new(council::Council::new(settings))),
            StrategyName::Trend => Strategy::Trend(trend::Trend::new(settings.trend)),
            StrategyName::Reversal => Strategy::Reversal(reversal::Reversal::default()),
            StrategyName::Breakout => Strategy::Breakout(breakout::Breakout::new(settings.side_cost.to_f64())),
            StrategyName::Trees => Strategy::Model(Box::new(member::Member::new(ModelSlot::Trees, settings))),
            StrategyName::Temporal => Strategy::Model(Box::new(member::Member::new(ModelSlot::Temporal, settings))),
            StrategyName::Sac => Strategy::Actor(actor::Actor::new(ModelSlot::Sac, settings)),
            StrategyName::Flat => Strategy::Flat,
        }
    }

    /// A strategy that has already seen the bars of the window.
    pub fn warmed(settings: &Settings, window: &BarWindow) -> Strategy {
        let mut strategy = Strategy::new(settings);
        let mut seen = BarWindow::default();
        for (bar, close) in window.iter() {
            seen.push(*bar, close);
            strategy.update(&seen);
        }
        strategy
    }

    /// What actors of the same models asked for before stands.
    pub fn inherit(&mut self, before: &Strategy) {
        match self {
            Strategy::Actor(actor) => {
                if let Some(before) = before.actor(actor.slot()) {
                    actor.inherit(before);
                }
            }
            Strategy::Auto(council) => council.inherit(before),
            Strategy::Trend(_)
            | Strategy::Reversal(_)
            | Strategy::Breakout(_)
            | Strategy::Model(_)
            | Strategy::Flat => {}
        }
    }

    /// Takes the newest bar of the window. Call once after each push.
    #[inline]
    pub fn update(&mut self, window: &BarWindow) {
        match self {
            Strategy::Trend(trend) => trend.update(window),
            Strategy::Reversal(reversal) => reversal.update(window),
            Strategy::Breakout(breakout) => breakout.update(window),
            Strategy::Model(member) => member.update(window),
            Strategy::Actor(actor) => actor.update(window),
            Strategy::Auto(council) => council.update(window),
            Strategy::Flat => {}
        }
    }

    /// The exposure it wants now.
    #[inline]
    pub fn target(&self) -> f64 {
        match self {
            Strategy::Trend(trend) => trend.target(),
            Strategy::Reversal(reversal) => reversal.target(),
            Strategy::Breakout(breakout) => breakout.target(),
            Strategy::Model(member) => member.target(),
            Strategy::Actor(actor) => actor.target(),
            Strategy::Auto(council) => council.target(),
            Strategy::Flat => 0.0,
        }
    }

    /// Target, confidence and reasons.
    pub fn signal(&self) -> Signal {
        let reason = match self {
            Strategy::Trend(trend) => trend.reason(),
            Strategy::Reversal(reversal) => reversal.reason(),
            Strategy::Breakout(breakout) => breakout.reason(),
            Strategy::Model(member) => member.reason(),
            Strategy::Actor(actor) => actor.reason(),
            Strategy::Auto(council) => council.reason(),
            Strategy::Flat => Reason::AlwaysFlat,
        };
        Signal { target: self.target(), confidence: 1.0, reason }
    }

    /// Takes the answer of a model to what was asked after this bar.
    pub fn hear(&mut self, slot: ModelSlot, outcome: &InferOutcome, bar: &Bar) {
        match self {
            Strategy::Model(member) if member.slot() == slot => member.hear(outcome, bar),
            Strategy::Actor(actor) if actor.slot() == slot => actor.hear(outcome, bar.open_time),
            Strategy::Auto(council) => council.hear(slot, outcome, bar),
            Strategy::Trend(_)
            | Strategy::Reversal(_)
            | Strategy::Breakout(_)
            | Strategy::Model(_)
            | Strategy::Actor(_)
            | Strategy::Flat => {}
        }
    }

    /// The member that trades by the model in this slot.
    pub fn member(&self, slot: ModelSlot) -> Option<&member::Member> {
        match self {
            Strategy::Model(member) => Some(member.as_ref()).filter(|member| member.slot() == slot),
            Strategy::Auto(council) => council.member(slot),
            Strategy::Trend(_)
            | Strategy::Reversal(_)
            | Strategy::Breakout(_)
            | Strategy::Actor(_)
            | Strategy::Flat => None,
        }
    }

    /// The actor that holds what the model in this slot asks for.
    pub fn actor(&self, slot: ModelSlot) -> Option<&actor::Actor> {
        match self {
            Strategy::Actor(actor) => Some(actor).filter(|actor| actor.slot() == slot),
            Strategy::Auto(council) => council.actor(slot),
            Strategy::Trend(_)
            | Strategy::Reversal(_)
            | Strategy::Breakout(_)
            | Strategy::Model(_)
            | Strategy::Flat => None,
        }
    }

    /// Why the newest answer in this slot cannot be traded by.
    pub fn trouble(&self, slot: ModelSlot) -> Option<member::Trouble> {
        let of_actor = || self.actor(slot).and_then(|actor| actor.trouble());
        self.member(slot).map_or_else(of_actor, |member| member.trouble())
    }

    /// Who may speak from now on; means something where strategies are chosen automatically.
    pub fn commission(&mut self, mandate: Mandate) {
        match self {
            Strategy::Auto(council) => council.commission(mandate),
            Strategy::Trend(_)
            | Strategy::Reversal(_)
            | Strategy::Breakout(_)
            | Strategy::Model(_)
            | Strategy::Actor(_)
            | Strategy::Flat => {}
        }
    }

    /// What each member wants; empty where one strategy is pinned.
    pub fn votes(&self) -> Vec<council::Vote> {
        match self {
            Strategy::Auto(council) => council.votes(),
            Strategy::Trend(_)
            | Strategy::Reversal(_)
            | Strategy::Breakout(_)
            | Strategy::Model(_)
            | Strategy::Actor(_)
            | Strategy::Flat => Vec::new(),
        }
    }

    /// Each expert's part of the blend, in the order of `StrategyName::EXPERTS`; `None` where one strategy is pinned.
    pub fn shares(&self) -> Option<[f64; EXPERTS]> {
        match self {
            Strategy::Auto(council) => Some(council.shares()),
            Strategy::Trend(_)
            | Strategy::Reversal(_)
            | Strategy::Breakout(_)
            | Strategy::Model(_)
            | Strategy::Actor(_)
            | Strategy::Flat => None,
        }
    }

    pub fn name(&self) -> StrategyName {
        match self {
            Strategy::Trend(_) => StrategyName::Trend,
            Strategy::Reversal(_) => StrategyName::Reversal,
            Strategy::Breakout(_) => StrategyName::Breakout,
            Strategy::Model(member) => member.slot().strategy(),
            Strategy::Actor(actor) => actor.slot().strategy(),
            Strategy::Auto(_) => StrategyName::Auto,
            Strategy::Flat => StrategyName::Flat,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "target {:+.2}, because {}", self.target, self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::WarmingUp { seen, needed } => write!(f, "warming up: {seen} of {needed} bars"),
            Reason::Averages { fast, slow } => {
                let relation = if fast > slow { "above" } else { "not above" };
                write!(f, "the fast average {fast:.4} is {relation} the slow {slow:.4}")
            }
            Reason::NoExhaustion { fall, threshold } => {
                write!(f, "the move of {:+.2} % is no exhausted fall of {:.2} %", fall * 100.0, threshold * 100.0)
            }
            Reason::Rebound { fall, exit, bars } => {
                write!(f, "bought after a fall of {:.2} %, leaves at {exit:.4} or in {bars} bars", fall * 100.0)
            }
            Reason::Channel { upper, exit } => {
                write!(
                    f,
                    "no close above {upper:.4}, the highest of four hours and a round trip's cost; lower line {exit:.4}"
                )
            }
            Reason::Broken { exit } => write!(f, "broke out of its channel, leaves below {exit:.4}"),
            Reason::Blend { leader, long, of } => {
                write!(f, "{long} of {of} strategies that may trade are long, {} counts most", leader.as_str())
            }
            Reason::Forecast { slot, probability, edge, needed, trading } => write!(
                f,
                "{slot} gives a win {:.1} %, worth {:+.3} % before costs{} {:.3} %",
                probability * 100.0,
                edge * 100.0,
                if *trading { ", and its trade is on; an entry needs" } else { "; an entry needs" },
                needed * 100.0
            ),
            Reason::Wants { slot, exposure } => {
                write!(f, "the model of {slot} asks for {:+.1} % of full size", exposure * 100.0)
            }
            Reason::NoModel { slot } => {
                write!(f, "no model fills the slot {slot}; name one under models.{slot} in config.json")
            }
            Reason::NotAsked { slot } => write!(f, "the model of {slot} has not been asked yet"),
            Reason::Mute { slot, trouble } => write!(f, "the model of {slot} is mute: {trouble}"),
            Reason::AlwaysFlat => write!(f, "flat holds nothing"),
        }
    }
}

impl StateHash for Strategy {
    fn state_hash(&self, digest: &mut Digest) {
        digest.text(self.name().as_str());
        match self {
            Strategy::Trend(trend) => digest.add(trend),
            Strategy::Reversal(reversal) => digest.add(reversal),
            Strategy::Breakout(breakout) => digest.add(breakout),
            Strategy::Model(member) => digest.add(member.as_ref()),
            Strategy::Actor(actor) => digest.add(actor),
            Strategy::Auto(council) => digest.add(council.as_ref()),
            Strategy::Flat => {}
        }
    }
}
