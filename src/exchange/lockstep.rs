//! Lockstep: one client's sockets, one numbered frame at a time, the next only after its ack.
//!
//! Invariant: numbers rise by one over both sockets; nothing happens while a number waits for its ack.
//! Absent on purpose: more than one lockstep client; others are paced by their sockets.

use super::core::ConnectionId;

pub struct Lockstep {
    /// The WebSocket API connection that asked for it.
    pub api: ConnectionId,
    /// The market-stream connection that showed the token.
    pub stream: Option<ConnectionId>,
    pub token: String,
    next: u64,
    waiting: Option<u64>,
}

impl Lockstep {
    /// The market stands still until `ack(0)` says that the client is ready.
    pub fn new(api: ConnectionId, token: String) -> Lockstep {
        Lockstep { api, stream: None, token, next: 1, waiting: Some(0) }
    }

    pub fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Takes the next number; the frame that carries it must now be acked.
    pub fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        self.waiting = Some(number);
        number
    }

    /// An ack of another number than the one waited for changes nothing.
    pub fn ack(&mut self, sequence: u64) {
        if self.waiting == Some(sequence) {
            self.waiting = None;
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
        assert_eq!(lockstep.number(), 1);
        lockstep.ack(2);
        assert!(lockstep.is_waiting(), "an ack of another number changes nothing");
        lockstep.ack(1);
        assert!(!lockstep.is_waiting());
    }
}
