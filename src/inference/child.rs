//! A program that is run with a bound on its time.
//!
//! Invariant: whatever the program does, the call returns soon after its limit or its cancelling, and the program is ended.
//! Absent on purpose: talking to it; its input is empty.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How often it is looked whether the program has ended.
const LOOK: Duration = Duration::from_millis(20);
/// What is read of each of its outputs.
const MOST_OUTPUT: u64 = 1 << 20;
/// After its end, for what it wrote last; a child of its own may hold the outputs open.
const LAST_WORDS: Duration = Duration::from_millis(300);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    pub succeeded: bool,
    pub stdout: String,
    pub stderr: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// There is no such program.
    #[error("there is no such program")]
    Missing,
    #[error("it cannot be started ({0})")]
    Start(std::io::Error),
    #[error("it was not done within {} s", .0.as_secs())]
    Late(Duration),
    #[error("it was stopped")]
    Cancelled,
}

pub fn run(mut command: Command, limit: Duration, cancel: &AtomicBool) -> Result<Done, ChildError> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ChildError::Missing,
        _ => ChildError::Start(error),
    })?;
    let stdout = child.stdout.take().map(collect);
    let stderr = child.stderr.take().map(collect);
    let succeeded = wait(&mut child, limit, cancel)?;
    Ok(Done { succeeded, stdout: said(stdout), stderr: said(stderr) })
}

fn wait(child: &mut Child, limit: Duration, cancel: &AtomicBool) -> Result<bool, ChildError> {
    let begin = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) if cancel.load(Ordering::Relaxed) => return Err(end(child, ChildError::Cancelled)),
            Ok(None) if begin.elapsed() >= limit => return Err(end(child, ChildError::Late(limit))),
            Ok(None) => std::thread::sleep(LOOK),
            Err(error) => return Err(end(child, ChildError::Start(error))),
        }
    }
}

fn end(child: &mut Child, error: ChildError) -> ChildError {
    // It may have ended by itself meanwhile.
    let _ = child.kill();
    let _ = child.wait();
    error
}

/// Reads on a thread of its own, so that a full pipe stops nobody.
fn collect(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut from = from;
        let _ = (&mut from).take(MOST_OUTPUT).read_to_end(&mut bytes);
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
        let _ = std::io::copy(&mut from, &mut std::io::sink());
    });
    receiver
}

fn said(output: Option<Receiver<String>>) -> String {
    output.and_then(|output| output.recv_timeout(LAST_WORDS).ok()).unwrap_or_default()
}
