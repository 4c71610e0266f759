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
        // "k-", "-" and twice the 13 digits of the largest number; two ids an order, so built without formatting.
        let mut text = String::with_capacity(29);
        text.push_str("k-");
        push_base36(&mut text, self.0);
        text.push('-');
        push_base36(&mut text, sequence);
        ClientOrderId(text.into())
    }

    /// The sequence number if this session made the id.
    pub fn sequence_of(self, id: &ClientOrderId) -> Option<u64> {
        let (session, sequence) = id.0.strip_prefix("k-")?.split_once('-')?;
        (u64::from_str_radix(session, 36).ok()? == self.0).then_some(())?;
        u64::from_str_radix(sequence, 36).ok()
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

/// Appends the number in base 36, lower case, without leading zeros.
fn push_base36(text: &mut String, mut number: u64) {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut digits = [0_u8; 13];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = DIGITS[(number % 36) as usize];
        number /= 36;
        if number == 0 {
            break;
        }
    }
    text.extend(digits[first..].iter().map(|digit| char::from(*digit)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_session_knows_the_orders_it_named(session in any::<u64>(), sequence in any::<u64>(), other in any::<u64>()) {
            let id = Session(session).client_order_id(sequence);
            prop_assert_eq!(ClientOrderId::parse(id.as_str()), Some(id.clone()), "Binance accepts it");
            prop_assert_eq!(Session(session).sequence_of(&id), Some(sequence));
            prop_assert_eq!(Session(other).sequence_of(&id).is_some(), other == session);
        }
    }

    #[test]
    fn ids_are_base_36_without_leading_zeros() {
        assert_eq!(Session(0).client_order_id(35).as_str(), "k-0-z");
        assert_eq!(Session(36).client_order_id(1_295).as_str(), "k-10-zz");
        assert_eq!(Session(u64::MAX).client_order_id(u64::MAX).as_str(), "k-3w5e11264sgsf-3w5e11264sgsf");
    }
}
