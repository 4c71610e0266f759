//! `Summary`: the result of a run, for scripts as JSON and for people as a table.
//!
//! Money is in the quote currency and prints as exact decimal strings; ratios are fractions; times are ms UTC; what is
//! undefined is null. Field names are a contract with other people's scripts.
//! Invariant: every field stands in the JSON of every summary.
//! Absent on purpose: how the numbers are computed (`performance`).

use std::fmt::Write;

use serde::{Serialize, Serializer};

use super::standing::Standing;
use crate::app::{Ending, Outcome, report};
use crate::domain::{Symbol, Time, Value, digest};
use crate::runtime::execution_report::ExecutionReport;

/// The summary object of `run`, `backtest`, `replay` and `report`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    pub mode: String,
    pub strategy: String,
    pub symbols: Vec<Symbol>,
    /// Summed over symbols.
    pub bars: u64,
    pub decisions: u64,
    pub orders: u64,
    pub fills: u64,
    /// Closed round trips.
    pub trades: u64,
    /// Bars at which a wanted entry was refused.
    pub refused: u64,
    /// Why the last one was, in words.
    #[serde(skip)]
    refusals: Option<String>,
    /// Share of the time between the first and the last bar without bars; `None` where it is not on record.
    pub missing: Option<f64>,
    #[serde(serialize_with = "decimal")]
    pub fees: Value,
    #[serde(serialize_with = "decimal")]
    pub realised_pnl: Value,
    #[serde(serialize_with = "decimal")]
    pub unrealised_pnl: Value,
    #[serde(serialize_with = "decimal")]
    pub equity_start: Value,
    #[serde(serialize_with = "decimal")]
    pub equity: Value,
    #[serde(rename = "return")]
    pub total_return: Option<f64>,
    /// Zero or negative.
    pub max_drawdown: Option<f64>,
    pub win_rate: Option<f64>,
    /// Daily x sqrt(365); `None` under 30 days.
    pub sharpe: Option<f64>,
    /// Mean of |position| / equity.
    pub exposure: Option<f64>,
    /// Traded notional / mean equity.
    pub turnover: Option<f64>,
    #[serde(serialize_with = "millis")]
    pub first_bar: Option<Time>,
    #[serde(serialize_with = "millis")]
    pub last_bar: Option<Time>,
    /// Sixteen hex digits.
    pub state_hash: String,
    /// False for a journal without its end.
    #[serde(rename = "complete", serialize_with = "complete")]
    pub ending: Ending,
    pub wall_seconds: f64,
    pub cpu_seconds: f64,
    pub bars_per_cpu_second: Option<f64>,
    /// What parent orders, switches and halts came to; `None` where there were none.
    pub execution: Option<ExecutionReport>,
    /// What anybody had without skill; `None` where nobody asked for it.
    pub baselines: Option<Standing>,
}

/// The comparison follows return and drawdown.
const BEFORE_STANDING: usize = 7;
/// What is told only sometimes follows the state hash.
const BEFORE_TIME: usize = 17;

impl Summary {
    /// Of a run that ended.
    pub fn of(outcome: &Outcome) -> Summary {
        let engine = &outcome.engine;
        let (performance, counts) = (engine.performance(), engine.counts());
        let elapsed = outcome.stopwatch.read();
        let bars = performance.bars();
        Summary {
            mode: outcome.mode.to_owned(),
            strategy: engine.settings().strategy.as_str().to_owned(),
            symbols: engine.rules().map(|rules| rules.symbol.clone()).collect(),
            bars,
            decisions: counts.decisions,
            orders: counts.orders,
            fills: counts.fills,
            trades: performance.trades.trades(),
            refused: counts.refused,
            refusals: report::refusals(outcome),
            missing: report::absent(outcome),
            fees: engine.fees(),
            realised_pnl: engine.realised(),
            unrealised_pnl: engine.unrealised(),
            equity_start: performance.start(),
            equity: engine.equity(),
            total_return: performance.total_return(),
            max_drawdown: (bars > 0).then(|| performance.drawdown.worst()),
            win_rate: performance.trades.rate(),
            sharpe: performance.sharpe.ratio(),
            exposure: performance.exposure(),
            turnover: performance.turnover(),
            first_bar: engine.first_bar(),
            last_bar: engine.last_bar(),
            state_hash: digest::hex(engine.state_hash()),
            ending: outcome.ending,
            wall_seconds: elapsed.wall_seconds,
            cpu_seconds: elapsed.cpu_seconds,
            bars_per_cpu_second: (elapsed.cpu_seconds > 0.0).then(|| bars as f64 / elapsed.cpu_seconds),
            execution: Some(outcome.record.execution.clone()).filter(|execution| !execution.is_empty()),
            baselines: None,
        }
    }

    /// For people: one line a figure, most wanted first.
    pub fn table(&self) -> String {
        let symbols: Vec<&str> = self.symbols.iter().map(Symbol::as_str).collect();
        let mut rows = vec![
            ("mode", format!("{} ({})", self.mode, self.strategy)),
            ("symbols", symbols.join(", ")),
            ("period", format!("{} to {}", clock(self.first_bar), clock(self.last_bar))),
            ("bars", self.bars.to_string()),
            ("equity", format!("{:.2} (from {:.2})", self.equity, self.equity_start)),
            ("return", percent(self.total_return)),
            ("max drawdown", percent(self.max_drawdown)),
            ("sharpe", number(self.sharpe)),
            ("win rate", percent(self.win_rate)),
            ("realised PnL", format!("{:+.2}", self.realised_pnl)),
            ("unrealised PnL", format!("{:+.2}", self.unrealised_pnl)),
            ("fees", format!("{:.2}", self.fees)),
            ("trades", format!("{} ({} fills, {} orders)", self.trades, self.fills, self.orders)),
            ("decisions", self.decisions.to_string()),
            ("exposure", percent(self.exposure)),
            ("turnover", number(self.turnover)),
            ("state hash", self.state_hash.clone()),
            ("time", format!("{:.2} s ({:.2} s CPU)", self.wall_seconds, self.cpu_seconds)),
            ("bars per CPU second", number(self.bars_per_cpu_second)),
        ];
        rows.splice(BEFORE_TIME..BEFORE_TIME, self.told());
        let standing = self.baselines.iter().flat_map(Standing::rows);
        let (result, rest) = rows.split_at(BEFORE_STANDING);
        let mut table = String::new();
        for (name, value) in result.iter().cloned().chain(standing).chain(rest.iter().cloned()) {
            // Writing to a String cannot fail.
            writeln!(table, "{name:<20} {value}").unwrap_or_default();
        }
        table
    }

    /// Rows that stand only where there is something to tell.
    fn told(&self) -> Vec<(&'static str, String)> {
        let mut rows = Vec::new();
        rows.extend(self.refusals.clone().map(|refusals| ("entries refused", refusals)));
        rows.extend(self.execution.as_ref().map(executed));
        let missing = self.missing.filter(|missing| *missing > report::GAPS_TOLD);
        rows.extend(missing.map(|share| ("missing", format!("{:.1} % of the time has no bars", share * 100.0))));
        rows.extend(match self.ending {
            Ending::Ran => None,
            Ending::Compared => Some(("journal", "compared: state, inputs and orders are those of the run".to_owned())),
            Ending::Cut { inputs } => {
                Some(("journal", format!("cut off after {inputs} inputs: a part of the run, compared with nothing")))
            }
        });
        rows
    }
}

/// Parent orders, switches and halts in a line.
fn executed(execution: &ExecutionReport) -> (&'static str, String) {
    let mut text = format!("{} parent orders in {} children", execution.parents, execution.children);
    if let Some(shortfall) = execution.against_arrival {
        let rested = percent(execution.rested);
        text += &format!(", {} bps against arrival without fees, {rested} rested first", two_places(shortfall));
    }
    text += &format!("; {} switches, {} halts", execution.switches, execution.halts);
    ("execution", text)
}

fn complete<S: Serializer>(ending: &Ending, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(ending.is_complete())
}

pub(super) fn decimal<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn millis<S: Serializer>(time: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(Time::millis).serialize(serializer)
}

pub(super) fn percent(fraction: Option<f64>) -> String {
    fraction.map_or("undefined".into(), |fraction| format!("{} %", two_places(fraction * 100.0)))
}

pub(super) fn number(value: Option<f64>) -> String {
    value.map_or("undefined".into(), two_places)
}

/// What rounds to nothing has no minus.
pub(super) fn two_places(value: f64) -> String {
    let text = format!("{value:.2}");
    if text == "-0.00" { "0.00".to_owned() } else { text }
}

/// `2023-09-01 00:00 UTC`.
pub(super) fn clock(time: Option<Time>) -> String {
    let stamp = time.and_then(|time| jiff::Timestamp::from_microsecond(time.0).ok());
    stamp.map_or("undefined".into(), |stamp| stamp.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::{Summary, number, percent};
    use crate::app::Ending;
    use crate::domain::{Symbol, Time, Value};

    fn summary() -> Summary {
        Summary {
            mode: "backtest".into(),
            strategy: "trend".into(),
            symbols: vec![Symbol::new("BTCUSDT")],
            bars: 3,
            decisions: 2,
            orders: 1,
            fills: 1,
            trades: 0,
            refused: 12,
            refusals: Some("12 times; the last because entries are paused".into()),
            missing: Some(0.0657),
            fees: Value(1),
            realised_pnl: Value(-25_000_000_000_000_000),
            unrealised_pnl: Value::ZERO,
            equity_start: Value(100_000_000_000_000_000_000),
            equity: Value(99_975_000_000_000_000_000),
            total_return: Some(-0.00025),
            max_drawdown: Some(0.0),
            win_rate: None,
            sharpe: None,
            exposure: Some(f64::NAN),
            turnover: None,
            first_bar: Some(Time::from_millis(1_693_526_400_000)),
            last_bar: None,
            state_hash: "00000000000000ff".into(),
            ending: Ending::Cut { inputs: 9 },
            wall_seconds: 0.5,
            cpu_seconds: 0.25,
            bars_per_cpu_second: Some(12.0),
            execution: None,
            baselines: None,
        }
    }

    #[test]
    fn the_json_has_the_promised_fields_and_forms() {
        let json = serde_json::to_string(&summary()).expect("JSON");
        let expected = concat!(
            r#"{"mode":"backtest","strategy":"trend","symbols":["BTCUSDT"],"bars":3,"decisions":2,"orders":1,"#,
            r#""fills":1,"trades":0,"refused":12,"missing":0.0657,"fees":"0.0000000000000001","realised_pnl":"-2.5","unrealised_pnl":"0","#,
            r#""equity_start":"10000","equity":"9997.5","return":-0.00025,"max_drawdown":0.0,"win_rate":null,"#,
            r#""sharpe":null,"exposure":null,"turnover":null,"first_bar":1693526400000,"last_bar":null,"#,
            r#""state_hash":"00000000000000ff","complete":false,"wall_seconds":0.5,"cpu_seconds":0.25,"bars_per_cpu_second":12.0,"#,
            r#""execution":null,"baselines":null}"#,
        );
        assert_eq!(json, expected);
    }

    #[test]
    fn the_table_says_undefined_rather_than_zero() {
        let table = summary().table();
        assert!(table.contains("2023-09-01 00:00 UTC to undefined"), "{table}");
        assert!(table.contains("sharpe               undefined"), "{table}");
        assert!(table.contains("9997.50 (from 10000.00)"), "{table}");
    }

    #[test]
    fn the_table_tells_what_explains_a_result_and_rounds_money() {
        let table = Summary { equity: Value(93_273_092_320_000_000_000), ..summary() }.table();
        for row in [
            "equity               9327.31 (from",
            "entries refused      12 times; the last because entries are paused",
            "missing              6.6 % of the time has no bars",
            "journal              cut off after 9 inputs",
        ] {
            assert!(table.contains(row), "{row}: {table}");
        }
        let rows: Vec<&str> = table.lines().filter_map(|line| line.split("  ").next()).collect();
        let hash = rows.iter().position(|name| *name == "state hash").expect("a row");
        assert_eq!(rows[hash + 1..hash + 5], ["entries refused", "missing", "journal", "time"]);
        let whole = Summary { ending: Ending::Compared, refusals: None, missing: Some(0.000_9), ..summary() }.table();
        assert!(whole.contains("journal              compared") && !whole.contains("missing"), "{whole}");
        assert!(!whole.contains("refused"), "{whole}");
        assert_eq!((percent(Some(-0.000_01)), number(Some(-0.001))), ("0.00 %".into(), "0.00".into()));
    }
}
