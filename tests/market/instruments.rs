//! Every instrument behind one shape: a length in, values for each bar out.

use kestrel::domain::Bar;
use kestrel::market::candles::{Candles, Pattern};
use kestrel::market::changes::{Cusum, CusumFilter, Direction, PageHinkley, PageHinkleySettings};
use kestrel::market::indicators as ours;
use kestrel::market::levels::{LevelSettings, Levels};
use kestrel::market::pivots::Pivots;
use kestrel::market::volatility as vol;
use kestrel::market::volume_profile::VolumeProfile;

pub type Update = Box<dyn FnMut(&Bar) -> Option<Vec<f64>>>;

pub struct Instrument {
    pub name: &'static str,
    /// No value lies outside.
    pub bounds: (f64, f64),
    pub make: fn(usize) -> Update,
}

const ANY: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);
const POSITIVE: (f64, f64) = (0.0, f64::INFINITY);
const PERCENT: (f64, f64) = (0.0, 100.0);

pub fn named(name: &str) -> Instrument {
    all().into_iter().find(|instrument| instrument.name == name).unwrap_or_else(|| panic!("no instrument {name}"))
}

pub fn all() -> Vec<Instrument> {
    let mut all = of_closes();
    all.extend(of_bars());
    all.extend(of_windows());
    all
}

fn new(name: &'static str, bounds: (f64, f64), make: fn(usize) -> Update) -> Instrument {
    Instrument { name, bounds, make }
}

fn close<T: 'static>(mut value: T, update: fn(&mut T, f64) -> Option<f64>) -> Update {
    Box::new(move |bar| update(&mut value, bar.close).map(|x| vec![x]))
}

fn bar<T: 'static>(mut value: T, update: fn(&mut T, &Bar) -> Option<f64>) -> Update {
    Box::new(move |bar| update(&mut value, bar).map(|x| vec![x]))
}

fn of_closes() -> Vec<Instrument> {
    vec![
        new("SMA", POSITIVE, |n| close(ours::Sma::new(n), ours::Sma::update)),
        new("EMA", POSITIVE, |n| close(ours::Ema::new(n), ours::Ema::update)),
        new("WMA", POSITIVE, |n| close(ours::Wma::new(n), ours::Wma::update)),
        new("DEMA", ANY, |n| close(ours::Dema::new(n), ours::Dema::update)),
        new("TEMA", ANY, |n| close(ours::Tema::new(n), ours::Tema::update)),
        new("TRIX", ANY, |n| close(ours::Trix::new(n), ours::Trix::update)),
        new("KAMA", POSITIVE, |n| close(ours::Kama::new(n), ours::Kama::update)),
        new("RSI", PERCENT, |n| close(ours::Rsi::new(n), ours::Rsi::update)),
        new("CMO", (-100.0, 100.0), |n| close(ours::Cmo::new(n), ours::Cmo::update)),
        new("MOM", ANY, |n| close(ours::Mom::new(n), ours::Mom::update)),
        new("ROC", (-100.0, f64::INFINITY), |n| close(ours::Roc::new(n), ours::Roc::update)),
        new("PPO", ANY, |n| close(ours::Ppo::new(n, 2 * n), ours::Ppo::update)),
        new("STDDEV", POSITIVE, |n| close(ours::StdDev::new(n, 1.0), ours::StdDev::update)),
        new("LINEARREG_SLOPE", ANY, |n| close(ours::LinearRegSlope::new(n), ours::LinearRegSlope::update)),
        new("MACD", ANY, |n| {
            let mut macd = ours::Macd::new(n, n + 9, 5);
            Box::new(move |bar| macd.update(bar.close).map(|v| vec![v.macd, v.signal, v.histogram]))
        }),
        new("BBANDS", ANY, |n| {
            let mut bands = ours::Bbands::new(n, 2.0);
            Box::new(move |bar| bands.update(bar.close).map(|v| vec![v.upper, v.middle, v.lower]))
        }),
        new("STOCHRSI", PERCENT, |n| {
            let mut stochastic = ours::StochRsi::new(n, 5, 3);
            Box::new(move |bar| stochastic.update(bar.close).map(|v| vec![v.k, v.d]))
        }),
        new("MAX", POSITIVE, |n| {
            let mut highest = ours::Max::new(n);
            Box::new(move |bar| highest.update(bar.high).map(|x| vec![x]))
        }),
        new("MIN", POSITIVE, |n| {
            let mut lowest = ours::Min::new(n);
            Box::new(move |bar| lowest.update(bar.low).map(|x| vec![x]))
        }),
        new("CORREL", (-1.0, 1.0), |n| {
            let mut correlation = ours::Correl::new(n);
            Box::new(move |bar| correlation.update(bar.high, bar.low).map(|x| vec![x]))
        }),
    ]
}

fn of_bars() -> Vec<Instrument> {
    vec![
        new("TRANGE", POSITIVE, |_| bar(ours::TrueRange::new(), ours::TrueRange::update)),
        new("ATR", POSITIVE, |n| bar(ours::Atr::new(n), ours::Atr::update)),
        new("NATR", POSITIVE, |n| bar(ours::Natr::new(n), ours::Natr::update)),
        new("PLUS_DI", PERCENT, |n| bar(ours::PlusDi::new(n), ours::PlusDi::update)),
        new("MINUS_DI", PERCENT, |n| bar(ours::MinusDi::new(n), ours::MinusDi::update)),
        new("DX", PERCENT, |n| bar(ours::Dx::new(n), ours::Dx::update)),
        new("ADX", PERCENT, |n| bar(ours::Adx::new(n), ours::Adx::update)),
        new("ADXR", PERCENT, |n| bar(ours::Adxr::new(n), ours::Adxr::update)),
        new("CCI", ANY, |n| bar(ours::Cci::new(n), ours::Cci::update)),
        new("MFI", PERCENT, |n| bar(ours::Mfi::new(n), ours::Mfi::update)),
        new("WILLR", (-100.0, 0.0), |n| bar(ours::WillR::new(n), ours::WillR::update)),
        new("BOP", (-1.0, 1.0), |_| bar(ours::Bop::new(), ours::Bop::update)),
        new("OBV", ANY, |_| bar(ours::Obv::new(), ours::Obv::update)),
        new("AD", ANY, |_| bar(ours::Ad::new(), ours::Ad::update)),
        new("ADOSC", ANY, |n| bar(ours::AdOsc::new(n, 3 * n), ours::AdOsc::update)),
        new("VWAP", POSITIVE, |_| bar(ours::Vwap::new(), ours::Vwap::update)),
        new("ULTOSC", PERCENT, |n| bar(ours::UltOsc::new(n, 2 * n, 3 * n), ours::UltOsc::update)),
        new("SAR", POSITIVE, |_| bar(ours::Sar::new(0.02, 0.2), ours::Sar::update)),
        new("AROON", PERCENT, |n| {
            let mut aroon = ours::Aroon::new(n);
            Box::new(move |bar| aroon.update(bar).map(|v| vec![v.down, v.up]))
        }),
        new("STOCH", PERCENT, |n| {
            let mut stochastic = ours::Stoch::new(n, 3, 4);
            Box::new(move |bar| stochastic.update(bar).map(|v| vec![v.k, v.d]))
        }),
        new("STOCHF", PERCENT, |n| {
            let mut stochastic = ours::StochF::new(n, 3);
            Box::new(move |bar| stochastic.update(bar).map(|v| vec![v.k, v.d]))
        }),
        new("candles", (-200.0, 200.0), |_| {
            let mut candles = Candles::new();
            Box::new(move |bar| {
                candles.update(bar);
                Some(Pattern::ALL.iter().filter_map(|pattern| candles.signal(*pattern)).map(f64::from).collect())
            })
        }),
    ]
}

fn of_windows() -> Vec<Instrument> {
    vec![
        new("close_to_close", POSITIVE, |n| bar(vol::CloseToClose::new(n), vol::CloseToClose::update)),
        new("parkinson", POSITIVE, |n| bar(vol::Parkinson::new(n), vol::Parkinson::update)),
        new("garman_klass", POSITIVE, |n| bar(vol::GarmanKlass::new(n), vol::GarmanKlass::update)),
        new("rogers_satchell", POSITIVE, |n| bar(vol::RogersSatchell::new(n), vol::RogersSatchell::update)),
        new("yang_zhang", POSITIVE, |n| bar(vol::YangZhang::new(n), vol::YangZhang::update)),
        new("bipower", ANY, |n| {
            let (mut returns, mut test) = (vol::Returns::new(), vol::BipowerJump::new(n + 1));
            Box::new(move |bar| {
                let value = test.update(returns.update(bar.close)?)?;
                Some(vec![value.realised, value.bipower, value.tripower_quarticity, value.relative_jump, value.z])
            })
        }),
        new("lee_mykland", ANY, |n| {
            let (mut returns, mut test) = (vol::Returns::new(), vol::LeeMykland::new(n + 1, 100, 0.01));
            Box::new(move |bar| test.update(returns.update(bar.close)?).map(|value| vec![value.statistic]))
        }),
        new("ewma", POSITIVE, |_| {
            let (mut returns, mut variance) = (vol::Returns::new(), vol::EwmaVariance::new(0.97, 1e-6));
            Box::new(move |bar| Some(vec![variance.update(returns.update(bar.close)?)]))
        }),
        new("changes", ANY, |_| {
            let settings =
                PageHinkleySettings { direction: Direction::Both, delta: 0.1, threshold: 5.0, keep: 0.999, least: 5 };
            let mut detectors = (Cusum::new(400.0, 0.5, 5.0), CusumFilter::new(3.0), PageHinkley::new(settings));
            Box::new(move |bar| {
                let (cusum, page) = (detectors.0.update(bar.close), detectors.2.update(bar.close));
                let event = f64::from(u8::from(detectors.1.update(bar.close)));
                Some(vec![cusum.plus, cusum.minus, event, page.statistic])
            })
        }),
        new("pivots", POSITIVE, |n| {
            let mut pivots = Pivots::new(n.min(5));
            Box::new(move |bar| Some(pivots.update(bar).iter().map(|pivot| pivot.price).collect()))
        }),
        new("levels", POSITIVE, |n| {
            let mut levels = Levels::new(LevelSettings { side: 2, atr: n, ..LevelSettings::default() });
            Box::new(move |bar| {
                levels.update(bar);
                Some(levels.all().iter().flat_map(|level| [level.price, levels.score(level)]).collect())
            })
        }),
        new("volume_profile", POSITIVE, |n| {
            let mut profile = VolumeProfile::new(n, "0.01".parse().expect("a step"));
            Box::new(move |bar| {
                profile.update(bar);
                let area = profile.value_area(0.7)?;
                Some(vec![area.control.to_f64(), area.low.to_f64(), area.high.to_f64(), area.volume])
            })
        }),
    ]
}
