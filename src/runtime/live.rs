//! The live driver: inputs from the wires, wall time or the exchange's virtual time in lockstep.
//!
//! Invariant: in lockstep an event is acked only when its step is done and all its requests are answered.
//! Absent on purpose: any trading decision.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::error::TrySendError;

use super::clock::Clock;
use super::dispatch::NO_INFERENCE;
use super::moods::Sources;
use super::run::{Finished, Listener, Run};
use super::wires::{DriverWires, Links, Steering};
use crate::domain::{Command, Time};
use crate::engine::model::{InferOutcome, InferRequest, Inferred};
use crate::engine::ports::{Event, Journal, JournalError, LinkState, Outgoing, Request};
use crate::engine::{Input, MoodNews, Start};

/// Snapshots are published this often at most.
const SNAPSHOT_INTERVAL: Duration = Duration::from_millis(50);

pub struct Live {
    pub wires: DriverWires,
    pub clock: Clock,
    pub now: Time,
    pub start: Start,
    pub journal: Option<Box<dyn Journal>>,
    /// Commands with the time from which they count, in time order.
    pub commands: Vec<(Time, Command)>,
    pub on_notice: Option<Listener>,
    /// Completed when the person wants to stop.
    pub stop: tokio::sync::oneshot::Receiver<()>,
}

/// Why a live run ended, with what it left.
pub struct LiveEnd {
    pub finished: Finished,
    pub reason: EndReason,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndReason {
    MarketEnded,
    Stopped,
    /// A door gave up; the sentence says which and why.
    Failed(String),
}

/// Runs until the market ends, the person stops it or a door fails.
pub async fn live(live: Live) -> Result<LiveEnd, JournalError> {
    let mut run = Run::begin(live.now, live.start, live.journal)?;
    if let Some(listener) = live.on_notice {
        run.listen(listener);
    }
    // Whoever watches subscribes before the run begins.
    if live.wires.screen.snapshots.receiver_count() > 0 {
        run.keep_history();
    }
    let lockstep = matches!(live.clock, Clock::Virtual(_));
    let mut driver = Driver {
        run,
        wires: live.wires,
        clock: live.clock,
        lockstep,
        early: VecDeque::new(),
        scheduled: live.commands.into(),
        published: Instant::now(),
        unpublished: false,
        heard: false,
        links: Links::default(),
        sources: Sources::default(),
    };
    driver.publish(true);
    let reason = driver.drive(live.stop).await?;
    driver.publish(true);
    Ok(LiveEnd { finished: driver.run.finish()?, reason })
}

struct Driver {
    run: Run,
    wires: DriverWires,
    clock: Clock,
    lockstep: bool,
    /// Events that arrived while an answer was awaited.
    early: VecDeque<Event>,
    scheduled: VecDeque<(Time, Command)>,
    /// When the last snapshot was made.
    published: Instant,
    /// Something was stepped since.
    unpublished: bool,
    /// A door said something since.
    heard: bool,
    links: Links,
    /// How outside sources are doing.
    sources: Sources,
}

/// What woke the driver.
enum Wake {
    Stop,
    Steering(Steering),
    Mood(Result<MoodNews, RecvError>),
    Inferred(Inferred),
    Timer,
    Event(Option<Event>),
    Publish,
}

impl Driver {
    async fn drive(&mut self, mut stop: tokio::sync::oneshot::Receiver<()>) -> Result<EndReason, JournalError> {
        loop {
            let step = match self.wake(&mut stop).await {
                Wake::Stop => Err(EndReason::Stopped),
                Wake::Steering(steering) => self.steer(steering).await?,
                Wake::Mood(news) => self.mood(news).await?,
                Wake::Inferred(inferred) => self.inferred(inferred).await?,
                Wake::Timer => self.timers().await?,
                Wake::Event(Some(event)) => self.event(event).await?,
                Wake::Publish => Ok(()),
                Wake::Event(None) => Err(EndReason::Failed("the connection to the venue is gone".to_owned())),
            };
            if let Err(reason) = step {
                return Ok(reason);
            }
            self.publish(false);
        }
    }

    async fn wake(&mut self, stop: &mut tokio::sync::oneshot::Receiver<()>) -> Wake {
        if let Some(event) = self.early.pop_front() {
            return Wake::Event(Some(event));
        }
        let timer = self.until_timer();
        let publish = (self.unpublished && self.is_watched())
            .then(|| tokio::time::Instant::from_std(self.published + SNAPSHOT_INTERVAL));
        tokio::select! {
            biased;
            _ = stop => Wake::Stop,
            Some(steering) = self.wires.steering.recv() => Wake::Steering(steering),
            news = self.wires.moods.recv(), if self.sources.may_speak() => Wake::Mood(news),
            Some(inferred) = self.wires.inferred.recv() => Wake::Inferred(inferred),
            () = tokio::time::sleep(timer.unwrap_or_default()), if timer.is_some() => Wake::Timer,
            event = self.wires.events.recv() => Wake::Event(event),
            // What came too soon after the last snapshot is shown when the doors fall silent. Last, so that a busy driver
            // never sets this timer.
            () = sleep_until(publish), if publish.is_some() => Wake::Publish,
        }
    }

    /// In wall time: how long until the engine's timer.
    fn until_timer(&self) -> Option<Duration> {
        match self.clock {
            Clock::Wall(wall) => self.run.engine().next_timer().map(|due| due.since(wall.now()).to_duration()),
            Clock::Virtual(_) => None,
        }
    }

    async fn event(&mut self, event: Event) -> Result<Result<(), EndReason>, JournalError> {
        self.unpublished = true;
        self.heard |= !matches!(event, Event::Link { .. });
        match event {
            Event::Input { time, input, sequence } => {
                let now = self.clock.stamp(time);
                if let Err(reason) = self.before(now).await? {
                    return Ok(Err(reason));
                }
                self.run.step(now, &input)?;
                let carried = self.carry_out(now).await?;
                self.ack(sequence).await;
                Ok(carried)
            }
            Event::Silent { sequence } => {
                self.ack(sequence).await;
                Ok(Ok(()))
            }
            Event::Answer { time, answer } => {
                let now = self.clock.stamp(time);
                self.run.step(now, &Input::Answer(answer))?;
                self.carry_out(now).await
            }
            Event::Link { socket, state } => {
                match &state {
                    LinkState::Up => tracing::info!(?socket, "link up"),
                    LinkState::Down { why } => tracing::warn!(?socket, why, "link down"),
                }
                self.links.learn(socket, state, Instant::now());
                self.publish_links();
                Ok(Ok(()))
            }
            Event::MarketEnded => Ok(Err(EndReason::MarketEnded)),
            Event::Failed(why) => Ok(Err(EndReason::Failed(why))),
        }
    }

    /// Fires what is due before the event at `now`: timers, then scheduled commands.
    async fn before(&mut self, now: Time) -> Result<Result<(), EndReason>, JournalError> {
        while let Some(due) = self.run.due_timer(now) {
            self.run.step(due, &Input::Timer)?;
            if let Err(reason) = self.carry_out(due).await? {
                return Ok(Err(reason));
            }
        }
        while self.scheduled.front().is_some_and(|(at, _)| *at <= now) {
            let Some((_, command)) = self.scheduled.pop_front() else { break };
            self.run.step(now, &Input::Command(command))?;
            if let Err(reason) = self.carry_out(now).await? {
                return Ok(Err(reason));
            }
        }
        Ok(Ok(()))
    }

    /// Shown at once: a person waits for the answer.
    async fn steer(&mut self, steering: Steering) -> Result<Result<(), EndReason>, JournalError> {
        let now = self.clock.stamp(None);
        self.run.step(now, &Input::from(steering))?;
        let carried = self.carry_out(now).await?;
        self.publish(true);
        Ok(carried)
    }

    /// Between two events, as commands are; it counts from the time of the last one.
    async fn mood(&mut self, news: Result<MoodNews, RecvError>) -> Result<Result<(), EndReason>, JournalError> {
        self.unpublished = true;
        let Some(seen) = self.sources.learn(news) else { return Ok(Ok(())) };
        let now = self.clock.stamp(None);
        self.run.step(now, &Input::Mood(seen))?;
        self.carry_out(now).await
    }

    async fn timers(&mut self) -> Result<Result<(), EndReason>, JournalError> {
        self.unpublished = true;
        let now = self.clock.stamp(None);
        self.run.step(now, &Input::Timer)?;
        self.carry_out(now).await
    }

    /// Sends what the engine wants. In lockstep each answer is stepped before the next request is sent.
    async fn carry_out(&mut self, now: Time) -> Result<Result<(), EndReason>, JournalError> {
        loop {
            if let Some(request) = self.run.next_request() {
                if self.send(now, request).await.is_err() {
                    return Ok(Err(EndReason::Failed("the gateway to the venue is gone".to_owned())));
                }
                if !self.lockstep {
                    continue;
                }
                match self.answer().await {
                    Ok(answer) => self.run.step(now, &Input::Answer(answer))?,
                    Err(reason) => return Ok(Err(reason)),
                }
            } else if let Some(question) = self.run.next_question() {
                if let Some(inferred) = self.question(question).await {
                    self.run.step(now, &Input::Inferred(inferred))?;
                }
            } else {
                return Ok(Ok(()));
            }
        }
    }

    /// Asks a model. In lockstep its answer is waited for, so virtual time stands still meanwhile; otherwise it comes by
    /// itself, unless the question cannot even be asked.
    async fn question(&mut self, question: InferRequest) -> Option<Inferred> {
        let gone = question.unavailable(NO_INFERENCE);
        if !self.lockstep {
            return match self.wires.questions.try_send((Instant::now(), question)) {
                Ok(()) => None,
                Err(TrySendError::Full((_, question))) => Some(question.answer(InferOutcome::Skipped)),
                Err(TrySendError::Closed(_)) => Some(gone),
            };
        }
        if self.wires.questions.send((Instant::now(), question)).await.is_err() {
            return Some(gone);
        }
        loop {
            match self.wires.inferred.recv().await {
                Some(inferred) if inferred.number == gone.number => return Some(inferred),
                // Of an earlier question that was given up.
                Some(_) => {}
                None => return Some(gone),
            }
        }
    }

    async fn inferred(&mut self, inferred: Inferred) -> Result<Result<(), EndReason>, JournalError> {
        self.unpublished = true;
        let now = self.clock.stamp(None);
        self.run.step(now, &Input::Inferred(inferred))?;
        self.carry_out(now).await
    }

    async fn send(&mut self, now: Time, request: Request) -> Result<(), ()> {
        // Virtual time stands still while requests are answered; a timer's request is sent at the event's time.
        let now = match self.clock {
            Clock::Virtual(last) => last.max(now),
            Clock::Wall(_) => now,
        };
        self.wires.outgoing.send(Outgoing::Request { now, request }).await.map_err(|_| ())
    }

    /// The answer to the request just sent; other events that arrive first wait in `early`.
    async fn answer(&mut self) -> Result<crate::engine::Answer, EndReason> {
        loop {
            match self.wires.events.recv().await {
                Some(Event::Answer { answer, .. }) => return Ok(answer),
                Some(Event::Failed(why)) => return Err(EndReason::Failed(why)),
                Some(
                    event @ (Event::Input { .. } | Event::Silent { .. } | Event::Link { .. } | Event::MarketEnded),
                ) => {
                    self.early.push_back(event);
                }
                None => return Err(EndReason::Failed("the connection to the venue is gone".to_owned())),
            }
        }
    }

    async fn ack(&mut self, sequence: Option<u64>) {
        if let Some(sequence) = sequence {
            // A gateway that is gone shows itself at the next event.
            self.wires.outgoing.send(Outgoing::Ack { sequence }).await.unwrap_or_default();
        }
    }

    fn is_watched(&self) -> bool {
        self.wires.screen.snapshots.receiver_count() > 0
    }

    fn publish(&mut self, always: bool) {
        if always || (self.is_watched() && self.unpublished && self.published.elapsed() >= SNAPSHOT_INTERVAL) {
            self.published = Instant::now();
            self.unpublished = false;
            let mut snapshot = self.run.snapshot();
            self.sources.tell(&mut snapshot.mood);
            self.wires.screen.snapshots.send_replace(Some(Arc::new(snapshot)));
            self.publish_links();
        }
    }

    fn publish_links(&mut self) {
        if std::mem::take(&mut self.heard) {
            self.links.last_event = Some(Instant::now());
        }
        self.wires.screen.links.send_replace(self.links.clone());
    }
}

/// Never, without a moment.
async fn sleep_until(moment: Option<tokio::time::Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
