//! `Kline`: a bar with all that Binance's kline rows carry; `Interval` and `Partition`: what a history is of.
//!
//! Invariant: what a source does not state is `None`, never zero.
//! Absent on purpose: any check; rows of strange files are klines too until `import` has looked at them.

use std::fmt;

use crate::domain::{Bar, Span, Symbol, Time};

/// One row of a kline file. Volumes are in base or quote units, times UTC.
/// Source: rest-api.md, "Kline/Candlestick data"; github.com/binance/binance-public-data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kline {
    pub bar: Bar,
    pub close_time: Option<Time>,
    pub quote_volume: Option<f64>,
    pub trades: Option<i64>,
    pub taker_buy_base: Option<f64>,
    pub taker_buy_quote: Option<f64>,
}

impl Kline {
    /// The bar alone, as many recordings have it.
    pub fn of(bar: Bar) -> Kline {
        Kline { bar, close_time: None, quote_volume: None, trades: None, taker_buy_base: None, taker_buy_quote: None }
    }

    /// With its times in whole milliseconds, as the catalogue keeps them: archives in us end a bar 999 us later.
    pub fn in_millis(self) -> Kline {
        let whole = |time: Time| Time::from_millis(time.millis());
        let bar = Bar { open_time: whole(self.bar.open_time), ..self.bar };
        Kline { bar, close_time: self.close_time.map(whole), ..self }
    }

    /// Both rows as one, when neither contradicts the other: the same bar, and each further field equal or absent in one.
    pub fn joined(&self, other: &Kline) -> Option<Kline> {
        if self.bar != other.bar {
            return None;
        }
        Some(Kline {
            bar: self.bar,
            close_time: either(self.close_time, other.close_time)?,
            quote_volume: either(self.quote_volume, other.quote_volume)?,
            trades: either(self.trades, other.trades)?,
            taker_buy_base: either(self.taker_buy_base, other.taker_buy_base)?,
            taker_buy_quote: either(self.taker_buy_quote, other.taker_buy_quote)?,
        })
    }
}

/// `None` when both are stated and differ.
fn either<T: PartialEq>(a: Option<T>, b: Option<T>) -> Option<Option<T>> {
    match (a, b) {
        (Some(a), Some(b)) if a != b => None,
        (Some(a), _) => Some(Some(a)),
        (None, b) => Some(b),
    }
}

/// Prices and volumes as a sentence shows them.
impl fmt::Display for Kline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bar { open, high, low, close, volume, .. } = self.bar;
        write!(f, "open {open}, high {high}, low {low}, close {close}, volume {volume}")?;
        let more = [
            ("quote_volume", self.quote_volume),
            ("taker_buy_base", self.taker_buy_base),
            ("taker_buy_quote", self.taker_buy_quote),
        ];
        for (name, value) in more {
            if let Some(value) = value {
                write!(f, ", {name} {value}")?;
            }
        }
        if let Some(trades) = self.trades {
            write!(f, ", trades {trades}")?;
        }
        self.close_time.map_or(Ok(()), |time| write!(f, ", close_time {}", time.millis()))
    }
}

/// The length of a bar, by Binance's name for it. Bars longer than a day do not lie on a grid of equal steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    minutes: i64,
    name: &'static str,
}

const fn interval(minutes: i64, name: &'static str) -> Interval {
    Interval { minutes, name }
}

impl Interval {
    pub const MINUTE: Interval = interval(1, "1m");
    pub const ALL: [Interval; 12] = [
        Interval::MINUTE,
        interval(3, "3m"),
        interval(5, "5m"),
        interval(15, "15m"),
        interval(30, "30m"),
        interval(60, "1h"),
        interval(120, "2h"),
        interval(240, "4h"),
        interval(360, "6h"),
        interval(480, "8h"),
        interval(720, "12h"),
        interval(1_440, "1d"),
    ];

    pub fn parse(name: &str) -> Option<Interval> {
        Interval::ALL.into_iter().find(|interval| interval.name == name)
    }

    /// The interval of exactly this length.
    pub fn of(span: Span) -> Option<Interval> {
        Interval::ALL.into_iter().find(|interval| interval.span() == span)
    }

    pub const fn name(self) -> &'static str {
        self.name
    }

    pub const fn span(self) -> Span {
        Span(self.minutes * Span::MINUTE.0)
    }

    /// Start of the bar that holds this moment.
    pub const fn start(self, time: Time) -> Time {
        Time(time.0 - time.0.rem_euclid(self.span().0))
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

/// One history: the market by its short name (`spot`, `um`, ...), the pair, the length of a bar.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Partition {
    pub market: Market,
    pub symbol: Symbol,
    pub interval: Interval,
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {}", self.market, self.symbol, self.interval)
    }
}

/// Where a pair trades. The first four are known by the names that recordings use for them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Market(String);

const MARKETS: [(&str, &[&str]); 4] = [
    ("spot", &["spot", "binance-spot"]),
    ("um", &["um", "usdm", "binance-usdm-futures"]),
    ("cm", &["cm", "coinm", "binance-coinm-futures"]),
    ("binanceus", &["binanceus", "binance-us", "binanceus-spot", "binance-us-spot"]),
];

impl Market {
    pub fn spot() -> Market {
        Market("spot".into())
    }

    /// By any known name; other names are kept when they can be a folder: small letters, digits, `-`, at most 32.
    pub fn parse(name: &str) -> Option<Market> {
        let name = name.trim().to_ascii_lowercase();
        if let Some((short, _)) = MARKETS.iter().find(|(_, names)| names.contains(&name.as_str())) {
            return Some(Market((*short).into()));
        }
        let fits = (1..=32).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        fits.then_some(Market(name))
    }

    /// Only by a known name: for words of file names, which may mean anything.
    pub(super) fn known(word: &str) -> Option<Market> {
        MARKETS.iter().find(|(_, names)| names.contains(&word)).map(|(short, _)| Market((*short).into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Market {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
