//! `Vitals`: what the screen shows besides the engine's snapshot: links, speed, memory, settings file, the run's end.
//!
//! Invariant: absent things are `None` and are not shown; ages are in whole seconds, so that an idle screen stays still.
//! Absent on purpose: how they are measured (`app`).

use super::editor::Setting;
use super::format;
use super::text::{Texts, fill};
use super::theme::Theme;
use crate::domain::Ratio;

#[derive(Debug, Clone, PartialEq)]
pub struct Vitals {
    /// The rung of the ladder: DEMO, PAPER, TESTNET, LIVE.
    pub mode: Mode,
    /// What is traded on: "a generated market", or the names of files.
    pub market: String,
    /// "60x", "max".
    pub speed: String,
    pub link: Link,
    /// Resident memory in MiB.
    pub memory: Option<u64>,
    /// Where the settings came from: a path, or "the built-in settings".
    pub settings_name: String,
    /// No settings file yet: the person is new here.
    pub first_run: bool,
    /// What is wrong with the settings file now, as a sentence.
    pub settings_problem: Option<String>,
    /// What may be edited here, with its present value and range.
    pub fields: Vec<Field>,
    /// For the cost of leaving.
    pub taker_fee: Ratio,
    pub run: RunState,
    /// As the settings and the environment want it.
    pub theme: Theme,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Demo,
    Paper,
    Testnet,
    Live,
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
    /// "0 to 100", "0 to below 100".
    pub fn range(&self, texts: &Texts) -> String {
        let template = if self.below_most { texts.range_below } else { texts.range };
        fill(template, &[&format::setting(self.least), &format::setting(self.most)])
    }
}

impl Vitals {
    pub fn field(&self, setting: Setting) -> Option<&Field> {
        self.fields.iter().find(|field| field.setting == setting)
    }
}
