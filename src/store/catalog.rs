//! `Catalog`: the klines that are kept, as `data/<market>/klines/<SYMBOL>/<interval>/<YYYY-MM>.parquet` under the home folder.
//!
//! Invariant: a file is replaced whole (`staging`), so readers need no lock and see the old month or the new one.
//! Absent on purpose: an index; the folders are the index.

use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::kline::{Interval, Market, Partition};
use super::kline_file::{symbol_of_text, unreadable};
use super::month::Month;
use crate::domain::Time;

const FOLDER: &str = "data";
const KLINES: &str = "klines";

#[derive(Debug, Clone)]
pub struct Catalog {
    root: PathBuf,
}

impl Catalog {
    /// The catalogue of a home folder; it need not exist.
    pub fn of_home(home: &Path) -> Catalog {
        Catalog { root: home.join(FOLDER) }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn path(&self, partition: &Partition, month: Month) -> PathBuf {
        self.folder(partition).join(format!("{month}.parquet"))
    }

    fn folder(&self, partition: &Partition) -> PathBuf {
        let mut folder = self.root.join(partition.market.as_str());
        folder.extend([KLINES, partition.symbol.as_str(), partition.interval.name()]);
        folder
    }

    /// All histories, sorted.
    pub fn partitions(&self) -> Result<Vec<Partition>, StoreError> {
        let mut found = Vec::new();
        for market_name in names(&self.root)? {
            let Some(market) = Market::parse(&market_name).filter(|market| market.as_str() == market_name) else {
                continue;
            };
            let klines = self.root.join(&market_name).join(KLINES);
            for symbol_name in names(&klines)? {
                let Some(symbol) = symbol_of_text(&symbol_name) else { continue };
                let intervals = names(&klines.join(&symbol_name))?;
                for interval in intervals.iter().filter_map(|name| Interval::parse(name)) {
                    let partition = Partition { market: market.clone(), symbol: symbol.clone(), interval };
                    if !self.months(&partition)?.is_empty() {
                        found.push(partition);
                    }
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// The months of a history, oldest first.
    pub fn months(&self, partition: &Partition) -> Result<Vec<(Month, PathBuf)>, StoreError> {
        let folder = self.folder(partition);
        let months = names(&folder)?.into_iter().filter_map(|name| {
            let month = Month::parse(name.strip_suffix(".parquet")?)?;
            Some((month, folder.join(&name)))
        });
        let mut months: Vec<_> = months.collect();
        months.sort();
        Ok(months)
    }

    /// The files that can hold bars of [from, to), oldest first.
    pub fn files(&self, partition: &Partition, from: Time, to: Time) -> Result<Vec<PathBuf>, StoreError> {
        let months = self.months(partition)?.into_iter();
        let wanted = months.filter(|(month, _)| month.next().start() > from && month.start() < to);
        Ok(wanted.map(|(_, path)| path).collect())
    }

    /// The minute history that a person names: `BTCUSDT`, or `um/BTCUSDT` where several markets have it.
    pub fn find(&self, name: &str) -> Result<Partition, StoreError> {
        let all: Vec<Partition> = self.partitions()?;
        let minutes = || all.iter().filter(|partition| partition.interval == Interval::MINUTE);
        let full = |partition: &Partition| format!("{}/{}", partition.market, partition.symbol);
        let fits = |partition: &&Partition| partition.symbol.as_str() == name || full(partition) == name;
        let found: Vec<&Partition> = minutes().filter(fits).collect();
        match found.as_slice() {
            [only] => Ok((*only).clone()),
            [] => Err(StoreError::NotInCatalog {
                catalog: self.root.clone(),
                name: name.to_owned(),
                found: if all.is_empty() { "nothing yet".into() } else { listed(all.iter().map(Partition::to_string)) },
            }),
            [_, _, ..] => Err(StoreError::SeveralMarkets {
                catalog: self.root.clone(),
                name: name.to_owned(),
                found: found.into_iter().map(full).collect(),
            }),
        }
    }
}

/// The first few of many.
fn listed(names: impl Iterator<Item = String>) -> String {
    const MOST: usize = 12;
    let mut names: Vec<String> = names.collect();
    let more = names.len().saturating_sub(MOST);
    names.truncate(MOST);
    let text = names.join(", ");
    if more == 0 { text } else { format!("{text} and {more} more") }
}

/// The names in a folder that are UTF-8 and do not start with a dot, sorted; none when it does not exist.
fn names(folder: &Path) -> Result<Vec<String>, StoreError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(unreadable(folder, &error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| unreadable(folder, &error))?.file_name();
        names.extend(name.into_string().ok().filter(|name| !name.starts_with('.')));
    }
    names.sort();
    Ok(names)
}
