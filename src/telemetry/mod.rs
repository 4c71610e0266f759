//! Telemetry: where log lines go.
//!
//! Invariant: nothing is ever written to stdout; the log never holds more than its bound on disk.
//! Absent on purpose: metrics and the ring buffer of the screen's log panel, which come with the screen.

mod plain;
mod rolling_file;

use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use rolling_file::RollingFile;

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
/// also go to stderr as one plain line each; a screen would be overwritten by them.
pub fn start(home: &Path, level: Option<&str>, headless: bool) -> Result<(), TelemetryError> {
    let level = level.filter(|text| !text.trim().is_empty()).unwrap_or("info");
    let filter = EnvFilter::try_new(level)
        .map_err(|error| TelemetryError::Level { found: level.to_string(), reason: error.to_string() })?;
    let folder = home.join("logs");
    let file = RollingFile::open(&folder, "kestrel", FILE_BYTES, FILES_KEPT)
        .map_err(|error| TelemetryError::Folder { folder, reason: error.to_string() })?;
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        // A full disk must not fill the terminal: the journal, not the log, is the record.
        .log_internal_errors(false)
        .with_writer(Mutex::new(file))
        .with_filter(filter);
    let warnings = headless.then_some(plain::Warnings);
    tracing_subscriber::registry().with(lines).with(warnings).try_init().map_err(|_| TelemetryError::Twice)
}

// STUB until cfg is merged
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    pub level: LogLevel,
    pub time: crate::domain::Time,
    pub at_ms: Option<i64>,
    pub text: String,
}
