//! The table of keys: one row an action, read by the dispatcher, the hints at the bottom, the help and the README.
//!
//! Invariant: within a place no key stands twice; what the help says is what the dispatcher does.
//! Absent on purpose: what actions do (`update`); digits and signs typed into an editor.

use super::action::Action;
use super::text::Texts;

/// A key as the table names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Char(char),
    Ctrl(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Backspace,
    Delete,
}

/// Where the keyboard is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Panels,
    /// A question: yes or no.
    Question,
    /// A list to choose from.
    List,
    Help,
    Editor,
    /// A backtest.
    Backtest,
    /// The market has ended.
    Ended,
}

#[derive(Debug, Clone, Copy)]
pub struct Binding {
    pub place: Place,
    pub keys: &'static [Key],
    pub action: Action,
    /// A word for the bottom line; `None` stands in the help only.
    pub hint: Option<fn(&Texts) -> &'static str>,
    pub help: fn(&Texts) -> &'static str,
}

use Key::{BackTab, Char, Ctrl, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right, Tab, Up};
use Place::{Backtest, Editor, Ended, Help, List, Panels, Question};

/// Digits that go straight to a panel, in the panels' order.
const DIGITS: &[Key] =
    &[Char('1'), Char('2'), Char('3'), Char('4'), Char('5'), Char('6'), Char('7'), Char('8'), Char('9'), Char('0')];

#[rustfmt::skip]
pub const TABLE: &[Binding] = &[
    // What a hand on the wheel needs first; less risk takes one key.
    row(Panels, &[Char('p')], Action::Pause, Some(|t| t.hint_pause), |t| t.help_pause),
    row(Panels, &[Char('r')], Action::Rearm, Some(|t| t.hint_rearm), |t| t.help_rearm),
    row(Panels, &[Char('s')], Action::Strategies, Some(|t| t.hint_strategies), |t| t.help_strategies),
    row(Panels, &[Char('i')], Action::EditSettings, Some(|t| t.hint_edit), |t| t.help_edit),
    row(Panels, &[Char('x')], Action::Flatten, Some(|t| t.hint_flatten), |t| t.help_flatten),
    row(Panels, &[Char('c')], Action::CancelOrder, Some(|t| t.hint_cancel), |t| t.help_cancel),
    row(Panels, &[Char('z')], Action::Undo, Some(|t| t.hint_undo), |t| t.help_undo),
    row(Panels, &[Char('b')], Action::Backtest, Some(|t| t.hint_backtest), |t| t.help_backtest),
    row(Panels, &[Char('m')], Action::Models, None, |t| t.help_models),
    row(Panels, &[Char('?')], Action::Help, Some(|t| t.hint_help), |t| t.help_help),
    row(Panels, &[Tab], Action::NextPanel, Some(|t| t.hint_panel), |t| t.help_next_panel),
    row(Panels, &[BackTab], Action::PreviousPanel, None, |t| t.help_previous_panel),
    row(Panels, DIGITS, Action::GoTo, None, |t| t.help_go_to),
    row(Panels, &[Char('e')], Action::Zoom, Some(|t| t.hint_zoom), |t| t.help_zoom),
    row(Panels, &[Char('a')], Action::Pin, Some(|t| t.hint_pin), |t| t.help_pin),
    row(Panels, &[Char('!')], Action::Halt, Some(|t| t.hint_halt), |t| t.help_halt),
    row(Panels, &[Char('k'), Up], Action::Up, None, |t| t.help_up),
    row(Panels, &[Char('j'), Down], Action::Down, None, |t| t.help_down),
    row(Panels, &[Char('h'), Left], Action::Left, None, |t| t.help_left),
    row(Panels, &[Char('l'), Right], Action::Right, None, |t| t.help_right),
    row(Panels, &[PageUp, Ctrl('u')], Action::PageUp, None, |t| t.help_page_up),
    row(Panels, &[PageDown, Ctrl('d')], Action::PageDown, None, |t| t.help_page_down),
    row(Panels, &[Home, Char('g')], Action::First, None, |t| t.help_first),
    row(Panels, &[End, Char('G')], Action::Last, None, |t| t.help_last),
    row(Panels, &[Char('+'), Char('=')], Action::LongerCandles, None, |t| t.help_longer),
    row(Panels, &[Char('-')], Action::ShorterCandles, None, |t| t.help_shorter),
    row(Panels, &[Char(']')], Action::NextSymbol, None, |t| t.help_next_symbol),
    row(Panels, &[Char('[')], Action::PreviousSymbol, None, |t| t.help_previous_symbol),
    row(Panels, &[Enter], Action::Confirm, None, |t| t.help_end),
    row(Panels, &[Char('q'), Ctrl('c')], Action::Quit, Some(|t| t.hint_quit), |t| t.help_quit),

    row(Question, &[Enter], Action::Confirm, Some(|t| t.hint_yes), |t| t.help_yes),
    row(Question, &[Esc, Char('n'), Char('q'), Ctrl('c')], Action::Close, Some(|t| t.hint_no), |t| t.help_no),

    row(List, &[Char('k'), Up], Action::Up, None, |t| t.help_up),
    row(List, &[Char('j'), Down], Action::Down, Some(|t| t.hint_move), |t| t.help_down),
    row(List, &[Enter], Action::Confirm, Some(|t| t.hint_choose), |t| t.help_choose),
    row(List, &[Esc, Char('q'), Ctrl('c')], Action::Close, Some(|t| t.hint_close), |t| t.help_close),

    row(Help, &[Char('k'), Up], Action::Up, None, |t| t.help_up),
    row(Help, &[Char('j'), Down], Action::Down, Some(|t| t.hint_move), |t| t.help_down),
    row(Help, &[PageUp], Action::PageUp, None, |t| t.help_page_up),
    row(Help, &[PageDown, Char(' ')], Action::PageDown, None, |t| t.help_page_down),
    row(Help, &[Esc, Enter, Char('q'), Char('?'), Ctrl('c')], Action::Close, Some(|t| t.hint_close), |t| t.help_close),

    row(Editor, &[Up], Action::Up, None, |t| t.help_field_up),
    row(Editor, &[Down, Tab], Action::Down, Some(|t| t.hint_field), |t| t.help_field_down),
    row(Editor, &[Enter], Action::Confirm, Some(|t| t.hint_save), |t| t.help_save),
    row(Editor, &[Esc, Ctrl('c')], Action::Close, Some(|t| t.hint_leave), |t| t.help_leave),

    row(Backtest, &[Enter], Action::Confirm, Some(|t| t.hint_start), |t| t.help_start),
    row(Backtest, &[Char('x')], Action::CancelBacktest, Some(|t| t.hint_cancel), |t| t.help_cancel_backtest),
    row(Backtest, &[Char('o')], Action::Report, Some(|t| t.hint_report), |t| t.help_report),
    row(Backtest, &[Char('+'), Char('='), Up], Action::Up, Some(|t| t.hint_more), |t| t.help_more_bars),
    row(Backtest, &[Char('-'), Down], Action::Down, Some(|t| t.hint_less), |t| t.help_fewer_bars),
    row(Backtest, &[Esc, Char('b'), Char('q'), Ctrl('c')], Action::Close, Some(|t| t.hint_close), |t| t.help_close_backtest),

    row(Ended, &[Enter], Action::Confirm, Some(|t| t.hint_again), |t| t.help_again),
    row(Ended, &[Char('g')], Action::GoOn, Some(|t| t.hint_go_on), |t| t.help_go_on),
    row(Ended, &[Esc], Action::Close, Some(|t| t.hint_look), |t| t.help_look),
    row(Ended, &[Char('q'), Ctrl('c')], Action::Quit, Some(|t| t.hint_quit), |t| t.help_quit_end),
];

const fn row(
    place: Place,
    keys: &'static [Key],
    action: Action,
    hint: Option<fn(&Texts) -> &'static str>,
    help: fn(&Texts) -> &'static str,
) -> Binding {
    Binding { place, keys, action, hint, help }
}

/// What `key` means here, if anything.
pub fn action(place: Place, key: Key) -> Option<Action> {
    of(place).find(|binding| binding.keys.contains(&key)).map(|binding| binding.action)
}

/// The rows of a place, in the table's order.
pub fn of(place: Place) -> impl Iterator<Item = &'static Binding> {
    TABLE.iter().filter(move |binding| binding.place == place)
}

/// The first key of an action on the panels, for sentences that name it.
pub fn key_of(action: Action) -> String {
    of(Panels).find(|binding| binding.action == action).map(Binding::first).unwrap_or_default()
}

/// The panel that a digit names, from zero.
pub fn digit(key: Key) -> Option<usize> {
    DIGITS.iter().position(|digit| *digit == key)
}

impl Binding {
    /// The keys as people write them.
    pub fn names(&self) -> String {
        if self.keys.len() == DIGITS.len() {
            return "1 to 9, 0".to_owned();
        }
        let names: Vec<String> = self.keys.iter().map(|key| key.name()).collect();
        names.join(" ")
    }

    /// The first key, for the bottom line.
    pub fn first(&self) -> String {
        self.keys.first().map(|key| key.name()).unwrap_or_default()
    }
}

impl Key {
    pub fn name(self) -> String {
        match self {
            Key::Char(' ') => "Space".to_owned(),
            Key::Char(c) => c.to_string(),
            Key::Ctrl(c) => format!("Ctrl-{}", c.to_ascii_uppercase()),
            Key::Enter => "Enter".to_owned(),
            Key::Esc => "Esc".to_owned(),
            Key::Tab => "Tab".to_owned(),
            Key::BackTab => "Shift-Tab".to_owned(),
            Key::Up => "↑".to_owned(),
            Key::Down => "↓".to_owned(),
            Key::Left => "←".to_owned(),
            Key::Right => "→".to_owned(),
            Key::PageUp => "PgUp".to_owned(),
            Key::PageDown => "PgDn".to_owned(),
            Key::Home => "Home".to_owned(),
            Key::End => "End".to_owned(),
            Key::Backspace => "Backspace".to_owned(),
            Key::Delete => "Delete".to_owned(),
        }
    }
}

/// The places with their names, in the table's order.
pub fn places(texts: &Texts) -> [(Place, &'static str); 7] {
    [
        (Panels, texts.place_panels),
        (Question, texts.place_question),
        (List, texts.place_list),
        (Help, texts.place_help),
        (Editor, texts.place_editor),
        (Backtest, texts.place_backtest),
        (Ended, texts.place_ended),
    ]
}

/// The table as Markdown, as it stands in the README.
pub fn markdown(texts: &Texts) -> String {
    let mut table = String::from("| where | keys | what |\n|---|---|---|\n");
    for (place, name) in places(texts) {
        for binding in of(place) {
            let keys: Vec<String> = match binding.keys.len() == DIGITS.len() {
                true => vec!["`1` to `9`, `0`".to_owned()],
                false => binding.keys.iter().map(|key| format!("`{}`", key.name())).collect(),
            };
            table.push_str(&format!("| {name} | {} | {} |\n", keys.join(" "), (binding.help)(texts)));
        }
    }
    table
}
