//! The outside sources of a run, as the settings name them.
//!
//! Invariant: nothing is asked that the settings do not name.
//! Absent on purpose: asking (`feeds`), and what the answers are worth (`mood`).

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::domain::{Seed, Span};
use crate::feeds::{FeedsPlan, SourcePlan, Timing};

/// `None` when all sources are off. Without a home nothing is kept.
pub fn plan(config: &Config, seed: Seed, home: Option<&Path>) -> Option<FeedsPlan> {
    if config.feeds.is_off() {
        return None;
    }
    let sources = config.feeds.0.iter().map(|(source, feed)| SourcePlan {
        source: *source,
        addresses: feed.addresses.clone(),
        every: Span::from_seconds(i64::from(feed.every_seconds)),
    });
    Some(FeedsPlan {
        sources: sources.collect(),
        symbols: config.symbols.clone(),
        seed,
        folder: home.map(folder),
        timing: Timing::default(),
    })
}

/// Where observations are kept.
pub fn folder(home: &Path) -> PathBuf {
    home.join("data").join("feeds")
}
