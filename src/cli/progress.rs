//! A progress bar on stderr, when that is a terminal.
//!
//! Invariant: nothing is drawn elsewhere, and nothing stays on the terminal.
//! Absent on purpose: results, which belong to stdout.

use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::app::Progress;
use crate::tui::backtest::Pace;
use crate::tui::format;

/// What takes less needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);
const FRAME: Duration = Duration::from_millis(100);

pub struct ProgressLine(ProgressBar);

impl ProgressLine {
    /// Of `length` steps, or of unknown length.
    pub fn new(what: &str, length: Option<u64>) -> ProgressLine {
        let template = match length {
            Some(_) => "{msg} [{bar:30}] {pos}/{len} {eta}",
            None => "{msg} {spinner} {pos}",
        };
        ProgressLine::styled(what, length, template)
    }

    /// With room for the pace, which counts from the begin of the work and not of the line.
    fn paced(length: Option<u64>) -> ProgressLine {
        let template = match length {
            Some(_) => "[{bar:30}] {msg}",
            None => "{spinner} {msg}",
        };
        ProgressLine::styled("", length, template)
    }

    fn styled(what: &str, length: Option<u64>, template: &str) -> ProgressLine {
        let target = if is_shown() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(length, target);
        // The templates are constant; without a style the default one is drawn.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what.to_owned());
        ProgressLine(bar)
    }

    pub fn to(&self, done: u64) {
        self.0.set_position(done);
    }

    pub fn say(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Goes through bars with a line of progress once it has taken a second; without a terminal nobody looks and the work is not
/// counted.
pub fn watched<T>(total: Option<u64>, work: impl FnOnce(Option<&Progress>) -> T) -> T {
    if !is_shown() {
        return work(None);
    }
    let (progress, started) = (Progress::default(), Instant::now());
    thread::scope(|scope| {
        // Dropped with the work, whichever way it ends.
        let (end, ended) = channel::<()>();
        let seen = &progress;
        scope.spawn(move || {
            let goes_on = |wait| ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout);
            if !goes_on(PATIENCE) {
                return;
            }
            let line = ProgressLine::paced(total);
            while goes_on(FRAME) {
                line.to(seen.bars());
                line.say(&told(seen, total, started.elapsed()));
            }
        });
        let made = work(Some(&progress));
        drop(end);
        made
    })
}

/// "1,200,000 of 4,000,000 bars, 800,000 bars a second, 4 s left"
fn told(progress: &Progress, total: Option<u64>, elapsed: Duration) -> String {
    if progress.is_measuring() {
        return "all bars are done; computing figures".to_owned();
    }
    let done = progress.bars();
    let pace = Pace::of(done, total.unwrap_or(done), elapsed.as_secs_f64(), false);
    let mut parts = vec![match total {
        Some(total) => format!("{} of {} bars", format::count(done), format::count(total)),
        None => format!("{} bars", format::count(done)),
    }];
    parts.extend(pace.bars_a_second.map(|rate| format!("{} bars a second", format::count(rate))));
    let left = pace.seconds_left.filter(|_| total.is_some());
    parts.extend(left.map(|left| format!("{} s left", format::count(left))));
    parts.join(", ")
}

fn is_shown() -> bool {
    std::io::stderr().is_terminal()
}
