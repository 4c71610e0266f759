//! `Position`: what the engine holds of one base asset, at average cost with fees.
//!
//! Invariant: `cost` is what the held quantity cost, fees included; selling a part takes that part of the cost.
//! Absent on purpose: short positions (spot).

use serde::{Deserialize, Serialize};

use crate::domain::{Digest, Money, Price, Quantity, StateHash, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Position {
    pub quantity: Quantity,
    pub cost: Value,
    pub realised: Value,
}

/// A fill split into what it does to the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booking {
    /// Base asset that came in or went out, fee in base already taken off.
    pub quantity: Quantity,
    /// Quote currency that went out or came in, fee in quote already included.
    pub quote: Money,
    /// Fee paid in a third asset, valued in quote currency.
    pub other_fee: Value,
}

/// A booking that the position cannot take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingError {
    Overflow,
    SoldMoreThanHeld,
}

impl Booking {
    /// A fee larger than the fill is no number that a venue sends.
    fn check(&self) -> Result<(), BookingError> {
        if self.quantity.is_negative() { Err(BookingError::Overflow) } else { Ok(()) }
    }
}

impl Position {
    /// Bought: cost grows by the quote paid and by a fee in a third asset.
    pub fn buy(&mut self, booking: Booking) -> Result<(), BookingError> {
        booking.check()?;
        let quantity = self.quantity.checked_add(booking.quantity).ok_or(BookingError::Overflow)?;
        let paid = booking.quote.to_value().checked_add(booking.other_fee).ok_or(BookingError::Overflow)?;
        self.cost = self.cost.checked_add(paid).ok_or(BookingError::Overflow)?;
        self.quantity = quantity;
        Ok(())
    }

    /// Sold: realises proceeds less the sold part of the cost and a fee in a third asset.
    pub fn sell(&mut self, booking: Booking) -> Result<(), BookingError> {
        booking.check()?;
        if booking.quantity > self.quantity {
            return Err(BookingError::SoldMoreThanHeld);
        }
        let left = self.quantity.checked_sub(booking.quantity).ok_or(BookingError::Overflow)?;
        let cost = self.cost.portion(booking.quantity, self.quantity);
        let gained = booking.quote.to_value().checked_sub(cost).and_then(|gain| gain.checked_sub(booking.other_fee));
        self.realised = gained.and_then(|gain| self.realised.checked_add(gain)).ok_or(BookingError::Overflow)?;
        self.cost = Value(self.cost.0 - cost.0);
        self.quantity = left;
        Ok(())
    }

    #[inline]
    pub fn value(&self, mark: Price) -> Value {
        Value::of(mark, self.quantity)
    }

    #[inline]
    pub fn unrealised(&self, mark: Price) -> Value {
        Value(self.value(mark).0.saturating_sub(self.cost.0))
    }

    /// Average cost of one unit, fees included, for display.
    pub fn average_cost(&self) -> Option<f64> {
        self.quantity.is_positive().then(|| self.cost.to_f64() / self.quantity.to_f64())
    }
}

impl StateHash for Position {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.quantity);
        digest.add(&self.cost);
        digest.add(&self.realised);
    }
}
