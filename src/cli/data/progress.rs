//! A progress bar on stderr, when that is a terminal.
//!
//! Invariant: nothing is drawn elsewhere, and nothing stays on the terminal.
//! Absent on purpose: results, which belong to stdout.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub struct Progress(ProgressBar);

impl Progress {
    /// Of `length` steps, or of unknown length.
    pub fn new(what: &str, length: Option<u64>) -> Progress {
        let is_shown = std::io::stderr().is_terminal();
        let target = if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(length, target);
        let template = match length {
            Some(_) => "{msg} [{bar:30}] {pos}/{len} {eta}",
            None => "{msg} {spinner} {pos}",
        };
        // The templates are constant; without a style the default one is drawn.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what.to_owned());
        Progress(bar)
    }

    pub fn to(&self, done: u64) {
        self.0.set_position(done);
    }

    pub fn say(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
