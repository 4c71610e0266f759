//! Five years of minutes in Parquet: one file, and the same in the catalogue.
//!
//! Invariant: both are written before the clock runs; what is read back is checked once.
//! Absent on purpose: other programs; the same work for duckdb and polars is two lines of Python (README).

use std::path::{Path, PathBuf};

use kestrel::domain::{Span, Symbol, Time};
use kestrel::store::buckets::{self, buckets};
use kestrel::store::import::{Import, Told};
use kestrel::store::scan::{Scan, ScanPlan};
use kestrel::store::{Catalog, Column, write_bars};

use super::market;

pub const BARS: usize = 2_628_000;
/// Days from the first bar to the month that is scanned, and the month's length.
const MONTH: (i64, i64) = (1_096, 31);

pub struct History {
    folder: tempfile::TempDir,
    catalog: Catalog,
    start: Time,
}

/// What a scan found: rows, sum of the volume, sum of the closes.
pub type Sums = (usize, f64, f64);

impl History {
    pub fn write() -> History {
        let folder = tempfile::tempdir().expect("a folder");
        let bars = market::bars(BARS);
        let start = bars[0].open_time;
        let file = one_file(folder.path());
        write_bars(&file, &Symbol::new("BTCUSDT"), &bars).expect("written");
        let catalog = Catalog::of_home(folder.path());
        let mut import = Import::new(catalog.clone(), false);
        import.add(&file, &Told::default(), &mut |_| {}).expect("good bars");
        import.commit().expect("imported");
        History { folder, catalog, start }
    }

    fn month(&self) -> (Time, Time) {
        let from = self.start.plus(Span(MONTH.0 * Span::DAY.0));
        (from, from.plus(Span(MONTH.1 * Span::DAY.0)))
    }

    /// One month out of the one file: count, volume, closes.
    pub fn month_of_file(&self) -> Sums {
        let (from, to) = self.month();
        sums(vec![one_file(self.folder.path())], from, to)
    }

    /// January 2023 out of a file of `gen_data.py`, for races with other programs on the same file.
    pub fn january(file: &Path) -> Sums {
        let (from, to) = (Time::from_millis(1_672_531_200_000), Time::from_millis(1_675_209_600_000));
        sums(vec![file.to_path_buf()], from, to)
    }

    /// The same out of the catalogue.
    pub fn month_of_catalog(&self) -> Sums {
        let (from, to) = self.month();
        let partition = self.catalog.find("BTCUSDT").expect("a history");
        sums(self.catalog.files(&partition, from, to).expect("files"), from, to)
    }

    /// All five years to hours; how many.
    pub fn hours(&self) -> usize {
        let files = vec![one_file(self.folder.path())];
        let (from, to) = (Time(0), self.start.plus(Span(3_000 * Span::DAY.0)));
        let plan = ScanPlan { files, columns: buckets::COLUMNS.to_vec(), from, to };
        buckets(&mut Scan::new(plan), Span(60 * Span::MINUTE.0)).expect("hours").len()
    }
}

fn sums(files: Vec<PathBuf>, from: Time, to: Time) -> Sums {
    let columns = vec![Column::Close, Column::Volume];
    let mut scan = Scan::new(ScanPlan { files, columns, from, to });
    let mut sums = (0, 0.0, 0.0);
    while let Some(batch) = scan.next_batch().expect("a batch") {
        let sum = |column| batch.numbers(column).expect("numbers").iter().sum::<f64>();
        sums = (sums.0 + batch.len(), sums.1 + sum(Column::Volume), sums.2 + sum(Column::Close));
    }
    sums
}

fn one_file(folder: &Path) -> PathBuf {
    folder.join("BTCUSDT-5y.parquet")
}

/// MiB by which the resident memory peaked above its level before, where the system tells (Linux).
pub fn peak_mib(work: impl FnOnce()) -> Option<f64> {
    // Forgets the peak so far (proc(5), clear_refs).
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    let before = memory("VmRSS:")?;
    work();
    Some((memory("VmHWM:")? - before).max(0.0) / 1_024.0)
}

fn memory(name: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
}
