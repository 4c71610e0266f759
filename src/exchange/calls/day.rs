//! `Day`: the rolling 24 hours of a symbol, for `ticker/24hr` and the ticker streams.
//!
//! Invariant: the window is that of the closed minutes of the last 24 hours and of the one that is being made.
//! Absent on purpose: taker volumes, which a recording of bars does not have, and trade ids older than the tape.
//! Source: rest-api.md, "24hr ticker price change statistics".

use super::klines::on_grid;
use super::{Ask, market};
use crate::domain::{Price, Quantity, Span, SymbolId, Time};
use crate::exchange::venue::Venue;
use crate::protocol::VenueError;
use crate::protocol::messages::ticker::{DayTicker, MiniTicker};
use crate::protocol::messages::{Amount, TimeUnit};
use crate::simulator::market_maker;

/// Sums of 24 hours; prices in the quote asset, zero before the first bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    pub open_time: Time,
    pub close_time: Time,
    pub open: f64,
    pub high: f64,
    pub low: f64,
    pub last: f64,
    pub volume: f64,
    pub quote_volume: f64,
    pub trades: u64,
    /// The close before the window, the first open where there is none.
    pub previous_close: f64,
}

impl Day {
    pub fn of(venue: &Venue, symbol: SymbolId) -> Day {
        let close_time = venue.simulator.time(symbol).unwrap_or(venue.now);
        let open_time = close_time.minus(Span::DAY);
        let closed = venue.market.bars(symbol);
        let from = closed.partition_point(|bar| bar.open_time < open_time);
        let last_closed = closed.back().map(|bar| bar.open_time);
        let forming =
            venue.tapes[symbol.index()].forming.filter(|bar| last_closed.is_none_or(|last| bar.open_time > last));
        let mut day: Option<Day> = None;
        for bar in closed.range(from..).chain(&forming) {
            let totals = super::totals(bar);
            let day = day.get_or_insert(Day {
                open: bar.open,
                high: bar.high,
                low: bar.low,
                previous_close: from.checked_sub(1).map_or(bar.open, |before| closed[before].close),
                ..Day::none(open_time, close_time)
            });
            day.high = day.high.max(bar.high);
            day.low = day.low.min(bar.low);
            day.last = bar.close;
            day.volume += bar.volume;
            day.quote_volume += totals.quote_volume;
            day.trades += totals.trades;
        }
        day.unwrap_or(Day::none(open_time, close_time))
    }

    fn none(open_time: Time, close_time: Time) -> Day {
        Day {
            open_time,
            close_time,
            open: 0.0,
            high: 0.0,
            low: 0.0,
            last: 0.0,
            volume: 0.0,
            quote_volume: 0.0,
            trades: 0,
            previous_close: 0.0,
        }
    }

    pub fn change(&self) -> f64 {
        self.last - self.open
    }

    /// Percent of the open.
    pub fn change_percent(&self) -> f64 {
        if self.open > 0.0 { (self.change() / self.open * 1e5).round() / 1e3 } else { 0.0 }
    }

    pub fn average(&self) -> f64 {
        if self.volume > 0.0 { self.quote_volume / self.volume } else { self.last }
    }
}

pub(super) fn tickers(venue: &Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    match ask.params.get("type") {
        None | Some("FULL") => market::tickers(venue, ask, |symbol| full(venue, symbol, ask.unit)),
        Some("MINI") => market::tickers(venue, ask, |symbol| mini(venue, symbol, ask.unit)),
        Some(_) => Err(VenueError::invalid_parameter("type")),
    }
}

fn full(venue: &Venue, symbol: SymbolId, unit: TimeUnit) -> DayTicker {
    let day = Day::of(venue, symbol);
    let tape = &venue.tapes[symbol.index()];
    let quote = venue.simulator.quote(symbol);
    let best = |levels: &[market_maker::Level]| levels.first().map_or(Quantity::ZERO, |level| level.quantity);
    DayTicker {
        price_change: amount(day.change()),
        price_change_percent: amount(day.change_percent()),
        weighted_avg_price: amount(day.average()),
        prev_close_price: amount(day.previous_close),
        last_qty: tape.trades.back().map_or(Quantity::ZERO, |(_, trade)| trade.quantity),
        bid_price: quote.map_or(Price::ZERO, |quote| quote.bid),
        bid_qty: best(&tape.depth.bids),
        ask_price: quote.map_or(Price::ZERO, |quote| quote.ask),
        ask_qty: best(&tape.depth.asks),
        day: mini(venue, symbol, unit),
    }
}

fn mini(venue: &Venue, symbol: SymbolId, unit: TimeUnit) -> MiniTicker {
    let day = Day::of(venue, symbol);
    let trades = &venue.tapes[symbol.index()].trades;
    MiniTicker {
        symbol: venue.symbol(symbol).to_string(),
        open_price: amount(day.open),
        high_price: amount(day.high),
        low_price: amount(day.low),
        last_price: amount(day.last),
        volume: amount(day.volume),
        quote_volume: amount(day.quote_volume),
        open_time: unit.write(day.open_time),
        close_time: unit.write(day.close_time),
        first_id: trades.front().map_or(-1, |(id, _)| *id),
        last_id: trades.back().map_or(-1, |(id, _)| *id),
        count: day.trades,
    }
}

/// Decimal text of at most eight places.
pub fn amount(number: f64) -> Amount {
    Amount(on_grid(number))
}
