//! Lockstep: one client's sockets, one numbered frame at a time, the next only after its ack.
//!
//! Invariant: numbers rise by one over both sockets; nothing happens while a number waits for its ack.
//! Absent on purpose: more than one lockstep client; others are paced by their sockets.

use super::core::ConnectionId;
use crate::domain::Time;

pub struct Lockstep {
    /// The WebSocket API connection that asked for it.
    pub api: ConnectionId,
    /// The market-stream connection that showed the token.
    pub stream: Option<ConnectionId>,
    pub token: String,
    next: u64,
    /// The number that waits for its ack, with the virtual time of its frame.
    waiting: Option<(u64, Option<Time>)>,
    /// Virtual time of the last acked frame: until it acks the next one, the client lives there.
    acked: Option<Time>,
}

impl Lockstep {
    /// The market stands still until `ack(0)` says that the client is ready.
    pub fn new(api: ConnectionId, token: String) -> Lockstep {
        Lockstep { api, stream: None, token, next: 1, waiting: Some((0, None)), acked: None }
    }

    pub fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Takes the next number; the frame that carries it, of virtual time `now`, must then be acked.
    pub fn number(&mut self, now: Time) -> u64 {
        let number = self.next;
        self.next += 1;
        self.waiting = Some((number, Some(now)));
        number
    }

    /// Virtual time as the client knows it while a newer frame is on its way.
    pub fn client_time(&self) -> Option<Time> {
        self.acked
    }

    /// An ack of another number than the one waited for changes nothing.
    pub fn ack(&mut self, sequence: u64) {
        if let Some((number, time)) = self.waiting
            && number == sequence
        {
            (self.waiting, self.acked) = (None, time.or(self.acked));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_until_the_waiting_number_is_acked() {
        let mut lockstep = Lockstep::new(ConnectionId(1), "t".to_owned());
        assert!(lockstep.is_waiting(), "the client has yet to say that it is ready");
        lockstep.ack(0);
        assert!(!lockstep.is_waiting());
        assert_eq!(lockstep.number(Time(7)), 1);
        assert_eq!(lockstep.client_time(), None);
        lockstep.ack(2);
        assert!(lockstep.is_waiting(), "an ack of another number changes nothing");
        lockstep.ack(1);
        assert!(!lockstep.is_waiting());
        assert_eq!(lockstep.client_time(), Some(Time(7)));
    }
}
