//! Log lines for the screen: values in a bounded queue.
//!
//! Invariant: logging never waits for the screen; each line arrives or is counted as dropped.
//! Absent on purpose: drawing, and keeping lines that were shown; the log file has them all.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::plain::Line;
use crate::domain::Time;

/// Lines that may wait for the screen. When as many do, the newest is dropped and counted.
pub const LINES_WAITING: usize = 1_024;
/// A longer text is cut; the file has it whole.
const LONGEST_TEXT: usize = 2_000;

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
    /// When it was said, by this machine's clock.
    pub time: Time,
    /// The moment of the market it speaks of, in ms UTC: the field `at_ms`.
    pub at_ms: Option<i64>,
    /// The message and its other fields on one line without control characters.
    pub text: String,
}

/// The layer that sends them.
pub(super) struct Screen {
    lines: Sender<LogLine>,
    dropped: AtomicU64,
    /// Whether a log file holds what is dropped here.
    filed: bool,
}

impl Screen {
    pub(super) fn new(filed: bool) -> (Screen, Receiver<LogLine>) {
        let (lines, receiver) = channel(LINES_WAITING);
        (Screen { lines, dropped: AtomicU64::new(0), filed }, receiver)
    }

    /// Sends the line, after a note on those dropped before it; where they do not fit, it is dropped as well.
    fn send(&self, line: LogLine) {
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        let note = (dropped > 0).then(|| self.note(dropped, line.time));
        match self.lines.try_reserve_many(1 + usize::from(note.is_some())) {
            Ok(places) => {
                for (place, line) in places.zip(note.into_iter().chain([line])) {
                    place.send(line);
                }
            }
            Err(TrySendError::Full(())) => {
                self.dropped.fetch_add(dropped + 1, Ordering::Relaxed);
            }
            // The screen is gone.
            Err(TrySendError::Closed(())) => {}
        }
    }

    fn note(&self, dropped: u64, time: Time) -> LogLine {
        let lines = if dropped == 1 { "line" } else { "lines" };
        let kept = match (self.filed, dropped) {
            (true, 1) => "it is in the log file",
            (true, _) => "they are in the log file",
            (false, _) => "there is no log file",
        };
        LogLine { level: LogLevel::Warn, time, at_ms: None, text: format!("{dropped} {lines} dropped here; {kept}") }
    }
}

impl<S: Subscriber> Layer<S> for Screen {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let level = match *event.metadata().level() {
            Level::ERROR => LogLevel::Error,
            Level::WARN => LogLevel::Warn,
            Level::INFO => LogLevel::Info,
            Level::DEBUG => LogLevel::Debug,
            Level::TRACE => LogLevel::Trace,
        };
        let mut told = Told::default();
        event.record(&mut told);
        let text = told.line.to_string();
        // Control characters of a foreign message would steer the terminal.
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        let mut text: String = match text.char_indices().nth(LONGEST_TEXT) {
            Some((end, _)) => format!("{}...", &text[..end]),
            None => text,
        };
        if text.contains(char::is_control) {
            text = text.chars().map(clean).collect();
        }
        self.send(LogLine { level, time: now(), at_ms: told.at_ms, text });
    }
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A line whose market time stands apart.
#[derive(Default)]
struct Told {
    line: Line,
    at_ms: Option<i64>,
}

impl Visit for Told {
    fn record_i64(&mut self, field: &Field, value: i64) {
        match field.name() {
            "at_ms" => self.at_ms = Some(value),
            _ => self.line.record_debug(field, &value),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.line.record_debug(field, value);
    }
}

#[cfg(test)]
mod tests {
    use super::{LINES_WAITING, LogLevel, LogLine, Receiver, Screen};
    use tracing_subscriber::layer::SubscriberExt;

    /// Everything that `say` logs goes to a new screen.
    fn logged(say: impl FnOnce(&mut Receiver<LogLine>)) -> Receiver<LogLine> {
        let (screen, mut lines) = Screen::new(true);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(screen), || say(&mut lines));
        lines
    }

    fn all(lines: &mut Receiver<LogLine>) -> Vec<String> {
        std::iter::from_fn(|| lines.try_recv().ok()).map(|line| line.text).collect()
    }

    #[test]
    fn a_line_has_its_level_its_market_time_and_clean_text() {
        let mut lines = logged(|_| tracing::warn!(at_ms = 60_000_i64, port = 80_i64, "two\nlines \u{1b}[2J"));
        let line = lines.try_recv().expect("a line");
        assert_eq!((line.level, line.at_ms), (LogLevel::Warn, Some(60_000)));
        assert_eq!(line.text, "two lines  [2J port=80");
        assert!(line.time.millis() > 1_700_000_000_000);
        let mut lines = logged(|_| tracing::info!("{}", "ä".repeat(5_000)));
        assert_eq!(lines.try_recv().map(|line| line.text.chars().count()), Ok(2_003));
    }

    #[test]
    fn a_full_queue_drops_the_newest_and_says_how_many() {
        let mut lines = logged(|lines| {
            for number in 0..LINES_WAITING + 3 {
                tracing::info!("line {number}");
            }
            assert_eq!(lines.len(), LINES_WAITING);
            // One place is not enough for the note and the line.
            lines.try_recv().expect("a line");
            tracing::info!("dropped too");
            lines.try_recv().expect("a line");
            tracing::info!("fits");
            lines.try_recv().expect("a line");
            tracing::info!("fits as well");
        });
        let texts = all(&mut lines);
        assert_eq!(texts.len(), LINES_WAITING);
        assert_eq!(texts[0], "line 3");
        let last = ["line 1023", "4 lines dropped here; they are in the log file", "fits", "fits as well"];
        assert_eq!(texts[LINES_WAITING - 4..], last);
    }

    #[test]
    fn a_screen_that_is_gone_disturbs_nobody() {
        logged(|lines| {
            lines.close();
            tracing::error!("to nobody");
        });
    }
}
