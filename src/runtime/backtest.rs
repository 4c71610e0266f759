//! The backtest driver: the simulator called directly, event time, no sockets.
//!
//! Invariant: with and without skipping, the state at each close is the same.
//! Absent on purpose: a second engine or a second matching for speed; waiting for answers (`runtime::paced` does, with the
//! same driver).

use std::mem::ManuallyDrop;

use super::dispatch::{NO_INFERENCE, ask, input_of};
use super::run::{Finished, Listener, Run};
use crate::domain::{Balance, Bar, Command, MarketEvent, Money, Price, SymbolId, SymbolRules, Time};
use crate::engine::model::InferRequest;
use crate::engine::ports::{BarSource, Inference, Journal, JournalError, Minutes, SourceError};
use crate::engine::{Engine, Input, Start};
use crate::simulator::market_maker::trade_of;
use crate::simulator::{AccountId, MinuteStep, PathPoint, PointKind, Simulator, UnfitBar, minute_steps};

/// What a backtest is made of.
pub struct Backtest<'a> {
    pub source: &'a mut dyn BarSource,
    /// With the same rules as `start`, and no account yet.
    pub simulator: Simulator,
    pub start: Start,
    pub detail: Detail,
    /// Commands with the time from which they count, in time order.
    pub commands: Vec<(Time, Command)>,
    pub journal: Option<Box<dyn Journal>>,
    /// Runs models; without it they are not available.
    pub inference: Option<Box<dyn Inference + 'a>>,
    /// Called after each closed bar.
    pub on_close: Option<OnClose<'a>>,
    /// Called for each notice.
    pub on_notice: Option<Listener>,
}

/// Sees the engine after each closed bar; `false` stops the run.
pub type OnClose<'a> = Box<dyn FnMut(&Engine) -> bool + 'a>;

/// How much of the path is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Every point of every bar, with trades and best prices shown to the engine as the exchange streams them.
    Full,
    /// Only bars whose range reaches an order, and those in which the engine works or a timer is due; the latter with
    /// trades and best prices.
    Skip,
}

#[derive(Debug, thiserror::Error)]
pub enum BacktestError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Bar(#[from] UnfitBar),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The engine asks for orders that are open or have just closed; what is older would only fill memory, which costs a
/// backtest with many orders a tenth of its time.
const KEPT: usize = 100;

/// Runs to the end of the source.
pub fn backtest(backtest: Backtest<'_>) -> Result<Finished, BacktestError> {
    drive(backtest, Kept::Record)
}

/// The same without fills and trades, for figures alone.
pub fn bare_backtest(backtest: Backtest<'_>) -> Result<Finished, BacktestError> {
    drive(backtest, Kept::Nothing)
}

/// The same with a recording for reports, which costs memory and a little time.
pub fn recorded_backtest(backtest: Backtest<'_>) -> Result<Finished, BacktestError> {
    drive(backtest, Kept::Recording)
}

/// What a run keeps of what happened.
pub(super) enum Kept {
    Nothing,
    Record,
    Recording,
}

fn drive(backtest: Backtest<'_>, kept: Kept) -> Result<Finished, BacktestError> {
    let mut driver = Driver::begin(backtest.simulator, backtest.start, backtest.journal, kept)?;
    if let Some(listener) = backtest.on_notice {
        driver.run.listen(listener);
    }
    driver.detail = backtest.detail;
    driver.commands = backtest.commands.into();
    driver.answers = backtest.inference.map_or(Answers::Never, Answers::Now);
    driver.on_close = backtest.on_close;
    if let Some(bars) = backtest.source.in_memory() {
        for minute in bars.chunk_by(|(_, one), (_, next)| one.open_time == next.open_time) {
            if !driver.minute(minute)? {
                break;
            }
        }
    } else {
        let mut minutes = Minutes::new(backtest.source)?;
        while let Some(minute) = minutes.next_minute()? {
            if !driver.minute(minute)? {
                break;
            }
        }
    }
    let mut finished = driver.run.finish()?;
    if let Some(recording) = &mut finished.recording {
        recording.slippage = Some(driver.simulator.slippage());
    }
    Ok(finished)
}

/// Bars before the start have closed at the venue too.
pub fn seed_prices(simulator: &mut Simulator, start: &Start) {
    for (at, bars) in start.history.iter().enumerate() {
        simulator.settle_history(SymbolId(at as u16), bars.iter().copied());
    }
}

pub(super) struct Driver<'a> {
    pub(super) run: Run,
    simulator: Simulator,
    account: AccountId,
    detail: Detail,
    commands: std::collections::VecDeque<(Time, Command)>,
    pub(super) answers: Answers<'a>,
    on_close: Option<OnClose<'a>>,
}

/// Who answers the questions to models.
pub(super) enum Answers<'a> {
    Never,
    Now(Box<dyn Inference + 'a>),
    /// The caller, when it has looked at the newest question.
    Later(Option<InferRequest>),
}

impl<'a> Driver<'a> {
    /// At the venue with an account of its own; every point is walked and nobody answers, until the caller says otherwise.
    pub(super) fn begin(
        mut simulator: Simulator,
        start: Start,
        journal: Option<Box<dyn Journal>>,
        kept: Kept,
    ) -> Result<Driver<'a>, BacktestError> {
        simulator.keep(KEPT);
        let account = simulator.open_account(start.balances.clone());
        seed_prices(&mut simulator, &start);
        let begin = start.history.iter().flatten().map(Bar::close_time).max().unwrap_or(Time(0));
        let mut run = Run::begin(begin, start, journal)?;
        match kept {
            Kept::Nothing => run.keep_no_record(),
            Kept::Record => {}
            Kept::Recording => run.keep_recording(begin),
        }
        let commands = std::collections::VecDeque::new();
        let (detail, answers) = (Detail::Full, Answers::Never);
        Ok(Driver { run, simulator, account, detail, commands, answers, on_close: None })
    }

    /// Walks as few points as possible.
    pub(super) fn skip(&mut self) {
        self.detail = Detail::Skip;
    }

    /// `false` when the caller wants to stop.
    pub(super) fn minute(&mut self, bars: &[(SymbolId, Bar)]) -> Result<bool, BacktestError> {
        let shown = self.detail == Detail::Full || self.is_awaited(bars);
        let reached =
            shown || bars.iter().any(|(symbol, bar)| self.simulator.reaches(*symbol, bar)) || !self.commands.is_empty();
        if reached {
            for step in minute_steps(bars) {
                match step? {
                    MinuteStep::Move { symbol, point, volume } => {
                        let before = self.simulator.price(symbol);
                        self.simulator.walk_to(symbol, point, volume);
                        if shown || self.run.engine().is_working() {
                            self.show(symbol, before, point, volume)?;
                        } else if point.kind == PointKind::Close && self.run.engine().wants_tops() {
                            self.show_top(symbol, point.time)?;
                        } else if self.is_due(point.time) {
                            self.fire(point.time)?;
                        }
                        self.drain()?;
                    }
                    MinuteStep::Close { symbol, bar } => {
                        if self.is_due(bar.close_time()) {
                            self.fire(bar.close_time())?;
                        }
                        if !self.close(symbol, &bar)? {
                            return Ok(false);
                        }
                    }
                }
            }
            return Ok(true);
        }
        for (at, (symbol, bar)) in bars.iter().enumerate() {
            self.simulator.settle_quiet_bar(*symbol, bar);
            // Nothing is due before the first, or the minute would be walked.
            if at > 0 && self.is_due(bar.close_time()) {
                self.fire(bar.close_time())?;
            }
            if self.run.engine().wants_tops() {
                self.show_top(*symbol, bar.close_time())?;
            }
            if !self.close(*symbol, bar)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// One closed bar, what it causes, and what that causes, until the venue has nothing more to say.
    #[inline]
    fn close(&mut self, symbol: SymbolId, bar: &Bar) -> Result<bool, BacktestError> {
        let time = bar.close_time();
        // A market event owns nothing, and to find that out is a call (a fortieth of a quiet bar).
        let input = ManuallyDrop::new(Input::Market(MarketEvent::BarClosed { symbol, bar: *bar }));
        self.run.step(time, &input)?;
        // Most bars cause nothing.
        if self.run.has_requests() || self.simulator.has_events() {
            self.carry_out(time, time)?;
            self.drain()?;
        }
        Ok(match &mut self.on_close {
            Some(on_close) => on_close(self.run.engine()),
            None => true,
        })
    }

    /// Shows the engine a move as the exchange streams it: the trade, then the best prices.
    fn show(
        &mut self,
        symbol: SymbolId,
        before: Option<Price>,
        point: PathPoint,
        volume: f64,
    ) -> Result<(), BacktestError> {
        if let Some(rules) = self.simulator.rules(symbol) {
            let trade = trade_of(rules, before, point, volume);
            self.tell(point.time, &Input::Market(MarketEvent::Trade { symbol, trade }))?;
        }
        self.show_top(symbol, point.time)
    }

    fn show_top(&mut self, symbol: SymbolId, time: Time) -> Result<(), BacktestError> {
        match self.simulator.top(symbol) {
            Some(top) => self.tell(time, &Input::Market(MarketEvent::BookTop { symbol, top })),
            None => Ok(()),
        }
    }

    /// One event: before it what is due, after it what it causes.
    fn tell(&mut self, time: Time, input: &Input) -> Result<(), BacktestError> {
        if self.is_due(time) {
            self.fire(time)?;
        }
        self.run.step(time, input)?;
        self.carry_out(time, time)
    }

    /// True when the engine wants to see inside the minute of these bars.
    #[inline]
    fn is_awaited(&self, bars: &[(SymbolId, Bar)]) -> bool {
        let is_due = |(_, bar): &(SymbolId, Bar)| self.run.due_timer(bar.close_time()).is_some();
        self.run.engine().is_working() || bars.first().is_some_and(is_due)
    }

    /// True when something must come before the event at `time`.
    #[inline]
    fn is_due(&self, time: Time) -> bool {
        !self.commands.is_empty() || self.run.due_timer(time).is_some()
    }

    /// Fires what is due before the event at `time`: timers, then commands.
    #[cold]
    fn fire(&mut self, time: Time) -> Result<(), BacktestError> {
        while let Some(due) = self.run.due_timer(time) {
            self.run.step(due, &Input::Timer)?;
            // The venue has moved on to the event already.
            self.carry_out(due, time)?;
        }
        while self.commands.front().is_some_and(|(at, _)| *at <= time) {
            let Some((_, command)) = self.commands.pop_front() else { break };
            self.run.step(time, &Input::Command(command))?;
            self.carry_out(time, time)?;
        }
        Ok(())
    }

    pub(super) fn drain(&mut self) -> Result<(), BacktestError> {
        while let Some((_, event)) = self.simulator.next_event() {
            if let Some((time, input)) = input_of(event) {
                self.tell(time, &input)?;
            }
        }
        Ok(())
    }

    /// Asks the venue at its time and answers the engine at its own; then asks the models.
    pub(super) fn carry_out(&mut self, now: Time, venue_time: Time) -> Result<(), BacktestError> {
        loop {
            if let Some(request) = self.run.next_request() {
                let answer = ask(&mut self.simulator, self.account, venue_time, &request);
                self.run.step(now, &Input::Answer(answer))?;
            } else if let Some(question) = self.run.next_question() {
                let inferred = match &mut self.answers {
                    Answers::Never => question.unavailable(NO_INFERENCE),
                    Answers::Now(inference) => inference.infer(&question),
                    Answers::Later(newest) => {
                        *newest = Some(question);
                        continue;
                    }
                };
                self.run.step(now, &Input::Inferred(inferred))?;
            } else {
                return Ok(());
            }
        }
    }
}

/// Account of a demo or backtest: this much of each symbol's quote asset.
pub fn start_balances(rules: &[SymbolRules], amount: Money) -> Vec<Balance> {
    let quote = rules.first().map(|rules| rules.quote.clone());
    quote.map(|asset| Balance { asset, free: amount, locked: Money::ZERO }).into_iter().collect()
}
