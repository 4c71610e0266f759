//! Where the panels stand.
//!
//! Invariant: panels never overlap and leave no row of the body unused; a zoomed panel has the whole body.
//! Absent on purpose: what stands in them.

use ratatui::layout::{Constraint, Layout, Rect};

use super::footer;
use crate::tui::model::{Model, Panel};

/// The parts of the screen.
pub struct Screen {
    pub status: Rect,
    pub panels: Vec<(Panel, Rect)>,
    /// One passing sentence.
    pub message: Rect,
    /// The keys that count now.
    pub hints: Rect,
}

/// Below this width or height the lower panels share one place, as tabs.
const ROOMY: (u16, u16) = (110, 34);

/// Rows that balances, PnL, win rate and drawdown need below each other.
const UPPER: u16 = 14;

use Constraint::{Fill, Length};

pub fn screen(area: Rect, model: &Model) -> Screen {
    let [status, body, message, hints] =
        Layout::vertical([Length(1), Fill(1), Length(footer::rows(model, area.width)), Length(1)]).areas(area);
    let panels = if model.zoomed {
        vec![(model.focus, body)]
    } else if is_roomy(area) {
        roomy(body)
    } else {
        tight(body, model.focus)
    };
    Screen { status, panels, message, hints }
}

/// Every panel has a place of its own.
pub fn is_roomy(area: Rect) -> bool {
    area.width >= ROOMY.0 && area.height >= ROOMY.1
}

/// The panels that share the lower place of a small window.
pub const TABS: [Panel; 5] = [Panel::Orders, Panel::Fills, Panel::Strategies, Panel::Log, Panel::Desk];

/// The tab that is shown.
pub fn tab(focus: Panel) -> Panel {
    if TABS.contains(&focus) { focus } else { Panel::Strategies }
}

fn tight(body: Rect, focus: Panel) -> Vec<(Panel, Rect)> {
    // The upper part never loses its lines to a long sentence below.
    let lower = (body.height / 3).max(7).min(body.height.saturating_sub(UPPER));
    let [upper, lower] = Layout::vertical([Fill(1), Length(lower)]).areas(body);
    let [chart, right] = Layout::horizontal([Fill(1), Length(31.max(body.width / 3))]).areas(upper);
    let [balances, pnl, wins, drawdown] = Layout::vertical([Length(5), Fill(1), Length(3), Length(3)]).areas(right);
    vec![
        (Panel::Chart, chart),
        (Panel::Balances, balances),
        (Panel::Pnl, pnl),
        (Panel::WinRate, wins),
        (Panel::Drawdown, drawdown),
        (tab(focus), lower),
    ]
}

fn roomy(body: Rect) -> Vec<(Panel, Rect)> {
    let [left, right] = Layout::horizontal([Fill(1), Length((body.width / 3).clamp(40, 64))]).areas(body);
    let lower = (left.height / 5).clamp(7, 14);
    // What is decided and what guards it needs the most lines; the log's are long.
    let (talk, told) = (lower + lower / 3, lower / 2 + 2);
    let [chart, lists, talk, log] = Layout::vertical([Fill(1), Length(lower), Length(talk), Length(told)]).areas(left);
    let [orders, fills] = Layout::horizontal([Fill(1), Fill(1)]).areas(lists);
    let [strategies, desk] = Layout::horizontal([Fill(1), Fill(1)]).areas(talk);
    let [balances, pnl, wins, drawdown] = Layout::vertical([Length(7), Fill(2), Length(5), Fill(1)]).areas(right);
    vec![
        (Panel::Chart, chart),
        (Panel::Balances, balances),
        (Panel::Pnl, pnl),
        (Panel::WinRate, wins),
        (Panel::Drawdown, drawdown),
        (Panel::Orders, orders),
        (Panel::Fills, fills),
        (Panel::Strategies, strategies),
        (Panel::Log, log),
        (Panel::Desk, desk),
    ]
}
