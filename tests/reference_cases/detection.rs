//! Area `detection`, as far as it needs no model of regimes.

use kestrel::market::changes::{Cusum, CusumFilter, Direction, PageHinkley, PageHinkleySettings, average_run_length};
use serde_json::{Value, json};

use super::{Case, Method};

pub const METHODS: &[Method] = &[
    method("CUSUM", cusum),
    method("CUSUM-ARL", run_length),
    method("CUSUMFilter", filter),
    method("PageHinkley", page_hinkley),
];

const fn method(name: &'static str, answer: fn(&Case) -> Value) -> Method {
    Method { area: "detection", name, answer }
}

fn cusum(case: &Case) -> Value {
    let mut cusum = Cusum::new(case.number("target"), case.number("K"), case.number("H"));
    let values: Vec<_> = case.row("x").into_iter().map(|x| cusum.update(x)).collect();
    json!({
        "c_plus": values.iter().map(|value| value.plus).collect::<Vec<_>>(),
        "c_minus": values.iter().map(|value| value.minus).collect::<Vec<_>>(),
        "first_alarm_index0": values.iter().position(|value| value.alarm),
    })
}

fn run_length(case: &Case) -> Value {
    let length = |shift| average_run_length(shift, case.number("k"), case.number("h"));
    json!({
        "arl0_one_sided": length(0.0),
        "arl0_two_sided": length(0.0) / 2.0,
        "arl1_shift_1sigma_one_sided": length(1.0),
    })
}

fn filter(case: &Case) -> Value {
    let mut filter = CusumFilter::new(case.number("threshold"));
    let events = case.bars().iter().map(|bar| filter.update(bar.close.ln())).collect::<Vec<_>>();
    json!({ "event_indices": (0..events.len()).filter(|at| events[*at]).collect::<Vec<_>>() })
}

/// Two forms: river's, named by its mode, and the textbook's, named by its sign.
fn page_hinkley(case: &Case) -> Value {
    if case.inputs.get("mode").is_none() {
        return textbook(case);
    }
    let direction = match case.inputs["mode"].as_str() {
        Some("up") => Direction::Rise,
        Some("down") => Direction::Fall,
        Some("both") => Direction::Both,
        mode => panic!("{}: mode {mode:?}", case.id),
    };
    let mut test = PageHinkley::new(PageHinkleySettings {
        direction,
        delta: case.number("delta"),
        threshold: case.number("threshold"),
        keep: case.number("alpha"),
        least: case.length("min_instances") as u64,
    });
    let alarms: Vec<_> = case.row("fixture").into_iter().map(|x| test.update(x).alarm).collect();
    json!({ "drift_indices": (0..alarms.len()).filter(|at| alarms[*at]).collect::<Vec<_>>() })
}

fn textbook(case: &Case) -> Value {
    let direction = if case.number("sign") > 0.0 { Direction::Rise } else { Direction::Fall };
    let (delta, threshold) = (case.number("delta"), case.number("lambda_"));
    let mut test = PageHinkley::new(PageHinkleySettings { direction, delta, threshold, keep: 1.0, least: 1 });
    let values: Vec<_> = case.row("fixture").into_iter().map(|x| test.update(x)).collect();
    let first = values.iter().position(|value| value.alarm);
    json!({ "first_alarm": first, "stat": first.map(|at| values[at].statistic) })
}
