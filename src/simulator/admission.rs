//! Admission: whether a request may stand, and how an accepted order enters.
//!
//! Invariant: a refused request has changed nothing.
//! Absent on purpose: executions (`matching`).

use crate::domain::{NewOco, NewOrder, SymbolId, Time};

use super::Simulator;
use super::orders::{AccountId, ListRecord, ListRef, OrderRecord, OrderRef, Placed, PlacedList, Refusal};

impl Simulator {
    /// Accepts an order, or refuses it and changes nothing.
    pub fn place(&mut self, account: AccountId, now: Time, order: &NewOrder) -> Result<Placed, Refusal> {
        let _ = (account, now, order);
        todo!()
    }

    /// Accepts both legs of an OCO, or refuses it and changes nothing.
    pub fn place_oco(&mut self, account: AccountId, now: Time, oco: &NewOco) -> Result<PlacedList, Refusal> {
        let _ = (account, now, oco);
        todo!()
    }

    /// Cancels an open order; a leg of an OCO takes its whole list with it. Returns the order as cancelled.
    pub fn cancel(
        &mut self,
        account: AccountId,
        now: Time,
        symbol: SymbolId,
        which: &OrderRef,
    ) -> Result<OrderRecord, Refusal> {
        let _ = (account, now, symbol, which);
        todo!()
    }

    /// Cancels both legs of an open OCO. Returns the list as done.
    pub fn cancel_list(
        &mut self,
        account: AccountId,
        now: Time,
        symbol: SymbolId,
        which: &ListRef,
    ) -> Result<ListRecord, Refusal> {
        let _ = (account, now, symbol, which);
        todo!()
    }
}
