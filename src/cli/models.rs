//! `models`: list, show, verify, roll back and install models.
//!
//! Invariant: a model that does not pass all checks is refused with status 5, and what was in force stays in force.
//! Absent on purpose: training (`train`), choosing the models of a run (the settings do).

mod script;
mod words;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::Output;
use super::failure::Failure;
use super::globals::Globals;
use crate::inference::registry::folder::CARD;
use crate::inference::registry::{Installed, Registry, open_folder};

#[derive(Debug, Clone, Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    verb: ModelsVerb,
}

#[derive(Debug, Clone, Subcommand)]
enum ModelsVerb {
    /// Name all models, the user's and those that come with the program
    List,
    /// Print a model's card: what it is worth, what it saw, how it was made
    Show {
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Check hash, schema, operators and weights of a model, a folder, or all models
    Verify {
        #[arg(value_name = "NAME|FOLDER")]
        what: Option<PathBuf>,
    },
    /// Put the model back that was there before; once more returns to this one
    Rollback {
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Take a model (a folder with its card.json) into use under its name; the one before is kept
    Install {
        #[arg(value_name = "FOLDER")]
        path: PathBuf,
    },
}

pub fn execute(args: &ModelsArgs, globals: &Globals) -> Result<Output, Failure> {
    let registry = Registry::of_home(&globals.home()?);
    match &args.verb {
        ModelsVerb::List => list(&registry),
        ModelsVerb::Show { name } => show(&registry, name),
        ModelsVerb::Verify { what } => verify(&registry, what.as_deref()),
        ModelsVerb::Rollback { name } => rollback(&registry, name),
        ModelsVerb::Install { path } => install(&registry, path),
    }
}

fn list(registry: &Registry) -> Result<Output, Failure> {
    let listed = registry.list()?;
    Ok(Output::Report { text: words::list(&listed), json: script::list(&listed) })
}

fn show(registry: &Registry, name: &str) -> Result<Output, Failure> {
    let model = registry.open(name)?;
    // A damaged one before it is no reason not to show this one; `rollback` says what is wrong with it.
    let previous = registry.previous(name).ok().flatten();
    let json = script::show(&model, previous.as_ref()).map_err(unwritable)?;
    Ok(Output::Report { text: words::show(&model, previous.as_ref()), json })
}

fn verify(registry: &Registry, what: Option<&Path>) -> Result<Output, Failure> {
    let models = match what {
        Some(what) => vec![named(registry, what)?],
        None => all(registry)?,
    };
    Ok(Output::Report { text: words::verified(&models), json: script::verified(&models) })
}

/// All models; those that are refused are told together.
fn all(registry: &Registry) -> Result<Vec<Installed>, Failure> {
    let (mut sound, mut refused) = (Vec::new(), Vec::new());
    for listed in registry.list()? {
        match listed.model {
            Ok(model) => sound.push(model),
            Err(error) => refused.push(error),
        }
    }
    let several = refused.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    match refused.into_iter().next() {
        None => Ok(sound),
        Some(first) => Err(match Failure::from(first) {
            Failure::Data(_) => Failure::Data(several),
            Failure::Bug(_)
            | Failure::Usage(_)
            | Failure::Network(_)
            | Failure::Refused(_)
            | Failure::Interrupted(_) => Failure::Refused(several),
        }),
    }
}

/// A folder that holds a card, else a name.
fn named(registry: &Registry, what: &Path) -> Result<Installed, Failure> {
    let folder = folder_of(what);
    if folder.join(CARD).exists() || what.components().count() > 1 {
        return Ok(open_folder(&folder)?);
    }
    Ok(registry.open(&what.to_string_lossy())?)
}

fn rollback(registry: &Registry, name: &str) -> Result<Output, Failure> {
    let done = registry.rollback(name)?;
    Ok(Output::Report { text: words::rolled_back(&done), json: script::rolled_back(&done) })
}

fn install(registry: &Registry, path: &Path) -> Result<Output, Failure> {
    let arriving = open_folder(&folder_of(path))?;
    let before = registry.open(&arriving.card.name).ok();
    let installed = registry.install(&arriving.card, &arriving.bytes)?;
    let text = words::installed(&installed, before.as_ref());
    Ok(Output::Report { text, json: script::installed(&installed, before.as_ref()) })
}

/// The card itself may be named too.
fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if path.file_name().is_some_and(|name| name == CARD) => parent.join(""),
        Some(_) | None => path.to_path_buf(),
    }
}

fn unwritable(error: serde_json::Error) -> Failure {
    Failure::Bug(format!("the card cannot be written as JSON: {error}"))
}
