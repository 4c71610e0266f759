//! Area `ensemble`: weights of experts and models, portfolios, and calibration.

use kestrel::engine::ensemble::{AdaHedge, ExponentiatedGradient, Hedge, ModelAveraging, Share, adahedge, hedge};
use kestrel::performance::calibration::{Forecast, Isotonic, Platt, Reliability, brier, log_loss, logit};
use serde_json::{Value, json};

use super::{Case, Method};

pub const METHODS: &[Method] = &[
    method("Hedge", plain_hedge),
    method("FixedShare", fixed_share),
    method("AdaHedge", ada_hedge),
    method("EG", gradient),
    method("DMA", model_averaging),
    method("ECE", calibration_error),
    method("Isotonic", isotonic),
    method("Platt", platt),
];

const fn method(name: &'static str, answer: fn(&Case) -> Value) -> Method {
    Method { area: "ensemble", name, answer }
}

fn rows(case: &Case, value: &Value) -> Vec<Vec<f64>> {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{}: rows of numbers: {error}", case.id))
}

fn run(losses: &[Vec<f64>], eta: f64, share: Share) -> Hedge {
    let mut hedge = Hedge::new(losses[0].len(), eta, share);
    losses.iter().for_each(|losses| hedge.update(losses));
    hedge
}

/// The least sum of losses of any one expert.
fn best(losses: &[Vec<f64>]) -> f64 {
    let sum = |expert: usize| losses.iter().map(|round| round[expert]).sum::<f64>();
    (0..losses[0].len()).map(sum).fold(f64::INFINITY, f64::min)
}

fn plain_hedge(case: &Case) -> Value {
    let losses = rows(case, &case.fixture);
    let hedge = run(&losses, case.number("eta"), Share::None);
    json!({
        "final_weights": hedge.weights(),
        "learner_loss": hedge.loss(),
        "mix_loss": hedge.mix_loss(),
        "best_expert_loss": best(&losses),
        "regret": hedge.loss() - best(&losses),
        "regret_bound": hedge::regret_bound(losses[0].len(), losses.len() as u64),
    })
}

fn fixed_share(case: &Case) -> Value {
    let (losses, eta, alpha) = (rows(case, &case.fixture), case.number("eta"), case.number("alpha"));
    let share = match case.inputs["share"].as_str() {
        Some("w=(1-a)v+a/K") => Share::All(alpha),
        Some("w=(1-a)v+a(1-v)/(K-1)") => Share::Others(alpha),
        share => panic!("{}: share {share:?}", case.id),
    };
    let hedge = run(&losses, eta, share);
    let cuts = (1..losses.len()).map(|cut| best(&losses[..cut]) + best(&losses[cut..]));
    let two = cuts.fold(f64::INFINITY, f64::min);
    json!({
        "final_weights": hedge.weights(),
        "learner_loss": hedge.loss(),
        "mix_loss": hedge.mix_loss(),
        "mix_loss_bound_1_switch": two + share.switching_bound(losses[0].len(), losses.len() as u64, 1, eta),
        "best_2_segment_loss": two,
    })
}

fn ada_hedge(case: &Case) -> Value {
    let losses = rows(case, &case.fixture);
    let mut hedge = AdaHedge::new(losses[0].len(), 0.0);
    let mut used = Vec::new();
    for losses in &losses {
        used = hedge.weights().to_vec();
        hedge.update(losses);
    }
    json!({
        "weights_used_in_last_round": used,
        "learner_loss": hedge.loss(),
        "delta_final": hedge.gap(),
        "regret": hedge.loss() - best(&losses),
        "bound_losses_in_0_1": adahedge::regret_bound(losses[0].len(), losses.len() as u64, best(&losses)),
    })
}

fn gradient(case: &Case) -> Value {
    let relatives = rows(case, &case.inputs["price_relatives"]);
    let mut portfolio = ExponentiatedGradient::new(relatives[0].len(), case.number("eta"));
    relatives.iter().for_each(|relatives| portfolio.update(relatives));
    json!({ "final_wealth": portfolio.wealth(), "final_weights": portfolio.weights() })
}

fn model_averaging(case: &Case) -> Value {
    let densities = rows(case, &case.inputs["log_predictive"]);
    let posterior = |forgetting: f64| {
        let mut averaging = ModelAveraging::new(densities[0].len(), forgetting);
        densities.iter().for_each(|densities| averaging.update(densities));
        averaging.posterior()
    };
    json!({ "final_posterior": posterior(case.number("forgetting")), "bma_no_forgetting": posterior(1.0) })
}

fn forecasts(case: &Case) -> Vec<Forecast> {
    case.column("p").into_iter().zip(case.column("y")).map(|(p, y)| (p, y != 0.0)).collect()
}

fn calibration_error(case: &Case) -> Value {
    let forecasts = forecasts(case);
    json!({
        "ece": Reliability::of(&forecasts).expected_error(),
        "brier": brier(&forecasts),
        "log_loss": log_loss(&forecasts),
    })
}

fn isotonic(case: &Case) -> Value {
    let curve = Isotonic::fit(&forecasts(case)).expect("both outcomes");
    json!({ "pred": case.row("query").into_iter().map(|p| curve.probability(p)).collect::<Vec<_>>() })
}

fn platt(case: &Case) -> Value {
    let scores: Vec<Forecast> = forecasts(case).into_iter().map(|(p, happened)| (logit(p), happened)).collect();
    let curve = Platt::fit(&scores).expect("both outcomes");
    let pred: Vec<f64> = case.row("query_score").into_iter().map(|score| curve.probability(score)).collect();
    json!({ "a": curve.a, "b": curve.b, "pred": pred })
}
