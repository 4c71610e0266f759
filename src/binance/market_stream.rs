//! The market streams: closed bars, trades and best prices of all symbols over one socket.
//!
//! Invariant: events go out in the order of the socket; a full queue stops the reading and nothing is dropped.
//! Absent on purpose: the book's depth, and the bars that were missed while the socket was down (`Rest::klines`).
//! Source: web-socket-streams.md.

use std::sync::Arc;

use tokio::time::{Instant, MissedTickBehavior};

use super::backoff::Backoff;
use super::connection::Timing;
use super::endpoints::Address;
use super::error::Error;
use super::socket::{self, Heard, Outlet, Reading, Ws};
use super::symbols::SymbolTable;
use crate::domain::{Span, Time};
use crate::engine::Input;
use crate::engine::ports::{Event, LinkState, Socket};
use crate::protocol::convert::market_event;
use crate::protocol::messages::TimeUnit;
use crate::protocol::parse::{ParseError, StreamEvent, stream_frame};

pub(super) struct MarketStream {
    pub socket: Ws,
    pub door: MarketDoor,
    pub backoff: Backoff,
}

/// All that is needed to open the socket, again and again.
#[derive(Debug, Clone)]
pub(super) struct MarketDoor {
    pub address: Address,
    pub symbols: Arc<SymbolTable>,
    pub timing: Timing,
    /// Lockstep's token: ties the socket to the account.
    pub token: Option<String>,
}

/// Why reading ended.
enum End {
    Lost(String),
    /// The driver is gone.
    Closed,
}

const STREAMS: [&str; 3] = ["@kline_1m", "@aggTrade", "@bookTicker"];

impl MarketDoor {
    pub async fn open(&self) -> Result<Ws, Error> {
        socket::open(&self.address, &self.path(), self.timing.connect).await
    }

    fn path(&self) -> String {
        let mut names = Vec::new();
        for symbol in self.symbols.iter() {
            let name = encoded(&symbol.as_str().to_lowercase());
            names.extend(STREAMS.map(|stream| format!("{name}{stream}")));
        }
        let token = self.token.as_ref().map(|token| format!("&token={token}")).unwrap_or_default();
        format!("/stream?streams={}{token}", names.join("/"))
    }
}

impl MarketStream {
    /// Reads until the driver is gone; in lockstep until the socket is lost, which is the end.
    pub async fn run(mut self, mut outlet: Outlet) {
        if !outlet.send(Event::Link { socket: Socket::Market, state: LinkState::Up }).await {
            return;
        }
        loop {
            let why = match self.read(&mut outlet).await {
                End::Closed => return,
                End::Lost(why) => why,
            };
            if self.door.token.is_some() {
                // The end of the market may stand on the other socket, still unread.
                tokio::time::sleep(self.door.timing.last_words).await;
                let _ = outlet.send(Event::Failed(format!("the market stream is lost: {why}"))).await;
                return;
            }
            tracing::warn!(%why, "the market stream is lost");
            let down = Event::Link { socket: Socket::Market, state: LinkState::Down { why } };
            if !outlet.send(down).await || !self.reopen(&mut outlet).await {
                return;
            }
            if !outlet.send(Event::Link { socket: Socket::Market, state: LinkState::Up }).await {
                return;
            }
        }
    }

    async fn read(&mut self, outlet: &mut Outlet) -> End {
        let silence = self.door.timing.silence;
        let mut watch = tokio::time::interval_at(Instant::now() + silence, silence);
        watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let watched = self.door.token.is_none();
        let mut alive = true;
        loop {
            tokio::select! {
                biased;
                heard = socket::next(&mut self.socket) => match heard {
                    Heard::Text(text) => {
                        alive = true;
                        match reading(&text, &self.door.symbols) {
                            Ok(Reading::Event(event)) => {
                                if !outlet.send(event).await {
                                    return End::Closed;
                                }
                            }
                            Ok(Reading::Nothing) => {}
                            Ok(Reading::Reopen(why)) => return End::Lost(why),
                            Err(error) => return End::Lost(error.to_string()),
                        }
                    }
                    Heard::Alive | Heard::Flushed => alive = true,
                    Heard::Lost(why) => return End::Lost(why),
                },
                _ = watch.tick(), if watched => {
                    if !alive {
                        return End::Lost(format!("nothing was heard for {} s", silence.as_secs_f64()));
                    }
                    alive = false;
                    self.backoff.reset();
                    if outlet.sender.is_closed() {
                        return End::Closed;
                    }
                }
            }
        }
    }

    /// False when the driver is gone.
    async fn reopen(&mut self, outlet: &mut Outlet) -> bool {
        let mut least = Span::ZERO;
        loop {
            let pause = self.backoff.pause().max(least).to_duration();
            tokio::select! {
                biased;
                () = outlet.sender.closed() => return false,
                () = tokio::time::sleep(pause) => {}
            }
            match self.door.open().await {
                Ok(socket) => {
                    self.socket = socket;
                    return true;
                }
                Err(error) => {
                    tracing::warn!(%error, "the market stream cannot be opened");
                    least = if let Error::Retry { after, .. } = error { after } else { Span::ZERO };
                }
            }
        }
    }
}

/// What a frame of the market socket means.
fn reading(text: &str, symbols: &SymbolTable) -> Result<Reading, ParseError> {
    let frame = stream_frame(text)?;
    let sequence = frame.sequence;
    if let StreamEvent::Shutdown(_) = frame.event {
        return Ok(Reading::Reopen("the venue's server is going away".to_owned()));
    }
    Ok(match market_event(&frame.event, |name| symbols.id(name), TimeUnit::Millisecond) {
        Ok(Some(event)) => {
            Reading::Event(Event::Input { time: event_time(&frame.event), input: Input::Market(event), sequence })
        }
        Ok(None) => Reading::silent(sequence),
        Err(error) => {
            tracing::warn!(%error, "a market event is left out");
            Reading::silent(sequence)
        }
    })
}

/// The event time E, where the event has one.
fn event_time(event: &StreamEvent<'_>) -> Option<Time> {
    let wire = match event {
        StreamEvent::AggTrade(trade) => trade.event_time,
        StreamEvent::Trade(trade) => trade.event_time,
        StreamEvent::Kline(event) => event.event_time,
        StreamEvent::DepthUpdate(event) => event.event_time,
        StreamEvent::Shutdown(event) => event.event_time,
        StreamEvent::BookTicker(_) | StreamEvent::PartialDepth(_) | StreamEvent::Reply(_) | StreamEvent::Other(_) => {
            return None;
        }
    };
    Some(TimeUnit::Millisecond.read(wire))
}

/// Binance lists symbols whose names are not ASCII.
fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{MarketEvent, Symbol, SymbolId};

    fn read(text: &str) -> Reading {
        let symbols = SymbolTable::new(vec![Symbol::new("BTCUSDT"), Symbol::new("ETHUSDT")]);
        reading(text, &symbols).expect("JSON")
    }

    const BAR: &str = r#"{"stream":"ethusdt@kline_1m","data":{"e":"kline","E":1672515780123,"s":"ETHUSDT","k":{
        "t":1672515720000,"T":1672515779999,"s":"ETHUSDT","i":"1m","f":1,"L":2,"o":"10","c":"11","h":"12","l":"9",
        "v":"5","n":2,"x":CLOSED,"q":"55","V":"1","Q":"11","B":"0"}},"sequence":7}"#;

    #[test]
    fn a_closed_bar_is_an_input_at_its_event_time() {
        let read = read(&BAR.replace("CLOSED", "true"));
        let Reading::Event(Event::Input { time, input: Input::Market(event), sequence }) = read else {
            panic!("{read:?}")
        };
        assert_eq!((time, sequence), (Some(Time::from_millis(1_672_515_780_123)), Some(7)));
        assert!(matches!(event, MarketEvent::BarClosed { symbol: SymbolId(1), .. }));
    }

    #[test]
    fn what_tells_nothing_is_silent_when_numbered_and_nothing_otherwise() {
        let forming = BAR.replace("CLOSED", "false");
        assert!(matches!(read(&forming), Reading::Event(Event::Silent { sequence: Some(7) })));
        assert!(matches!(read(&forming.replace(",\"sequence\":7", "")), Reading::Nothing));
        let foreign = BAR.replace("CLOSED", "true").replace("ETHUSDT", "XRPUSDT");
        assert!(matches!(read(&foreign), Reading::Event(Event::Silent { sequence: Some(7) })));
        assert!(matches!(read(r#"{"result":null,"id":1}"#), Reading::Nothing));
        assert!(matches!(read(r#"{"e":"serverShutdown","E":1770123456789}"#), Reading::Reopen(_)));
    }

    #[test]
    fn names_beyond_ascii_are_escaped() {
        assert_eq!(encoded("btcusdt"), "btcusdt");
        assert_eq!(encoded("币usdt"), "%E5%B8%81usdt");
    }
}
