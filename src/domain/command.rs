//! `Command`: what a person may ask of the engine.
//!
//! Invariant: a command is a value; it enters the engine as an input and stands in the journal.
//! Absent on purpose: keys and screens (`tui`) and whether the command is granted (`engine`).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::ClientOrderId;
use super::ratio::Ratio;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// No new entries; exits and protective orders go on.
    Pause,
    Resume,
    /// No new entries, at any size, until rearmed; stops and exits go on.
    Halt,
    /// One step back after a halt (half size, then full), and an end to locks that wait for a person.
    Rearm,
    /// From the next decision on, this strategy decides.
    SwitchStrategy(String),
    /// Share of equity for all symbols together, 0 to 1.
    SetInvest(Ratio),
    /// Cancel what rests and leave every position at the market; entries are paused.
    Flatten,
    /// Cancel this order; the other leg of an OCO goes with it. A position whose protection is cancelled so stays without
    /// one until it is closed.
    Cancel(ClientOrderId),
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Pause => write!(f, "pause entries"),
            Command::Resume => write!(f, "resume entries"),
            Command::Halt => write!(f, "halt entries until rearmed"),
            Command::Rearm => write!(f, "rearm after a halt"),
            Command::SwitchStrategy(name) => write!(f, "switch to strategy {name}"),
            Command::SetInvest(share) => write!(f, "invest {} % of equity", share.to_f64() * 100.0),
            Command::Flatten => write!(f, "leave every position and pause entries"),
            Command::Cancel(client_id) => write!(f, "cancel order {client_id}"),
        }
    }
}
