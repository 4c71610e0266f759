//! `LoadedModels`: the models of a run in their sessions, asked by the engine's requests.
//!
//! Invariant: a question is answered by the model that it names or by nobody; a model whose bytes are not those of its
//! digest is never opened.
//! Absent on purpose: queues and deadlines (`worker`), where models come from (`registry`).

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use super::library::{self, Library, LibraryError, LibraryPlan};
use super::provider::{Proof, Provider, prove};
use super::session::{Session, SessionError};
use super::view::{Latencies, LibraryView, ModelView, RuntimeView};
use crate::domain::Time;
use crate::engine::model::{InferOutcome, InferRequest, Inferred, ModelSlot, ModelSpec, SLOTS};
use crate::engine::ports::Inference;
use crate::market::features::Schema;

/// Everything that is needed to run models.
#[derive(Debug, Clone)]
pub struct InferencePlan {
    /// A backtest or a run in lockstep that must come out the same every time takes `Device::Cpu`: which provider wins a
    /// timed proof is chance.
    pub library: LibraryPlan,
    pub models: Vec<ModelPlan>,
    /// Of the run: as many questions come at once.
    pub symbols: usize,
}

/// A model for a slot.
#[derive(Debug, Clone)]
pub struct ModelPlan {
    pub slot: ModelSlot,
    pub spec: ModelSpec,
    /// Its file.
    pub onnx: Arc<[u8]>,
}

/// `ModelSpec::digest` of a file.
pub fn digest_of(onnx: &[u8]) -> u64 {
    let hash = Sha256::digest(onnx);
    hash.iter().take(8).fold(0, |digest, byte| digest << 8 | u64::from(*byte))
}

pub struct LoadedModels {
    library: Result<Library, LibraryError>,
    plan: LibraryPlan,
    symbols: usize,
    /// By `ModelSlot as usize`.
    slots: [Option<Slot>; SLOTS],
}

struct Slot {
    plan: ModelPlan,
    state: SlotState,
    alarm: Option<String>,
    tally: Tally,
    /// Room for the rows of a batch and for its answers.
    rows: Vec<f32>,
    outputs: Vec<f32>,
}

enum SlotState {
    Open {
        session: Box<Session>,
        proof: Box<Proof>,
    },
    /// The library is not there.
    Waiting,
    /// A full sentence.
    Failed(String),
}

struct Tally {
    latencies: Latencies,
    latency: Option<Duration>,
    last_run: Option<Time>,
    last_bar: Option<Time>,
    last_output: Option<f32>,
    answered: u64,
    skipped: u64,
    not_finite: u64,
    error: Option<String>,
}

impl LoadedModels {
    /// Finds the library and opens what can be opened; what cannot says so in its answers and in `trouble`.
    pub fn open(plan: &InferencePlan) -> LoadedModels {
        let library = library::find(&plan.library);
        let mut models = LoadedModels {
            library,
            plan: plan.library.clone(),
            symbols: plan.symbols.max(1),
            slots: std::array::from_fn(|_| None),
        };
        for model in &plan.models {
            let slot = models.opened(model.clone());
            models.slots[model.slot as usize] = Some(slot);
        }
        models
    }

    pub fn library(&self) -> &Result<Library, LibraryError> {
        &self.library
    }

    /// The first reason why a model cannot run, as a full sentence. Who cannot do without models asks before the run.
    pub fn trouble(&self) -> Option<String> {
        let mut slots = self.slots.iter().flatten();
        slots.find_map(|slot| match &slot.state {
            SlotState::Open { .. } => None,
            SlotState::Waiting => Some(self.why_no_library()),
            SlotState::Failed(why) => Some(why.clone()),
        })
    }

    /// Looks for the library again where there is none; true when it has come and the models were opened.
    pub fn look_again(&mut self) -> bool {
        if !matches!(self.library, Err(LibraryError::Missing(_))) {
            return false;
        }
        self.library = library::find(&self.plan);
        if self.library.is_err() {
            return false;
        }
        for at in 0..SLOTS {
            if let Some(slot) = self.slots[at].take() {
                self.slots[at] = Some(self.opened(slot.plan));
            }
        }
        true
    }

    /// Puts another model, or none, into the slot. The new one is open and proven before the old one goes; where it cannot
    /// be opened the old one stays and the sentence says why. Without a library the new one waits for it.
    pub fn swap(&mut self, slot: ModelSlot, model: Option<(ModelSpec, Arc<[u8]>)>) -> Result<(), String> {
        let Some((spec, onnx)) = model else {
            self.slots[slot as usize] = None;
            return Ok(());
        };
        let mut new = self.opened(ModelPlan { slot, spec, onnx });
        if let SlotState::Failed(why) = &new.state {
            return Err(why.clone());
        }
        let provider = |slot: &Slot| slot.proof().map(|proof| proof.chosen);
        let old = self.slots[slot as usize].as_ref().and_then(provider);
        if let (Some(old), Some(now)) = (old, provider(&new))
            && old != now
        {
            let said = changed(&new.plan.spec.name, old, now);
            tracing::warn!("{said}");
            new.alarm = Some(new.alarm.map_or_else(|| said.clone(), |alarm| format!("{alarm}; {said}")));
        }
        self.slots[slot as usize] = Some(new);
        Ok(())
    }

    /// Answers questions of one slot in one go; the answers are in the order of the questions.
    pub fn answer(&mut self, slot: ModelSlot, requests: &[InferRequest], mut tell: impl FnMut(Inferred)) {
        let outcomes: Vec<InferOutcome> = match &mut self.slots[slot as usize] {
            Some(open) if matches!(open.state, SlotState::Open { .. }) => open.answer(requests),
            Some(Slot { state: SlotState::Failed(why), .. }) => unavailable(requests, why),
            Some(_) => unavailable(requests, &self.why_no_library()),
            None => unavailable(requests, &format!("no model is in the slot {slot}")),
        };
        for (request, outcome) in requests.iter().zip(outcomes) {
            tell(inferred(request, outcome));
        }
    }

    /// Notes a question that nobody answers any more.
    pub fn skipped(&mut self, slot: ModelSlot) {
        if let Some(slot) = &mut self.slots[slot as usize] {
            slot.tally.skipped += 1;
        }
    }

    pub fn view(&self) -> RuntimeView {
        RuntimeView {
            library: LibraryView::of(&self.library),
            models: self.slots.iter().flatten().map(|slot| slot.view(&self.library)).collect(),
        }
    }

    fn opened(&self, plan: ModelPlan) -> Slot {
        let state = match &self.library {
            Ok(library) => open(&plan, library, self.plan.device, self.symbols),
            Err(_) => SlotState::Waiting,
        };
        let alarm = match &state {
            SlotState::Open { proof, .. } => proof.alarm.clone(),
            SlotState::Waiting => None,
            SlotState::Failed(why) => {
                tracing::error!("{why}");
                None
            }
        };
        if let Some(alarm) = &alarm {
            tracing::warn!(model = plan.spec.name, "{alarm}");
        }
        Slot { plan, state, alarm, tally: Tally::new(), rows: Vec::new(), outputs: Vec::new() }
    }

    fn why_no_library(&self) -> String {
        self.library.as_ref().err().map(LibraryError::to_string).unwrap_or_default()
    }
}

impl Inference for LoadedModels {
    fn infer(&mut self, request: &InferRequest) -> Inferred {
        let outcome = match &mut self.slots[request.slot as usize] {
            Some(slot) if matches!(slot.state, SlotState::Open { .. }) => slot.answer_one(request),
            Some(_) | None => {
                let mut answer = None;
                self.answer(request.slot, std::slice::from_ref(request), |inferred| answer = Some(inferred.outcome));
                answer.unwrap_or(InferOutcome::Skipped)
            }
        };
        inferred(request, outcome)
    }
}

fn open(plan: &ModelPlan, library: &Library, device: super::provider::Device, symbols: usize) -> SlotState {
    let name = &plan.spec.name;
    if digest_of(&plan.onnx) != plan.spec.digest {
        return SlotState::Failed(format!(
            "the model {name}: its file is not the one that its card names; install it again"
        ));
    }
    let Some(schema) = Schema::by_hash(plan.spec.schema) else {
        return SlotState::Failed(format!(
            "the model {name} wants the feature schema {:016x}, which this program does not know; train it again",
            plan.spec.schema
        ));
    };
    let width = usize::from(plan.spec.rows) * schema.width() + plan.slot.standing();
    match prove(&plan.onnx, width, library, device, symbols) {
        Ok((session, proof)) => SlotState::Open { session: Box::new(session), proof: Box::new(proof) },
        Err(error) => SlotState::Failed(format!("the model {name} cannot run: {error}")),
    }
}

fn changed(name: &str, old: Provider, now: Provider) -> String {
    format!("the model {name} now runs on {now}, the one before ran on {old}")
}

fn unavailable(requests: &[InferRequest], why: &str) -> Vec<InferOutcome> {
    requests.iter().map(|_| InferOutcome::Unavailable { why: why.to_string() }).collect()
}

pub(super) fn inferred(request: &InferRequest, outcome: InferOutcome) -> Inferred {
    Inferred { number: request.number, slot: request.slot, symbol: request.symbol, outcome }
}

impl Slot {
    fn proof(&self) -> Option<&Proof> {
        match &self.state {
            SlotState::Open { proof, .. } => Some(proof),
            SlotState::Waiting | SlotState::Failed(_) => None,
        }
    }

    fn answer_one(&mut self, request: &InferRequest) -> InferOutcome {
        if request.model != self.plan.spec.digest {
            return self.another(request);
        }
        let SlotState::Open { session, .. } = &mut self.state else { return InferOutcome::Skipped };
        let begin = Instant::now();
        let output = session.run(&request.input);
        self.tally.note(begin.elapsed(), request.bar);
        self.outcome(output)
    }

    fn answer(&mut self, requests: &[InferRequest]) -> Vec<InferOutcome> {
        let SlotState::Open { session, .. } = &mut self.state else { return Vec::new() };
        let (digest, width) = (self.plan.spec.digest, session.width());
        let is_meant = |request: &InferRequest| request.model == digest && request.input.len() == width;
        if requests.len() == 1 || !requests.iter().all(is_meant) {
            return requests.iter().map(|request| self.answer_one(request)).collect();
        }
        self.rows.clear();
        requests.iter().for_each(|request| self.rows.extend_from_slice(&request.input));
        let mut outputs = std::mem::take(&mut self.outputs);
        outputs.clear();
        outputs.resize(requests.len(), 0.0);
        let begin = Instant::now();
        let ran = session.run_batch(&self.rows, &mut outputs);
        let each = begin.elapsed() / u32::try_from(requests.len()).unwrap_or(u32::MAX);
        let outcomes = requests.iter().zip(&outputs).map(|(request, output)| {
            self.tally.note(each, request.bar);
            let output =
                ran.clone().and_then(|()| if output.is_finite() { Ok(*output) } else { Err(SessionError::NotFinite) });
            self.outcome(output)
        });
        let outcomes = outcomes.collect();
        self.outputs = outputs;
        outcomes
    }

    fn outcome(&mut self, output: Result<f32, SessionError>) -> InferOutcome {
        match output {
            Ok(value) => {
                self.tally.answered += 1;
                self.tally.last_output = Some(value);
                self.tally.error = None;
                InferOutcome::Value(value)
            }
            Err(SessionError::NotFinite) => {
                self.tally.not_finite += 1;
                let name = &self.plan.spec.name;
                let why = format!("the model {name} gave a value that is not a number: nothing is traded on it");
                if self.tally.error.as_ref() != Some(&why) {
                    tracing::error!("{why}");
                }
                self.tally.error = Some(why);
                InferOutcome::NotFinite
            }
            Err(error) => {
                let why = format!("the model {} did not answer: {error}", self.plan.spec.name);
                self.tally.error = Some(why.clone());
                InferOutcome::Unavailable { why }
            }
        }
    }

    fn another(&self, request: &InferRequest) -> InferOutcome {
        let (name, here) = (&self.plan.spec.name, self.plan.spec.digest);
        let why = format!(
            "the model {:016x} was asked, but in the slot {} is {name} ({here:016x}); the next question goes to it",
            request.model, request.slot
        );
        InferOutcome::Unavailable { why }
    }

    fn view(&self, library: &Result<Library, LibraryError>) -> ModelView {
        let error = match &self.state {
            SlotState::Open { .. } => self.tally.error.clone(),
            SlotState::Waiting => library.as_ref().err().map(LibraryError::to_string),
            SlotState::Failed(why) => Some(why.clone()),
        };
        let tally = &self.tally;
        ModelView {
            slot: self.plan.slot,
            name: self.plan.spec.name.clone(),
            digest: self.plan.spec.digest,
            provider: self.proof().map(|proof| proof.chosen),
            proof: self.proof().cloned(),
            latency: tally.latency,
            median: tally.latencies.quantile(0.5),
            percentile_99: tally.latencies.quantile(0.99),
            last_run: tally.last_run,
            last_bar: tally.last_bar,
            last_output: tally.last_output,
            answered: tally.answered,
            skipped: tally.skipped,
            not_finite: tally.not_finite,
            error,
            alarm: self.alarm.clone(),
        }
    }
}

impl Tally {
    fn new() -> Tally {
        Tally {
            latencies: Latencies::new(),
            latency: None,
            last_run: None,
            last_bar: None,
            last_output: None,
            answered: 0,
            skipped: 0,
            not_finite: 0,
            error: None,
        }
    }

    fn note(&mut self, latency: Duration, bar: Time) {
        self.latencies.note(latency);
        self.latency = Some(latency);
        self.last_run = Some(wall_now());
        self.last_bar = Some(bar);
    }
}

/// For people only.
fn wall_now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
