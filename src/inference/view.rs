//! `RuntimeView`: what people see of the library and of the models that run.
//!
//! Invariant: nothing here decides anything; times are the wall's.
//! Absent on purpose: how it is drawn (`tui`), what the engine makes of an answer.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::library::{Library, LibraryError};
use super::provider::{Proof, Provider};
use crate::domain::Time;
use crate::engine::model::ModelSlot;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuntimeView {
    pub library: LibraryView,
    /// Those that are to run, in the order of the slots.
    pub models: Vec<ModelView>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct LibraryView {
    pub state: LibraryState,
    /// The state as a full sentence.
    pub sentence: String,
    pub path: Option<PathBuf>,
    pub version: Option<String>,
    pub has_cuda: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LibraryState {
    /// Not looked for yet.
    Looking,
    Ready,
    /// There is none; it is looked for again.
    Missing,
    /// There is none, and it is being fetched.
    Fetching,
    /// Only a person can help.
    Unusable,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ModelView {
    pub slot: ModelSlot,
    pub name: String,
    /// `ModelSpec::digest`.
    pub digest: u64,
    /// `None` while it does not run.
    pub provider: Option<Provider>,
    pub proof: Option<Proof>,
    /// Of the last call, and of the last `Latencies::KEPT` calls, per question.
    pub latency: Option<Duration>,
    pub median: Option<Duration>,
    pub percentile_99: Option<Duration>,
    /// When it last answered.
    pub last_run: Option<Time>,
    /// The bar of the last question that it answered.
    pub last_bar: Option<Time>,
    pub last_output: Option<f32>,
    pub answered: u64,
    pub skipped: u64,
    pub not_finite: u64,
    /// Why it does not run or did not answer last; a full sentence.
    pub error: Option<String>,
    /// What people must be told though it runs.
    pub alarm: Option<String>,
}

impl Default for LibraryView {
    fn default() -> LibraryView {
        LibraryView {
            state: LibraryState::Looking,
            sentence: "ONNX Runtime is being looked for.".into(),
            path: None,
            version: None,
            has_cuda: false,
        }
    }
}

impl LibraryView {
    pub fn of(library: &Result<Library, LibraryError>) -> LibraryView {
        match library {
            Ok(library) => LibraryView {
                state: LibraryState::Ready,
                sentence: format!("{library} runs the models."),
                path: Some(library.path.clone()),
                version: Some(library.version.clone()),
                has_cuda: library.has_cuda,
            },
            Err(error @ LibraryError::Missing(_)) => LibraryView::without(LibraryState::Missing, error.to_string()),
            Err(error @ LibraryError::Unusable(_)) => LibraryView::without(LibraryState::Unusable, error.to_string()),
        }
    }

    pub fn without(state: LibraryState, sentence: String) -> LibraryView {
        LibraryView { state, sentence, ..LibraryView::default() }
    }
}

/// Times of the last calls.
#[derive(Debug, Clone)]
pub struct Latencies {
    last: Vec<Duration>,
    next: usize,
}

impl Latencies {
    /// Calls that are remembered.
    pub const KEPT: usize = 256;

    pub fn new() -> Latencies {
        Latencies { last: Vec::with_capacity(Latencies::KEPT), next: 0 }
    }

    pub fn note(&mut self, latency: Duration) {
        if self.last.len() < Latencies::KEPT {
            self.last.push(latency);
        } else {
            self.last[self.next] = latency;
        }
        self.next = (self.next + 1) % Latencies::KEPT;
    }

    /// 0.5 is the median; `None` before the first call.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let mut sorted = self.last.clone();
        sorted.sort_unstable();
        let place = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(place.saturating_sub(1)).copied()
    }
}

impl Default for Latencies {
    fn default() -> Latencies {
        Latencies::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Latencies};

    #[test]
    fn quantiles_are_of_the_last_calls_only() {
        let mut latencies = Latencies::new();
        assert_eq!(latencies.quantile(0.5), None);
        (0..1_000).for_each(|_| latencies.note(Duration::from_secs(9)));
        (1..=256).for_each(|i| latencies.note(Duration::from_micros(i)));
        assert_eq!(latencies.quantile(0.5), Some(Duration::from_micros(128)));
        assert_eq!(latencies.quantile(0.99), Some(Duration::from_micros(254)));
    }
}
