//! What a scorer is worth on samples that it has not seen: forecasts against the base rate, trades against flat and holding.
//!
//! Invariant: every figure carries its sample and what somebody without skill has; the verdict follows from them by rule.
//! Absent on purpose: promises, and any choice among models (whoever chooses by these figures has used them up).

use std::collections::BTreeMap;

use super::dataset::Samples;
use super::walk::{Rule, Walk, stretches};
use crate::domain::{Seed, Span, Time};
use crate::inference::registry::card::Figure;
use crate::performance::bootstrap::intervals;
use crate::performance::calibration::{Forecast, Reliability, brier, log_loss};
use crate::performance::figure::Interval;

/// Mean length of the blocks of days that are drawn.
const BLOCK_DAYS: f64 = 5.0;
/// Below this an expected calibration error is no reason to mistrust probabilities.
pub const MOST_CALIBRATION_ERROR: f64 = 0.05;

/// Figures and what follows from them.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    pub figures: Vec<Figure>,
    pub verdict: String,
    pub walk: Walk,
    /// `None` without samples.
    pub calibration_error: Option<f64>,
}

/// What a day adds to the means.
#[derive(Debug, Clone, Copy, Default)]
struct Day {
    count: f64,
    loss: f64,
    base_loss: f64,
    log_growth: f64,
}

/// Judges probabilities of held-out samples. `base_rate` is that of the training samples, `on` says where it was measured.
pub fn judge(
    samples: &Samples<'_>,
    probabilities: &[f64],
    base_rate: f64,
    rule: &Rule,
    seed: Seed,
    on: &str,
) -> Judgement {
    let forecasts: Vec<Forecast> = probabilities.iter().copied().zip(samples.iter().map(|s| s.is_good)).collect();
    let walk = Walk::of(samples, probabilities, rule);
    let days = days(samples, &forecasts, base_rate, &walk);
    let [gain, loss, growth] = resampled(&days, seed);
    let mut figures = forecast_figures(&forecasts, base_rate, on);
    for figure in &mut figures {
        match figure.name.as_str() {
            "log_loss" => with(figure, loss),
            "log_loss_gain" => with(figure, gain),
            _other => {}
        }
    }
    let calibration_error = Reliability::of(&forecasts).expected_error();
    figures.extend(parts(samples, &forecasts));
    figures.extend(trade_figures(&walk, growth, on));
    let verdict = verdict(gain, &walk, growth, rule);
    Judgement { figures, verdict, walk, calibration_error }
}

/// Area under the curve of hits against false alarms: the chance that a good sample scores above another one.
pub fn area_under_curve(forecasts: &[Forecast]) -> Option<f64> {
    let mut order: Vec<&Forecast> = forecasts.iter().collect();
    order.sort_by(|one, other| one.0.total_cmp(&other.0));
    let good = forecasts.iter().filter(|(_, good)| *good).count() as f64;
    let bad = forecasts.len() as f64 - good;
    let (mut rank, mut sum) = (0.0, 0.0);
    for ties in order.chunk_by(|one, other| one.0 == other.0) {
        let middle = rank + (ties.len() as f64 + 1.0) / 2.0;
        sum += middle * ties.iter().filter(|(_, good)| *good).count() as f64;
        rank += ties.len() as f64;
    }
    (good > 0.0 && bad > 0.0).then(|| (sum - good * (good + 1.0) / 2.0) / (good * bad))
}

/// Figures of forecasts alone, without intervals.
pub fn forecast_figures(forecasts: &[Forecast], base_rate: f64, on: &str) -> Vec<Figure> {
    let base: Vec<Forecast> = forecasts.iter().map(|(_, good)| (base_rate, *good)).collect();
    let sample = forecasts.len() as u64;
    let reliability = Reliability::of(forecasts);
    let (loss, base_loss) = (log_loss(forecasts), log_loss(&base));
    let gain = loss.zip(base_loss).map(|(loss, base)| loss - base);
    let rate = forecasts.iter().filter(|(_, good)| *good).count() as f64 / forecasts.len().max(1) as f64;
    let mut figures = vec![
        figure("log_loss", on, loss, sample, base_loss.map(|value| ("base rate", value)), None),
        figure("log_loss_gain", on, gain, sample, Some(("base rate", 0.0)), Some("below 0: better")),
        figure("brier", on, brier(forecasts), sample, brier(&base).map(|value| ("base rate", value)), None),
        figure("auc", on, area_under_curve(forecasts), sample, Some(("chance", 0.5)), None),
        figure("good_share", on, Some(rate), sample, Some(("in training", base_rate)), None),
        figure(
            "expected_calibration_error",
            on,
            reliability.expected_error(),
            sample,
            None,
            Some("10 bins of equal width"),
        ),
    ];
    for (at, bin) in reliability.bins.iter().enumerate().filter(|(_, bin)| bin.count > 0) {
        let name = format!("happened {:.1} to {:.1}", at as f64 / 10.0, (at + 1) as f64 / 10.0);
        figures.push(figure(&name, on, Some(bin.happened), bin.count, Some(("forecast", bin.forecast)), None));
    }
    figures
}

/// A figure without an interval; a value that is not finite is none.
pub fn figure(
    name: &str,
    on: &str,
    value: Option<f64>,
    sample: u64,
    baseline: Option<(&str, f64)>,
    note: Option<&str>,
) -> Figure {
    Figure {
        name: name.into(),
        on: on.into(),
        value: value.filter(|value| value.is_finite()),
        low: None,
        high: None,
        sample,
        baseline: baseline.map(|(name, value)| (name.into(), value)),
        note: note.map(str::to_owned),
    }
}

fn with(figure: &mut Figure, interval: Option<Interval>) {
    figure.low = interval.map(|interval| interval.low);
    figure.high = interval.map(|interval| interval.high);
}

fn days(samples: &Samples<'_>, forecasts: &[Forecast], base_rate: f64, walk: &Walk) -> Vec<Day> {
    let mut days: BTreeMap<i64, Day> = BTreeMap::new();
    for (sample, forecast) in samples.iter().zip(forecasts) {
        let day = days.entry(sample.decided.day()).or_default();
        let loss = |p: f64| log_loss(&[(p, forecast.1)]).unwrap_or_default();
        day.count += 1.0;
        day.loss += loss(forecast.0);
        day.base_loss += loss(base_rate);
    }
    let lanes =
        stretches(samples).iter().map(|stretch| samples.at(stretch[0]).lane).collect::<std::collections::BTreeSet<_>>();
    for trade in &walk.trades {
        days.entry(trade.ends.day()).or_default().log_growth += trade.net.ln_1p() / lanes.len().max(1) as f64;
    }
    days.into_values().collect()
}

/// Intervals of the gain in log loss, the log loss, and the net return, by drawing blocks of days.
fn resampled(days: &[Day], seed: Seed) -> [Option<Interval>; 3] {
    let places: Vec<f64> = (0..days.len()).map(|day| day as f64).collect();
    intervals(&places, BLOCK_DAYS, seed, |drawn| {
        let mut sum = Day::default();
        for place in drawn {
            let day = days[*place as usize];
            sum.count += day.count;
            sum.loss += day.loss;
            sum.base_loss += day.base_loss;
            sum.log_growth += day.log_growth;
        }
        [(sum.loss - sum.base_loss) / sum.count, sum.loss / sum.count, sum.log_growth.exp_m1()].map(Some)
    })
}

/// The calibration error of each symbol and stretch.
fn parts(samples: &Samples<'_>, forecasts: &[Forecast]) -> Vec<Figure> {
    let part = |stretch: &Vec<usize>| {
        let own: Vec<Forecast> = stretch.iter().map(|at| forecasts[*at]).collect();
        let (first, last) = (samples.at(stretch[0]), samples.at(stretch[stretch.len() - 1]));
        let symbol = &samples.dataset().symbols()[usize::from(first.lane)];
        let on = format!("held out {symbol} {} to {}", date(first.decided), date(last.decided));
        let error = Reliability::of(&own).expected_error();
        [
            figure("expected_calibration_error", &on, error, own.len() as u64, None, Some("10 bins of equal width")),
            figure("auc", &on, area_under_curve(&own), own.len() as u64, Some(("chance", 0.5)), None),
        ]
    };
    stretches(samples).iter().flat_map(part).collect()
}

fn trade_figures(walk: &Walk, growth: Option<Interval>, on: &str) -> Vec<Figure> {
    let count = walk.trades.len() as u64;
    let won = walk.trades.iter().filter(|trade| trade.net > 0.0).count() as f64;
    let mut net = figure("net_return", on, Some(walk.net_return), count, Some(("flat", 0.0)), None);
    if count > 0 {
        with(&mut net, growth);
    }
    vec![
        figure("trades", on, Some(count as f64), count, Some(("flat", 0.0)), None),
        net,
        figure("buy_and_hold", on, Some(walk.hold_return), 0, Some(("flat", 0.0)), Some("after costs")),
        figure("max_drawdown", on, Some(walk.max_drawdown), count, Some(("flat", 0.0)), None),
        figure("won_share", on, (count > 0).then(|| won / count as f64), count, None, Some("after costs")),
    ]
}

/// What may be said, and nothing more.
fn verdict(gain: Option<Interval>, walk: &Walk, growth: Option<Interval>, rule: &Rule) -> String {
    let forecasts = match gain {
        Some(gain) if gain.high < 0.0 => "its probabilities are better than the base rate",
        Some(gain) if gain.low > 0.0 => "its probabilities are worse than the base rate",
        Some(_) => "its probabilities cannot be told from the base rate",
        None => "nothing is known of its probabilities",
    };
    let percent = |x: f64| format!("{:.1} %", 100.0 * x);
    let trades = match (walk.trades.len(), growth) {
        (0, _) => {
            let cost = percent(rule.multiple * rule.round_trip());
            format!("no expected edge was above {cost}, so it never traded: flat is not beaten")
        }
        (count, growth) => {
            let beats = match growth {
                Some(growth) if growth.low > 0.0 => "more than flat",
                Some(growth) if growth.high < 0.0 => "less than flat",
                Some(_) | None => "which cannot be told from flat",
            };
            format!("{count} trades returned {} after costs, {beats}", percent(walk.net_return))
        }
    };
    format!("On held-out bars {forecasts}; {trades}; buy-and-hold returned {}.", percent(walk.hold_return))
}

/// The day of a time, by the civil calendar (Howard Hinnant, chrono-compatible date algorithms).
pub(super) fn date(time: Time) -> String {
    let days = time.0.div_euclid(Span::DAY.0) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}
