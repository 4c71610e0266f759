//! Models at work in the engine: asked after closed bars, waited for, traded by, and never trusted.

use kestrel::domain::{Bar, MarketEvent, Ratio, Span, SymbolId, Time};
use kestrel::engine::model::{InferOutcome, InferRequest, ModelSlot};
use kestrel::engine::notice::ModelChange;
use kestrel::engine::ports::{Event, Inference};
use kestrel::engine::regime::{EXPERTS, Mandate, Mandates};
use kestrel::engine::settings::StrategyName;
use kestrel::engine::{Effect, Effects, Engine, Input, Notice, Start};
use kestrel::runtime::Finished;
use kestrel::runtime::backtest::{Backtest, Detail, backtest};
use kestrel::runtime::clock::{Clock, WallClock};
use kestrel::runtime::live::{Live, live};
use kestrel::runtime::replay::replay;
use kestrel::runtime::wires::{DoorWires, ModelWires, ScreenSenders, wires};
use kestrel::simulator::Simulator;

use crate::support::{ByInput, Memory, MemorySource, Scenario, generated, models, ratio, rules};

fn scenario(strategy: StrategyName) -> Scenario {
    let mut scenario = Scenario::new(&["BTCUSDT", "ETHUSDT"], strategy);
    scenario.settings.models = models();
    scenario.settings.edge_multiple = ratio("1.5");
    scenario.settings.mandates = Mandates([Mandate([Ratio::ONE; EXPERTS]); 5]);
    scenario
}

fn run(scenario: &Scenario, detail: Detail, inference: Option<Box<dyn Inference>>) -> (Finished, Vec<String>) {
    let journal = Memory::default();
    let finished = backtest(Backtest {
        source: &mut source(),
        simulator: Simulator::new(scenario.rules.clone(), scenario.venue),
        start: scenario.start(),
        detail,
        commands: scenario.commands.clone(),
        journal: Some(Box::new(journal.clone())),
        inference,
        on_close: None,
        on_notice: None,
    })
    .expect("bars from memory are valid");
    (finished, journal.0.take())
}

fn source() -> MemorySource {
    generated(11, &rules(&["BTCUSDT", "ETHUSDT"]), 1_500, &[])
}

#[test]
fn a_model_strategy_trades_and_a_replay_without_any_model_ends_in_the_same_state() {
    for strategy in [StrategyName::Trees, StrategyName::Temporal, StrategyName::Sac, StrategyName::Auto] {
        let (finished, journal) = run(&scenario(strategy), Detail::Skip, Some(Box::new(ByInput)));
        assert!(finished.engine.counts().fills > 3, "{strategy:?}: {:?}", finished.engine.counts());
        let replayed = replay(journal.into_iter().map(Ok)).expect("a journal");
        assert_eq!(replayed.agrees(), Some(true), "{strategy:?}");
        let (walked, _) = run(&scenario(strategy), Detail::Full, Some(Box::new(ByInput)));
        assert_eq!(walked.engine.state_hash(), finished.engine.state_hash(), "{strategy:?}: every point shown");
    }
}

#[test]
fn without_models_rules_trade_and_model_strategies_say_why_they_do_not() {
    let (finished, journal) = run(&scenario(StrategyName::Trees), Detail::Skip, None);
    assert_eq!(finished.engine.counts().fills, 0);
    let told = journal.iter().filter(|line| line.contains("nobody runs models in this run")).count();
    assert!(told > 2, "the sentence stands in the journal");
    assert!(run(&scenario(StrategyName::Trend), Detail::Skip, None).0.engine.counts().fills > 10);
    assert!(run(&scenario(StrategyName::Auto), Detail::Skip, None).0.engine.counts().fills > 0);
}

/// Answers with one outcome.
struct Always(InferOutcome);

impl Inference for Always {
    fn infer(&mut self, request: &InferRequest) -> kestrel::engine::model::Inferred {
        request.answer(self.0.clone())
    }
}

#[test]
fn what_is_no_probability_never_trades_and_raises_the_alarm_once() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.1, 1.1] {
        let (finished, journal) =
            run(&scenario(StrategyName::Trees), Detail::Skip, Some(Box::new(Always(InferOutcome::Value(value)))));
        assert_eq!(finished.engine.counts().fills, 0, "{value}");
        let alarms = journal.iter().filter(|line| line.contains("\"Model\"")).count();
        assert_eq!(alarms, 2, "one for each symbol: {value}");
    }
}

/// One symbol, whose bars close by hand.
struct Desk {
    engine: Engine,
    minute: i64,
}

impl Desk {
    fn new(strategy: StrategyName) -> Desk {
        let mut scenario = Scenario::new(&["BTCUSDT"], strategy);
        (scenario.settings.models, scenario.settings.edge_multiple) = (models(), ratio("1.5"));
        Desk { engine: Engine::new(Time(0), &scenario.start(), &mut Effects::default()), minute: 0 }
    }

    fn step(&mut self, now: Time, input: Input) -> Vec<Effect> {
        let mut effects = Effects::default();
        self.engine.step(now, &input, &mut effects);
        effects.drain().collect()
    }

    fn close(&mut self) -> Vec<Effect> {
        let close = if self.minute % 2 == 0 { 100.0 } else { 100.1 };
        let open_time = Time(self.minute * Span::MINUTE.0);
        let bar = Bar { open_time, open: close, high: close, low: close, close, volume: 10.0 };
        self.minute += 1;
        self.step(bar.close_time(), Input::Market(MarketEvent::BarClosed { symbol: SymbolId(0), bar }))
    }

    /// Bars until a model is asked.
    fn question(&mut self) -> InferRequest {
        (0..600).find_map(|_| asked(&self.close())).expect("a question after the warm-up")
    }

    fn answer(&mut self, request: &InferRequest, outcome: InferOutcome) -> Vec<Effect> {
        let now = Time(self.minute * Span::MINUTE.0);
        self.step(now, Input::Inferred(request.answer(outcome)))
    }
}

fn asked(effects: &[Effect]) -> Option<InferRequest> {
    effects.iter().find_map(|effect| if let Effect::Infer(request) = effect { Some(request.clone()) } else { None })
}

fn submits(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Submit(_))).count()
}

fn trouble(effects: &[Effect]) -> Option<String> {
    effects.iter().find_map(|effect| match effect {
        Effect::Notice(Notice::Model { change: ModelChange::Trouble { why }, .. }) => Some(why.clone()),
        _ => None,
    })
}

#[test]
fn the_decision_waits_for_the_answer_and_an_answer_counts_for_its_own_question_only() {
    let mut desk = Desk::new(StrategyName::Trees);
    let old = desk.question();
    assert_eq!((old.slot, old.input.len()), (ModelSlot::Trees, 41));
    let new = desk.question();
    assert!(new.number > old.number);
    assert_eq!(submits(&desk.answer(&old, InferOutcome::Value(1.0))), 0, "the answer to an old question");
    let effects = desk.answer(&new, InferOutcome::Value(1.0));
    assert_eq!(submits(&effects), 1, "{effects:?}");
    assert_eq!(submits(&desk.answer(&new, InferOutcome::Value(1.0))), 0, "twice the same answer");
}

#[test]
fn a_model_that_says_nothing_is_given_up_and_its_late_answer_is_forgotten() {
    let mut desk = Desk::new(StrategyName::Trees);
    let question = desk.question();
    let due = desk.engine.next_timer().expect("the question is waited for");
    assert!(due.since(Time(desk.minute * Span::MINUTE.0)) <= Span::from_seconds(10), "not for long");
    let effects = desk.step(due, Input::Timer);
    assert!(trouble(&effects).expect("told").contains("in time"));
    assert_eq!(submits(&desk.answer(&question, InferOutcome::Value(1.0))), 0);
    let again = desk.question();
    let effects = desk.answer(&again, InferOutcome::Value(1.0));
    let recovered =
        |effect: &Effect| matches!(effect, Effect::Notice(Notice::Model { change: ModelChange::Answers, .. }));
    assert!(effects.iter().any(recovered), "it answers again: {effects:?}");
}

#[test]
fn an_input_of_several_rows_has_no_hole_and_its_newest_row_is_the_bar_that_closed() {
    let mut desk = Desk::new(StrategyName::Temporal);
    let first = desk.question();
    assert_eq!(first.input.len(), 4 * 41);
    let second = desk.question();
    assert_eq!(second.bar.since(first.bar), Span(5 * Span::MINUTE.0));
    assert_eq!(second.input[..3 * 41], first.input[41..], "the rows moved up by one");
    // After a hole the rows before it are of no use: four new ones must come first.
    desk.minute += 30;
    let third = desk.question();
    assert!(third.bar.since(second.bar) >= Span(45 * Span::MINUTE.0), "{:?}", third.bar.since(second.bar));
}

/// A run in wall time whose last bar has just closed: what it sends to the venue within a second, and what it says of models.
/// `door` runs models until the run ends.
fn wall_run<F: Future<Output = ()>>(door: impl FnOnce(ModelWires) -> F) -> (usize, Vec<String>) {
    let mut scenario = Scenario::new(&["BTCUSDT"], StrategyName::Trees);
    (scenario.settings.models, scenario.settings.edge_multiple) = (models(), ratio("1.5"));
    let clock = WallClock::start();
    let minute = Span::MINUTE.0;
    let newest = clock.now().0.div_euclid(minute) - 1;
    let bar = |at: i64| {
        let close = if at % 2 == 0 { 100.0 } else { 100.1 };
        Bar { open_time: Time(at * minute), open: close, high: close, low: close, close, volume: 10.0 }
    };
    let start = Start { history: vec![(newest - 500..newest).map(bar).collect()], ..scenario.start() };
    let said = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let heard = said.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("an event loop");
    let sent = runtime.block_on(async {
        let (driver, DoorWires { events, mut outgoing, models, .. }, _steering) = wires(ScreenSenders::new());
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let run = live(Live {
            wires: driver,
            clock: Clock::Wall(clock),
            now: clock.now(),
            start,
            journal: None,
            commands: Vec::new(),
            on_notice: Some(Box::new(move |_, notice| {
                if let Notice::Model { .. } = notice {
                    heard.borrow_mut().push(notice.to_string());
                }
            })),
            stop: stopped,
        });
        let venue = async {
            let input = Input::Market(MarketEvent::BarClosed { symbol: SymbolId(0), bar: bar(newest) });
            events.send(Event::Input { time: None, input, sequence: None }).await.expect("the run goes on");
            let first = tokio::time::timeout(std::time::Duration::from_secs(1), outgoing.recv()).await;
            stop.send(()).expect("the run goes on");
            usize::from(matches!(first, Ok(Some(_))))
        };
        let (end, sent, ()) = tokio::join!(run, venue, door(models));
        end.expect("no journal");
        sent
    });
    (sent, said.take())
}

#[test]
fn in_wall_time_the_driver_does_not_wait_for_a_model_and_takes_its_answer_when_it_comes() {
    let (sent, said) = wall_run(|mut door| async move {
        while let Some((_, question)) = door.questions.recv().await {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            door.inferred.send(question.answer(InferOutcome::Value(1.0))).await.expect("the run goes on");
        }
    });
    assert_eq!((sent, said), (1, vec![]));
}

#[test]
fn in_wall_time_a_door_that_is_gone_is_told_and_trades_nothing() {
    let (sent, said) = wall_run(|door| async move { drop(door) });
    assert_eq!(sent, 0);
    assert_eq!(said, ["MODEL trees: nobody runs models in this run"]);
}
