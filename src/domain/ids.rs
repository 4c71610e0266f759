//! Ids: what the venue counts (orders, lists, trades) and what we name (client order ids).
//!
//! Invariant: a client order id is a pure function of (session, sequence) and is never used twice.
//! Absent on purpose: random ids.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::digest::{Digest, StateHash};

/// The venue's order id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(pub i64);

/// The venue's id of an order list (OCO).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderListId(pub i64);

/// The venue's trade id, unique per symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TradeId(pub i64);

/// Our name for an order: 1 to 36 characters of `[a-zA-Z0-9-_]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientOrderId(pub Arc<str>);

/// Id of one run. In demo and backtest it derives from the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Session(pub u64);

impl Session {
    /// The id of the `sequence`-th order of this session: `k-<session>-<sequence>`, both in base 36.
    pub fn client_order_id(self, sequence: u64) -> ClientOrderId {
        ClientOrderId(format!("k-{}-{}", Base36(self.0), Base36(sequence)).into())
    }

    /// The sequence number if this session made the id: another spelling of the same number is not ours.
    pub fn sequence_of(self, id: &ClientOrderId) -> Option<u64> {
        let (_, digits) = id.0.strip_prefix("k-")?.split_once('-')?;
        let sequence = u64::from_str_radix(digits, 36).ok()?;
        (self.client_order_id(sequence) == *id).then_some(sequence)
    }
}

impl ClientOrderId {
    /// `None` unless the text is one that Binance accepts.
    pub fn parse(text: &str) -> Option<ClientOrderId> {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        ((1..=36).contains(&text.len()) && text.bytes().all(legal)).then(|| ClientOrderId(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl StateHash for ClientOrderId {
    fn state_hash(&self, digest: &mut Digest) {
        digest.text(&self.0);
    }
}

impl StateHash for OrderId {
    fn state_hash(&self, digest: &mut Digest) {
        digest.i64(self.0);
    }
}

struct Base36(u64);

impl fmt::Display for Base36 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut digits = Vec::new();
        loop {
            digits.push(char::from_digit((rest % 36) as u32, 36).unwrap_or('0'));
            rest /= 36;
            if rest == 0 {
                break;
            }
        }
        digits.iter().rev().try_for_each(|digit| write!(f, "{digit}"))
    }
}
