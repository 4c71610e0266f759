//! The queues between the doors, the person and the live driver, each with its bound and its loss policy.
//!
//! Invariant: no queue is unbounded, and what may be lost is written here.
//! Absent on purpose: tasks; `app` starts them.
//!
//! | queue | bound | when full |
//! |---|---|---|
//! | events | 4,096 | the reader waits, so the socket pushes back; nothing is lost |
//! | requests | 256 | the driver waits for the gateway; the engine makes few |
//! | steering | 16 | the sender is told that the engine is busy |
//! | snapshots | 1 | the newest replaces the older |
//! | links | 1 | the newest replaces the older |
//! | questions to models | 64 | the question is answered as skipped |
//! | answers of models | 64 | the worker waits; the engine gives a question up after a while |
//! | moods | 512 | the newest replaces the oldest; what was lost is counted and shown |
//!
//! The first three, the questions and answers, and the moods belong to one run. Snapshots and links belong to whoever watches: `ScreenSenders` is made once, given
//! to one run after the other, and every receiver sees them all.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{broadcast, mpsc, watch};

use crate::domain::Command;
use crate::engine::model::{InferRequest, Inferred};
use crate::engine::ports::{Event, LinkState, Outgoing, Socket};
use crate::engine::{Input, MoodNews, Settings, Snapshot};

pub const EVENTS: usize = 4_096;
pub const REQUESTS: usize = 256;
pub const STEERING: usize = 16;
pub const QUESTIONS: usize = 64;
pub const MOODS: usize = 512;

/// What a person asks of the engine; an input like any other, so it stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Steering {
    Command(Command),
    /// Valid from the next decision on.
    Settings(Box<Settings>),
}

/// The connections of the run that is watched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Links {
    pub market: Link,
    /// Orders and account events.
    pub account: Link,
    /// When the doors last said something; as old as the newest snapshot at most, for events are not timed one by one.
    pub last_event: Option<Instant>,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Link {
    /// No word of it yet.
    #[default]
    Opening,
    Up {
        since: Instant,
    },
    Down {
        since: Instant,
        why: String,
    },
}

/// The driver's ends.
pub struct DriverWires {
    pub events: mpsc::Receiver<Event>,
    pub outgoing: mpsc::Sender<Outgoing>,
    pub steering: mpsc::Receiver<Steering>,
    pub moods: broadcast::Receiver<MoodNews>,
    /// With the moment at which they were asked.
    pub questions: mpsc::Sender<(Instant, InferRequest)>,
    pub inferred: mpsc::Receiver<Inferred>,
    pub screen: ScreenSenders,
}

/// The doors' ends.
pub struct DoorWires {
    pub events: mpsc::Sender<Event>,
    pub outgoing: mpsc::Receiver<Outgoing>,
    /// For outside sources; dropped where there are none.
    pub moods: broadcast::Sender<MoodNews>,
    /// For whoever runs models; dropped where nobody does.
    pub models: ModelWires,
}

/// The ends of whoever runs models.
pub struct ModelWires {
    pub questions: mpsc::Receiver<(Instant, InferRequest)>,
    pub inferred: mpsc::Sender<Inferred>,
}

/// What screens subscribe to. While nobody does, a run keeps no history and makes hardly any snapshots.
#[derive(Debug, Clone)]
pub struct ScreenSenders {
    pub snapshots: watch::Sender<Option<Arc<Snapshot>>>,
    pub links: watch::Sender<Links>,
}

/// The queues of one run; the last part is the person's end of the steering queue, where `try_send` tells when it is full.
pub fn wires(screen: ScreenSenders) -> (DriverWires, DoorWires, mpsc::Sender<Steering>) {
    let (event_sender, events) = mpsc::channel(EVENTS);
    let (outgoing, outgoing_receiver) = mpsc::channel(REQUESTS);
    let (steering_sender, steering) = mpsc::channel(STEERING);
    let (mood_sender, moods) = broadcast::channel(MOODS);
    let (questions, asked) = mpsc::channel(QUESTIONS);
    let (answers, inferred) = mpsc::channel(QUESTIONS);
    let models = ModelWires { questions: asked, inferred: answers };
    (
        DriverWires { events, outgoing, steering, moods, questions, inferred, screen },
        DoorWires { events: event_sender, outgoing: outgoing_receiver, moods: mood_sender, models },
        steering_sender,
    )
}

impl ScreenSenders {
    pub fn new() -> ScreenSenders {
        ScreenSenders { snapshots: watch::Sender::new(None), links: watch::Sender::new(Links::default()) }
    }
}

impl Default for ScreenSenders {
    fn default() -> ScreenSenders {
        ScreenSenders::new()
    }
}

impl Links {
    /// A connection came up or went down.
    pub fn learn(&mut self, socket: Socket, state: LinkState, since: Instant) {
        let link = match state {
            LinkState::Up => Link::Up { since },
            LinkState::Down { why } => Link::Down { since, why },
        };
        match socket {
            Socket::Market => self.market = link,
            Socket::Account => self.account = link,
        }
    }
}

impl From<Steering> for Input {
    fn from(steering: Steering) -> Input {
        match steering {
            Steering::Command(command) => Input::Command(command),
            Steering::Settings(settings) => Input::Settings(settings),
        }
    }
}
