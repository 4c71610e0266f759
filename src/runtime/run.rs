//! `Run`: the engine with its journal, its record, its history for screens and the list of what is to be sent.
//!
//! Invariant: an input is in the journal before the engine sees it; without a record there is no trade.
//! Absent on purpose: where inputs come from.

use std::collections::VecDeque;
use std::sync::Arc;

use super::record::Record;
use super::recorder::{Recorder, Recording};
use crate::domain::{Digest, Time};
use crate::engine::model::InferRequest;
use crate::engine::ports::{Journal, JournalError, Request};
use crate::engine::{Effect, Effects, Engine, History, Input, Notice, Snapshot, Start};

/// Sees each notice with its time.
pub type Listener = Box<dyn FnMut(Time, &Notice)>;

pub struct Run {
    engine: Engine,
    effects: Effects,
    /// Kept unless the caller wants figures alone.
    record: Option<Record>,
    pending: VecDeque<Request>,
    /// What models are to be asked.
    questions: VecDeque<InferRequest>,
    effect_digest: Digest,
    inputs: u64,
    journal: Option<Box<dyn Journal>>,
    listener: Option<Listener>,
    /// For screens; kept on demand only.
    history: Option<Arc<History>>,
    /// For reports; kept on demand only.
    recorder: Option<Box<Recorder>>,
}

/// What a run leaves behind.
pub struct Finished {
    pub engine: Engine,
    pub record: Record,
    /// What a recorder saw, where there was one.
    pub recording: Option<Recording>,
    /// Fingerprint of all requests in order; a replay must give the same.
    pub effect_hash: u64,
    pub inputs: u64,
}

impl Run {
    pub fn begin(now: Time, start: Start, mut journal: Option<Box<dyn Journal>>) -> Result<Run, JournalError> {
        let first = Input::Start(Box::new(start));
        if let Some(journal) = &mut journal {
            journal.append(&journal_line(now, &first)?)?;
        }
        let Input::Start(start) = first else { return Err(JournalError("a run begins with its start".to_owned())) };
        let mut effects = Effects::default();
        let engine = Engine::new(now, &start, &mut effects);
        let mut run = Run {
            engine,
            effects,
            record: Some(Record::default()),
            pending: VecDeque::new(),
            questions: VecDeque::new(),
            effect_digest: Digest::new(),
            inputs: 1,
            journal,
            listener: None,
            history: None,
            recorder: None,
        };
        run.collect(now)?;
        Ok(run)
    }

    /// Calls `listener` for each notice from now on (logs, screens).
    pub fn listen(&mut self, listener: Listener) {
        self.listener = Some(listener);
    }

    /// Keeps no fills and trades from now on: a sweep asks for figures only.
    pub fn keep_no_record(&mut self) {
        self.record = None;
    }

    /// Keeps the past for snapshots from now on, with the newest decision of each symbol and its reasons.
    pub fn keep_history(&mut self) {
        self.engine.explain();
        self.history = Some(Arc::new(History::new(&self.engine)));
    }

    /// Records for a report from now on.
    pub fn keep_recording(&mut self, now: Time) {
        self.recorder = Some(Box::new(Recorder::new(now, &self.engine)));
    }

    /// The state as people see it, with the history that is kept.
    pub fn snapshot(&self) -> Snapshot {
        self.engine.snapshot(self.history.clone().unwrap_or_default())
    }

    /// Journals the input, steps the engine, collects what it wants.
    #[inline]
    pub fn step(&mut self, now: Time, input: &Input) -> Result<(), JournalError> {
        if let Some(journal) = &mut self.journal {
            journal.append(&journal_line(now, input)?)?;
        }
        self.inputs += 1;
        self.engine.step(now, input, &mut self.effects);
        if !self.effects.is_empty() {
            self.collect(now)?;
        }
        // Copied only when a snapshot still holds it.
        if let Some(history) = self.history.as_mut().filter(|_| History::concerns(input)) {
            Arc::make_mut(history).observe(input, &self.engine);
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.observe(input, &self.engine);
        }
        Ok(())
    }

    /// When the engine next wants a timer, if it is due at `until`.
    #[inline]
    pub fn due_timer(&self, until: Time) -> Option<Time> {
        self.engine.next_timer().filter(|time| *time <= until)
    }

    /// True when there is something for `next_request` or `next_question` to give.
    #[inline]
    pub fn has_requests(&self) -> bool {
        !self.pending.is_empty() || !self.questions.is_empty()
    }

    /// The next request to carry out, oldest first.
    pub fn next_request(&mut self) -> Option<Request> {
        self.pending.pop_front()
    }

    /// The next question to a model, oldest first.
    pub fn next_question(&mut self) -> Option<InferRequest> {
        self.questions.pop_front()
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    pub fn finish(mut self) -> Result<Finished, JournalError> {
        let effect_hash = self.effect_digest.finish();
        if let Some(mut journal) = self.journal.take() {
            let end = JournalEnd { state_hash: self.engine.state_hash(), effect_hash, inputs: self.inputs };
            journal.append(&encode(&JournalRecord::End(end))?)?;
            journal.close()?;
        }
        let recording = self.recorder.map(|recorder| recorder.finish());
        let record = self.record.unwrap_or_default();
        Ok(Finished { engine: self.engine, record, recording, effect_hash, inputs: self.inputs })
    }

    fn collect(&mut self, now: Time) -> Result<(), JournalError> {
        for effect in self.effects.drain() {
            match effect {
                Effect::Notice(notice) => {
                    if let Some(journal) = self.journal.as_mut().filter(|_| notice.is_evidence()) {
                        journal.append(&encode(&JournalRecord::Told { now, notice: notice.clone() })?)?;
                    }
                    if let Some(record) = &mut self.record {
                        record.take(&notice);
                    }
                    if let Some(history) = &mut self.history {
                        Arc::make_mut(history).take(now, &notice);
                    }
                    if let Some(recorder) = &mut self.recorder {
                        recorder.take(now, &notice);
                    }
                    if let Some(listener) = &mut self.listener {
                        listener(now, &notice);
                    }
                }
                Effect::Infer(request) => {
                    let effect = Effect::Infer(request);
                    self.effect_digest.add(&effect);
                    if let Effect::Infer(request) = effect {
                        self.questions.push_back(request);
                    }
                }
                Effect::Submit(_) | Effect::Cancel { .. } | Effect::Replace { .. } | Effect::Query { .. } => {
                    self.effect_digest.add(&effect);
                    self.pending.extend(Request::of(effect));
                }
            }
        }
        Ok(())
    }
}

/// One line of the journal.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalRecord {
    Input(crate::engine::Stamped),
    /// What the engine saw and did about the market as a whole, with its evidence: for whoever reads the journal. A replay
    /// says the same again and does not need it.
    Told {
        now: Time,
        notice: Notice,
    },
    End(JournalEnd),
}

/// The last line of a run that ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct JournalEnd {
    pub state_hash: u64,
    pub effect_hash: u64,
    pub inputs: u64,
}

/// The same bytes as `JournalRecord::Input`, without owning the input.
#[derive(serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum JournalInput<'a> {
    Input(StampedRef<'a>),
}

#[derive(serde::Serialize)]
struct StampedRef<'a> {
    now: Time,
    input: &'a Input,
}

fn journal_line(now: Time, input: &Input) -> Result<String, JournalError> {
    encode(&JournalInput::Input(StampedRef { now, input }))
}

fn encode(record: &impl serde::Serialize) -> Result<String, JournalError> {
    serde_json::to_string(record).map_err(|error| JournalError(format!("an input cannot be written as JSON: {error}")))
}
