//! `Schema`: which features in which order, and the hash by which a model knows them again.
//!
//! Invariant: equal hashes mean equal columns with equal formulas, on every platform and build.
//! Absent on purpose: values (`observer`), statistics (`normaliser`).

use super::feature::{Estimator, Feature, Kind, LEAST_VOLATILITY, LIMIT, VOLATILITY_BARS};
use crate::domain::Digest;
use crate::domain::digest::hex;

/// Goes up when a formula changes that names and parameters do not tell.
const VERSION: u64 = 1;

/// The last column of every schema: 1 until the warm-up is over.
const WARMING: &str = "warming";

/// An ordered list of features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    name: &'static str,
    features: Vec<Feature>,
    columns: Vec<Column>,
}

/// One number of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Stable: part of the hash.
    pub name: String,
    pub kind: Kind,
    /// The column that is 1 where this one is absent; `None` where it is always known.
    pub mask: Option<usize>,
}

impl Schema {
    /// What every recording of prices and volumes can tell; shipped models see this.
    pub fn ohlcv() -> Schema {
        Schema::new("ohlcv", ohlcv())
    }

    /// Also what takers did; where a recording does not say, masks do.
    pub fn full() -> Schema {
        let takers = [1, 15, 60].map(|bars| Feature::Taker { bars });
        Schema::new("full", ohlcv().into_iter().chain(takers).collect())
    }

    /// These features alone: nothing else is computed.
    ///
    /// # Panics
    /// When a feature stands twice in it.
    pub fn of(features: &[Feature]) -> Schema {
        Schema::new("own", features.to_vec())
    }

    /// The shipped schema with this hash, as a model's card names it.
    pub fn by_hash(hash: u64) -> Option<Schema> {
        [Schema::ohlcv(), Schema::full()].into_iter().find(|schema| schema.hash() == hash)
    }

    fn new(name: &'static str, features: Vec<Feature>) -> Schema {
        let mut columns: Vec<Column> = Vec::new();
        let all: Vec<_> = features.iter().map(|feature| feature.columns()).collect();
        let warming = all.iter().map(Vec::len).sum::<usize>();
        for own in all {
            let start = columns.len();
            let own_mask = own.iter().position(|(_, kind)| *kind == Kind::Mask).map(|at| start + at);
            columns.extend(own.into_iter().map(|(name, kind)| {
                let mask = (kind == Kind::Measure).then(|| own_mask.unwrap_or(warming));
                Column { name, kind, mask }
            }));
        }
        columns.push(Column { name: WARMING.to_string(), kind: Kind::Mask, mask: None });
        let twice =
            columns.iter().enumerate().find(|(at, column)| columns[..*at].iter().any(|c| c.name == column.name));
        assert!(twice.is_none(), "a feature that stands twice in a schema is a bug: {twice:?}");
        Schema { name, features, columns }
    }

    /// `ohlcv`, `full`, or `own`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// In the order of a row.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Numbers in a row.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// The place of a column in a row.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The bar (counted from 1) from which on rows are complete and do not show where the bars began.
    pub fn warm_up(&self) -> usize {
        self.features.iter().map(|feature| feature.warm_up()).max().unwrap_or(1)
    }

    /// Of everything that values follow from, but not of the schema's name.
    pub fn hash(&self) -> u64 {
        let mut digest = Digest::new();
        digest.u64(VERSION);
        digest.u64(VOLATILITY_BARS as u64);
        digest.f64(LEAST_VOLATILITY);
        digest.f64(LIMIT);
        digest.all(self.features.iter());
        digest.finish()
    }

    /// The hash as a model's card spells it: sixteen hex digits.
    pub fn id(&self) -> String {
        hex(self.hash())
    }
}

fn ohlcv() -> Vec<Feature> {
    let mut features = Vec::from([1, 5, 15, 60, 240].map(|bars| Feature::Return { bars }));
    let estimators =
        [(Estimator::Ewma, 30), (Estimator::Parkinson, 15), (Estimator::GarmanKlass, 60), (Estimator::YangZhang, 240)];
    features.extend(estimators.map(|(estimator, bars)| Feature::Volatility { estimator, bars }));
    features.extend([
        Feature::Rsi { bars: 14 },
        Feature::Macd { fast: 12, slow: 26, signal: 9 },
        Feature::Bollinger { bars: 20 },
        Feature::Directional { bars: 14 },
        Feature::Stochastic { bars: 14, smooth: 3 },
        Feature::EmaDistance { bars: 20 },
        Feature::SmaDistance { bars: 60 },
        Feature::SmaDistance { bars: 240 },
        Feature::Channel { bars: 60 },
        Feature::Channel { bars: 240 },
        Feature::Candle,
        Feature::Volume { bars: 60 },
        Feature::MoneyFlow { bars: 20 },
        Feature::Clock,
        Feature::Gaps { bars: 60 },
    ]);
    features
}
