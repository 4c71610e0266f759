//! Options that every verb knows: settings file, home folder, JSON.
//!
//! Invariant: the home folder is `--home`, else KESTREL_HOME, else the XDG data folder, in this order.
//! Absent on purpose: creating the home folder; who writes there creates it.

use std::path::PathBuf;

use clap::Args;
use tokio::sync::mpsc::Receiver;

use super::failure::Failure;
use super::{complain, data};
use crate::config::{Config, ConfigOrigin, Speed};
use crate::domain::seed::Seed;
use crate::store::{Catalog, ParquetBars, symbols_of};
use crate::telemetry::{self, LogLine, TelemetryError};

/// The variable that names the home folder.
const HOME_VARIABLE: &str = "KESTREL_HOME";
/// The seed of a run that names none: two plain starts are equal, and the first of them trades within its first minutes.
pub const DEFAULT_SEED: u64 = 15;

#[derive(Debug, Clone, Args)]
pub struct Globals {
    /// Settings file [default: config.json here, else the built-in one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder for journal, logs and data [default: KESTREL_HOME, else the user's data folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Print one JSON object as the last line and nothing else
    #[arg(long, global = true)]
    pub json: bool,
}

impl Globals {
    pub fn settings(&self) -> Result<(Config, ConfigOrigin), Failure> {
        Ok(Config::load(self.config.as_deref())?)
    }

    pub fn home(&self) -> Result<PathBuf, Failure> {
        let named = self.home.clone().or_else(|| std::env::var_os(HOME_VARIABLE).map(PathBuf::from));
        let named = named.filter(|path| !path.as_os_str().is_empty());
        let home = named.or_else(|| {
            directories::ProjectDirs::from("", "", "kestrel").map(|folders| folders.data_dir().to_path_buf())
        });
        home.ok_or_else(|| Failure::Usage("there is no home folder for this user; name one with --home DIR".into()))
    }

    /// Starts logging. A folder that cannot be written costs the log, not the run. Unless `headless`, the lines for the
    /// screen come through the receiver.
    pub fn start_log(&self, headless: bool) -> Result<Option<Receiver<LogLine>>, Failure> {
        let level = std::env::var(telemetry::LEVEL_VARIABLE).ok();
        match telemetry::start(&self.home()?, level.as_deref(), headless) {
            Err(error @ TelemetryError::Folder { .. }) => {
                complain(&error.to_string());
                Ok(None)
            }
            other => Ok(other?),
        }
    }
}

/// Opens the data files, or the catalogue's months of symbols: their symbols replace those of the settings. A recording has
/// no bars before its first.
pub fn open_data(names: &[PathBuf], config: &mut Config, globals: &Globals) -> Result<ParquetBars, Failure> {
    let files = data_files(names, globals)?;
    config.symbols = symbols_of(&files, &config.symbols)?;
    Ok(ParquetBars::open(&files, &config.symbols)?)
}

/// The files of what was named.
pub fn data_files(names: &[PathBuf], globals: &Globals) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        // A plain file needs no home folder.
        if name.exists() {
            files.push(name.clone());
        } else {
            files.extend(data::named(name, &Catalog::of_home(&globals.home()?))?.files);
        }
    }
    Ok(files)
}

/// For clap: a speed as the settings know it.
pub fn parse_speed(text: &str) -> Result<Speed, String> {
    Speed::parse(text).ok_or_else(|| format!("allowed is {}", Speed::ALLOWED))
}

/// The seed that was given, or the default.
pub fn seed(given: Option<u64>) -> Seed {
    Seed(given.unwrap_or(DEFAULT_SEED))
}
