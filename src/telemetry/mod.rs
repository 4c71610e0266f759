//! Telemetry: where log lines go.
//!
//! Invariant: nothing is ever written to stdout; the log never holds more than its bound on disk.
//! Absent on purpose: metrics, and keeping lines for the screen's panel; the screen keeps what it receives.

mod plain;
mod rolling_file;
mod screen;

use std::path::Path;
use std::sync::Mutex;

use tokio::sync::mpsc::Receiver;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use rolling_file::RollingFile;
pub use screen::{LINES_WAITING, LogLevel, LogLine};

/// The variable that sets the level: `info`, or directives such as `warn,kestrel::exchange=debug`.
pub const LEVEL_VARIABLE: &str = "KESTREL_LOG";
/// One log file holds at most this many bytes...
pub const FILE_BYTES: u64 = 10 * 1024 * 1024;
/// ...and this many files are kept, the one being written included.
pub const FILES_KEPT: usize = 5;

/// Full sentences; the program goes on without a log.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("KESTREL_LOG is {found:?} ({reason}); allowed is a level (error, warn, info, debug, trace) or room=level")]
    Level { found: String, reason: String },
    #[error("{}: the log cannot be written ({reason}); check the folder or give another with --home", folder.display())]
    Folder { folder: std::path::PathBuf, reason: String },
    #[error("the log was already started; this is a bug")]
    Twice,
}

/// Starts logging as JSON lines to `<home>/logs/kestrel.log`, once a process. With `headless`, warnings and errors
/// also go to stderr as one plain line each. A screen would be overwritten by them: without `headless` nothing goes to
/// stderr, and all lines of the level come through the receiver as well. A folder that cannot be written is an error
/// when headless, and the first line of a screen.
pub fn start(home: &Path, level: Option<&str>, headless: bool) -> Result<Option<Receiver<LogLine>>, TelemetryError> {
    let level = level.filter(|text| !text.trim().is_empty()).unwrap_or("info");
    let filter = || {
        EnvFilter::try_new(level)
            .map_err(|error| TelemetryError::Level { found: level.to_string(), reason: error.to_string() })
    };
    let (for_file, for_screen) = (filter()?, filter()?);
    let folder = home.join("logs");
    let (file, fault) = match RollingFile::open(&folder, "kestrel", FILE_BYTES, FILES_KEPT) {
        Ok(file) => (Some(file), None),
        Err(error) => (None, Some(TelemetryError::Folder { folder, reason: error.to_string() })),
    };
    if headless && let Some(fault) = fault {
        return Err(fault);
    }
    let (screen, receiver) = match headless {
        true => (None, None),
        false => {
            let (screen, receiver) = screen::Screen::new(file.is_some());
            (Some(screen.with_filter(for_screen)), Some(receiver))
        }
    };
    let lines = file.map(|file| {
        tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            // A full disk must not fill the terminal: the journal, not the log, is the record.
            .log_internal_errors(false)
            .with_writer(Mutex::new(file))
            .with_filter(for_file)
    });
    let warnings = headless.then_some(plain::Warnings);
    let layers = tracing_subscriber::registry().with(lines).with(warnings).with(screen);
    layers.try_init().map_err(|_| TelemetryError::Twice)?;
    if let Some(fault) = fault {
        tracing::warn!("{fault}");
    }
    Ok(receiver)
}
