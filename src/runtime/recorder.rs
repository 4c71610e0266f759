//! `Recorder`: what a report needs of a run and the engine does not keep: equity and prices at each close, why positions
//! changed, and what was traded.
//!
//! Invariant: it only looks; a run with a recorder ends in the same state as one without. At most [`CLOSES`] prices of all
//! symbols together are kept, then every other one: a baseline loses resolution, nothing else.
//! Absent on purpose: fills and closed trades (`Record`), and every figure (`performance`).

use crate::domain::{Bar, ExecutionReport, MarketEvent, Span, SymbolId, Time, Value};
use crate::engine::strategy::Signal;
use crate::engine::{Engine, Input, Notice};
use crate::performance::Sample;
use crate::performance::baselines::Close;
use crate::simulator::Slippage;

/// Prices kept: four years of one symbol's minutes.
pub const CLOSES: usize = 1 << 21;
/// Share of equity below which what is held counts as nothing.
const DUST: f64 = 0.000_5;

/// What was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// Open time of the first bar, or when the run began where it had none.
    pub start: Time,
    /// Equity then.
    pub capital: Value,
    /// One for each moment at which bars closed, when all symbols of that moment were taken.
    pub samples: Vec<Sample>,
    pub closes: Vec<Close>,
    /// Decisions that changed a position, in time order.
    pub decisions: Vec<Decision>,
    /// Notional of all fills.
    pub traded: Value,
    /// Moments at which bars closed, which is the number of samples even where those are gone.
    pub moments: u64,
    /// Fills of limits that rested in the book.
    pub maker_fills: u64,
    /// What takers paid beyond the price of the path; `None` where the venue does not say.
    pub slippage: Option<Slippage>,
}

/// A decision that changed a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    pub time: Time,
    pub symbol: SymbolId,
    pub signal: Signal,
}

#[derive(Debug)]
pub struct Recorder {
    recording: Recording,
    /// Prices further apart than this are kept.
    every: Span,
    most: usize,
    bars: u64,
    fills: u64,
}

impl Recorder {
    pub fn new(now: Time, engine: &Engine) -> Recorder {
        Recorder::bounded(now, engine, CLOSES)
    }

    fn bounded(now: Time, engine: &Engine, most: usize) -> Recorder {
        let recording = Recording {
            start: now,
            capital: engine.performance().start(),
            samples: Vec::new(),
            closes: Vec::new(),
            decisions: Vec::new(),
            traded: Value::ZERO,
            moments: 0,
            maker_fills: 0,
            slippage: None,
        };
        Recorder { recording, every: Bar::INTERVAL, most, bars: 0, fills: engine.counts().fills }
    }

    pub fn finish(self) -> Recording {
        self.recording
    }

    /// Sees an input after the engine took it.
    #[inline]
    pub fn observe(&mut self, input: &Input, engine: &Engine) {
        match input {
            Input::Market(MarketEvent::BarClosed { symbol, bar }) => self.close(*symbol, bar, engine),
            Input::Report(report) => self.report(report, engine),
            Input::Market(MarketEvent::Trade { .. } | MarketEvent::BookTop { .. })
            | Input::Start(_)
            | Input::Answer(_)
            | Input::Balances(_)
            | Input::Command(_)
            | Input::Settings(_)
            | Input::Mood(_)
            | Input::Inferred(_)
            | Input::Timer => {}
        }
    }

    /// Sees what the engine said.
    pub fn take(&mut self, now: Time, notice: &Notice) {
        if let Notice::Decided { symbol, signal, .. } = notice {
            self.recording.decisions.push(Decision { time: now, symbol: *symbol, signal: *signal });
        }
    }

    fn close(&mut self, symbol: SymbolId, bar: &Bar, engine: &Engine) {
        // A bar that the engine refused is no sample.
        if engine.performance().bars() == self.bars {
            return;
        }
        if self.bars == 0 {
            self.recording.start = bar.open_time;
        }
        self.bars = engine.performance().bars();
        let time = bar.close_time();
        let (equity, exposed) = (engine.performance().equity().to_f64(), engine.exposed().to_f64());
        let sample = Sample { time, equity, exposed: without_dust(exposed, equity) };
        match self.recording.samples.last_mut() {
            Some(last) if last.time == time => *last = sample,
            Some(_) | None => {
                self.recording.moments += 1;
                self.recording.samples.push(sample);
            }
        }
        if is_kept(time, self.every) {
            self.recording.closes.push(Close { symbol, time, price: bar.close });
        }
        if self.recording.closes.len() >= self.most {
            self.every = Span(self.every.0.saturating_mul(2));
            let every = self.every;
            self.recording.closes.retain(|close| is_kept(close.time, every));
        }
    }

    fn report(&mut self, report: &ExecutionReport, engine: &Engine) {
        // Only what the engine booked counts: the same report may come twice.
        if engine.counts().fills == self.fills {
            return;
        }
        self.fills = engine.counts().fills;
        let notional = Value::of(report.last_price, report.last_quantity);
        self.recording.maker_fills += u64::from(report.is_maker);
        self.recording.traded = Value(self.recording.traded.0.saturating_add(notional.0));
    }
}

impl Recording {
    /// The last decision on this symbol at or before `time`.
    pub fn decision(&self, symbol: SymbolId, time: Time) -> Option<&Decision> {
        let until = self.decisions.partition_point(|decision| decision.time <= time);
        self.decisions[..until].iter().rev().find(|decision| decision.symbol == symbol)
    }
}

/// Fees that are paid in the base asset leave crumbs that nobody can sell: they are no position.
fn without_dust(exposed: f64, equity: f64) -> f64 {
    if exposed < DUST * equity { 0.0 } else { exposed }
}

/// A bar ends a millisecond before its last minute does.
fn is_kept(close: Time, every: Span) -> bool {
    every == Bar::INTERVAL || close.plus(Span::from_millis(1)).0.rem_euclid(every.0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Money, Price, Quantity, Ratio, Session, Symbol, SymbolRules};
    use crate::engine::settings::{Sizing, StrategyName, TrendLengths};
    use crate::engine::{Effects, Settings, Start};
    use crate::market::regime::RegimeModel;

    fn engine() -> Engine {
        let settings = Settings {
            strategy: StrategyName::Flat,
            invest: Ratio::ZERO,
            sizing: Sizing::Fixed(Quantity::ZERO),
            min_trade_size: Money::ZERO,
            stop_loss: Ratio::ZERO,
            take_profit: Ratio::ZERO,
            trend: TrendLengths { fast: 2, slow: 3 },
            min_hold_bars: 0,
            no_trade_band: Ratio::ZERO,
            bnb_price: Price::ZERO,
            side_cost: Ratio::ZERO,
            mandates: crate::engine::regime::Mandates::default(),
            execution: crate::engine::settings::ExecutionSettings::default(),
            risk: Default::default(),
            sentiment_weight: Ratio::ZERO,
            models: Default::default(),
            edge_multiple: Ratio::ZERO,
        };
        let rules = ["BTCUSDT", "ETHUSDT"].map(|name| SymbolRules::default_for(&Symbol::new(name))).to_vec();
        let start = Start {
            session: Session(1),
            rules,
            settings,
            balances: Vec::new(),
            history: Vec::new(),
            regimes: RegimeModel::default(),
            has_books: false,
        };
        Engine::new(Time(0), &start, &mut Effects::default())
    }

    fn closed(symbol: u16, minute: i64) -> Input {
        let bar = Bar {
            open_time: Time(minute * Span::MINUTE.0),
            open: 5.0,
            high: 5.0 + minute as f64,
            low: 5.0,
            close: 5.0 + minute as f64,
            volume: 1.0,
        };
        Input::Market(MarketEvent::BarClosed { symbol: SymbolId(symbol), bar })
    }

    fn recorded(most: usize, inputs: impl Iterator<Item = Input>) -> Recording {
        let mut engine = engine();
        let mut recorder = Recorder::bounded(Time(7), &engine, most);
        for input in inputs {
            engine.step(Time(0), &input, &mut Effects::default());
            recorder.observe(&input, &engine);
        }
        recorder.finish()
    }

    #[test]
    fn a_moment_is_one_sample_and_a_bar_that_comes_twice_none() {
        let recording = recorded(99, [closed(0, 3), closed(1, 3), closed(1, 3), closed(0, 4)].into_iter());
        assert_eq!(recording.start, Time(3 * Span::MINUTE.0));
        let minutes: Vec<i64> =
            recording.samples.iter().map(|sample| sample.time.minute().0 / Span::MINUTE.0).collect();
        assert_eq!((minutes, recording.closes.len(), recording.moments), (vec![3, 4], 3, 2));
        assert_eq!(recorded(99, std::iter::empty()).start, Time(7));
    }

    #[test]
    fn crumbs_that_nobody_can_sell_are_no_position() {
        assert_eq!((without_dust(1.0, 10_000.0), without_dust(100.0, 10_000.0)), (0.0, 100.0));
        assert_eq!(without_dust(5.0, 0.0), 5.0);
    }

    #[test]
    fn prices_of_a_long_run_are_thinned_and_samples_are_not() {
        let recording = recorded(100, (0..1_000).map(|minute| closed(0, minute)));
        assert_eq!(recording.samples.len(), 1_000);
        assert!((50..100).contains(&recording.closes.len()), "{}", recording.closes.len());
        let gaps: Vec<i64> =
            recording.closes.windows(2).map(|pair| pair[1].time.since(pair[0].time).0 / Span::MINUTE.0).collect();
        assert!(gaps.iter().all(|gap| *gap == 16), "{gaps:?}");
    }
}
