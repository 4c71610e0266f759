//! A sweep, joined: the market is read once, then every set of settings runs over it.
//!
//! Invariant: a set's result is that of `kestrel backtest` with the same settings and files.
//! Absent on purpose: the file that names the sets (`cli`).

use std::collections::BTreeMap;
use std::path::Path;

use super::market::{self, MarketPlan};
use super::seats::Seats;
use super::stopwatch::Elapsed;
use super::{RunError, Stopwatch, engine_settings, rules, session, venue_settings};
use crate::config::{Config, ModelNames, regimes};
use crate::domain::Symbol;
use crate::engine::Settings;
use crate::runtime::backtest::start_balances;
use crate::runtime::sweep::{Columns, SweepCase, Swept, sweep};

/// The results in the order of the sets, and what they cost.
#[derive(Debug)]
pub struct SweepOutcome {
    pub symbols: Vec<Symbol>,
    /// Bars that each set ran over, all symbols together.
    pub bars: u64,
    pub results: Vec<Swept>,
    pub reading: Elapsed,
    pub running: Elapsed,
}

/// Runs all sets. `base` names the symbols and the warm-up; the sets differ from it in anything else.
pub fn run(base: &Config, plan: MarketPlan, sets: &[Config], home: &Path) -> Result<SweepOutcome, RunError> {
    let stopwatch = Stopwatch::start();
    let rules = rules(base)?;
    let seed = plan.seed;
    let mut source = market::open(plan, &rules);
    let columns = Columns::read(rules, regimes(), source.as_mut());
    let columns = columns.map_err(|error| RunError::Data(error.to_string()))?;
    drop(source);
    let reading = stopwatch.read();
    let mut cases = Vec::with_capacity(sets.len());
    let mut seated: BTreeMap<&ModelNames, Seats> = BTreeMap::new();
    for config in sets {
        let seats = Seats::if_taken(config, home)?;
        let settings = engine_settings(config, &seats.models);
        // What cannot run is told before anything runs.
        seats.inference(config, &settings, home)?;
        let balances = start_balances(&columns.rules, config.start());
        cases.push(SweepCase { settings, venue: venue_settings(config), balances });
        if !seats.plans.is_empty() {
            seated.insert(&config.models, seats);
        }
    }
    let open = |settings: &Settings| {
        let seats = seated.values().find(|seats| seats.models == settings.models)?;
        seats.inference(base, settings, home).ok().flatten()
    };
    let stopwatch = Stopwatch::start();
    let results = sweep(&columns, session(seed), &cases, &open).map_err(|error| RunError::Data(error.to_string()))?;
    Ok(SweepOutcome {
        symbols: base.symbols.clone(),
        bars: columns.bars.len() as u64,
        results,
        reading,
        running: stopwatch.read(),
    })
}
