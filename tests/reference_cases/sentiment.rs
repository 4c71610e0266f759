//! Area `sentiment`: scores of texts, of funding and of takers, and their aggregate.

use kestrel::domain::{Span, Time};
use kestrel::sentiment::aggregate::decay;
use kestrel::sentiment::{DecayAggregate, FundingScore, Opinion, TakerImbalance, Vader};
use serde_json::{Value, json};

use super::{Case, Method};

pub const METHODS: &[Method] = &[
    method("VADER", vader),
    method("DecayAggregate", aggregate),
    method("FundingZ", funding),
    method("TakerImbalance", taker),
];

const fn method(name: &'static str, answer: fn(&Case) -> Value) -> Method {
    Method { area: "sentiment", name, answer }
}

fn vader(case: &Case) -> Value {
    let text = case.inputs["text"].as_str().unwrap_or_else(|| panic!("{}: no text", case.id));
    let scores = Vader::pure().score(text);
    json!({
        "neg": scores.negative,
        "neu": scores.neutral,
        "pos": scores.positive,
        "compound": scores.compound,
    })
}

/// Ages become times before now, to the microsecond.
fn aggregate(case: &Case) -> Value {
    let minutes = |minutes: f64| Span((minutes * Span::MINUTE.0 as f64).round() as i64);
    let half_life = minutes(case.number("half_life_min"));
    let now = Time(1_000_000_000_000_000);
    let mut aggregate = DecayAggregate::new(half_life, case.number("prior_mass"), Span(i64::MAX));
    let (ages, scores, sources) = (case.row("age_minutes"), case.row("score"), case.row("source_weight"));
    let mut weights = Vec::new();
    for ((age, score), weight) in ages.into_iter().zip(scores).zip(sources) {
        weights.push(weight * decay(minutes(age), half_life));
        aggregate.add(Opinion { time: now.minus(minutes(age)), score, weight });
    }
    json!({ "weights": weights, "score": aggregate.score(now), "mass": aggregate.mass(now) })
}

fn funding(case: &Case) -> Value {
    let score = FundingScore::of(&case.row("history"), case.number("current"), case.number("scale_floor"));
    json!({
        "z": score.map(|score| score.z),
        "robust_z": score.map(|score| score.robust_z),
        "squashed_contrarian": score.map(|score| score.contrarian),
        "annualised_3_per_day": score.map(|score| score.annualised),
    })
}

fn taker(case: &Case) -> Value {
    let taker = TakerImbalance::of(case.number("taker_buy_base"), case.number("volume"));
    json!({
        "imbalance": taker.map(|taker| taker.imbalance),
        "buy_sell_ratio": taker.and_then(|taker| taker.buy_sell_ratio),
    })
}
