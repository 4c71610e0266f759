//! `Feature`: what can be observed of a symbol, with its parameters, column names and formulas.
//!
//! In the formulas O, H, L, C, V are the newest bar's, an index counts bars back, and s is the volatility of a minute:
//! the root mean square of the newest `VOLATILITY_BARS` log returns, at least `LEAST_VOLATILITY`. Spans count bars, not
//! minutes: missing minutes are told by `Gaps`. Averages are of log closes, so that their distances are ratios.
//! Long spans are windows and only short ones (up to 30 bars) are smoothed, because what is smoothed depends on where it
//! began: after its warm-up no row does.
//! Invariant: no value depends on the unit of the price or of the volume, and none lies beyond `LIMIT`.
//! Absent on purpose: a price or a volume as it stands; parameters from outside (a length below 2 is a bug and panics).

use crate::domain::{Digest, StateHash};

/// Returns in the volatility that distances are measured in.
pub const VOLATILITY_BARS: usize = 240;

/// A tenth of a basis point: below it prices stand still.
pub const LEAST_VOLATILITY: f64 = 1e-5;

/// No value lies beyond: what does has left all bounds that a model has learnt.
pub const LIMIT: f64 = 100.0;

/// What is observed. Lengths are bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// `ret_n` = 1000 ln(C / C[n]) / root n (per mille a root minute); `ret_vol_n` = ln(C / C[n]) / (s root n).
    Return { bars: usize },
    /// `vol_<estimator>_n` = ln of the volatility of a minute in basis points, at least 0.01.
    Volatility { estimator: Estimator, bars: usize },
    /// `rsi_n` = (RSI - 50) / 50, and 0 where prices never moved.
    Rsi { bars: usize },
    /// `macd_fast_slow_signal` = the histogram of log closes over s.
    Macd { fast: usize, slow: usize, signal: usize },
    /// Bands of two deviations of log closes: `bb_place_n` = distance from the middle line, 1 at the upper band;
    /// `bb_width_n` = ln(upper - lower over s root n), at least ln 0.01.
    Bollinger { bars: usize },
    /// `adx_n` = ADX / 100, `di_n` = (+DI - -DI) / 100.
    Directional { bars: usize },
    /// `stoch_n_smooth` = %K between -1 (lowest low) and 1 (highest high), averaged over `smooth` bars.
    Stochastic { bars: usize, smooth: usize },
    /// `ema_dist_n` = (ln C - EMA of ln C) / (s root n).
    EmaDistance { bars: usize },
    /// `sma_dist_n` = (ln C - mean of ln C) / (s root n).
    SmaDistance { bars: usize },
    /// `to_high_n` = (highest H / C - 1) / (s root n), `to_low_n` = (1 - lowest L / C) / (s root n).
    Channel { bars: usize },
    /// `body` = (C - O) / (H - L), `upper_wick` and `lower_wick` = their shares of H - L, all 0 without range;
    /// `range` = ln(1 + (H - L) / (C s)).
    Candle,
    /// `volume_n` = ln(V over its mean), at least ln 0.01; 0 in a window without volume.
    Volume { bars: usize },
    /// `money_flow_n` = sum of V ((C - L) - (H - C)) / (H - L) over sum of V (Chaikin), between -1 and 1.
    MoneyFlow { bars: usize },
    /// Sine and cosine of the minute of the day and of the week (from Monday), UTC, at which the bar opened.
    Clock,
    /// `gap` = ln(1 + minutes missing before this bar) / ln(1 + those of a day), at most 1; `missing_n` = share of
    /// minutes without a bar since bar n.
    Gaps { bars: usize },
    /// `taker_n` = (bought - sold by takers) / V over the newest n bars, between -1 and 1; `taker_n_absent` = 1 while one
    /// of them says nothing about takers.
    Taker { bars: usize },
}

/// Ways to estimate volatility (`market::volatility`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Estimator {
    Parkinson,
    GarmanKlass,
    YangZhang,
    /// Exponentially weighted squares of log returns.
    Ewma,
}

/// What a column's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number to be normalised.
    Measure,
    /// Stays within -1 to 1 and passes unchanged.
    Bounded,
    /// 1 where what it masks is absent (and 0 there), else 0.
    Mask,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Measure => "measure",
            Kind::Bounded => "bounded",
            Kind::Mask => "mask",
        }
    }
}

impl Feature {
    /// Its columns in their order.
    pub fn columns(self) -> Vec<(String, Kind)> {
        use Kind::{Bounded, Mask, Measure};
        let named = |names: &[(&str, Kind)]| names.iter().map(|(name, kind)| (name.to_string(), *kind)).collect();
        match self {
            Feature::Return { bars } => vec![(format!("ret_{bars}"), Measure), (format!("ret_vol_{bars}"), Measure)],
            Feature::Volatility { estimator, bars } => {
                vec![(format!("vol_{}_{bars}", estimator.short_name()), Measure)]
            }
            Feature::Rsi { bars } => vec![(format!("rsi_{bars}"), Measure)],
            Feature::Macd { fast, slow, signal } => vec![(format!("macd_{fast}_{slow}_{signal}"), Measure)],
            Feature::Bollinger { bars } => {
                vec![(format!("bb_place_{bars}"), Measure), (format!("bb_width_{bars}"), Measure)]
            }
            Feature::Directional { bars } => vec![(format!("adx_{bars}"), Measure), (format!("di_{bars}"), Measure)],
            Feature::Stochastic { bars, smooth } => vec![(format!("stoch_{bars}_{smooth}"), Bounded)],
            Feature::EmaDistance { bars } => vec![(format!("ema_dist_{bars}"), Measure)],
            Feature::SmaDistance { bars } => vec![(format!("sma_dist_{bars}"), Measure)],
            Feature::Channel { bars } => {
                vec![(format!("to_high_{bars}"), Measure), (format!("to_low_{bars}"), Measure)]
            }
            Feature::Candle => {
                named(&[("body", Bounded), ("upper_wick", Bounded), ("lower_wick", Bounded), ("range", Measure)])
            }
            Feature::Volume { bars } => vec![(format!("volume_{bars}"), Measure)],
            Feature::MoneyFlow { bars } => vec![(format!("money_flow_{bars}"), Measure)],
            Feature::Clock => {
                named(&[("day_sin", Bounded), ("day_cos", Bounded), ("week_sin", Bounded), ("week_cos", Bounded)])
            }
            Feature::Gaps { bars } => vec![("gap".to_string(), Bounded), (format!("missing_{bars}"), Bounded)],
            Feature::Taker { bars } => vec![(format!("taker_{bars}"), Measure), (format!("taker_{bars}_absent"), Mask)],
        }
    }

    /// Bars until all its columns are known and, where they are smoothed, no longer show where they began: ten lengths
    /// of an exponential average (its k is 2 / (n + 1)), twenty of Wilder's (1 / n).
    pub fn warm_up(self) -> usize {
        // A return needs the close before it.
        const UNIT: usize = VOLATILITY_BARS + 1;
        match self {
            Feature::Return { bars } => UNIT.max(bars + 1),
            Feature::Volatility { estimator, bars } => match estimator {
                Estimator::Parkinson | Estimator::GarmanKlass => bars,
                Estimator::YangZhang => bars + 1,
                Estimator::Ewma => 10 * bars + 1,
            },
            Feature::Rsi { bars } => 20 * bars,
            Feature::Macd { fast, slow, signal } => UNIT.max(10 * fast.max(slow) + signal),
            Feature::Bollinger { bars } | Feature::SmaDistance { bars } | Feature::Channel { bars } => UNIT.max(bars),
            // Smoothed twice.
            Feature::Directional { bars } => 22 * bars,
            Feature::Stochastic { bars, smooth } => bars + smooth - 1,
            Feature::EmaDistance { bars } => UNIT.max(10 * bars),
            Feature::Candle => UNIT,
            Feature::Volume { bars } | Feature::MoneyFlow { bars } | Feature::Taker { bars } => bars,
            Feature::Clock => 1,
            Feature::Gaps { bars } => bars + 1,
        }
    }

    /// Its name without parameters, and these; what it does not have is 0.
    fn spelled(self) -> (&'static str, [usize; 3]) {
        match self {
            Feature::Return { bars } => ("return", [bars, 0, 0]),
            Feature::Volatility { estimator, bars } => match estimator {
                Estimator::Parkinson => ("volatility after Parkinson", [bars, 0, 0]),
                Estimator::GarmanKlass => ("volatility after Garman and Klass", [bars, 0, 0]),
                Estimator::YangZhang => ("volatility after Yang and Zhang", [bars, 0, 0]),
                Estimator::Ewma => ("volatility, exponentially weighted", [bars, 0, 0]),
            },
            Feature::Rsi { bars } => ("rsi", [bars, 0, 0]),
            Feature::Macd { fast, slow, signal } => ("macd", [fast, slow, signal]),
            Feature::Bollinger { bars } => ("bollinger", [bars, 0, 0]),
            Feature::Directional { bars } => ("directional", [bars, 0, 0]),
            Feature::Stochastic { bars, smooth } => ("stochastic", [bars, smooth, 0]),
            Feature::EmaDistance { bars } => ("ema distance", [bars, 0, 0]),
            Feature::SmaDistance { bars } => ("sma distance", [bars, 0, 0]),
            Feature::Channel { bars } => ("channel", [bars, 0, 0]),
            Feature::Candle => ("candle", [0; 3]),
            Feature::Volume { bars } => ("volume", [bars, 0, 0]),
            Feature::MoneyFlow { bars } => ("money flow", [bars, 0, 0]),
            Feature::Clock => ("clock", [0; 3]),
            Feature::Gaps { bars } => ("gaps", [bars, 0, 0]),
            Feature::Taker { bars } => ("taker", [bars, 0, 0]),
        }
    }
}

impl Estimator {
    fn short_name(self) -> &'static str {
        match self {
            Estimator::Parkinson => "pk",
            Estimator::GarmanKlass => "gk",
            Estimator::YangZhang => "yz",
            Estimator::Ewma => "ewma",
        }
    }
}

impl StateHash for Feature {
    fn state_hash(&self, digest: &mut Digest) {
        let (name, parameters) = self.spelled();
        digest.text(name);
        parameters.iter().for_each(|parameter| digest.u64(*parameter as u64));
        let columns = self.columns();
        digest.u64(columns.len() as u64);
        for (name, kind) in &columns {
            digest.text(name);
            digest.text(kind.name());
        }
    }
}
