//! Numeric cases from the file KESTREL_CASES: each method's numbers against ours.
//!
//! An area is a file with a table of methods; a method answers a case with JSON of the shape of `expected`. A method
//! without an answer stands in `tests/data/cases_not_yet.txt`, one `area method` a line; that list may only shrink.

mod candle;
mod detection;
mod ensemble;
mod environments;
mod execution;
mod indicator;
mod overfitting;
mod performance;
mod pnl;
mod risk;
mod rl;
mod sentiment;
mod volatility;

use std::collections::BTreeSet;
use std::path::Path;

use kestrel::domain::{Bar, Time};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Every area with answers.
const AREAS: &[&[Method]] = &[
    indicator::METHODS,
    candle::METHODS,
    volatility::METHODS,
    detection::METHODS,
    execution::METHODS,
    performance::METHODS,
    pnl::METHODS,
    overfitting::METHODS,
    risk::METHODS,
    rl::METHODS,
    environments::METHODS,
    ensemble::METHODS,
    sentiment::METHODS,
];

/// How we compute what the cases of one method ask for.
pub struct Method {
    pub area: &'static str,
    pub name: &'static str,
    pub answer: fn(&Case) -> Value,
}

/// One case, its fixture laid in.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    pub id: String,
    pub area: String,
    pub method: String,
    pub inputs: Value,
    pub expected: Value,
    tolerance: Tolerance,
    /// What `inputs.fixture` names.
    #[serde(skip)]
    pub fixture: Value,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Tolerance {
    abs: f64,
    rel: f64,
}

#[derive(Deserialize)]
struct CaseFile {
    fixtures: Map<String, Value>,
    cases: Vec<Case>,
}

impl Case {
    /// A number of the inputs, wherever it stands: inline or under `params`.
    pub fn number(&self, name: &str) -> f64 {
        let found = self.inputs.get(name).or_else(|| self.inputs.get("params").and_then(|params| params.get(name)));
        found.and_then(Value::as_f64).unwrap_or_else(|| panic!("{}: input {name} is no number", self.id))
    }

    pub fn length(&self, name: &str) -> usize {
        self.number(name) as usize
    }

    /// A row of numbers: an inline one by name, or the fixture itself for the name `fixture`.
    pub fn row(&self, name: &str) -> Vec<f64> {
        let value = if name == "fixture" { Some(&self.fixture) } else { self.inputs.get(name) };
        numbers(value.unwrap_or(&Value::Null)).unwrap_or_else(|| panic!("{}: {name} is no row of numbers", self.id))
    }

    /// A column of the fixture.
    pub fn column(&self, name: &str) -> Vec<f64> {
        numbers(&self.fixture[name]).unwrap_or_else(|| panic!("{}: no column {name}", self.id))
    }

    /// The fixture as bars a minute apart.
    pub fn bars(&self) -> Vec<Bar> {
        let [open, high, low, close, volume] = ["open", "high", "low", "close", "volume"].map(|name| self.column(name));
        let bar = |at: usize| Bar {
            open_time: Time::from_millis(at as i64 * 60_000),
            open: open[at],
            high: high[at],
            low: low[at],
            close: close[at],
            volume: volume[at],
        };
        (0..close.len()).map(bar).collect()
    }
}

fn numbers(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(Value::as_f64).collect()
}

/// `{first_valid_index, at}` of a row of values, at the indices that `expected` asks for.
pub fn series(expected: &Value, values: &[Option<f64>]) -> Value {
    let asked = expected["at"].as_object().into_iter().flat_map(Map::keys);
    let value = |index: &String| index.parse().ok().and_then(|at: usize| values.get(at).copied().flatten());
    let at: Map<String, Value> = asked.map(|index| (index.clone(), json!(value(index)))).collect();
    json!({ "first_valid_index": values.iter().position(Option::is_some), "at": at })
}

/// The values that `expected` asks for, by index.
pub fn at(expected: &Value, values: &[Option<f64>]) -> Value {
    series(&json!({ "at": expected }), values)["at"].clone()
}

/// Differences between what is expected and what we got, as `path: expected, got`.
fn differences(path: &str, expected: &Value, got: &Value, tolerance: Tolerance) -> Vec<String> {
    let differs = || vec![format!("{path}: expected {expected}, got {got}")];
    match (expected, got) {
        (Value::Object(fields), _) => {
            // Published figures are information.
            let fields = fields.iter().filter(|(name, _)| !name.contains("published"));
            let nothing = Value::Null;
            fields
                .flat_map(|(name, field)| {
                    let got = got.get(name).unwrap_or(&nothing);
                    differences(&format!("{path}.{name}"), field, got, tolerance)
                })
                .collect()
        }
        (Value::Array(items), Value::Array(ours)) if items.len() == ours.len() => {
            let pairs = items.iter().zip(ours).enumerate();
            pairs.flat_map(|(at, (item, our))| differences(&format!("{path}[{at}]"), item, our, tolerance)).collect()
        }
        (Value::Number(wanted), Value::Number(ours)) => {
            let (wanted, ours) = (wanted.as_f64().unwrap_or(f64::NAN), ours.as_f64().unwrap_or(f64::NAN));
            let near = (ours - wanted).abs() <= tolerance.abs + tolerance.rel * wanted.abs();
            if near { Vec::new() } else { differs() }
        }
        (Value::Null | Value::Bool(_) | Value::String(_) | Value::Number(_) | Value::Array(_), _) => {
            if expected == got { Vec::new() } else { differs() }
        }
    }
}

fn load() -> Option<Vec<Case>> {
    let Some(path) = std::env::var_os("KESTREL_CASES") else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI needs KESTREL_CASES");
        println!("skipped: KESTREL_CASES is not set");
        return None;
    };
    let text = std::fs::read_to_string(path).expect("the file KESTREL_CASES");
    let file: CaseFile = serde_json::from_str(&text).expect("cases of the known shape");
    let mut cases = file.cases;
    for case in &mut cases {
        if let Some(name) = case.inputs.get("fixture").and_then(Value::as_str) {
            case.fixture = file.fixtures.get(name).unwrap_or_else(|| panic!("no fixture {name}")).clone();
        }
        // Further inputs may name fixtures too (a benchmark).
        let inputs = case.inputs.as_object_mut().into_iter().flatten();
        for (_, input) in inputs.filter(|(name, _)| *name != "fixture") {
            if let Some(named) = input.as_str().and_then(|fixture| file.fixtures.get(fixture)) {
                *input = named.clone();
            }
        }
    }
    Some(cases)
}

fn not_yet() -> BTreeSet<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cases_not_yet.txt");
    let text = std::fs::read_to_string(path).expect("tests/data/cases_not_yet.txt");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pair = |line: &str| {
        let (area, method) = line.split_once(' ').unwrap_or_else(|| panic!("{line:?} is not `area method`"));
        (area.to_string(), method.to_string())
    };
    lines.map(pair).collect()
}

#[test]
fn every_case_with_an_answer_agrees_and_every_other_method_is_listed() {
    let Some(cases) = load() else { return };
    let missing = not_yet();
    let methods: Vec<&Method> = AREAS.iter().flat_map(|area| area.iter()).collect();
    let (mut covered, mut differing, mut not_covered, mut unknown) = (0, 0, 0, BTreeSet::new());
    for case in &cases {
        let of_case = |method: &&&Method| method.area == case.area && method.name == case.method;
        let Some(method) = methods.iter().find(of_case) else {
            not_covered += 1;
            if !missing.contains(&(case.area.clone(), case.method.clone())) {
                unknown.insert(format!("{} {}", case.area, case.method));
            }
            continue;
        };
        covered += 1;
        let found = differences("", &case.expected, &(method.answer)(case), case.tolerance);
        differing += usize::from(!found.is_empty());
        found.iter().for_each(|line| println!("{}: {line}", case.id));
    }
    println!("{covered} cases covered, {differing} of them differ, {not_covered} not covered");
    assert_eq!(differing, 0, "cases differ");
    assert!(unknown.is_empty(), "answer these methods or list them in cases_not_yet.txt: {unknown:?}");
    let answered = methods.iter().filter(|m| missing.contains(&(m.area.to_string(), m.name.to_string())));
    let answered: Vec<&str> = answered.map(|method| method.name).collect();
    assert!(answered.is_empty(), "these methods are answered, take them off cases_not_yet.txt: {answered:?}");
    let named = |(area, method): &&(String, String)| cases.iter().any(|c| c.area == *area && c.method == *method);
    let stale: Vec<_> = missing.iter().filter(|pair| !named(pair)).collect();
    assert!(stale.is_empty(), "no case names these methods of cases_not_yet.txt: {stale:?}");
}

#[test]
fn the_comparison_sees_every_kind_of_difference() {
    let tolerance = Tolerance { abs: 0.0, rel: 0.0 };
    let expected = json!({ "a": [1, 2.5, null], "b": { "c": "x", "d_published": 7 }, "e": true });
    let count = |got: &Value, tolerance| differences("", &expected, got, tolerance).len();
    assert_eq!(count(&expected, tolerance), 0);
    let near = json!({ "a": [1.001, 2.5, null], "b": { "c": "x", "d_published": 8 }, "e": true });
    assert_eq!(count(&near, tolerance), 1);
    assert_eq!(count(&near, Tolerance { abs: 0.0, rel: 0.01 }), 0);
    let wrong = [
        json!({ "a": [1, 2.5, 0], "b": { "c": "x" }, "e": true }),
        json!({ "a": [1, 2.5], "b": { "c": "x" }, "e": true }),
        json!({ "a": [1, null, null], "b": { "c": "x" }, "e": true }),
        json!({ "a": [1, 2.5, null], "b": { "c": "y" }, "e": true }),
        json!({ "a": [1, 2.5, null], "b": 3, "e": true }),
        json!({ "a": [1, 2.5, null], "b": { "c": "x" } }),
    ];
    for got in wrong {
        assert_eq!(count(&got, Tolerance { abs: 0.1, rel: 0.1 }), 1, "{got}");
    }
}
