//! `Model`: what the screen shows and where the person is in it.
//!
//! Invariant: it owns the screen's state only; everything about trading is the newest snapshot.
//! Absent on purpose: drawing (`view`) and change (`update`).

use std::collections::VecDeque;
use std::sync::Arc;

use super::backtest;
use super::editor::Editor;
use super::keymap::Place;
use super::message::Change;
use super::text::Texts;
use super::theme::Theme;
use super::vitals::{RunState, Vitals};
use crate::engine::Snapshot;
use crate::engine::instrument::Desk;
use crate::engine::risk::shock::ShockState;
use crate::engine::settings::StrategyName;
use crate::engine::snapshot::{OrderView, SymbolView};
use crate::telemetry::LogLine;

/// Lines of the log that can be scrolled back to.
pub const LOG_LINES: usize = 500;
/// Seconds for which a passing sentence stays.
pub const TOAST_SECONDS: u8 = 8;
/// Minutes of one candle, by zoom.
pub const CANDLE_MINUTES: [u32; 5] = [1, 5, 15, 60, 240];

#[derive(Debug, Clone)]
pub struct Model {
    pub theme: Theme,
    pub texts: &'static Texts,
    pub snapshot: Option<Arc<Snapshot>>,
    pub vitals: Arc<Vitals>,
    pub log: VecDeque<LogLine>,
    pub width: u16,
    pub height: u16,
    pub focus: Panel,
    pub zoomed: bool,
    /// Place of the symbol that is shown in detail.
    pub symbol: usize,
    /// Place in `CANDLE_MINUTES`.
    pub candle: usize,
    /// How far each list is scrolled: from the newest backwards for chart, fills and log; the selected row of
    /// orders; from the top for balances and the desk.
    pub scroll: [usize; Panel::ALL.len()],
    pub popup: Option<Popup>,
    /// Place in `backtest::LENGTHS`.
    pub backtest_length: usize,
    /// Saved changes, those of one save together.
    pub undo: Vec<Vec<Change>>,
    pub toast: Option<Toast>,
    /// The first-run hint was read: a key was pressed.
    pub greeted: bool,
    /// Replies of the engine that were shown.
    pub replied: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panel {
    Chart,
    Balances,
    Pnl,
    WinRate,
    Drawdown,
    Orders,
    Fills,
    Strategies,
    Log,
    Desk,
}

#[derive(Debug, Clone)]
pub enum Popup {
    Resume,
    Rearm,
    Flatten,
    Cancel(OrderView),
    Quit,
    Strategies { selected: usize },
    Editor(Box<Editor>),
    Help { scroll: usize },
    Models { scroll: usize },
    Backtest,
    Ended,
}

/// A passing sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    pub text: String,
    pub tone: Tone,
    pub seconds: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Plain,
    Warning,
}

impl Panel {
    pub const ALL: [Panel; 10] = [
        Panel::Chart,
        Panel::Balances,
        Panel::Pnl,
        Panel::WinRate,
        Panel::Drawdown,
        Panel::Orders,
        Panel::Fills,
        Panel::Strategies,
        Panel::Log,
        Panel::Desk,
    ];

    pub const fn title(self, texts: &Texts) -> &'static str {
        match self {
            Panel::Chart => texts.chart,
            Panel::Balances => texts.balances,
            Panel::Pnl => texts.pnl,
            Panel::WinRate => texts.win_rate,
            Panel::Drawdown => texts.drawdown,
            Panel::Orders => texts.orders,
            Panel::Fills => texts.fills,
            Panel::Strategies => texts.strategies,
            Panel::Log => texts.log,
            Panel::Desk => texts.desk,
        }
    }

    pub const fn place(self) -> usize {
        self as usize
    }

    /// The digit that goes to it.
    pub const fn digit(self) -> usize {
        (self.place() + 1) % 10
    }

    pub fn step(self, by: usize) -> Panel {
        Panel::ALL[(self.place() + by) % Panel::ALL.len()]
    }
}

impl Model {
    pub fn new(texts: &'static Texts, vitals: Arc<Vitals>, (width, height): (u16, u16)) -> Model {
        Model {
            theme: vitals.theme,
            texts,
            snapshot: None,
            vitals,
            log: VecDeque::new(),
            width,
            height,
            focus: Panel::Chart,
            zoomed: false,
            symbol: 0,
            candle: 0,
            scroll: [0; Panel::ALL.len()],
            popup: None,
            backtest_length: backtest::MONTH,
            undo: Vec::new(),
            toast: None,
            greeted: false,
            replied: 0,
        }
    }

    /// Where the keyboard is.
    pub fn place(&self) -> Place {
        match &self.popup {
            None => Place::Panels,
            Some(Popup::Resume | Popup::Rearm | Popup::Flatten | Popup::Cancel(_) | Popup::Quit) => Place::Question,
            Some(Popup::Strategies { .. }) => Place::List,
            Some(Popup::Help { .. } | Popup::Models { .. }) => Place::Help,
            Some(Popup::Editor(_)) => Place::Editor,
            Some(Popup::Backtest) => Place::Backtest,
            Some(Popup::Ended) => Place::Ended,
        }
    }

    /// The symbol shown in detail.
    pub fn symbol(&self) -> Option<&SymbolView> {
        let symbols = &self.snapshot.as_ref()?.symbols;
        symbols.get(self.symbol).or(symbols.first())
    }

    pub fn scrolled(&self, panel: Panel) -> usize {
        self.scroll[panel.place()]
    }

    /// The order under the cursor, which stays on it while others come and go.
    pub fn selected_order(&self) -> Option<&OrderView> {
        let orders = &self.snapshot.as_ref()?.orders;
        orders.get(self.scrolled(Panel::Orders)).or(orders.last())
    }

    /// Something is held or on its way.
    pub fn is_exposed(&self) -> bool {
        self.snapshot.as_ref().is_some_and(|snapshot| {
            snapshot.symbols.iter().any(|symbol| symbol.desk != Desk::Flat) || !snapshot.orders.is_empty()
        })
    }

    /// Entries are halted or halved, or a lock waits for a person.
    pub fn can_rearm(&self) -> bool {
        self.snapshot.as_ref().is_some_and(|snapshot| {
            snapshot.guard.shock != ShockState::Calm || snapshot.guard.locks.iter().any(|lock| lock.until.is_none())
        })
    }

    /// The strategy that counts most for the shown symbol; `None` where one is pinned.
    pub fn leader(&self) -> Option<StrategyName> {
        let votes = &self.symbol()?.votes;
        let first = votes.first()?;
        let leads = votes.iter().skip(1).fold(first, |most, vote| if vote.share > most.share { vote } else { most });
        Some(leads.strategy)
    }

    pub fn has_ended(&self) -> bool {
        match self.vitals.run {
            RunState::Running => false,
            RunState::Finished | RunState::Failed(_) => true,
        }
    }

    pub fn say(&mut self, tone: Tone, text: String) {
        self.toast = Some(Toast { text, tone, seconds: TOAST_SECONDS });
    }
}
