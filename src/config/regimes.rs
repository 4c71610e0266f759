//! The fitted regimes: `assets/regimes.json`, embedded.
//!
//! Invariant: a model that leaves here has passed its check.
//! Absent on purpose: fitting (`market::regime::fitting`) and writing (`kestrel data regimes`).

use crate::market::regime::RegimeModel;

const FITTED: &str = include_str!("../../assets/regimes.json");

/// The shipped model.
pub fn regimes() -> RegimeModel {
    // The file is part of the program and a test reads it whole, so a fault in it cannot reach a user.
    regimes_of(FITTED).unwrap_or_default()
}

/// The model of a file's text; the sentence says what is wrong with it.
pub fn regimes_of(text: &str) -> Result<RegimeModel, String> {
    let model: RegimeModel = serde_json::from_str(text)
        .map_err(|error| format!("not a file of regimes ({error}): fit them with `kestrel data regimes`"))?;
    model.check().map_err(|error| error.to_string())?;
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::{FITTED, regimes, regimes_of};

    #[test]
    fn the_embedded_model_was_fitted_on_named_recordings_and_treats_rise_and_fall_alike() {
        let model = regimes_of(FITTED).expect("assets/regimes.json");
        assert_eq!(model, regimes());
        assert!(model.command.starts_with("kestrel data regimes") && model.data.len() >= 5, "{model:?}");
        // Nothing from the months that are held out.
        let held_out = 1_719_792_000_000;
        assert!(model.data.iter().all(|data| data.last < held_out && data.bars > 40_000));
        let [quiet, ordinary, up, down, volatile] = model.centres;
        assert_eq!(up, [-down[0], down[1]]);
        assert!(quiet[1] < ordinary[1] && ordinary[1] < volatile[1] && up[0] > 1.0, "{model:?}");
    }

    #[test]
    fn a_damaged_model_is_refused_with_a_sentence() {
        for (from, to) in [("\"penalty\"", "\"price\""), ("\"deviations\": [", "\"deviations\": [0.0, "), ("{", "")] {
            let text = FITTED.replacen(from, to, 1);
            assert_ne!(text, FITTED);
            let sentence = regimes_of(&text).expect_err("damaged");
            assert!(sentence.contains("kestrel data regimes"), "{sentence}");
        }
    }
}
