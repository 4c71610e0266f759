//! What the screen is told of models: the runtime's view joined with the cards.
//!
//! Invariant: nothing of it reaches the engine.
//! Absent on purpose: what models said of a symbol, which stands in the engine's snapshot.

use crate::domain::Time;
use crate::engine::model::ModelSlot;
use crate::inference::registry::{Badge, Installed};
use crate::inference::{LibraryState, ModelView, RuntimeView};
use crate::tui::models::{Library, Models, Running, Seat};

/// A card by its slot, as a run began or a swap changed it.
#[derive(Debug, Clone, PartialEq)]
pub struct Carded {
    pub slot: ModelSlot,
    pub verdict: String,
    pub trained: Time,
    pub is_champion: bool,
}

impl Carded {
    pub fn of(slot: ModelSlot, installed: &Installed) -> Carded {
        Carded {
            slot,
            verdict: installed.card.verdict.clone(),
            trained: Time::from_millis(installed.card.training.finished),
            is_champion: installed.badge() == Badge::Champion,
        }
    }
}

pub fn shown(view: &RuntimeView, cards: &[Carded]) -> Models {
    let library =
        Library { sentence: view.library.sentence.clone(), works: matches!(view.library.state, LibraryState::Ready) };
    Models {
        library: Some(library).filter(|_| !view.models.is_empty()),
        seats: view.models.iter().map(|model| seat(model, cards)).collect(),
    }
}

fn seat(model: &ModelView, cards: &[Carded]) -> Seat {
    let card = cards.iter().find(|card| card.slot == model.slot);
    let latency = match (model.latency, model.median, model.percentile_99) {
        (Some(last), Some(median), Some(most)) => Some([last, median, most]),
        (_, _, _) => None,
    };
    Seat {
        slot: model.slot,
        name: model.name.clone(),
        is_champion: card.is_some_and(|card| card.is_champion),
        verdict: card.map(|card| card.verdict.clone()).unwrap_or_default(),
        trained: card.map(|card| card.trained),
        running: model.provider.map(|provider| Running { provider: provider.to_string(), latency }),
        troubles: model.error.iter().chain(&model.alarm).cloned().collect(),
    }
}
