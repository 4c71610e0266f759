//! Work in parallel: jobs on as many threads as there are cores, watched from one place.
//!
//! Invariant: each job runs on one thread from begin to end; answers come in the order of the jobs; when one fails or a person
//! stops them, the others are told and the first true failure is answered.
//! Absent on purpose: what the jobs are.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::training::{Flow, TrainingError};

/// The watcher is asked at least as often whether to go on.
const LOOK: Duration = Duration::from_millis(100);

/// What a job does: its number to what it makes.
pub type Work<'a, T, M, E> = &'a (dyn Fn(usize, &Report<'_, T>) -> Result<M, E> + Sync);

/// Where a job tells how far it is.
pub struct Report<'a, T> {
    job: usize,
    told: Sender<(usize, T)>,
    stop: &'a AtomicBool,
}

impl<T> Report<'_, T> {
    /// Tells, and hears whether to go on.
    pub fn tell(&self, what: T) -> Flow {
        // The watcher outlives all jobs.
        let _ = self.told.send((self.job, what));
        self.flow()
    }

    pub fn flow(&self) -> Flow {
        if self.stop.load(Ordering::Relaxed) { Flow::Stop } else { Flow::Continue }
    }
}

/// Does all jobs; `watch` is told on the calling thread what they tell (`None`: nothing since the last time).
pub fn all<T, M, E>(
    jobs: usize,
    work: Work<'_, T, M, E>,
    watch: &mut dyn FnMut(Option<(usize, T)>) -> Flow,
) -> Result<Vec<M>, E>
where
    T: Send,
    M: Send,
    E: Send + From<TrainingError>,
{
    let threads = thread::available_parallelism().map_or(1, usize::from).min(jobs);
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let done: Mutex<Vec<(usize, Result<M, E>)>> = Mutex::new(Vec::new());
    let (told, heard) = channel();
    thread::scope(|scope| {
        for _ in 0..threads {
            let (told, next, stop, done) = (told.clone(), &next, &stop, &done);
            scope.spawn(move || {
                loop {
                    let job = next.fetch_add(1, Ordering::Relaxed);
                    if job >= jobs || stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let made = work(job, &Report { job, told: told.clone(), stop });
                    stop.fetch_or(made.is_err(), Ordering::Relaxed);
                    if let Ok(mut done) = done.lock() {
                        done.push((job, made));
                    }
                }
            });
        }
        drop(told);
        listen(&heard, &stop, watch);
    });
    // In the order in which they ended: what failed first is why the others were stopped.
    let mut made = Vec::with_capacity(jobs);
    for (job, one) in done.into_inner().unwrap_or_default() {
        made.push((job, one?));
    }
    made.sort_by_key(|(job, _)| *job);
    // Jobs that nobody began: a person stopped the others while they ended.
    if made.len() < jobs {
        return Err(TrainingError::Stopped.into());
    }
    Ok(made.into_iter().map(|(_, made)| made).collect())
}

/// Until the last job has ended.
fn listen<T>(heard: &Receiver<(usize, T)>, stop: &AtomicBool, watch: &mut dyn FnMut(Option<(usize, T)>) -> Flow) {
    loop {
        let flow = match heard.recv_timeout(LOOK) {
            Ok(told) => watch(Some(told)),
            Err(RecvTimeoutError::Timeout) => watch(None),
            Err(RecvTimeoutError::Disconnected) => break,
        };
        stop.fetch_or(flow == Flow::Stop, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_the_order_of_the_jobs_and_all_is_told() {
        let mut told = Vec::new();
        let made = all(
            5,
            &|job, report| {
                report.tell(job * 10);
                Ok::<_, TrainingError>(job)
            },
            &mut |what| {
                told.extend(what);
                Flow::Continue
            },
        );
        told.sort_unstable();
        assert_eq!(made.expect("none fails"), [0, 1, 2, 3, 4]);
        assert_eq!(told, [(0, 0), (1, 10), (2, 20), (3, 30), (4, 40)]);
    }

    #[test]
    fn a_stop_ends_all_and_a_failure_is_answered() {
        let wait = |_: usize, report: &Report<'_, ()>| {
            while report.tell(()) == Flow::Continue {
                thread::sleep(Duration::from_millis(1));
            }
            Err::<(), _>(TrainingError::Stopped)
        };
        let stopped = all(3, &wait, &mut |_| Flow::Stop);
        assert!(matches!(stopped, Err(TrainingError::Stopped)));
        let failed = all(
            2,
            &|job, report: &Report<'_, ()>| {
                if job == 1 { Err(TrainingError::Data("broken".into())) } else { wait(job, report) }
            },
            &mut |_| Flow::Continue,
        );
        assert!(matches!(failed, Err(TrainingError::Data(_))), "{failed:?}");
    }
}
