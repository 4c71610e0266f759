//! The door to outside sources: funding, open interest, long/short ratios, fear and greed, headlines, takers of klines.
//!
//! Each source is a task of its own that asks, reads, keeps what it heard (`diary`) and tells the driver.
//! Invariant: whatever a host answers or does not answer, nothing here panics or ends the run; the time of an observation is
//! that of its arrival.
//! Absent on purpose: what the words are worth (`engine::mood`), and keys: every source here is public.

mod address;
mod answer;
pub mod diary;
mod fear_greed;
mod fetch;
mod funding;
mod headlines;
mod klines;
mod open_interest;
mod pace;
mod poll;
mod ratios;
mod tls;

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;

pub use address::Address;
pub use diary::{Diary, Record};
pub use fetch::{Fetcher, Trouble};

use crate::domain::{Seed, Span, Symbol, Time};
use crate::engine::{MoodNews, MoodSource};
use poll::Poller;

/// What is asked, where, and how often.
#[derive(Debug, Clone)]
pub struct FeedsPlan {
    pub sources: Vec<SourcePlan>,
    /// In the order of their ids.
    pub symbols: Vec<Symbol>,
    /// Of the jitter.
    pub seed: Seed,
    /// Where observations are kept; `None` keeps none.
    pub folder: Option<PathBuf>,
    pub timing: Timing,
}

#[derive(Debug, Clone)]
pub struct SourcePlan {
    pub source: MoodSource,
    pub addresses: Vec<Address>,
    pub every: Span,
}

/// How patient the feeds are.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Longest wait for one answer.
    pub answer_limit: Duration,
    /// Sources begin within this time, so that they do not ask all at once.
    pub begin_within: Span,
    /// First and longest pause after a failure.
    pub first_pause: Span,
    pub longest_pause: Span,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            answer_limit: Duration::from_secs(15),
            begin_within: Span::from_seconds(3),
            first_pause: Span::from_seconds(15),
            longest_pause: Span::from_seconds(3_600),
        }
    }
}

/// The sources that run.
pub struct Feeds {
    tasks: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

impl Feeds {
    /// Inside an event loop. A source that cannot begin says so as one that fails.
    pub fn start(plan: FeedsPlan, news: broadcast::Sender<MoodNews>) -> Feeds {
        let (stop, stopped) = watch::channel(false);
        let tasks = plan.sources.iter().map(|source| {
            let poller = Poller::new(source, &plan, news.clone());
            tokio::spawn(poller.run(stopped.clone()))
        });
        Feeds { tasks: tasks.collect(), stop }
    }

    /// Ends all sources; what they heard is on the disk then.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "an outside source ended badly");
            }
        }
    }
}

/// The operating system's time: observations are kept by it, whatever the time of the run is.
fn wall_now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
