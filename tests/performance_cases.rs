//! Reference cases of the areas `performance` and `pnl`, read from the file that KESTREL_CASES names.

#[path = "reference_cases/performance.rs"]
mod performance;
#[path = "reference_cases/pnl.rs"]
mod pnl;

use serde_json::Value;

/// Area, method, and what we compute for a case of it: an object with the names of the expected one.
pub type Method = (&'static str, &'static str, fn(&Case) -> Value);

/// The inputs of one case, and the series that they may name.
pub struct Case {
    pub inputs: Value,
    fixtures: std::rc::Rc<Value>,
}

impl Case {
    pub fn number(&self, name: &str) -> f64 {
        self.inputs[name].as_f64().expect("a number")
    }

    /// The fixture that the input `name` names.
    pub fn series(&self, name: &str) -> Vec<f64> {
        let fixture = self.inputs[name].as_str().expect("the name of a fixture");
        let numbers = self.fixtures[fixture].as_array().expect("a series");
        numbers.iter().map(|number| number.as_f64().expect("a number")).collect()
    }
}

/// |got - expected| <= abs + rel x |expected|, for every number inside; `null` is undefined.
fn agrees(expected: &Value, got: &Value, abs: f64, rel: f64) -> bool {
    match (expected, got) {
        (Value::Number(expected), Value::Number(got)) => {
            let (expected, got) = (expected.as_f64().unwrap_or(f64::NAN), got.as_f64().unwrap_or(f64::NAN));
            (got - expected).abs() <= abs + rel * expected.abs()
        }
        (Value::Array(expected), Value::Array(got)) => {
            expected.len() == got.len() && expected.iter().zip(got).all(|(e, g)| agrees(e, g, abs, rel))
        }
        _ => expected == got,
    }
}

/// A line for each number that differs. Published figures are information.
fn differences(case: &Value, got: &Value) -> Vec<String> {
    let tolerance = |name: &str| case["tolerance"][name].as_f64().unwrap_or(0.0);
    let expected = case["expected"].as_object().expect("an object");
    let wanted = expected.iter().filter(|(name, _)| !name.contains("published"));
    let differs =
        wanted.filter(|(name, value)| !agrees(value, &got[name.as_str()], tolerance("abs"), tolerance("rel")));
    differs
        .map(|(name, value)| format!("{} {name}: expected {value}, got {}", case["id"], got[name.as_str()]))
        .collect()
}

#[test]
fn performance_equals_the_reference_cases() {
    let Some(path) = std::env::var_os("KESTREL_CASES") else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI needs KESTREL_CASES");
        println!("skipped: KESTREL_CASES is not set");
        return;
    };
    let text = std::fs::read_to_string(path).expect("the file of the cases");
    let mut file: Value = serde_json::from_str(&text).expect("JSON");
    let fixtures = std::rc::Rc::new(file["fixtures"].take());
    let methods: Vec<&Method> = performance::METHODS.iter().chain(pnl::METHODS).collect();
    let (mut covered, mut different) = (0, Vec::new());
    for case in file["cases"].as_array().expect("a list of cases") {
        let named = |method: &&&Method| case["area"] == method.0 && case["method"] == method.1;
        let Some(method) = methods.iter().find(named) else {
            let is_ours = case["area"] == "performance" || case["area"] == "pnl";
            assert!(!is_ours, "{} has no implementation", case["id"]);
            continue;
        };
        covered += 1;
        let inputs = Case { inputs: case["inputs"].clone(), fixtures: fixtures.clone() };
        different.extend(differences(case, &method.2(&inputs)));
    }
    println!("{covered} covered, {} different", different.len());
    assert!(covered >= 13 && different.is_empty(), "\n{}", different.join("\n"));
}
