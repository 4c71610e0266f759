//! Instruments that measure the result: equity, drawdown, ratios, trades, costs, and what anybody had without skill.
//!
//! Invariant: fed with samples in time order, they never look back; returns and ratios are fractions, days end at 00:00
//! UTC and years have 365 of them.
//! Absent on purpose: where the samples come from (`engine`) and how they are printed (`cli`, `tui`).

pub mod baselines;
pub mod benchmark;
pub mod bootstrap;
pub mod calibration;
pub mod costs;
pub mod curve;
pub mod daily;
mod dice;
pub mod differential_sharpe;
pub mod drawdown;
pub mod equity;
pub mod equity_record;
pub mod exceptions;
pub mod fifo;
pub mod figure;
pub mod growth;
pub mod moments;
pub mod normal;
pub mod prediction;
pub mod ratios;
pub mod sharpe;
pub mod sharpe_error;
pub mod shortfall;
pub mod summary;
pub mod tails;
pub mod track_record;
pub mod trades;
pub mod underwater;
pub mod value_at_risk;
pub mod volatility_forecast;
pub mod win_rate;

pub use baselines::Baselines;
pub use costs::{CostRates, Costs};
pub use curve::{Curve, CurvePoint};
pub use daily::{DailyReturn, DailyReturns};
pub use differential_sharpe::{DifferentialSharpe, DifferentialSharpeSettings};
pub use drawdown::Drawdown;
pub use equity::Performance;
pub use equity_record::{DailyFigures, EquityFigures, EquityRecord};
pub use fifo::Fifo;
pub use figure::{Figure, Hidden, Interval, Shown};
pub use moments::Moments;
pub use sharpe::DailySharpe;
pub use shortfall::{Benchmarks, Shortfall, Slippage};
pub use summary::{Inputs, Sample, Summary};
pub use track_record::TrackRecord;
pub use trades::{RoundTrip, TradeStatistics};
pub use underwater::{Fall, Underwater};
pub use value_at_risk::TailLoss;
pub use volatility_forecast::VolatilityForecast;
pub use win_rate::WinRate;
