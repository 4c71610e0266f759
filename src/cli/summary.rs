//! `Summary`: the result of a run, for scripts as JSON and for people as a table.
//!
//! Money is in the quote currency and prints as exact decimal strings; ratios are fractions; times are ms UTC; what is
//! undefined is null. Field names are a contract with other people's scripts.
//! Invariant: every field stands in the JSON of every summary.
//! Absent on purpose: how the numbers are computed (`performance`).

use std::fmt::Write;

use serde::{Serialize, Serializer};

use super::standing::Standing;
use crate::app::Outcome;
use crate::domain::{Symbol, Time, Value, digest};

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
    pub wall_seconds: f64,
    pub cpu_seconds: f64,
    pub bars_per_cpu_second: Option<f64>,
    /// What anybody had without skill; `None` where nobody asked for it.
    pub baselines: Option<Standing>,
}

/// The comparison follows return and drawdown.
const BEFORE_STANDING: usize = 7;

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
            wall_seconds: elapsed.wall_seconds,
            cpu_seconds: elapsed.cpu_seconds,
            bars_per_cpu_second: (elapsed.cpu_seconds > 0.0).then(|| bars as f64 / elapsed.cpu_seconds),
            baselines: None,
        }
    }

    /// For people: one line a figure, most wanted first.
    pub fn table(&self) -> String {
        let symbols: Vec<&str> = self.symbols.iter().map(Symbol::as_str).collect();
        let rows = [
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
        let standing = self.baselines.iter().flat_map(Standing::rows);
        let (result, rest) = rows.split_at(BEFORE_STANDING);
        let mut table = String::new();
        for (name, value) in result.iter().cloned().chain(standing).chain(rest.iter().cloned()) {
            // Writing to a String cannot fail.
            writeln!(table, "{name:<20} {value}").unwrap_or_default();
        }
        table
    }
}

pub(super) fn decimal<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn millis<S: Serializer>(time: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(Time::millis).serialize(serializer)
}

pub(super) fn percent(fraction: Option<f64>) -> String {
    fraction.map_or("undefined".into(), |fraction| format!("{:.2} %", fraction * 100.0))
}

pub(super) fn number(value: Option<f64>) -> String {
    value.map_or("undefined".into(), |value| format!("{value:.2}"))
}

/// `2023-09-01 00:00 UTC`.
pub(super) fn clock(time: Option<Time>) -> String {
    let stamp = time.and_then(|time| jiff::Timestamp::from_microsecond(time.0).ok());
    stamp.map_or("undefined".into(), |stamp| stamp.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::Summary;
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
            wall_seconds: 0.5,
            cpu_seconds: 0.25,
            bars_per_cpu_second: Some(12.0),
            baselines: None,
        }
    }

    #[test]
    fn the_json_has_the_promised_fields_and_forms() {
        let json = serde_json::to_string(&summary()).expect("JSON");
        let expected = concat!(
            r#"{"mode":"backtest","strategy":"trend","symbols":["BTCUSDT"],"bars":3,"decisions":2,"orders":1,"#,
            r#""fills":1,"trades":0,"fees":"0.0000000000000001","realised_pnl":"-2.5","unrealised_pnl":"0","#,
            r#""equity_start":"10000","equity":"9997.5","return":-0.00025,"max_drawdown":0.0,"win_rate":null,"#,
            r#""sharpe":null,"exposure":null,"turnover":null,"first_bar":1693526400000,"last_bar":null,"#,
            r#""state_hash":"00000000000000ff","wall_seconds":0.5,"cpu_seconds":0.25,"bars_per_cpu_second":12.0,"#,
            r#""baselines":null}"#,
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
}
