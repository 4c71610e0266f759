//! The local exchange, joined: market source and venue.
//!
//! Invariant: the account starts with `start_balance` of the quote asset behind one key pair.
//! Absent on purpose: clients.

use super::market::{self, MarketPlan};
use super::{RunError, rules, venue_settings};
use crate::config::{self, Config};
use crate::exchange::{Exchange, ExchangeError, KeyPair, Settings, Speed};

/// Starts an exchange on `port`; zero takes a free one. With `hold` the market waits for a lockstep client.
pub fn start(config: &Config, plan: MarketPlan, port: u16, hold: bool) -> Result<(Exchange, KeyPair), RunError> {
    let rules = rules(config)?;
    let key = KeyPair::of(plan.seed);
    let settings = Settings {
        port,
        source: market::open(plan, &rules),
        rules,
        venue: venue_settings(config),
        speed: match config.speed {
            config::Speed::Times(times) => Speed::Times(times),
            config::Speed::Max => Speed::Max,
        },
        hold,
        key: key.clone(),
        balance: config.start(),
    };
    let exchange = Exchange::start(settings).map_err(|error| match error {
        ExchangeError::Source(error) => RunError::Data(error.to_string()),
        ExchangeError::Port { .. } | ExchangeError::Thread(_) => RunError::Venue(error.to_string()),
    })?;
    Ok((exchange, key))
}

/// Calls `say`, then blocks until the person or the system asks the program to end. The signals are heard before: who was
/// told where we listen may send one at once.
pub fn until_interrupted<E: From<RunError>>(say: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
    let failed = |error: std::io::Error| RunError::Venue(format!("signals cannot be watched ({error})"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        let interrupted = super::interrupt().map_err(failed)?;
        say()?;
        interrupted.await;
        Ok(())
    })
}
