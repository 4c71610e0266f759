//! Area `detection`.

use kestrel::market::changes::{Cusum, CusumFilter, Direction, PageHinkley, PageHinkleySettings, average_run_length};
use kestrel::market::detectors::segments::{Cost, best_breaks};
use kestrel::market::detectors::{Adwin, AdwinSettings, Bocpd, BocpdSettings, GaussianHmm, JumpModel, JumpTracker};
use serde_json::{Value, json};

use super::{Case, Method, at};

pub const METHODS: &[Method] = &[
    method("CUSUM", cusum),
    method("CUSUM-ARL", run_length),
    method("CUSUMFilter", filter),
    method("PageHinkley", page_hinkley),
    method("ADWIN", adwin),
    method("BOCPD", bocpd),
    method("HMM", hmm),
    method("JumpModel", jump_model),
    method("Ruptures", segments),
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

fn adwin(case: &Case) -> Value {
    let mut adwin = Adwin::new(AdwinSettings {
        delta: case.number("delta"),
        clock: case.length("clock") as u64,
        buckets: case.length("max_buckets"),
        least_part: case.length("min_window_length") as u64,
        grace: case.length("grace_period") as u64,
    });
    let alarms: Vec<_> = case.row("fixture").into_iter().map(|x| adwin.update(x)).collect();
    json!({ "drift_indices": (0..alarms.len()).filter(|at| alarms[*at]).collect::<Vec<_>>() })
}

/// Index t of the case is after t values.
fn bocpd(case: &Case) -> Value {
    let mut detector = Bocpd::new(BocpdSettings {
        mu: case.number("mu0"),
        kappa: case.number("kappa0"),
        alpha: case.number("alpha0"),
        beta: case.number("beta0"),
        hazard: case.number("hazard"),
        ..BocpdSettings::default()
    });
    let (mut values, mut short, mut just_begun) = (vec![None], vec![None], Vec::new());
    let mut likeliest = Vec::new();
    for x in case.row("x") {
        let value = detector.update(x);
        likeliest.push(value.likeliest);
        values.push(Some(value.expected));
        short.push(Some(detector.shorter_than(10)));
        just_begun.push(detector.just_begun());
    }
    let always = just_begun[0];
    assert!(just_begun.iter().all(|p| (p - always).abs() < 1e-12), "P(r = 0) is the hazard");
    json!({
        "map_run_length_after_each": likeliest,
        "expected_run_length_at": at(&case.expected["expected_run_length_at"], &values),
        "p_r_lt_10_at": at(&case.expected["p_r_lt_10_at"], &short),
        "log_evidence": detector.log_evidence(),
        "p_r0_always": always,
    })
}

fn hmm(case: &Case) -> Value {
    let pair = |name: &str| -> [f64; 2] { case.row(name).try_into().expect("two states") };
    let transitions: [[f64; 2]; 2] = serde_json::from_value(case.inputs["transmat"].clone()).expect("two by two");
    let model = GaussianHmm {
        start: pair("startprob"),
        transitions,
        means: pair("means").map(|mean| [mean]),
        variances: pair("variances").map(|variance| [variance]),
    };
    let rows: Vec<[f64; 1]> = case.row("fixture").into_iter().map(|r| [r]).collect();
    let (filtered, likelihood) = model.filtered(&rows);
    let second = |rows: &[[f64; 2]]| rows.iter().map(|p| Some(p[1])).collect::<Vec<_>>();
    let path = model.likeliest_path(&rows);
    json!({
        "loglik": likelihood,
        "filtered_state1_at": at(&case.expected["filtered_state1_at"], &second(&filtered)),
        "smoothed_state1_at": at(&case.expected["smoothed_state1_at"], &second(&model.smoothed(&rows))),
        "viterbi_switch_indices": (1..path.len()).filter(|at| path[*at] != path[at - 1]).collect::<Vec<_>>(),
    })
}

/// The loss's factor 1e6 is a factor 1e3 of features and centres.
fn jump_model(case: &Case) -> Value {
    let returns = case.row("fixture");
    let sizes: Vec<f64> = returns.iter().map(|r| r.abs()).collect();
    let mean = |at: usize| {
        let window = &sizes[at.saturating_sub(9)..=at];
        window.iter().sum::<f64>() / window.len() as f64
    };
    let rows: Vec<[f64; 2]> = (0..returns.len()).map(|at| [returns[at], mean(at)].map(|x| x * 1e3)).collect();
    let centres: [[f64; 2]; 2] = serde_json::from_value(case.inputs["centroids"].clone()).expect("two by two");
    let model =
        JumpModel { centres: centres.map(|centre| centre.map(|x| x * 1e3)), penalty: case.number("jump_penalty") };
    let (objective, path) = model.best_path(&rows);
    let mut tracker = JumpTracker::new(model);
    for (at, x) in rows.iter().enumerate() {
        let (_, so_far) = model.best_path(&rows[..=at]);
        assert_eq!(tracker.update(x), usize::from(so_far[at]), "told forward at {at}");
    }
    json!({
        "objective": objective,
        "state_switch_indices": (1..path.len()).filter(|at| path[*at] != path[at - 1]).collect::<Vec<_>>(),
        "n_state1": path.iter().filter(|state| **state == 1).count(),
    })
}

/// The cost is named by the case's id.
fn segments(case: &Case) -> Value {
    let cost = if case.id.ends_with("normal") { Cost::Normal } else { Cost::Squares };
    json!({ "breakpoints": best_breaks(&case.row("x"), cost, case.length("n_bkps"), case.length("min_size")) })
}
