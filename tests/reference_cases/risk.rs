//! Area `risk`: Kelly, sizes, drawdowns, barriers, stops, value at risk and its tests.

use kestrel::domain::{Money, OrderType, Price, Symbol, SymbolRules};
use kestrel::engine::risk::barriers::TrailingStop;
use kestrel::engine::risk::kelly::{Bet, Drift};
use kestrel::engine::risk::{DrawdownThrottle, SizeFactors, SizeLimits, TripleBarrier};
use kestrel::market::indicators::Atr;
use kestrel::performance::baselines::VolatilityTarget;
use kestrel::performance::{exceptions, value_at_risk};
use serde_json::{Value, json};

use super::{Case, Method};

pub const METHODS: &[Method] = &[
    method("Kelly", kelly),
    method("Sizing", sizing),
    method("GrossmanZhou", drawdown),
    method("TripleBarrier", triple_barrier),
    method("ATRStop", trailing_stop),
    method("VaR-ES", tails),
    method("Kupiec", proportion_of_failures),
    method("Christoffersen", independence),
];

const fn method(name: &'static str, answer: fn(&Case) -> Value) -> Method {
    Method { area: "risk", name, answer }
}

/// Two forms: a bet, or a drift.
fn kelly(case: &Case) -> Value {
    let number = |name: &str| case.number(name);
    if case.inputs.get("mu").is_none() {
        let bet = Bet { win: number("p"), odds: number("b") };
        return json!({ "f": bet.fraction(), "growth": bet.growth(bet.fraction()) });
    }
    let drift = Drift { mean: number("mu"), riskless: number("r"), deviation: number("sigma") };
    json!({
        "f": drift.fraction(),
        "growth": drift.growth(1.0),
        "half_kelly_growth": drift.growth(number("fraction")),
        "max_leverage_growth_zero_excess": 2.0 * drift.fraction(),
    })
}

fn sizing(case: &Case) -> Value {
    let number = |name: &str| case.number(name);
    let text = |name: &str| case.inputs[name].as_str().unwrap_or_else(|| panic!("{}: {name} is no text", case.id));
    let mut rules = SymbolRules::default_for(&Symbol::new("BTCUSDT"));
    rules.lot.step = text("step").parse().expect("a step");
    rules.notional.min = text("min_notional").parse().expect("a notional");
    let target =
        VolatilityTarget { annual: number("target_vol"), cap: number("scaler_cap"), ..VolatilityTarget::default() };
    let scaler = target.scaler(number("forecast_vol"));
    let factors = SizeFactors {
        invest: number("invest_fraction"),
        volatility: scaler,
        confidence: number("confidence"),
        regime: 1.0,
        drawdown: 1.0,
    };
    let limits = SizeLimits { rules: &rules, order_type: OrderType::Market, minimum: Money::ZERO };
    let equity = Money::from_f64(number("equity")).expect("money");
    let sized = factors.size(equity, Price::from_f64(number("price")).expect("a price"), &limits);
    json!({
        "scaler": scaler,
        "notional": sized.notional.to_f64(),
        "qty": sized.quantity.to_f64(),
        "order_notional": sized.worth.to_f64(),
        "accepted": sized.verdict.is_ok(),
    })
}

fn drawdown(case: &Case) -> Value {
    let throttle = DrawdownThrottle {
        floor: case.number("floor_fraction"),
        multiplier: case.number("multiplier"),
        cap: case.number("max_leverage"),
    };
    let (wealth, peak) = (case.number("wealth"), case.number("peak"));
    json!({
        "cushion": throttle.cushion(wealth, peak),
        "exposure": throttle.exposure(wealth, peak),
        "fraction": throttle.fraction(wealth, peak),
    })
}

fn triple_barrier(case: &Case) -> Value {
    let (closes, entry, sigma) = (case.row("close"), case.length("entry"), case.number("sigma"));
    let (up, down) = (case.number("pt") * sigma, case.number("sl") * sigma);
    let barrier = match case.inputs.get("arith").and_then(Value::as_bool) {
        Some(false) => TripleBarrier::geometric(closes[entry], up, down, case.length("max_hold")),
        Some(true) | None => TripleBarrier::arithmetic(closes[entry], up, down, case.length("max_hold")),
    };
    let exit = barrier.first_met(&closes, entry);
    json!({
        "exit_index": exit.map(|exit| exit.index),
        "label": exit.map(|exit| exit.met.label()),
        "ret": exit.map(|exit| exit.change),
        "upper": barrier.upper,
        "lower": barrier.lower,
    })
}

/// The rule of the case fills at the stop, whatever the open.
fn trailing_stop(case: &Case) -> Value {
    let (bars, entry) = (case.bars(), case.length("entry_index"));
    let mut range = Atr::new(case.length("atr_period"));
    let ranges: Vec<Option<f64>> = bars.iter().map(|bar| range.update(bar)).collect();
    let known = |at: usize| ranges[at].unwrap_or_else(|| panic!("{}: no range at {at}", case.id));
    let mut stop = TrailingStop::new(case.number("mult"), bars[entry].high, known(entry));
    let first = stop.stop();
    let mut exit = None;
    for (at, bar) in bars.iter().enumerate().skip(entry + 1) {
        if stop.is_hit(bar.low) {
            exit = Some((at, stop.stop()));
            break;
        }
        stop.follow(bar.high, known(at));
    }
    json!({
        "first_stop": first,
        "last_stop": stop.stop(),
        "exit_index": exit.map(|(at, _)| at),
        "exit_price": exit.map(|(_, price)| price),
    })
}

fn tails(case: &Case) -> Value {
    let (returns, level) = (case.row("fixture"), case.number("level"));
    let (history, normal) = (value_at_risk::historical(&returns, level), value_at_risk::gaussian(&returns, level));
    json!({
        "var": history.map(|tail| tail.value_at_risk),
        "es": history.map(|tail| tail.expected_shortfall),
        "gaussian_var": normal.map(|tail| tail.value_at_risk),
        "gaussian_es": normal.map(|tail| tail.expected_shortfall),
        "cf_z": value_at_risk::cornish_fisher(&returns, level).map(|bent| bent.z),
    })
}

fn proportion_of_failures(case: &Case) -> Value {
    let (periods, found) = (case.number("T") as u64, case.number("exceptions") as u64);
    let ratio = exceptions::proportion_of_failures(periods, found, case.number("p"));
    json!({ "lr": ratio.map(|ratio| ratio.statistic), "p_value": ratio.map(|ratio| ratio.p_value) })
}

fn independence(case: &Case) -> Value {
    let hits: Vec<bool> = case.row("hits").into_iter().map(|hit| hit != 0.0).collect();
    let found = exceptions::independence(&hits);
    json!({
        "lr_ind": found.map(|found| found.ratio.statistic),
        "p_value": found.map(|found| found.ratio.p_value),
        "pi01": found.and_then(|found| found.after_none),
        "pi11": found.and_then(|found| found.after_one),
    })
}
