//! The queues between the doors and the live driver, each with its bound and its loss policy.
//!
//! Invariant: no queue is unbounded, and what may be lost is written here.
//! Absent on purpose: tasks; `app` starts them.
//!
//! | queue | bound | when full |
//! |---|---|---|
//! | events | 4,096 | the reader waits, so the socket pushes back; nothing is lost |
//! | requests | 256 | the driver waits for the gateway; the engine makes few |
//! | commands | 16 | the sender is told that the engine is busy |
//! | snapshots | 1 | the newest replaces the older |

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::domain::Command;
use crate::engine::Snapshot;
use crate::engine::ports::{Event, Outgoing};

pub const EVENTS: usize = 4_096;
pub const REQUESTS: usize = 256;
pub const COMMANDS: usize = 16;

/// The driver's ends.
pub struct DriverWires {
    pub events: mpsc::Receiver<Event>,
    pub outgoing: mpsc::Sender<Outgoing>,
    pub commands: mpsc::Receiver<Command>,
    pub snapshots: watch::Sender<Option<Arc<Snapshot>>>,
}

/// The doors' ends.
pub struct DoorWires {
    pub events: mpsc::Sender<Event>,
    pub outgoing: mpsc::Receiver<Outgoing>,
}

/// The person's ends.
pub struct ScreenWires {
    pub commands: mpsc::Sender<Command>,
    pub snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
}

pub fn wires() -> (DriverWires, DoorWires, ScreenWires) {
    let (event_sender, events) = mpsc::channel(EVENTS);
    let (outgoing, outgoing_receiver) = mpsc::channel(REQUESTS);
    let (command_sender, commands) = mpsc::channel(COMMANDS);
    let (snapshots, snapshot_receiver) = watch::channel(None);
    (
        DriverWires { events, outgoing, commands, snapshots },
        DoorWires { events: event_sender, outgoing: outgoing_receiver },
        ScreenWires { commands: command_sender, snapshots: snapshot_receiver },
    )
}
