//! The result of `data fills`, for people and for scripts.
//!
//! Costs, spreads, markouts and fees are in basis points (0.01 %), positive costs are paid, negative markouts are adverse;
//! what is undefined is null. Field names are a contract with other people's scripts.
//! Invariant: both tell the same figures, and the text ends by the settings they inform.
//! Absent on purpose: the figures themselves (`simulator::fill_survey`).

use std::fmt::Write;

use serde::Serialize;

use super::utc;
use crate::domain::{Span, Symbol};
use crate::simulator::block_mean::Mean;
use crate::simulator::fill_figures::{BarMarkout, PassiveFigures, SurveyFigures, TakerFigures};
use crate::simulator::fill_survey::SurveyPlan;
use crate::simulator::queue::QueueModel;
use crate::simulator::recorded_book::Lost;
use crate::store::session::Gap;

const INFORMS: &str = "These numbers inform half_spread_percent, impact_coefficient, markout_percent and latency_ms of \
                       config.json; they are those of this stretch of this market and of no other.";

/// Times in ms UTC.
#[derive(Serialize)]
pub struct Report {
    symbol: String,
    first: Option<i64>,
    last: Option<i64>,
    changes: u64,
    trades: u64,
    whole_minutes: u32,
    gaps: u64,
    gap_places: Vec<GapReport>,
    every_ms: i64,
    wait_ms: i64,
    latency_ms: i64,
    queue: String,
    size: String,
    half_spread: Measured,
    half_spread_setting: f64,
    passive: Passive,
    takers: Vec<Taker>,
}

#[derive(Serialize)]
struct GapReport {
    file: String,
    line: u64,
    time: i64,
    lost: &'static str,
}

#[derive(Serialize)]
struct Measured {
    count: u64,
    bps: Option<f64>,
    standard_error: Option<f64>,
}

#[derive(Serialize)]
struct Passive {
    both: Orders,
    bid: Orders,
    ask: Orders,
}

#[derive(Serialize)]
struct Orders {
    sent: u64,
    filled: u64,
    partly: u64,
    unfilled: u64,
    refused: u64,
    unknown: u64,
    unfinished: u64,
    share_filled: Option<f64>,
    median_ms_to_fill: Option<f64>,
    markouts: Vec<After>,
    share_passed_by_a_tick: Option<f64>,
    markout_percent: Option<f64>,
    fee: f64,
}

#[derive(Serialize)]
struct After {
    seconds: i64,
    #[serde(flatten)]
    markout: Measured,
}

#[derive(Serialize)]
struct Taker {
    size: String,
    short: u64,
    cost: Measured,
    delay: Option<f64>,
    delay_harm: Option<f64>,
    setting: Option<f64>,
    square_root_law: Option<f64>,
    fee: f64,
}

impl Report {
    pub fn of(symbol: &Symbol, plan: &SurveyPlan, figures: &SurveyFigures, gaps: (&[Gap], u64)) -> Report {
        Report {
            symbol: symbol.to_string(),
            first: figures.first.map(|time| time.millis()),
            last: figures.last.map(|time| time.millis()),
            changes: figures.changes,
            trades: figures.trades,
            whole_minutes: figures.minutes,
            gaps: gaps.1,
            gap_places: gaps.0.iter().map(GapReport::of).collect(),
            every_ms: plan.every.millis(),
            wait_ms: plan.wait.millis(),
            latency_ms: plan.venue.frictions.latency.0.millis(),
            queue: queue(plan.queue),
            size: plan.size.to_string(),
            half_spread: Measured::of(figures.half_spread),
            half_spread_setting: bps(plan.venue.frictions.half_spread.to_f64()),
            passive: Passive {
                both: Orders::of(&figures.both),
                bid: Orders::of(&figures.bid),
                ask: Orders::of(&figures.ask),
            },
            takers: figures.takers.iter().map(Taker::of).collect(),
        }
    }
}

impl GapReport {
    fn of(gap: &Gap) -> GapReport {
        GapReport {
            file: gap.file.display().to_string(),
            line: gap.line,
            time: gap.time.millis(),
            lost: match gap.lost {
                Lost::Changes => "changes",
                Lost::Trades => "trades",
                Lost::Time => "time",
            },
        }
    }
}

impl Measured {
    fn of(mean: Mean) -> Measured {
        Measured { count: mean.count, bps: mean.mean.map(bps), standard_error: mean.standard_error.map(bps) }
    }
}

impl Orders {
    fn of(figures: &PassiveFigures) -> Orders {
        let fates = figures.fates;
        let after = |(span, mean): (Span, Mean)| After { seconds: span.millis() / 1_000, markout: Measured::of(mean) };
        Orders {
            sent: fates.sent(),
            filled: fates.filled,
            partly: fates.partly,
            unfilled: fates.unfilled,
            refused: fates.refused,
            unknown: fates.unknown,
            unfinished: fates.unfinished,
            share_filled: figures.share_filled,
            median_ms_to_fill: figures.median_to_fill.map(|span| span.0 as f64 / 1e3),
            markouts: figures.markouts().map(after).collect(),
            share_passed_by_a_tick: figures.share_passed,
            markout_percent: match figures.bar_markout {
                BarMarkout::Of(share) => Some(percent(share)),
                BarMarkout::FewerAtATick { .. } | BarMarkout::ShorterThanABar | BarMarkout::NothingFilled => None,
            },
            fee: bps(figures.fee),
        }
    }
}

impl Taker {
    fn of(figures: &TakerFigures) -> Taker {
        Taker {
            size: figures.size.to_string(),
            short: figures.short,
            cost: Measured::of(figures.cost),
            delay: figures.delay.map(bps),
            delay_harm: figures.harm.map(bps),
            setting: figures.stated.map(bps),
            square_root_law: figures.law.map(bps),
            fee: bps(figures.fee),
        }
    }
}

/// For people.
pub fn text(symbol: &Symbol, plan: &SurveyPlan, figures: &SurveyFigures, gaps: (&[Gap], u64)) -> String {
    let mut text = heading(symbol, plan, figures);
    // Writing to a string cannot fail.
    gaps_told(&mut text, gaps, figures);
    let groups = [("both", &figures.both), ("at the bid", &figures.bid), ("at the ask", &figures.ask)];
    row(&mut text, "passive orders", groups.iter().map(|(name, _)| (*name).to_owned()));
    for (name, cells) in passive_rows(&groups.map(|(_, group)| group)) {
        row(&mut text, &name, cells.into_iter());
    }
    text.push('\n');
    row(&mut text, "takers, bps", figures.takers.iter().map(|taker| taker.size.to_string()));
    for (name, cells) in taker_rows(&figures.takers) {
        row(&mut text, name, cells.into_iter());
    }
    let spread = plan.venue.frictions.half_spread.to_f64();
    let _ = writeln!(
        text,
        "\nHalf spread: {} bps measured, {} by half_spread_percent.\n{}\nErrors count {} s as one draw.\n{INFORMS}",
        measured(figures.half_spread),
        number(bps(spread)),
        markout_told(&figures.both, plan),
        crate::simulator::block_mean::BlockMean::BLOCK.millis() / 1_000
    );
    text
}

fn heading(symbol: &Symbol, plan: &SurveyPlan, figures: &SurveyFigures) -> String {
    let edge = |time: Option<crate::domain::Time>| {
        // To the second.
        time.map_or_else(String::new, |time| utc(crate::domain::Time(time.0 - time.0.rem_euclid(1_000_000))))
    };
    format!(
        "{symbol} from {} to {} UTC: {} changes of the book, {} trades\n\
         every {} s, {} ms to the book, queue {}, cancelled after {} s, passive orders of {}\n\n",
        edge(figures.first),
        edge(figures.last),
        figures.changes,
        figures.trades,
        plan.every.0 as f64 / 1e6,
        plan.venue.frictions.latency.0.millis(),
        queue(plan.queue),
        plan.wait.0 as f64 / 1e6,
        plan.size
    )
}

fn gaps_told(text: &mut String, (gaps, count): (&[Gap], u64), figures: &SurveyFigures) {
    for gap in gaps {
        let what = match gap.lost {
            Lost::Changes => "changes of the book are missing; it is unknown until the next snapshot",
            Lost::Trades => "trades are missing",
            Lost::Time => "the recording was silent for more than a minute",
        };
        let (file, line) = (gap.file.display(), gap.line);
        let _ = writeln!(text, "gap at {} UTC ({file}, line {line}): {what}", utc(gap.time));
    }
    if count > 0 {
        let unknown = figures.both.fates.unknown;
        let _ = writeln!(text, "{count} gaps; from there on the fate of {unknown} passive orders is unknown\n");
    }
}

type Row = (String, Vec<String>);

fn passive_rows(groups: &[&PassiveFigures; 3]) -> Vec<Row> {
    let each = |name: &str, cell: &dyn Fn(&PassiveFigures) -> String| -> Row {
        (name.to_owned(), groups.iter().map(|group| cell(group)).collect())
    };
    let share = |share: Option<f64>| share.map_or_else(dash, |share| format!("{:.1} %", percent(share)));
    let mut rows = vec![
        each("sent", &|group| group.fates.sent().to_string()),
        each("filled", &|group| group.fates.filled.to_string()),
        each("filled in part", &|group| group.fates.partly.to_string()),
        each("cancelled unfilled", &|group| group.fates.unfilled.to_string()),
        each("refused, would have taken", &|group| group.fates.refused.to_string()),
        each("fate unknown (gap, end)", &|group| format!("{}, {}", group.fates.unknown, group.fates.unfinished)),
        each("share filled", &|group| share(group.share_filled)),
        each("median time to fill", &|group| {
            group.median_to_fill.map_or_else(dash, |span| format!("{:.2} s", span.0 as f64 / 1e6))
        }),
    ];
    for (at, (span, _)) in groups[0].markouts().enumerate() {
        let name = format!("markout after {} s, bps", span.millis() / 1_000);
        rows.push((name, groups.iter().map(|group| measured(group.markouts[at])).collect()));
    }
    rows.push(each("limit passed by a tick", &|group| share(group.share_passed)));
    rows.push(each("maker fee, bps", &|group| number(bps(group.fee))));
    rows
}

fn taker_rows(takers: &[TakerFigures]) -> Vec<(&'static str, Vec<String>)> {
    let each = |name: &'static str, cell: &dyn Fn(&TakerFigures) -> String| (name, takers.iter().map(cell).collect());
    let known = |share: Option<f64>| share.map_or_else(dash, |share| number(bps(share)));
    vec![
        each("cost against the middle", &|taker| measured(taker.cost)),
        each("  of it moved on the way", &|taker| known(taker.delay)),
        each("  moves to its harm alone", &|taker| known(taker.harm)),
        each("the settings would charge", &|taker| known(taker.stated)),
        each("square-root law, Y = 1", &|taker| known(taker.law)),
        each("taker fee", &|taker| number(bps(taker.fee))),
        each("more than the book shows", &|taker| taker.short.to_string()),
    ]
}

/// By how much bars must pass a limit.
fn markout_told(both: &PassiveFigures, plan: &SurveyPlan) -> String {
    let wait = plan.wait.0 as f64 / 1e6;
    match both.bar_markout {
        BarMarkout::Of(share) => format!(
            "On bars of {wait} s from each order's arrival, markout_percent {:.4} fills as many; the settings have {}.",
            percent(share),
            plan.venue.frictions.markout.0.to_f64() * 100.0
        ),
        BarMarkout::FewerAtATick { bars, book } => format!(
            "Of the orders that came to the book {:.1} % were filled; on bars of {wait} s even markout_percent 0 fills fewer \
             ({:.1} %), because a bar asks for a tick beyond the limit and the queue does not.",
            percent(book),
            percent(bars)
        ),
        BarMarkout::ShorterThanABar => {
            "markout_percent is one of minutes; wait at least 60 s to compare with it.".into()
        }
        BarMarkout::NothingFilled => "Nothing was filled, so no markout_percent stands for it.".into(),
    }
}

fn row(text: &mut String, name: &str, cells: impl Iterator<Item = String>) {
    let _ = write!(text, "{name:<26}");
    for cell in cells {
        let _ = write!(text, " {cell:>18}");
    }
    text.push('\n');
}

fn measured(mean: Mean) -> String {
    match (mean.mean, mean.standard_error) {
        (Some(value), Some(error)) => format!("{} +- {}", number(bps(value)), number(bps(error))),
        (Some(value), None) => number(bps(value)),
        (None, _) => dash(),
    }
}

fn queue(model: QueueModel) -> String {
    match model {
        QueueModel::RiskAverse => "risk-averse".into(),
        QueueModel::Power { exponent } => format!("power:{exponent}"),
        QueueModel::Logarithmic => "log".into(),
    }
}

/// Four digits after the point for what is small: half spreads of liquid pairs are below a hundredth.
fn number(x: f64) -> String {
    if x != 0.0 && x.abs() < 0.1 { format!("{x:.4}") } else { format!("{x:.2}") }
}

fn dash() -> String {
    "-".into()
}

fn percent(share: f64) -> f64 {
    share * 100.0
}

fn bps(share: f64) -> f64 {
    share * 1e4
}
