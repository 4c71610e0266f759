//! `Month` and `MonthFile`: one month of one history, as a file of the catalogue holds it, with where each row came from.
//!
//! The metadata key `kestrel.provenance` holds JSON: for each row group its rows and origins, and the gaps that the venue
//! was asked for and has nothing to fill with.
//! Invariant: rows increase strictly in open_time, all inside the month; nothing here makes a row up.
//! Absent on purpose: which file is which month (`catalog`), and the replacing of files (`staging`).

use std::fmt;
use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::guard::damaged;
use super::kline::{Interval, Kline, Partition};
use super::parquet_rows::{ParquetRows, Row};
use super::writer::KlineWriter;
use crate::domain::Time;

/// The metadata key.
pub(super) const PROVENANCE: &str = "kestrel.provenance";
/// A month whose rows change their origin more often is written as one row group with all origins.
const MOST_GROUPS: usize = 64;

/// A calendar month in UTC: twelve times the year, plus 0 to 11.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(i32);

impl Month {
    /// The month that holds this moment.
    pub fn of(time: Time) -> Month {
        let stamp = jiff::Timestamp::from_microsecond(time.0).unwrap_or_default();
        let date = stamp.to_zoned(TimeZone::UTC).date();
        Month(i32::from(date.year()) * 12 + i32::from(date.month()) - 1)
    }

    /// From `2024-01`.
    pub fn parse(text: &str) -> Option<Month> {
        let (year, month) = text.split_once('-')?;
        let is_plain = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_plain(year, 4) || !is_plain(month, 2) {
            return None;
        }
        let (year, month): (i32, i32) = (year.parse().ok()?, month.parse().ok()?);
        (1..=12).contains(&month).then_some(Month(year * 12 + month - 1))
    }

    pub fn next(self) -> Month {
        Month(self.0 + 1)
    }

    /// Its first moment; the end is the start of the next.
    pub fn start(self) -> Time {
        let (year, month) = (self.0.div_euclid(12) as i16, self.0.rem_euclid(12) as i8 + 1);
        let first = Date::new(year, month, 1).ok().and_then(|date| date.to_zoned(TimeZone::UTC).ok());
        Time(first.map_or(0, |midnight| midnight.timestamp().as_microsecond()))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

/// Where rows came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Origin {
    /// Imported; the name without folders.
    File { name: String, sha256: String },
    /// Fetched with `GET /klines`.
    Rest { url: String },
    /// Looked for in files of the public archive, or of a mirror; the rows name the file.
    Archive { url: String },
    /// A file that some other program put into the catalogue.
    Unknown,
}

/// Minutes that the venue was asked for and has no bars for. Times in ms UTC, `to` is not included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MarkedGap {
    pub from: i64,
    pub to: i64,
    pub asked: Origin,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Provenance {
    /// One for each row group, in order.
    pub groups: Vec<Group>,
    pub gaps: Vec<MarkedGap>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub rows: u64,
    pub origins: Vec<Origin>,
}

/// A month in memory: at most two rows an interval, a few megabytes.
#[derive(Debug, Clone, Default)]
pub struct MonthFile {
    rows: Vec<Kept>,
    /// Sets of origins; a row names one by its place.
    origins: Vec<Vec<Origin>>,
    gaps: Vec<MarkedGap>,
}

/// Place of a set of origins.
type Origins = u16;
/// A row and where it came from.
type Kept = (Kline, Origins);

/// Two rows of one time that contradict each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contradiction {
    pub new: Row,
    pub kept: Kline,
}

/// What a merge did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Merged {
    pub added: u64,
    /// Rows that were there already.
    pub known: u64,
    /// Those of them that got fields which they lacked.
    pub filled: u64,
    /// Rows that contradicted and were taken.
    pub replaced: u64,
}

impl Merged {
    /// False when the month is as it was.
    pub fn has_changed(&self) -> bool {
        self.added + self.filled + self.replaced > 0
    }
}

impl MonthFile {
    pub fn read(path: &Path) -> Result<MonthFile, StoreError> {
        let mut file = ParquetRows::open(path)?;
        let provenance = match file.stated(PROVENANCE) {
            Some(text) => serde_json::from_str(text).map_err(|error| damaged(path, format!("provenance: {error}")))?,
            None => Provenance::default(),
        };
        let mut month = MonthFile { gaps: provenance.gaps, ..MonthFile::default() };
        let mut counts = Vec::new();
        for (at, rows) in file.row_groups().to_vec().into_iter().enumerate() {
            let group = provenance.groups.get(at).filter(|group| group.rows == rows);
            let origins = group.map_or_else(|| vec![Origin::Unknown], |group| group.origins.clone());
            counts.push((rows, month.origins_at(origins)));
        }
        let mut of_rows = counts.into_iter().flat_map(|(rows, origins)| (0..rows).map(move |_| origins));
        loop {
            let rows = file.next_rows()?;
            if rows.is_empty() {
                return Ok(month);
            }
            for row in rows {
                let last = month.rows.last().map(|(kline, _)| kline.bar.open_time);
                if last.is_some_and(|last| row.kline.bar.open_time <= last) {
                    return Err(damaged(path, format!("row {} is not later than the row before", row.number)));
                }
                month.rows.push((row.kline, of_rows.next().unwrap_or_default()));
            }
        }
    }

    /// Writes the whole month to `path`. Each row group holds rows of the same origins.
    pub fn write(&self, path: &Path, partition: &Partition) -> Result<(), StoreError> {
        let groups = self.groups();
        let told = groups.iter().map(|(rows, origins)| Group { rows: rows.len() as u64, origins: origins.clone() });
        let provenance = Provenance { groups: told.collect(), gaps: self.gaps.clone() };
        let json = serde_json::to_string(&provenance).map_err(|error| super::writer::unwritable(path, &error))?;
        let pairs = [
            ("symbol", partition.symbol.as_str()),
            ("market", partition.market.as_str()),
            ("interval", partition.interval.name()),
            (PROVENANCE, json.as_str()),
        ];
        let mut writer = KlineWriter::create(path, &pairs)?;
        for (rows, _) in &groups {
            let klines: Vec<Kline> = rows.iter().map(|(kline, _)| *kline).collect();
            writer.write(&klines)?;
            writer.end_group()?;
        }
        writer.close()
    }

    fn groups(&self) -> Vec<(&[Kept], Vec<Origin>)> {
        let runs: Vec<_> = self.rows.chunk_by(|a, b| a.1 == b.1).collect();
        if runs.len() > MOST_GROUPS {
            let mut all: Vec<Origin> = self.origins.iter().flatten().cloned().collect();
            all.sort();
            all.dedup();
            return vec![(&self.rows, all)];
        }
        runs.into_iter().map(|run| (run, self.origins[usize::from(run[0].1)].clone())).collect()
    }

    /// The place of a set of origins, new or known.
    fn origins_at(&mut self, origins: Vec<Origin>) -> Origins {
        let place = self.origins.iter().position(|known| *known == origins).unwrap_or_else(|| {
            self.origins.push(origins);
            self.origins.len() - 1
        });
        u16::try_from(place).unwrap_or(u16::MAX)
    }

    /// Takes in rows that increase strictly in time. Rows of a known time must not contradict, or `replace` what is there.
    pub fn merge(&mut self, new: &[Row], origin: &Origin, replace: bool) -> Result<Merged, Box<Contradiction>> {
        let place = self.origins_at(vec![origin.clone()]);
        let mut merged = Merged::default();
        let mut rows = Vec::with_capacity(self.rows.len() + new.len());
        let mut old = std::mem::take(&mut self.rows).into_iter().peekable();
        for row in new {
            let time = row.kline.bar.open_time;
            while let Some(earlier) = old.next_if(|(kline, _)| kline.bar.open_time < time) {
                rows.push(earlier);
            }
            let Some((kept, from)) = old.next_if(|(kline, _)| kline.bar.open_time == time) else {
                merged.added += 1;
                rows.push((row.kline, place));
                continue;
            };
            match kept.joined(&row.kline) {
                Some(joined) => {
                    let is_filled = joined != kept;
                    merged.known += 1;
                    merged.filled += u64::from(is_filled);
                    rows.push((joined, if is_filled { place } else { from }));
                }
                None if replace => {
                    merged.replaced += 1;
                    rows.push((row.kline, place));
                }
                None => return Err(Box::new(Contradiction { new: *row, kept })),
            }
        }
        rows.extend(old);
        self.rows = rows;
        Ok(merged)
    }

    pub fn rows(&self) -> impl ExactSizeIterator<Item = &Kline> + DoubleEndedIterator {
        self.rows.iter().map(|(kline, _)| kline)
    }

    pub fn gaps(&self) -> &[MarkedGap] {
        &self.gaps
    }

    /// The stretches of [from, to) without a bar, both on the interval's grid. What `asked` has no bars for, as marked, is
    /// left out.
    pub fn missing(&self, from: Time, to: Time, interval: Interval, asked: Option<&Origin>) -> Vec<(Time, Time)> {
        let step = interval.span();
        let marked = self.gaps.iter().filter(|gap| asked == Some(&gap.asked));
        let marked = marked.map(|gap| (Time::from_millis(gap.from), Time::from_millis(gap.to)));
        let starts = self.rows().map(|kline| interval.start(kline.bar.open_time));
        let mut covered: Vec<(Time, Time)> = starts.map(|start| (start, start.plus(step))).chain(marked).collect();
        covered.sort();
        let mut missing = Vec::new();
        let mut at = from;
        for (start, end) in covered {
            if start >= to {
                break;
            }
            if start > at {
                missing.push((at, start));
            }
            at = at.max(end);
        }
        if at < to {
            missing.push((at, to));
        }
        missing
    }

    /// Marks these stretches as asked for in vain.
    pub fn mark(&mut self, stretches: &[(Time, Time)], asked: &Origin) {
        let new =
            stretches.iter().map(|(from, to)| MarkedGap { from: from.millis(), to: to.millis(), asked: asked.clone() });
        self.gaps.extend(new);
        self.gaps.sort();
        self.gaps.dedup();
    }

    /// Cuts from the marks what has bars by now.
    pub fn trim_marks(&mut self, interval: Interval) {
        for gap in std::mem::take(&mut self.gaps) {
            let (from, to) = (Time::from_millis(gap.from), Time::from_millis(gap.to));
            let left = self.missing(from, to, interval, None);
            self.mark(&left, &gap.asked);
        }
    }
}
