//! The thread that answers: order, newest wins, deadlines, swaps, and its end.

use std::time::{Duration, Instant};

use kestrel::engine::model::{InferOutcome, Inferred, ModelSlot};
use kestrel::inference::{Device, ModelPlan, Question, Worker, WorkerPlan};
use tokio::sync::mpsc;

use super::graphs::{constant, model, plan, request, spec};
use crate::support;

const PATIENCE: Duration = Duration::from_secs(20);

struct Bench {
    worker: Worker,
    questions: mpsc::Sender<Question>,
    answers: mpsc::Receiver<Inferred>,
}

fn bench(models: Vec<ModelPlan>, waiting: Vec<Question>) -> Bench {
    let (questions, incoming) = mpsc::channel(64);
    let (outgoing, answers) = mpsc::channel(64);
    for question in waiting {
        questions.try_send(question).expect("room");
    }
    let plan = WorkerPlan {
        inference: plan(Device::Cpu, models),
        deadline: PATIENCE,
        fetch: None,
        look: Duration::from_millis(20),
    };
    let worker = Worker::start(plan, incoming, outgoing).expect("a thread");
    Bench { worker, questions, answers }
}

async fn next(answers: &mut mpsc::Receiver<Inferred>) -> Inferred {
    tokio::time::timeout(PATIENCE, answers.recv()).await.expect("an answer in time").expect("an answer")
}

#[tokio::test]
async fn what_waits_is_answered_once_each_and_the_newest_by_the_model() {
    if support::onnxruntime().is_none() {
        return;
    }
    let onnx = constant(0.75);
    let digest = spec("tiny", &onnx).digest;
    let now = Instant::now();
    let late = now.checked_sub(2 * PATIENCE).expect("a clock that has run for a while");
    let ask = |at, number, symbol| (at, request(number, ModelSlot::Trees, digest, symbol));
    let waiting = vec![ask(late, 1, 9), ask(now, 2, 0), ask(now, 3, 1), ask(now, 4, 0), ask(now, 5, 2)];
    let mut bench = bench(vec![model(ModelSlot::Trees, onnx)], waiting);
    let mut run = Vec::new();
    let mut skipped = Vec::new();
    for _ in 0..5 {
        let answer = next(&mut bench.answers).await;
        match answer.outcome {
            InferOutcome::Value(value) => {
                assert!((value - 0.75).abs() < 1e-6);
                run.push((answer.number, answer.symbol.0));
            }
            InferOutcome::Skipped => skipped.push(answer.number),
            InferOutcome::NotFinite | InferOutcome::Unavailable { .. } => panic!("{answer:?}"),
        }
    }
    run.sort_unstable();
    skipped.sort_unstable();
    assert_eq!((run, skipped), (vec![(3, 1), (4, 0), (5, 2)], vec![1, 2]));
    let view = bench.worker.view().borrow().models[0].clone();
    assert_eq!((view.answered, view.skipped), (3, 2));
    assert!(view.median.is_some() && view.percentile_99 >= view.median && view.last_run.is_some());
    bench.worker.stop();
}

#[tokio::test]
async fn models_are_swapped_while_it_runs() {
    if support::onnxruntime().is_none() {
        return;
    }
    let (old, new) = (constant(0.75), constant(0.25));
    let (old_spec, new_spec) = (spec("old", &old), spec("new", &new));
    let mut bench = bench(vec![model(ModelSlot::Trees, old.clone())], Vec::new());
    let steering = bench.worker.steering();
    let refused = steering.swap(ModelSlot::Trees, Some((new_spec.clone(), old.into()))).await;
    assert!(refused.is_err_and(|said| said.contains("the model new")));
    let ask = async |bench: &mut Bench, number, digest| {
        let question = (Instant::now(), request(number, ModelSlot::Trees, digest, 0));
        bench.questions.send(question).await.expect("the thread listens");
        next(&mut bench.answers).await.outcome
    };
    assert!(matches!(ask(&mut bench, 1, old_spec.digest).await, InferOutcome::Value(value) if value > 0.5));
    steering.swap(ModelSlot::Trees, Some((new_spec.clone(), new.into()))).await.expect("a whole model");
    assert!(matches!(ask(&mut bench, 2, new_spec.digest).await, InferOutcome::Value(value) if value < 0.5));
    assert!(matches!(ask(&mut bench, 3, old_spec.digest).await, InferOutcome::Unavailable { .. }));
    bench.worker.stop();
    assert!(steering.swap(ModelSlot::Trees, None).await.is_err());
}

#[tokio::test]
async fn it_ends_with_its_queue_and_when_nobody_takes_answers() {
    let onnx = constant(0.75);
    let digest = spec("tiny", &onnx).digest;
    let questions = (0..64).map(|number| (Instant::now(), request(number, ModelSlot::Trees, digest, number as u16)));
    // With or without a library, each question has its answer.
    let mut bench = bench(vec![model(ModelSlot::Trees, onnx)], questions.collect());
    for _ in 0..64 {
        next(&mut bench.answers).await;
    }
    drop(bench.questions);
    assert!(tokio::time::timeout(PATIENCE, bench.answers.recv()).await.expect("in time").is_none());
    bench.worker.stop();
}
