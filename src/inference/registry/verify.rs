//! Does what a card says agree with itself, with this program and with the ONNX file beside it?
//!
//! Invariant: an `Installed` exists only of a card and a file that passed all checks here.
//! Absent on purpose: where they came from (`store`), whether the model is any good.

use std::path::Path;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::card::{CARD_FORMAT, DataRange, ExposureCard, ModelCard, OutputCard, ProbabilityCard};
use super::error::RegistryError;
use super::folder::{check_name, is_hex, onnx_name};
use crate::engine::model::{Meaning, ModelSlot, ModelSpec};
use crate::engine::standing;
use crate::inference::onnx::build::Answer;
use crate::inference::onnx::{Inspected, inspect};
use crate::market::features::{Normaliser, Schema};

const MOST_ROWS: u16 = 1_440;
const MOST_EVERY_MINUTES: u16 = 1_440;
/// Bounds of a trade's payoff in units of the barrier's width.
const MOST_PAYOFF: f64 = 100.0;

/// The SHA-256 of a file as a card spells it.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The card in this text, agreed with itself and with this program; `place` is its file.
pub fn read_card(place: &Path, text: &[u8]) -> Result<ModelCard, RegistryError> {
    let refuse = |why: String| RegistryError::refused(place, why);
    let value: Value =
        serde_json::from_slice(text).map_err(|error| refuse(format!("this is no card of a model ({error})")))?;
    let format = value.get("format").and_then(Value::as_u64);
    if format != Some(u64::from(CARD_FORMAT)) {
        let found = format.map_or_else(|| "none".to_string(), |format| format.to_string());
        return Err(refuse(format!("the card's format is {found}, this version of kestrel reads {CARD_FORMAT}")));
    }
    if let Some(found) = unprintable(&value) {
        return Err(refuse(format!("a text of the card holds {found:?}, allowed are printable characters")));
    }
    let card: ModelCard =
        serde_json::from_value(value).map_err(|error| refuse(format!("the card is damaged ({error})")))?;
    agree(&card).map_err(refuse)?;
    Ok(card)
}

/// The spec of a model whose card was read and whose file is this; `place` is the file's.
pub fn check(place: &Path, card: &ModelCard, bytes: &[u8]) -> Result<(ModelSpec, Inspected), RegistryError> {
    let refuse = |why: String| RegistryError::refused(place, why);
    if bytes.len() as u64 != card.bytes {
        return Err(refuse(format!("{} bytes, its card says {}", bytes.len(), card.bytes)));
    }
    let found = sha256(bytes);
    if found != card.sha256 {
        return Err(refuse(format!("its SHA-256 is {found}, its card says {}", card.sha256)));
    }
    let graph = inspect(bytes).map_err(|error| refuse(error.to_string()))?;
    let standing = card.kind.standing();
    let wanted = usize::from(card.input.rows) * card.input.columns as usize + standing;
    if graph.inputs != wanted {
        return Err(refuse(format!(
            "its input has {} numbers, its card says {} rows of {} columns and {standing} of its standing",
            graph.inputs, card.input.rows, card.input.columns
        )));
    }
    let answer = answer(card.kind);
    if graph.answer != answer {
        let (found, wanted) = (graph.answer.as_str(), answer.as_str());
        return Err(refuse(format!("its output is `{found}`, that of a model of {} is `{wanted}`", card.kind)));
    }
    let spec = spec(card).ok_or_else(|| refuse("its card spells a hash that is none".into()))?;
    Ok((spec, graph))
}

/// What the engine knows of it.
fn spec(card: &ModelCard) -> Option<ModelSpec> {
    Some(ModelSpec {
        name: card.name.clone(),
        digest: u64::from_str_radix(card.sha256.get(..16)?, 16).ok()?,
        schema: u64::from_str_radix(&card.input.schema_hash, 16).ok()?,
        rows: card.input.rows,
        every_minutes: card.input.every_minutes,
        meaning: match &card.output {
            OutputCard::Probability(output) => {
                Meaning::Probability { barriers: output.barriers, payoffs: output.payoffs }
            }
            OutputCard::Exposure(output) => Meaning::Exposure { sharpe_rate: output.sharpe_rate },
        },
    })
}

fn agree(card: &ModelCard) -> Result<(), String> {
    check_name(&card.name).map_err(|error| error.to_string())?;
    if !is_hex(&card.sha256, 64) {
        return Err("its sha256 is not 64 lower-case hex digits".into());
    }
    let file = onnx_name(&card.sha256);
    if card.file != file {
        return Err(format!("it names the file {:?}, allowed is {file}", card.file));
    }
    input(card)?;
    output(card)?;
    match card.data.iter().chain(card.lineage.iter().flat_map(|ancestor| &ancestor.data)).find(|range| !is_sound(range))
    {
        Some(range) => Err(format!("the data of {} end before they begin", range.symbol)),
        None => Ok(()),
    }
}

fn input(card: &ModelCard) -> Result<(), String> {
    let input = &card.input;
    let hash = Some(&input.schema_hash).filter(|text| is_hex(text, 16));
    let known = hash.and_then(|text| u64::from_str_radix(text, 16).ok()).and_then(Schema::by_hash);
    let Some(schema) = known else {
        let [ohlcv, full] = [Schema::ohlcv().id(), Schema::full().id()];
        return Err(format!(
            "it sees observations of schema {:?} ({}), this version of kestrel makes ohlcv ({ohlcv}) and full ({full})",
            input.schema_hash, input.schema
        ));
    };
    if input.schema != schema.name() || input.columns as usize != schema.width() {
        let (name, width) = (schema.name(), schema.width());
        return Err(format!(
            "its input is {} columns of {:?}, the schema with that hash is {width} columns of {name}",
            input.columns, input.schema
        ));
    }
    if !(1..=MOST_ROWS).contains(&input.rows) || !(1..=MOST_EVERY_MINUTES).contains(&input.every_minutes) {
        return Err(format!(
            "it sees {} rows every {} minutes, allowed are 1 to {MOST_ROWS} rows and 1 to {MOST_EVERY_MINUTES} minutes",
            input.rows, input.every_minutes
        ));
    }
    let normaliser = Normaliser::load(card.normaliser.clone(), &schema).map_err(|error| error.to_string())?;
    if normaliser.is_frozen() { Ok(()) } else { Err("its normaliser still learns, allowed is a frozen one".into()) }
}

/// What a model of this kind answers.
fn answer(kind: ModelSlot) -> Answer {
    match kind {
        ModelSlot::Trees | ModelSlot::Temporal => Answer::Probability,
        ModelSlot::Sac => Answer::Exposure,
    }
}

fn output(card: &ModelCard) -> Result<(), String> {
    match (&card.output, card.kind) {
        (OutputCard::Probability(output), ModelSlot::Trees | ModelSlot::Temporal) => probability(output),
        (OutputCard::Exposure(output), ModelSlot::Sac) => exposure(output),
        (OutputCard::Probability(_), ModelSlot::Sac) => {
            Err("a model of sac answers an exposure, not a probability".into())
        }
        (OutputCard::Exposure(_), ModelSlot::Trees | ModelSlot::Temporal) => {
            Err(format!("a model of {} answers a probability, not an exposure", card.kind))
        }
    }
}

fn exposure(output: &ExposureCard) -> Result<(), String> {
    if output.standing != standing::COLUMNS {
        return Err(format!(
            "it sees of its standing {:?}, this version of kestrel shows {:?}",
            output.standing,
            standing::COLUMNS
        ));
    }
    if !(output.sharpe_rate > 0.0 && output.sharpe_rate <= 1.0) {
        return Err(format!("its sharpe_rate is {}, allowed is above 0 to 1", output.sharpe_rate));
    }
    if !is_in(output.no_trade_band, 0.0, 1.0) {
        return Err(format!("its no_trade_band is {}, allowed is 0 to 1", output.no_trade_band));
    }
    side_cost(output.side_cost)
}

fn probability(output: &ProbabilityCard) -> Result<(), String> {
    let (barriers, payoffs) = (&output.barriers, &output.payoffs);
    if !(15..=240).contains(&barriers.horizon_minutes)
        || !is_in(barriers.deviations, 1e-3, 100.0)
        || !is_in(barriers.least_width, 1e-6, 0.2)
    {
        return Err(format!(
            "its trade ends after {} minutes or {} deviations, at least {}; allowed are 15 to 240, up to 100 and up to 0.2",
            barriers.horizon_minutes, barriers.deviations, barriers.least_width
        ));
    }
    let is_payoff = |value: f64| is_in(value, -MOST_PAYOFF, MOST_PAYOFF);
    if !is_payoff(payoffs.win) || !is_payoff(payoffs.loss) || payoffs.win <= payoffs.loss {
        return Err(format!("its trades win {} and lose {}, which cannot be", payoffs.win, payoffs.loss));
    }
    side_cost(output.side_cost)
}

fn side_cost(cost: f64) -> Result<(), String> {
    if is_in(cost, 0.0, 0.1) { Ok(()) } else { Err(format!("a side costs {cost}, allowed is 0 to 0.1")) }
}

fn is_in(value: f64, least: f64, most: f64) -> bool {
    (least..=most).contains(&value)
}

fn is_sound(range: &DataRange) -> bool {
    range.first <= range.last
}

/// The first character of the card's texts that must not reach a terminal.
fn unprintable(value: &Value) -> Option<char> {
    let of_text = |text: &str| text.chars().find(|letter| letter.is_control());
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
        Value::String(text) => of_text(text),
        Value::Array(values) => values.iter().find_map(unprintable),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| of_text(name).or_else(|| unprintable(value))),
    }
}
