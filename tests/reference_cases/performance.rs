//! Area `performance`: ratios, drawdown, tails and trades of rows of returns.

use kestrel::domain::Time;
use kestrel::performance::benchmark::AlphaBeta;
use kestrel::performance::tails::{Sorted, TAIL};
use kestrel::performance::{Moments, TrackRecord, TradeStatistics, Underwater, growth, ratios, sharpe_error};
use serde_json::{Value, json};

use super::{Case, Method};

pub const METHODS: &[Method] = &[
    method("Ratios", reward_to_risk),
    method("MDD", drawdown),
    method("total_return", total_return),
    method("omega_0", omega),
    method("tail_ratio", tail_ratio),
    method("var_cvar_5pct", tail_risk),
    method("alpha_beta", alpha_beta),
    method("trade_stats", trade_statistics),
    method("PSR", moments_and_probability),
    method("Sharpe1m", minute_sharpe),
];

const fn method(name: &'static str, answer: fn(&Case) -> Value) -> Method {
    Method { area: "performance", name, answer }
}

fn reward_to_risk(case: &Case) -> Value {
    let (returns, year) = (case.row("fixture"), case.number("periods_per_year"));
    let yearly = growth::annual_return(&returns, year);
    let depth = underwater(&returns).depth();
    json!({
        "sharpe": ratios::sharpe(&returns, year),
        "sortino": ratios::sortino(&returns, year),
        "annual_return": yearly,
        "annual_vol": growth::annual_volatility(&returns, year),
        "downside_risk": ratios::downside_risk(&returns, year),
        "calmar": yearly.and_then(|growth| ratios::calmar(growth, depth)),
    })
}

/// Times are the indices of the returns, and -1 the moment before the first.
fn underwater(returns: &[f64]) -> Underwater {
    let mut water = Underwater::new(Time(-1), 1.0);
    let mut wealth = 1.0;
    for (at, change) in (0..).zip(returns) {
        wealth *= 1.0 + change;
        water.sample(Time(at), wealth);
    }
    water
}

fn drawdown(case: &Case) -> Value {
    let water = underwater(&case.row("fixture"));
    json!({
        "mdd": water.depth(),
        "peak_index": water.worst().map(|fall| fall.peak.0),
        "valley_index": water.worst().map(|fall| fall.valley.0),
        "ulcer_index": water.ulcer_index(),
    })
}

fn total_return(case: &Case) -> Value {
    json!({ "total": growth::total_return(&case.row("fixture")) })
}

fn omega(case: &Case) -> Value {
    json!({ "omega": ratios::omega(&case.row("fixture")) })
}

fn tail_ratio(case: &Case) -> Value {
    json!({ "tail": Sorted::of(&case.row("fixture")).tail_ratio(TAIL) })
}

fn tail_risk(case: &Case) -> Value {
    let sorted = Sorted::of(&case.row("fixture"));
    json!({ "var": sorted.value_at_risk(TAIL), "cvar": sorted.expected_shortfall(TAIL) })
}

fn alpha_beta(case: &Case) -> Value {
    let (returns, benchmark) = (case.row("fixture"), case.row("benchmark"));
    let found = AlphaBeta::of(&returns, &benchmark, case.number("periods_per_year"));
    json!({ "alpha": found.map(|found| found.alpha), "beta": found.map(|found| found.beta) })
}

fn trade_statistics(case: &Case) -> Value {
    let statistics = TradeStatistics::of(&case.row("fixture"));
    json!({
        "win_rate": statistics.win_rate(),
        "profit_factor": statistics.profit_factor(),
        "payoff_ratio": statistics.payoff_ratio(),
        "avg_win": statistics.average_win(),
        "avg_loss": statistics.average_loss(),
        "max_consecutive_wins": statistics.longest_wins,
        "max_consecutive_losses": statistics.longest_losses,
        "expectancy": statistics.expectancy(),
    })
}

fn moments_and_probability(case: &Case) -> Value {
    let returns = case.row("fixture");
    let (moments, record) = (Moments::of(&returns), TrackRecord::of(&returns));
    json!({
        "skew_population": moments.skewness(),
        "kurtosis_nonexcess_population": moments.kurtosis(),
        "sr_per_period": record.map(|record| record.sharpe),
        "psr_vs_0": record.and_then(|record| record.probability_above(0.0)),
    })
}

fn minute_sharpe(case: &Case) -> Value {
    let (returns, year) = (case.row("fixture"), case.number("periods_per_year"));
    let autocorrelations = sharpe_error::autocorrelations(&returns, 4);
    let error =
        ratios::sharpe_a_period(&returns).and_then(|ratio| sharpe_error::standard_error(ratio, returns.len() as u64));
    json!({
        "sharpe": ratios::sharpe(&returns, year),
        "se_annual_iid": error.map(|error| error * year.sqrt()),
        "lo_eta_q5": autocorrelations.as_deref().and_then(|rho| sharpe_error::lo_scaling(5, rho)),
        "acf": autocorrelations,
    })
}
