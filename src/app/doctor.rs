//! What runs models here, how well, and what would bring the next better thing.
//!
//! Invariant: examining changes nothing; installing puts a whole library in place or leaves what was there.
//! Absent on purpose: printing and asking (`cli/doctor`).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;

use super::RunError;
use super::seats::Seats;
use crate::config::Config;
use crate::inference::fetch::{FetchError, fetch};
use crate::inference::library::{INSTALL_CPU, INSTALL_CUDA, Judged, survey};
use crate::inference::provider::{CardTrial, Timed};
use crate::inference::search::has_card;
use crate::inference::{
    Device, FetchPlan, InferencePlan, LibraryPlan, LibraryState, LibraryView, LoadedModels, ModelPlan, ModelView,
};

/// What is there, for scripts as it stands.
#[derive(Debug, Clone, Serialize)]
pub struct Examination {
    pub onnxruntime: LibraryReport,
    /// Every library that was found, in the order of preference.
    pub found: Vec<FoundReport>,
    /// A card of NVIDIA is in this machine.
    pub card: bool,
    pub inference_device: Device,
    pub models: Vec<ModelReport>,
    /// `None`: nothing that this program could bring would be better.
    pub next: Option<NextStep>,
}

#[derive(Debug, Clone, Serialize)]
pub struct LibraryReport {
    pub state: LibraryState,
    pub sentence: String,
    pub path: Option<String>,
    pub version: Option<String>,
    pub cuda: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct FoundReport {
    pub path: String,
    pub origin: &'static str,
    pub version: Option<String>,
    pub cuda: bool,
    /// Why it cannot be used.
    pub refused: Option<String>,
}

/// Times in microseconds: medians of a call with one row and with `batch` rows.
#[derive(Debug, Clone, Serialize)]
pub struct ModelReport {
    pub slot: &'static str,
    pub name: String,
    pub provider: Option<&'static str>,
    pub batch: usize,
    pub cpu_us: Option<[f64; 2]>,
    pub cuda_us: Option<[f64; 2]>,
    /// Largest, between the outputs of both.
    pub difference: Option<f32>,
    pub error: Option<String>,
    pub alarm: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NextStep {
    pub command: &'static str,
    pub why: &'static str,
}

/// The library as the settings lead to it, and a timed proof of each model.
pub fn examine(config: &Config, library: LibraryPlan, models: Vec<ModelPlan>) -> Examination {
    let found = survey(&library).into_iter().map(FoundReport::of).collect();
    let device = library.device;
    let loaded = LoadedModels::open(&InferencePlan { library, models, symbols: config.symbols.len() });
    let view = loaded.view();
    let card = has_card();
    Examination {
        next: next_step(&view.library, card, device),
        onnxruntime: LibraryReport::of(view.library),
        found,
        card,
        inference_device: device,
        models: view.models.iter().map(ModelReport::of).collect(),
    }
}

/// The one command that brings the next better thing.
fn next_step(library: &LibraryView, card: bool, device: Device) -> Option<NextStep> {
    let wants_card = device != Device::Cpu;
    match library.state {
        LibraryState::Missing | LibraryState::Looking | LibraryState::Fetching => {
            Some(NextStep { command: INSTALL_CPU, why: "models run then (24 MB)" })
        }
        LibraryState::Ready if wants_card && card && !library.has_cuda => {
            Some(NextStep { command: INSTALL_CUDA, why: "there is a card; models are tried on it then (1.6 GB)" })
        }
        // Only a person can help a library that was named.
        LibraryState::Ready | LibraryState::Unusable => None,
    }
}

/// Fetches until done or interrupted; the text says where it is.
pub fn install(plan: FetchPlan) -> Result<String, FetchError> {
    let failed = |error: std::io::Error| FetchError::Disk(format!("signals cannot be watched ({error}); try again"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let stop = Arc::new(AtomicBool::new(false));
    runtime.block_on(async {
        let interrupted = super::interrupt().map_err(failed)?;
        let cancel = stop.clone();
        let mut work = tokio::task::spawn_blocking(move || fetch(&plan, &cancel));
        let joined = tokio::select! {
            biased;
            () = interrupted => {
                stop.store(true, Ordering::Relaxed);
                work.await
            }
            joined = &mut work => joined,
        };
        let done = joined.unwrap_or_else(|error| Err(FetchError::Disk(format!("the fetch ended badly ({error})"))));
        done.map(|path| path.display().to_string())
    })
}

/// The models that the settings name.
pub fn models(config: &Config, home: &Path) -> Result<Vec<ModelPlan>, RunError> {
    Ok(Seats::of(config, home)?.plans)
}

impl LibraryReport {
    fn of(view: LibraryView) -> LibraryReport {
        LibraryReport {
            state: view.state,
            sentence: view.sentence,
            path: view.path.map(|path| path.display().to_string()),
            version: view.version,
            cuda: view.has_cuda,
        }
    }
}

impl FoundReport {
    fn of(judged: Judged) -> FoundReport {
        let (path, origin) = (judged.path.display().to_string(), judged.origin.as_str());
        match judged.verdict {
            Ok(library) => {
                FoundReport { path, origin, version: Some(library.version), cuda: library.has_cuda, refused: None }
            }
            Err(why) => FoundReport { path, origin, version: None, cuda: false, refused: Some(why) },
        }
    }
}

impl ModelReport {
    fn of(view: &ModelView) -> ModelReport {
        let proof = view.proof.as_ref();
        let (cuda, difference) = match proof.map(|proof| &proof.card) {
            Some(CardTrial::Timed { timed, difference }) => (Some(*timed), Some(*difference)),
            Some(CardTrial::NotTried | CardTrial::Refused(_)) | None => (None, None),
        };
        ModelReport {
            slot: view.slot.as_str(),
            name: view.name.clone(),
            provider: view.provider.map(|provider| provider.as_str()),
            batch: proof.map_or(0, |proof| proof.batch),
            cpu_us: proof.map(|proof| micros(proof.cpu)),
            cuda_us: cuda.map(micros),
            difference,
            error: view.error.clone(),
            alarm: view.alarm.clone(),
        }
    }
}

fn micros(timed: Timed) -> [f64; 2] {
    // A tenth of a microsecond is more than a clock is good for.
    [timed.one, timed.batch].map(|time: Duration| (time.as_secs_f64() * 1e7).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::{Device, INSTALL_CPU, INSTALL_CUDA, LibraryState, LibraryView, next_step};

    #[test]
    fn the_next_step_is_the_next_better_thing() {
        let view = |state, has_cuda| LibraryView { state, has_cuda, ..LibraryView::default() };
        let command = |view: &LibraryView, card, device| next_step(view, card, device).map(|next| next.command);
        let missing = view(LibraryState::Missing, false);
        assert_eq!(command(&missing, true, Device::Auto), Some(INSTALL_CPU));
        let plain = view(LibraryState::Ready, false);
        assert_eq!(command(&plain, true, Device::Auto), Some(INSTALL_CUDA));
        assert_eq!(command(&plain, true, Device::Cpu), None);
        assert_eq!(command(&plain, false, Device::Cuda), None);
        assert_eq!(command(&view(LibraryState::Ready, true), true, Device::Auto), None);
        assert_eq!(command(&view(LibraryState::Unusable, false), true, Device::Auto), None);
    }
}
