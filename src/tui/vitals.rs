//! `Vitals`: what the screen shows besides the engine's snapshot: links, speed, memory, settings file, the run's end, a
//! backtest beside it, models and what runs them.
//!
//! Invariant: absent things are `None` and are not shown; ages are in whole seconds, so that an idle screen stays still.
//! Absent on purpose: how they are measured (`app`).

use super::backtest::Backtest;
use super::editor::Setting;
use super::format;
use super::models::Models;
use super::text::{Texts, fill};
use super::theme::Theme;
use crate::domain::Ratio;

#[derive(Debug, Clone, PartialEq)]
pub struct Vitals {
    /// The rung of the ladder: DEMO, PAPER, TESTNET, LIVE.
    pub mode: Mode,
    pub market: Market,
    /// Virtual seconds a second; `None` is as fast as it goes.
    pub speed: Option<f64>,
    pub link: Link,
    /// Resident memory in MiB.
    pub memory: Option<u64>,
    /// No settings file yet: the person is new here.
    pub first_run: bool,
    /// What is wrong with the settings file now, as a sentence.
    pub settings_problem: Option<String>,
    /// What may be edited here, with its present value and range.
    pub fields: Vec<Field>,
    /// For the cost of leaving.
    pub taker_fee: Ratio,
    pub run: RunState,
    /// Runs begun so far: a short one may end before anybody looks.
    pub runs: u32,
    /// As the settings and the environment want it.
    pub theme: Theme,
    pub backtest: Backtest,
    pub models: Models,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Demo,
    Paper,
    Testnet,
    Live,
}

/// Where the prices come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Market {
    Generated,
    /// Recorded; the files' names.
    Files(Vec<String>),
    /// The market of an exchange in another process.
    Elsewhere,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    Connecting,
    /// Whole seconds since the last event; zero is live.
    Up {
        age: u64,
    },
    Down {
        why: String,
    },
}

/// An editable setting as the file has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    pub setting: Setting,
    pub value: f64,
    pub least: f64,
    pub most: f64,
    /// The value must stay below `most`.
    pub below_most: bool,
    /// Whole numbers only.
    pub whole: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunState {
    Running,
    /// The data are finished.
    Finished,
    /// A door gave up; the sentence says why.
    Failed(String),
}

impl Mode {
    pub const fn as_str(self) -> &'static str {
        match self {
            Mode::Demo => "DEMO",
            Mode::Paper => "PAPER",
            Mode::Testnet => "TESTNET",
            Mode::Live => "LIVE",
        }
    }
}

impl Field {
    /// "0 to 100", "0 to below 100", "whole numbers, 1 to 240".
    pub fn range(&self, texts: &Texts) -> String {
        let template = if self.below_most { texts.range_below } else { texts.range };
        let range = fill(template, &[&format::setting(self.least), &format::setting(self.most)]);
        if self.whole { fill(texts.range_whole, &[&range]) } else { range }
    }
}

impl Market {
    pub fn name(&self, texts: &Texts) -> String {
        match self {
            Market::Generated => texts.market_generated.to_owned(),
            Market::Elsewhere => texts.market_elsewhere.to_owned(),
            Market::Files(names) => match names.as_slice() {
                [] => String::new(),
                [one] => one.clone(),
                [first, rest @ ..] => fill(texts.market_files, &[first, &rest.len().to_string()]),
            },
        }
    }
}

impl Vitals {
    /// "60x", "max speed".
    pub fn speed(&self, texts: &Texts) -> String {
        self.speed.map_or_else(|| texts.max_speed.to_owned(), |times| format!("{times}x"))
    }

    pub fn field(&self, setting: Setting) -> Option<&Field> {
        self.fields.iter().find(|field| field.setting == setting)
    }
}
