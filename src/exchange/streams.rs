//! Market streams: the frames of one market step, for those who listen.
//!
//! Invariant: a frame's data is built once per step and only when somebody listens.
//! Absent on purpose: sockets and envelopes; frames are texts.
//! Source: Binance web-socket-streams.md.

use crate::domain::{Bar, BookTop, Price, Quantity, SymbolId, Time, Trade};
use crate::protocol::convert;
use crate::protocol::messages::lockstep::frame_text;
use crate::protocol::messages::market::DepthUpdate;
use crate::protocol::messages::{Level, TimeUnit};
use crate::simulator::{PathPoint, market_maker};

use super::calls;
use super::venue::{Venue, aggressor};

/// A stream that the exchange serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stream {
    pub symbol: SymbolId,
    pub kind: StreamKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StreamKind {
    AggTrade,
    BookTicker,
    /// One-minute klines.
    Kline,
    Depth,
}

/// One frame's data, without envelope, and the stream that it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    pub stream: Stream,
    pub data: String,
    /// A bar that is still being made; a lockstep client is spared those.
    pub is_forming: bool,
}

/// Times on the wire are milliseconds.
const UNIT: TimeUnit = TimeUnit::Millisecond;

impl Stream {
    /// From a stream's name, such as `btcusdt@kline_1m`; `None` for what is not served.
    pub fn parse(name: &str, symbol_id: impl Fn(&str) -> Option<SymbolId>) -> Option<Stream> {
        let (symbol, kind) = name.split_once('@')?;
        let kind = match kind {
            "aggTrade" => StreamKind::AggTrade,
            "bookTicker" => StreamKind::BookTicker,
            "kline_1m" => StreamKind::Kline,
            "depth" | "depth@100ms" => StreamKind::Depth,
            _ => return None,
        };
        Some(Stream { symbol: symbol_id(&symbol.to_uppercase())?, kind })
    }
}

/// Moves the market of one symbol to a point and says what its streams carry: the trade, the best prices, the book,
/// the forming bar, in this order.
pub fn move_to(
    venue: &mut Venue,
    symbol: SymbolId,
    point: PathPoint,
    volume: f64,
    wanted: &impl Fn(Stream) -> bool,
) -> Vec<Published> {
    let before = venue.simulator.price(symbol);
    venue.now = point.time;
    venue.simulator.move_to(symbol, point);
    let rules = &venue.rules[symbol.index()];
    let name = rules.symbol.as_str();
    let step = rules.lot.step.max(Quantity::from_raw(1));
    let quantity = Quantity::from_f64(volume).unwrap_or(Quantity::MAX).floor_to_step(step).max(step);
    let trade = Trade { time: point.time, price: point.price, quantity, aggressor: aggressor(before, point.price) };
    let tape = &mut venue.tapes[symbol.index()];
    let id = tape.record(trade);
    let forming = tape.form(point, volume);
    let (first, changed) = tape.quote(Some(point.price));
    let update_id = tape.update_id;
    let mut published = Vec::new();
    let mut publish = |kind, is_forming, data: &dyn Fn() -> String| {
        let stream = Stream { symbol, kind };
        if wanted(stream) {
            published.push(Published { stream, data: data(), is_forming });
        }
    };
    publish(StreamKind::AggTrade, false, &|| frame_text(&convert::agg_trade(name, id, &trade, point.time, UNIT), None));
    if let Some(quote) = venue.simulator.quote(symbol) {
        let top = BookTop {
            bid: quote.bid,
            bid_quantity: quantity_at(quote.bid, &tape.depth.bids, quantity),
            ask: quote.ask,
            ask_quantity: quantity_at(quote.ask, &tape.depth.asks, quantity),
        };
        publish(StreamKind::BookTicker, false, &|| frame_text(&convert::book_ticker(name, update_id, &top), None));
    }
    publish(StreamKind::Depth, false, &|| depth_text(name, point.time, first, update_id, &changed));
    publish(StreamKind::Kline, true, &|| kline_text(name, &forming, point.time, false));
    published
}

/// The closed bar's frame.
pub fn close(venue: &Venue, symbol: SymbolId, bar: &Bar, wanted: &impl Fn(Stream) -> bool) -> Option<Published> {
    let stream = Stream { symbol, kind: StreamKind::Kline };
    wanted(stream).then(|| Published {
        stream,
        data: kline_text(venue.symbol(symbol).as_str(), bar, bar.close_time(), true),
        is_forming: false,
    })
}

/// The envelope of `/stream` sockets.
pub fn combined(name: &str, data: &str) -> String {
    format!(r#"{{"stream":"{name}","data":{data}}}"#)
}

/// A recording that has only OHLCV: quote volume and trade count follow from the path, taker volumes are absent.
fn kline_text(name: &str, bar: &Bar, event_time: Time, closed: bool) -> String {
    let mut event = convert::kline_event(name, bar, calls::totals(bar), event_time, UNIT);
    event.kline.closed = closed;
    frame_text(&event, None)
}

fn depth_text(name: &str, time: Time, first: i64, last: i64, changed: &market_maker::Depth) -> String {
    let levels = |side: &[market_maker::Level]| side.iter().map(|level| Level(level.price, level.quantity)).collect();
    let update = DepthUpdate {
        event: DepthUpdate::EVENT,
        event_time: UNIT.write(time),
        symbol: name.into(),
        first_id: first,
        final_id: last,
        bids: levels(&changed.bids),
        asks: levels(&changed.asks),
    };
    frame_text(&update, None)
}

fn quantity_at(price: Price, levels: &[market_maker::Level], otherwise: Quantity) -> Quantity {
    levels.iter().find(|level| level.price == price).map_or(otherwise, |level| level.quantity)
}
