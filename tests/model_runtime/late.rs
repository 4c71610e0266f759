//! A library that is not there at first. One process loads one library, so each case has a process of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use kestrel::engine::model::{InferOutcome, ModelSlot};
use kestrel::inference::{
    Build, Device, FetchPlan, InferencePlan, LibraryPlan, LibraryState, RuntimeView, Worker, WorkerPlan,
};
use tokio::sync::{mpsc, watch};

use super::graphs::{constant, model, request, spec};
use crate::support;

/// Where the child process plays, and where the library comes from.
const HOME: &str = "KESTREL_TEST_LATE_HOME";
const SOURCE: &str = "KESTREL_TEST_LATE_LIBRARY";
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the test of this name in another process, in which no library can be found.
fn alone(name: &str, home: &Path, library: &Path) {
    let output = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", &format!("model_runtime::late::{name}"), "--ignored", "--nocapture"])
        .env(HOME, home)
        .env(SOURCE, library)
        .env("HOME", home)
        .env("PATH", home)
        .env_remove("ORT_DYLIB_PATH")
        .env_remove("LD_LIBRARY_PATH")
        .env_remove("VIRTUAL_ENV")
        .env_remove("CONDA_PREFIX")
        .output()
        .expect("the test binary starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

fn plan(home: &Path, fetch: Option<FetchPlan>) -> (WorkerPlan, u64) {
    let onnx = constant(0.75);
    let digest = spec("tiny", &onnx).digest;
    let library = LibraryPlan { named: None, home: home.to_path_buf(), device: Device::Auto };
    let models = vec![model(ModelSlot::Trees, onnx)];
    let inference = InferencePlan { library, models, symbols: 1 };
    (WorkerPlan { inference, deadline: PATIENCE, fetch, look: Duration::from_millis(50) }, digest)
}

async fn until(view: &mut watch::Receiver<RuntimeView>, what: impl FnMut(&RuntimeView) -> bool) -> RuntimeView {
    tokio::time::timeout(PATIENCE, view.wait_for(what)).await.expect("in time").expect("the thread lives").clone()
}

#[test]
fn a_library_that_comes_late_brings_models_alive() {
    let Some(library) = support::onnxruntime() else { return };
    let home = tempfile::tempdir().expect("a folder");
    alone("comes_late", home.path(), &library);
}

#[tokio::test]
#[ignore = "run by a_library_that_comes_late_brings_models_alive in a process of its own"]
async fn comes_late() {
    let Some(home) = std::env::var_os(HOME).map(PathBuf::from) else { return };
    let (plan, digest) = plan(&home, None);
    let (questions, incoming) = mpsc::channel(4);
    let (outgoing, mut answers) = mpsc::channel(4);
    let worker = Worker::start(plan, incoming, outgoing).expect("a thread");
    let mut view = worker.view();
    let before = until(&mut view, |view| view.library.state == LibraryState::Missing).await;
    assert!(before.library.sentence.contains("kestrel doctor --install cpu"), "{}", before.library.sentence);
    assert_eq!(before.models[0].provider, None);
    questions.send((Instant::now(), request(1, ModelSlot::Trees, digest, 0))).await.expect("it listens");
    let answer = answers.recv().await.expect("an answer").outcome;
    assert!(matches!(answer, InferOutcome::Unavailable { why } if why.contains("--install cpu")));

    let folder = home.join("runtime/onnxruntime-1.31.1");
    std::fs::create_dir_all(&folder).expect("a folder");
    let source = std::env::var_os(SOURCE).expect("a library");
    let place = folder.join("libonnxruntime.so.1.31.1");
    // First half of it, as a power cut leaves it: refused, and not opened.
    let bytes = std::fs::read(&source).expect("the library");
    std::fs::write(&place, &bytes[..bytes.len() / 2]).expect("write");
    let half = until(&mut view, |view| view.library.sentence.contains("cut short")).await;
    assert_eq!(half.library.state, LibraryState::Missing);
    std::fs::remove_file(&place).expect("remove");
    std::os::unix::fs::symlink(&source, &place).expect("link");
    let after = until(&mut view, |view| view.library.state == LibraryState::Ready).await;
    assert!(after.models[0].proof.is_some());
    questions.send((Instant::now(), request(2, ModelSlot::Trees, digest, 0))).await.expect("it listens");
    assert!(matches!(answers.recv().await.expect("an answer").outcome, InferOutcome::Value(_)));
    worker.stop();
}

#[test]
fn a_missing_library_is_fetched_once_in_the_background() {
    let Some(library) = support::onnxruntime() else { return };
    let home = tempfile::tempdir().expect("a folder");
    alone("is_fetched", home.path(), &library);
}

#[tokio::test]
#[ignore = "run by a_missing_library_is_fetched_once_in_the_background in a process of its own"]
async fn is_fetched() {
    let Some(home) = std::env::var_os(HOME).map(PathBuf::from) else { return };
    let source = PathBuf::from(std::env::var_os(SOURCE).expect("a library"));
    let pip = super::fetching::pip_that_brings(&home, &source);
    let fetch = FetchPlan { pip: Some(pip), ..FetchPlan::new(Build::Cpu, home.clone()) };
    let (plan, digest) = plan(&home, Some(fetch));
    let (questions, incoming) = mpsc::channel(4);
    let (outgoing, mut answers) = mpsc::channel(4);
    let worker = Worker::start(plan, incoming, outgoing).expect("a thread");
    until(&mut worker.view(), |view| view.library.state == LibraryState::Missing).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(worker.view().borrow().library.state, LibraryState::Missing, "nobody has asked a model yet");
    questions.send((Instant::now(), request(0, ModelSlot::Trees, digest, 0))).await.expect("it listens");
    assert!(matches!(answers.recv().await.expect("an answer").outcome, InferOutcome::Unavailable { .. }));
    let after = until(&mut worker.view(), |view| view.library.state == LibraryState::Ready).await;
    assert_eq!(after.library.version.as_deref(), Some("1.31.1"));
    questions.send((Instant::now(), request(1, ModelSlot::Trees, digest, 0))).await.expect("it listens");
    assert!(matches!(answers.recv().await.expect("an answer").outcome, InferOutcome::Value(_)));
    worker.stop();
}

#[test]
fn without_pip_or_network_the_sentence_is_right_and_nothing_hangs() {
    let home = tempfile::tempdir().expect("a folder");
    alone("has_no_pip", home.path(), Path::new(""));
}

#[tokio::test]
#[ignore = "run by without_pip_or_network_the_sentence_is_right_and_nothing_hangs in a process of its own"]
async fn has_no_pip() {
    let Some(home) = std::env::var_os(HOME).map(PathBuf::from) else { return };
    let (plan, digest) = plan(&home, Some(FetchPlan::new(Build::Cpu, home.clone())));
    let (questions, incoming) = mpsc::channel(4);
    let (outgoing, _answers) = mpsc::channel(4);
    let worker = Worker::start(plan, incoming, outgoing).expect("a thread");
    questions.send((Instant::now(), request(0, ModelSlot::Trees, digest, 0))).await.expect("it listens");
    let said = until(&mut worker.view(), |view| view.library.sentence.contains("no pip")).await;
    assert_eq!(said.library.state, LibraryState::Missing);
    let before = Instant::now();
    worker.stop();
    assert!(before.elapsed() < Duration::from_secs(2));
}
