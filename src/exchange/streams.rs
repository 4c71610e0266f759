//! Market streams: the frames of one market step, for those who listen.
//!
//! Invariant: a frame's data is built once per step and only when somebody listens.
//! Absent on purpose: sockets and envelopes; frames are texts.
//! Source: Binance web-socket-streams.md.

use std::collections::BTreeSet;

use crate::domain::{Bar, BookTop, Span, SymbolId, Time, Trade};
use crate::protocol::convert;
use crate::protocol::messages::lockstep::frame_text;
use crate::protocol::messages::market::{Depth, DepthUpdate};
use crate::protocol::messages::ticker::{AveragePriceEvent, MiniTickerEvent, TickerEvent};
use crate::protocol::messages::{Level, TimeUnit};
use crate::simulator::{PathPoint, market_maker};

use super::calls::{self, Day, Interval};
use super::venue::Venue;

/// A stream that the exchange serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stream {
    pub symbol: SymbolId,
    pub kind: StreamKind,
    /// Of its times.
    pub unit: TimeUnit,
}

/// In the order in which one step is told: the trade, the best prices, the book, the statistics, the forming bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StreamKind {
    AggTrade,
    Trade,
    BookTicker,
    Depth,
    /// The best levels, this many a side.
    PartialDepth(u8),
    AveragePrice,
    MiniTicker,
    Ticker,
    Kline(Interval),
}

/// One frame's data, without envelope, and the stream that it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    pub stream: Stream,
    pub data: String,
    /// A bar that is still being made; a lockstep client is spared those.
    pub is_forming: bool,
}

impl Stream {
    /// From a stream's name, such as `btcusdt@kline_1m`; `None` for what is not served.
    pub fn parse(name: &str, unit: TimeUnit, symbol_id: impl Fn(&str) -> Option<SymbolId>) -> Option<Stream> {
        let (symbol, kind) = name.split_once('@')?;
        let kind = match kind {
            "aggTrade" => StreamKind::AggTrade,
            "trade" => StreamKind::Trade,
            "bookTicker" => StreamKind::BookTicker,
            "depth" | "depth@100ms" => StreamKind::Depth,
            "depth5" | "depth5@100ms" => StreamKind::PartialDepth(5),
            "depth10" | "depth10@100ms" => StreamKind::PartialDepth(10),
            "depth20" | "depth20@100ms" => StreamKind::PartialDepth(20),
            "avgPrice" => StreamKind::AveragePrice,
            "miniTicker" => StreamKind::MiniTicker,
            "ticker" => StreamKind::Ticker,
            _ => StreamKind::Kline(Interval::parse(kind.strip_prefix("kline_")?)?),
        };
        Some(Stream { symbol: symbol_id(&symbol.to_uppercase())?, kind, unit })
    }
}

/// What one step changed, for the frames that tell of it.
struct Moved {
    time: Time,
    trade: Trade,
    trade_id: i64,
    forming: Bar,
    first_update: i64,
    changed: market_maker::Depth,
}

/// Moves the market of one symbol to a point and says what the wanted streams of that symbol carry, in their order.
pub fn move_to(
    venue: &mut Venue,
    symbol: SymbolId,
    point: PathPoint,
    volume: f64,
    wanted: &BTreeSet<Stream>,
) -> Vec<Published> {
    let before = venue.simulator.price(symbol);
    venue.now = point.time;
    venue.simulator.walk_to(symbol, point, volume);
    let trade = market_maker::trade_of(&venue.rules[symbol.index()], before, point, volume);
    let tape = &mut venue.tapes[symbol.index()];
    let trade_id = tape.record(trade);
    let forming = tape.form(point, volume);
    let (first_update, changed) = tape.quote(Some((point.price, point.time)));
    let moved = Moved { time: point.time, trade, trade_id, forming, first_update, changed };
    let tell = |stream: &Stream| Published {
        stream: *stream,
        data: text(venue, *stream, &moved),
        is_forming: matches!(stream.kind, StreamKind::Kline(_)),
    };
    wanted.iter().map(tell).collect()
}

/// The closed bar's frames, also of the longer bars that it ends.
pub fn close(venue: &Venue, symbol: SymbolId, bar: &Bar, wanted: &BTreeSet<Stream>) -> Vec<Published> {
    let end = bar.open_time.plus(Span::MINUTE);
    let tell = |stream: &Stream| match stream.kind {
        StreamKind::Kline(interval) if end.0.rem_euclid(interval.span().0) == 0 => Some(Published {
            stream: *stream,
            data: kline_text(venue, symbol, interval, bar, bar.close_time(), stream.unit, true),
            is_forming: false,
        }),
        StreamKind::Kline(_)
        | StreamKind::AggTrade
        | StreamKind::Trade
        | StreamKind::BookTicker
        | StreamKind::Depth
        | StreamKind::PartialDepth(_)
        | StreamKind::AveragePrice
        | StreamKind::MiniTicker
        | StreamKind::Ticker => None,
    };
    wanted.iter().filter_map(tell).collect()
}

fn text(venue: &Venue, stream: Stream, moved: &Moved) -> String {
    let Stream { symbol, kind, unit } = stream;
    let Moved { time, trade, trade_id, .. } = moved;
    let name = venue.symbol(symbol).as_str();
    let tape = &venue.tapes[symbol.index()];
    match kind {
        StreamKind::AggTrade => frame_text(&convert::agg_trade(name, *trade_id, trade, *time, unit), None),
        StreamKind::Trade => frame_text(&convert::trade_event(name, *trade_id, trade, *time, unit), None),
        StreamKind::BookTicker => {
            frame_text(&convert::book_ticker(name, tape.update_id, &top(venue, symbol, trade)), None)
        }
        StreamKind::Depth => frame_text(
            &DepthUpdate {
                event: DepthUpdate::EVENT,
                event_time: unit.write(*time),
                symbol: name.into(),
                first_id: moved.first_update,
                final_id: tape.update_id,
                bids: levels(&moved.changed.bids, usize::MAX),
                asks: levels(&moved.changed.asks, usize::MAX),
            },
            None,
        ),
        StreamKind::PartialDepth(count) => {
            let count = usize::from(count);
            let (bids, asks) = (levels(&tape.depth.bids, count), levels(&tape.depth.asks, count));
            frame_text(&Depth { last_update_id: tape.update_id, bids, asks }, None)
        }
        StreamKind::AveragePrice => frame_text(
            &AveragePriceEvent {
                event: AveragePriceEvent::EVENT,
                event_time: unit.write(*time),
                symbol: name,
                interval: "5m",
                price: calls::average(venue, symbol),
                time: unit.write(trade.time),
            },
            None,
        ),
        StreamKind::MiniTicker => {
            frame_text(&mini_ticker(MiniTickerEvent::EVENT, name, &Day::of(venue, symbol), unit.write(*time)), None)
        }
        StreamKind::Ticker => ticker_text(venue, symbol, trade, unit),
        StreamKind::Kline(interval) => kline_text(venue, symbol, interval, &moved.forming, *time, unit, false),
    }
}

/// The best prices after a trade.
fn top(venue: &Venue, symbol: SymbolId, trade: &Trade) -> BookTop {
    let Trade { price, quantity, .. } = *trade;
    let alone = BookTop { bid: price, bid_quantity: quantity, ask: price, ask_quantity: quantity };
    venue.simulator.top(symbol).unwrap_or(alone)
}

fn mini_ticker<'a>(event: &'a str, symbol: &'a str, day: &Day, event_time: i64) -> MiniTickerEvent<'a> {
    MiniTickerEvent {
        event,
        event_time,
        symbol,
        last: calls::amount(day.last),
        open: calls::amount(day.open),
        high: calls::amount(day.high),
        low: calls::amount(day.low),
        volume: calls::amount(day.volume),
        quote_volume: calls::amount(day.quote_volume),
    }
}

fn ticker_text(venue: &Venue, symbol: SymbolId, trade: &Trade, unit: TimeUnit) -> String {
    let day = Day::of(venue, symbol);
    let name = venue.symbol(symbol).as_str();
    let top = top(venue, symbol, trade);
    let trades = &venue.tapes[symbol.index()].trades;
    let event = TickerEvent {
        mini: mini_ticker(TickerEvent::EVENT, name, &day, unit.write(trade.time)),
        change: calls::amount(day.change()),
        change_percent: calls::amount(day.change_percent()),
        average: calls::amount(day.average()),
        previous_close: calls::amount(day.previous_close),
        last_quantity: trade.quantity,
        bid: top.bid,
        bid_quantity: top.bid_quantity,
        ask: top.ask,
        ask_quantity: top.ask_quantity,
        open_time: unit.write(day.open_time),
        close_time: unit.write(day.close_time),
        first_id: trades.front().map_or(-1, |(id, _)| *id),
        last_id: trades.back().map_or(-1, |(id, _)| *id),
        trades: day.trades,
    };
    frame_text(&event, None)
}

/// The envelope of `/stream` sockets.
pub fn combined(name: &str, data: &str) -> String {
    format!(r#"{{"stream":"{name}","data":{data}}}"#)
}

/// A recording that has only OHLCV: quote volume and trade count follow from the path, taker volumes are absent.
fn kline_text(
    venue: &Venue,
    symbol: SymbolId,
    interval: Interval,
    newest: &Bar,
    event_time: Time,
    unit: TimeUnit,
    closed: bool,
) -> String {
    let is_minute = interval.span() == Span::MINUTE;
    let (bar, totals) =
        if is_minute { (*newest, calls::totals(newest)) } else { interval.bar_with(venue, symbol, newest) };
    let mut event = convert::kline_event(venue.symbol(symbol).as_str(), &bar, totals, event_time, unit);
    event.kline.interval = interval.name().into();
    event.kline.close_time = unit.write(bar.open_time.plus(interval.span()).minus(Span(1)));
    event.kline.closed = closed;
    frame_text(&event, None)
}

fn levels(side: &[market_maker::Level], count: usize) -> Vec<Level> {
    side.iter().take(count).map(|level| Level(level.price, level.quantity)).collect()
}
