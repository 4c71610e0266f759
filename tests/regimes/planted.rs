//! Planted crashes, spikes, trends and droughts over 200 seeds: how soon they are told, and how often for nothing.

use kestrel::domain::{Bar, Seed, Span, Time};
use kestrel::market::regime::{EventKind, EventWatch, Thresholds};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// Standard normal draws (Box and Muller).
pub struct Normals(ChaCha8Rng);

impl Normals {
    pub fn new(seed: Seed, name: &str) -> Normals {
        Normals(seed.stream(name))
    }

    fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    pub fn draw(&mut self) -> f64 {
        let (a, b) = (self.uniform(), self.uniform());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }
}

/// What happens to a minute after the plant: its deviation, its drift and its volume, in units of the ordinary.
#[derive(Clone, Copy)]
struct Plant {
    kind: EventKind,
    deviation: f64,
    drift: f64,
    volume: f64,
    /// Minutes that it lasts.
    minutes: usize,
    /// Most minutes of the median delay.
    most_delay: i64,
    /// Most false alarms a day before it.
    most_false: f64,
}

const ORDINARY: usize = 4_320;
const DEVIATION: f64 = 5e-4;
const SEEDS: u64 = 200;

struct Found {
    told: usize,
    delays: Vec<i64>,
    false_alarms: usize,
}

fn found(plant: Plant) -> Found {
    let mut found = Found { told: 0, delays: Vec::new(), false_alarms: 0 };
    for seed in 0..SEEDS {
        let mut normals = Normals::new(Seed(seed), "planted");
        let mut watch = EventWatch::new(&Thresholds::default());
        let mut close = 100.0;
        let mut delay = None;
        for at in 0..ORDINARY + plant.minutes {
            let is_planted = at >= ORDINARY;
            let (deviation, drift, volume) =
                if is_planted { (plant.deviation, plant.drift, plant.volume) } else { (1.0, 0.0, 1.0) };
            let open: f64 = close;
            close *= (DEVIATION * (deviation * normals.draw() + drift)).exp();
            let bar = Bar {
                open_time: Time::from_millis(1_700_000_040_000 + at as i64 * 60_000),
                open,
                high: open.max(close),
                low: open.min(close),
                close,
                volume: volume * (normals.draw() * 0.8).exp(),
            };
            if watch.on_bar(&bar, None).alarm(plant.kind).is_some() {
                found.false_alarms += usize::from(!is_planted);
                if is_planted && delay.is_none() {
                    delay = Some((at - ORDINARY) as i64);
                }
            }
        }
        found.told += usize::from(delay.is_some());
        found.delays.extend(delay);
    }
    found.delays.sort_unstable();
    found
}

#[test]
fn planted_events_are_told_in_nearly_every_seed_and_ordinary_days_are_quiet() {
    let ordinary = Plant {
        kind: EventKind::Crash,
        deviation: 1.0,
        drift: 0.0,
        volume: 1.0,
        minutes: 30,
        most_delay: 8,
        most_false: 0.005,
    };
    let plants = [
        // Four tenths of a per cent a minute: 4 % down after ten.
        Plant { deviation: 2.0, drift: -8.0, ..ordinary },
        Plant { kind: EventKind::Jump, deviation: 1.0, drift: 14.0, minutes: 1, most_delay: 0, ..ordinary },
        Plant { kind: EventKind::VolatilitySpike, deviation: 6.0, most_delay: 5, ..ordinary },
        Plant { kind: EventKind::TrendOnset, drift: 0.3, minutes: 600, most_delay: 200, most_false: 0.06, ..ordinary },
        Plant { kind: EventKind::LiquidityDrop, volume: 0.05, minutes: 60, most_delay: 25, ..ordinary },
    ];
    for plant in plants {
        let Found { told, delays, false_alarms } = found(plant);
        let days = SEEDS as f64 * ORDINARY as f64 / 1_440.0;
        let median = delays.get(delays.len() / 2).copied();
        let name = plant.kind.name();
        println!(
            "{name}: {told} of {SEEDS} told, median delay {median:?} minutes, {:.4} false alarms a day",
            false_alarms as f64 / days
        );
        assert!(told >= 195, "{name}: {told} of {SEEDS}");
        assert!(median.is_some_and(|delay| delay <= plant.most_delay), "{name}: {median:?}");
        assert!(false_alarms as f64 <= plant.most_false * days, "{name}: {false_alarms} in {days} days");
    }
}

#[test]
fn missing_minutes_silence_and_impossible_bars_are_told_and_end_after_good_ones() {
    let mut watch = EventWatch::new(&Thresholds::default());
    let bar = |minute: i64| Bar {
        open_time: Time(minute * Span::MINUTE.0),
        open: 100.0,
        high: 101.0,
        low: 99.0,
        close: 100.0 + (minute % 3) as f64 * 0.1,
        volume: 5.0 + minute as f64,
    };
    let sentences =
        |watch: &mut EventWatch, bar: &Bar| watch.on_bar(bar, None).iter().map(ToString::to_string).collect::<Vec<_>>();
    (0..10).for_each(|minute| assert!(sentences(&mut watch, &bar(minute)).is_empty(), "{minute}"));
    assert_eq!(watch.on_clock(Time(11 * Span::MINUTE.0)), None);
    let stale = watch.on_clock(Time(12 * Span::MINUTE.0)).expect("two minutes without a bar");
    assert_eq!(stale.to_string(), "data trouble: no bar for 2 minutes");
    // The bars come after all, with a hole; the cool-down keeps the next alarm five minutes away from the last.
    assert!(sentences(&mut watch, &bar(14)).is_empty());
    for minute in 15..19 {
        assert!(sentences(&mut watch, &bar(minute)).is_empty(), "{minute}");
    }
    assert_eq!(sentences(&mut watch, &bar(19)), ["data trouble is over after 8 minutes"]);
    let broken = Bar { low: 100.05, ..bar(20) };
    assert_eq!(
        sentences(&mut watch, &broken),
        ["data trouble: a bar was refused: open or close lies outside low..high"]
    );
    assert!(watch.is_on(EventKind::DataTrouble));
    (20..25).for_each(|minute| assert!(sentences(&mut watch, &bar(minute)).is_empty()));
    assert_eq!(sentences(&mut watch, &bar(25)), ["data trouble is over after 5 minutes"]);
    assert_eq!(sentences(&mut watch, &bar(40)), ["data trouble: 14 minutes missing before this bar"]);
}
