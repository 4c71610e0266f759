//! Features of recorded months.

use kestrel::domain::{Bar, Time};
use kestrel::market::features::{Columns, Kind, Normaliser, NormaliserSettings, Schema, full_columns};
use kestrel::store::Column;
use kestrel::store::scan::{Scan, ScanPlan};

use super::History;
use crate::support::{data_file, skip_without_data};

fn recorded(file: &str) -> Option<History> {
    let files = vec![data_file(file)?];
    let columns = vec![
        Column::OpenTime,
        Column::Open,
        Column::High,
        Column::Low,
        Column::Close,
        Column::Volume,
        Column::TakerBuyBase,
    ];
    let mut scan = Scan::new(ScanPlan { files, columns, from: Time(0), to: Time(i64::MAX) });
    let mut history = History { bars: Vec::new(), taker_buy: Vec::new() };
    while let Some(batch) = scan.next_batch().expect("a recorded file") {
        let numbers = [Column::Open, Column::High, Column::Low, Column::Close, Column::Volume].map(|c| batch.dense(c));
        for (at, time) in batch.times().iter().enumerate() {
            let [open, high, low, close, volume] = numbers.each_ref().map(|column| column[at]);
            history.bars.push(Bar { open_time: Time::from_millis(*time), open, high, low, close, volume });
        }
        history.taker_buy.extend(batch.sparse(Column::TakerBuyBase));
    }
    Some(history)
}

fn deviation(rows: &Columns, place: usize) -> (f64, f64) {
    let values: Vec<f64> = rows.column(place).skip(rows.first_ready()).map(f64::from).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (mean, (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt())
}

#[test]
fn recorded_months_are_observed_in_full() {
    const FILES: [(&str, bool); 4] = [
        ("klines/BTCUSDT-spot-1m-2020-03-01_2020-03-31-covid-crash.parquet", true),
        ("klines/BTCUSDT-spot-1m-2023-07-01_2023-07-31-calm.parquet", false),
        ("klines/ETHUSDT-spot-1m-2022-11-01_2022-11-30-ftx.parquet", false),
        ("klines/NEARUSDT-um-1m-2024-06.parquet", false),
    ];
    let schema = Schema::full();
    for (file, has_gap) in FILES {
        let Some(history) = recorded(file) else { return skip_without_data() };
        let knows_takers = file.contains("-um-");
        let rows = full_columns(&schema, &history.bars, &history.taker_buy);
        assert_eq!(rows.first_ready() + 1, schema.warm_up());
        let mut normalised = rows.clone();
        let mut normaliser = Normaliser::new(&schema, NormaliserSettings::default());
        normaliser.take_all(&mut normalised).expect("the same schema");
        for (place, column) in schema.columns().iter().enumerate() {
            let name = column.name.as_str();
            assert!(rows.column(place).all(|x| x.is_finite() && x.abs() < 100.0), "{file}: {name} leaves its bounds");
            let (mean, deviation) = deviation(&rows, place);
            match column.kind {
                Kind::Mask => {
                    let wanted = if name == "warming" || knows_takers { 0.0 } else { 1.0 };
                    assert_eq!((mean, deviation), (wanted, 0.0), "{file}: {name}");
                }
                Kind::Bounded if name == "gap" || name.starts_with("missing_") => {
                    assert_eq!(deviation > 0.0, has_gap, "{file}: {name}");
                }
                Kind::Measure if name.starts_with("taker_") && !knows_takers => {
                    assert_eq!((mean, deviation), (0.0, 0.0))
                }
                Kind::Measure | Kind::Bounded => {
                    // Of order one as it stands, and more so when normalised.
                    assert!((0.02..8.0).contains(&deviation) && mean.abs() < 8.0, "{file}: {name} {mean} {deviation}");
                }
            }
            if column.kind == Kind::Measure && (knows_takers || !name.starts_with("taker_")) {
                let (mean, deviation) = self::deviation(&normalised, place);
                let right = mean.abs() < 1.0 && (0.3..2.0).contains(&deviation);
                assert!(right, "{file}: {name} normalised: {mean} {deviation}");
            }
        }
    }
}
