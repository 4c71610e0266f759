//! The program: hands the command line to `cli` and its status to the shell.
//!
//! Invariant: a panic is told as one sentence and ends with status 1, as every bug does.
//! Absent on purpose: everything else.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

fn main() -> ExitCode {
    static PANICKED: AtomicBool = AtomicBool::new(false);
    std::panic::set_hook(Box::new(|panic| {
        // What the guard of `store` catches is told as damage of the file.
        if !kestrel::store::is_decoding() {
            PANICKED.store(true, Ordering::Relaxed);
            // First the terminal, so that the sentence can be read.
            kestrel::tui::terminal::leave();
            kestrel::cli::complain(&format!("this is a bug in kestrel, please report it: {panic}"));
        }
    }));
    let status = std::panic::catch_unwind(|| kestrel::cli::start(std::env::args_os().collect()));
    // A panic on another thread is a bug too, however well the rest ended.
    match status {
        Ok(0) if PANICKED.load(Ordering::Relaxed) => ExitCode::from(1),
        status => ExitCode::from(status.unwrap_or(1)),
    }
}
