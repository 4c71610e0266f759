//! Kline files: real ones, ones we write, and every kind of broken one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use kestrel::config::rules_for;
use kestrel::domain::{Bar, Price, Symbol, SymbolId, Time};
use kestrel::engine::ports::BarSource;
use kestrel::store::{ParquetBars, StoreError, symbol_of, symbols_of, write_bars};
use parquet::arrow::ArrowWriter;
use rand_chacha::rand_core::Rng;

const START_MS: i64 = 1_704_067_200_000;

fn bars_from(start: i64, count: i64) -> Vec<Bar> {
    let bar = |i: i64| {
        let open = 100.0 + (i % 17) as f64 / 8.0;
        let open_time = Time::from_millis(START_MS + (start + i) * 60_000);
        Bar { open_time, open, high: open + 0.5, low: open - 0.25, close: open + 0.125, volume: i as f64 / 4.0 }
    };
    (0..count).map(bar).collect()
}

fn read_all(files: &[PathBuf], symbols: &[Symbol]) -> Result<Vec<(SymbolId, Bar)>, StoreError> {
    let mut source = ParquetBars::open(files, symbols)?;
    let mut bars = Vec::new();
    while let Some(bar) = source.next_merged()? {
        bars.push(bar);
    }
    Ok(bars)
}

fn said(files: &[PathBuf]) -> String {
    match read_all(files, &[Symbol::new("BTCUSDT")]) {
        Ok(bars) => panic!("{files:?} gave {} bars", bars.len()),
        Err(error) => error.to_string(),
    }
}

/// Three rows of klines in any types, some of them spoilt.
fn write_columns(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    let file = std::fs::File::create(path).expect("create");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("writer");
    writer.write(&batch).expect("write");
    writer.close().expect("close");
}

fn columns() -> Vec<(&'static str, ArrayRef)> {
    let numbers = |x: f64| Arc::new(Float64Array::from(vec![x, x, x])) as ArrayRef;
    let times = [0, 1, 2].map(|i| START_MS + i * 60_000).to_vec();
    vec![
        ("open_time", Arc::new(Int64Array::from(times)) as ArrayRef),
        ("open", numbers(2.0)),
        ("high", numbers(3.0)),
        ("low", numbers(1.0)),
        ("close", numbers(2.5)),
        ("volume", numbers(0.0)),
    ]
}

fn with(name: &str, array: ArrayRef) -> Vec<(&'static str, ArrayRef)> {
    columns().into_iter().map(|(column, old)| (column, if column == name { array.clone() } else { old })).collect()
}

#[test]
fn bars_come_back_as_they_were_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("klines/1m/2024-01.parquet");
    let bars = bars_from(0, 20_000);
    write_bars(&path, &Symbol::new("BTCUSDT"), &bars).expect("write");
    assert_eq!(symbol_of(&path).expect("a symbol"), Symbol::new("BTCUSDT"));
    let read = read_all(std::slice::from_ref(&path), &[Symbol::new("BTCUSDT")]).expect("read");
    assert_eq!(read.into_iter().map(|(_, bar)| bar).collect::<Vec<_>>(), bars);
    let names: Vec<_> = std::fs::read_dir(path.parent().expect("a parent")).expect("list").collect();
    assert_eq!(names.len(), 1, "no part is left behind");
}

#[test]
fn symbols_come_from_metadata_else_from_the_name_and_keep_config_order() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let named = |name: &str| {
        let path = folder.path().join(name);
        write_columns(&path, columns());
        path
    };
    for (name, symbol) in
        [("SOLUSDT_1m.parquet", "SOLUSDT"), ("ETHUSDT-spot.parquet", "ETHUSDT"), ("BTC1.parquet", "BTC1")]
    {
        assert_eq!(symbol_of(&named(name)).expect("a symbol"), Symbol::new(symbol));
    }
    for name in ["klines.parquet", "-BTC.parquet", "BTCusdt.parquet"] {
        assert!(matches!(symbol_of(&named(name)), Err(StoreError::NoSymbol { .. })), "{name}");
    }
    let files = ["SOLUSDT_1m.parquet", "ETHUSDT-spot.parquet", "BTC1.parquet"].map(named);
    let order = [Symbol::new("BTC1"), Symbol::new("XRPUSDT")];
    let symbols = symbols_of(&files, &order).expect("symbols");
    assert_eq!(symbols, ["BTC1", "SOLUSDT", "ETHUSDT"].map(Symbol::new));
    let foreign = read_all(&files, &symbols[..2]);
    assert!(matches!(foreign, Err(StoreError::ForeignSymbol { .. })));
}

#[test]
fn several_files_merge_by_time_then_symbol_order() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let symbols = [Symbol::new("BTCUSDT"), Symbol::new("ETHUSDT")];
    let write = |name: &str, symbol: &Symbol, start, count| {
        let path = folder.path().join(name);
        write_bars(&path, symbol, &bars_from(start, count)).expect("write");
        path
    };
    let files = [write("b", &symbols[0], 10, 10), write("e", &symbols[1], 5, 10), write("a", &symbols[0], 0, 10)];
    let mut source = ParquetBars::open(&files, &symbols).expect("open");
    let mut order = Vec::new();
    while let Some((symbol, bar)) = source.next_bar().expect("a bar") {
        order.push((minute(&bar), symbol.0));
    }
    let both = (5..15).flat_map(|minute| [(minute, 0), (minute, 1)]);
    let first = (0..5).map(|minute| (minute, 0));
    assert_eq!(order, first.chain(both).chain((15..20).map(|minute| (minute, 0))).collect::<Vec<_>>());
}

fn minute(bar: &Bar) -> i64 {
    (bar.open_time.millis() - START_MS) / 60_000
}

#[test]
fn files_of_one_symbol_must_not_overlap() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let symbol = Symbol::new("BTCUSDT");
    let files = [("a", 0), ("b", 9)].map(|(name, start)| {
        let path = folder.path().join(name);
        write_bars(&path, &symbol, &bars_from(start, 10)).expect("write");
        path
    });
    let error = said(&files);
    assert!(error.contains("/b: its first bar") && error.contains("/a ("), "{error}");
}

#[test]
fn microseconds_timestamps_and_decimal_text_are_understood() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("BTCUSDT.parquet");
    write_columns(&path, columns());
    let symbols = [Symbol::new("BTCUSDT")];
    let plain = read_all(std::slice::from_ref(&path), &symbols).expect("plain");
    let micros: Vec<i64> = (0..3).map(|i| (START_MS + i * 60_000) * 1_000).collect();
    // The archives changed their unit in the middle of a history.
    let mixed = vec![START_MS, micros[1], micros[2]];
    let variants: [(&str, ArrayRef); 4] = [
        ("open_time", Arc::new(Int64Array::from(micros.clone()))),
        ("open_time", Arc::new(Int64Array::from(mixed))),
        ("open_time", Arc::new(TimestampMicrosecondArray::from(micros).with_timezone("UTC"))),
        ("close", Arc::new(StringArray::from(vec!["2.5", "2.50000000", " 2.5"]))),
    ];
    for (name, array) in variants {
        write_columns(&path, with(name, array));
        assert_eq!(read_all(std::slice::from_ref(&path), &symbols).expect(name), plain, "{name}");
    }
}

#[test]
fn a_bad_row_is_named_with_column_found_and_allowed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("BTCUSDT.parquet");
    let floats = |x: [f64; 3]| Arc::new(Float64Array::from(x.to_vec())) as ArrayRef;
    let cases: [(&str, ArrayRef, &str); 11] = [
        ("close", floats([2.0, 4.0, 2.0]), "row 2, column `high`"),
        ("low", floats([1.0, 1.0, 2.25]), "row 3, column `low`"),
        ("open", floats([f64::NAN, 2.0, 2.0]), "row 1, column `open`"),
        ("high", floats([3.0, f64::INFINITY, 3.0]), "row 2, column `high`"),
        ("low", floats([1.0, 0.0, 1.0]), "row 2, column `low`"),
        ("volume", floats([0.0, 0.0, -1.0]), "row 3, column `volume`"),
        ("volume", Arc::new(Float64Array::from(vec![Some(1.0), None, None])), "row 2, column `volume`: found nothing"),
        ("close", Arc::new(StringArray::from(vec!["2", "2,5", "2"])), "row 2, column `close`: found \"2,5\""),
        ("open_time", Arc::new(Int64Array::from(vec![START_MS, START_MS, START_MS + 1])), "row 2, column `open_time`"),
        ("open_time", Arc::new(Int64Array::from(vec![1_704_067_200, 1, 2])), "row 1, column `open_time`"),
        ("open_time", Arc::new(Int64Array::from(vec![i64::MIN, 1, 2])), "row 1, column `open_time`"),
    ];
    for (name, array, part) in cases {
        write_columns(&path, with(name, array));
        let error = said(std::slice::from_ref(&path));
        assert!(error.contains(part) && error.contains("allowed is"), "{name}: {error}");
    }
}

#[test]
fn columns_that_lack_or_have_another_type_are_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("BTCUSDT.parquet");
    for missing in ["open_time", "low", "volume"] {
        write_columns(&path, columns().into_iter().filter(|(name, _)| *name != missing).collect());
        let error = said(std::slice::from_ref(&path));
        assert!(error.contains(&format!("column `{missing}` is missing")) && error.contains("close"), "{error}");
    }
    write_columns(&path, with("high", Arc::new(Int64Array::from(vec![3, 3, 3]))));
    assert!(said(std::slice::from_ref(&path)).contains("column `high` has type Int64, allowed is float64"));
    write_columns(&path, with("open_time", Arc::new(Float64Array::from(vec![1.0, 2.0, 3.0]))));
    assert!(said(std::slice::from_ref(&path)).contains("column `open_time` has type Float64, allowed is int64"));
    let empty = columns().into_iter().map(|(name, array)| (name, array.slice(0, 0))).collect();
    write_columns(&path, empty);
    assert!(said(&[path]).contains("no rows"));
    assert!(said(&[folder.path().to_path_buf()]).contains("not a regular file"));
    assert!(said(&[]).contains("--data"));
}

#[test]
fn bars_that_are_not_valid_are_not_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("BTCUSDT.parquet");
    let mut bars = bars_from(0, 3);
    bars[2].open_time = bars[1].open_time;
    assert!(matches!(write_bars(&path, &Symbol::new("BTCUSDT"), &bars), Err(StoreError::BadRow { row: 3, .. })));
    assert!(!path.exists());
}

/// Cuts and flips: the outcome is bars or an error, never a panic; a cut file is always an error.
#[test]
fn damaged_files_never_panic() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("BTCUSDT.parquet");
    write_bars(&path, &Symbol::new("BTCUSDT"), &bars_from(0, 600)).expect("write");
    let whole = std::fs::read(&path).expect("read");
    let symbols = [Symbol::new("BTCUSDT")];
    let files = [path.clone()];
    for length in (0..whole.len()).step_by(41).chain(whole.len() - 24..whole.len()) {
        std::fs::write(&path, &whole[..length]).expect("write");
        assert!(read_all(&files, &symbols).is_err(), "cut at {length}");
    }
    let mut random = kestrel::domain::seed::Seed(7).stream("flips");
    let mut refused = 0;
    for round in 0..1_500 {
        let mut bent = whole.clone();
        // Half of the rounds aim at the footer, where sizes and offsets stand.
        let from = if round % 2 == 0 { 0 } else { whole.len() - 3_000.min(whole.len()) };
        for _ in 0..1 + random.next_u32() % 4 {
            let at = from + random.next_u32() as usize % (whole.len() - from);
            bent[at] ^= 1 << (random.next_u32() % 8);
        }
        std::fs::write(&path, &bent).expect("write");
        match read_all(&files, &symbols) {
            Ok(bars) => assert_eq!(bars.len(), 600, "round {round}"),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 100, "only {refused} of the bent files were noticed");
}

/// The real files: all rows are read, and every price lies on the tick of our rules.
#[test]
fn real_files_are_read_whole_and_their_prices_lie_on_the_grid() {
    let Some(folder) = std::env::var_os("KESTREL_DATA") else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "KESTREL_DATA is not set, but CI needs it");
        println!("skipped: KESTREL_DATA is not set");
        return;
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(Path::new(&folder).join("klines"))
        .expect("KESTREL_DATA holds klines")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "parquet"))
        .collect();
    files.sort();
    assert!(files.len() >= 13, "{files:?}");
    for file in files {
        let symbol = symbol_of(&file).expect("a symbol");
        let tick = rules_for(&symbol).price.tick;
        assert_ne!(tick, Price::from_raw(1), "{symbol} has no known rules");
        let mut source = ParquetBars::open(std::slice::from_ref(&file), &[symbol]).expect("open");
        let mut rows = 0;
        while let Some((_, bar)) = source.next_merged().unwrap_or_else(|error| panic!("{error}")) {
            rows += 1;
            for price in [bar.open, bar.high, bar.low, bar.close] {
                let fixed = Price::from_f64(price).expect("a price");
                assert!(fixed.is_multiple_of(tick), "{}: row {rows}: {price} on {tick}", file.display());
            }
        }
        assert_eq!(rows, source.rows(), "{}", file.display());
    }
}
