//! `ModelCard`: what is told of a model, `card.json` in its folder.
//!
//! Invariant: a figure carries its sample, its interval where there is one, and what flat or a baseline has.
//! Absent on purpose: weights, which stand in the ONNX file that `file` names.

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};

use crate::engine::model::{ModelSlot, Payoffs};
use crate::market::barriers::Barriers;
use crate::market::features::SavedNormaliser;

/// Goes up when a card changes so that older programs cannot read it.
pub const CARD_FORMAT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCard {
    pub format: u32,
    /// Lower-case letters, digits and `-`; as the folder is called.
    pub name: String,
    pub kind: ModelSlot,
    /// One honest sentence or two: does it beat flat, does it beat holding.
    pub verdict: String,
    /// The ONNX file beside the card: `model-<first 12 digits of sha256>.onnx`.
    pub file: String,
    pub bytes: u64,
    /// Of the ONNX file, 64 hex digits.
    pub sha256: String,
    pub input: InputCard,
    pub output: OutputCard,
    /// A copy for readers; the graph holds it.
    pub normaliser: SavedNormaliser,
    pub data: Vec<DataRange>,
    /// Models that it was trained on from: their SHA-256 and data.
    pub lineage: Vec<Ancestor>,
    pub training: TrainingCard,
    pub figures: Vec<Figure>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputCard {
    /// `ohlcv` or `full`.
    pub schema: String,
    /// Sixteen hex digits.
    pub schema_hash: String,
    pub columns: u32,
    /// Observations in one input, oldest first. The graph's input is `observations`: float32 [batch, rows * columns], and
    /// where the output is an exposure so many more as the standing has numbers.
    pub rows: u16,
    pub every_minutes: u16,
}

/// What the graph's one output means: float32 [batch, 1].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum OutputCard {
    Probability(ProbabilityCard),
    Exposure(ExposureCard),
}

impl<'de> Deserialize<'de> for OutputCard {
    /// What speaks of a standing is an exposure; so that a strange field is named, and not that nothing fits.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OutputCard, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let card = match value.get("standing") {
            Some(_) => serde_json::from_value(value).map(OutputCard::Exposure),
            None => serde_json::from_value(value).map(OutputCard::Probability),
        };
        card.map_err(D::Error::custom)
    }
}

/// The output `exposure`: the share of full size that is wanted, -1 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExposureCard {
    pub meaning: String,
    /// Names of the numbers that follow the market's rows in an input, as they stand.
    pub standing: Vec<String>,
    /// Rate a decision at which the standing's mean and mean square of returns forget.
    pub sharpe_rate: f64,
    /// Cost of a side with which it was trained, as a fraction.
    pub side_cost: f64,
    /// Smallest change of exposure that was carried out when it was trained.
    pub no_trade_band: f64,
    /// What its reward was made of, by name.
    pub reward: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbabilityCard {
    /// What the graph's output `probability` (float32 [batch, 1]) is the probability of.
    pub meaning: String,
    pub barriers: Barriers,
    pub payoffs: Payoffs,
    /// Cost of a side with which trades were labelled, as a fraction.
    pub side_cost: f64,
    /// How scores became probabilities, and on how many rows that was fitted.
    pub calibration: String,
    pub calibration_rows: u64,
}

/// A stretch of bars and what it was used for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataRange {
    pub symbol: String,
    /// `spot`, `um` or `generated`.
    pub market: String,
    /// Open times of the first and last bar, ms UTC.
    pub first: i64,
    pub last: i64,
    pub bars: u64,
    pub role: DataRole,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataRole {
    /// Fitted, calibrated and stopped on.
    Training,
    /// Seen once, after everything was decided.
    HeldOut,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ancestor {
    pub sha256: String,
    pub data: Vec<DataRange>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingCard {
    /// The command that makes it again.
    pub command: String,
    /// Version of the program.
    pub version: String,
    pub seed: u64,
    /// ms UTC.
    pub finished: i64,
    pub cpu_seconds: f64,
    /// Settings of the learner by name.
    pub settings: serde_json::Map<String, serde_json::Value>,
}

/// One measured number with what it must be compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// `log_loss`, `expected_calibration_error`, `net_return`, ...
    pub name: String,
    /// Where it was measured: `held out BTCUSDT 2024-06..2024-08`, `martingale`, ...
    pub on: String,
    /// `None`: not defined there; `note` says why.
    pub value: Option<f64>,
    /// 95 % interval.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Rows or trades behind it.
    pub sample: u64,
    /// What somebody without skill has: its name and value.
    pub baseline: Option<(String, f64)>,
    pub note: Option<String>,
}
