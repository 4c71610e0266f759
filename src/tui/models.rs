//! What is told of models and of the library that runs them; what they said stands in the snapshot.
//!
//! Invariant: a model is a challenger unless it is said to be champion; what it is worth is its card's own sentence.
//! Absent on purpose: how it is measured (`app`), the file and the card (`kestrel models show`).

use std::time::Duration;

use super::text::Texts;
use crate::domain::Time;
use crate::engine::model::ModelSlot;
use crate::engine::settings::StrategyName;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Models {
    /// The state of the runtime library as a full sentence; `None` where no model is to run.
    pub library: Option<Library>,
    /// Those that the settings name, in the order of the slots.
    pub seats: Vec<Seat>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    pub sentence: String,
    /// It runs models.
    pub works: bool,
}

/// A model in its slot.
#[derive(Debug, Clone, PartialEq)]
pub struct Seat {
    pub slot: ModelSlot,
    pub name: String,
    pub is_champion: bool,
    /// The card's.
    pub verdict: String,
    pub trained: Option<Time>,
    /// `None` while it does not run.
    pub running: Option<Running>,
    /// Why it does not run or did not answer last, or what people must be told though it runs: full sentences.
    pub troubles: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// `CPU`, `CUDA`.
    pub provider: String,
    /// A question's: the last one, the median and the 99th percentile of the last ones; `None` before the first.
    pub latency: Option<[Duration; 3]>,
}

impl Models {
    pub fn seat(&self, slot: ModelSlot) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.slot == slot)
    }

    /// What a strategy's place in the list is called: champion, challenger, or an empty slot. Rules have none.
    pub fn badge(&self, strategy: StrategyName, texts: &Texts) -> Option<&'static str> {
        let is_challenged = self.seats.iter().any(|seat| seat.is_champion);
        match (strategy, strategy.slot()) {
            (StrategyName::Flat, _) if !is_challenged => Some(texts.champion),
            (_, Some(slot)) => Some(self.seat(slot).map_or(texts.no_model, |seat| seat.badge(texts))),
            (_, None) => None,
        }
    }
}

impl Seat {
    pub fn badge(&self, texts: &Texts) -> &'static str {
        if self.is_champion { texts.champion } else { texts.challenger }
    }
}
