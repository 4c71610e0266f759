//! What the market says: closed bars, trades, best bid and ask.
//!
//! Invariant: a `Bar` is closed; a forming bar has no type here.
//! Absent on purpose: the order book (`market::book`) and taker volumes, which many recordings lack.

use serde::{Deserialize, Serialize};

use super::digest::{Digest, StateHash};
use super::price::Price;
use super::quantity::Quantity;
use super::side::Side;
use super::symbol::SymbolId;
use super::time::{Span, Time};

/// A closed one-minute bar. Volume is in the base asset.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    pub open_time: Time,
    pub open: f64,
    pub high: f64,
    pub low: f64,
    pub close: f64,
    pub volume: f64,
}

/// One public trade, aggregated by taker order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    pub time: Time,
    pub price: Price,
    pub quantity: Quantity,
    /// The side of the taker.
    pub aggressor: Side,
}

/// Best bid and ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookTop {
    pub bid: Price,
    pub bid_quantity: Quantity,
    pub ask: Price,
    pub ask_quantity: Quantity,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum MarketEvent {
    BarClosed { symbol: SymbolId, bar: Bar },
    Trade { symbol: SymbolId, trade: Trade },
    BookTop { symbol: SymbolId, top: BookTop },
}

impl Bar {
    pub const INTERVAL: Span = Span::MINUTE;
    /// What is smaller rounds to a `Price` of zero.
    pub const LOWEST_PRICE: f64 = 0.5e-8;
    /// The first price that a `Price` does not hold.
    pub const PRICE_END: f64 = 92_233_720_368.547_76;

    /// The last millisecond of the minute, as Binance states it.
    pub const fn close_time(&self) -> Time {
        self.open_time.plus(Span(Span::MINUTE.0 - 1_000))
    }

    /// The bar with its numbers rounded to eight decimals, as Binance's messages carry them; a number that came from
    /// eight decimals stays as it is.
    pub fn on_grid(self) -> Bar {
        Bar {
            open: on_grid(self.open),
            high: on_grid(self.high),
            low: on_grid(self.low),
            close: on_grid(self.close),
            volume: on_grid(self.volume),
            ..self
        }
    }

    /// `Ok` when the numbers can be a bar: prices that `Price` holds, low <= open, close <= high, volume >= 0.
    #[inline]
    pub fn validate(&self) -> Result<(), &'static str> {
        let Bar { open, high, low, close, volume, .. } = *self;
        // Every bar passes here, so the good ones pass by one branch; no comparison is true of a NaN.
        let ordered = (low <= open) & (low <= close) & (open <= high) & (close <= high);
        if ordered & (low >= Bar::LOWEST_PRICE) & (high < Bar::PRICE_END) & (0.0..f64::INFINITY).contains(&volume) {
            return Ok(());
        }
        self.fault()
    }

    /// What is wrong with a bar, in words.
    #[cold]
    fn fault(&self) -> Result<(), &'static str> {
        let prices = [self.open, self.high, self.low, self.close];
        if prices.iter().any(|p| !p.is_finite() || *p <= 0.0) {
            return Err("a price is not a positive finite number");
        }
        if prices.iter().any(|p| !(Bar::LOWEST_PRICE..Bar::PRICE_END).contains(p)) {
            return Err("a price is beyond what can be traded, 0.00000001 to 92233720368");
        }
        if !self.volume.is_finite() || self.volume < 0.0 {
            return Err("the volume is negative or not finite");
        }
        if self.high < self.open.max(self.close) || self.low > self.open.min(self.close) {
            return Err("open or close lies outside low..high");
        }
        Ok(())
    }
}

/// From here on neighbouring f64 lie further apart than 1e-8, so every number is on the grid.
const GRID_END: f64 = 67_108_864.0;

fn on_grid(x: f64) -> f64 {
    if x.abs() < GRID_END { (x * 1e8).round() / 1e8 } else { x }
}

impl StateHash for Bar {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.open_time);
        for x in [self.open, self.high, self.low, self.close, self.volume] {
            digest.f64(x);
        }
    }
}
