//! `backtest --sweep FILE`: the file that names the sets, and the results of all of them.
//!
//! The file is one JSON object: `{"sets": [{"trend_fast": 5, "trend_slow": 60}, ...]}` names each set by the keys in which
//! it differs from the settings; `{"grid": {"trend_fast": [5, 7], "trend_slow": [60, 65]}}` means all combinations, the
//! last key of the alphabet running fastest.
//! Invariant: every set passes the same checks as a settings file, before the first bar is read.
//! Absent on purpose: symbols and warm-up as part of a set, for all sets share the bars.

use std::fmt::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::failure::Failure;
use super::summary::{decimal, number, percent};
use crate::app::sweep::SweepOutcome;
use crate::config::{Config, ConfigOrigin, EMBEDDED};
use crate::domain::{self, Symbol, digest};
use crate::runtime::sweep::Swept;

/// More sets than anybody waits for.
const MOST_SETS: usize = 1_000_000;
/// Rows of the table for people.
const SHOWN: usize = 20;
/// The form of the file, under the options of `backtest --help`.
pub const HELP: &str = r#"The file of --sweep is one JSON object whose keys are those of the settings:
  {"sets": [{"trend_fast": 5, "trend_slow": 60}, {"strategy": "reversal"}]}    each set by what differs
  {"grid": {"trend_fast": [5, 20], "trend_slow": [60, 240]}}                   all combinations
Combinations of a grid that the settings refuse are left out and counted; a set of a list must be right."#;
const SHARED_KEYS: [&str; 2] = ["symbols", "warmup_bars"];

type Set = Map<String, Value>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
enum Plan {
    Sets(Vec<Set>),
    Grid(std::collections::BTreeMap<String, Vec<Value>>),
}

/// The settings of every set, with the keys in which each differs.
#[derive(Debug)]
pub struct Sets {
    pub named: Vec<Set>,
    pub configs: Vec<Config>,
    /// Combinations of a grid that the settings refuse.
    pub left_out: usize,
    /// Why the first of them is.
    refusal: Option<String>,
}

/// The result object of a sweep.
#[derive(Debug, Serialize)]
pub struct SweepSummary {
    mode: &'static str,
    symbols: Vec<Symbol>,
    /// Of one set, summed over symbols.
    bars: u64,
    sets: usize,
    read_cpu_seconds: f64,
    wall_seconds: f64,
    /// Of all sets, without reading.
    cpu_seconds: f64,
    bars_per_cpu_second: Option<f64>,
    /// In the order of the file.
    results: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    set: Set,
    orders: u64,
    fills: u64,
    trades: u64,
    #[serde(serialize_with = "decimal")]
    fees: domain::Value,
    #[serde(serialize_with = "decimal")]
    equity: domain::Value,
    #[serde(rename = "return")]
    total_return: Option<f64>,
    max_drawdown: f64,
    win_rate: Option<f64>,
    sharpe: Option<f64>,
    exposure: Option<f64>,
    turnover: Option<f64>,
    state_hash: String,
}

impl Sets {
    /// Reads the file and lays each set over the settings that `origin` names.
    pub fn read(file: &Path, origin: &ConfigOrigin) -> Result<Sets, Failure> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            Failure::Usage(format!("{}: the sweep cannot be read ({error}); check the path", file.display()))
        })?;
        Sets::of(&text, &file.display().to_string(), &base(origin)?)
    }

    /// The sets of this text over the settings `base`. What a list names must be right; of a grid what is refused is left out.
    fn of(text: &str, name: &str, base: &Set) -> Result<Sets, Failure> {
        let (all, is_grid) = parse(text, name)?;
        let mut sets = Sets { named: Vec::new(), configs: Vec::new(), left_out: 0, refusal: None };
        let mut first = None;
        for (at, set) in all.into_iter().enumerate() {
            let mut settings = base.clone();
            settings.extend(set.clone());
            match Config::parse(&Value::Object(settings).to_string(), &format!("{name}, set {}", at + 1)) {
                Ok(config) => {
                    sets.named.push(set);
                    sets.configs.push(config);
                }
                Err(error) if is_grid => {
                    sets.left_out += 1;
                    first.get_or_insert(error);
                }
                Err(error) => return Err(error.into()),
            }
        }
        sets.refusal = first.as_ref().map(ToString::to_string);
        match first {
            Some(error) if sets.named.is_empty() => Err(error.into()),
            Some(_) | None => Ok(sets),
        }
    }

    /// What was left out, for people.
    pub fn told(&self) -> String {
        let (all, why) = (self.left_out + self.named.len(), self.refusal.as_deref().unwrap_or_default());
        format!("{} of {all} combinations are left out, for the settings refuse them; the first: {why}", self.left_out)
    }
}

/// The sets, and whether they are the combinations of a grid.
fn parse(text: &str, name: &str) -> Result<(Vec<Set>, bool), Failure> {
    let allowed = "allowed is {\"sets\": [{KEY: VALUE}]} or {\"grid\": {KEY: [VALUES]}} with keys of the settings";
    let wrong = |found: String| Failure::Usage(format!("{name}: {found}; {allowed}"));
    let plan: Plan = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let is_grid = matches!(plan, Plan::Grid(_));
    let sets = match plan {
        Plan::Sets(sets) => sets,
        Plan::Grid(grid) => {
            let count = grid.values().try_fold(1_usize, |count, values| count.checked_mul(values.len()));
            if count.is_none_or(|count| count > MOST_SETS) {
                return Err(wrong(format!("the grid has more than {MOST_SETS} sets")));
            }
            combinations(&grid)
        }
    };
    if sets.is_empty() || sets.len() > MOST_SETS {
        return Err(wrong(format!("there are {} sets, allowed are 1 to {MOST_SETS}", sets.len())));
    }
    if let Some(key) = SHARED_KEYS.into_iter().find(|key| sets.iter().any(|set| set.contains_key(*key))) {
        return Err(wrong(format!("the key `{key}` stands in a set, but all sets share the bars")));
    }
    Ok((sets, is_grid))
}

fn combinations(grid: &std::collections::BTreeMap<String, Vec<Value>>) -> Vec<Set> {
    grid.iter().fold(vec![Set::new()], |sets, (key, values)| {
        let with = |(set, value): (&Set, &Value)| {
            let mut set = set.clone();
            set.insert(key.clone(), value.clone());
            set
        };
        sets.iter().flat_map(|set| values.iter().map(move |value| (set, value))).map(with).collect()
    })
}

/// The settings file as a JSON object; it was read and checked before.
fn base(origin: &ConfigOrigin) -> Result<Set, Failure> {
    let text = match origin {
        ConfigOrigin::File(path) => std::fs::read_to_string(path).map_err(|error| {
            Failure::Usage(format!("{}: the settings cannot be read ({error}); check the file", path.display()))
        })?,
        ConfigOrigin::Embedded => EMBEDDED.to_owned(),
    };
    serde_json::from_str(&text).map_err(|error| Failure::Usage(format!("the settings are no JSON object: {error}")))
}

impl SweepSummary {
    pub fn of(outcome: SweepOutcome, sets: Vec<Set>) -> SweepSummary {
        let work = outcome.bars as f64 * sets.len() as f64;
        let cpu_seconds = outcome.running.cpu_seconds;
        SweepSummary {
            mode: "sweep",
            symbols: outcome.symbols,
            bars: outcome.bars,
            sets: sets.len(),
            read_cpu_seconds: outcome.reading.cpu_seconds,
            wall_seconds: outcome.reading.wall_seconds + outcome.running.wall_seconds,
            cpu_seconds,
            bars_per_cpu_second: (cpu_seconds > 0.0).then(|| work / cpu_seconds),
            results: sets.into_iter().zip(outcome.results).map(|(set, swept)| Row::of(set, &swept)).collect(),
        }
    }

    /// For people: the sets with the highest equity, and what the sweep cost.
    pub fn table(&self) -> String {
        let mut best: Vec<&Row> = self.results.iter().collect();
        best.sort_by_key(|row| std::cmp::Reverse(row.equity));
        let mut table = String::new();
        // Writing to a String cannot fail.
        let mut line = |text: String| writeln!(table, "{}", text.trim_end()).unwrap_or_default();
        let row = |[equity, gain, fall, sharpe, trades, won, fees, set]: [&str; 8]| {
            format!("{equity:>14} {gain:>10} {fall:>12} {sharpe:>9} {trades:>8} {won:>9} {fees:>12}  {set}")
        };
        line(row(["equity", "return", "max drawdown", "sharpe", "trades", "win rate", "fees", "set"]));
        for found in best.iter().take(SHOWN) {
            line(row([
                &format!("{:.2}", found.equity),
                &percent(found.total_return),
                &percent(Some(found.max_drawdown)),
                &number(found.sharpe),
                &found.trades.to_string(),
                &percent(found.win_rate),
                &format!("{:.2}", found.fees),
                &Value::Object(found.set.clone()).to_string(),
            ]));
        }
        let rate = number(self.bars_per_cpu_second.map(|rate| rate / 1e6));
        line(format!(
            "{} sets over {} bars in {:.2} s ({:.2} s CPU, {rate} million bars per CPU second); the best of many is no evidence",
            self.sets, self.bars, self.wall_seconds, self.cpu_seconds
        ));
        table
    }
}

impl Row {
    fn of(set: Set, swept: &Swept) -> Row {
        Row {
            set,
            orders: swept.orders,
            fills: swept.fills,
            trades: swept.trades,
            fees: swept.fees,
            equity: swept.equity,
            total_return: swept.total_return,
            max_drawdown: swept.max_drawdown,
            win_rate: swept.win_rate,
            sharpe: swept.sharpe,
            exposure: swept.exposure,
            turnover: swept.turnover,
            state_hash: digest::hex(swept.state_hash),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_grid_is_all_combinations_and_a_list_is_itself() {
        let sets = parse(r#"{"grid": {"trend_slow": [60, 65], "trend_fast": [5, 7]}}"#, "x").expect("a grid").0;
        let pairs: Vec<String> =
            sets.iter().map(|set| format!("{} {}", set["trend_fast"], set["trend_slow"])).collect();
        assert_eq!(pairs, ["5 60", "5 65", "7 60", "7 65"]);
        assert_eq!(parse(r#"{"sets": [{}, {"trend_fast": 5}]}"#, "x").expect("a list").0.len(), 2);
    }

    #[test]
    fn combinations_that_the_settings_refuse_are_left_out_and_sets_of_a_list_are_not() {
        let base: Set = serde_json::from_str(EMBEDDED).expect("settings");
        let of = |text: &str| Sets::of(text, "sweep.json", &base);
        let sets = of(r#"{"grid": {"trend_fast": [5, 60], "trend_slow": [60, 65]}}"#).expect("a grid");
        assert_eq!((sets.named.len(), sets.configs.len(), sets.left_out), (3, 3, 1));
        let told = sets.told();
        assert!(told.starts_with("1 of 4 combinations") && told.contains("`trend_fast` is 60"), "{told}");
        for refused in [
            r#"{"grid": {"trend_fast": [70, 80], "trend_slow": [60]}}"#,
            r#"{"grid": {"trend_fsat": [5, 6]}}"#,
            r#"{"sets": [{"trend_fast": 5}, {"trend_fast": 70, "trend_slow": 60}]}"#,
        ] {
            assert!(of(refused).is_err(), "{refused}");
        }
        for example in HELP.lines().filter_map(|line| Some(line[line.find('{')?..=line.rfind('}')?].trim())) {
            assert!(of(example).is_ok_and(|sets| sets.left_out == 0), "{example}");
        }
    }

    #[test]
    fn the_columns_stand_under_their_names() {
        let row = Row {
            set: json!({"trend_fast": 5}).as_object().cloned().expect("an object"),
            orders: 12,
            fills: 9,
            trades: 4,
            fees: domain::Value(125_056_000_000_000_000),
            equity: domain::Value(99_975_006_000_000_000_000),
            total_return: Some(-0.0002),
            max_drawdown: -0.12,
            win_rate: None,
            sharpe: None,
            exposure: None,
            turnover: None,
            state_hash: String::new(),
        };
        let summary = SweepSummary {
            mode: "sweep",
            symbols: Vec::new(),
            bars: 1,
            sets: 1,
            read_cpu_seconds: 0.0,
            wall_seconds: 0.0,
            cpu_seconds: 0.0,
            bars_per_cpu_second: None,
            results: vec![row],
        };
        let table = summary.table();
        let lines: Vec<&str> = table.lines().collect();
        for (name, value) in [
            ("equity", "9997.50"),
            ("max drawdown", "-12.00 %"),
            ("sharpe", "undefined"),
            ("trades", " 4"),
            ("fees", "12.51"),
        ] {
            let end = |line: &str, part: &str| line.find(part).map(|at| at + part.len());
            assert_eq!(end(lines[0], name), end(lines[1], value), "{name}: {table}");
        }
        assert!(lines[0].contains("win rate") && lines[1].ends_with(r#"{"trend_fast":5}"#), "{table}");
    }

    #[test]
    fn what_is_no_sweep_is_refused_in_one_sentence() {
        for (text, part) in [
            ("{", "EOF"),
            (r#"{"sets": []}"#, "0 sets"),
            (r#"{"grid": {"trend_fast": []}}"#, "0 sets"),
            (r#"{"sets": [{"symbols": ["ETHUSDT"]}]}"#, "`symbols`"),
            (r#"{"all": []}"#, "all"),
        ] {
            let said = parse(text, "sweep.json").expect_err(text).to_string();
            assert!(said.starts_with("sweep.json: ") && said.contains(part) && said.contains("allowed is"), "{said}");
        }
    }
}
