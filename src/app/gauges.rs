//! Gauges: what the screen shows besides the engine's snapshot, read off the program and the system.
//!
//! Invariant: reading changes nothing; what the system does not tell is absent.
//! Absent on purpose: when they are read (`steward`).

use super::seats::{Named, Seats};
use crate::config::{Allowed, Config, Speed, Theme as WantedTheme, UpColor as WantedUp};
use crate::inference::{LibraryState, RuntimeView};
use crate::runtime::wires::{Link as LinkEnd, Links};
use crate::tui::backtest::Backtest;
use crate::tui::editor::Setting;
use crate::tui::models::{Library, Models, Running, Seat};
use crate::tui::theme::{Theme, UpColor, Wanted};
use crate::tui::vitals::{Field, Link, Market, Mode, RunState, Vitals};

/// What is known before the first run begins.
pub fn vitals(config: &Config, seats: &Seats, market: Market, first_run: bool, backtest: Backtest) -> Vitals {
    Vitals {
        mode: Mode::Demo,
        market,
        speed: speed(config.speed),
        link: Link::Connecting,
        memory: memory(),
        first_run,
        settings_problem: None,
        fields: fields(config),
        taker_fee: config.taker_fee(),
        run: RunState::Running,
        runs: 0,
        theme: theme(config),
        backtest,
        models: models(seats, None),
    }
}

/// The models that the settings name, and how those that run are doing.
pub fn models(seats: &Seats, view: Option<&RuntimeView>) -> Models {
    let library = view.filter(|_| !seats.named.is_empty()).map(|view| Library {
        sentence: view.library.sentence.clone(),
        works: view.library.state == LibraryState::Ready,
    });
    let seat = |named: &Named| {
        let running = view.and_then(|view| {
            view.models.iter().find(|model| Some(model.digest) == seats.models.get(named.slot).map(|spec| spec.digest))
        });
        let told = running.into_iter().flat_map(|model| model.error.iter().chain(&model.alarm));
        Seat {
            slot: named.slot,
            name: named.name.clone(),
            is_champion: named.is_champion,
            verdict: named.verdict.clone(),
            trained: named.trained,
            running: running.and_then(|model| {
                let latency = model.latency.zip(model.median).zip(model.percentile_99);
                let latency = latency.map(|((last, median), slow)| [last, median, slow]);
                model.provider.map(|provider| Running { provider: provider.to_string(), latency })
            }),
            troubles: named.trouble.iter().chain(told).cloned().collect(),
        }
    };
    Models { library, seats: seats.named.iter().map(seat).collect() }
}

/// `None`: as fast as it goes.
fn speed(speed: Speed) -> Option<f64> {
    match speed {
        Speed::Times(times) => Some(times),
        Speed::Max => None,
    }
}

/// What may be edited on the screen, with the bounds that the file's reader checks.
pub fn fields(config: &Config) -> Vec<Field> {
    let field = |setting: Setting| {
        let allowed = Config::allowed(setting.key())?;
        let value = match setting {
            Setting::Invest => config.invest_percent,
            Setting::StopLoss => config.stop_loss_percent,
            Setting::TakeProfit => config.take_profit_percent,
            Setting::MinTrade => config.min_trade_size,
            Setting::StopMultiple => config.risk.stop_multiple,
            Setting::VolatilityTarget => config.risk.volatility_target_percent,
            Setting::DailyLoss => config.risk.daily_loss_percent,
            Setting::Urgency => config.urgency_percent,
            Setting::ExecutionMinutes => f64::from(config.execution_minutes),
        };
        let Allowed { least, most, below_most, whole, .. } = allowed;
        Some(Field { setting, value, least, most, below_most, whole })
    };
    Setting::ALL.into_iter().filter_map(field).collect()
}

/// As the settings and this terminal want it.
pub fn theme(config: &Config) -> Theme {
    theme_in(config, |name| std::env::var(name).ok())
}

/// The same on a terminal with these variables.
pub fn theme_in(config: &Config, variable: impl Fn(&str) -> Option<String>) -> Theme {
    let wanted = match config.theme {
        WantedTheme::Auto => Wanted::Auto,
        WantedTheme::Dark => Wanted::Dark,
        WantedTheme::Light => Wanted::Light,
        WantedTheme::Ansi => Wanted::Ansi,
    };
    let up = match config.up_color {
        WantedUp::Green => UpColor::Green,
        WantedUp::Red => UpColor::Red,
    };
    Theme::detect(wanted, up, variable)
}

pub fn link(links: &Links) -> Link {
    for end in [&links.market, &links.account] {
        match end {
            LinkEnd::Down { why, .. } => return Link::Down { why: why.clone() },
            LinkEnd::Opening => return Link::Connecting,
            LinkEnd::Up { .. } => {}
        }
    }
    links.last_event.map_or(Link::Connecting, |at| Link::Up { age: at.elapsed().as_secs() })
}

/// Resident memory in MiB, where the system tells.
pub fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1_024)
}
