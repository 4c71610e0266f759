//! Ids: what the venue counts (orders, lists, trades) and what we name (client order ids).
//!
//! Invariant: a client order id is a pure function of (session, sequence) and is never used twice.
//! Absent on purpose: random ids.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
///
/// An order is named, copied and recognised a dozen times in its life, so a name that a session gave stays the two numbers
/// that it spells (a tenth of a backtest with many orders); it is spelled out where it is read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientOrderId(Name);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Name {
    Given {
        session: Session,
        sequence: u64,
    },
    /// Any text that is no session's spelling.
    Foreign(Arc<str>),
}

/// Id of one run. In demo and backtest it derives from the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Session(pub u64);

impl Session {
    /// The id of the `sequence`-th order of this session: `k-<session>-<sequence>`, both in base 36.
    pub fn client_order_id(self, sequence: u64) -> ClientOrderId {
        ClientOrderId(Name::Given { session: self, sequence })
    }

    /// The sequence number if this session made the id: another spelling of the same number is not ours.
    pub fn sequence_of(self, id: &ClientOrderId) -> Option<u64> {
        match id.0 {
            Name::Given { session, sequence } => (session == self).then_some(sequence),
            Name::Foreign(_) => None,
        }
    }

    /// `text` as a name that some session gave.
    fn read(text: &str) -> Option<Name> {
        let (session, sequence) = text.strip_prefix("k-")?.split_once('-')?;
        let number = |digits| u64::from_str_radix(digits, 36).ok();
        let (session, sequence) = (Session(number(session)?), number(sequence)?);
        (session.spelling(sequence).as_str() == text).then_some(Name::Given { session, sequence })
    }

    fn spelling(self, sequence: u64) -> Spelling {
        let mut spelling = Spelling { text: [0; LONGEST], first: LONGEST };
        spelling.put_base36(sequence);
        spelling.put(b'-');
        spelling.put_base36(self.0);
        spelling.put(b'-');
        spelling.put(b'k');
        spelling
    }
}

/// "k-", "-" and twice the 13 digits of the largest number.
const LONGEST: usize = 29;

/// An id written backwards into its place.
struct Spelling {
    text: [u8; LONGEST],
    first: usize,
}

impl Spelling {
    fn put(&mut self, byte: u8) {
        self.first -= 1;
        self.text[self.first] = byte;
    }

    /// The number in base 36, lower case, without leading zeros.
    fn put_base36(&mut self, mut number: u64) {
        const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        loop {
            self.put(DIGITS[(number % 36) as usize]);
            number /= 36;
            if number == 0 {
                break;
            }
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.text[self.first..]
    }

    /// Only ASCII is ever put in.
    fn as_str(&self) -> &str {
        str::from_utf8(self.bytes()).unwrap_or_default()
    }
}

impl ClientOrderId {
    /// `None` unless the text is one that Binance accepts.
    pub fn parse(text: &str) -> Option<ClientOrderId> {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        ((1..=36).contains(&text.len()) && text.bytes().all(legal)).then(|| ClientOrderId::from(text))
    }

    pub fn text(&self) -> Cow<'_, str> {
        match &self.0 {
            Name::Given { session, sequence } => Cow::Owned(session.spelling(*sequence).as_str().to_owned()),
            Name::Foreign(text) => Cow::Borrowed(text),
        }
    }
}

/// Any text, for what the venue says of orders that are not ours.
impl From<&str> for ClientOrderId {
    fn from(text: &str) -> ClientOrderId {
        ClientOrderId(Session::read(text).unwrap_or_else(|| Name::Foreign(text.into())))
    }
}

impl Serialize for ClientOrderId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClientOrderId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(ClientOrderId::from(&*Cow::<'de, str>::deserialize(deserializer)?))
    }
}

impl fmt::Debug for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text())
    }
}

impl fmt::Display for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Name::Given { session, sequence } => f.pad(session.spelling(*sequence).as_str()),
            Name::Foreign(text) => f.pad(text),
        }
    }
}

impl StateHash for ClientOrderId {
    fn state_hash(&self, digest: &mut Digest) {
        match &self.0 {
            Name::Given { session, sequence } => digest.bytes(session.spelling(*sequence).bytes()),
            Name::Foreign(text) => digest.text(text),
        }
    }
}

impl StateHash for OrderId {
    fn state_hash(&self, digest: &mut Digest) {
        digest.i64(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_session_knows_the_orders_it_named(session in any::<u64>(), sequence in any::<u64>(), other in any::<u64>()) {
            let id = Session(session).client_order_id(sequence);
            prop_assert_eq!(ClientOrderId::parse(&id.text()), Some(id.clone()), "Binance accepts it");
            prop_assert_eq!(Session(session).sequence_of(&id), Some(sequence));
            prop_assert_eq!(Session(other).sequence_of(&id).is_some(), other == session);
        }
    }

    proptest! {
        #[test]
        fn any_text_stays_as_it_is_and_equals_only_itself(session in "0?[0-9a-zA-Z]{0,14}", sequence in "[0-9a-z+]{0,3}") {
            let text = format!("k-{session}-{sequence}");
            let id = ClientOrderId::from(text.as_str());
            prop_assert_eq!(id.text(), text.as_str());
            prop_assert_eq!(id.to_string(), text.as_str());
            let json = serde_json::to_string(&id).expect("a text");
            prop_assert_eq!(json.clone(), format!("{text:?}"));
            prop_assert_eq!(serde_json::from_str::<ClientOrderId>(&json).expect("a text"), id);
        }
    }

    #[test]
    fn ids_are_base_36_without_leading_zeros() {
        assert_eq!(Session(0).client_order_id(35).text(), "k-0-z");
        assert_eq!(Session(36).client_order_id(1_295).text(), "k-10-zz");
        assert_eq!(Session(u64::MAX).client_order_id(u64::MAX).text(), "k-3w5e11264sgsf-3w5e11264sgsf");
    }
}
