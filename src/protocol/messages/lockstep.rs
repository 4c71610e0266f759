//! Lockstep: Kestrel's own additions to the protocol, by which virtual time runs over real sockets. Binance has none of it.
//!
//! Invariant: a frame's `"sequence"` is its last field, so that one text can be numbered per connection without rebuilding it.
//! Absent on purpose: the order of events and when the clock moves (`exchange`, `runtime`).

use serde::{Deserialize, Serialize};

use super::ws_api::WsParams;
use crate::protocol::params::Params;

/// WS-API method: this account's sockets run in lockstep from now on. Signed: `apiKey`, `timestamp`, `signature`.
pub const LOCKSTEP: &str = "kestrel.lockstep";
/// WS-API method: the step for this frame is done, the next may come.
pub const ACK: &str = "kestrel.ack";

/// Result of [`LOCKSTEP`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockstepGranted {
    /// Ties a market-stream socket to this account: `?token=` of its URL.
    pub stream_token: String,
    /// Virtual time, milliseconds UTC.
    pub now: i64,
}

/// Parameters of [`ACK`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    pub sequence: u64,
}

impl Ack {
    pub fn to_params(self) -> Params {
        Params::new().with("sequence", self.sequence)
    }

    pub fn from_params(params: &WsParams) -> Option<Ack> {
        params.0.get("sequence")?.parse().ok().map(|sequence| Ack { sequence })
    }
}

/// The text of a frame: one JSON object, numbered when the connection runs in lockstep.
///
/// # Panics
/// When `message` cannot be written as JSON, which no struct of this room does.
pub fn frame_text(message: &impl Serialize, sequence: Option<u64>) -> String {
    let mut text = serde_json::to_string(message).expect("messages have string keys and finite numbers");
    if let Some(sequence) = sequence {
        number_frame(&mut text, sequence);
    }
    text
}

/// Appends `"sequence"` to a finished frame. A text that is not an object stays as it is.
pub fn number_frame(frame: &mut String, sequence: u64) {
    if !frame.ends_with('}') {
        return;
    }
    frame.pop();
    if !frame.ends_with('{') {
        frame.push(',');
    }
    frame.push_str("\"sequence\":");
    frame.push_str(&sequence.to_string());
    frame.push('}');
}

/// The frame's number, if it has one. Looks only at the end of the text: `... "sequence": 17}`.
pub fn frame_sequence(frame: &str) -> Option<u64> {
    let body = frame.trim_end().strip_suffix('}')?.trim_end();
    let digits = body.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (before, number) = body.split_at(body.len() - digits);
    before.trim_end().strip_suffix(':')?.trim_end().strip_suffix("\"sequence\"")?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbered_frame_yields_its_number_and_other_frames_none() {
        let mut text = r#"{"e":"aggTrade"}"#.to_owned();
        number_frame(&mut text, 17);
        assert_eq!(text, r#"{"e":"aggTrade","sequence":17}"#);
        assert_eq!(frame_sequence(&text), Some(17));
        assert_eq!(frame_sequence("{\"a\":1, \"sequence\" : 5 }\n"), Some(5));
        let others = [r#"{"data":{"sequence":5}}"#, r#"{"a":"\"sequence\":5"}"#, r#"{"sequence":5,"a":1}"#, "5}", ""];
        assert_eq!(others.map(frame_sequence), [None; 5]);
        let mut empty = "{}".to_owned();
        number_frame(&mut empty, 1);
        assert_eq!(empty, r#"{"sequence":1}"#);
    }
}
