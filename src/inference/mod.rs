//! Inference: models found, checked and run.
//!
//! `library` finds and loads ONNX Runtime (`search`, `fetch`), `session` runs one model in it, `provider` proves where,
//! `models` holds those of a run, `worker` gives them a thread, `view` is what people see.
//! `registry` keeps models on disk (`registry/card.rs` is what is told of one), `onnx` reads and writes their files as values.
//! Invariant: a model runs only after its file agreed with its card and passed the checks of `onnx`.
//! Absent on purpose: what an answer is good for (`engine`), making models (`training`).

mod child;
mod elf;
pub mod fetch;
pub mod library;
pub mod models;
pub mod onnx;
pub mod provider;
pub mod registry;
pub mod search;
pub mod session;
pub mod view;
pub mod worker;

pub use fetch::{Build, FetchPlan};
pub use library::{Library, LibraryError, LibraryPlan};
pub use models::{InferencePlan, LoadedModels, ModelPlan, digest_of};
pub use provider::{Device, Proof, Provider};
pub use session::{Session, SessionError};
pub use view::{LibraryState, LibraryView, ModelView, RuntimeView};
pub use worker::{Question, Steering, Worker, WorkerPlan};
