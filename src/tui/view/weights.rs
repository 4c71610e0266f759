//! The council: how much each expert counts now and counted over the last day.
//!
//! Invariant: shares stand on one scale from 0 to 100 %; in a low panel all are told in words.
//! Absent on purpose: how weights are learnt (`engine::ensemble`).

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::flow::Flow;
use super::table::{self, Row, left, right};
use crate::domain::Span;
use crate::engine::Snapshot;
use crate::engine::settings::StrategyName;
use crate::engine::snapshot::SymbolView;
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::text::fill;
use crate::tui::widgets::{meter, sparkline};

/// Columns of a bar, of a curve in the table and of one in a line.
const METER: usize = 10;
const CURVE: usize = 24;
const SHORT_CURVE: usize = 6;
/// Rows of the table: its heads and the experts.
pub const TABLE: u16 = 1 + StrategyName::EXPERTS.len() as u16;

/// All in a line or two.
pub fn in_words(model: &Model, snapshot: &Snapshot, view: &SymbolView, width: u16) -> Vec<Line<'static>> {
    let theme = model.theme;
    let mut flow = Flow::new(width);
    for vote in &view.votes {
        let curve = curve(model, snapshot, vote.strategy, SHORT_CURVE);
        let text = format!("{} {} {curve}", vote.strategy.as_str(), format::whole_percent(vote.share));
        flow = flow.item(text, if vote.share > 0.0 { theme.value() } else { theme.dim() });
    }
    flow.lines()
}

/// A row an expert.
pub fn draw(model: &Model, snapshot: &Snapshot, view: &SymbolView, area: Rect, buffer: &mut Buffer) {
    let (texts, theme) = (model.texts, model.theme);
    let rows: Vec<Row> = view
        .votes
        .iter()
        .map(|vote| {
            let told = if vote.share > 0.0 { theme.text() } else { theme.dim() };
            let target = format!("{:+.0} %", vote.target * 100.0);
            Row {
                cells: vec![
                    (vote.strategy.as_str().to_owned(), told),
                    (meter(vote.share, METER), theme.curve()),
                    (format::whole_percent(vote.share), theme.value()),
                    (curve(model, snapshot, vote.strategy, CURVE), theme.curve()),
                    (target, theme.signed(vote.target)),
                    (format::whole_percent(vote.weight), told),
                    (format::two_places(vote.prior), told),
                ],
                selected: false,
            }
        })
        .collect();
    let over = fill(texts.shares_over, &[&format::age(span(model, snapshot))]);
    let columns = [
        left(texts.strategy_column, 0),
        left("", 3),
        right(texts.shares_column, 0),
        left(&over, 1),
        right(texts.wants_column, 2),
        right(texts.learnt_column, 4),
        right(texts.prior_column, 4),
    ];
    table::draw(&columns, &rows, theme, area, buffer);
}

/// How far the curves go back.
fn span(model: &Model, snapshot: &Snapshot) -> Span {
    snapshot.history.shares.get(model.symbol).map_or(Span::ZERO, |curve| curve.span(snapshot.now))
}

/// Curves are kept of all experts, votes only of those that have a seat.
fn curve(model: &Model, snapshot: &Snapshot, expert: StrategyName, columns: usize) -> String {
    let place = StrategyName::EXPERTS.into_iter().position(|name| name == expert);
    let curve = snapshot.history.shares.get(model.symbol).zip(place);
    curve.map(|(curve, place)| sparkline(&curve.steps(place, snapshot.now, columns))).unwrap_or_default()
}
