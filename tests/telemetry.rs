//! The log while there is a screen.

use kestrel::telemetry::{self, LogLevel, TelemetryError};

/// The one test that starts the log of this process; only lines of this target pass.
const TARGET: &str = "the_screens_log";

#[test]
fn with_a_screen_lines_go_to_the_file_and_to_the_receiver() {
    let home = tempfile::tempdir().expect("a folder");
    let started = telemetry::start(home.path(), Some("the_screens_log=info"), false).expect("the log starts");
    let mut lines = started.expect("a receiver");
    tracing::info!(target: TARGET, at_ms = 120_000_i64, "bought");
    tracing::debug!(target: TARGET, "too quiet");
    tracing::info!("of another target");
    let line = lines.try_recv().expect("a line");
    assert_eq!((line.level, line.at_ms, line.text.as_str()), (LogLevel::Info, Some(120_000), "bought"));
    assert!(lines.try_recv().is_err());
    let file = std::fs::read_to_string(home.path().join("logs").join("kestrel.log")).expect("read");
    assert!(file.lines().count() == 1 && file.contains("bought") && file.contains("120000"), "{file}");
    let twice = telemetry::start(home.path(), None, false);
    assert!(matches!(twice, Err(TelemetryError::Twice)));
}
