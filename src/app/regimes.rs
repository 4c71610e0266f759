//! Regimes and events over recordings: fitted to them, or judged on them.
//!
//! Invariant: a recording is read once, bar by bar; a model is written whole or not at all.
//! Absent on purpose: several symbols in one recording: each is fitted and judged alone.

use std::path::{Path, PathBuf};

use super::{RunError, whole_file};
use crate::domain::{Bar, Symbol, Time};
use crate::market::regime::fitting::{Fit, Series, fit};
use crate::market::regime::{Judge, MarketWatch, RegimeModel, Scorecard, Thresholds};
use crate::store::{ParquetBars, StoreError, symbol_of};

/// The files of one symbol, and the open times to read: from the first to before the last.
#[derive(Debug, Clone)]
pub struct Recording {
    pub files: Vec<PathBuf>,
    pub to: Option<Time>,
}

impl Recording {
    fn symbol(&self) -> Result<Symbol, StoreError> {
        self.files.first().map_or(Err(StoreError::NoFiles), |file| symbol_of(file))
    }

    /// Calls for every bar before `to`.
    fn each(&self, on_rows: &mut dyn FnMut(u64), mut on_bar: impl FnMut(Bar)) -> Result<(), StoreError> {
        let mut bars = ParquetBars::open(&self.files, &[self.symbol()?])?;
        let mut rows = 0;
        while let Some((_, bar)) = bars.next_merged()? {
            if self.to.is_some_and(|to| bar.open_time >= to) {
                break;
            }
            on_bar(bar);
            rows += 1;
            if rows % 65_536 == 0 {
                on_rows(rows);
            }
        }
        Ok(())
    }
}

/// Fits the regimes to recordings; `command` is what the file will say of its making.
pub fn fit_regimes(
    recordings: &[Recording],
    command: &str,
    on_rows: &mut dyn FnMut(u64),
) -> Result<Option<Fit>, StoreError> {
    let mut series = Vec::with_capacity(recordings.len());
    for recording in recordings {
        let mut bars = Vec::new();
        recording.each(on_rows, |bar| bars.push(bar))?;
        series.push(Series::new(recording.symbol()?.as_str(), bars.into_iter()));
    }
    Ok(fit(&series, command))
}

/// Writes a model as the file that is embedded.
pub fn write_regimes(model: &RegimeModel, file: &Path) -> Result<(), RunError> {
    let text = serde_json::to_string_pretty(model)
        .map_err(|error| RunError::Data(format!("{}: the model cannot be written ({error})", file.display())))?;
    whole_file::write(file, &(text + "\n"), "model")
}

/// Events and regimes of a recording, counted from `from` on.
pub fn judge(
    recording: &Recording,
    from: Time,
    model: &RegimeModel,
    on_rows: &mut dyn FnMut(u64),
) -> Result<Scorecard, StoreError> {
    let mut judge = Judge::new(MarketWatch::new(&Thresholds::default(), model), from);
    recording.each(on_rows, |bar| judge.on_bar(&bar))?;
    Ok(judge.finish())
}
