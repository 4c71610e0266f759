//! `Action`: what a key means.
//!
//! Invariant: an action is a word of the person's, not a key and not an effect; `keymap` gives it keys, `update` its effect.
//! Absent on purpose: trading words beyond those of `domain::Command`.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Pauses at once; when paused, asks whether to resume.
    Pause,
    Strategies,
    /// Pins the strategy that leads; when one is pinned, back to automatic choice.
    Pin,
    /// No entries at once, until rearmed.
    Halt,
    /// Asks whether to rearm.
    Rearm,
    EditSettings,
    Undo,
    /// What a backtest of the settings in force would test, does, or came to.
    Backtest,
    CancelBacktest,
    /// What runs the models, how fast, and what they said.
    Models,
    /// Writes the report of the last backtest and opens it.
    Report,
    Flatten,
    CancelOrder,
    Help,
    Zoom,
    NextPanel,
    PreviousPanel,
    /// Straight to a panel, by its place.
    GoTo,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    First,
    Last,
    LongerCandles,
    ShorterCandles,
    NextSymbol,
    PreviousSymbol,
    Quit,
    /// In a popup: yes, this one, save.
    Confirm,
    /// In a popup: leave it as it was.
    Close,
    /// After the end of a market: go on in a generated one.
    GoOn,
}
