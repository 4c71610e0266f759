//! Area `volatility`: estimators over the whole fixture, jump tests over a row of returns.

use kestrel::domain::Bar;
use kestrel::market::volatility::{
    ANNUAL, BipowerJump, CloseToClose, EwmaVariance, GarmanKlass, LeeMykland, Parkinson, RogersSatchell, YangZhang,
};
use serde_json::{Value, json};

use super::{Case, Method, at};

pub const METHODS: &[Method] = &[
    method("close_to_close", close_to_close),
    method("parkinson", parkinson),
    method("garman_klass", garman_klass),
    method("rogers_satchell", rogers_satchell),
    method("yang_zhang", yang_zhang),
    method("EWMA", ewma),
    method("BipowerJump", bipower),
    method("LeeMykland", lee_mykland),
];

const fn method(name: &'static str, answer: fn(&Case) -> Value) -> Method {
    Method { area: "volatility", name, answer }
}

fn last(case: &Case, mut update: impl FnMut(&Bar) -> Option<f64>) -> Value {
    let sigma = case.bars().iter().fold(None, |_, bar| update(bar));
    json!({ "sigma_per_bar": sigma, "sigma_annual_365d_1m": sigma.map(|sigma| sigma * ANNUAL) })
}

fn close_to_close(case: &Case) -> Value {
    let mut estimator = CloseToClose::new(case.bars().len() - 1);
    last(case, |bar| estimator.update(bar))
}

fn parkinson(case: &Case) -> Value {
    let mut estimator = Parkinson::new(case.bars().len());
    last(case, |bar| estimator.update(bar))
}

fn garman_klass(case: &Case) -> Value {
    let mut estimator = GarmanKlass::new(case.bars().len());
    last(case, |bar| estimator.update(bar))
}

fn rogers_satchell(case: &Case) -> Value {
    let mut estimator = RogersSatchell::new(case.bars().len());
    last(case, |bar| estimator.update(bar))
}

fn yang_zhang(case: &Case) -> Value {
    let mut estimator = YangZhang::new(case.bars().len() - 1);
    last(case, |bar| estimator.update(bar))
}

/// The case starts from the population variance of the first twenty returns.
fn ewma(case: &Case) -> Value {
    let returns = case.row("fixture");
    let mean = returns[..20].iter().sum::<f64>() / 20.0;
    let start = returns[..20].iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / 20.0;
    let mut variance = EwmaVariance::new(case.number("lambda_"), start);
    let mut before = Vec::new();
    for r in returns {
        before.push(Some(variance.forecast()));
        variance.update(r);
    }
    json!({ "var_at": at(&case.expected["var_at"], &before), "var_next": variance.forecast() })
}

fn bipower(case: &Case) -> Value {
    let returns = case.row("fixture");
    let mut test = BipowerJump::new(returns.len());
    let Some(value) = returns.iter().fold(None, |_, r| test.update(*r)) else { return Value::Null };
    json!({
        "rv": value.realised,
        "bv": value.bipower,
        "tripower_quarticity": value.tripower_quarticity,
        "relative_jump": value.relative_jump,
        "z_ratio_max": value.z,
    })
}

fn lee_mykland(case: &Case) -> Value {
    let mut test = LeeMykland::new(case.length("K"), case.length("n_used"), case.number("alpha"));
    let values: Vec<_> = case.row("fixture").iter().map(|r| test.update(*r)).collect();
    let statistics: Vec<_> = values.iter().map(|value| value.map(|value| value.statistic)).collect();
    let is_jump = |at: &usize| values[*at].is_some_and(|value| value.is_jump);
    json!({
        "stat_at": at(&case.expected["stat_at"], &statistics),
        "C_n": test.threshold().center,
        "S_n": test.threshold().scale,
        "beta_star": test.threshold().quantile,
        "jump_indices": (0..values.len()).filter(is_jump).collect::<Vec<_>>(),
    })
}
