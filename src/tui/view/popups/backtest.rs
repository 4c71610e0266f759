//! The backtest: what would be tested, how far it is, what it came to beside flat and buy-and-hold, and its report.
//!
//! Invariant: what Enter would test stands above what was tested, and figures of other settings are marked as such.
//! Absent on purpose: curves and the list of trades; the report has them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{keys, window};
use crate::domain::{Ratio, digest};
use crate::engine::settings::{Sizing, StrategyName};
use crate::performance::{Hidden, Shown};
use crate::tui::backtest::{Figures, Ground, LENGTHS, Pace, Page, PaidIn, Plan, Stage, Tested};
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::text::{fill, wrapped};
use crate::tui::view::table::{self, Row, left, right};
use crate::tui::view::{put, put_lines};

const WIDTH: u16 = 76;
/// The box keeps its size while a backtest begins and ends.
const HEIGHT: u16 = 20;
/// Border and padding.
const FRAME: u16 = 4;
/// Names of columns and three lines of equity.
const TABLE: u16 = 4;
const LABEL: usize = 11;

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (texts, backtest) = (model.texts, &model.vitals.backtest);
    let title = match backtest.stage.pace() {
        Some(pace) => fill(texts.backtest_title_running, &[&pace.percent()]),
        None => texts.backtest_title.to_owned(),
    };
    let mut above = plan(model, &backtest.plan);
    above.push(Line::default());
    let below = stage(model);
    let rows = backtest.stage.tested().map_or(0, |_| TABLE);
    // The keys stand below everything, after a blank row, between two borders.
    let height = above.len() as u16 + rows + below.len() as u16 + 4;
    // The status bar and the hints stay in sight.
    let between = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    let inside = window(model, &title, (WIDTH, height.max(HEIGHT)), between, buffer);
    let keys_at = inside.height.saturating_sub(1);
    let mut free = Rect { height: keys_at, ..inside };
    put_lines(&above, &mut free, buffer);
    if let Some(tested) = backtest.stage.tested() {
        let height = free.height.min(TABLE);
        figures(model, tested, Rect { height, ..free }, buffer);
        free = Rect { y: free.y + height, height: free.height - height, ..free };
    }
    put_lines(&below, &mut free, buffer);
    put(&keys(model), inside, keys_at, buffer);
}

/// The settings in force and what they would run over, a row each.
fn plan(model: &Model, plan: &Plan) -> Vec<Line<'static>> {
    let (texts, theme, settings) = (model.texts, model.theme, &plan.settings);
    let strategy = match settings.strategy {
        StrategyName::Trend => {
            fill(texts.backtest_trend, &[&settings.trend.fast.to_string(), &settings.trend.slow.to_string()])
        }
        StrategyName::Auto
        | StrategyName::Reversal
        | StrategyName::Breakout
        | StrategyName::Trees
        | StrategyName::Temporal
        | StrategyName::Sac
        | StrategyName::Flat => settings.strategy.as_str().to_owned(),
    };
    let symbols: Vec<&str> = plan.symbols.iter().map(|symbol| symbol.as_str()).collect();
    let mut position = vec![match settings.sizing {
        Sizing::Invest if plan.symbols.len() > 1 => fill(texts.backtest_together, &[&percent(settings.invest)]),
        Sizing::Invest => fill(texts.backtest_invest, &[&percent(settings.invest)]),
        Sizing::Fixed(quantity) => fill(texts.backtest_fixed, &[&format::quantity(quantity)]),
    }];
    let guards = [(texts.backtest_stop, settings.stop_loss), (texts.backtest_target, settings.take_profit)];
    position.extend(
        guards.iter().filter(|(_, share)| !share.is_zero()).map(|(text, share)| fill(text, &[&percent(*share)])),
    );
    let rows = [
        (texts.backtest_strategy, format!("{strategy}; {}", symbols.join(", "))),
        (texts.backtest_position, position.join("; ")),
        (texts.backtest_costs, costs(model, plan)),
        (texts.backtest_market, market(model, plan)),
        (texts.backtest_length, length(model, plan)),
    ];
    let room = WIDTH - FRAME - LABEL as u16;
    let mut lines = Vec::new();
    for (name, value) in rows {
        for (at, text) in wrapped(&value, room).into_iter().enumerate() {
            let label = format!("{:<LABEL$}", if at == 0 { name } else { "" });
            lines.push(Line::from(vec![Span::styled(label, theme.label()), Span::styled(text, theme.text())]));
        }
    }
    lines
}

fn costs(model: &Model, plan: &Plan) -> String {
    let (texts, charges) = (model.texts, &plan.charges);
    let fees = [percent(charges.maker), percent(charges.taker), percent(charges.half_spread)];
    let mut parts = vec![fill(texts.backtest_fees, &[&fees[0], &fees[1], &fees[2]])];
    parts.extend(charges.impact.map(|coefficient| fill(texts.backtest_impact, &[&coefficient.to_string()])));
    parts.extend(charges.participation.map(|share| fill(texts.backtest_participation, &[&percent(share)])));
    let markout = Some(charges.markout).filter(|markout| markout.is_positive());
    parts.extend(markout.map(|markout| fill(texts.backtest_markout, &[&percent(markout)])));
    let latency = Some(charges.latency_ms).filter(|ms| *ms > 0);
    parts.extend(latency.map(|ms| fill(texts.backtest_latency, &[&ms.to_string()])));
    parts.extend(match charges.paid_in {
        PaidIn::Received => None,
        PaidIn::Bnb => Some(texts.backtest_in_bnb.to_owned()),
        PaidIn::Quote => Some(texts.backtest_in_quote.to_owned()),
    });
    parts.join("; ")
}

fn market(model: &Model, plan: &Plan) -> String {
    let texts = model.texts;
    match &plan.ground {
        Ground::Generated { seed } => fill(texts.backtest_generated, &[&seed.0.to_string()]),
        Ground::Recorded { market, .. } => fill(texts.backtest_recorded, &[&market.name(texts)]),
    }
}

fn length(model: &Model, plan: &Plan) -> String {
    const DAY: u64 = 1_440;
    let texts = model.texts;
    let mut parts = vec![fill(texts.backtest_bars, &[&format::count(plan.bars(model.backtest_length))])];
    if plan.is_generated() {
        let minutes = LENGTHS.get(model.backtest_length).copied().unwrap_or_default();
        parts.push(fill(texts.backtest_days, &[&format::count(minutes / DAY)]));
    }
    parts.push(fill(texts.backtest_capital, &[&format::amount(plan.capital.to_value()), &plan.quote]));
    parts.join(", ")
}

/// Below the table, where there is one.
fn stage(model: &Model) -> Vec<Line<'static>> {
    let (texts, theme, backtest) = (model.texts, model.theme, &model.vitals.backtest);
    let mut said: Vec<(String, Style)> = Vec::new();
    match &backtest.stage {
        Stage::Running(pace) => return running(model, pace),
        Stage::Idle => {}
        Stage::Cancelled => said.push((texts.backtest_cancelled.to_owned(), theme.warning())),
        Stage::Failed(why) => said.push((fill(texts.backtest_failed, &[why]), theme.error())),
        Stage::Finished { tested, page } => {
            said = facts(model, tested);
            said.extend(report(model, page));
            if tested.plan != backtest.plan {
                said.push((texts.backtest_other.to_owned(), theme.warning()));
            } else if backtest.plan.is_of_other_length(model.backtest_length, tested.bars) {
                said.push((fill(texts.backtest_other_length, &[&format::count(tested.bars)]), theme.warning()));
            }
            said.push((caution(model, &tested.plan), theme.dim()));
        }
    }
    match &backtest.stage {
        Stage::Idle | Stage::Cancelled | Stage::Failed(_) => {
            said.push((caution(model, &backtest.plan), theme.dim()));
            said.push((texts.backtest_beside.to_owned(), theme.dim()));
        }
        Stage::Running(_) | Stage::Finished { .. } => {}
    }
    lines(said)
}

/// What the figures are worth.
fn caution(model: &Model, plan: &Plan) -> String {
    let texts = model.texts;
    if plan.is_generated() { texts.backtest_invented } else { texts.backtest_past }.to_owned()
}

fn running(model: &Model, pace: &Pace) -> Vec<Line<'static>> {
    let (texts, theme) = (model.texts, model.theme);
    let room = usize::from(WIDTH - FRAME) - 5;
    let full = ((pace.share() * room as f64) as usize).min(room);
    let bar = Line::from(vec![
        Span::styled("█".repeat(full), theme.accent()),
        Span::styled("░".repeat(room - full), theme.dim()),
        Span::styled(format!("{:>3} %", pace.percent()), theme.value()),
    ]);
    let mut parts = vec![fill(texts.backtest_pace, &[&format::count(pace.done), &format::count(pace.total)])];
    parts.extend(pace.bars_a_second.map(|rate| fill(texts.backtest_rate, &[&format::count(rate)])));
    parts.extend(pace.seconds_left.map(|left| fill(texts.backtest_left, &[&format::count(left)])));
    let told = if pace.measuring { texts.backtest_measuring.to_owned() } else { parts.join(", ") };
    let mut all = vec![bar];
    all.extend(lines(vec![(told, theme.text()), (texts.backtest_goes_on.to_owned(), theme.dim())]));
    all
}

/// The strategy and what anybody had without skill.
fn figures(model: &Model, tested: &Tested, area: Rect, buffer: &mut Buffer) {
    let (texts, theme) = (model.texts, model.theme);
    let columns = [
        left("", 0),
        right(texts.backtest_column_return, 0),
        right(texts.drawdown_short, 1),
        right(texts.backtest_column_sharpe, 2),
    ];
    let hidden = || (texts.backtest_hidden.to_owned(), theme.dim());
    let shown = |shown: Shown, text: fn(f64) -> String| {
        shown.map_or_else(|_| hidden(), |figure| (text(figure.value), theme.signed(figure.value)))
    };
    let row = |name: &str, figures: &Result<Figures, Hidden>| {
        let name = (name.to_owned(), theme.value());
        let cells = match figures {
            Ok(figures) => vec![
                name,
                shown(figures.total_return, format::signed_percent),
                (format::signed_percent(figures.max_drawdown), theme.signed(figures.max_drawdown)),
                shown(figures.sharpe, format::two_places),
            ],
            Err(_) => vec![name, hidden(), hidden(), hidden()],
        };
        Row { cells, selected: false }
    };
    let rows = [
        row(tested.plan.settings.strategy.as_str(), &Ok(tested.strategy)),
        row(StrategyName::Flat.as_str(), &tested.flat),
        row(texts.backtest_buy_and_hold, &tested.buy_and_hold),
    ];
    table::draw(&columns, &rows, theme, area, buffer);
}

/// What the table does not hold.
fn facts(model: &Model, tested: &Tested) -> Vec<(String, Style)> {
    let (texts, theme) = (model.texts, model.theme);
    let trips = match tested.win_rate {
        Some(rate) => fill(texts.backtest_won, &[&format::count(tested.trades), &format::percent(rate)]),
        None => texts.backtest_no_trades.to_owned(),
    };
    let money = [format::amount(tested.fees), format::amount(tested.equity), tested.plan.quote.clone()];
    let paid = fill(texts.backtest_paid, &[&money[0], &money[1], &money[2]]);
    let mut said = vec![(format!("{trips}; {paid}"), theme.text())];
    if let Err(hidden) = tested.strategy.sharpe {
        said.push((fill(texts.backtest_sharpe_hidden, &[&hidden.to_string()]), theme.dim()));
    }
    let mut ran = Vec::new();
    if let (Some(first), Some(last)) = (tested.first, tested.last) {
        ran.push(fill(texts.backtest_period, &[&format::minute(first), &format::minute(last)]));
    }
    ran.push(fill(texts.backtest_took, &[&format::count(tested.bars), &format!("{:.2}", tested.seconds)]));
    said.push((ran.join("; "), theme.dim()));
    said.push((fill(texts.backtest_state, &[&digest::hex(tested.state_hash)]), theme.dim()));
    said
}

fn report(model: &Model, page: &Page) -> Option<(String, Style)> {
    let (texts, theme) = (model.texts, model.theme);
    match page {
        Page::None => None,
        Page::Writing => Some((texts.backtest_page_writing.to_owned(), theme.accent())),
        Page::Written { path, opened } => {
            let text = if *opened { texts.backtest_page_opened } else { texts.backtest_page_written };
            Some((fill(text, &[path]), theme.good()))
        }
        Page::Failed(why) => Some((why.clone(), theme.error())),
    }
}

/// Sentences as rows.
fn lines(said: Vec<(String, Style)>) -> Vec<Line<'static>> {
    let rows = |(text, style): (String, Style)| {
        wrapped(&text, WIDTH - FRAME).into_iter().map(move |row| Line::styled(row, style))
    };
    said.into_iter().flat_map(rows).collect()
}

/// `0.1 %`
fn percent(ratio: Ratio) -> String {
    format!("{} %", format::setting(ratio.to_f64() * 100.0))
}
