//! `RiskSettings`: what a person sets of sizes, stops, protections and halts.
//!
//! Invariant: zero (or `false`) is off, and the default is everything off.
//! Absent on purpose: what the rules do (`chain`, `stops`, `protections`, `shock`, `exposure`).

use serde::{Deserialize, Serialize};

use super::protections::{LowProfitGuard, ProtectionRules, StopGuard};
use crate::domain::{Digest, Ratio, Span, StateHash};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RiskSettings {
    /// Crashes, falls in one minute and trouble with the data stop entries until the market was looked at again.
    pub shock_halt: bool,
    /// While halted, stops of held positions stand at most this far below the price; zero leaves them where they are.
    pub shock_stop: Ratio,
    /// Yearly volatility that sizes aim at.
    pub volatility_target: Ratio,
    /// Sizes shrink to nothing at this share of the highest equity.
    pub drawdown_floor: Ratio,
    pub stops: StopKind,
    /// Distances in average ranges or deviations, where `stops` says so.
    pub stop_multiple: Ratio,
    pub target_multiple: Ratio,
    /// Distance of the stop that follows the highest price, in average ranges.
    pub trailing_multiple: Ratio,
    /// A position is left after so many bars.
    pub max_hold_bars: u32,
    /// Loss since midnight UTC that ends the day.
    pub daily_loss: Ratio,
    /// Fall from the peak that waits for a person.
    pub halt_drawdown: Ratio,
    /// Losing stops within six hours that pause entries, and for how long.
    pub losing_streak: u32,
    pub losing_streak_pause: Minutes,
    /// A symbol rests after each closed trade.
    pub cool_down: Minutes,
    /// A symbol whose trades of a day lost more than this together rests for four hours.
    pub low_profit: Ratio,
    /// Most that all positions together may be worth, as a share of equity.
    pub max_exposure: Ratio,
    /// The same for a symbol and all that move with it.
    pub max_correlated: Ratio,
}

/// A length of time in whole minutes.
pub type Minutes = u32;

/// What distances of stops and targets are measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopKind {
    /// Per cent of the entry's price.
    #[default]
    Percent,
    /// Average true ranges of quarters of an hour.
    Atr,
    /// Standard deviations of an hour's move.
    Sigma,
}

const HOUR: Span = Span(60 * Span::MINUTE.0);
/// How far back losing stops count.
const STREAK_LOOKBACK: Span = Span(6 * HOUR.0);
/// Trades that must have been closed before a symbol can be said to earn nothing, and for how long it then rests.
const LOW_PROFIT_TRADES: u32 = 4;
const LOW_PROFIT_PAUSE: Span = Span(4 * HOUR.0);

impl RiskSettings {
    /// The same without what stops entries of the whole account or rests a symbol; sizes, stops and bounds stay.
    pub fn without_guards(self) -> RiskSettings {
        RiskSettings {
            shock_halt: false,
            shock_stop: Ratio::ZERO,
            daily_loss: Ratio::ZERO,
            halt_drawdown: Ratio::ZERO,
            losing_streak: 0,
            losing_streak_pause: 0,
            cool_down: 0,
            low_profit: Ratio::ZERO,
            ..self
        }
    }

    /// Rules for closed trades and equity; `None` when all are off.
    pub fn protections(&self) -> Option<ProtectionRules> {
        let minutes = |minutes: Minutes| Span(i64::from(minutes) * Span::MINUTE.0);
        let rules = ProtectionRules {
            daily_loss: self.daily_loss.to_f64(),
            halt_drawdown: self.halt_drawdown.to_f64(),
            stops: (self.losing_streak > 0).then(|| StopGuard {
                lookback: STREAK_LOOKBACK,
                limit: self.losing_streak,
                pause: minutes(self.losing_streak_pause),
                per_symbol: false,
            }),
            trades_drawdown: None,
            low_profit: self.low_profit.is_positive().then(|| LowProfitGuard {
                lookback: Span::DAY,
                least_trades: LOW_PROFIT_TRADES,
                required: -self.low_profit.to_f64(),
                pause: LOW_PROFIT_PAUSE,
            }),
            cool_down: minutes(self.cool_down),
            candle: Span::MINUTE,
        };
        let by_trades = rules.stops.is_some() || rules.low_profit.is_some() || self.cool_down > 0;
        (by_trades || rules.daily_loss > 0.0 || rules.halt_drawdown > 0.0).then_some(rules)
    }

    /// True when sizes depend on how large all positions are.
    pub fn has_caps(&self) -> bool {
        self.max_exposure.is_positive() || self.max_correlated.is_positive()
    }
}

impl StopKind {
    pub const ALL: [StopKind; 3] = [StopKind::Percent, StopKind::Atr, StopKind::Sigma];

    pub const fn as_str(self) -> &'static str {
        match self {
            StopKind::Percent => "percent",
            StopKind::Atr => "atr",
            StopKind::Sigma => "sigma",
        }
    }

    pub fn parse(text: &str) -> Option<StopKind> {
        StopKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl StateHash for RiskSettings {
    fn state_hash(&self, digest: &mut Digest) {
        digest.bool(self.shock_halt);
        digest.u8(self.stops as u8);
        let ratios = [
            self.shock_stop,
            self.volatility_target,
            self.drawdown_floor,
            self.stop_multiple,
            self.target_multiple,
            self.trailing_multiple,
            self.daily_loss,
            self.halt_drawdown,
            self.low_profit,
            self.max_exposure,
            self.max_correlated,
        ];
        ratios.iter().for_each(|ratio| digest.add(ratio));
        for whole in [self.max_hold_bars, self.losing_streak, self.losing_streak_pause, self.cool_down] {
            digest.u64(u64::from(whole));
        }
    }
}
