//! `replace`: one order goes, another comes, as Binance's cancelReplace with STOP_ON_FAILURE does it.
//!
//! Invariant: filters and counts are checked before the cancel frees anything; without the cancel nothing is placed.
//! Absent on purpose: ALLOW_FAILURE, which is a cancel and an order in one message (`exchange::calls`).

use crate::domain::{ClientOrderId, NewOrder, Time};

use super::Simulator;
use super::orders::{AccountId, OrderRef, Placed, Refusal};

/// What became of a replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaced {
    /// The new order could not have stood, whatever the cancel freed: nothing was done.
    Refused(Refusal),
    /// The old order could not be cancelled: the new one was not tried.
    NotCancelled(Refusal),
    /// The old order is gone; what became of the new one.
    Cancelled(Result<Placed, Refusal>),
}

impl Simulator {
    /// Cancels the order of this client id on the new order's symbol, then places the new one.
    pub fn replace(&mut self, account: AccountId, now: Time, canceled: &ClientOrderId, order: &NewOrder) -> Replaced {
        if let Err(refusal) = self.may_stand(account, order) {
            return Replaced::Refused(refusal);
        }
        match self.cancel(account, now, order.symbol, &OrderRef::Client(canceled.clone())) {
            Ok(_) => Replaced::Cancelled(self.place(account, now, order)),
            Err(refusal) => Replaced::NotCancelled(refusal),
        }
    }

    /// Whether an order passes all filters now, beside the orders that are open.
    pub fn may_stand(&self, account: AccountId, order: &NewOrder) -> Result<(), Refusal> {
        self.check(account, order).map(|_| ())
    }
}
