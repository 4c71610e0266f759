//! Cases of the area `performance`, and those of `overfitting` that are about one track record.

use kestrel::domain::Time;
use kestrel::performance::benchmark::AlphaBeta;
use kestrel::performance::tails::{Sorted, TAIL};
use kestrel::performance::{
    Moments, TrackRecord, TradeStatistics, Underwater, bootstrap, growth, ratios, sharpe_error,
};
use serde_json::{Value, json};

use super::{Case, Method};

pub const METHODS: &[Method] = &[
    ("performance", "Ratios", ratios_),
    ("performance", "MDD", drawdown),
    ("performance", "total_return", total_return),
    ("performance", "omega_0", omega),
    ("performance", "tail_ratio", tail_ratio),
    ("performance", "var_cvar_5pct", tail_risk),
    ("performance", "alpha_beta", alpha_beta),
    ("performance", "trade_stats", trade_statistics),
    ("performance", "PSR", moments_and_probability),
    ("performance", "Sharpe1m", minute_sharpe),
    ("overfitting", "PSR", published_probability),
    ("overfitting", "PSR/MinTRL", track_record),
    ("overfitting", "OptimalBlockLength", block_length),
];

fn ratios_(case: &Case) -> Value {
    let (returns, year) = (case.series("fixture"), case.number("periods_per_year"));
    let growth_ = growth::annual_return(&returns, year);
    let depth = underwater(&returns).depth();
    json!({
        "sharpe": ratios::sharpe(&returns, year),
        "sortino": ratios::sortino(&returns, year),
        "annual_return": growth_,
        "annual_vol": growth::annual_volatility(&returns, year),
        "downside_risk": ratios::downside_risk(&returns, year),
        "calmar": growth_.and_then(|growth| ratios::calmar(growth, depth)),
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
    let water = underwater(&case.series("fixture"));
    json!({
        "mdd": water.depth(),
        "peak_index": water.worst().map(|fall| fall.peak.0),
        "valley_index": water.worst().map(|fall| fall.valley.0),
        "ulcer_index": water.ulcer_index(),
    })
}

fn total_return(case: &Case) -> Value {
    json!({ "total": growth::total_return(&case.series("fixture")) })
}

fn omega(case: &Case) -> Value {
    json!({ "omega": ratios::omega(&case.series("fixture")) })
}

fn tail_ratio(case: &Case) -> Value {
    json!({ "tail": Sorted::of(&case.series("fixture")).tail_ratio(TAIL) })
}

fn tail_risk(case: &Case) -> Value {
    let sorted = Sorted::of(&case.series("fixture"));
    json!({ "var": sorted.value_at_risk(TAIL), "cvar": sorted.expected_shortfall(TAIL) })
}

fn alpha_beta(case: &Case) -> Value {
    let (returns, benchmark) = (case.series("fixture"), case.series("benchmark"));
    let found = AlphaBeta::of(&returns, &benchmark, case.number("periods_per_year"));
    json!({ "alpha": found.map(|found| found.alpha), "beta": found.map(|found| found.beta) })
}

fn trade_statistics(case: &Case) -> Value {
    let statistics = TradeStatistics::of(&case.series("fixture"));
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
    let returns = case.series("fixture");
    let (moments, record) = (Moments::of(&returns), TrackRecord::of(&returns));
    json!({
        "skew_population": moments.skewness(),
        "kurtosis_nonexcess_population": moments.kurtosis(),
        "sr_per_period": record.map(|record| record.sharpe),
        "psr_vs_0": record.and_then(|record| record.probability_above(0.0)),
    })
}

fn minute_sharpe(case: &Case) -> Value {
    let (returns, year) = (case.series("fixture"), case.number("periods_per_year"));
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

fn published_probability(case: &Case) -> Value {
    let (sharpe, length) = (case.number("sr"), case.number("T"));
    let shapes = case.inputs["cases"].as_array().expect("a list of shapes").iter();
    let probability = |shape: &Value| {
        let number = |name: &str| shape[name].as_f64().expect("a number");
        let record = TrackRecord { sharpe, length, skewness: number("skew"), kurtosis: number("kurtosis_nonexcess") };
        record.probability_above(case.number("benchmark"))
    };
    json!({ "psr": shapes.map(probability).collect::<Vec<_>>() })
}

fn track_record(case: &Case) -> Value {
    let record = TrackRecord {
        sharpe: case.number("sr"),
        length: case.number("T"),
        skewness: case.number("skew"),
        kurtosis: case.number("kurtosis_nonexcess"),
    };
    let benchmark = case.number("benchmark");
    json!({
        "psr": record.probability_above(benchmark),
        "min_track_record_length_95": record.minimum_length(benchmark, 0.95),
    })
}

/// The circular bootstrap's variance is two thirds of the stationary one's, so its blocks are longer by the third root of
/// 3/2 (Politis and White 2004, equations 6 and 9).
fn block_length(case: &Case) -> Value {
    let stationary = bootstrap::block_length(&case.series("fixture"));
    json!({ "stationary": stationary, "circular": stationary * 1.5_f64.cbrt() })
}
