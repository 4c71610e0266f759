//! Indicators over a year of generated minutes, as whole columns and bar by bar.
//!
//! Invariant: lengths and rows are those of the race with other libraries: 525,600 rows, SMA, EMA and Bollinger over 20,
//! RSI and ATR over 14, MACD 12, 26, 9; columns to write into are there before the clock runs.
//! Absent on purpose: reading bars from files.

use kestrel::domain::Bar;
use kestrel::market::candles::{Candles, Pattern};
use kestrel::market::features::{Observer, Schema};
use kestrel::market::indicators::{Atr, Ema, Rsi, Sma, batch};

use super::market;

pub const ROWS: usize = 525_600;

/// Whole columns.
#[derive(Debug, Clone, Copy)]
pub enum Column {
    Sma,
    Ema,
    Rsi,
    Atr,
    Macd,
    Bollinger,
}

impl Column {
    pub const ALL: [Column; 6] = [Column::Sma, Column::Ema, Column::Rsi, Column::Atr, Column::Macd, Column::Bollinger];

    pub fn name(self) -> &'static str {
        match self {
            Column::Sma => "SMA 20",
            Column::Ema => "EMA 20",
            Column::Rsi => "RSI 14",
            Column::Atr => "ATR 14",
            Column::Macd => "MACD 12, 26, 9",
            Column::Bollinger => "Bollinger 20",
        }
    }
}

/// Bar by bar.
#[derive(Debug, Clone, Copy)]
pub enum Stream {
    Sma,
    Ema,
    Rsi,
    Atr,
    Candles,
    Observation,
}

impl Stream {
    pub const ALL: [Stream; 6] =
        [Stream::Sma, Stream::Ema, Stream::Rsi, Stream::Atr, Stream::Candles, Stream::Observation];

    pub fn name(self) -> &'static str {
        match self {
            Stream::Sma => "SMA 20",
            Stream::Ema => "EMA 20",
            Stream::Rsi => "RSI 14",
            Stream::Atr => "ATR 14",
            Stream::Candles => "all 30 candle patterns",
            Stream::Observation => "the OHLCV observation of a model",
        }
    }
}

pub struct Year {
    bars: Vec<Bar>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    out: [Vec<f64>; 3],
}

impl Year {
    pub fn new() -> Self {
        let bars = market::bars(ROWS);
        let column = |pick: fn(&Bar) -> f64| bars.iter().map(pick).collect::<Vec<f64>>();
        let (high, low, close) = (column(|bar| bar.high), column(|bar| bar.low), column(|bar| bar.close));
        Year { high, low, close, out: std::array::from_fn(|_| vec![0.0; ROWS]), bars }
    }

    /// Fills the columns and gives back the newest value.
    pub fn column(&mut self, column: Column) -> f64 {
        let [first, second, third] = &mut self.out;
        let (high, low, close) = (&self.high, &self.low, &self.close);
        match column {
            Column::Sma => batch::sma(20, close, first),
            Column::Ema => batch::ema(20, close, first),
            Column::Rsi => batch::rsi(14, close, first),
            Column::Atr => batch::atr(14, high, low, close, first),
            Column::Macd => batch::macd((12, 26, 9), close, [first, second, third]),
            Column::Bollinger => batch::bbands(20, 2.0, close, [first, second, third]),
        };
        self.out[0][ROWS - 1]
    }

    /// Feeds all bars and gives back the newest value.
    pub fn stream(&self, stream: Stream) -> f64 {
        match stream {
            Stream::Sma => last(Sma::new(20), &self.bars, |sma, bar| sma.update(bar.close)),
            Stream::Ema => last(Ema::new(20), &self.bars, |ema, bar| ema.update(bar.close)),
            Stream::Rsi => last(Rsi::new(14), &self.bars, |rsi, bar| rsi.update(bar.close)),
            Stream::Atr => last(Atr::new(14), &self.bars, Atr::update),
            Stream::Candles => last(Candles::new(), &self.bars, |candles, bar| {
                candles.update(bar);
                Some(Pattern::ALL.iter().filter_map(|pattern| candles.signal(*pattern)).map(f64::from).sum())
            }),
            Stream::Observation => last(Observer::new(&Schema::ohlcv()), &self.bars, |observer, bar| {
                Some(observer.take(bar).iter().copied().map(f64::from).sum())
            }),
        }
    }
}

fn last<T>(mut value: T, bars: &[Bar], update: impl Fn(&mut T, &Bar) -> Option<f64>) -> f64 {
    // Each value is used, as a strategy would.
    bars.iter().filter_map(|bar| update(&mut value, bar)).sum()
}
