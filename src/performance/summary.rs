//! `Summary`: everything that a report says of a run, as values.
//!
//! Invariant: each figure carries its sample length and, where there is one, its interval, or the reason why it is hidden;
//! the same inputs and seed give the same summary.
//! Absent on purpose: drawing and printing (`report`, `cli`, `tui`).

use serde::Serialize;

use super::baselines::{Baselines, Close, Terms, Trip, VolatilityTarget};
use super::benchmark::AlphaBeta;
use super::bootstrap::intervals;
use super::costs::{CostRates, Costs};
use super::daily::{DAYS_A_YEAR, paired};
use super::equity_record::{EquityFigures, EquityRecord};
use super::figure::{Figure, Hidden, Shown, enough};
use super::sharpe::MINIMUM_DAYS;
use super::trades::{RoundTrip, TradeStatistics};
use crate::domain::{Seed, Time};

/// Fewest closed trades for which their ratios are shown.
pub const MINIMUM_TRADES: u64 = 10;

/// The account at the close of a bar, in quote currency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    pub time: Time,
    pub equity: f64,
    /// Absolute value of all positions.
    pub exposed: f64,
}

/// What a summary is made of. Samples, closes and trades (by their close) in time order.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Start of the run and the equity then.
    pub start: Time,
    pub capital: f64,
    pub samples: &'a [Sample],
    pub closes: &'a [Close],
    pub trades: &'a [RoundTrip],
    pub costs: Costs,
    /// What baselines pay: `costs.rates()`, or the configured rates where nothing was traded.
    pub rates: CostRates,
    pub target: VolatilityTarget,
    pub seed: Seed,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    pub equity: EquityFigures,
    /// Yearly, against buy-and-hold; sample: days.
    pub alpha: Shown,
    pub beta: Shown,
    pub trades: TradeFigures,
    /// Mean |position| / equity; sample: bars.
    pub exposure: Shown,
    /// Share of bars that closed with a position; sample: bars.
    pub time_in_market: Shown,
    /// Traded notional over mean equity; sample: bars.
    pub turnover: Shown,
    pub costs: Costs,
    pub baselines: Baselines,
}

/// What closed trades show, in quote currency; the sample of each figure is the number of trades.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TradeFigures {
    pub statistics: TradeStatistics,
    pub win_rate: Shown,
    pub payoff_ratio: Shown,
    pub profit_factor: Shown,
    pub expectancy: Shown,
}

impl Summary {
    pub fn of(inputs: &Inputs<'_>) -> Summary {
        let mut record = EquityRecord::new(inputs.start, inputs.capital);
        inputs.samples.iter().for_each(|sample| record.sample(sample.time, sample.equity));
        let equity = record.finish(inputs.seed);
        let terms = Terms { capital: inputs.capital, rates: inputs.rates, target: inputs.target, seed: inputs.seed };
        let total = equity.total_return.map_or(0.0, |figure| figure.value);
        let baselines = Baselines::of(inputs.closes, &trips(inputs), total, &terms);
        let (alpha, beta) = match &baselines.buy_and_hold {
            Ok(hold) => against(&equity, &hold.equity),
            Err(hidden) => (Err(*hidden), Err(*hidden)),
        };
        Summary {
            alpha,
            beta,
            trades: TradeFigures::of(inputs.trades, inputs.seed),
            exposure: mean(inputs.samples, |sample| sample.exposed / sample.equity),
            time_in_market: mean(inputs.samples, |sample| f64::from(u8::from(sample.exposed > 0.0))),
            turnover: turnover(inputs),
            costs: inputs.costs,
            equity,
            baselines,
        }
    }
}

impl TradeFigures {
    pub fn of(trades: &[RoundTrip], seed: Seed) -> TradeFigures {
        let mut statistics = TradeStatistics::default();
        let results: Vec<f64> = trades.iter().map(|trade| trade.pnl.to_f64()).collect();
        for (trade, pnl) in trades.iter().zip(&results) {
            statistics.record(*pnl, trade.closed.since(trade.opened));
        }
        let n = statistics.trades();
        let shown = |value: Option<f64>, without: Hidden| {
            enough(n, MINIMUM_TRADES)?;
            Figure::of(value.ok_or(without)?, n)
        };
        let one_sided = if statistics.wins == 0 { Hidden::NoWins } else { Hidden::NoLosses };
        let [payoff, factor, expectancy] = if n < MINIMUM_TRADES {
            [None; 3]
        } else {
            intervals(&results, 1.0, seed, |sample| {
                let drawn = TradeStatistics::of(sample);
                [drawn.payoff_ratio(), drawn.profit_factor(), drawn.expectancy()]
            })
        };
        let within = |shown: Shown, interval| shown.map(|figure| figure.within(interval));
        TradeFigures {
            statistics,
            win_rate: within(shown(statistics.win_rate(), one_sided), statistics.win_rate_interval()),
            payoff_ratio: within(shown(statistics.payoff_ratio(), one_sided), payoff),
            profit_factor: within(shown(statistics.profit_factor(), Hidden::NoLosses), factor),
            expectancy: within(shown(statistics.expectancy(), Hidden::NoTrades), expectancy),
        }
    }
}

/// Alpha and beta on the days that both records have.
fn against(equity: &EquityFigures, market: &EquityFigures) -> (Shown, Shown) {
    let (returns, benchmark) = paired(&equity.days, &market.days);
    let n = returns.len() as u64;
    let found = enough(n, MINIMUM_DAYS)
        .and_then(|()| AlphaBeta::of(&returns, &benchmark, DAYS_A_YEAR).ok_or(Hidden::FlatBenchmark));
    let figure = |value: fn(AlphaBeta) -> f64| found.and_then(|found| Figure::of(value(found), n));
    (figure(|found| found.alpha), figure(|found| found.beta))
}

/// Round trips with their size as a share of the equity at the last sample before they opened.
fn trips(inputs: &Inputs<'_>) -> Vec<Trip> {
    let before = |time: Time| {
        let place = inputs.samples.partition_point(|sample| sample.time < time);
        place.checked_sub(1).map_or(inputs.capital, |at| inputs.samples[at].equity)
    };
    let trip = |trade: &RoundTrip| {
        let equity = before(trade.opened);
        let share = if equity > 0.0 { trade.invested.to_f64() / equity } else { 0.0 };
        Trip { symbol: trade.symbol, opened: trade.opened, closed: trade.closed, share }
    };
    inputs.trades.iter().map(trip).collect()
}

/// Over all samples; one without capital counts as zero.
fn mean(samples: &[Sample], of: impl Fn(&Sample) -> f64) -> Shown {
    let n = samples.len() as u64;
    enough(n, 1)?;
    let sum: f64 = samples.iter().filter(|sample| sample.equity > 0.0).map(of).sum();
    Figure::of(sum / n as f64, n)
}

fn turnover(inputs: &Inputs<'_>) -> Shown {
    let n = inputs.samples.len() as u64;
    enough(n, 1)?;
    let equity: f64 = inputs.samples.iter().map(|sample| sample.equity).sum::<f64>() / n as f64;
    if equity > 0.0 { Figure::of(inputs.costs.traded.to_f64() / equity, n) } else { Err(Hidden::NoCapital) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Money, Price, Quantity, Side, Span, SymbolId, Value};
    use crate::performance::baselines::market::random_walk;
    use crate::performance::{Performance, ratios};
    use proptest::prelude::*;

    /// A day of four-hour bars has six, so that a record of many days stays small.
    const BAR: Span = Span(240 * Span::MINUTE.0);

    struct Run {
        samples: Vec<Sample>,
        closes: Vec<Close>,
        trades: Vec<RoundTrip>,
        costs: Costs,
    }

    fn value(whole: f64) -> Value {
        Money::from_f64(whole).expect("it fits").to_value()
    }

    /// A strategy that holds all its capital every other day.
    fn run(seed: u64, days: usize) -> Run {
        let closes: Vec<Close> = (1..)
            .zip(random_walk(seed, days * 6, 0.01))
            .map(|(bar, close)| Close { time: Time(BAR.0 * bar - 1_000), ..close })
            .collect();
        let mut run = Run { samples: Vec::new(), closes: closes.clone(), trades: Vec::new(), costs: Costs::default() };
        let mut equity = 1_000.0;
        for (at, close) in closes.iter().enumerate() {
            let is_held = at / 6 % 2 == 1;
            let before = equity;
            if is_held {
                equity *= close.price / closes[at - 1].price;
            }
            run.samples.push(Sample { time: close.time, equity, exposed: if is_held { equity } else { 0.0 } });
            if is_held && at % 6 == 0 {
                run.trades.push(RoundTrip {
                    symbol: SymbolId(0),
                    opened: closes[at - 1].time.plus(Span(1)),
                    closed: closes[at + 5].time,
                    invested: value(before),
                    pnl: value(before * (closes[at + 5].price / closes[at - 1].price - 1.0)),
                });
                run.costs.add(Costs { traded: value(2.0 * before), fees: value(0.002 * before), ..Costs::default() });
            }
        }
        run
    }

    fn summary(run: &Run, factor: f64) -> Summary {
        let samples: Vec<Sample> = run
            .samples
            .iter()
            .map(|s| Sample { equity: s.equity * factor, exposed: s.exposed * factor, ..*s })
            .collect();
        Summary::of(&Inputs {
            start: Time(0),
            capital: 1_000.0 * factor,
            samples: &samples,
            closes: &run.closes,
            trades: &run.trades,
            costs: run.costs,
            rates: run.costs.rates().unwrap_or_default(),
            target: VolatilityTarget::default(),
            seed: Seed(5),
        })
    }

    fn close(a: Shown, b: Shown) -> bool {
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (1.0 + a.abs());
        match (a, b) {
            (Ok(a), Ok(b)) => {
                near(a.value, b.value) && a.sample == b.sample && a.interval.is_some() == b.interval.is_some()
            }
            (Err(a), Err(b)) => a == b,
            (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
        }
    }

    #[test]
    fn a_run_of_a_year_shows_every_figure_with_its_sample() {
        let run = run(3, 366);
        let summary = summary(&run, 1.0);
        let daily = summary.equity.daily;
        for shown in [daily.annual_return, daily.annual_volatility, daily.sharpe, daily.sortino, daily.omega] {
            let Ok(Figure { value, sample: 366, interval: Some(interval) }) = shown else { panic!("{shown:?}") };
            assert!(interval.low < value && value < interval.high, "{shown:?}");
        }
        for shown in [daily.calmar, daily.tail_ratio, daily.value_at_risk, daily.kurtosis, daily.probability_of_skill] {
            assert!(shown.is_ok_and(|figure| figure.sample == 366), "{shown:?}");
        }
        assert_eq!(summary.time_in_market.map(|figure| (figure.value, figure.sample)), Ok((0.5, 366 * 6)));
        assert_eq!(summary.exposure.map(|figure| figure.value), Ok(0.5));
        assert_eq!(summary.trades.statistics.trades(), 183);
        assert_eq!(summary.trades.statistics.average_holding(), Some(Span(Span::DAY.0 - 1)));
        assert!(summary.beta.is_ok_and(|beta| (0.2..0.8).contains(&beta.value)), "{:?}", summary.beta);
        let random = summary.baselines.random.expect("trips and prices");
        assert_eq!(random.trips, 183);
        assert!((0.0..=1.0).contains(&random.percentile));
        let points = summary.equity.curve.points().len();
        assert!(points > 500, "{points}");
    }

    #[test]
    fn a_short_run_hides_its_ratios_and_says_why() {
        let summary = summary(&run(3, 16), 1.0);
        let short = Err(Hidden::TooShort { have: 16, need: MINIMUM_DAYS });
        let daily = summary.equity.daily;
        assert_eq!([daily.sharpe, daily.calmar, daily.probability_of_skill, summary.alpha], [short; 4]);
        assert_eq!(summary.trades.win_rate, Err(Hidden::TooShort { have: 8, need: MINIMUM_TRADES }));
        assert!(summary.equity.total_return.is_ok_and(|figure| figure.sample == 96));
        assert!(summary.baselines.random.is_ok());
    }

    #[test]
    fn an_empty_run_is_all_reasons() {
        let nothing = Run { samples: Vec::new(), closes: Vec::new(), trades: Vec::new(), costs: Costs::default() };
        let summary = summary(&nothing, 1.0);
        assert_eq!(summary.equity.total_return.map(|figure| figure.value), Ok(0.0));
        assert_eq!(
            (summary.exposure, summary.alpha),
            (Err(Hidden::TooShort { have: 0, need: 1 }), Err(Hidden::NoMarket))
        );
        assert_eq!(summary.baselines.flat, Err(Hidden::NoMarket));
        let poor = super::Summary::of(&Inputs {
            start: Time(0),
            capital: 0.0,
            samples: &[Sample { time: Time(1), equity: 0.0, exposed: 0.0 }],
            closes: &random_walk(1, 9, 0.1),
            trades: &[],
            costs: Costs::default(),
            rates: CostRates::default(),
            target: VolatilityTarget::default(),
            seed: Seed(1),
        });
        assert_eq!((poor.equity.total_return, poor.turnover), (Err(Hidden::NoCapital), Err(Hidden::NoCapital)));
        assert_eq!(poor.baselines.buy_and_hold, Err(Hidden::NoCapital));
    }

    #[test]
    fn trades_that_all_won_have_no_profit_factor_and_say_so() {
        let mut run = run(3, 60);
        run.trades.iter_mut().for_each(|trade| trade.pnl = Value(trade.pnl.0.abs() + 1));
        let trades = summary(&run, 1.0).trades;
        assert_eq!((trades.profit_factor, trades.payoff_ratio), (Err(Hidden::NoLosses), Err(Hidden::NoLosses)));
        assert_eq!(trades.win_rate.map(|figure| figure.value), Ok(1.0));
    }

    #[test]
    fn what_the_engine_measures_while_it_runs_is_the_same() {
        let run = run(9, 90);
        let mut running = Performance::new(value(1_000.0));
        for sample in &run.samples {
            running.on_bar(sample.time, value(sample.equity), value(sample.exposed));
        }
        let summary = summary(&run, 1.0);
        let near = |shown: Shown, other: Option<f64>| {
            let (shown, other) = (shown.map(|figure| figure.value), other.unwrap_or(f64::NAN));
            assert!(shown.is_ok_and(|shown| (shown - other).abs() < 1e-6), "{shown:?} {other}");
        };
        near(summary.equity.total_return, running.total_return());
        near(summary.equity.daily.sharpe, running.sharpe.ratio());
        near(summary.exposure, running.exposure());
        near(Figure::of(summary.equity.max_drawdown, 1), Some(running.drawdown.worst()));
        let quantity = Quantity::ONE;
        let price = Price::from_f64(run.costs.traded.to_f64()).expect("it fits");
        running.on_fill(
            Time(i64::MAX),
            running.equity(),
            Costs::of_fill(Side::Buy, quantity, price, price, price, Value::ZERO).traded,
        );
        near(summary.turnover, running.turnover());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn the_currency_changes_no_ratio_and_the_seed_no_value(seed in any::<u64>(), factor in 0.001f64..1_000.0) {
            let run = run(seed, 110);
            let (plain, scaled) = (summary(&run, 1.0), summary(&run, factor));
            let (one, other) = (plain.equity.daily, scaled.equity.daily);
            for (one, other) in [
                (one.sharpe, other.sharpe),
                (one.sortino, other.sortino),
                (one.calmar, other.calmar),
                (one.expected_shortfall, other.expected_shortfall),
                (one.minimum_track_record, other.minimum_track_record),
                (plain.equity.total_return, scaled.equity.total_return),
                (plain.alpha, scaled.alpha),
                (plain.exposure, scaled.exposure),
            ] {
                prop_assert!(close(one, other), "{:?} {:?}", one, other);
            }
            prop_assert!((plain.equity.max_drawdown - scaled.equity.max_drawdown).abs() < 1e-12);
            prop_assert_eq!(&plain, &summary(&run, 1.0));
            let returns: Vec<f64> = plain.equity.days.iter().map(|day| day.change).collect();
            prop_assert_eq!(one.sharpe.ok().map(|figure| figure.value), ratios::sharpe(&returns, DAYS_A_YEAR));
        }
    }
}
