//! `SessionLines`: a raw recorded session line by line, and what each line says of trades and order book.
//!
//! A line is `<receive time> <JSON as received>`, the time in ns (or us) since 1970; the file is plain or gzip. Frames are
//! those of Binance's spot streams, raw or combined, and of `GET /depth`.
//! Invariant: memory holds one line; a line that cannot be read is refused with its number.
//! Absent on purpose: the order of the exchange's time and gaps (`session`), and frames of other streams, which are passed
//! over: `bookTicker` has no time of the exchange.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::error::StoreError;
use super::kline_file::unreadable;
use super::parquet_rows::shown;
use super::source::open_plain;
use crate::domain::{Price, Quantity, Side, Span, Symbol, Time, Trade};
use crate::protocol::book_sync::{DepthDiff, DepthSnapshot, Level};
use crate::protocol::messages::{self, TimeUnit};
use crate::protocol::parse::{StreamEvent, stream_frame};

/// A snapshot of 5,000 levels a side has about 300 kB.
const LONGEST: u64 = 4 << 20;
/// The clocks of a recorder and of the exchange never lie this far apart.
const FURTHEST: Span = Span::DAY;
/// From here on a receive time is in nanoseconds; as microseconds it would be the year 5138.
const NANOSECONDS: i64 = 100_000_000_000_000_000;

const A_LINE: &str = "`<receive time> <JSON>` with the time in ns or us since 1970";

pub(super) struct SessionLines {
    path: PathBuf,
    text: Box<dyn BufRead>,
    bytes: Vec<u8>,
    line: u64,
}

/// What a line tells, with the exchange's time where it has one.
pub(super) struct Told {
    pub line: u64,
    pub received: Time,
    pub event: Event,
}

pub(super) enum Event {
    /// Ids of the trades that it holds, and by which stream it came.
    Trade {
        symbol: Symbol,
        ids: (i64, i64),
        trade: Trade,
        kind: TradeKind,
    },
    Depth {
        symbol: Symbol,
        time: Time,
        diff: DepthDiff,
    },
    Snapshot(DepthSnapshot),
    Other,
}

/// Both streams tell the same trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TradeKind {
    Single,
    Aggregate,
}

impl SessionLines {
    pub(super) fn open(path: &Path) -> Result<SessionLines, StoreError> {
        let (file, _) = open_plain(path)?;
        let mut plain = BufReader::with_capacity(1 << 16, file);
        let head = plain.fill_buf().map_err(|error| unreadable(path, &error))?;
        let text: Box<dyn BufRead> =
            if head.starts_with(&[0x1f, 0x8b]) { Box::new(unpacked(plain)) } else { Box::new(plain) };
        Ok(SessionLines { path: path.to_path_buf(), text, bytes: Vec::new(), line: 0 })
    }

    /// The next line; `None` at the end of the file.
    pub(super) fn next_told(&mut self) -> Result<Option<Told>, StoreError> {
        self.line += 1;
        self.bytes.clear();
        let read = self.text.by_ref().take(LONGEST).read_until(b'\n', &mut self.bytes);
        let read = read.map_err(|error| StoreError::BrokenSession {
            file: self.path.clone(),
            line: self.line,
            reason: error.to_string(),
        })?;
        if read == 0 {
            return Ok(None);
        }
        if read as u64 == LONGEST {
            return Err(self.bad(format!("more than {LONGEST} bytes"), A_LINE));
        }
        let Ok(text) = std::str::from_utf8(&self.bytes) else {
            return Err(self.bad("bytes that are no text".into(), A_LINE));
        };
        let parts = text.trim_end().split_once(' ').and_then(|(time, json)| Some((received(time)?, json)));
        let Some((received, json)) = parts else {
            return Err(self.bad(format!("{:?}", shown(text.trim_end())), A_LINE));
        };
        let event = event(json).map_err(|(found, allowed)| self.bad(found, allowed))?;
        let stated = match &event {
            Event::Trade { trade, .. } => Some(trade.time),
            Event::Depth { time, .. } => Some(*time),
            Event::Snapshot(_) | Event::Other => None,
        };
        if let Some(time) = stated.filter(|time| time.since(received).0.saturating_abs() > FURTHEST.0) {
            let found = format!("an event of {} ms UTC received at {} ms UTC", time.millis(), received.millis());
            return Err(self.bad(found, "a difference of at most a day"));
        }
        Ok(Some(Told { line: self.line, received, event }))
    }

    pub(super) fn bad(&self, found: String, allowed: &'static str) -> StoreError {
        bad_line(&self.path, self.line, found, allowed)
    }
}

pub(super) fn bad_line(file: &Path, line: u64, found: String, allowed: &'static str) -> StoreError {
    StoreError::BadLine { file: file.to_path_buf(), line, found, allowed }
}

fn unpacked(plain: BufReader<File>) -> impl BufRead {
    BufReader::with_capacity(1 << 16, MultiGzDecoder::new(plain))
}

fn received(text: &str) -> Option<Time> {
    let number: i64 = text.parse().ok().filter(|number| *number > 0)?;
    Some(Time(if number >= NANOSECONDS { number / 1_000 } else { number }))
}

type Refused = (String, &'static str);

fn event(json: &str) -> Result<Event, Refused> {
    let frame = stream_frame(json).map_err(|error| (error.to_string(), "a frame of Binance's spot streams"))?;
    Ok(match frame.event {
        StreamEvent::Trade(event) => {
            let time = TimeUnit::of_timestamp(event.time).read(event.time);
            let trade = trade(time, event.price, event.quantity, event.buyer_is_maker)?;
            let symbol = Symbol::new(&event.symbol);
            Event::Trade { symbol, ids: (event.id, event.id), trade, kind: TradeKind::Single }
        }
        StreamEvent::AggTrade(event) => {
            let time = TimeUnit::of_timestamp(event.time).read(event.time);
            let trade = trade(time, event.price, event.quantity, event.buyer_is_maker)?;
            let (symbol, ids) = (Symbol::new(&event.symbol), (event.first_trade, event.last_trade));
            Event::Trade { symbol, ids, trade, kind: TradeKind::Aggregate }
        }
        StreamEvent::DepthUpdate(_) if json.contains("\"pu\":") => {
            return Err(("a depth event of a futures market (it has `pu`)".into(), "a session of the spot market"));
        }
        StreamEvent::DepthUpdate(event) => {
            let diff = DepthDiff {
                first: event.first_id,
                last: event.final_id,
                bids: levels(&event.bids)?,
                asks: levels(&event.asks)?,
            };
            let time = TimeUnit::of_timestamp(event.event_time).read(event.event_time);
            Event::Depth { symbol: Symbol::new(&event.symbol), time, diff }
        }
        // With the name of a stream it is the top of a book again and again, not the whole of it.
        StreamEvent::PartialDepth(depth) if frame.stream.is_none() => Event::Snapshot(DepthSnapshot {
            last_update_id: depth.last_update_id,
            bids: levels(&depth.bids)?,
            asks: levels(&depth.asks)?,
        }),
        StreamEvent::PartialDepth(_)
        | StreamEvent::BookTicker(_)
        | StreamEvent::Kline(_)
        | StreamEvent::Shutdown(_)
        | StreamEvent::Reply(_)
        | StreamEvent::Other(_) => Event::Other,
    })
}

fn trade(time: Time, price: Price, quantity: Quantity, buyer_is_maker: bool) -> Result<Trade, Refused> {
    if !price.is_positive() || !quantity.is_positive() {
        return Err((format!("a trade of {quantity} at {price}"), "a price and a quantity above zero"));
    }
    Ok(Trade { time, price, quantity, aggressor: if buyer_is_maker { Side::Sell } else { Side::Buy } })
}

fn levels(wire: &[messages::Level]) -> Result<Vec<Level>, Refused> {
    wire.iter()
        .map(|messages::Level(price, quantity)| {
            if !price.is_positive() || quantity.is_negative() {
                return Err((
                    format!("a level of {quantity} at {price}"),
                    "a price above zero and a quantity of zero or more",
                ));
            }
            Ok(Level { price: *price, quantity: *quantity })
        })
        .collect()
}
