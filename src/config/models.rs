//! The key `models`: which model fills which slot.
//!
//! Invariant: a name that was accepted can be the name of a folder and nothing else.
//! Absent on purpose: whether there is such a model (`inference::registry`).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::document::shown;
use crate::engine::model::ModelSlot;

/// Names of models by their slots; a slot that is missing is empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(transparent)]
pub struct ModelNames(pub BTreeMap<ModelSlot, String>);

const LONGEST: usize = 40;

/// The error says what was found and what is allowed.
pub(super) fn read(value: &Value) -> Result<ModelNames, String> {
    let slots = || ModelSlot::ALL.map(ModelSlot::as_str).join(", ");
    let Some(given) = value.as_object() else {
        return Err(format!("found {}, allowed is an object with a key for each slot: {}", shown(value), slots()));
    };
    let mut names = ModelNames::default();
    for (slot, value) in given {
        let Some(known) = ModelSlot::parse(slot) else {
            let slot: String = slot.chars().take(60).collect();
            return Err(format!("unknown slot `{slot}`, allowed are {}", slots()));
        };
        if value.is_null() {
            continue;
        }
        let name = value.as_str().filter(|name| is_name(name)).ok_or_else(|| {
            format!(
                "slot `{slot}` is {}, allowed is null (empty) or the name of a model: lower-case letters, digits and -, \
                 at most {LONGEST} (`kestrel models list` shows them)",
                shown(value)
            )
        })?;
        names.0.insert(known, name.to_owned());
    }
    Ok(names)
}

fn is_name(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=LONGEST).contains(&name.len()) && name.chars().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn slots_are_filled_by_names_of_folders_and_by_nothing_else() {
        let names = read(&json!({"trees": "kestrel-trees", "temporal": null})).expect("names");
        assert_eq!(names.0, BTreeMap::from([(ModelSlot::Trees, "kestrel-trees".to_owned())]));
        for wrong in [
            json!([]),
            json!({"moon": "a"}),
            json!({"trees": ""}),
            json!({"trees": "../x"}),
            json!({"trees": "A"}),
            json!({"trees": 1}),
        ] {
            assert!(read(&wrong).is_err(), "{wrong}");
        }
    }
}
