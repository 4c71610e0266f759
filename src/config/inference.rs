//! The keys of `config.json` about running models: the native library, the device, the deadline.
//!
//! Invariant: nothing here changes what a model says, only whether, where and how soon.
//! Absent on purpose: which models run, and bounds (`keys`).

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::inference::{Build, Device, FetchPlan, LibraryPlan};

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InferenceKeys {
    /// The library's file or folder; `None`: it is looked for.
    pub onnxruntime: Option<PathBuf>,
    /// Whether a missing library is fetched in the background.
    pub onnxruntime_fetch: bool,
    pub inference_device: Device,
    /// A question that waits longer is skipped.
    pub inference_deadline_ms: u32,
}

impl InferenceKeys {
    pub fn library(&self, home: &Path) -> LibraryPlan {
        LibraryPlan { named: self.onnxruntime.clone(), home: home.to_path_buf(), device: self.inference_device }
    }

    /// How a missing library is got in the background; `None`: not at all.
    pub fn fetch(&self, home: &Path) -> Option<FetchPlan> {
        self.onnxruntime_fetch.then(|| FetchPlan::new(Build::Cpu, home.to_path_buf()))
    }

    pub fn deadline(&self) -> Duration {
        Duration::from_millis(self.inference_deadline_ms.into())
    }
}
