//! The keys of `config.json` about sizes, stops, protections and halts.
//!
//! Invariant: percentages are as written; `settings` gives them as the engine takes them.
//! Absent on purpose: bounds (`keys`) and what the rules do (`engine::risk`).

use serde::Serialize;

use super::ratio;
use crate::domain::Ratio;
use crate::engine::risk::settings::{RiskSettings, StopKind};

/// Zero is off everywhere.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RiskKeys {
    pub shock_halt: bool,
    pub shock_stop_percent: f64,
    /// A year's.
    pub volatility_target_percent: f64,
    /// Of the highest equity.
    pub drawdown_floor_percent: f64,
    pub stops: StopKind,
    pub stop_multiple: f64,
    pub target_multiple: f64,
    pub trailing_multiple: f64,
    pub max_hold_minutes: u32,
    pub daily_loss_percent: f64,
    pub halt_drawdown_percent: f64,
    /// Losing stops within six hours.
    pub losing_streak: u32,
    pub losing_streak_pause_minutes: u32,
    pub cool_down_minutes: u32,
    pub low_profit_percent: f64,
    /// Of equity.
    pub max_exposure_percent: f64,
    pub max_correlated_percent: f64,
}

impl RiskKeys {
    /// Everything off.
    pub fn off() -> RiskKeys {
        RiskKeys {
            shock_halt: false,
            shock_stop_percent: 0.0,
            volatility_target_percent: 0.0,
            drawdown_floor_percent: 0.0,
            stops: StopKind::Percent,
            stop_multiple: 0.0,
            target_multiple: 0.0,
            trailing_multiple: 0.0,
            max_hold_minutes: 0,
            daily_loss_percent: 0.0,
            halt_drawdown_percent: 0.0,
            losing_streak: 0,
            losing_streak_pause_minutes: 0,
            cool_down_minutes: 0,
            low_profit_percent: 0.0,
            max_exposure_percent: 0.0,
            max_correlated_percent: 0.0,
        }
    }

    /// As the engine takes them.
    pub fn settings(&self) -> RiskSettings {
        let number = |number: f64| Ratio::from_f64(number).unwrap_or_default();
        RiskSettings {
            shock_halt: self.shock_halt,
            shock_stop: ratio(self.shock_stop_percent),
            volatility_target: ratio(self.volatility_target_percent),
            drawdown_floor: ratio(self.drawdown_floor_percent),
            stops: self.stops,
            stop_multiple: number(self.stop_multiple),
            target_multiple: number(self.target_multiple),
            trailing_multiple: number(self.trailing_multiple),
            max_hold_bars: self.max_hold_minutes,
            daily_loss: ratio(self.daily_loss_percent),
            halt_drawdown: ratio(self.halt_drawdown_percent),
            losing_streak: self.losing_streak,
            losing_streak_pause: self.losing_streak_pause_minutes,
            cool_down: self.cool_down_minutes,
            low_profit: ratio(self.low_profit_percent),
            max_exposure: ratio(self.max_exposure_percent),
            max_correlated: ratio(self.max_correlated_percent),
        }
    }
}
