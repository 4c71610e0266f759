//! Win rate: the share of closed round trips that won after fees, with the counts that it rests on.
//!
//! Invariant: no rate without a round trip, and never without its counts.
//! Absent on purpose: profit factor and the like, which need more trades.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::frame::{fit, panel};
use super::{put, put_empty};
use crate::tui::format;
use crate::tui::model::{Model, Panel};
use crate::tui::widgets::WinBar;

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (texts, theme) = (model.texts, model.theme);
    let inside = panel(model, Panel::WinRate, Line::default(), area, buffer);
    let rated = model.snapshot.as_ref().and_then(|snapshot| Some((snapshot, snapshot.win_rate?)));
    let Some((snapshot, rate)) = rated else { return put_empty(model, texts.no_trades, inside, buffer) };
    let count = |number: u64, word: &'static str, style| {
        Line::from(vec![Span::styled(number.to_string(), style), Span::styled(format!(" {word}"), theme.dim())])
    };
    let line = vec![
        (0, Line::styled(format::percent(rate), theme.value())),
        (0, count(snapshot.wins, texts.won, theme.up())),
        (0, count(snapshot.losses, texts.lost, theme.down())),
    ];
    put(&fit(line, "  ", inside.width), inside, 0, buffer);
    if inside.height >= 2 {
        let bar = Rect { y: inside.y + 1, height: 1, ..inside };
        WinBar { wins: snapshot.wins, losses: snapshot.losses, theme }.render(bar, buffer);
    }
    if let Some(trade) = snapshot.history.trades.back() {
        let pnl = trade.pnl;
        let line = vec![
            (0, Line::styled(texts.last_trade, theme.label())),
            (0, Line::styled(format::change(pnl), theme.signed(pnl.to_f64()))),
            (1, Line::styled(trade.exit_by.as_str(), theme.dim())),
            (1, Line::styled(format::day_minute(trade.closed), theme.dim())),
        ];
        put(&fit(line, " ", inside.width), inside, 2, buffer);
    }
}
