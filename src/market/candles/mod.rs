//! Candle patterns as TA-Lib recognises them, bar by bar.
//!
//! A signal is TA-Lib's number: 0 nothing, positive bullish, negative bearish; 100 the pattern, 80 the pattern with edges
//! that touch, 200 a Hikkake that was confirmed. Patterns do not ask for a trend. They are features and marks on a chart,
//! never a reason to trade alone (Ho et al. 2021 found them "of little use" on 23 coins).
//! Invariant: the signal of a bar depends on at most the 15 newest bars (Hikkake: on its own short memory).
//! Absent on purpose: gaps as signals: a market that never closes has almost none.

mod hikkake;
mod one;
mod shape;
mod three;
mod two;

pub use shape::Shape;

use crate::domain::Bar;
use hikkake::Hikkake;

/// The patterns, in TA-Lib's order of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pattern {
    ThreeBlackCrows,
    ThreeInside,
    ThreeOutside,
    ThreeWhiteSoldiers,
    AdvanceBlock,
    BeltHold,
    ClosingMarubozu,
    DarkCloudCover,
    Doji,
    DragonflyDoji,
    Engulfing,
    EveningStar,
    GravestoneDoji,
    Hammer,
    HangingMan,
    Harami,
    HaramiCross,
    Hikkake,
    InvertedHammer,
    LongLeggedDoji,
    Marubozu,
    MatchingLow,
    MorningStar,
    Piercing,
    RiseFallThreeMethods,
    SeparatingLines,
    ShootingStar,
    SpinningTop,
    Thrusting,
    Tristar,
}

impl Pattern {
    pub const ALL: [Pattern; 30] = [
        Pattern::ThreeBlackCrows,
        Pattern::ThreeInside,
        Pattern::ThreeOutside,
        Pattern::ThreeWhiteSoldiers,
        Pattern::AdvanceBlock,
        Pattern::BeltHold,
        Pattern::ClosingMarubozu,
        Pattern::DarkCloudCover,
        Pattern::Doji,
        Pattern::DragonflyDoji,
        Pattern::Engulfing,
        Pattern::EveningStar,
        Pattern::GravestoneDoji,
        Pattern::Hammer,
        Pattern::HangingMan,
        Pattern::Harami,
        Pattern::HaramiCross,
        Pattern::Hikkake,
        Pattern::InvertedHammer,
        Pattern::LongLeggedDoji,
        Pattern::Marubozu,
        Pattern::MatchingLow,
        Pattern::MorningStar,
        Pattern::Piercing,
        Pattern::RiseFallThreeMethods,
        Pattern::SeparatingLines,
        Pattern::ShootingStar,
        Pattern::SpinningTop,
        Pattern::Thrusting,
        Pattern::Tristar,
    ];

    /// Bars that must stand before the newest one; until then there is no signal.
    pub const fn lookback(self) -> usize {
        match self {
            Pattern::Engulfing => 2,
            Pattern::ThreeOutside => 3,
            Pattern::Hikkake => 5,
            Pattern::MatchingLow => 6,
            Pattern::BeltHold
            | Pattern::ClosingMarubozu
            | Pattern::Doji
            | Pattern::DragonflyDoji
            | Pattern::GravestoneDoji
            | Pattern::LongLeggedDoji
            | Pattern::Marubozu
            | Pattern::SpinningTop => 10,
            Pattern::DarkCloudCover
            | Pattern::Hammer
            | Pattern::HangingMan
            | Pattern::Harami
            | Pattern::HaramiCross
            | Pattern::InvertedHammer
            | Pattern::Piercing
            | Pattern::SeparatingLines
            | Pattern::ShootingStar
            | Pattern::Thrusting => 11,
            Pattern::ThreeInside
            | Pattern::ThreeWhiteSoldiers
            | Pattern::AdvanceBlock
            | Pattern::EveningStar
            | Pattern::MorningStar
            | Pattern::Tristar => 12,
            Pattern::ThreeBlackCrows => 13,
            Pattern::RiseFallThreeMethods => 14,
        }
    }
}

/// Shapes kept: a pattern of five bars.
const KEPT: usize = 8;

/// The newest bars with what TA-Lib compares them to.
#[derive(Debug, Clone, PartialEq)]
pub struct Candles {
    shapes: [Shape; KEPT],
    averages: shape::Averages,
    seen: usize,
    hikkake: Hikkake,
}

impl Default for Candles {
    fn default() -> Self {
        Candles::new()
    }
}

impl Candles {
    pub fn new() -> Self {
        Candles {
            shapes: [Shape::default(); KEPT],
            averages: shape::Averages::default(),
            seen: 0,
            hikkake: Hikkake::default(),
        }
    }

    /// Takes the newest bar.
    pub fn update(&mut self, bar: &Bar) {
        let shape = self.averages.shape(bar);
        self.shapes[self.seen % KEPT] = shape;
        self.seen += 1;
        if self.seen > 2 {
            let newest = self.newest();
            self.hikkake.update(newest);
        }
    }

    /// The signal of the newest bar, `None` before enough bars were seen.
    pub fn signal(&self, pattern: Pattern) -> Option<i16> {
        (self.seen > pattern.lookback()).then(|| self.read(pattern))
    }

    /// The newest `N` shapes, oldest first. Shapes not yet seen are empty.
    fn newest<const N: usize>(&self) -> [Shape; N] {
        // `seen + KEPT` keeps the difference positive while few bars were seen.
        std::array::from_fn(|at| self.shapes[(self.seen + KEPT - (N - at)) % KEPT])
    }

    fn read(&self, pattern: Pattern) -> i16 {
        match pattern {
            Pattern::BeltHold => one::belt_hold(self.newest()),
            Pattern::ClosingMarubozu => one::closing_marubozu(self.newest()),
            Pattern::Doji => one::doji(self.newest()),
            Pattern::DragonflyDoji => one::dragonfly_doji(self.newest()),
            Pattern::GravestoneDoji => one::gravestone_doji(self.newest()),
            Pattern::LongLeggedDoji => one::long_legged_doji(self.newest()),
            Pattern::Marubozu => one::marubozu(self.newest()),
            Pattern::SpinningTop => one::spinning_top(self.newest()),
            Pattern::DarkCloudCover => two::dark_cloud_cover(self.newest()),
            Pattern::Engulfing => two::engulfing(self.newest()),
            Pattern::Hammer => two::hammer(self.newest()),
            Pattern::HangingMan => two::hanging_man(self.newest()),
            Pattern::Harami => two::harami(self.newest()),
            Pattern::HaramiCross => two::harami_cross(self.newest()),
            Pattern::InvertedHammer => two::inverted_hammer(self.newest()),
            Pattern::MatchingLow => two::matching_low(self.newest()),
            Pattern::Piercing => two::piercing(self.newest()),
            Pattern::SeparatingLines => two::separating_lines(self.newest()),
            Pattern::ShootingStar => two::shooting_star(self.newest()),
            Pattern::Thrusting => two::thrusting(self.newest()),
            Pattern::AdvanceBlock => three::advance_block(self.newest()),
            Pattern::EveningStar => three::evening_star(self.newest()),
            Pattern::MorningStar => three::morning_star(self.newest()),
            Pattern::ThreeInside => three::three_inside(self.newest()),
            Pattern::ThreeOutside => three::three_outside(self.newest()),
            Pattern::ThreeWhiteSoldiers => three::three_white_soldiers(self.newest()),
            Pattern::Tristar => three::tristar(self.newest()),
            Pattern::ThreeBlackCrows => three::three_black_crows(self.newest()),
            Pattern::RiseFallThreeMethods => three::rise_fall_three_methods(self.newest()),
            Pattern::Hikkake => self.hikkake.signal(),
        }
    }
}

/// `value` when `holds`, else no signal.
fn when(holds: bool, value: i16) -> i16 {
    if holds { value } else { 0 }
}
