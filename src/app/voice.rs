//! How notices are told in the log: their level, and the sentence with the symbol's name before it.
//!
//! Invariant: every notice is told, once.
//! Absent on purpose: the sentences themselves, which the engine makes.

use crate::domain::{Symbol, Time};
use crate::engine::Notice;
use crate::engine::notice::ModelChange;
use crate::telemetry::LogLevel;

/// Tells each notice to the log.
pub fn log(symbols: &[Symbol]) -> impl Fn(Time, &Notice) + use<> {
    let symbols = symbols.to_vec();
    move |time, notice| {
        let (at_ms, text) = (time.millis(), sentence(notice, &symbols));
        match level(notice) {
            LogLevel::Error => tracing::error!(at_ms, "{text}"),
            LogLevel::Warn => tracing::warn!(at_ms, "{text}"),
            LogLevel::Info => tracing::info!(at_ms, "{text}"),
            LogLevel::Debug | LogLevel::Trace => tracing::debug!(at_ms, "{text}"),
        }
    }
}

/// "BTCUSDT filled: ..."
pub fn sentence(notice: &Notice, symbols: &[Symbol]) -> String {
    match notice.symbol().and_then(|symbol| symbols.get(symbol.index())) {
        Some(symbol) => format!("{} {notice}", symbol.as_str()),
        None => notice.to_string(),
    }
}

pub fn level(notice: &Notice) -> LogLevel {
    match notice {
        Notice::Halted { .. } => LogLevel::Error,
        Notice::Rejected { .. }
        | Notice::OutcomeUnknown { .. }
        | Notice::Stale { .. }
        | Notice::Foreign { .. }
        | Notice::LateFill { .. }
        | Notice::Shock { .. }
        | Notice::Locked { .. }
        | Notice::Model { change: ModelChange::Trouble { .. }, .. } => LogLevel::Warn,
        Notice::Started { .. }
        | Notice::Decided { .. }
        | Notice::Refused { .. }
        | Notice::Filled { .. }
        | Notice::TradeClosed { .. }
        | Notice::CommandAccepted { .. }
        | Notice::CommandRefused { .. }
        | Notice::SettingsChanged
        | Notice::Regime { .. }
        | Notice::Switched { .. }
        | Notice::TookOver { .. }
        | Notice::Executed { .. }
        | Notice::Fresh { .. }
        | Notice::Model { change: ModelChange::Answers, .. }
        | Notice::Event { .. } => LogLevel::Info,
        Notice::Considered { .. } => LogLevel::Debug,
    }
}
