//! `Editor`: a few settings edited in place, with their range and the effect on the next order.
//!
//! Invariant: a value leaves the editor only when it is a number within the field's range.
//! Absent on purpose: writing it (`app`) and what it does (`engine::preview`).

use tui_input::{Input, InputRequest};

use super::format;
use super::keymap::Key;
use super::message::Change;
use super::text::{Texts, fill};
use super::vitals::Field;
use crate::domain::{Money, Ratio};
use crate::engine::Settings;

/// What may be edited on the screen, in the editor's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    Invest,
    StopLoss,
    TakeProfit,
    MinTrade,
    StopMultiple,
    VolatilityTarget,
    DailyLoss,
    Urgency,
    ExecutionMinutes,
}

#[derive(Debug, Clone)]
pub struct Editor {
    /// The field under the cursor.
    pub setting: Setting,
    /// One for each setting, in their order.
    pub inputs: [Input; Setting::ALL.len()],
    pub error: Option<String>,
    /// On its way to the file.
    pub saving: bool,
}

/// Longer than any sensible number.
const LONGEST: usize = 16;

impl Setting {
    pub const ALL: [Setting; 9] = [
        Setting::Invest,
        Setting::StopLoss,
        Setting::TakeProfit,
        Setting::MinTrade,
        Setting::StopMultiple,
        Setting::VolatilityTarget,
        Setting::DailyLoss,
        Setting::Urgency,
        Setting::ExecutionMinutes,
    ];

    /// The key in config.json.
    pub const fn key(self) -> &'static str {
        match self {
            Setting::Invest => "invest_percent",
            Setting::StopLoss => "stop_loss_percent",
            Setting::TakeProfit => "take_profit_percent",
            Setting::MinTrade => "min_trade_size",
            Setting::StopMultiple => "stop_multiple",
            Setting::VolatilityTarget => "volatility_target_percent",
            Setting::DailyLoss => "daily_loss_percent",
            Setting::Urgency => "urgency_percent",
            Setting::ExecutionMinutes => "execution_minutes",
        }
    }

    pub const fn name(self, texts: &Texts) -> &'static str {
        match self {
            Setting::Invest => texts.invest,
            Setting::StopLoss => texts.stop_loss,
            Setting::TakeProfit => texts.take_profit,
            Setting::MinTrade => texts.min_trade,
            Setting::StopMultiple => texts.stop_multiple,
            Setting::VolatilityTarget => texts.volatility_target,
            Setting::DailyLoss => texts.daily_loss,
            Setting::Urgency => texts.urgency,
            Setting::ExecutionMinutes => texts.execution_minutes,
        }
    }

    /// What it does, where that shows in no preview of the next order.
    pub const fn about(self, texts: &Texts) -> Option<&'static str> {
        match self {
            Setting::Invest | Setting::StopLoss | Setting::TakeProfit | Setting::MinTrade => None,
            Setting::StopMultiple => Some(texts.about_stop_multiple),
            Setting::VolatilityTarget => Some(texts.about_volatility_target),
            Setting::DailyLoss => Some(texts.about_daily_loss),
            Setting::Urgency => Some(texts.about_urgency),
            Setting::ExecutionMinutes => Some(texts.about_execution_minutes),
        }
    }

    /// "%", "min", the quote currency.
    pub fn unit<'a>(self, texts: &Texts, quote: &'a str) -> &'a str {
        match self {
            Setting::Invest | Setting::StopLoss | Setting::TakeProfit | Setting::DailyLoss | Setting::Urgency => "%",
            Setting::MinTrade => quote,
            Setting::StopMultiple => "",
            Setting::VolatilityTarget => texts.unit_year,
            Setting::ExecutionMinutes => texts.unit_minutes,
        }
    }

    /// The settings with this value; `None` when the engine's number cannot hold it.
    pub fn applied(self, settings: &Settings, value: f64) -> Option<Settings> {
        let mut settings = settings.clone();
        match self {
            Setting::Invest => settings.invest = Ratio::from_percent(value)?,
            Setting::StopLoss => settings.stop_loss = Ratio::from_percent(value)?,
            Setting::TakeProfit => settings.take_profit = Ratio::from_percent(value)?,
            Setting::MinTrade => settings.min_trade_size = Money::from_f64(value)?,
            Setting::StopMultiple => settings.risk.stop_multiple = Ratio::from_f64(value)?,
            Setting::VolatilityTarget => settings.risk.volatility_target = Ratio::from_percent(value)?,
            Setting::DailyLoss => settings.risk.daily_loss = Ratio::from_percent(value)?,
            Setting::Urgency => settings.execution.urgency = Ratio::from_percent(value)?,
            Setting::ExecutionMinutes => settings.execution.horizon_minutes = value as u32,
        }
        Some(settings)
    }

    fn step(self, by: usize) -> Setting {
        Setting::ALL[(self as usize + by) % Setting::ALL.len()]
    }
}

impl Editor {
    pub fn open(setting: Setting, fields: &[Field]) -> Editor {
        let text =
            |setting| fields.iter().find(|field| field.setting == setting).map(|field| format::setting(field.value));
        Editor {
            setting,
            inputs: Setting::ALL.map(|setting| Input::new(text(setting).unwrap_or_default())),
            error: None,
            saving: false,
        }
    }

    /// What is typed in a field stays while another is edited.
    pub fn next(&mut self) {
        (self.setting, self.error) = (self.setting.step(1), None);
    }

    pub fn previous(&mut self) {
        (self.setting, self.error) = (self.setting.step(Setting::ALL.len() - 1), None);
    }

    pub fn input(&self, setting: Setting) -> &Input {
        &self.inputs[setting as usize]
    }

    /// A key that is no action: typed text, or a movement in the field.
    pub fn take(&mut self, key: Key) {
        let request = match key {
            // Half the world writes a comma there.
            Key::Char(c) if self.input(self.setting).value().chars().count() < LONGEST => {
                InputRequest::InsertChar(if c == ',' { '.' } else { c })
            }
            Key::Backspace => InputRequest::DeletePrevChar,
            Key::Delete => InputRequest::DeleteNextChar,
            Key::Left => InputRequest::GoToPrevChar,
            Key::Right => InputRequest::GoToNextChar,
            Key::Home => InputRequest::GoToStart,
            Key::End => InputRequest::GoToEnd,
            Key::Ctrl('u') => InputRequest::DeleteLine,
            Key::Char(_)
            | Key::Ctrl(_)
            | Key::Enter
            | Key::Esc
            | Key::Tab
            | Key::BackTab
            | Key::Up
            | Key::Down
            | Key::PageUp
            | Key::PageDown => return,
        };
        self.inputs[self.setting as usize].handle(request);
        self.error = None;
    }

    /// Every field that differs from the file, or the sentence about the first that is wrong, with the cursor on it.
    pub fn changes(&mut self, fields: &[Field], texts: &Texts) -> Result<Vec<Change>, String> {
        let mut changes = Vec::new();
        for field in fields {
            match self.value(field, texts) {
                Ok(after) if after == field.value => {}
                Ok(after) => changes.push(Change { setting: field.setting, before: field.value, after }),
                Err(sentence) => {
                    self.setting = field.setting;
                    return Err(sentence);
                }
            }
        }
        Ok(changes)
    }

    /// The typed value, or the sentence that says what is wrong with it.
    pub fn value(&self, field: &Field, texts: &Texts) -> Result<f64, String> {
        let text = self.input(field.setting).value().trim();
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        let number = number.ok_or_else(|| fill(texts.not_a_number, &[&format!("{text:?}")]))?;
        let is_outside = number < field.least || number > field.most || (field.below_most && number >= field.most);
        if is_outside || (field.whole && number.fract() != 0.0) {
            return Err(fill(texts.out_of_range, &[text, &field.range(texts)]));
        }
        Ok(number)
    }
}
