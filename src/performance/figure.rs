//! `Figure`: a measured number with its sample length and interval, or the reason why it is hidden.
//!
//! Invariant: a figure is finite, and one that too few observations stand behind is never shown.
//! Absent on purpose: how figures are printed.

use serde::Serialize;

/// Share of repeated samples that an [`Interval`] covers.
pub const LEVEL: f64 = 0.95;

/// A figure, or why there is none.
pub type Shown = Result<Figure, Hidden>;

/// A number that may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    pub value: f64,
    /// Observations behind it: days, trades or bars, as the field that holds the figure says.
    pub sample: u64,
    pub interval: Option<Interval>,
}

/// Where the true value lies with probability [`LEVEL`], both tails alike.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

/// Why a figure is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Hidden {
    #[error("{have} observations, {need} are needed")]
    TooShort { have: u64, need: u64 },
    #[error("the returns do not vary")]
    NoVariance,
    #[error("the benchmark does not vary")]
    FlatBenchmark,
    #[error("nothing was lost, so there is nothing to divide by")]
    NoLosses,
    #[error("nothing was won, so there is nothing to compare")]
    NoWins,
    #[error("equity never fell below its peak")]
    NoDrawdown,
    #[error("there is no capital to measure against")]
    NoCapital,
    #[error("the result does not exceed its benchmark, so no length of record proves that it does")]
    NoEdge,
    #[error("there are no prices of the market")]
    NoMarket,
    #[error("no round trip was closed")]
    NoTrades,
    #[error("the round trips do not fit between the prices, so they cannot be moved in time")]
    NoRoom,
    #[error("the number has no finite value")]
    Undefined,
}

impl Figure {
    /// Without an interval; hidden where the value is not finite.
    pub fn of(value: f64, sample: u64) -> Shown {
        if value.is_finite() { Ok(Figure { value, sample, interval: None }) } else { Err(Hidden::Undefined) }
    }

    pub fn within(self, interval: Option<Interval>) -> Figure {
        Figure { interval, ..self }
    }
}

/// `Ok` from `need` observations on.
pub fn enough(have: u64, need: u64) -> Result<(), Hidden> {
    if have < need { Err(Hidden::TooShort { have, need }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_or_not_finite_is_hidden_with_its_reason() {
        assert_eq!(enough(29, 30), Err(Hidden::TooShort { have: 29, need: 30 }));
        assert_eq!(enough(30, 30), Ok(()));
        assert_eq!(Figure::of(f64::NAN, 3), Err(Hidden::Undefined));
        assert_eq!(Figure::of(1.5, 3).map(|figure| (figure.value, figure.sample)), Ok((1.5, 3)));
        assert_eq!(Hidden::TooShort { have: 2, need: 30 }.to_string(), "2 observations, 30 are needed");
    }
}
