//! Benches of the parts: one step, one frame, one bar, one order.
//!
//! `cargo bench --bench parts` prints the spread of each; `rates` is the short table.
//! Invariant: the work is that of `workloads`, the same for every build.
//! Absent on purpose: sockets and files.

mod workloads;

use divan::Bencher;
use divan::counter::ItemsCount;
use kestrel::engine::settings::StrategyName;
use kestrel::runtime::backtest::Detail;

use workloads::desk::Desk;
use workloads::frames::Frame;
use workloads::market;
use workloads::venue::Venue;

const BARS: usize = 100_000;

fn main() {
    divan::main();
}

#[divan::bench]
fn step_closed_bar_flat(bencher: Bencher<'_, '_>) {
    let mut desk = Desk::flat();
    bencher.bench_local(|| desk.close_bar());
}

#[divan::bench]
fn step_closed_bar_holding(bencher: Bencher<'_, '_>) {
    let mut desk = Desk::holding();
    bencher.bench_local(|| desk.close_bar());
}

#[divan::bench]
fn step_trade_and_book_top(bencher: Bencher<'_, '_>) {
    let mut desk = Desk::holding();
    bencher.bench_local(|| desk.view());
}

#[divan::bench]
fn step_execution_report(bencher: Bencher<'_, '_>) {
    let mut desk = Desk::holding();
    bencher.bench_local(|| desk.report());
}

#[divan::bench(args = Frame::ALL)]
fn read_frame(bencher: Bencher<'_, '_>, frame: &Frame) {
    let text = frame.write();
    bencher.bench(|| frame.read(divan::black_box(&text)));
}

#[divan::bench(args = Frame::ALL)]
fn write_frame(bencher: Bencher<'_, '_>, frame: &Frame) {
    bencher.bench(|| frame.write());
}

#[divan::bench]
fn simulator_quiet_bar(bencher: Bencher<'_, '_>) {
    let mut venue = Venue::new();
    bencher.bench_local(|| venue.quiet_bar());
}

#[divan::bench]
fn simulator_walked_bar(bencher: Bencher<'_, '_>) {
    let mut venue = Venue::new();
    bencher.bench_local(|| venue.walked_bar());
}

#[divan::bench]
fn simulator_place_and_cancel(bencher: Bencher<'_, '_>) {
    let mut venue = Venue::new();
    bencher.bench_local(|| venue.place_and_cancel());
}

#[divan::bench(args = [Detail::Skip, Detail::Full])]
fn backtest_trend(bencher: Bencher<'_, '_>, detail: Detail) {
    backtest(bencher, StrategyName::Trend, detail);
}

#[divan::bench(args = [Detail::Skip, Detail::Full])]
fn backtest_flat(bencher: Bencher<'_, '_>, detail: Detail) {
    backtest(bencher, StrategyName::Flat, detail);
}

fn backtest(bencher: Bencher<'_, '_>, strategy: StrategyName, detail: Detail) {
    let bars = market::bars(BARS);
    let settings = market::settings(strategy);
    bencher.counter(ItemsCount::new(BARS)).bench(|| market::run(&bars, &settings, detail));
}
