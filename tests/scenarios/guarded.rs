//! Shocks, locks, caps, stops that follow, and the sizes that come of it.
//!
//! Invariant: whatever stops entries, the way out stays open and what is held stays protected.
//! Absent on purpose: the arithmetic of each rule, which its own file tests.

use std::sync::Arc;

use kestrel::domain::{Command, OrderStatus, Quantity, Ratio, Side, Span};
use kestrel::engine::instrument::Desk;
use kestrel::engine::notice::ExitBy;
use kestrel::engine::risk::protections::LockReason;
use kestrel::engine::risk::settings::StopKind;
use kestrel::engine::risk::shock::{ShockCause, ShockChange};
use kestrel::engine::risk::{Refused, RiskSettings as Risk};
use kestrel::engine::settings::Sizing;
use kestrel::engine::{Effect, Notice, Settings, Snapshot};
use proptest::prelude::*;

use super::properties::{Turn, Watch, turn};
use super::table::{A, B, Leg, Table, cancels, half, legs, quantity, quick, says};
use crate::support::{price, ratio};

fn with(risk: Risk) -> Settings {
    Settings { risk, ..quick() }
}

fn shown(table: &Table) -> Snapshot {
    table.engine.snapshot(Arc::default())
}

fn refusal(effects: &[Effect]) -> Option<Refused> {
    effects.iter().find_map(|effect| match effect {
        Effect::Notice(Notice::Refused { reason, .. }) => Some(*reason),
        Effect::Notice(_)
        | Effect::Submit(_)
        | Effect::Replace { .. }
        | Effect::Cancel { .. }
        | Effect::Query { .. }
        | Effect::Infer(_) => None,
    })
}

fn changes(effects: &[Effect]) -> Vec<ShockChange> {
    let change = |effect: &Effect| match effect {
        Effect::Notice(Notice::Shock { change, .. }) => Some(*change),
        Effect::Notice(_)
        | Effect::Submit(_)
        | Effect::Replace { .. }
        | Effect::Cancel { .. }
        | Effect::Query { .. }
        | Effect::Infer(_) => None,
    };
    effects.iter().filter_map(change).collect()
}

fn locks(effects: &[Effect]) -> Vec<LockReason> {
    let lock = |effect: &Effect| match effect {
        Effect::Notice(Notice::Locked { lock }) => Some(lock.reason),
        Effect::Notice(_)
        | Effect::Submit(_)
        | Effect::Replace { .. }
        | Effect::Cancel { .. }
        | Effect::Query { .. }
        | Effect::Infer(_) => None,
    };
    effects.iter().filter_map(lock).collect()
}

/// Fills an entry whole and answers for its protection; the legs are target and stop.
fn fill_and_arm(table: &mut Table, entry: &Leg, at: &str) -> Vec<Leg> {
    table.accept(&entry.id);
    let armed = legs(&table.fill(entry, entry.quantity(), at));
    arm(table, &armed);
    armed
}

fn arm(table: &mut Table, armed: &[Leg]) {
    let id = armed[0].list.clone().unwrap_or(armed[0].id.clone());
    table.accept(&id);
    for leg in armed {
        table.tell(leg, OrderStatus::New);
    }
}

/// One symbol with bars enough for every gauge, filled at 101 and protected.
fn held(settings: Settings) -> (Table, Vec<Leg>) {
    let mut table = Table::warmed(&["AAAUSDT"], settings, 300);
    let entry = legs(&table.close(A, 101.0));
    let armed = fill_and_arm(&mut table, &entry[0], "101");
    (table, armed)
}

#[test]
fn a_crash_halts_and_size_comes_back_in_steps() {
    let mut table = Table::warmed(&["AAAUSDT"], with(Risk { shock_halt: true, ..Risk::default() }), 300);
    let crash = table.close(A, 93.0);
    assert_eq!(changes(&crash), [ShockChange::Halted(ShockCause::Crash)]);
    assert!(says(&crash, |notice| matches!(notice, Notice::Event { .. })), "what was seen is told");
    let effects = table.close(A, 94.0);
    assert_eq!(legs(&effects), []);
    let refused = refusal(&effects).expect("a refusal");
    assert!(matches!(refused, Refused::Shock(halt) if halt.cause == ShockCause::Crash), "{refused}");
    assert!(refused.to_string().starts_with("halted by a crash: "), "{refused}");
    let mut told = Vec::new();
    let mut sizes = Vec::new();
    for minute in 2..150 {
        let effects = table.close(A, if minute % 2 == 0 { 93.0 } else { 94.0 });
        told.extend(changes(&effects).into_iter().map(|change| (minute, change)));
        if let Some(entry) = legs(&effects).first().filter(|leg| leg.side == Side::Buy) {
            // Rejected, so that the next bar may ask again.
            sizes.push(entry.quantity());
            table.reject(&entry.id);
        }
    }
    let steps: Vec<ShockChange> = told.iter().map(|(_, change)| *change).collect();
    assert_eq!(steps, [ShockChange::HalfSize, ShockChange::FullSize], "{told:?}");
    assert!(told[0].0 >= 15 && told[1].0 - told[0].0 >= 60, "{told:?}");
    let (first, last) = (sizes[0], sizes[sizes.len() - 1]);
    assert_eq!(first, half(last), "half size, then full");
}

#[test]
fn halting_by_hand_waits_for_the_hand_and_leaves_the_exits_open() {
    let (mut table, target, stop) = Table::holding();
    assert_eq!(changes(&table.command(Command::Halt)), [ShockChange::Halted(ShockCause::Command)]);
    assert_eq!(cancels(&table.fall(A)).len(), 1, "the way out stays open");
    table.tell(&target, OrderStatus::Canceled);
    let exit = legs(&table.tell(&stop, OrderStatus::Canceled));
    table.fill(&exit[0], exit[0].quantity(), "100");
    for _ in 0..30 {
        table.fall(A);
        let effects = table.rise(A);
        assert_eq!(legs(&effects), [], "no time ends it");
    }
    table.fall(A);
    assert_eq!(changes(&table.command(Command::Rearm)), [ShockChange::HalfByHand]);
    let half_size = legs(&table.rise(A))[0].quantity();
    assert!(half_size.is_positive());
    assert_eq!(changes(&table.command(Command::Rearm)), [ShockChange::FullByHand]);
    let nothing = table.command(Command::Rearm);
    assert!(says(&nothing, |notice| matches!(notice, Notice::CommandRefused { .. })));
}

#[test]
fn a_days_loss_locks_until_midnight_and_a_deep_fall_until_rearmed() {
    let risk = Risk { daily_loss: ratio("0.03"), halt_drawdown: ratio("0.05"), ..Risk::default() };
    let mut table = Table::new(&["AAAUSDT"], Settings { invest: ratio("1"), ..with(risk) });
    let entry = legs(&table.close(A, 101.0));
    fill_and_arm(&mut table, &entry[0], "101");
    let effects = table.close(A, 97.5);
    assert_eq!(locks(&effects), [LockReason::DailyLoss]);
    let effects = table.close(A, 95.0);
    assert_eq!(locks(&effects), [LockReason::Drawdown]);
    let snapshot = shown(&table);
    assert_eq!(snapshot.guard.locks.len(), 2);
    assert!(snapshot.guard.lock(A).is_some_and(|lock| lock.until.is_none()), "the longest counts");
    table.command(Command::Rearm);
    let lock = shown(&table).guard.lock(A).expect("the day's loss stays");
    assert_eq!(Refused::from(lock).to_string(), "locked until 00:00 UTC: today's loss is at its limit");
}

#[test]
fn losing_stops_in_a_row_pause_entries() {
    let risk = Risk { losing_streak: 2, losing_streak_pause: 30, ..Risk::default() };
    let mut table = Table::new(&["AAAUSDT"], with(risk));
    let mut seen = Vec::new();
    for _ in 0..2 {
        table.close(A, 99.0);
        let entry = legs(&table.close(A, 101.0));
        let armed = fill_and_arm(&mut table, &entry[0], "101");
        table.tell(&armed[0], OrderStatus::Expired);
        seen.extend(locks(&table.fill(&armed[1], armed[1].quantity(), "98.98")));
    }
    assert_eq!(seen, [LockReason::Stops]);
    table.close(A, 99.0);
    let effects = table.close(A, 101.0);
    assert!(matches!(refusal(&effects), Some(Refused::Locked { reason: LockReason::Stops, until: Some(_) })));
}

#[test]
fn a_stop_follows_the_price_and_the_venue_is_not_flooded() {
    let risk = Risk { trailing_multiple: ratio("3"), ..Risk::default() };
    let (mut table, armed) = held(Settings { min_hold_bars: 1_000, ..with(risk) });
    assert_eq!(armed[1].kind.stop_price(), Some(price("98.98")));
    // The mean range of a quarter of an hour is a little above 1, so the stop hangs 3 to 4 below the highest price.
    assert_eq!(cancels(&table.close(A, 101.2)), [], "97.9 is no better than what rests");
    let effects = table.close(A, 104.5);
    assert_eq!(cancels(&effects).len(), 1, "{effects:?}");
    table.tell(&armed[0], OrderStatus::Canceled);
    let raised = legs(&table.tell(&armed[1], OrderStatus::Canceled));
    let stop = raised[1].kind.stop_price().expect("a stop");
    assert!(stop > price("100.3") && stop < price("100.8"), "{stop}");
    assert_eq!(raised[0].kind.stop_price(), armed[0].kind.stop_price(), "the target stays");
    arm(&mut table, &raised);
    assert_eq!(cancels(&table.close(A, 104.6)), [], "a tenth is not worth an order");
    assert_eq!(cancels(&table.close(A, 102.0)), [], "a stop is never lowered");
    assert_eq!(shown(&table).symbols[0].stop, Some(stop));
    // Without any other stop the one that follows is armed from the fill on.
    let alone = Settings { stop_loss: Ratio::ZERO, take_profit: Ratio::ZERO, min_hold_bars: 1_000, ..with(risk) };
    let (mut table, armed) = held(alone);
    assert_eq!(armed.len(), 1);
    let stop = armed[0].kind.stop_price().expect("a stop").to_f64();
    assert!((97.0..98.5).contains(&stop), "{stop}");
    assert_eq!(cancels(&table.close(A, 104.5)).len(), 1);
    assert_eq!(legs(&table.tell(&armed[0], OrderStatus::Canceled)).len(), 1);
}

#[test]
fn stops_come_nearer_while_a_shock_lasts() {
    let (mut table, armed) = held(with(Risk { shock_stop: ratio("0.01"), ..Risk::default() }));
    assert_eq!(cancels(&table.close(A, 101.5)), []);
    table.command(Command::Halt);
    assert_eq!(cancels(&table.close(A, 102.0)).len(), 1);
    table.tell(&armed[0], OrderStatus::Canceled);
    let raised = legs(&table.tell(&armed[1], OrderStatus::Canceled));
    assert_eq!(raised[1].kind.stop_price(), Some(price("100.98")), "1 % below 102");
}

#[test]
fn measured_stops_stand_by_the_range_and_never_within_three_round_trips() {
    let risk = Risk { stops: StopKind::Atr, stop_multiple: ratio("2"), ..Risk::default() };
    let (_, armed) = held(with(risk));
    assert_eq!(armed.len(), 1, "no target, since its multiple is zero");
    let stop = armed[0].kind.stop_price().expect("a stop").to_f64();
    assert!((98.5..99.3).contains(&stop), "about 2 % below 101: {stop}");
    let near = Risk { stop_multiple: ratio("0.01"), ..risk };
    let (_, armed) = held(with(near));
    // 6 x 0.105 % of 101.
    assert_eq!(armed[0].kind.stop_price(), Some(price("100.36")));
    let sigma = Risk { stops: StopKind::Sigma, stop_multiple: ratio("0.3"), target_multiple: ratio("0.6"), ..risk };
    let (_, armed) = held(with(sigma));
    assert_eq!(armed.len(), 2);
    // While too few bars are kept the percentages hold.
    let mut table = Table::new(&["AAAUSDT"], with(sigma));
    let entry = legs(&table.close(A, 101.0));
    assert_eq!(fill_and_arm(&mut table, &entry[0], "101")[1].kind.stop_price(), Some(price("98.98")));
}

#[test]
fn a_position_is_left_when_its_time_is_up_and_the_signal_must_come_anew() {
    let mut table = Table::new(&["AAAUSDT"], with(Risk { max_hold_bars: 3, ..Risk::default() }));
    let entry = legs(&table.close(A, 101.0));
    let armed = fill_and_arm(&mut table, &entry[0], "101");
    assert_eq!((cancels(&table.rise(A)), cancels(&table.rise(A))), (Vec::new(), Vec::new()));
    assert_eq!(cancels(&table.rise(A)).len(), 1);
    table.tell(&armed[0], OrderStatus::Canceled);
    let exit = legs(&table.tell(&armed[1], OrderStatus::Canceled));
    let effects = table.fill(&exit[0], exit[0].quantity(), "104");
    let by_time = |notice: &Notice| matches!(notice, Notice::TradeClosed { trade } if trade.exit_by == ExitBy::Time);
    assert!(says(&effects, by_time));
    assert_eq!(legs(&table.rise(A)), [], "the trend that went on is no new signal");
}

#[test]
fn an_entry_of_many_bars_is_protected_as_far_as_it_went() {
    let (mut table, entry) = Table::entering();
    table.accept(&entry.id);
    let part = half(entry.quantity());
    assert_eq!(legs(&table.fill(&entry, part, "101")), [], "within the bar the rest may still come");
    let first = legs(&table.rise(A));
    assert_eq!(first.len(), 2);
    let held = table.held();
    assert!(first[1].quantity() <= held && first[1].quantity() > half(held), "for what is held");
    arm(&mut table, &first);
    // The rest fills: the protection is replaced by one for all of it.
    let rest = Quantity::from_raw(entry.quantity().raw() - part.raw());
    assert_eq!(cancels(&table.fill(&entry, rest, "101")).len(), 1);
    table.tell(&first[0], OrderStatus::Canceled);
    let whole = legs(&table.tell(&first[1], OrderStatus::Canceled));
    assert!(whole[1].quantity() > first[1].quantity());
    // In another run the stop fills first: what is left of the entry is taken back.
    let (mut table, entry) = Table::entering();
    table.accept(&entry.id);
    table.fill(&entry, part, "101");
    let first = legs(&table.rise(A));
    arm(&mut table, &first);
    table.tell(&first[0], OrderStatus::Expired);
    assert_eq!(cancels(&table.fill(&first[1], first[1].quantity(), "98.98")), std::slice::from_ref(&entry.id));
    table.tell(&entry, OrderStatus::Canceled);
    assert_eq!(shown(&table).symbols[0].desk, Desk::Flat);
}

#[test]
fn caps_refuse_with_what_would_still_be_legal() {
    let risk = Risk { max_exposure: ratio("0.3"), ..Risk::default() };
    let mut table = Table::new(&["AAAUSDT", "BBBUSDT"], with(risk));
    let first = legs(&table.close(A, 101.0));
    assert_eq!(first.len(), 1, "a quarter of equity");
    let effects = table.close(B, 101.0);
    let Some(Refused::Exposure { room, nearest, .. }) = refusal(&effects) else { panic!("{effects:?}") };
    // 5 % of equity, in steps.
    assert!((499.0..=501.0).contains(&room.to_f64()), "{room}");
    let nearest = nearest.expect("5 % of equity is a legal order").to_f64();
    assert!(nearest * 101.0 <= room.to_f64() && (nearest + 0.00001) * 101.0 > room.to_f64());
    let correlated = Risk { max_exposure: Ratio::ZERO, max_correlated: ratio("0.3"), ..risk };
    let mut table = Table::new(&["AAAUSDT", "BBBUSDT"], with(correlated));
    table.close(A, 101.0);
    let refused = refusal(&table.close(B, 101.0));
    assert!(matches!(refused, Some(Refused::Correlated { .. })), "what is not known moves together");
}

#[test]
fn sizes_shrink_by_volatility_and_drawdown_and_each_step_is_kept() {
    let wild = Risk { volatility_target: ratio("0.5"), ..Risk::default() };
    let mut table = Table::warmed(&["AAAUSDT"], with(wild), 300);
    let plain = legs(&Table::warmed(&["AAAUSDT"], quick(), 300).close(A, 101.0))[0].quantity();
    let small = legs(&table.close(A, 101.0))[0].quantity();
    // 1 % a minute is 720 % a year.
    assert!(small.to_f64() < plain.to_f64() * 0.1, "{small} of {plain}");
    let view = &shown(&table).symbols[0];
    let sized = view.sized.expect("a size");
    assert_eq!(sized.steps.map(|step| step.name), ["invest", "volatility", "confidence", "regime", "drawdown"]);
    let share = view.shares.expect("known").volatility;
    assert!((sized.steps[1].factor - share).abs() < 1e-12 && share < 0.1);
    assert_eq!((sized.quantity, sized.verdict), (small, Ok(())));
    // Without a forecast there is no size.
    let mut young = Table::new(&["AAAUSDT"], with(wild));
    assert_eq!(refusal(&young.close(A, 101.0)), Some(Refused::VolatilityUnknown));
    let floor = Risk { drawdown_floor: ratio("0.9"), ..Risk::default() };
    let mut table = Table::new(&["AAAUSDT"], Settings { invest: ratio("1"), stop_loss: Ratio::ZERO, ..with(floor) });
    let entry = legs(&table.close(A, 101.0));
    let armed = fill_and_arm(&mut table, &entry[0], "101");
    assert_eq!(armed.len(), 1, "a target alone");
    table.close(A, 96.0);
    let shares = shown(&table).symbols[0].shares.expect("known");
    assert!((0.4..0.6).contains(&shares.drawdown), "half of the way to the floor: {shares:?}");
}

#[test]
fn a_refusal_names_the_nearest_legal_order() {
    let mut table = Table::new(&["AAAUSDT"], Settings { sizing: Sizing::Fixed(quantity("0.05")), ..quick() });
    let refused = refusal(&table.close(A, 101.0)).expect("5.05 is too small");
    assert_eq!(
        refused.to_string(),
        "the order is worth 5.05, less than min_trade_size 10; the nearest legal order is 0.09901"
    );
}

/// Everything on that needs no long history.
fn all_on() -> Settings {
    with(Risk {
        shock_halt: true,
        shock_stop: ratio("0.01"),
        drawdown_floor: ratio("0.5"),
        max_hold_bars: 6,
        daily_loss: ratio("0.2"),
        halt_drawdown: ratio("0.4"),
        losing_streak: 3,
        losing_streak_pause: 2,
        cool_down: 1,
        low_profit: ratio("0.5"),
        max_exposure: ratio("0.4"),
        max_correlated: ratio("0.35"),
        ..Risk::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn guarded_entries_keep_every_limit_and_what_is_held_is_armed(turns in prop::collection::vec(turn(1), 1..150)) {
        let mut watch = Watch::with(all_on(), 2);
        turns.into_iter().for_each(|turn| watch.take(turn));
    }

    /// With stops that are measured and follow, and sizes by volatility.
    #[test]
    fn stops_that_follow_are_always_armed(turns in prop::collection::vec(turn(0), 1..150), kind in 0usize..3) {
        let mut settings = all_on();
        settings.risk = Risk {
            stops: StopKind::ALL[kind],
            stop_multiple: ratio("0.5"),
            trailing_multiple: ratio("1"),
            volatility_target: ratio("5"),
            ..settings.risk
        };
        let mut watch = Watch::with(settings, 300);
        turns.into_iter().for_each(|turn| watch.take(turn));
    }

    /// A venue alone, without nonsense: partial fills, refusals, answers that stay away.
    #[test]
    fn stops_are_always_armed(turns in prop::collection::vec(turn(0), 1..200)) {
        let mut watch = Watch::with(quick(), 2);
        // A long silence would make everything stale and nothing would be entered.
        let turns = turns.into_iter().filter(|turn| !matches!(turn, Turn::Later(seconds) if *seconds > 100));
        turns.for_each(|turn| watch.take(turn));
    }
}

#[test]
fn a_long_wait_between_bars_is_trouble_with_the_data() {
    let mut table = Table::warmed(&["AAAUSDT"], with(Risk { shock_halt: true, ..Risk::default() }), 300);
    table.close(A, 100.0);
    assert_eq!(changes(&table.wait(Span::from_seconds(200))), [ShockChange::Halted(ShockCause::DataTrouble)]);
}
