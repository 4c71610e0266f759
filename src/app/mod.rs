//! The front hall's back office: joins settings, markets, venues and drivers into runs.
//!
//! Invariant: rooms that may not know each other meet only here.
//! Absent on purpose: arguments and printing (`cli`).

pub mod backtest;
pub mod demo;
pub mod doctor;
pub mod exchange;
pub mod explain;
pub mod feeds;
mod gauges;
pub mod market;
pub mod mood;
mod opener;
#[cfg(feature = "learn")]
mod parallel;
mod progress;
pub mod regimes;
pub mod rehearsal;
pub mod replay;
pub mod report;
pub mod screenshot;
pub mod seats;
pub mod shell;
mod steward;
mod stopwatch;
pub mod sweep;
mod trades;
#[cfg(feature = "learn")]
pub mod train;
#[cfg(feature = "learn")]
pub mod train_sac;
pub mod voice;
mod whole_file;
pub mod workstation;

use crate::config::{self, Config, FeePolicy, rules_for};
use crate::domain::{Price, Seed, Session, Span, SymbolRules};
use crate::engine::model::Models;
use crate::engine::settings::{ExecutionSettings, TrendLengths};
use crate::engine::{Engine, Settings};
use crate::inference::registry::RegistryError;
use crate::runtime::{Finished, Record, Recording};
use crate::simulator::{self, FeeSchedule, Frictions, Latency, Markout, Participation, Rest, SquareRootImpact};

pub use progress::Progress;
pub use stopwatch::Stopwatch;

/// Why a run could not be carried through, by what the caller must do.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Data, journal or disk.
    #[error("{0}")]
    Data(String),
    /// Settings that do not go together.
    #[error("{0}")]
    Settings(String),
    /// A model that is to trade cannot be used.
    #[error(transparent)]
    Model(RegistryError),
    /// Network, port or venue.
    #[error("{0}")]
    Venue(String),
    /// The terminal of the screen.
    #[error("{0}")]
    Terminal(String),
    /// Stopped before there was anything to report.
    #[error("stopped before the run had begun")]
    Stopped,
}

/// What a run is reported as.
pub struct Outcome {
    pub mode: &'static str,
    pub engine: Engine,
    pub record: Record,
    /// What a report needs, where one was asked for.
    pub recording: Option<Recording>,
    pub ending: Ending,
    pub stopwatch: Stopwatch,
}

/// How much of a run the result holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// A run of its own, to its end.
    Ran,
    /// A replay that ended in the state, with the inputs and with the effects of the run.
    Compared,
    /// A replay of a journal without its end: compared with nothing.
    Cut {
        /// Those that the journal still holds.
        inputs: u64,
    },
}

impl Ending {
    pub fn is_complete(self) -> bool {
        match self {
            Ending::Ran | Ending::Compared => true,
            Ending::Cut { .. } => false,
        }
    }

    /// What people must know of a run that is not whole.
    pub fn warning(self) -> Option<String> {
        match self {
            Ending::Ran | Ending::Compared => None,
            Ending::Cut { inputs } => Some(format!(
                "the journal has no end record: it was cut off after {inputs} inputs, so the result is of a part of the run and was compared with nothing"
            )),
        }
    }
}

impl Outcome {
    fn of(mode: &'static str, finished: Finished, stopwatch: Stopwatch) -> Outcome {
        Outcome {
            mode,
            engine: finished.engine,
            record: finished.record,
            recording: finished.recording,
            ending: Ending::Ran,
            stopwatch,
        }
    }
}

/// The engine's settings as the file states them, with the models that fill the slots.
pub fn engine_settings(config: &Config, models: &Models) -> Settings {
    Settings {
        strategy: config.strategy,
        invest: config.invest(),
        sizing: config.sizing,
        min_trade_size: config.min_trade(),
        stop_loss: config.stop_loss().unwrap_or_default(),
        take_profit: config.take_profit().unwrap_or_default(),
        // Both are bounded by the length of the window.
        trend: TrendLengths { fast: config.trend_fast as u16, slow: config.trend_slow as u16 },
        min_hold_bars: config.min_hold_minutes,
        no_trade_band: config.no_trade_band(),
        bnb_price: bnb_price(config),
        mandates: config.regimes,
        execution: ExecutionSettings {
            style: config.execution,
            horizon_minutes: config.execution_minutes,
            urgency: config.urgency(),
            volume_share: config.volume_share(),
            maker_fee: config.maker_fee(),
            taker_fee: config.taker_fee(),
            half_spread: config.half_spread(),
        },
        side_cost: config.taker_fee().saturating_add(config.half_spread()),
        risk: config.risk.settings(),
        sentiment_weight: config.sentiment_weight(),
        models: models.clone(),
        edge_multiple: config.edge_multiple(),
    }
}

/// What the simulated venue charges.
pub fn venue_settings(config: &Config) -> simulator::Settings {
    let policy = match config.fee_policy {
        FeePolicy::Received => simulator::FeePolicy::Received,
        FeePolicy::Bnb => simulator::FeePolicy::Bnb { price: bnb_price(config), discount: BNB_DISCOUNT },
        FeePolicy::Quote => simulator::FeePolicy::Quote,
    };
    simulator::Settings {
        fees: FeeSchedule { maker: config.maker_fee(), taker: config.taker_fee(), policy },
        frictions: frictions(config),
    }
}

/// What a person who asked for fees in BNB must know: no simulated account holds any.
pub fn fee_warning(config: &Config) -> Option<&'static str> {
    match config.fee_policy {
        FeePolicy::Received | FeePolicy::Quote => None,
        FeePolicy::Bnb => Some(
            "fee_policy is bnb, but the demo account holds no BNB: fees come out of what a trade brings in, without the discount",
        ),
    }
}

/// What trading meets besides fees.
pub fn frictions(config: &Config) -> Frictions {
    let coefficient = config.impact();
    let participation = Participation {
        share: config.participation(),
        rest: match config.participation_rest {
            config::Rest::Waits => Rest::Waits,
            config::Rest::Expires => Rest::Expires,
        },
    };
    Frictions {
        half_spread: config.half_spread(),
        impact: coefficient.map(|coefficient| SquareRootImpact { coefficient, ..SquareRootImpact::TRAILING }),
        participation: Some(participation).filter(|participation| participation.share.is_positive()),
        markout: Markout(config.markout()),
        latency: Latency(Span::from_millis(i64::from(config.latency_ms))),
    }
}

/// Rules of all symbols of a run, which must share one quote asset.
pub fn rules(config: &Config) -> Result<Vec<SymbolRules>, RunError> {
    let rules: Vec<SymbolRules> = config.symbols.iter().map(rules_for).collect();
    if let [first, rest @ ..] = rules.as_slice()
        && let Some(other) = rest.iter().find(|rules| rules.quote != first.quote)
    {
        return Err(RunError::Settings(format!(
            "{} is quoted in {} but {} in {}; one account trades symbols of one quote asset, so name only such symbols",
            first.symbol, first.quote, other.symbol, other.quote
        )));
    }
    Ok(rules)
}

/// The session of a demo or backtest: a pure function of the seed.
pub fn session(seed: Seed) -> Session {
    Session(seed.number("session"))
}

/// Multiplier on the commission when it is paid in BNB (Binance: `discount` of account/commission).
const BNB_DISCOUNT: crate::domain::Ratio = crate::domain::Ratio::from_raw(75_000_000);

fn bnb_price(config: &Config) -> Price {
    Price::from_f64(config.bnb_price).unwrap_or_default()
}

/// Completes on Ctrl-C, SIGTERM, or when the terminal hangs up; they are heard from the call on.
pub fn interrupt() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut pressed, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let mut hang_up = signal(SignalKind::hangup())?;
        Ok(async move {
            tokio::select! {
                _ = pressed.recv() => {}
                _ = terminate.recv() => {}
                _ = hang_up.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
