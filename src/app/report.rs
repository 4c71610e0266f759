//! A report of a run that was recorded: measured, explained and written.
//!
//! Invariant: the page is a pure function of the run, its settings and the command that made it.
//! Absent on purpose: what the page looks like (`report`) and how figures are computed (`performance`).

use std::path::Path;

use super::{Outcome, RunError, venue_settings, whole_file};
use crate::config::{Config, FeePolicy};
use crate::domain::{Ratio, Seed, Span, Value, digest};
use crate::engine::notice::ExitBy;
use crate::engine::settings::{Settings, Sizing, StrategyName};
use crate::engine::{Engine, TradeRecord};
use crate::performance::baselines::VolatilityTarget;
use crate::performance::{CostRates, Costs, Inputs, RoundTrip, Summary};
use crate::report::{self, Report, TradeLine};
use crate::runtime::Recording;
use crate::simulator::{Frictions, Slippage};

/// What the venue of a run charges.
#[derive(Debug, Clone, Copy)]
pub enum Charges<'a> {
    /// As configured for the simulated venue.
    Configured(&'a Config),
    /// A journal holds what was paid, not the terms.
    Unknown,
}

/// Where a report goes, and what only the command line knows.
pub struct Page<'a> {
    pub file: &'a Path,
    pub command: String,
    /// Where the bars came from.
    pub market: String,
    pub seed: Seed,
}

/// All figures of a recorded run; `None` for one that was not recorded.
pub fn measure(outcome: &Outcome, charges: Charges<'_>, seed: Seed) -> Option<Summary> {
    let recording = outcome.recording.as_ref()?;
    let costs = costs(&outcome.engine, recording);
    let trades: Vec<RoundTrip> = outcome.record.trades.iter().map(round_trip).collect();
    Some(Summary::of(&Inputs {
        start: recording.start,
        capital: recording.capital.to_f64(),
        samples: &recording.samples,
        closes: &recording.closes,
        trades: &trades,
        costs,
        rates: costs.rates().unwrap_or_else(|| configured(charges)),
        target: VolatilityTarget::default(),
        seed,
    }))
}

/// Writes the page of a run that was recorded and measured.
pub fn write(outcome: &Outcome, summary: &Summary, charges: Charges<'_>, page: &Page<'_>) -> Result<(), RunError> {
    let engine = &outcome.engine;
    let rules: Vec<_> = engine.rules().collect();
    let trades = outcome.record.trades.iter().map(|trade| line(trade, outcome.recording.as_ref()));
    let report = Report {
        strategy: engine.settings().strategy.as_str(),
        symbols: rules.iter().map(|rules| rules.symbol.as_str().to_owned()).collect(),
        quote: rules.first().map_or("", |rules| rules.quote.as_str()),
        mode: outcome.mode,
        span: engine.first_bar().zip(engine.last_bar()),
        bars: engine.performance().bars(),
        orders: engine.counts().orders,
        fills: engine.counts().fills,
        summary,
        trades: trades.collect(),
        assumptions: assumptions(outcome, charges, page),
        remarks: remarks(outcome),
        caveats: caveats(outcome, charges),
        command: page.command.clone(),
        state_hash: digest::hex(engine.state_hash()),
    };
    whole_file::write(page.file, &report::html(&report), "report")
}

fn round_trip(trade: &TradeRecord) -> RoundTrip {
    RoundTrip {
        symbol: trade.symbol,
        opened: trade.opened,
        closed: trade.closed,
        invested: Value::of(trade.entry, trade.quantity),
        pnl: trade.pnl,
    }
}

/// Fees as booked; spread and impact as the simulated venue counted them. What a real venue's prices held of either is not on
/// record.
fn costs(engine: &Engine, recording: &Recording) -> Costs {
    let Slippage { spread, impact } = recording.slippage.unwrap_or_default();
    Costs { traded: recording.traded, fees: engine.fees(), spread, impact }
}

fn configured(charges: Charges<'_>) -> CostRates {
    match charges {
        Charges::Configured(config) => {
            CostRates { fee: config.taker_fee().to_f64(), half_spread: config.half_spread().to_f64(), impact: 0.0 }
        }
        Charges::Unknown => CostRates::default(),
    }
}

/// The trade with the decision that opened it and what closed it.
fn line<'a>(trade: &'a TradeRecord, recording: Option<&Recording>) -> TradeLine<'a> {
    let decided = |time| recording.and_then(|recording| recording.decision(trade.symbol, time));
    let left = match trade.exit_by {
        ExitBy::Signal => match decided(trade.closed).filter(|decision| decision.time >= trade.opened) {
            Some(decision) => format!("signal: {}", decision.signal.reason),
            None => "signal".to_owned(),
        },
        ExitBy::Stop => "stop-loss".to_owned(),
        ExitBy::Target => "take-profit".to_owned(),
        ExitBy::Time => "held as long as it may be".to_owned(),
        ExitBy::Command => "by hand".to_owned(),
        ExitBy::Regime => "the regime changed".to_owned(),
    };
    let entered = decided(trade.opened).map(|decision| decision.signal.reason.to_string());
    TradeLine { trade, entered_because: entered, left_because: left }
}

fn percent(ratio: Ratio) -> String {
    format!("{} %", Ratio::from_raw(ratio.raw().saturating_mul(100)))
}

fn assumptions(outcome: &Outcome, charges: Charges<'_>, page: &Page<'_>) -> Vec<(String, String)> {
    let mut pairs = vec![("market", page.market.clone())];
    pairs.extend(strategy(outcome.engine.settings()));
    pairs.extend(match charges {
        Charges::Configured(config) => venue(config, outcome),
        Charges::Unknown => vec![("fees", "as the venue booked them".to_owned())],
    });
    let target = VolatilityTarget::default();
    let steady = format!(
        "{} % a year, at most {} % invested, forecast by exponential variance (half-lives of {} and {} minutes), traded when off by more than {} %",
        target.annual * 100.0,
        target.cap * 100.0,
        target.slow.millis() / 60_000,
        target.fast.millis() / 60_000,
        target.band * 100.0
    );
    pairs.extend([
        ("baselines pay", "the same fees, spread and impact per notional as the strategy paid on average".to_owned()),
        ("hold at steady risk", steady),
        ("random traders", format!("the strategy's own trades at random moments; seed {}", page.seed.0)),
        ("year and day", "365 days, each ending at 00:00 UTC; risk-free rate zero".to_owned()),
        (
            "intervals",
            "95 %, by stationary bootstrap of daily returns; of trades by bootstrap, the win rate by Wilson".to_owned(),
        ),
        ("program", format!("kestrel {}", env!("CARGO_PKG_VERSION"))),
    ]);
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn strategy(settings: &Settings) -> Vec<(&'static str, String)> {
    let or_none = |ratio: Ratio| if ratio.is_zero() { "none".to_owned() } else { percent(ratio) };
    let name = settings.strategy.as_str();
    let strategy = match settings.strategy {
        StrategyName::Trend => format!("{name}, averages of {} and {} bars", settings.trend.fast, settings.trend.slow),
        StrategyName::Auto
        | StrategyName::Reversal
        | StrategyName::Breakout
        | StrategyName::Trees
        | StrategyName::Temporal
        | StrategyName::Sac
        | StrategyName::Flat => name.to_owned(),
    };
    let sizing = match settings.sizing {
        Sizing::Invest => format!("{} of equity, all symbols together", percent(settings.invest)),
        Sizing::Fixed(quantity) => format!("{quantity} of the base asset"),
    };
    vec![
        ("strategy", strategy),
        ("size of a position", sizing),
        ("smallest trade", settings.min_trade_size.to_string()),
        ("stop-loss", or_none(settings.stop_loss)),
        ("take-profit", or_none(settings.take_profit)),
        ("shortest holding", format!("{} min (stops and targets do not wait)", settings.min_hold_bars)),
        ("no-trade band", percent(settings.no_trade_band)),
    ]
}

fn venue(config: &Config, outcome: &Outcome) -> Vec<(&'static str, String)> {
    let fees = format!("maker {}, taker {}", percent(config.maker_fee()), percent(config.taker_fee()));
    let policy = match config.fee_policy {
        FeePolicy::Received => "paid in what a trade brings in".to_owned(),
        FeePolicy::Bnb => in_bnb(config, outcome),
        FeePolicy::Quote => "paid in the quote currency".to_owned(),
    };
    let mut pairs = vec![("fees", format!("{fees}; {policy}"))];
    let described = venue_settings(config).frictions.describe();
    pairs.extend(described.into_iter().map(|of| (of.name, format!("{} ({})", of.parameters, of.source))));
    pairs.extend([
        ("fills", "a decision at a close fills at the next bar's open at the earliest; a resting limit only when the price passes it".to_owned()),
        ("inside a bar", "open, low, high, close: the worse extreme first for a long position".to_owned()),
    ]);
    pairs
}

/// What was really paid where BNB was asked for.
fn in_bnb(config: &Config, outcome: &Outcome) -> String {
    let fills = &outcome.record.fills;
    let paid = fills.iter().filter(|fill| fill.fee_asset.as_str() == "BNB").count();
    if paid == fills.len() && paid > 0 {
        return format!("paid in BNB at {} with the discount of 25 %", config.bnb_price);
    }
    format!(
        "asked for in BNB, but {paid} of {} fills paid so, for the account held too little BNB: the others paid in what the trade brought in, without the discount",
        fills.len()
    )
}

/// The share of the time between the first and the last bar that has no bars; `None` where it is not on record.
pub fn absent(outcome: &Outcome) -> Option<f64> {
    let (first, last) = outcome.engine.first_bar().zip(outcome.engine.last_bar())?;
    let moments = match &outcome.recording {
        Some(recording) => recording.moments,
        // Of several symbols nobody counted the moments.
        None => Some(outcome.engine.performance().bars()).filter(|_| outcome.engine.rules().count() == 1)?,
    };
    let minutes = last.since(first).0 / Span::MINUTE.0 + 1;
    (minutes > 0).then(|| (1.0 - moments as f64 / minutes as f64).max(0.0))
}

/// Share of the time without bars from which on people are told.
pub const GAPS_TOLD: f64 = 0.001;

/// How many wanted entries were refused, and why the last one was; `None` where none was.
pub fn refusals(outcome: &Outcome) -> Option<String> {
    let count = outcome.engine.counts().refused;
    let last = outcome.record.last_refusal.map_or_else(String::new, |reason| format!("; the last because {reason}"));
    let times = if count == 1 { "time" } else { "times" };
    (count > 0).then(|| format!("{count} {times}{last}"))
}

/// What stands beneath the result because it explains it.
fn remarks(outcome: &Outcome) -> Vec<String> {
    let refused = refusals(outcome).map(|told| format!("An entry was wanted and refused {told}."));
    let cut = outcome.ending.warning().map(|warning| format!("Caution: {warning}."));
    cut.into_iter().chain(refused).collect()
}

fn caveats(outcome: &Outcome, charges: Charges<'_>) -> Vec<String> {
    let absent = absent(outcome).unwrap_or(0.0);
    let rested = outcome.recording.as_ref().is_some_and(|recording| recording.maker_fills > 0);
    let mut said = vec![
        "Samples are the closes of bars; between them equity may have been lower.".to_owned(),
        "Settings that were chosen by looking at these bars make the result look better than the future will be."
            .to_owned(),
    ];
    if absent > GAPS_TOLD {
        said.push(format!(
            "{:.1} % of the time between the first and the last bar has no bars: what was held at a gap was held over it, and figures a year count only the days that are there.",
            absent * 100.0
        ));
    }
    match charges {
        Charges::Configured(config) => {
            said.extend(left_out(&venue_settings(config).frictions, rested).map(str::to_owned));
        },
        Charges::Unknown => said.push(
            "A journal holds fees, not the middle of the book: spread and impact are part of the result but not shown apart, and the baselines pay the fees only.".to_owned(),
        ),
    }
    said
}

/// What the model of the market leaves out; queues only where limits rested.
fn left_out(frictions: &Frictions, rested: bool) -> impl Iterator<Item = &'static str> {
    let is_free = frictions.impact.is_none() && frictions.participation.is_none();
    let sentences = [
        is_free.then_some("Market impact and thin minutes are switched off (impact_coefficient, participation_percent): large orders look better here than they are."),
        (rested && !frictions.markout.0.is_positive()).then_some("A resting limit fills as soon as the price passes it (markout_percent is 0): no queue stood before it."),
        Some(if frictions.latency.0 > Span::ZERO {
            "What the delay of orders cost stands in the prices of the fills; the baselines pay fees, spread and impact but no delay."
        } else {
            "Orders arrive at once (latency_ms is 0)."
        }),
    ];
    sentences.into_iter().flatten()
}
