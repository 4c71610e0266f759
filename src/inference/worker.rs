//! `Worker`: a thread that owns the models of a live run, with a queue of questions in and one of answers out.
//!
//! Invariant: each question gets one answer; of several of one model and symbol only the newest is run, and none after its
//! deadline. A swap, a late library or a fetch never leaves a slot without the model that ran before.
//! Absent on purpose: runs that must come out the same each time; they ask `LoadedModels` directly.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;

use super::fetch::{FetchPlan, Fetching};
use super::library::LibraryError;
use super::models::{InferencePlan, LoadedModels, inferred};
use super::view::{LibraryState, LibraryView, RuntimeView};
use crate::engine::model::{InferOutcome, InferRequest, Inferred, ModelSlot, ModelSpec};

/// Swaps that wait.
const STEERING: usize = 8;
/// Questions that are taken out of the queue at a time.
const MOST_AT_ONCE: usize = 1_024;

/// A question and when it was asked.
pub type Question = (Instant, InferRequest);

#[derive(Debug, Clone)]
pub struct WorkerPlan {
    pub inference: InferencePlan,
    /// `inference_deadline_ms`: an older question is skipped.
    pub deadline: Duration,
    /// `onnxruntime_fetch`: how to get the library where it is missing; it is tried once, when a model is asked.
    pub fetch: Option<FetchPlan>,
    /// Between two looks for a missing library.
    pub look: Duration,
}

/// The thread. It ends when it is stopped, or when the queue of questions is closed.
pub struct Worker {
    steering: Steering,
    view: watch::Receiver<RuntimeView>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Changes the models of a running worker.
#[derive(Clone)]
pub struct Steering {
    sender: mpsc::Sender<Steer>,
}

enum Steer {
    Swap { slot: ModelSlot, model: Option<(ModelSpec, Arc<[u8]>)>, done: oneshot::Sender<Result<(), String>> },
    Stop,
}

impl WorkerPlan {
    pub const LOOK: Duration = Duration::from_secs(3);
}

impl Worker {
    /// Questions come bounded; who cannot put one in answers it as skipped. Answers wait for who takes them. The error is a
    /// sentence.
    pub fn start(
        plan: WorkerPlan,
        questions: mpsc::Receiver<Question>,
        answers: mpsc::Sender<Inferred>,
    ) -> Result<Worker, String> {
        let (sender, steers) = mpsc::channel(STEERING);
        let (publish, view) = watch::channel(RuntimeView::default());
        let stop = Arc::new(AtomicBool::new(false));
        let ended = stop.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|error| format!("the models' thread cannot begin ({error}); start again"))?;
        let work = move || {
            let desk = Desk::open(plan, publish, ended);
            runtime.block_on(serve(desk, questions, steers, answers));
        };
        let thread = std::thread::Builder::new().name("models".into()).spawn(work);
        let thread = thread.map_err(|error| format!("the models' thread cannot begin ({error}); start again"))?;
        Ok(Worker { steering: Steering { sender }, view, stop, thread: Some(thread) })
    }

    pub fn view(&self) -> watch::Receiver<RuntimeView> {
        self.view.clone()
    }

    pub fn steering(&self) -> Steering {
        self.steering.clone()
    }

    /// Ends the thread and a fetch that is under way; questions that wait stay unanswered.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // A full or closed queue: the thread sees the flag after what it does now, or has ended.
        let _ = self.steering.sender.try_send(Steer::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the models' thread ended badly");
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}

impl Steering {
    /// Puts another model, or none, into the slot. The answer comes when the new one is proven, or says why the old one
    /// stays. The engine is told of the new one after that.
    pub async fn swap(&self, slot: ModelSlot, model: Option<(ModelSpec, Arc<[u8]>)>) -> Result<(), String> {
        let gone = || "the models' thread has ended; start again".to_string();
        let (done, answer) = oneshot::channel();
        self.sender.send(Steer::Swap { slot, model, done }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// The loop. It decides nothing; `biased` so that a swap is not starved by questions.
async fn serve(
    mut desk: Desk,
    mut questions: mpsc::Receiver<Question>,
    mut steers: mpsc::Receiver<Steer>,
    answers: mpsc::Sender<Inferred>,
) {
    let mut ticks = tokio::time::interval(desk.look);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut waiting: Vec<Question> = Vec::new();
    while !desk.stop.load(Ordering::Relaxed) {
        let mut out = Vec::new();
        tokio::select! {
            biased;
            steer = steers.recv() => match steer {
                Some(Steer::Swap { slot, model, done }) => desk.swap(slot, model, done),
                Some(Steer::Stop) | None => return,
            },
            count = questions.recv_many(&mut waiting, MOST_AT_ONCE) => {
                if count == 0 {
                    return;
                }
                desk.answer(&mut waiting, Instant::now(), &mut out);
            }
            _ = ticks.tick() => desk.look(),
        }
        for answer in out {
            tokio::select! {
                biased;
                sent = answers.send(answer) => if sent.is_err() { return },
                // Who asked may wait for this thread's end instead of its answers.
                () = ended(&desk.stop) => return,
            }
        }
    }
}

/// Completes when the thread is to end.
async fn ended(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What the thread works on.
struct Desk {
    models: LoadedModels,
    deadline: Duration,
    look: Duration,
    fetch: Option<FetchPlan>,
    fetching: Option<Fetching>,
    /// Why the fetch failed; a full sentence.
    fetch_failed: Option<String>,
    publish: watch::Sender<RuntimeView>,
    stop: Arc<AtomicBool>,
}

impl Desk {
    fn open(plan: WorkerPlan, publish: watch::Sender<RuntimeView>, stop: Arc<AtomicBool>) -> Desk {
        let models = LoadedModels::open(&plan.inference);
        let desk = Desk {
            models,
            deadline: plan.deadline,
            look: plan.look.max(Duration::from_millis(1)),
            fetch: plan.fetch,
            fetching: None,
            fetch_failed: None,
            publish,
            stop,
        };
        desk.show();
        desk
    }

    /// Answers all that wait, the newest of each model and symbol by the model, the others as skipped.
    fn answer(&mut self, waiting: &mut Vec<Question>, now: Instant, out: &mut Vec<Inferred>) {
        self.fetch_if_missing();
        let (run, skipped) = triage(waiting, now, self.deadline);
        for request in &skipped {
            self.models.skipped(request.slot);
            out.push(inferred(request, InferOutcome::Skipped));
        }
        for slot in ModelSlot::ALL {
            let of_slot: Vec<InferRequest> = run.iter().filter(|request| request.slot == slot).cloned().collect();
            if !of_slot.is_empty() {
                self.models.answer(slot, &of_slot, |answer| out.push(answer));
            }
        }
        self.show();
    }

    fn swap(
        &mut self,
        slot: ModelSlot,
        model: Option<(ModelSpec, Arc<[u8]>)>,
        done: oneshot::Sender<Result<(), String>>,
    ) {
        let result = self.models.swap(slot, model);
        self.show();
        // Who asked may have gone.
        let _ = done.send(result);
    }

    /// Does nothing once there is a library.
    fn look(&mut self) {
        if !matches!(self.models.library(), Err(LibraryError::Missing(_))) {
            return;
        }
        if let Some(done) = self.fetching.as_mut().and_then(Fetching::done) {
            self.fetching = None;
            match done {
                Ok(path) => tracing::info!(path = %path.display(), "ONNX Runtime was fetched"),
                Err(why) => {
                    tracing::warn!("{why}");
                    self.fetch_failed = Some(why);
                }
            }
        }
        if self.models.look_again() {
            tracing::info!("ONNX Runtime has come: the models run");
        }
        self.show();
    }

    fn fetch_if_missing(&mut self) {
        if !matches!(self.models.library(), Err(LibraryError::Missing(_))) {
            return;
        }
        if let Some(plan) = self.fetch.take() {
            match Fetching::start(plan, self.stop.clone()) {
                Ok(fetching) => self.fetching = Some(fetching),
                Err(why) => self.fetch_failed = Some(why),
            }
        }
    }

    fn show(&self) {
        let mut view = self.models.view();
        if view.library.state == LibraryState::Missing {
            if self.fetching.is_some() {
                let sentence = "ONNX Runtime is being fetched by pip (24 MB); rule strategies trade meanwhile.";
                view.library = LibraryView::without(LibraryState::Fetching, sentence.into());
            } else if let Some(why) = &self.fetch_failed {
                view.library.sentence.clone_from(why);
            }
        }
        self.publish.send_replace(view);
    }
}

/// Those to run, at most one of a model and symbol, and the others. Empties what waited.
fn triage(waiting: &mut Vec<Question>, now: Instant, deadline: Duration) -> (Vec<InferRequest>, Vec<InferRequest>) {
    let mut run: Vec<InferRequest> = Vec::with_capacity(waiting.len());
    let mut skipped = Vec::new();
    for (asked, request) in waiting.drain(..) {
        if now.saturating_duration_since(asked) > deadline {
            skipped.push(request);
            continue;
        }
        let same = |other: &InferRequest| other.slot == request.slot && other.symbol == request.symbol;
        match run.iter_mut().find(|other| same(other)) {
            Some(older) if older.number < request.number => skipped.push(std::mem::replace(older, request)),
            Some(_) => skipped.push(request),
            None => run.push(request),
        }
    }
    (run, skipped)
}

#[cfg(test)]
mod tests {
    use super::{Duration, InferRequest, Instant, ModelSlot, Question, triage};
    use crate::domain::{SymbolId, Time};

    fn question(at: Instant, number: u64, slot: ModelSlot, symbol: u16) -> Question {
        (at, InferRequest { number, slot, symbol: SymbolId(symbol), model: 1, bar: Time(0), input: Vec::new() })
    }

    #[test]
    fn of_several_questions_the_newest_of_each_model_and_symbol_is_run() {
        let now = Instant::now();
        let mut waiting = vec![
            question(now, 1, ModelSlot::Trees, 0),
            question(now, 2, ModelSlot::Trees, 1),
            question(now, 3, ModelSlot::Temporal, 0),
            question(now, 5, ModelSlot::Trees, 0),
            question(now, 4, ModelSlot::Trees, 0),
        ];
        let (run, skipped) = triage(&mut waiting, now, Duration::from_millis(500));
        let numbers = |requests: &[InferRequest]| requests.iter().map(|request| request.number).collect::<Vec<_>>();
        assert_eq!(numbers(&run), [5, 2, 3]);
        assert_eq!(numbers(&skipped), [1, 4]);
        assert!(waiting.is_empty());
    }

    #[test]
    fn a_question_past_its_deadline_is_not_run_and_takes_no_place() {
        let asked = Instant::now();
        let now = asked + Duration::from_millis(501);
        let mut waiting = vec![question(asked, 9, ModelSlot::Trees, 0), question(now, 8, ModelSlot::Trees, 0)];
        let (run, skipped) = triage(&mut waiting, now, Duration::from_millis(500));
        assert_eq!((run[0].number, skipped[0].number), (8, 9));
    }
}
