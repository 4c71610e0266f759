//! `data fetch --archive-url`: what the catalogue lacks, from files of the public archive or of a mirror of it.
//!
//! Invariant: a file is imported only when its checksum agrees; a month is in the catalogue whole or as it was; what was
//! downloaded is removed again, also when the program is interrupted.
//! Absent on purpose: how a file is read and merged (`store::import`).

use std::path::{Path, PathBuf};

use super::fetch::{Report, lacked, lacking};
use super::utc;
use crate::binance::Error;
use crate::binance::archive::Archive;
use crate::cli::failure::Failure;
use crate::cli::progress::ProgressLine;
use crate::domain::{Span, Time};
use crate::store::import::{Import, Told};
use crate::store::month::{Month, Origin};
use crate::store::{Catalog, Partition, Staging};

pub(super) struct FromArchive {
    pub catalog: Catalog,
    pub partition: Partition,
    pub archive: Archive,
    /// Where files lie until they are imported.
    pub incoming: Incoming,
    pub report: Report,
}

/// A folder that goes when its owner goes.
pub(super) struct Incoming(PathBuf);

impl Incoming {
    pub fn below(home: &Path) -> Result<Incoming, Failure> {
        let folder = home.join(format!("incoming.{}", std::process::id()));
        std::fs::create_dir_all(&folder)
            .map_err(|error| Failure::Data(format!("{} cannot be made: {error}", folder.display())))?;
        Ok(Incoming(folder))
    }

    fn keep(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, Failure> {
        let path = self.0.join(name);
        std::fs::write(&path, bytes)
            .map_err(|error| Failure::Data(format!("{} cannot be written: {error}", path.display())))?;
        Ok(path)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // What cannot be removed is a few megabytes below the user's own folder.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

impl FromArchive {
    /// Each month of [from, to), the daily files where the month has no file yet.
    pub async fn all(&mut self, from: Time, to: Time) -> Result<(), Failure> {
        let folders = self.folders()?;
        let minutes = |time: Time| (time.since(from).0 / Span::MINUTE.0) as u64;
        let progress = ProgressLine::new(self.partition.symbol.as_str(), Some(minutes(to)));
        let mut month = Month::of(from);
        while month.start() < to {
            progress.say(&format!("{} {month}", self.partition.symbol));
            let (start, stop) = (from.max(month.start()), to.min(month.next().start()));
            self.month(&folders, month, (start, stop)).await?;
            progress.to(minutes(stop));
            month = month.next();
        }
        Ok(())
    }

    /// The path of a market's klines, with a place for `monthly` or `daily`.
    fn folders(&self) -> Result<[String; 2], Failure> {
        let market = match self.partition.market.as_str() {
            "spot" => "spot",
            "um" => "futures/um",
            "cm" => "futures/cm",
            other => {
                return Err(Failure::Usage(format!(
                    "the archive has no market {other:?}; allowed is --market spot, um or cm"
                )));
            }
        };
        let (symbol, interval) = (&self.partition.symbol, self.partition.interval.name());
        Ok(["monthly", "daily"].map(|period| format!("/data/{market}/{period}/klines/{symbol}/{interval}")))
    }

    async fn month(&mut self, folders: &[String; 2], month: Month, (start, stop): (Time, Time)) -> Result<(), Failure> {
        let interval = self.partition.interval;
        let origin = Origin::Archive { url: self.archive.url() };
        let before = Staging::new(self.catalog.clone()).load(&self.partition, month)?;
        let missing = before.missing(start, stop, interval, Some(&origin));
        if missing.is_empty() {
            self.report.complete += 1;
            self.report.missing += lacking(&before, start, stop, interval);
            return Ok(());
        }
        let mut import = Import::new(self.catalog.clone(), false);
        let mut added = 0;
        let [monthly, daily] = folders;
        match self.take(&mut import, monthly, &month.to_string()).await? {
            Some(rows) => added += rows,
            None => {
                for day in days(&missing) {
                    added += self.take(&mut import, daily, &day).await?.unwrap_or(0);
                }
            }
        }
        import.commit()?;
        let mut staging = Staging::new(self.catalog.clone());
        let mut content = staging.load(&self.partition, month)?;
        content.mark(&lacked(&content, (start, stop), interval), &origin);
        self.report.missing += lacking(&content, start, stop, interval);
        self.report.added += added;
        self.report.months += u64::from(added > 0);
        if content.rows().len() > 0 {
            staging.put(&self.partition, month, &content)?;
            staging.commit()?;
        }
        Ok(())
    }

    /// Imports one file; the rows that were new, or `None` where the archive has no such file.
    async fn take(&self, import: &mut Import, folder: &str, period: &str) -> Result<Option<u64>, Failure> {
        let name = format!("{}-{}-{period}.zip", self.partition.symbol, self.partition.interval.name());
        let path = format!("{folder}/{name}");
        let Some(bytes) = self.archive.file(&path).await.map_err(unreached)? else { return Ok(None) };
        let stated = format!("{name}.CHECKSUM");
        let checksum = self.archive.file(&format!("{path}.CHECKSUM")).await.map_err(unreached)?;
        let checksum = checksum.ok_or_else(|| {
            Failure::Data(format!("the archive has no {stated}, so {name} cannot be verified; nothing of it was taken"))
        })?;
        self.incoming.keep(&stated, &checksum)?;
        let file = self.incoming.keep(&name, &bytes)?;
        let told = Told { symbol: Some(self.partition.symbol.clone()), market: Some(self.partition.market.clone()) };
        let done = import.add(&file, &told, &mut |_| {})?;
        if done.partition != self.partition {
            let found = done.partition;
            return Err(Failure::Data(format!("{name} of the archive holds {found}, not {}", self.partition)));
        }
        drop(std::fs::remove_file(file));
        Ok(Some(done.merged.added))
    }
}

/// The UTC days that these stretches touch, as `2024-01-31`.
fn days(stretches: &[(Time, Time)]) -> Vec<String> {
    let mut days: Vec<i64> = Vec::new();
    for (from, to) in stretches {
        let first = from.0.div_euclid(Span::DAY.0);
        let last = (to.0 - 1).div_euclid(Span::DAY.0);
        days.extend(first..=last);
    }
    days.dedup();
    days.into_iter().map(|day| utc(Time(day * Span::DAY.0))[..10].to_owned()).collect()
}

fn unreached(error: Error) -> Failure {
    Failure::Network(error.to_string())
}
