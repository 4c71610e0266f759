//! The catalogue as a library: months that merge, where rows came from, scans, commits of all or nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray};
use kestrel::domain::{Bar, Span, Symbol, Time};
use kestrel::store::buckets::{self, buckets};
use kestrel::store::import::{Import, Told};
use kestrel::store::month::{Month, MonthFile, Origin};
use kestrel::store::scan::{Scan, ScanPlan, bounds};
use kestrel::store::{
    Catalog, Column, Interval, Kline, KlineSource, Market, Partition, Row, Staging, StoreError, write_bars,
};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;

/// 2024-01-31 00:00 UTC: a month ends after a day.
const START: Time = Time(1_706_659_200_000_000);

fn bar(minute: i64) -> Bar {
    let open = 100.0 + (minute % 17) as f64 / 8.0;
    let open_time = START.plus(Span(minute * Span::MINUTE.0));
    Bar { open_time, open, high: open + 0.5, low: open - 0.25, close: open + 0.125, volume: minute as f64 / 4.0 }
}

fn bars(minutes: impl Iterator<Item = i64>) -> Vec<Bar> {
    minutes.map(bar).collect()
}

fn partition() -> Partition {
    Partition { market: Market::spot(), symbol: Symbol::new("BTCUSDT"), interval: Interval::MINUTE }
}

fn file(folder: &Path, name: &str, bars: &[Bar]) -> PathBuf {
    let path = folder.join(name);
    write_bars(&path, &Symbol::new("BTCUSDT"), bars).expect("write");
    path
}

fn import(catalog: &Catalog, files: &[PathBuf], replace: bool) -> Result<usize, StoreError> {
    let mut import = Import::new(catalog.clone(), replace);
    for file in files {
        import.add(file, &Told::default(), &mut |_| {})?;
    }
    import.commit()
}

fn rows_of(path: &Path) -> Vec<Kline> {
    let mut rows = Vec::new();
    let visited = KlineSource::open(path).expect("open").visit(&mut |row: Row| {
        rows.push(row.kline);
        Ok(())
    });
    visited.expect("read");
    rows
}

fn kept(catalog: &Catalog) -> Vec<Kline> {
    let months = catalog.months(&partition()).expect("months");
    months.iter().flat_map(|(_, path)| rows_of(path)).collect()
}

fn text_of(path: &Path, key: &str) -> Option<String> {
    let file = std::fs::File::open(path).expect("open");
    let reader = parquet::file::reader::SerializedFileReader::new(file).expect("a reader");
    let footer = parquet::file::reader::FileReader::metadata(&reader).file_metadata().clone();
    footer.key_value_metadata()?.iter().find(|pair| pair.key == key)?.value.clone()
}

#[test]
fn rows_go_to_the_month_they_open_in_and_come_back_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = Catalog::of_home(folder.path());
    let all = bars(0..4_000);
    let written = import(&catalog, &[file(folder.path(), "a.parquet", &all)], false).expect("import");
    assert_eq!(written, 2);
    let months = catalog.months(&partition()).expect("months");
    let names: Vec<String> = months.iter().map(|(month, _)| month.to_string()).collect();
    assert_eq!(names, ["2024-01", "2024-02"]);
    assert_eq!(rows_of(&months[0].1).len(), 1_440);
    assert_eq!(kept(&catalog).iter().map(|kline| kline.bar).collect::<Vec<_>>(), all);
    assert_eq!(catalog.partitions().expect("a list"), [partition()]);
    let from = Month::parse("2024-02").expect("a month").start();
    assert_eq!(catalog.files(&partition(), from, from.plus(Span(1))).expect("files"), [months[1].1.clone()]);
    assert_eq!(bounds(&months[1].1).expect("statistics"), Some((from, all[3_999].open_time)));
}

#[test]
fn each_row_group_states_where_its_rows_came_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = Catalog::of_home(folder.path());
    let early = file(folder.path(), "early.parquet", &bars(0..100));
    let late = file(folder.path(), "late.parquet", &bars(90..200));
    import(&catalog, &[early], false).expect("import");
    import(&catalog, &[late], false).expect("import");
    let path = catalog.path(&partition(), Month::of(START));
    let provenance: serde_json::Value =
        serde_json::from_str(&text_of(&path, "kestrel.provenance").expect("provenance")).expect("JSON");
    let groups = provenance["groups"].as_array().expect("groups");
    let told: Vec<(u64, &str)> = groups
        .iter()
        .map(|group| {
            let origin = &group["origins"][0];
            assert_eq!(origin["from"], "file");
            assert_eq!(origin["sha256"].as_str().map(str::len), Some(64));
            (group["rows"].as_u64().unwrap_or_default(), origin["name"].as_str().unwrap_or_default())
        })
        .collect();
    assert_eq!(told, [(100, "early.parquet"), (100, "late.parquet")]);
    assert_eq!(text_of(&path, "symbol").as_deref(), Some("BTCUSDT"));
    assert_eq!(text_of(&path, "market").as_deref(), Some("spot"));
    assert_eq!(kept(&catalog).len(), 200);
}

#[test]
fn rows_that_contradict_are_refused_and_with_replace_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = Catalog::of_home(folder.path());
    import(&catalog, &[file(folder.path(), "a.parquet", &bars(0..10))], false).expect("import");
    let before = std::fs::read(catalog.path(&partition(), Month::of(START))).expect("read");
    let mut other = bars(5..3_000);
    other[2].close += 0.0625;
    let other = file(folder.path(), "b.parquet", &other);
    let error = import(&catalog, std::slice::from_ref(&other), false).expect_err("a contradiction").to_string();
    for part in ["b.parquet: row 3 (2024-01-31T00:07:00Z)", "2024-01.parquet has", "--replace"] {
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(std::fs::read(catalog.path(&partition(), Month::of(START))).expect("read"), before);
    assert_eq!(catalog.months(&partition()).expect("months").len(), 1, "no later month either");
    import(&catalog, &[other], true).expect("import");
    assert_eq!(kept(&catalog)[7].bar.close, bar(7).close + 0.0625);
    assert_eq!(kept(&catalog).len(), 3_000);
}

#[test]
fn a_month_that_changed_meanwhile_is_not_overwritten_and_parts_are_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = Catalog::of_home(folder.path());
    let month = Month::of(START);
    let mut staging = Staging::new(catalog.clone());
    let content = staging.load(&partition(), month).expect("nothing yet");
    staging.put(&partition(), month, &content).expect("staged");
    let path = catalog.path(&partition(), month);
    file(folder.path(), path.strip_prefix(folder.path()).expect("inside").to_str().expect("text"), &bars(0..5));
    let refused = staging.commit();
    assert!(matches!(refused, Err(StoreError::ChangedMeanwhile { .. })), "{refused:?}");
    assert_eq!(rows_of(&path).len(), 5);
    let left: Vec<_> = std::fs::read_dir(path.parent().expect("a folder")).expect("list").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn what_a_later_file_adds_to_known_bars_is_kept_and_marks_shrink_as_bars_come() {
    let row = |minute: i64, trades: Option<i64>| Row {
        number: minute as u64 + 1,
        kline: Kline { trades, ..Kline::of(bar(minute)) },
    };
    let file = |name: &str| Origin::File { name: name.into(), sha256: "0".repeat(64) };
    let mut month = MonthFile::default();
    month.merge(&[row(0, None), row(4, Some(7))], &file("a"), false).expect("no conflict");
    let merged = month.merge(&[row(0, Some(3)), row(4, None)], &file("b"), false).expect("no conflict");
    assert_eq!((merged.added, merged.known, merged.filled, merged.replaced), (0, 2, 1, 0));
    assert_eq!(month.rows().map(|kline| kline.trades).collect::<Vec<_>>(), [Some(3), Some(7)]);
    let minute = |at: i64| bar(at).open_time;
    let rest = Origin::Rest { url: "http://127.0.0.1:9".into() };
    let missing = month.missing(minute(0), minute(6), Interval::MINUTE, Some(&rest));
    assert_eq!(missing, [(minute(1), minute(4)), (minute(5), minute(6))]);
    month.mark(&missing, &rest);
    assert_eq!(month.missing(minute(0), minute(6), Interval::MINUTE, Some(&rest)), []);
    let other = Origin::Rest { url: "http://127.0.0.1:8".into() };
    assert_eq!(month.missing(minute(0), minute(6), Interval::MINUTE, Some(&other)), missing, "another venue is asked");
    month.merge(&[row(2, None)], &file("c"), false).expect("no conflict");
    month.trim_marks(Interval::MINUTE);
    let marks: Vec<_> = month.gaps().iter().map(|gap| (gap.from, gap.to)).collect();
    let ms = |at: i64| minute(at).millis();
    assert_eq!(marks, [(ms(1), ms(2)), (ms(3), ms(4)), (ms(5), ms(6))]);
}

/// A file as other programs write it.
fn foreign(path: &Path, columns: Vec<(&str, ArrayRef)>, group: usize) {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .expect("a batch");
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
    let file = std::fs::File::create(path).expect("create");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("a writer");
    writer.write(&batch).expect("write");
    writer.close().expect("close");
}

fn floats(bars: &[Bar], of: fn(&Bar) -> f64) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(bars.iter().map(of)))
}

#[test]
fn parquet_of_other_layouts_is_understood() {
    let folder = tempfile::tempdir().expect("a folder");
    let some = bars(0..50);
    let nanos: Vec<i64> = some.iter().map(|bar| bar.open_time.0 * 1_000).collect();
    let micros: Vec<i64> = some.iter().map(|bar| bar.open_time.0).collect();
    let texts = |of: fn(&Bar) -> String| Arc::new(StringArray::from_iter_values(some.iter().map(of))) as ArrayRef;
    let times: [(&str, ArrayRef); 4] = [
        ("timestamp", Arc::new(TimestampNanosecondArray::from(nanos).with_timezone("UTC"))),
        ("Date", Arc::new(Int64Array::from(micros))),
        ("time", texts(|bar| bar.open_time.millis().to_string())),
        ("Open Time", texts(|bar| format!("2024-01-31 00:{:02}:00", bar.open_time.millis() / 60_000 % 60))),
    ];
    for (at, time) in times.into_iter().enumerate() {
        let path = folder.path().join(format!("BTCUSDT-{at}.parquet"));
        let columns = vec![
            time,
            ("Open", texts(|bar| format!("{:.8}", bar.open))),
            ("High", floats(&some, |bar| bar.high)),
            ("Low", floats(&some, |bar| bar.low)),
            ("Close", floats(&some, |bar| bar.close)),
            ("Volume", floats(&some, |bar| bar.volume)),
            ("number_of_trades", floats(&some, |_| 12.0)),
            ("quote_asset_volume", floats(&some, |bar| bar.volume * 100.0)),
        ];
        foreign(&path, columns, 20);
        let rows = rows_of(&path);
        assert_eq!(rows.iter().map(|kline| kline.bar).collect::<Vec<_>>(), some, "{at}");
        assert!(rows.iter().all(|kline| kline.trades == Some(12) && kline.quote_volume.is_some()), "{at}");
        // The text times cannot be scanned by statistics, so they come in through the catalogue.
        let home = Catalog::of_home(&folder.path().join(at.to_string()));
        import(&home, &[path], false).expect("import");
        assert_eq!(kept(&home), rows, "{at}");
    }
}

fn scanned(files: &[PathBuf], from: Time, to: Time) -> Vec<(i64, f64, f64)> {
    let columns = vec![Column::OpenTime, Column::Close, Column::Volume];
    let mut scan = Scan::new(ScanPlan { files: files.to_vec(), columns, from, to });
    let mut found = Vec::new();
    while let Some(batch) = scan.next_batch().expect("a batch") {
        let numbers = |column| batch.numbers(column).expect("numbers").to_vec();
        let rows = batch.times().into_owned().into_iter().zip(numbers(Column::Close)).zip(numbers(Column::Volume));
        found.extend(rows.map(|((time, close), volume)| (time, close, volume)));
        assert!(batch.numbers(Column::Open).is_none(), "what was not asked for is not read");
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Any stretch of any file: the same rows as reading everything and leaving out what lies outside.
    #[test]
    fn a_scan_of_a_stretch_is_the_whole_file_filtered(
        holes in prop::collection::vec((0_i64..9_000, 1_i64..600), 0..4),
        group in 500_usize..5_000,
        in_micros: bool,
        stretch in (-50_i64..9_100, 0_i64..3_000),
        shift in 0_i64..60_000_000,
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let is_there = |minute: &i64| !holes.iter().any(|(from, length)| (*from..from + length).contains(minute));
        let some = bars((0..9_000).filter(is_there));
        let own = file(folder.path(), "own.parquet", &some);
        let other = folder.path().join("BTCUSDT-other.parquet");
        // The archives' change of unit may fall into a row group.
        let unit = |bar: &Bar| {
            if in_micros && bar.open_time > START.plus(Span::DAY) { bar.open_time.0 } else { bar.open_time.millis() }
        };
        foreign(&other, vec![
            ("open_time", Arc::new(Int64Array::from_iter_values(some.iter().map(unit)))),
            ("open", floats(&some, |bar| bar.open)),
            ("high", floats(&some, |bar| bar.high)),
            ("low", floats(&some, |bar| bar.low)),
            ("close", floats(&some, |bar| bar.close)),
            ("volume", floats(&some, |bar| bar.volume)),
        ], group);
        let catalog = Catalog::of_home(folder.path());
        import(&catalog, std::slice::from_ref(&own), false).expect("import");
        let from = START.plus(Span(stretch.0 * Span::MINUTE.0 + shift));
        let to = from.plus(Span(stretch.1 * Span::MINUTE.0));
        let wanted: Vec<_> = some
            .iter()
            .filter(|bar| (from..to).contains(&bar.open_time))
            .map(|bar| (bar.open_time.millis(), bar.close, bar.volume))
            .collect();
        prop_assert_eq!(&scanned(&[own], from, to), &wanted);
        prop_assert_eq!(&scanned(&[other], from, to), &wanted);
        prop_assert_eq!(&scanned(&catalog.files(&partition(), from, to).expect("files"), from, to), &wanted);
    }
}

#[test]
fn longer_bars_are_joined_from_the_minutes_they_hold() {
    let folder = tempfile::tempdir().expect("a folder");
    let some = bars((0..3_000).filter(|minute| !(60..120).contains(minute)));
    let path = file(folder.path(), "BTCUSDT.parquet", &some);
    let plan = ScanPlan {
        files: vec![path],
        columns: buckets::COLUMNS.to_vec(),
        from: Time(0),
        to: START.plus(Span(300 * Span::DAY.0)),
    };
    let hours = buckets(&mut Scan::new(plan), Span(60 * Span::MINUTE.0)).expect("hours");
    assert_eq!(hours.len(), 49, "the hour without a bar is not made up");
    for hour in hours {
        let start = hour.bar.open_time;
        let inside: Vec<&Bar> =
            some.iter().filter(|bar| (start..start.plus(Span(60 * Span::MINUTE.0))).contains(&bar.open_time)).collect();
        assert_eq!(hour.bars, inside.len() as u64);
        assert_eq!(hour.bar.open, inside[0].open);
        assert_eq!(hour.bar.close, inside[inside.len() - 1].close);
        assert_eq!(hour.bar.high, inside.iter().map(|bar| bar.high).fold(0.0, f64::max));
        assert_eq!(hour.bar.low, inside.iter().map(|bar| bar.low).fold(f64::MAX, f64::min));
        assert_eq!(hour.bar.volume, inside.iter().map(|bar| bar.volume).sum::<f64>());
    }
}
