//! `Flow`: items and words one after the other, on as many lines as they need.
//!
//! Invariant: nothing is cut; an item breaks only where it is wider than a whole line.
//! Absent on purpose: columns (`table`).

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::tui::format::width as width_of;
use crate::tui::text::wrapped;

/// Lines that fill up from the left; those after the first are indented.
pub struct Flow {
    width: u16,
    indent: u16,
    used: u16,
    lines: Vec<Line<'static>>,
}

/// Between items.
const GAP: u16 = 2;
/// Columns of a label and the blank after it.
pub const LABEL: u16 = 9;

impl Flow {
    pub fn new(width: u16) -> Flow {
        Flow { width: width.max(1), indent: 0, used: 0, lines: vec![Line::default()] }
    }

    /// Under a label; the lines after the first begin where its text does.
    pub fn labelled(label: &str, style: Style, width: u16) -> Flow {
        let text = format!("{label:<0$}", usize::from(LABEL));
        let line = Line::from(Span::styled(text, style));
        Flow { width: width.max(LABEL + 1), indent: LABEL, used: LABEL, lines: vec![line] }
    }

    /// An item that stays together.
    pub fn item(self, text: impl Into<String>, style: Style) -> Flow {
        self.put(text.into(), style, GAP)
    }

    /// A sentence, broken between words.
    pub fn words(mut self, text: &str, style: Style) -> Flow {
        for word in text.split_whitespace() {
            self = self.put(word.to_owned(), style, 1);
        }
        self
    }

    pub fn lines(self) -> Vec<Line<'static>> {
        self.lines
    }

    fn put(mut self, text: String, style: Style, gap: u16) -> Flow {
        let wide = width_of(&text);
        let gap = if self.used > self.indent { gap } else { 0 };
        if self.used + gap + wide <= self.width {
            self.push(" ".repeat(usize::from(gap)), Style::new());
            self.push(text, style);
            return self;
        }
        for part in wrapped(&text, self.width - self.indent) {
            if self.used > self.indent {
                self.lines.push(Line::default());
                self.used = 0;
                self.push(" ".repeat(usize::from(self.indent)), Style::new());
            }
            self.push(part, style);
        }
        self
    }

    fn push(&mut self, text: String, style: Style) {
        self.used += width_of(&text);
        if let Some(line) = self.lines.last_mut().filter(|_| !text.is_empty()) {
            line.spans.push(Span::styled(text, style));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(flow: Flow) -> Vec<String> {
        flow.lines().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn items_stay_together_and_sentences_break_between_words() {
        let flow = || Flow::new(12).item("one two", Style::new()).item("three", Style::new());
        assert_eq!(texts(flow()), ["one two", "three"]);
        assert_eq!(texts(flow().words("and four", Style::new())), ["one two", "three and", "four"]);
        let labelled = Flow::labelled("stop", Style::new(), 14).item("abcdefgh", Style::new());
        assert_eq!(texts(labelled), ["stop     abcde", "         fgh"]);
        assert_eq!(texts(Flow::new(0)), [""]);
    }
}
