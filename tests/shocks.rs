//! Shock halts over recorded months: how often, by what, and for how long.
//!
//! Invariant: the engine itself is stepped; the counts are of what it says.
//! Absent on purpose: whether alarms come in time (`regimes`).

use std::collections::BTreeMap;

use kestrel::config::regimes;
use kestrel::domain::{Bar, MarketEvent, SymbolId, Time};
use kestrel::engine::risk::shock::ShockChange;
use kestrel::engine::settings::StrategyName;
use kestrel::engine::{Effect, Effects, Engine, Input, Notice, Start};
use kestrel::market::regime::{Event, EventWatch, Phase, Signal, Thresholds};
use kestrel::store::{ParquetBars, symbol_of};

use crate::support::{Scenario, data_file, skip_without_data};

#[derive(Debug, Default)]
struct Count {
    days: f64,
    alarms: BTreeMap<&'static str, u32>,
    halts: BTreeMap<String, u32>,
    /// Bars at which no size and half size was allowed.
    halted: u64,
    halved: u64,
    bars: u64,
}

impl Count {
    fn of(name: &str) -> Option<Count> {
        let file = data_file(&format!("klines/{name}.parquet"))?;
        let symbol = symbol_of(&file).expect("a symbol");
        let mut scenario = Scenario::new(&[symbol.as_str()], StrategyName::Flat);
        scenario.settings.risk.shock_halt = true;
        let start = Start { regimes: regimes(), ..scenario.start() };
        let mut bars = ParquetBars::open(&[file], &[symbol]).expect("a recorded file");
        let mut engine: Option<Engine> = None;
        let mut count = Count::default();
        let mut size = 1.0;
        while let Some((_, bar)) = bars.next_merged().expect("a bar") {
            let mut effects = Effects::default();
            let engine = engine.get_or_insert_with(|| Engine::new(bar.open_time, &start, &mut effects));
            let input = Input::Market(MarketEvent::BarClosed { symbol: SymbolId(0), bar });
            engine.step(bar.close_time(), &input, &mut effects);
            effects.drain().for_each(|effect| size = count.take(&effect, size));
            count.bar(&bar, size);
        }
        count.days = count.bars as f64 / 1_440.0;
        count.tell(name);
        Some(count)
    }

    fn take(&mut self, effect: &Effect, size: f64) -> f64 {
        match effect {
            Effect::Notice(Notice::Event { signal, .. }) if !matches!(signal.phase, Phase::Ended { .. }) => {
                let falls = matches!(signal.event, Event::Jump { change, .. } if change < 0.0);
                *self.alarms.entry(if falls { "jump down" } else { signal.event.kind().name() }).or_default() += 1;
                size
            }
            Effect::Notice(Notice::Shock { change, .. }) => match change {
                ShockChange::Halted(cause) => {
                    *self.halts.entry(cause.to_string()).or_default() += 1;
                    0.0
                }
                ShockChange::HalfSize | ShockChange::HalfByHand => 0.5,
                ShockChange::FullSize | ShockChange::FullByHand => 1.0,
            },
            Effect::Notice(_)
            | Effect::Submit(_)
            | Effect::Replace { .. }
            | Effect::Cancel { .. }
            | Effect::Query { .. }
            | Effect::Infer(_) => size,
        }
    }

    fn bar(&mut self, _: &Bar, size: f64) {
        self.bars += 1;
        self.halted += u64::from(size == 0.0);
        self.halved += u64::from(size == 0.5);
    }

    fn halts_a_day(&self) -> f64 {
        f64::from(self.halts.values().sum::<u32>()) / self.days
    }

    fn tell(&self, name: &str) {
        let a_day = |count: &u32| f64::from(*count) / self.days;
        let alarms: Vec<String> =
            self.alarms.iter().map(|(kind, count)| format!("{kind} {:.2}", a_day(count))).collect();
        let halts: Vec<String> = self.halts.iter().map(|(by, count)| format!("{by} {:.2}", a_day(count))).collect();
        let share = |bars: u64| 100.0 * bars as f64 / self.bars as f64;
        println!(
            "{name}: {:.0} days; alarms a day: {}; halts a day: {}; {:.1} % of bars halted, {:.1} % at half size",
            self.days,
            alarms.join(", "),
            halts.join(", "),
            share(self.halted),
            share(self.halved)
        );
    }
}

#[test]
fn a_calm_month_is_hardly_ever_halted_and_a_crash_is() {
    let Some(calm) = Count::of("BTCUSDT-spot-1m-2023-07-01_2023-07-31-calm") else { return skip_without_data() };
    assert!(calm.halts_a_day() <= 0.2, "{calm:?}");
    let Some(crash) = Count::of("BTCUSDT-spot-1m-2020-03-01_2020-03-31-covid-crash") else { return };
    let by_crash = crash.halts.get("a crash").copied().unwrap_or_default();
    assert!(by_crash >= 10 && crash.halted > calm.halted, "{crash:?}");
    assert!(crash.halted * 2 < crash.bars, "most of the month is traded");
    if let Ok(name) = std::env::var("KESTREL_SHOCKS") {
        Count::of(&name);
    }
}

#[test]
fn what_was_seen_survives_the_way_through_text() {
    let bad = Bar { open_time: Time(0), open: 1.0, high: 0.5, low: 0.4, close: 0.5, volume: 1.0 };
    let late = Bar { high: 1.0, low: 0.5, ..bad };
    let mut told = Vec::new();
    for bar in [late, late, bad, Bar { volume: f64::NAN, ..late }, Bar { open: -1.0, ..late }] {
        // A fresh watch each time, so that no latch holds a fault back.
        let mut watch = EventWatch::new(&Thresholds::default());
        watch.on_bar(&late, None);
        told.extend(watch.on_bar(&bar, None).iter().copied());
    }
    assert_eq!(told.len(), 5, "{told:?}");
    for signal in told {
        let text = serde_json::to_string(&signal).expect("a signal is text");
        assert_eq!(serde_json::from_str::<Signal>(&text).expect("and back"), signal);
    }
}
