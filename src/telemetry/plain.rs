//! Warnings and errors as one plain line each on stderr.
//!
//! Invariant: one event is one line, whatever its text holds.
//! Absent on purpose: times, colours and levels below warning; the log file has them.

use std::fmt::{self, Debug, Display, Write as _};
use std::io::Write as _;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// The layer that prints them.
pub(super) struct Warnings;

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let name = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warning",
            _ => return,
        };
        let mut line = Line::default();
        event.record(&mut line);
        let text = format!("{name}: {line}").replace(['\n', '\r'], " ");
        // A closed stderr is no reason to stop trading.
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }
}

/// The message, then the other fields by name.
#[derive(Default)]
pub(super) struct Line {
    message: String,
    fields: String,
}

impl Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.message, self.fields)
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            // Writing to a String cannot fail.
            let _ = write!(self.fields, " {}={value:?}", field.name());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Debug, Line, Visit};
    use tracing::field::FieldSet;

    fn visited(values: &[(&'static str, &dyn Debug)]) -> Line {
        static CALLSITE: tracing::callsite::DefaultCallsite = {
            static META: tracing::Metadata<'static> = tracing::Metadata::new(
                "line",
                "test",
                tracing::Level::WARN,
                None,
                None,
                None,
                FieldSet::new(&["message", "port"], tracing::callsite::Identifier(&CALLSITE)),
                tracing::metadata::Kind::EVENT,
            );
            tracing::callsite::DefaultCallsite::new(&META)
        };
        let mut line = Line::default();
        let fields = tracing::callsite::Callsite::metadata(&CALLSITE).fields();
        for (name, value) in values {
            if let Some(field) = fields.field(name) {
                line.record_debug(&field, value);
            }
        }
        line
    }

    #[test]
    fn the_message_comes_first_and_fields_follow_by_name() {
        let line = visited(&[("port", &8080), ("message", &format_args!("no answer"))]);
        assert_eq!(line.to_string(), "no answer port=8080");
    }
}
