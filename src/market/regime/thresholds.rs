//! `Thresholds`: every number of the event detectors, with the evidence for it.
//!
//! Chosen on BTCUSDT and ETHUSDT 2020-03 and 2023-09 to 2024-06 and SUIUSDT 2024-01 to 2024-06, one-minute spot bars;
//! `kestrel data events` counts alarms, delays and misses on any recording (figures: `benches/README.md`).
//! Invariant: each detector's threshold to leave lies on the calm side of the one to enter.
//! Absent on purpose: thresholds per symbol: volatility scales them, and floors and ceilings are shares of the price.

use serde::{Deserialize, Serialize};

use super::latch::LatchSettings;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    pub crash: CrashThresholds,
    pub jump: JumpThresholds,
    pub volatility: VolatilityThresholds,
    pub trend: TrendThresholds,
    pub liquidity: LiquidityThresholds,
    pub data: DataThresholds,
}

/// How far a price may fall: so many robust deviations of that many minutes, but within these shares of the price.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FallLimit {
    pub deviations: f64,
    pub least: f64,
    pub most: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrashThresholds {
    /// `most` is never above the fall that is called a break, so no break is missed.
    pub fifteen: FallLimit,
    pub five: FallLimit,
    /// One minute: at least this share, so many robust deviations, and Lee and Mykland's flag at 1 % of a day.
    pub minute: f64,
    pub minute_deviations: f64,
    /// Over when the falls are back within this share of their limits.
    pub leave: f64,
    pub latch: LatchSettings,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JumpThresholds {
    /// In local deviations.
    pub enter: f64,
    pub leave: f64,
    /// And in robust ones.
    pub robust: f64,
    pub latch: LatchSettings,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolatilityThresholds {
    /// Times the two-day level.
    pub enter: f64,
    pub leave: f64,
    pub latch: LatchSettings,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrendThresholds {
    /// CUSUM of standardised returns: allowance a minute and limit, in deviations.
    pub slack: f64,
    pub enter: f64,
    /// Over when the four-hour drift in its direction is less than so many of its own deviations.
    pub leave: f64,
    pub latch: LatchSettings,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiquidityThresholds {
    /// Volume of a quarter of an hour as a share of its usual for the hour of the week.
    pub volume_enter: f64,
    pub volume_leave: f64,
    /// Minutes without a trade.
    pub still: u32,
    /// Times the usual.
    pub spread_enter: f64,
    pub spread_leave: f64,
    /// Share of the usual.
    pub depth_enter: f64,
    pub depth_leave: f64,
    pub latch: LatchSettings,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataThresholds {
    /// Missing minutes before a bar.
    pub missing: u32,
    /// Minutes after its close without the next bar's.
    pub stale: u32,
    /// Distance of two closes as a share.
    pub off_range: f64,
    /// Equal bars with volume in a row.
    pub frozen: u32,
    /// Good bars in a row until it is over.
    pub recovery: u32,
    pub latch: LatchSettings,
}

const fn latch(dwell: u32, cool_down: u32, again: bool) -> LatchSettings {
    LatchSettings { dwell, cool_down, again }
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            // The 15-minute fall alone at 4 % tells every break by definition: 113 alarms, 14 of 59 breaks before their
            // minute. With five minutes and limits by volatility: 162 alarms, 23 before. With 2 % in 5 minutes for
            // everybody: 272 alarms, 41 before; too many halts for falls that stop.
            crash: CrashThresholds {
                fifteen: FallLimit { deviations: 10.0, least: 0.03, most: 0.04 },
                five: FallLimit { deviations: 12.0, least: 0.02, most: 0.03 },
                minute: 0.015,
                minute_deviations: 6.0,
                leave: 0.5,
                latch: latch(30, 30, true),
            },
            // Lee and Mykland's own limit (5.8) fires 3 to 12 times a day, for minutes have fat tails; 10 about once.
            jump: JumpThresholds { enter: 10.0, leave: 5.0, robust: 6.0, latch: latch(5, 15, true) },
            // About 0.8 a day, followed by an hour of 1.9 times the two-day level.
            volatility: VolatilityThresholds { enter: 3.0, leave: 1.5, latch: latch(15, 30, false) },
            // About 0.5 to 1 a day. The hours after an onset do not go its way by more than chance: it tells, it does not
            // predict.
            trend: TrendThresholds { slack: 0.1, enter: 35.0, leave: 0.5, latch: latch(60, 60, false) },
            liquidity: LiquidityThresholds {
                volume_enter: 0.25,
                volume_leave: 0.5,
                still: 5,
                spread_enter: 5.0,
                spread_leave: 2.5,
                depth_enter: 0.3,
                depth_leave: 0.6,
                latch: latch(15, 30, false),
            },
            data: DataThresholds {
                missing: 1,
                stale: 2,
                off_range: 0.25,
                frozen: 3,
                recovery: 5,
                latch: latch(5, 5, true),
            },
        }
    }
}
