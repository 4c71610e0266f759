//! What holds for every feature: bar by bar as in a batch, no look into the future, no unit, nothing that is not finite.

#[path = "features/normaliser.rs"]
mod normaliser;
#[path = "features/oracle.rs"]
mod oracle;
#[path = "features/recorded.rs"]
mod recorded;

use kestrel::domain::{Bar, Span, Time};
use kestrel::market::features::{
    Columns, Feature, Kind, Normaliser, NormaliserSettings, Observer, Schema, columns, full_columns,
};
use proptest::prelude::*;

/// Bars and what takers bought in each, where it is told.
#[derive(Debug, Clone)]
struct History {
    bars: Vec<Bar>,
    taker_buy: Vec<Option<f64>>,
}

impl History {
    fn observed(&self, schema: &Schema) -> Columns {
        full_columns(schema, &self.bars, &self.taker_buy)
    }

    /// The first `cut` bars, then those of another history.
    fn spliced(&self, cut: usize, other: &History) -> History {
        let mut bars = self.bars[..cut].to_vec();
        let start = bars.last().map_or(Time(0), |bar| bar.open_time.plus(Span::MINUTE));
        bars.extend(other.bars.iter().map(|bar| Bar { open_time: start.plus(bar.open_time.since(Time(0))), ..*bar }));
        History { bars, taker_buy: [&self.taker_buy[..cut], &other.taker_buy[..]].concat() }
    }

    fn scaled(&self, price: f64, volume: f64) -> History {
        let bar = |bar: &Bar| Bar {
            open_time: bar.open_time,
            open: bar.open * price,
            high: bar.high * price,
            low: bar.low * price,
            close: bar.close * price,
            volume: bar.volume * volume,
        };
        let taker_buy = self.taker_buy.iter().map(|buy| buy.map(|buy| buy * volume)).collect();
        History { bars: self.bars.iter().map(bar).collect(), taker_buy }
    }
}

/// Walks with still stretches and jumps, some minutes missing, takers told now and then only.
fn histories(stretches: std::ops::Range<usize>) -> impl Strategy<Value = History> {
    let gaps = prop::collection::vec((0usize..1_500, 1i64..3_000), 0..4);
    let shares = prop::collection::vec(prop::option::weighted(0.985, 0.0f64..=1.0), 500);
    (crate::market::markets(stretches), gaps, shares).prop_map(|(mut bars, gaps, shares)| {
        for (from, minutes) in gaps {
            let gap = Span(minutes * Span::MINUTE.0);
            bars.iter_mut().skip(from).for_each(|bar| bar.open_time = bar.open_time.plus(gap));
        }
        let buys = bars.iter().zip(shares.iter().cycle()).map(|(bar, share)| share.map(|share| share * bar.volume));
        History { taker_buy: buys.collect(), bars }
    })
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

fn quick() -> NormaliserSettings {
    NormaliserSettings { half_life: Some(50.0), least_rows: 20, clip: 5.0 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_batch_is_bit_for_bit_what_the_observer_gives(history in histories(1..300)) {
        for schema in [Schema::ohlcv(), Schema::full()] {
            let batch = history.observed(&schema);
            let mut observer = Observer::new(&schema);
            for (at, (bar, buy)) in history.bars.iter().zip(&history.taker_buy).enumerate() {
                let row = bits(observer.take_with(bar, *buy));
                prop_assert_eq!(&row, &bits(batch.row(at)), "{} at {}", schema.name(), at);
                prop_assert_eq!(row, bits(observer.row()));
                prop_assert_eq!(observer.is_ready(), at >= batch.first_ready());
            }
        }
        // Without takers it is the same, and the OHLCV schema never asks for them.
        let schema = Schema::ohlcv();
        prop_assert_eq!(bits(columns(&schema, &history.bars).values()), bits(history.observed(&schema).values()));
    }

    #[test]
    fn a_feature_alone_is_what_it_is_among_all(history in histories(100..250)) {
        let full = Schema::full();
        let all = history.observed(&full);
        for feature in full.features() {
            let own = Schema::of(&[*feature]);
            let alone = history.observed(&own);
            for (place, (name, _)) in feature.columns().iter().enumerate() {
                let among = full.position(name).expect("a column of the full schema");
                prop_assert!(all.column(among).eq(alone.column(place)), "{name}");
            }
        }
    }

    #[test]
    fn a_later_bar_changes_no_earlier_row(history in histories(200..350), other in histories(1..200), share in 0.0f64..1.0) {
        let cut = (history.bars.len() as f64 * share) as usize;
        let schema = Schema::full();
        let rows = |history: &History| {
            let raw = history.observed(&schema);
            let mut normalised = raw.clone();
            Normaliser::new(&schema, quick()).take_all(&mut normalised).expect("the same schema");
            let until = cut * schema.width();
            (bits(&raw.values()[..until]), bits(&normalised.values()[..until]))
        };
        let nothing = History { bars: Vec::new(), taker_buy: Vec::new() };
        let whole = rows(&history);
        prop_assert!(whole == rows(&history.spliced(cut, &other)), "another future changed the past");
        prop_assert!(whole == rows(&history.spliced(cut, &nothing)), "a removed future changed the past");
    }

    #[test]
    fn no_feature_knows_the_unit_of_price_or_volume(history in histories(150..300), volume in 0.01f64..1e4) {
        let schema = Schema::full();
        let plain = history.observed(&schema);
        for price in [0.25, 1024.0, 3.7, 1e-3] {
            let scaled = history.scaled(price, volume).observed(&schema);
            for (place, column) in schema.columns().iter().enumerate() {
                // Wilder counts a rise and a fall of the same size as neither: on a grid of prices that are no binary
                // fractions, rounding decides which of the two is larger, and the unit decides the rounding.
                let is_tied = column.name.starts_with("adx_") || column.name.starts_with("di_");
                if is_tied && price.log2().fract() != 0.0 {
                    continue;
                }
                for (at, (x, y)) in plain.column(place).zip(scaled.column(place)).enumerate() {
                    prop_assert!((x - y).abs() <= 1e-4 * x.abs().max(1.0), "{} at {at} times {price}: {x}, {y}", column.name);
                }
            }
        }
    }

    #[test]
    fn absurd_bars_give_finite_rows(
        bars in prop::collection::vec((0usize..6, 0usize..6, 0usize..5, 0i64..3, 0usize..40), 10..120),
        buy in prop::option::of(prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-1.0), Just(1e300), 0.0f64..10.0]),
    ) {
        const PRICES: [f64; 6] = [1e-8, 1.000_000_1e-8, 1e-3, 1.0, 1e9, 1.000_000_001e9];
        const VOLUMES: [f64; 5] = [0.0, 1e-8, 1.0, 1e15, 0.0];
        let mut history = Vec::new();
        for (open, close, volume, pause, repeats) in bars {
            let (open, close) = (PRICES[open], PRICES[close]);
            for _ in 0..=repeats {
                // A time that stands still is wrong, and still harmless.
                let before = history.last().map_or(Time(0), |bar: &Bar| bar.open_time);
                let open_time = before.plus(Span(pause * pause * Span::MINUTE.0));
                let (high, low) = (open.max(close), open.min(close));
                history.push(Bar { open_time, open, high, low, close, volume: VOLUMES[volume] });
            }
        }
        let history = History { taker_buy: vec![buy; history.len()], bars: history };
        let schema = Schema::full();
        let mut rows = history.observed(&schema);
        check_bounds(&schema, &rows, 100.0)?;
        Normaliser::new(&schema, quick()).take_all(&mut rows).expect("the same schema");
        check_bounds(&schema, &rows, 5.0)?;
    }

    #[test]
    fn complete_rows_do_not_show_where_the_bars_began(history in histories(350..500), later in 1usize..300) {
        let schema = Schema::full();
        let later = later.min(history.bars.len());
        let from_start = history.observed(&schema);
        let from_later = columns_from(&history, later, &schema);
        for at in from_later.first_ready()..from_later.rows() {
            for (place, column) in schema.columns().iter().enumerate() {
                let (x, y) = (from_start.row(at + later)[place], from_later.row(at)[place]);
                prop_assert!((x - y).abs() <= 1e-3 * x.abs().max(1.0), "{} at {at} from {later}: {x}, {y}", column.name);
            }
        }
    }
}

fn columns_from(history: &History, from: usize, schema: &Schema) -> Columns {
    full_columns(schema, &history.bars[from..], &history.taker_buy[from..])
}

fn check_bounds(schema: &Schema, rows: &Columns, limit: f32) -> Result<(), TestCaseError> {
    for (place, column) in schema.columns().iter().enumerate() {
        for (at, x) in rows.column(place).enumerate() {
            let right = match column.kind {
                Kind::Measure => x.abs() <= limit,
                Kind::Bounded => x.abs() <= 1.0,
                Kind::Mask => x == 0.0 || x == 1.0,
            };
            prop_assert!(right, "{} at {at}: {x}", column.name);
        }
    }
    Ok(())
}

#[test]
fn prices_that_stand_still_say_nothing() {
    let schema = Schema::ohlcv();
    for price in [1e-8, 0.1, 30_000.0, 1e9] {
        let bar = |at: i64| Bar {
            open_time: Time::from_millis(at * 60_000),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0.0,
        };
        let bars: Vec<Bar> = (0..600).map(bar).collect();
        let rows = columns(&schema, &bars);
        for (place, column) in schema.columns().iter().enumerate() {
            let x = rows.row(599)[place];
            let wanted = match column.name.as_str() {
                name if name.starts_with("vol_") || name.starts_with("bb_width_") => 0.01f32.ln(),
                "day_sin" | "day_cos" | "week_sin" | "week_cos" => continue,
                _ => 0.0,
            };
            assert!((x - wanted).abs() < 1e-6, "{} of still prices at {price}: {x}, wanted {wanted}", column.name);
        }
    }
}

/// A model is of a schema; whoever changes one on purpose writes the new hash here, and old models are refused.
#[test]
fn the_shipped_schemas_are_what_models_were_trained_on() {
    let shipped = [(Schema::ohlcv(), 41, 308, "771125d52e94e854"), (Schema::full(), 47, 308, "2117975bade6892b")];
    for (schema, width, warm_up, id) in shipped {
        assert_eq!((schema.width(), schema.warm_up(), schema.id().as_str()), (width, warm_up, id), "{}", schema.name());
        assert_eq!(Schema::by_hash(schema.hash()).as_ref().map(Schema::name), Some(schema.name()));
    }
    assert_eq!(Schema::by_hash(7), None);
}

#[test]
fn the_columns_of_the_shipped_schemas_have_these_names() {
    let names = |schema: &Schema| schema.columns().iter().map(|column| column.name.clone()).collect::<Vec<_>>();
    let ohlcv = "ret_1 ret_vol_1 ret_5 ret_vol_5 ret_15 ret_vol_15 ret_60 ret_vol_60 ret_240 ret_vol_240 vol_ewma_30 \
                 vol_pk_15 vol_gk_60 vol_yz_240 rsi_14 macd_12_26_9 bb_place_20 bb_width_20 adx_14 di_14 stoch_14_3 \
                 ema_dist_20 sma_dist_60 sma_dist_240 to_high_60 to_low_60 to_high_240 to_low_240 body upper_wick \
                 lower_wick range volume_60 money_flow_20 day_sin day_cos week_sin week_cos gap missing_60 warming";
    assert_eq!(names(&Schema::ohlcv()).join(" "), ohlcv);
    let full =
        ohlcv.replace("warming", "taker_1 taker_1_absent taker_15 taker_15_absent taker_60 taker_60_absent warming");
    assert_eq!(names(&Schema::full()).join(" "), full);
}

#[test]
fn the_hash_tells_order_lengths_and_estimators_apart() {
    use kestrel::market::features::Estimator::{GarmanKlass, Parkinson};
    let (five, six) = (Feature::Return { bars: 5 }, Feature::Return { bars: 6 });
    let volatility = |estimator| Feature::Volatility { estimator, bars: 5 };
    let schemas: [&[Feature]; 8] = [
        &[],
        &[five],
        &[six],
        &[five, six],
        &[six, five],
        &[volatility(Parkinson)],
        &[volatility(GarmanKlass)],
        &[Feature::Macd { fast: 26, slow: 12, signal: 9 }],
    ];
    let mut hashes = schemas.map(|features| Schema::of(features).hash()).to_vec();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), schemas.len());
    assert_eq!(Schema::of(&[five]), Schema::of(&[five]));
}

#[test]
#[should_panic(expected = "a feature that stands twice in a schema is a bug")]
fn a_feature_stands_once_in_a_schema() {
    Schema::of(&[Feature::Clock, Feature::Candle, Feature::Clock]);
}
