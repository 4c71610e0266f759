//! `Effect`: everything the engine wants from the outside.
//!
//! Invariant: effects are values in the order in which they are to be carried out; an order appears only as `Approved`.
//! Absent on purpose: how they are carried out (`runtime::dispatch`).

use super::model::InferRequest;
use super::notice::Notice;
use super::risk::Approved;
use crate::domain::{ClientOrderId, Digest, StateHash, SymbolId};

#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Place an order or an OCO. Sent at most once, whatever happens.
    Submit(Approved),
    /// Cancel an order; one leg of an OCO cancels the whole list.
    Cancel { symbol: SymbolId, client_id: ClientOrderId },
    /// Cancel the order of this id and, if that works, place another on the same symbol in its place.
    Replace { symbol: SymbolId, client_id: ClientOrderId, order: Approved },
    /// Ask the venue what became of an order.
    Query { symbol: SymbolId, client_id: ClientOrderId },
    /// Ask a model; the answer comes as `Input::Inferred`.
    Infer(InferRequest),
    /// Something a person or a log should see.
    Notice(Notice),
}

/// The list that one step fills. Reused between steps.
#[derive(Debug, Default)]
pub struct Effects(Vec<Effect>);

impl Effects {
    pub fn push(&mut self, effect: Effect) {
        self.0.push(effect);
    }

    pub fn notice(&mut self, notice: Notice) {
        self.0.push(Effect::Notice(notice));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn drain(&mut self) -> std::vec::Drain<'_, Effect> {
        self.0.drain(..)
    }
}

/// What the venue and the models are asked; notices are words and take no part.
impl StateHash for Effect {
    fn state_hash(&self, digest: &mut Digest) {
        match self {
            Effect::Submit(approved) => {
                digest.u8(0);
                digest.add(approved);
            }
            Effect::Cancel { symbol, client_id } => {
                digest.u8(1);
                digest.add(symbol);
                digest.add(client_id);
            }
            Effect::Query { symbol, client_id } => {
                digest.u8(2);
                digest.add(symbol);
                digest.add(client_id);
            }
            Effect::Replace { symbol, client_id, order } => {
                digest.u8(3);
                digest.add(symbol);
                digest.add(client_id);
                digest.add(order);
            }
            Effect::Infer(request) => {
                digest.u8(4);
                digest.u64(request.number);
                digest.u8(request.slot as u8);
                digest.add(&request.symbol);
                digest.u64(request.model);
                request.input.iter().for_each(|number| digest.u64(u64::from(number.to_bits())));
            }
            Effect::Notice(_) => {}
        }
    }
}
