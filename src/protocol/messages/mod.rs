//! The messages, and the few shapes that all of them share: open sets of names, large decimals, book levels, time units.
//!
//! Invariant: what Binance adds later (a status, an order type, a field) never makes a known message unreadable.
//! Absent on purpose: exchangeInfo and its filters (`protocol::filters`).

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::domain::fixed::{Fixed, FixedError, PLACES};
use crate::domain::{ExecutionType, OrderStatus, OrderType, Price, Quantity, Side, Time, TimeInForce};

pub mod lockstep;
pub mod market;
pub mod order;
pub mod replace;
pub mod rest;
pub mod ticker;
pub mod user;
pub mod ws_api;

/// A name out of a set that Binance may extend: known, or its text kept as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Open<T> {
    Known(T),
    Other(Box<str>),
}

/// A closed vocabulary of ours that has a text on the wire.
pub trait WireName: Copy + 'static {
    const ALL: &'static [Self];

    fn wire_name(self) -> &'static str;

    /// The value of this name, matched by exact case.
    fn from_wire(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.wire_name() == text)
    }
}

/// A decimal that may exceed fixed point (volumes) or that the domain holds as a float (bars).
/// Prints eight places, as Binance does, where they read back to the same f64, else the shortest text that does; never an
/// exponent.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Amount(pub f64);

/// One price level `[price, quantity]` of a book; quantity zero removes the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level(pub Price, #[serde(deserialize_with = "saturating")] pub Quantity);

/// The unit of all times of a connection. Binance's default is milliseconds; `timeUnit=MICROSECOND` in the URL or the
/// header `X-MBX-TIME-UNIT` switches it (rest-api.md, "Time unit"). This is the one place where the unit is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum TimeUnit {
    #[default]
    Millisecond,
    Microsecond,
}

impl TimeUnit {
    /// `MILLISECOND` or `MICROSECOND`, in either case; `None` otherwise (the venue answers -1194).
    pub fn parse(text: &str) -> Option<TimeUnit> {
        match () {
            () if text.eq_ignore_ascii_case("MILLISECOND") => Some(TimeUnit::Millisecond),
            () if text.eq_ignore_ascii_case("MICROSECOND") => Some(TimeUnit::Microsecond),
            () => None,
        }
    }

    /// The unit of a request's `timestamp`, which may be either in any call: by magnitude (milliseconds reach 1e14 in 5138).
    pub const fn of_timestamp(wire: i64) -> TimeUnit {
        if wire >= 100_000_000_000_000 { TimeUnit::Microsecond } else { TimeUnit::Millisecond }
    }

    pub const fn read(self, wire: i64) -> Time {
        match self {
            TimeUnit::Millisecond => Time::from_millis(wire),
            TimeUnit::Microsecond => Time(wire),
        }
    }

    /// Milliseconds are rounded down.
    pub const fn write(self, time: Time) -> i64 {
        match self {
            TimeUnit::Millisecond => time.millis(),
            TimeUnit::Microsecond => time.0,
        }
    }
}

impl<T: WireName> Open<T> {
    pub fn as_str(&self) -> &str {
        match self {
            Open::Known(value) => value.wire_name(),
            Open::Other(text) => text,
        }
    }

    pub fn known(&self) -> Option<T> {
        match self {
            Open::Known(value) => Some(*value),
            Open::Other(_) => None,
        }
    }

    pub fn from_wire(text: &str) -> Open<T> {
        T::from_wire(text).map_or_else(|| Open::Other(text.into()), Open::Known)
    }
}

impl<T: WireName> From<T> for Open<T> {
    fn from(value: T) -> Self {
        Open::Known(value)
    }
}

impl<T: WireName> Serialize for Open<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de, T: WireName> Deserialize<'de> for Open<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(OpenVisitor(std::marker::PhantomData))
    }
}

struct OpenVisitor<T>(std::marker::PhantomData<T>);

impl<T: WireName> Visitor<'_> for OpenVisitor<T> {
    type Value = Open<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Open<T>, E> {
        Ok(Open::from_wire(text))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let places = format!("{:.8}", self.0);
        if places.parse() == Ok(self.0) { serializer.serialize_str(&places) } else { serializer.collect_str(&self.0) }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(AmountVisitor)
    }
}

struct AmountVisitor;

impl Visitor<'_> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number in a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Amount, E> {
        let number = text.parse().ok().filter(|x: &f64| x.is_finite());
        number.map(Amount).ok_or_else(|| E::custom(format!("{text:?} is not a finite decimal number")))
    }
}

/// Reads a decimal of the public market, where one absurd number must not cost the frame: what is too large becomes the
/// largest value, places beyond the eighth are cut. Never used for our own orders and balances.
pub fn saturating<'de, D: Deserializer<'de>, U>(deserializer: D) -> Result<Fixed<U>, D::Error> {
    deserializer.deserialize_str(SaturatingVisitor(std::marker::PhantomData))
}

struct SaturatingVisitor<U>(std::marker::PhantomData<U>);

impl<U> Visitor<'_> for SaturatingVisitor<U> {
    type Value = Fixed<U>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number in a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Fixed<U>, E> {
        match text.parse() {
            Ok(number) => Ok(number),
            Err(FixedError::OutOfRange) if text.starts_with('-') => Ok(Fixed::from_raw(i64::MIN)),
            Err(FixedError::OutOfRange) => Ok(Fixed::MAX),
            // The places are ASCII digits, so the cut falls between characters; what is left has at most eight.
            Err(FixedError::TooPrecise) => match text.find('.').map(|point| text[..point + 1 + PLACES].parse()) {
                Some(Ok(number)) => Ok(number),
                Some(Err(_)) | None => Ok(if text.starts_with('-') { Fixed::from_raw(i64::MIN) } else { Fixed::MAX }),
            },
            Err(FixedError::NotADecimal) => Err(E::custom(format!("{text:?} is not a decimal number"))),
        }
    }
}

impl WireName for Side {
    const ALL: &'static [Side] = &[Side::Buy, Side::Sell];

    fn wire_name(self) -> &'static str {
        self.as_str()
    }
}

impl WireName for OrderType {
    const ALL: &'static [OrderType] =
        &[OrderType::Market, OrderType::Limit, OrderType::LimitMaker, OrderType::StopLoss, OrderType::TakeProfit];

    fn wire_name(self) -> &'static str {
        self.as_str()
    }
}

impl WireName for TimeInForce {
    const ALL: &'static [TimeInForce] = &[TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok];

    fn wire_name(self) -> &'static str {
        self.as_str()
    }
}

impl WireName for OrderStatus {
    const ALL: &'static [OrderStatus] = &[
        OrderStatus::New,
        OrderStatus::PartiallyFilled,
        OrderStatus::Filled,
        OrderStatus::Canceled,
        OrderStatus::Expired,
        OrderStatus::Rejected,
        OrderStatus::PendingNew,
        OrderStatus::PendingCancel,
        OrderStatus::ExpiredInMatch,
    ];

    fn wire_name(self) -> &'static str {
        self.as_str()
    }
}

impl WireName for ExecutionType {
    const ALL: &'static [ExecutionType] = &[
        ExecutionType::New,
        ExecutionType::Trade,
        ExecutionType::Canceled,
        ExecutionType::Expired,
        ExecutionType::Rejected,
        ExecutionType::Replaced,
        ExecutionType::TradePrevention,
    ];

    fn wire_name(self) -> &'static str {
        self.as_str()
    }
}
