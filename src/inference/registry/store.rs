//! `Registry`: the models of a user and those that come with the program.
//!
//! Invariant: a name means the user's model where there is one, sound or not, else the shipped one; what opens passed `verify`.
//! Absent on purpose: choosing models (the settings name them), running them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::card::ModelCard;
use super::error::RegistryError;
use super::folder::{CARD, MOST_CARD_BYTES, PREVIOUS, check_name, entries, is_there, onnx_name, read};
use super::install::{self, Arrival, Step};
use super::shipped::{SHIPPED, Shipped};
use super::verify;
use crate::engine::model::ModelSpec;
use crate::inference::onnx::Inspected;
use crate::inference::onnx::read::MOST_BYTES;

/// Where models are found.
#[derive(Debug, Clone)]
pub struct Registry {
    folder: PathBuf,
    shipped: &'static [Shipped],
}

/// A model that passed all checks.
#[derive(Debug, Clone, PartialEq)]
pub struct Installed {
    pub card: ModelCard,
    pub spec: ModelSpec,
    /// The ONNX file.
    pub bytes: Cow<'static, [u8]>,
    pub graph: Inspected,
    pub origin: Origin,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// With the program.
    Shipped,
    /// In this folder.
    Folder(PathBuf),
}

/// A model's standing against doing nothing. There is no adoption gate yet, so flat is champion and every model challenges it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Badge {
    Champion,
    Challenger,
}

/// What a name stands for.
#[derive(Debug)]
pub struct Listed {
    pub name: String,
    pub model: Result<Installed, RegistryError>,
}

/// What a rollback did.
#[derive(Debug, Clone, PartialEq)]
pub struct RolledBack {
    /// In force now.
    pub now: Installed,
    /// Was in force before; comes back by another rollback.
    pub before: Option<ModelCard>,
}

impl Registry {
    /// The models folder of a home folder, and the shipped models.
    pub fn of_home(home: &Path) -> Registry {
        Registry::new(home.join("models"), SHIPPED)
    }

    pub fn new(folder: PathBuf, shipped: &'static [Shipped]) -> Registry {
        Registry { folder, shipped }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The model of this name, checked.
    pub fn open(&self, name: &str) -> Result<Installed, RegistryError> {
        check_name(name)?;
        let folder = self.folder.join(name);
        if is_there(&folder)?
            && let Some(installed) = open_card(&folder, CARD, Some(name))?
        {
            return Ok(installed);
        }
        match self.shipped(name) {
            Some(shipped) => open_shipped(shipped),
            None => Err(self.unknown(name)),
        }
    }

    /// The model that a rollback would bring back, if there is one: the previous one of the folder, else the shipped one.
    pub fn previous(&self, name: &str) -> Result<Option<Installed>, RegistryError> {
        check_name(name)?;
        let folder = self.folder.join(name);
        if is_there(&folder)?
            && let Some(previous) = open_card(&folder, PREVIOUS, Some(name))?
        {
            return Ok(Some(previous));
        }
        let is_own = is_there(&folder)? && read(&folder.join(CARD), MOST_CARD_BYTES)?.is_some();
        self.shipped(name).filter(|_| is_own).map(open_shipped).transpose()
    }

    /// All names, sorted, with what they stand for; what is refused says why.
    pub fn list(&self) -> Result<Vec<Listed>, RegistryError> {
        let mut names: BTreeSet<String> = self.shipped.iter().map(|shipped| shipped.name.to_string()).collect();
        for name in entries(&self.folder)? {
            // What the program did not put there is not its own.
            let is_card = |card: &str| self.folder.join(&name).join(card).symlink_metadata().is_ok();
            if check_name(&name).is_ok() && (is_card(CARD) || is_card(PREVIOUS)) {
                names.insert(name);
            }
        }
        Ok(names.into_iter().map(|name| Listed { model: self.open(&name), name }).collect())
    }

    /// Puts a model under its card's name. What was there stays in force until the new one is safe on the disk, and is kept
    /// for a rollback.
    pub fn install(&self, card: &ModelCard, onnx: &[u8]) -> Result<Installed, RegistryError> {
        check_name(&card.name)?;
        is_there(&self.folder.join(&card.name))?;
        write_into(&self.folder.join(&card.name), card, onnx)
    }

    /// The steps of `install`, not carried out.
    pub fn plan(&self, card: &ModelCard, onnx: &[u8]) -> Result<Vec<Step>, RegistryError> {
        check_name(&card.name)?;
        plan_into(&self.folder.join(&card.name), card, onnx)
    }

    /// Exchanges a model and the one before it.
    pub fn rollback(&self, name: &str) -> Result<RolledBack, RegistryError> {
        let steps = self.plan_rollback(name)?;
        let before = self.open(name).ok().map(|installed| installed.card);
        install::carry_out(&steps)?;
        Ok(RolledBack { now: self.open(name)?, before })
    }

    /// The steps of `rollback`, not carried out. What would come into force is checked before.
    pub fn plan_rollback(&self, name: &str) -> Result<Vec<Step>, RegistryError> {
        check_name(name)?;
        let folder = self.folder.join(name);
        let has_folder = is_there(&folder)?;
        if !has_folder && self.shipped(name).is_none() {
            return Err(self.unknown(name));
        }
        let current = read(&folder.join(CARD), MOST_CARD_BYTES)?;
        // An exchange that was cut off leaves the same card twice.
        let previous = read(&folder.join(PREVIOUS), MOST_CARD_BYTES)?.filter(|card| Some(card) != current.as_ref());
        match (current, previous) {
            (current, Some(previous)) => {
                open_card(&folder, PREVIOUS, Some(name))?;
                Ok(current.map_or_else(
                    || install::bring_back(&folder),
                    |current| install::exchange(&folder, &current, &previous),
                ))
            }
            (Some(_), None) if self.shipped(name).is_some() => Ok(install::withdraw(&folder)),
            (Some(_) | None, None) => Err(RegistryError::Unknown(format!(
                "{name}: there is no earlier model to go back to; `kestrel models install` brings one"
            ))),
        }
    }

    fn shipped(&self, name: &str) -> Option<&'static Shipped> {
        self.shipped.iter().find(|shipped| shipped.name == name)
    }

    fn unknown(&self, name: &str) -> RegistryError {
        let known = self.list().unwrap_or_default().into_iter().map(|listed| listed.name).collect::<Vec<_>>();
        let known =
            if known.is_empty() { "there is none".to_string() } else { format!("known are {}", known.join(", ")) };
        RegistryError::Unknown(format!(
            "{name}: there is no model of this name, {known}; train one, or install one with `kestrel models install PATH`"
        ))
    }
}

impl Installed {
    /// Today every model challenges: none has passed an adoption gate.
    pub fn badge(&self) -> Badge {
        Badge::Challenger
    }
}

impl Badge {
    pub const fn as_str(self) -> &'static str {
        match self {
            Badge::Champion => "champion",
            Badge::Challenger => "challenger",
        }
    }
}

/// The model in a folder, under any name: what a training left, or a copy from elsewhere.
pub fn open_folder(folder: &Path) -> Result<Installed, RegistryError> {
    if !is_there(folder)? {
        return Err(RegistryError::Unknown(format!("{}: there is no such folder; check the path", folder.display())));
    }
    let missing = || RegistryError::refused(folder, format!("there is no {CARD} in it, so it holds no model"));
    open_card(folder, CARD, None)?.ok_or_else(missing)
}

/// The card with the name, size and SHA-256 of its file filled in.
pub fn sealed(card: ModelCard, onnx: &[u8]) -> ModelCard {
    let sha256 = verify::sha256(onnx);
    ModelCard { file: onnx_name(&sha256), bytes: onnx.len() as u64, sha256, ..card }
}

/// Puts a model into any folder by the steps of an install: what a training leaves. The model is checked before.
pub fn write_into(folder: &Path, card: &ModelCard, onnx: &[u8]) -> Result<Installed, RegistryError> {
    install::carry_out(&plan_into(folder, card, onnx)?)?;
    open_folder(folder)
}

fn plan_into(folder: &Path, card: &ModelCard, onnx: &[u8]) -> Result<Vec<Step>, RegistryError> {
    let place = folder.join(CARD);
    let text = serde_json::to_string_pretty(card)
        .map_err(|error| RegistryError::refused(&place, format!("the card cannot be written as JSON ({error})")))?;
    let text = format!("{text}\n").into_bytes();
    let read_back = verify::read_card(&place, &text)?;
    verify::check(&folder.join(&card.file), &read_back, onnx)?;

    let current = open_card(folder, CARD, None).ok().flatten();
    let previous = open_card(folder, PREVIOUS, None).ok().flatten();
    // The same model again does not push the previous one out, nor does one that could not come back.
    let replaced = current.filter(|current| current.card.sha256 != card.sha256);
    if let Some(replaced) = replaced.as_ref().filter(|replaced| replaced.card.file == card.file) {
        let why = format!("another model with the file name {} is installed", replaced.card.file);
        return Err(RegistryError::refused(folder, why));
    }
    let kept = replaced.as_ref().or(previous.as_ref()).map(|kept| kept.card.file.clone());
    let replaced = if replaced.is_some() { read(&place, MOST_CARD_BYTES)? } else { None };
    let arrival =
        Arrival { card: &text, onnx: (&card.file, onnx), replaced: replaced.as_deref(), kept: kept.as_slice() };
    install::install(folder, &arrival)
}

/// The model that a card of a folder names; `None` where there is no such card.
fn open_card(folder: &Path, card: &str, name: Option<&str>) -> Result<Option<Installed>, RegistryError> {
    let place = folder.join(card);
    let Some(text) = read(&place, MOST_CARD_BYTES)? else { return Ok(None) };
    let card = verify::read_card(&place, &text)?;
    if let Some(name) = name.filter(|name| *name != card.name) {
        return Err(RegistryError::refused(
            &place,
            format!("it is the card of {}, its folder is called {name}", card.name),
        ));
    }
    let place = folder.join(&card.file);
    let Some(bytes) = read(&place, MOST_BYTES)? else {
        return Err(RegistryError::refused(&place, "its card is there, the file is missing"));
    };
    let (spec, graph) = verify::check(&place, &card, &bytes)?;
    Ok(Some(Installed { card, spec, bytes: Cow::Owned(bytes), graph, origin: Origin::Folder(folder.into()) }))
}

fn open_shipped(shipped: &'static Shipped) -> Result<Installed, RegistryError> {
    let place = Path::new("models").join(shipped.name);
    let card = verify::read_card(&place.join(CARD), shipped.card.as_bytes())?;
    let (spec, graph) = verify::check(&place.join(&card.file), &card, shipped.onnx)?;
    Ok(Installed { card, spec, bytes: Cow::Borrowed(shipped.onnx), graph, origin: Origin::Shipped })
}
