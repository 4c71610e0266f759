//! `Stopwatch`: how long a run took, on the wall and on the processor.
//!
//! Invariant: CPU time is that of the whole process, all threads, or of the one thread that reads it; the name says which.
//! Absent on purpose: any use of these numbers by the engine.

use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    started: Instant,
    cpu: Duration,
    of: Whose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Process,
    Thread,
}

/// A reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Elapsed {
    pub wall_seconds: f64,
    pub cpu_seconds: f64,
}

impl Stopwatch {
    pub fn start() -> Stopwatch {
        Stopwatch::of(Whose::Process)
    }

    /// Of the calling thread; it must be read on the same.
    pub fn of_thread() -> Stopwatch {
        Stopwatch::of(Whose::Thread)
    }

    fn of(of: Whose) -> Stopwatch {
        Stopwatch { started: Instant::now(), cpu: cpu_time(of), of }
    }

    pub fn read(&self) -> Elapsed {
        Elapsed {
            wall_seconds: self.started.elapsed().as_secs_f64(),
            cpu_seconds: cpu_time(self.of).saturating_sub(self.cpu).as_secs_f64(),
        }
    }
}

/// Zero where the platform does not tell.
#[cfg(unix)]
fn cpu_time(of: Whose) -> Duration {
    let clock = match of {
        Whose::Process => rustix::time::ClockId::ProcessCPUTime,
        Whose::Thread => rustix::time::ClockId::ThreadCPUTime,
    };
    let time = rustix::time::clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(not(unix))]
fn cpu_time(_: Whose) -> Duration {
    Duration::ZERO
}
