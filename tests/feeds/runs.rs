//! Runs with outside sources: what they change, what is shown, and that a replay agrees.
//!
//! Invariant: without weight nothing is traded differently.
//! Absent on purpose: whether they are worth a weight.

use std::sync::Arc;
use std::time::Duration;

use kestrel::app::demo::{self, Demo, Hand};
use kestrel::app::feeds;
use kestrel::app::market::MarketPlan;
use kestrel::config::{Config, Speed};
use kestrel::domain::{Quantity, Ratio, Seed, Side, Span, SymbolId, Time};
use kestrel::engine::settings::StrategyName;
use kestrel::engine::{Input, MoodNews, MoodSource, MoodState, MoodView, Observation, Snapshot};
use kestrel::feeds::diary;
use kestrel::journal::{JournalReader, JournalWriter};
use kestrel::runtime::clock::Clock;
use kestrel::runtime::live::{Live, live};
use kestrel::runtime::replay::replay;
use kestrel::runtime::run::Run;
use kestrel::runtime::wires::{MOODS, ScreenSenders, wires};
use tokio::sync::oneshot;

use super::host::{Answer, Host, closed_port, funding_rows, now_ms};
use crate::support::{START, Scenario, generated, ratio, rules};

const PATIENCE: Duration = Duration::from_secs(60);

fn seen(source: MoodSource, value: f64, id: u64) -> Observation {
    Observation { source, symbol: None, value, id, backlog: false }
}

fn state(view: &MoodView, source: MoodSource) -> &MoodState {
    let found = view.sources.iter().find(|seen| seen.source == source);
    &found.expect("every source is shown").state
}

/// A run over bars with one word of greed and one of fear, by hand; the first entry, and all requests.
fn run_with(weight: &str, index: Option<f64>) -> (Option<Quantity>, u64) {
    let mut scenario = Scenario::new(&["AAAUSDT"], StrategyName::Trend);
    scenario.settings.sentiment_weight = ratio(weight);
    let source = generated(3, &rules(&["AAAUSDT"]), 300, &[]);
    let mut run = Run::begin(START, scenario.start(), None).expect("no journal");
    let mut first = None;
    for (at, (symbol, bar)) in source.bars.into_iter().enumerate() {
        if let Some(index) = index.filter(|_| at == 1) {
            run.step(bar.open_time, &Input::Mood(seen(MoodSource::FearGreed, index, 1))).expect("no journal");
        }
        let event = kestrel::domain::MarketEvent::BarClosed { symbol, bar };
        run.step(bar.close_time(), &Input::Market(event)).expect("no journal");
        while let Some(request) = run.next_request() {
            if let kestrel::engine::ports::Request::Submit(approved) = request {
                let payload = approved.payload();
                if payload.side() == Side::Buy {
                    first.get_or_insert(payload.quantity());
                }
            }
        }
    }
    (first, run.finish().expect("no journal").effect_hash)
}

#[test]
fn a_mood_changes_the_size_of_an_entry_by_its_weight_and_by_nothing_without_one() {
    let (plain, effects) = run_with("0", None);
    let plain = plain.expect("an entry");
    assert_eq!(run_with("0", Some(100.0)), (Some(plain), effects));
    assert_eq!(run_with("1", None), (Some(plain), effects));
    // Extreme greed: a score of -1/2 beside the prior, cut to a quarter.
    let (smaller, _) = run_with("1", Some(100.0));
    let share = smaller.expect("an entry").to_f64() / plain.to_f64();
    assert!((share - 0.75).abs() < 0.001, "{share}");
    // Fear would buy more, but not beyond what may be invested.
    assert_eq!(run_with("1", Some(0.0)).0, Some(plain));
}

#[tokio::test]
async fn of_too_much_news_the_newest_reach_the_engine_and_the_rest_is_counted() {
    let screen = ScreenSenders::new();
    let mut snapshots = screen.snapshots.subscribe();
    let (driver, doors, _steering) = wires(screen.clone());
    let (stop, stopped) = oneshot::channel();
    let extra = 40;
    for id in 0..(MOODS + extra) as u64 {
        doors.moods.send(MoodNews::Observed(seen(MoodSource::FearGreed, 50.0, id + 1))).expect("a driver");
    }
    doors
        .moods
        .send(MoodNews::Failing { source: MoodSource::Headlines, why: "nobody answers".to_owned() })
        .expect("a driver");
    doors.moods.send(MoodNews::Asked(MoodSource::Funding)).expect("a driver");
    let person = async {
        let seen = snapshots.wait_for(|snapshot| {
            snapshot.as_ref().is_some_and(|snapshot| *state(&snapshot.mood, MoodSource::Funding) == MoodState::Waiting)
        });
        let seen = tokio::time::timeout(PATIENCE, seen).await.expect("a snapshot").expect("a run").clone();
        stop.send(()).expect("a run");
        seen.expect("a snapshot")
    };
    let start = Scenario::new(&["AAAUSDT"], StrategyName::Flat).start();
    let run = live(Live {
        wires: driver,
        clock: Clock::Virtual(START),
        now: START,
        start,
        journal: None,
        commands: Vec::new(),
        on_notice: None,
        stop: stopped,
    });
    let (end, shown) = tokio::join!(run, person);
    assert_eq!(shown.mood.lost, (extra + 2) as u64);
    assert_eq!(*state(&shown.mood, MoodSource::Headlines), MoodState::Failing("nobody answers".to_owned()));
    assert_eq!(*state(&shown.mood, MoodSource::FearGreed), MoodState::Fresh);
    assert_eq!(*state(&shown.mood, MoodSource::TakerVolume), MoodState::Off);
    assert_eq!(end.expect("no journal").finished.inputs, 1 + MOODS as u64 - 2);
}

fn watch_until(
    screen: &ScreenSenders,
    stop: oneshot::Sender<()>,
    is_so: fn(&Snapshot) -> bool,
) -> std::thread::JoinHandle<Arc<Snapshot>> {
    let mut snapshots = screen.snapshots.subscribe();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a loop");
        let found = runtime.block_on(async {
            let wait = snapshots.wait_for(|snapshot| snapshot.as_ref().is_some_and(|snapshot| is_so(snapshot)));
            let found = tokio::time::timeout(PATIENCE, wait).await.expect("never seen").expect("a run");
            found.clone().expect("a snapshot")
        });
        stop.send(()).expect("the run goes on");
        found
    })
}

#[tokio::test]
async fn a_demo_with_feeds_shows_their_age_keeps_what_they_say_and_replays_to_the_same_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = now_ms() - 30 * 8 * 3_600_000;
    let host = Host::start(move |path, _| match path {
        "/funding" => Answer::ok(funding_rows(start, 21)),
        _ => Answer::ok(r#"{"data":[{"value":"20","timestamp":"1551157200"}]}"#),
    })
    .await;
    let settings = format!(
        r#"{{"speed": 6000, "trend_fast": 1, "trend_slow": 2, "min_hold_minutes": 0, "sentiment_weight_percent": 100,
            "feeds": {{"funding": "{}", "fear_greed": "{}", "headlines": ["http://127.0.0.1:{}/"]}}}}"#,
        host.url("/funding?symbol={symbol}"),
        host.url("/fng"),
        closed_port(),
    );
    let path = folder.path().join("demo.journal");
    let screen = ScreenSenders::new();
    let (stop, stopped) = oneshot::channel();
    let watched = watch_until(&screen, stop, |snapshot| {
        let is = |source| state(&snapshot.mood, source);
        *is(MoodSource::Funding) == MoodState::Fresh
            && *is(MoodSource::FearGreed) == MoodState::Fresh
            && matches!(is(MoodSource::Headlines), MoodState::Failing(_))
            && snapshot.mood.sources.iter().any(|seen| seen.age.is_some_and(|age| age >= Span::MINUTE))
            && snapshot.bars > 20
    });
    let (journal, home) = (path.clone(), folder.path().to_path_buf());
    let ended = tokio::task::spawn_blocking(move || {
        let config = Config::parse(&settings, "test").expect("settings");
        assert_eq!(config.speed, Speed::Times(6_000.0));
        let plan = feeds::plan(&config, Seed(1), Some(&home));
        let market =
            MarketPlan { data: None, seed: Seed(3), warmup_bars: config.warmup_bars, anchor: None, bars: None };
        demo::finish(Demo {
            config: &config,
            market,
            venue: None,
            journal: Some(Box::new(JournalWriter::create(&journal).expect("a journal"))),
            feeds: plan,
            models: None,
            trades_file: None,
            commands: Vec::new(),
            on_notice: None,
            on_status: None,
            hand: Some(Hand { screen, on_begin: Box::new(drop), stop: stopped }),
        })
    });
    let ended = ended.await.expect("no panic").expect("a demo");
    let shown = watched.join().expect("seen");
    assert!(shown.mood.scores[0].is_some_and(|score| score > 0.0), "fear speaks for rising prices: {:?}", shown.mood);
    let lines: Vec<String> =
        JournalReader::open(&path).expect("the journal").map(|line| line.expect("a line")).collect();
    assert_eq!(lines.iter().filter(|line| line.contains(r#""Mood""#)).count(), 22, "21 payments and an index");
    let replayed = replay(lines.into_iter().map(Ok)).expect("a readable journal");
    assert_eq!(replayed.agrees(), Some(true));
    assert_eq!(replayed.finished.engine.state_hash(), ended.finished.engine.state_hash());
    let kept = diary::read(&feeds::folder(folder.path()), MoodSource::Funding).expect("a diary");
    assert_eq!(kept.records.len(), 21);
}

#[test]
fn a_mood_takes_part_in_the_state_and_an_unknown_symbol_does_not() {
    let start = Scenario::new(&["AAAUSDT"], StrategyName::Flat).start();
    let hash = |news: &[Observation]| {
        let mut run = Run::begin(START, start.clone(), None).expect("no journal");
        for seen in news {
            run.step(Time(START.0 + 1), &Input::Mood(*seen)).expect("no journal");
        }
        run.engine().state_hash()
    };
    let word = seen(MoodSource::FearGreed, 20.0, 1);
    let elsewhere = Observation { symbol: Some(SymbolId(9)), ..seen(MoodSource::Funding, 1.0, 1) };
    assert_ne!(hash(&[]), hash(&[word]));
    assert_eq!(hash(&[word]), hash(&[word, word]));
    // The clock is part of no hash, so an input that is ignored leaves it.
    assert_eq!(hash(&[]), hash(&[elsewhere]));
    assert_eq!(Ratio::ZERO, start.settings.sentiment_weight);
}
