//! Frames as Binance and the local exchange send them: read, and written.
//!
//! Invariant: what is written is what is read; both sides of a name handle the same text.
//! Absent on purpose: sockets.

use kestrel::domain::{
    Asset, Bar, BookTop, ClientOrderId, Commission, ExecutionReport, ExecutionType, OrderId, OrderStatus, OrderType,
    Price, Quantity, Side, Time, Trade, TradeId,
};
use kestrel::protocol::convert::{
    BarTotals, ReportExtras, agg_trade, book_ticker, event_of_report, kline_event, market_event, report_of_event,
};
use kestrel::protocol::messages::TimeUnit;
use kestrel::protocol::messages::lockstep::frame_text;
use kestrel::protocol::messages::market::{Combined, DepthUpdate};
use kestrel::protocol::messages::order::OrderAck;
use kestrel::protocol::messages::user::UserEvent;
use kestrel::protocol::messages::ws_api::{RequestId, UserFrame, WsResponse};
use kestrel::protocol::messages::{Level, rest::RateLimitRow};
use kestrel::protocol::parse::{ApiContent, api_frame, stream_frame};

use super::market::{BTC, money};

const NAME: &str = "BTCUSDT";
const UNIT: TimeUnit = TimeUnit::Millisecond;
const NOW: Time = Time(1_700_000_000_123_000);

/// A kind of frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    AggTrade,
    BookTicker,
    Kline,
    /// Twenty levels a side.
    DepthUpdate,
    ExecutionReport,
    /// The answer to `order.place`, an ACK as the client asks for it.
    OrderAnswer,
}

impl Frame {
    pub const ALL: [Frame; 6] = [
        Frame::AggTrade,
        Frame::BookTicker,
        Frame::Kline,
        Frame::DepthUpdate,
        Frame::ExecutionReport,
        Frame::OrderAnswer,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Frame::AggTrade => "aggTrade",
            Frame::BookTicker => "bookTicker",
            Frame::Kline => "kline",
            Frame::DepthUpdate => "depthUpdate (2 x 20 levels)",
            Frame::ExecutionReport => "executionReport",
            Frame::OrderAnswer => "answer to order.place",
        }
    }

    /// The text, from the domain's values.
    pub fn write(self) -> String {
        match self {
            Frame::AggTrade => combined("btcusdt@aggTrade", agg_trade(NAME, 9, &trade(), NOW, UNIT)),
            Frame::BookTicker => combined("btcusdt@bookTicker", book_ticker(NAME, 4, &top())),
            Frame::Kline => {
                let bar = kline();
                combined("btcusdt@kline_1m", kline_event(NAME, &bar, BarTotals::default(), bar.close_time(), UNIT))
            }
            Frame::DepthUpdate => {
                let levels = |step: i64| (0..20).map(|n| Level(price(3_000_000 + step * n), quantity(7 + n))).collect();
                let (bids, asks) = (levels(-1), levels(1));
                let event = DepthUpdate::EVENT;
                let symbol = NAME.into();
                let update = DepthUpdate { event, event_time: 1, symbol, first_id: 157, final_id: 160, bids, asks };
                combined("btcusdt@depth@100ms", update)
            }
            Frame::ExecutionReport => {
                let report = report();
                let event = event_of_report(&report, NAME, &ReportExtras::at(NOW), UNIT);
                let event = UserEvent::Execution(Box::new(event));
                frame_text(&UserFrame { subscription_id: Some(0), event }, Some(17))
            }
            Frame::OrderAnswer => {
                let report = report();
                let ack = OrderAck {
                    symbol: NAME.to_owned(),
                    order_id: report.order_id.0,
                    order_list_id: -1,
                    client_order_id: report.client_id.to_string(),
                    transact_time: UNIT.write(NOW),
                };
                let answer = WsResponse::ok(RequestId::Number(7), ack).with_rate_limits(Vec::<RateLimitRow>::new());
                frame_text(&answer, Some(18))
            }
        }
    }

    /// Reads the text as far as the client does: into the domain's values where it has one. True when it was understood.
    pub fn read(self, text: &str) -> bool {
        let lookup = |name: &str| (name == NAME).then_some(BTC);
        match self {
            Frame::AggTrade | Frame::BookTicker | Frame::Kline => stream_frame(text)
                .is_ok_and(|frame| market_event(&frame.event, lookup, UNIT).is_ok_and(|event| event.is_some())),
            Frame::DepthUpdate => stream_frame(text).is_ok(),
            Frame::ExecutionReport => api_frame(text).is_ok_and(|frame| match frame.content {
                ApiContent::User(UserFrame { event: UserEvent::Execution(event), .. }) => {
                    report_of_event(&event, lookup, UNIT).is_ok()
                }
                ApiContent::User(_) | ApiContent::Response(_) | ApiContent::Other => false,
            }),
            Frame::OrderAnswer => api_frame(text).is_ok_and(|frame| match frame.content {
                ApiContent::Response(response) => response.read::<OrderAck>().is_ok(),
                ApiContent::User(_) | ApiContent::Other => false,
            }),
        }
    }
}

/// On a `/stream` socket in lockstep.
fn combined(stream: &str, data: impl serde::Serialize) -> String {
    frame_text(&Combined { stream: stream.into(), data }, Some(16))
}

fn price(cents: i64) -> Price {
    Price::from_raw(cents * 1_000_000)
}

fn quantity(thousandths: i64) -> Quantity {
    Quantity::from_raw(thousandths * 100_000)
}

fn trade() -> Trade {
    Trade { time: NOW, price: price(3_000_012), quantity: quantity(25), aggressor: Side::Sell }
}

fn top() -> BookTop {
    BookTop { bid: price(3_000_012), bid_quantity: quantity(1), ask: price(3_000_013), ask_quantity: quantity(2) }
}

fn report() -> ExecutionReport {
    ExecutionReport {
        symbol: BTC,
        client_id: ClientOrderId::from("k-2xjd8s9ak2-3f"),
        order_id: OrderId(5),
        list_id: None,
        side: Side::Buy,
        order_type: OrderType::Market,
        execution: ExecutionType::Trade,
        status: OrderStatus::Filled,
        quantity: quantity(25),
        price: Price::ZERO,
        stop_price: Price::ZERO,
        last_quantity: quantity(25),
        last_price: price(3_000_012),
        filled: quantity(25),
        filled_quote: money("750.003"),
        commission: Some(Commission { asset: Asset::new("BTC"), amount: money("0.000025") }),
        trade_id: Some(TradeId(8)),
        is_maker: false,
        time: NOW,
        reason: None,
    }
}

fn kline() -> Bar {
    let (open, high, low, close) = (30_000.12, 30_021.5, 29_987.04, 30_011.9);
    Bar { open_time: NOW.minute(), open, high, low, close, volume: 12.345_67 }
}
