//! Five years of minutes in Parquet: one file, and the same in the catalogue.
//!
//! Invariant: both are written before the clock runs; what is read back is checked once.
//! Absent on purpose: other programs; the same work for duckdb and polars stands in `benches/peers/scan.py`.

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

    /// The month that is scanned.
    pub fn month(&self) -> (Time, Time) {
        let from = self.start.plus(Span(MONTH.0 * Span::DAY.0));
        (from, from.plus(Span(MONTH.1 * Span::DAY.0)))
    }

    /// One month out of the one file: count, volume, closes.
    pub fn month_of_file(&self) -> Sums {
        let (from, to) = self.month();
        sums(vec![one_file(self.folder.path())], from, to)
    }

    /// The same out of the catalogue.
    pub fn month_of_catalog(&self) -> Sums {
        let (from, to) = self.month();
        let partition = self.catalog.find("BTCUSDT").expect("a history");
        sums(self.catalog.files(&partition, from, to).expect("files"), from, to)
    }

    /// All five years to hours; how many.
    pub fn hours(&self) -> usize {
        hours(vec![self.file()], ALWAYS)
    }

    pub fn file(&self) -> PathBuf {
        one_file(self.folder.path())
    }
}

/// January 2023: the month that other programs are raced on.
pub const JANUARY: (Time, Time) = (Time(1_672_531_200_000_000), Time(1_675_209_600_000_000));
/// All there is.
pub const ALWAYS: (Time, Time) = (Time(0), Time(i64::MAX));

/// January 2023 out of a file such as `gen_data.py` makes.
pub fn january(file: &Path) -> Sums {
    sums(vec![file.to_path_buf()], JANUARY.0, JANUARY.1)
}

/// All of a file to hours; how many.
pub fn hours_of(file: &Path) -> usize {
    hours(vec![file.to_path_buf()], ALWAYS)
}

fn hours(files: Vec<PathBuf>, (from, to): (Time, Time)) -> usize {
    let plan = ScanPlan { files, columns: buckets::COLUMNS.to_vec(), from, to };
    buckets(&mut Scan::new(plan), Span(60 * Span::MINUTE.0)).expect("hours").len()
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

/// The word before the work and the file in the arguments of a process that only does one piece of work.
const ALONE: &str = "--alone";

/// Does the work that the arguments ask for, alone in this process, and prints its peak memory in MiB. False when they ask
/// for none.
pub fn works_alone() -> bool {
    let arguments: Vec<String> = std::env::args().collect();
    let Some(at) = arguments.iter().position(|argument| argument == ALONE) else { return false };
    let (work, file) = (arguments[at + 1].as_str(), Path::new(&arguments[at + 2]));
    let stretch = [at + 3, at + 4].map(|at| Time(arguments[at].parse().expect("microseconds")));
    let rows = match work {
        "month" => sums(vec![file.to_path_buf()], stretch[0], stretch[1]).0,
        "hours" => hours(vec![file.to_path_buf()], (stretch[0], stretch[1])),
        other => panic!("{other}: no such work"),
    };
    assert!(rows > 0);
    println!("{}", memory("VmHWM:").map_or(-1.0, |kib| kib / 1_024.0));
    true
}

/// Peak memory in MiB of a process that does nothing else; `None` where the system does not tell (it does on Linux).
pub fn peak_mib(work: &str, file: &Path, (from, to): (Time, Time)) -> Option<f64> {
    let program = std::env::current_exe().ok()?;
    let stretch = [from, to].map(|time| time.0.to_string());
    let output = std::process::Command::new(program).args([ALONE, work]).arg(file).args(stretch).output().ok()?;
    let mib: f64 = String::from_utf8(output.stdout).ok()?.trim().parse().ok()?;
    (mib > 0.0).then_some(mib)
}

fn memory(name: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
}
