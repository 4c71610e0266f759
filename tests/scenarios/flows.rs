//! What happens to the engine with everything on: settings and turns of a market, its venue and a person, at random.
//!
//! Invariant: each setting is one that a person could have set, and something always protects what is held.
//! Absent on purpose: carrying the turns out and judging (`everything`).

use kestrel::domain::{Command, Ratio};
use kestrel::engine::Settings;
use kestrel::engine::regime::{Mandate, Mandates};
use kestrel::engine::risk::settings::{RiskSettings, StopKind};
use kestrel::engine::settings::{ExecutionSettings, ExecutionStyle, Sizing, StrategyName};
use proptest::prelude::*;

use super::table::{quantity, quick};
use super::venue::Way;
use crate::support::{models, ratio};

/// What happens next.
#[derive(Debug, Clone)]
pub enum Turn {
    /// A minute closes this many basis points away, with this volume.
    Bar {
        symbol: u16,
        points: i64,
        volume: u32,
        way: Way,
    },
    /// The best prices move by so much.
    Top {
        symbol: u16,
        points: i64,
        way: Way,
    },
    /// The venue carries out the oldest request.
    Request {
        way: Way,
        fate: Fate,
    },
    /// An answer arrives, in any order.
    Answer {
        which: usize,
    },
    /// A report arrives: the oldest, or any where the stream is torn.
    Report {
        which: usize,
        twice: bool,
    },
    /// The `which`-th order that rests is filled.
    Fill {
        which: usize,
        way: Way,
    },
    Later {
        seconds: i64,
    },
    /// So many words arrive as they should.
    Calm {
        words: usize,
    },
    Tell(Command),
    /// A person cancels an order that rests.
    Cancel {
        which: usize,
    },
    Mood(u8),
}

/// What becomes of a request and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Answered,
    /// Carried out, and nobody says so.
    Silent,
    /// Carried out, and the answer is "unknown".
    Unclear,
    /// Refused for a reason of the venue's own.
    Refused,
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![
        4 => Just(Way::Whole),
        2 => Just(Way::InTwo),
        2 => Just(Way::Half),
        2 => Just(Way::HalfAndWait),
        1 => Just(Way::Nothing),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        12 => Just(Fate::Answered),
        1 => Just(Fate::Silent),
        1 => Just(Fate::Unclear),
        1 => Just(Fate::Refused),
    ]
}

pub fn turn() -> impl Strategy<Value = Turn> {
    let command = prop_oneof![
        2 => Just(Command::Pause),
        6 => Just(Command::Resume),
        1 => Just(Command::Halt),
        6 => Just(Command::Rearm),
        2 => Just(Command::Flatten),
        1 => (0i64..100).prop_map(|share| Command::SetInvest(Ratio::from_raw(share * 1_000_000))),
        2 => prop::sample::select(StrategyName::ALL.to_vec())
            .prop_map(|name| Command::SwitchStrategy(name.as_str().to_owned())),
    ];
    let points = || prop_oneof![12 => -30i64..30, 4 => -150i64..150, 1 => -600i64..600];
    prop_oneof![
        14 => (0u16..2, points(), 1u32..200, way())
            .prop_map(|(symbol, points, volume, way)| Turn::Bar { symbol, points, volume, way }),
        5 => (0u16..2, -30i64..30, way()).prop_map(|(symbol, points, way)| Turn::Top { symbol, points, way }),
        12 => (1usize..8).prop_map(|words| Turn::Calm { words }),
        14 => (way(), fate()).prop_map(|(way, fate)| Turn::Request { way, fate }),
        12 => (0usize..4).prop_map(|which| Turn::Answer { which }),
        16 => (0usize..4, prop::bool::weighted(0.1)).prop_map(|(which, twice)| Turn::Report { which, twice }),
        3 => (0usize..4, way()).prop_map(|(which, way)| Turn::Fill { which, way }),
        4 => (1i64..40).prop_map(|seconds| Turn::Later { seconds }),
        3 => command.prop_map(Turn::Tell),
        1 => (0usize..4).prop_map(|which| Turn::Cancel { which }),
        1 => any::<u8>().prop_map(Turn::Mood),
    ]
}

fn mandates() -> Mandates {
    let ones = Mandate([Ratio::ONE, ratio("0.5"), ratio("0.5"), ratio("0.5"), Ratio::ONE, Ratio::ONE, ratio("0.2")]);
    Mandates([ones; 5])
}

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = Ratio> {
    prop::sample::select(texts).prop_map(ratio)
}

fn risk() -> impl Strategy<Value = RiskSettings> {
    let stops = (
        prop::sample::select(StopKind::ALL.to_vec()),
        one_of(&["0.5", "2"]),
        one_of(&["0", "3"]),
        one_of(&["0", "1", "3"]),
        one_of(&["0", "0.01"]),
    );
    let sizes = (one_of(&["0", "5"]), one_of(&["0", "0.7"]), one_of(&["0", "0.6"]), one_of(&["0", "0.5"]));
    let locks = (one_of(&["0", "0", "0.02"]), one_of(&["0", "0.3"]), one_of(&["0", "0", "0.02"]), 0u32..4, 0u32..2);
    (stops, sizes, locks, prop::bool::weighted(0.3), prop::sample::select(vec![0u32, 6, 30])).prop_map(
        |(stops, sizes, locks, shock_halt, max_hold_bars)| RiskSettings {
            shock_halt,
            shock_stop: stops.4,
            volatility_target: sizes.0,
            drawdown_floor: sizes.1,
            stops: stops.0,
            stop_multiple: stops.1,
            target_multiple: stops.2,
            trailing_multiple: stops.3,
            max_hold_bars,
            daily_loss: locks.0,
            halt_drawdown: locks.1,
            losing_streak: locks.3,
            losing_streak_pause: 2,
            cool_down: locks.4,
            low_profit: locks.2,
            max_exposure: sizes.2,
            max_correlated: sizes.3,
        },
    )
}

pub fn settings() -> impl Strategy<Value = Settings> {
    let style = prop::sample::select(ExecutionStyle::ALL.to_vec());
    let strategy = prop_oneof![
        6 => Just(StrategyName::Trend),
        2 => Just(StrategyName::Auto),
        1 => Just(StrategyName::Breakout),
        1 => Just(StrategyName::Reversal),
        2 => Just(StrategyName::Trees),
    ];
    let size = prop_oneof![
        3 => Just(Sizing::Invest),
        1 => prop::sample::select(vec!["20", "60"]).prop_map(|size| Sizing::Fixed(quantity(size))),
    ];
    let execution = (style, 1u32..10, one_of(&["0", "0.5", "1"]), one_of(&["0.05", "0.5"]));
    let plain = (one_of(&["0.3", "1"]), one_of(&["0.005", "0.02"]), one_of(&["0", "0.006", "0.04"]), 0u32..3);
    let rest = (one_of(&["0", "0.1"]), one_of(&["0", "1"]));
    (strategy, size, execution, plain, rest, risk()).prop_map(|(strategy, sizing, execution, plain, rest, risk)| {
        Settings {
            strategy,
            invest: plain.0,
            sizing,
            stop_loss: plain.1,
            take_profit: plain.2,
            min_hold_bars: plain.3,
            no_trade_band: rest.0,
            sentiment_weight: rest.1,
            models: models(),
            edge_multiple: ratio("1.5"),
            mandates: mandates(),
            execution: ExecutionSettings {
                style: execution.0,
                horizon_minutes: execution.1,
                urgency: execution.2,
                volume_share: execution.3,
                maker_fee: ratio("0.001"),
                taker_fee: ratio("0.001"),
                half_spread: ratio("0.0001"),
            },
            risk,
            ..quick()
        }
    })
}
