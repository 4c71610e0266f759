//! Area `execution`: impact, schedules, books, queues and what a trade cost against its benchmarks.

use kestrel::domain::{Quantity, Side};
use kestrel::engine::execution::{LinearImpact, twap, vwap};
use kestrel::performance::{Benchmarks, Shortfall, Slippage};
use kestrel::simulator::SquareRootImpact;
use kestrel::simulator::queue::{QueueModel, QueuePosition};
use kestrel::simulator::walk::{Offer, Walk};
use serde_json::{Value, json};

use super::{Case, Method};

pub const METHODS: &[Method] = &[
    method("SqrtImpact", impact),
    method("BookWalk", book_walk),
    method("QueueModel", queue),
    method("Slippage", slippage),
    method("IS", shortfall),
    method("AlmgrenChriss", trajectory),
    method("TWAP", even),
    method("VWAP", along_a_profile),
];

const fn method(name: &'static str, answer: fn(&Case) -> Value) -> Method {
    Method { area: "execution", name, answer }
}

fn impact(case: &Case) -> Value {
    let number = |name: &str| case.number(name);
    let peak = SquareRootImpact::peak(number("Y"), number("sigma_daily"), number("Q"), number("V_daily"));
    json!({ "peak_bps": peak * 1e4, "avg_cost_bps_two_thirds": SquareRootImpact::average(peak) * 1e4 })
}

fn book_walk(case: &Case) -> Value {
    let levels: Vec<Offer> =
        pairs(case, "asks").into_iter().map(|(price, quantity)| Offer { price, quantity }).collect();
    let walk = Walk::through(&levels, case.number("qty"));
    let average = walk.average();
    let slip = average.map(|average| (average / case.number("mid") - 1.0) * 1e4);
    json!({ "avg": average, "slip_bps_vs_mid": slip, "unfilled": walk.unfilled })
}

fn queue(case: &Case) -> Value {
    let model = QueueModel::Power { exponent: case.number("n") };
    let mut place = QueuePosition::joined(case.number("front_qty"));
    place.trade(case.number("trade_qty_at_level"));
    let before = case.number("level_prev");
    let behind = model.probability_behind(place.front(), before - place.front());
    place.depth(model, before, case.number("level_new"));
    json!({ "prob_back": behind, "front_after": place.front() })
}

fn slippage(case: &Case) -> Value {
    let slippage = Slippage::of(side(case), &pairs(case, "fills"), case.number("arrival_mid"));
    let market = Slippage::of(side(case), &pairs(case, "fills"), market_average(case));
    json!({
        "avg_price": slippage.map(|slippage| slippage.average),
        "arrival_slippage_bps": slippage.map(|slippage| slippage.cost * 1e4),
        "market_vwap": market_average(case),
        "vwap_slippage_bps": market.map(|slippage| slippage.cost * 1e4),
    })
}

fn market_average(case: &Case) -> f64 {
    let trades = pairs(case, "market_trades");
    kestrel::performance::shortfall::average(&trades).expect("trades")
}

fn shortfall(case: &Case) -> Value {
    let number = |name: &str| case.number(name);
    let benchmarks = Benchmarks {
        decision: number("decision_price"),
        arrival: number("arrival_price"),
        last: number("final_price"),
    };
    let fills = pairs(case, "fills");
    let wanted = number("target_qty");
    let cost = Shortfall::of(side(case), wanted, &fills, benchmarks, number("fee_rate"));
    json!({
        "delay": cost.delay,
        "trading": cost.trading,
        "opportunity": cost.opportunity,
        "fees": cost.fees,
        "total": cost.total(),
        "total_bps": cost.total() / (wanted * benchmarks.decision) * 1e4,
    })
}

fn trajectory(case: &Case) -> Value {
    let number = |name: &str| case.number(name);
    let market =
        LinearImpact { sigma: number("sigma"), gamma: number("gamma"), eta: number("eta"), epsilon: number("epsilon") };
    let Some(plan) = market.trajectory(number("X"), number("T"), case.length("N"), number("lambda_")) else {
        return Value::Null;
    };
    json!({
        "kappa": plan.kappa,
        "holdings": plan.holdings,
        "trades": plan.trades,
        "expected_cost": plan.expected_cost,
        "variance": plan.variance,
        "utility": plan.utility,
        "half_life_1_over_kappa_tilde": plan.half_life,
    })
}

fn even(case: &Case) -> Value {
    let quantity = |name: &str| {
        let text = case.inputs[name].as_str().unwrap_or_else(|| panic!("{}: {name} is no text", case.id));
        text.parse::<Quantity>().unwrap_or_else(|error| panic!("{}: {name} {error}", case.id))
    };
    let steps = twap((quantity("total").raw() / quantity("step").raw()) as u64, case.length("n"));
    json!({ "sum_steps": steps.iter().sum::<u64>(), "steps": steps })
}

fn along_a_profile(case: &Case) -> Value {
    json!({ "steps": vwap(case.number("total_steps") as u64, &case.row("profile")) })
}

fn side(case: &Case) -> Side {
    if case.inputs["side"] == "buy" { Side::Buy } else { Side::Sell }
}

/// Rows of two numbers.
fn pairs(case: &Case, name: &str) -> Vec<(f64, f64)> {
    let rows = case.inputs[name].as_array().unwrap_or_else(|| panic!("{}: no rows {name}", case.id));
    let number = |row: &Value, at: usize| row[at].as_f64().unwrap_or_else(|| panic!("{}: {row}", case.id));
    rows.iter().map(|row| (number(row, 0), number(row, 1))).collect()
}
