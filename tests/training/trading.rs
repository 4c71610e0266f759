//! The trading environment: it is the engine, not a likeness of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use kestrel::domain::{Bar, Ratio, Seed, Session, Span, SymbolId, Time};
use kestrel::engine::Start;
use kestrel::engine::model::{InferOutcome, InferRequest, Inferred, Meaning, ModelSlot, ModelSpec};
use kestrel::engine::ports::Inference;
use kestrel::engine::settings::StrategyName;
use kestrel::engine::standing::COLUMNS;
use kestrel::market::features::{Normaliser, Schema};
use kestrel::market::regime::RegimeModel;
use kestrel::runtime::backtest::{Backtest, Detail, bare_backtest, start_balances};
use kestrel::simulator::{self, FeePolicy, FeeSchedule, Frictions, Simulator};
use kestrel::training::environment::tape::{HISTORY, Recorded, Tape};
use kestrel::training::environment::trading::{RewardWeights, Terms, TradingEnvironment};
use kestrel::training::environment::{End, Environment};

use crate::support::{self, MemorySource, money, ratio};

const EVERY: u16 = 5;

fn tape() -> Arc<Tape> {
    let rules = support::rules(&["BTCUSDT"]).remove(0);
    // Gaps: a minute that is no decision, and one that is.
    let source = support::generated(3, std::slice::from_ref(&rules), 6_000, &[(1_001, 2), (2_004, 1)]);
    let bars: Vec<Bar> = source.bars.into_iter().map(|(_, bar)| bar).collect();
    let until = support::START.plus(Span(3_000 * Span::MINUTE.0));
    Arc::new(Tape::new(Schema::ohlcv(), EVERY, vec![Recorded { rules, bars }], until, None))
}

fn terms(decisions: usize) -> Arc<Terms> {
    let venue = simulator::Settings {
        fees: FeeSchedule { maker: ratio("0.001"), taker: ratio("0.001"), policy: FeePolicy::Received },
        frictions: Frictions::spread(ratio("0.0001")),
    };
    Arc::new(Terms {
        settings: support::settings(StrategyName::Flat),
        venue,
        balance: money("10000"),
        regimes: RegimeModel::default(),
        reward: RewardWeights::DEFAULT,
        sharpe_rate: 0.01,
        decisions,
        range: (Time(0), Time(i64::MAX)),
    })
}

/// A number in [-1, 1] that follows from the step alone.
fn action(step: usize) -> f32 {
    let bits = (step as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    bits as f32 / (1 << 23) as f32 - 1.0
}

/// Gives the same actions, and keeps what it was shown.
struct Recited(Rc<RefCell<Vec<Vec<f32>>>>);

impl Inference for Recited {
    fn infer(&mut self, request: &InferRequest) -> Inferred {
        let mut shown = self.0.borrow_mut();
        shown.push(request.input.clone());
        request.answer(InferOutcome::Value(action(shown.len() - 1)))
    }
}

#[test]
fn an_episode_is_the_backtest_of_a_model_with_the_same_actions_to_the_last_digit() {
    let (tape, terms) = (tape(), terms(700));
    let mut environment = TradingEnvironment::new(tape.clone(), terms.clone(), Seed(1));
    environment.begin(0, 0..700).expect("an episode");
    let mut seen = vec![vec![0.0; environment.observation_len()]];
    environment.observe(&mut seen[0]);
    let (mut step, mut earned) = (0, 0.0);
    loop {
        let outcome = environment.step(&[action(step)]).expect("a step");
        earned += outcome.reward;
        step += 1;
        let mut row = vec![0.0; environment.observation_len()];
        environment.observe(&mut row);
        seen.push(row);
        if outcome.end != End::Goes {
            assert_eq!(outcome.end, End::Truncated);
            break;
        }
    }
    let learned = environment.engine().expect("an engine");
    assert!(learned.counts().fills > 100 && earned != 0.0, "{:?}", learned.counts());

    let lane = &tape.lanes()[0];
    let (first, last) = (tape.bar_of(0, 0), lane.bars.partition_point(|bar| bar.close_time() < environment.now()));
    let spec = ModelSpec {
        name: "recited".into(),
        digest: 0,
        schema: Schema::ohlcv().hash(),
        rows: 1,
        every_minutes: EVERY,
        meaning: Meaning::Exposure { sharpe_rate: terms.sharpe_rate },
    };
    let base = terms.settings.clone();
    let (invest, risk) = (Ratio::ONE, base.risk.without_guards());
    let mut settings = kestrel::engine::Settings { strategy: StrategyName::Sac, invest, risk, ..base };
    settings.models.set(ModelSlot::Sac, Some(spec));
    let rules = vec![lane.rules.clone()];
    let shown = Rc::new(RefCell::new(Vec::new()));
    // The last question of the episode is not answered: the bars end one before it.
    let bars = lane.bars[first..last].iter().map(|bar| (SymbolId(0), *bar)).collect();
    let mut source = MemorySource { history: Vec::new(), bars };
    let finished = bare_backtest(Backtest {
        source: &mut source,
        simulator: Simulator::new(rules.clone(), terms.venue),
        start: Start {
            session: Session(1),
            settings,
            balances: start_balances(&rules, terms.balance),
            history: vec![lane.bars[first - HISTORY..first].to_vec()],
            rules,
            regimes: RegimeModel::default(),
            has_books: false,
        },
        detail: Detail::Full,
        commands: Vec::new(),
        journal: None,
        inference: Some(Box::new(Recited(shown.clone()))),
        on_close: None,
        on_notice: None,
    })
    .expect("a backtest");
    assert_eq!(finished.engine.counts().fills, learned.counts().fills);
    assert_eq!(finished.engine.fees(), learned.fees());
    assert_eq!(finished.engine.realised(), learned.realised());
    assert_eq!(finished.engine.cash(), learned.cash());

    let shown = shown.borrow();
    assert_eq!(shown.len(), step);
    let normaliser = Normaliser::load(tape.normaliser(), &Schema::ohlcv()).expect("a normaliser");
    let width = Schema::ohlcv().width();
    let mut row = vec![0.0; width + COLUMNS.len()];
    for (shown, seen) in shown.iter().zip(&seen) {
        normaliser.apply(&shown[..width], &mut row[..width]);
        row[width..].copy_from_slice(&shown[width..]);
        // Running sums that began at other bars differ in their last bits.
        let is_same = row.iter().zip(seen).all(|(shown, seen)| (shown - seen).abs() < 1e-5);
        assert!(is_same, "the eyes of the engine and the tape see the same:\n{row:?}\n{seen:?}");
    }
}

#[test]
fn an_episode_follows_from_its_number_and_its_actions() {
    let (tape, terms) = (tape(), terms(40));
    let play = |number: u64| {
        let mut environment = TradingEnvironment::new(tape.clone(), terms.clone(), Seed(5));
        environment.reset(number).expect("an episode");
        let outcomes: Vec<_> = (0..39).map(|step| environment.step(&[action(step)]).expect("a step")).collect();
        let mut row = vec![0.0; environment.observation_len()];
        environment.observe(&mut row);
        (outcomes, row)
    };
    let (outcomes, row) = play(7);
    assert_eq!((&outcomes, &row), (&play(7).0, &play(7).1));
    assert!(outcomes[..38].iter().all(|outcome| outcome.end == End::Goes) && outcomes[38].end == End::Truncated);
    assert_ne!(row, play(8).1);
    assert!(row.iter().all(|x| x.is_finite()));
}

#[test]
fn who_wants_nothing_holds_nothing_and_earns_nothing() {
    let mut environment = TradingEnvironment::new(tape(), terms(200), Seed(1));
    environment.reset(0).expect("an episode");
    for _ in 0..199 {
        assert_eq!(environment.step(&[-0.7]).expect("a step").reward, 0.0);
    }
    assert_eq!(environment.engine().expect("an engine").counts().fills, 0);
}

#[test]
fn who_wants_everything_is_invested_in_full() {
    let mut environment = TradingEnvironment::new(tape(), terms(20), Seed(1));
    environment.reset(0).expect("an episode");
    environment.step(&[1.0]).expect("a step");
    let engine = environment.engine().expect("an engine");
    let share = engine.exposed().to_f64() / engine.equity().to_f64();
    assert!(share > 0.98, "{share}");
}

#[test]
fn a_stretch_without_decisions_is_refused_in_one_sentence() {
    let mut environment = TradingEnvironment::new(tape(), terms(10), Seed(1));
    let refused = environment.begin(0, 5..6).expect_err("a single decision");
    assert!(refused.to_string().starts_with("1 of decisions in the range are too few"), "{refused}");
}
