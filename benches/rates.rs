//! The rates that the README states: a Markdown table of what, figure, unit.
//!
//! `cargo bench --bench rates`. Figures are the best of several rounds of CPU time (all threads), so that other work on
//! the machine hardly shows; ratios compare two figures of the same run.
//! Invariant: a row that cannot be measured says why; nothing is left out silently.
//! Absent on purpose: comparisons with other machines.

mod workloads;

use std::hint::black_box;
use std::path::Path;

use kestrel::app::demo::{self, Demo};
use kestrel::app::market::MarketPlan;
use kestrel::app::{Stopwatch, backtest};
use kestrel::config::{Config, Speed};
use kestrel::domain::Seed;
use kestrel::engine::settings::StrategyName;
use kestrel::runtime::backtest::Detail;
use kestrel::runtime::live::EndReason;
use kestrel::store::{ParquetBars, symbols_of};

use workloads::batch::{Batch, percentile};
use workloads::desk::Desk;
use workloads::frames::Frame;
use workloads::history::{self, History};
use workloads::indicators::{Column, ROWS, Stream, Year};
use workloads::market;
use workloads::screen::{self, States};
use workloads::venue::Venue;

const BARS: usize = 100_000;
const LOCKSTEP_BARS: u64 = 1_000;
const MONTH: &str = "klines/BTCUSDT-spot-1m-2023-07-01_2023-07-31-calm.parquet";
const ROUNDS: usize = 7;
/// CPU seconds of one round of something short.
const ROUND: f64 = 0.02;

fn main() {
    if history::works_alone() {
        return;
    }
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    println!("| what | figure | unit |\n|---|--:|---|");
    for (name, measure) in SECTIONS {
        if asked.is_empty() || asked.iter().any(|asked| asked == name) {
            measure();
        }
    }
}

/// What can be asked for alone: `cargo bench --bench rates -- store`.
const SECTIONS: [(&str, fn()); 10] = [
    ("engine", steps),
    ("decision", decisions),
    ("protocol", frames),
    ("simulator", venue),
    ("indicators", indicators),
    ("backtest", backtests),
    ("month", recorded_month),
    ("store", history),
    ("demo", lockstep),
    ("screen", screen),
];

fn row(what: &str, figure: f64, unit: &str) {
    let places = if figure < 10.0 { 1 } else { 0 };
    println!("| {what} | {} | {unit} |", grouped(figure, places));
}

/// With a thin space between groups of three digits.
fn grouped(figure: f64, places: usize) -> String {
    let text = format!("{figure:.places$}");
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    fraction.map_or(grouped.clone(), |fraction| format!("{grouped}.{fraction}"))
}

/// Nanoseconds of CPU time of one call.
fn nanoseconds<T>(mut call: impl FnMut() -> T) -> f64 {
    let mut calls = 64_u64;
    let mut best = f64::INFINITY;
    let mut rounds = 0;
    while rounds < ROUNDS {
        let seconds = cpu_seconds(|| (0..calls).for_each(|_| drop(black_box(call()))));
        if seconds < ROUND {
            calls *= 2;
        } else {
            best = best.min(seconds * 1e9 / calls as f64);
            rounds += 1;
        }
    }
    best
}

/// CPU seconds of one call, the best of several.
fn best_seconds<T>(mut call: impl FnMut() -> T) -> f64 {
    (0..ROUNDS).map(|_| cpu_seconds(|| drop(black_box(call())))).fold(f64::INFINITY, f64::min)
}

fn cpu_seconds(work: impl FnOnce()) -> f64 {
    let stopwatch = Stopwatch::start();
    work();
    stopwatch.read().cpu_seconds
}

fn steps() {
    let mut desk = Desk::flat();
    row("engine: step of a closed bar, flat", nanoseconds(|| desk.close_bar()), "ns");
    let mut desk = Desk::holding();
    row("engine: step of a closed bar, position with its OCO", nanoseconds(|| desk.close_bar()), "ns");
    row("engine: step of a trade or a best price", nanoseconds(|| desk.view()) / 2.0, "ns");
    row("engine: step of an execution report, already booked", nanoseconds(|| desk.report()), "ns");
}

/// Wall times one by one: what is late here is late for the market.
fn decisions() {
    const MINUTES: usize = 20_000;
    let mut batch = Batch::new();
    batch.run(MINUTES);
    let columns = [
        ("decision: a bar close of 10 symbols, everything on", &mut batch.minutes),
        ("decision: one of them", &mut batch.bars),
        ("decision: a kline's bytes to the signed bytes of its order", &mut batch.orders),
    ];
    for (what, times) in columns {
        times.sort_by(f64::total_cmp);
        let count = times.len();
        for (share, name) in [(0.5, "median"), (0.99, "p99"), (1.0, "longest")] {
            row(&format!("{what}, {name} of {count}"), percentile(times, share), "µs");
        }
    }
}

fn frames() {
    for frame in Frame::ALL {
        let text = frame.write();
        assert!(frame.read(&text), "{text}");
        row(&format!("protocol: read {}", frame.name()), nanoseconds(|| frame.read(black_box(&text))), "ns");
        row(&format!("protocol: write {}", frame.name()), nanoseconds(|| frame.write()), "ns");
    }
}

fn venue() {
    let mut venue = Venue::new();
    assert!(!venue.quiet_bar());
    row("simulator: a bar that reaches no order", nanoseconds(|| venue.quiet_bar()), "ns");
    row("simulator: the four points of a bar, 100 orders resting", nanoseconds(|| venue.walked_bar()), "ns");
    row("simulator: place and cancel an order", nanoseconds(|| venue.place_and_cancel()), "ns");
}

fn indicators() {
    let mut year = Year::new();
    for column in Column::ALL {
        let seconds = best_seconds(|| year.column(column));
        let what = format!("indicators: {}, a year of minutes as a column", column.name());
        row(&what, seconds * 1e9 / ROWS as f64, "ns a row");
    }
    for stream in Stream::ALL {
        let seconds = best_seconds(|| year.stream(stream));
        let what = format!("indicators: {}, the same bar by bar", stream.name());
        row(&what, seconds * 1e9 / ROWS as f64, "ns a bar");
    }
}

fn backtests() {
    let bars = market::bars(BARS);
    for (strategy, name) in [(StrategyName::Trend, "trend"), (StrategyName::Flat, "flat")] {
        let settings = market::settings(strategy);
        let orders = market::run(&bars, &settings, Detail::Skip).engine.counts().orders;
        for (detail, walked) in [(Detail::Skip, "skipping"), (Detail::Full, "every point")] {
            let seconds = best_seconds(|| market::run(&bars, &settings, detail));
            let what = format!("backtest: {name}, bars from memory, {walked}, {orders} orders");
            row(&what, BARS as f64 / seconds, "bars per CPU second");
        }
    }
}

/// The shipped settings over a recorded month, reading included.
fn recorded_month() {
    let what = "backtest: the shipped settings, BTCUSDT July 2023 read from Parquet";
    let Some(folder) = std::env::var_os("KESTREL_DATA") else {
        println!("| {what} | - | not measured: KESTREL_DATA is not set |");
        return;
    };
    let files = [std::path::Path::new(&folder).join(MONTH)];
    let mut config = Config::embedded().expect("the shipped settings");
    config.symbols = symbols_of(&files, &config.symbols).expect("a kline file");
    let mut rows = 0;
    let seconds = best_seconds(|| {
        let data = ParquetBars::open(&files, &config.symbols).expect("a kline file");
        rows = data.rows();
        let plan = MarketPlan { data: Some(data), seed: Seed(1), warmup_bars: 0, anchor: None, bars: None };
        backtest::finish(&config, plan, Path::new("")).expect("a recorded month")
    });
    row(what, rows as f64 / seconds, "bars per CPU second");
    config.strategy = StrategyName::Flat;
    let read = best_seconds(|| {
        let mut data = ParquetBars::open(&files, &config.symbols).expect("a kline file");
        while data.next_merged().expect("a readable row").is_some() {}
    });
    row("store: the same month, only read", rows as f64 / read, "bars per CPU second");
}

/// Five years of minutes on disk: one month of them, and all of them as hours.
fn history() {
    let history = History::write();
    let month = history.month_of_file();
    assert_eq!((month.0, history.hours()), (44_640, history::BARS / 60));
    assert_eq!(history.month_of_catalog(), month);
    let month = "store: one month of five years, close and volume";
    row(&format!("{month}, one file"), best_seconds(|| history.month_of_file()) * 1e3, "ms of CPU");
    row("store: the same from the catalogue", best_seconds(|| history.month_of_catalog()) * 1e3, "ms of CPU");
    row("store: five years of minutes joined to hours", best_seconds(|| history.hours()) * 1e3, "ms of CPU");
    let hours = "store: five years of minutes joined to hours";
    // The same file that other programs are measured on.
    let given = std::env::var_os("KESTREL_FIVE_YEARS").map(std::path::PathBuf::from);
    if let Some(file) = &given {
        row(&format!("{month}, KESTREL_FIVE_YEARS"), best_seconds(|| history::january(file)) * 1e3, "ms of CPU");
        row(&format!("{hours}, KESTREL_FIVE_YEARS"), best_seconds(|| history::hours_of(file)) * 1e3, "ms of CPU");
    }
    let stretch = if given.is_some() { history::JANUARY } else { history.month() };
    let file = given.unwrap_or_else(|| history.file());
    for (work, what, stretch) in [("month", month, stretch), ("hours", hours, history::ALWAYS)] {
        match history::peak_mib(work, &file, stretch) {
            Some(mib) => row(&format!("{what}, alone in a process"), mib, "MiB at the peak"),
            None => println!("| {what}, alone in a process | - | not measured: this system does not tell |"),
        }
    }
}

/// The same generated market through the sockets of the local exchange and directly.
fn lockstep() {
    let mut config = Config::embedded().expect("the shipped settings");
    config.speed = Speed::Max;
    let warmup_bars = config.warmup_bars;
    let plan = || MarketPlan { data: None, seed: Seed(1), warmup_bars, anchor: None, bars: Some(LOCKSTEP_BARS) };
    let direct = best_seconds(|| backtest::finish(&config, plan(), Path::new("")).expect("a generated market"));
    let (mut cpu, mut wall) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..3 {
        let ended = demo::finish(Demo {
            config: &config,
            market: plan(),
            venue: None,
            journal: None,
            feeds: None,
            models: None,
            trades_file: None,
            commands: Vec::new(),
            on_notice: None,
            on_status: None,
            hand: None,
        });
        let ended = ended.expect("a demo on loopback");
        assert_eq!(ended.reason, EndReason::MarketEnded);
        let elapsed = ended.stopwatch.read();
        (cpu, wall) = (cpu.min(elapsed.cpu_seconds), wall.min(elapsed.wall_seconds));
    }
    let bars = LOCKSTEP_BARS as f64;
    row("demo: lockstep over loopback, client and exchange", bars / wall, "bars per second");
    row("demo: the same", bars / cpu, "bars per CPU second");
    row("demo: CPU time of the sockets against the backtest of the same market", cpu / direct, "times");
}

/// Frames of real states, a screen on which nothing changes, and a demo with and without the screen.
fn screen() {
    const FRAMES: u32 = 40;
    const SECONDS: u64 = 5;
    let states = States::new();
    for size in [(80, 24), (120, 40), (200, 60)] {
        let seconds = best_seconds(|| assert!(states.draw(size, FRAMES), "a frame fails"));
        let what = format!("screen: a frame at {}x{}, drawn, compared and encoded", size.0, size.1);
        row(&what, seconds / f64::from(FRAMES) * 1e6, "µs");
    }
    row("screen: nothing changes", states.idle(SECONDS), "CPU ms per second");
    let (without, with) = (screen::demo_at_sixty(SECONDS, false), screen::demo_at_sixty(SECONDS, true));
    row("demo at 60x, both ends, nobody watching", without, "CPU ms per second");
    row("demo at 60x with the screen at 200x60", with, "CPU ms per second");
}
