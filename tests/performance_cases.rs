//! Reference cases of the areas `performance`, `pnl` and (in part) `overfitting`, read from the file that KESTREL_CASES names.

#[path = "reference_cases/overfitting.rs"]
mod overfitting;
#[path = "reference_cases/performance.rs"]
mod performance;
#[path = "reference_cases/pnl.rs"]
mod pnl;

use serde_json::Value;

const AREAS: &[&[Method]] = &[performance::METHODS, pnl::METHODS, overfitting::METHODS];

/// How we compute what the cases of one method ask for: an object with the names of the expected one.
pub struct Method {
    pub area: &'static str,
    pub name: &'static str,
    pub answer: fn(&Case) -> Value,
}

/// One case, its fixtures laid in.
pub struct Case {
    pub inputs: Value,
}

impl Case {
    fn new(case: &Value, fixtures: &Value) -> Case {
        let mut inputs = case["inputs"].clone();
        for input in inputs.as_object_mut().expect("an object").values_mut() {
            if let Some(fixture) = input.as_str().and_then(|name| fixtures.get(name)) {
                *input = fixture.clone();
            }
        }
        Case { inputs }
    }

    pub fn number(&self, name: &str) -> f64 {
        self.inputs[name].as_f64().expect("a number")
    }

    pub fn row(&self, name: &str) -> Vec<f64> {
        let numbers = self.inputs[name].as_array().expect("a row of numbers");
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
    let fixtures = file["fixtures"].take();
    let methods: Vec<&Method> = AREAS.iter().flat_map(|area| area.iter()).collect();
    let (mut covered, mut different) = (0, Vec::new());
    for case in file["cases"].as_array().expect("a list of cases") {
        let named = |method: &&&Method| case["area"] == method.area && case["method"] == method.name;
        let Some(method) = methods.iter().find(named) else {
            let is_ours = case["area"] == "performance" || case["area"] == "pnl";
            assert!(!is_ours, "{} has no implementation", case["id"]);
            continue;
        };
        covered += 1;
        different.extend(differences(case, &(method.answer)(&Case::new(case, &fixtures))));
    }
    println!("{covered} covered, {} different", different.len());
    assert!(covered >= 17 && different.is_empty(), "\n{}", different.join("\n"));
}
