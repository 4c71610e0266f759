//! From the wire to the domain and back: bars, trades, book tops, execution reports, balances.
//!
//! Invariant: a domain report written as `executionReport` and read back is the same report (times to the wire's unit).
//! Absent on purpose: requests (`protocol::requests`) and answers to them (`exchange::calls`, `binance`).

use std::borrow::Cow;

use super::messages::market::{AggTrade, BookTicker, Kline, KlineEvent, TradeEvent};
use super::messages::rest::{Account, KlineRow};
use super::messages::user::{AccountPosition, ExecutionReportEvent, PositionBalance};
use super::messages::{Amount, Open, TimeUnit, WireName};
use super::parse::StreamEvent;
use crate::domain::{
    Asset, Balance, BalanceUpdate, Bar, BookTop, ClientOrderId, Commission, ExecutionReport, ExecutionType,
    MarketEvent, Money, OrderId, OrderListId, OrderType, Side, Span, SymbolId, Time, TimeInForce, Trade, TradeId,
};

/// What the domain has no word for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    #[error("symbol {0:?} is not one of this run")]
    UnknownSymbol(String),
    #[error("{field} {text:?} is not one that Kestrel trades with")]
    Unsupported { field: &'static str, text: String },
    #[error("the bar is impossible: {0}")]
    ImpossibleBar(&'static str),
}

/// The interval that a [`Bar`] has, as Binance names it.
pub const BAR_INTERVAL: &str = "1m";

/// What a kline carries beside the domain's bar. Zero where it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BarTotals {
    pub quote_volume: f64,
    pub trades: u64,
    pub taker_buy_base: f64,
    pub taker_buy_quote: f64,
}

/// What `executionReport` carries beside the domain's report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportExtras<'a> {
    pub event_time: Time,
    /// When the order was accepted.
    pub created: Time,
    /// When it entered the book.
    pub working_since: Option<Time>,
    pub time_in_force: TimeInForce,
    /// A LIMIT is written as LIMIT_MAKER, which the limit leg of an OCO is; read back as LIMIT.
    pub limit_maker: bool,
    /// `I`: the venue's number of this report.
    pub execution_id: i64,
    pub quote_order_quantity: Money,
    /// The id of the cancel request, for `c` of a CANCELED report.
    pub cancel_id: Option<&'a str>,
}

impl ReportExtras<'_> {
    /// Extras of a good-till-cancel order for which everything happened at one moment.
    pub fn at(time: Time) -> ReportExtras<'static> {
        ReportExtras {
            event_time: time,
            created: time,
            working_since: None,
            time_in_force: TimeInForce::Gtc,
            limit_maker: false,
            execution_id: 0,
            quote_order_quantity: Money::ZERO,
            cancel_id: None,
        }
    }
}

/// The domain's event, if the stream event has one: a forming bar, a reply or an unknown event has none.
pub fn market_event(
    event: &StreamEvent<'_>,
    symbols: impl Fn(&str) -> Option<SymbolId>,
    unit: TimeUnit,
) -> Result<Option<MarketEvent>, ConvertError> {
    let id = |name: &str| symbols(name).ok_or_else(|| ConvertError::UnknownSymbol(name.to_owned()));
    Ok(match event {
        StreamEvent::AggTrade(trade) => Some(MarketEvent::Trade {
            symbol: id(&trade.symbol)?,
            trade: Trade {
                time: unit.read(trade.time),
                price: trade.price,
                quantity: trade.quantity,
                aggressor: aggressor(trade.buyer_is_maker),
            },
        }),
        StreamEvent::Trade(trade) => Some(MarketEvent::Trade {
            symbol: id(&trade.symbol)?,
            trade: Trade {
                time: unit.read(trade.time),
                price: trade.price,
                quantity: trade.quantity,
                aggressor: aggressor(trade.buyer_is_maker),
            },
        }),
        StreamEvent::BookTicker(ticker) => Some(MarketEvent::BookTop {
            symbol: id(&ticker.symbol)?,
            top: BookTop {
                bid: ticker.bid,
                bid_quantity: ticker.bid_quantity,
                ask: ticker.ask,
                ask_quantity: ticker.ask_quantity,
            },
        }),
        StreamEvent::Kline(event) if event.kline.closed && event.kline.interval == BAR_INTERVAL => {
            Some(MarketEvent::BarClosed { symbol: id(&event.symbol)?, bar: bar_of_kline(&event.kline, unit)? })
        }
        StreamEvent::Kline(_)
        | StreamEvent::DepthUpdate(_)
        | StreamEvent::PartialDepth(_)
        | StreamEvent::Shutdown(_)
        | StreamEvent::Reply(_)
        | StreamEvent::Other(_) => None,
    })
}

/// The bar inside a closed kline.
fn bar_of_kline(kline: &Kline<'_>, unit: TimeUnit) -> Result<Bar, ConvertError> {
    checked(Bar {
        open_time: unit.read(kline.open_time),
        open: kline.open.0,
        high: kline.high.0,
        low: kline.low.0,
        close: kline.close.0,
        volume: kline.volume.0,
    })
}

/// The bar of a REST row. A row says not whether its bar is closed: compare `close_time` with the server's clock.
pub fn bar_of_row(row: &KlineRow, unit: TimeUnit) -> Result<Bar, ConvertError> {
    checked(Bar {
        open_time: unit.read(row.open_time),
        open: row.open.0,
        high: row.high.0,
        low: row.low.0,
        close: row.close.0,
        volume: row.volume.0,
    })
}

pub fn row_of_bar(bar: &Bar, totals: BarTotals, unit: TimeUnit) -> KlineRow {
    KlineRow {
        open_time: unit.write(bar.open_time),
        open: Amount(bar.open),
        high: Amount(bar.high),
        low: Amount(bar.low),
        close: Amount(bar.close),
        volume: Amount(bar.volume),
        close_time: close_time(bar, unit),
        quote_volume: Amount(totals.quote_volume),
        trades: totals.trades,
        taker_buy_base: Amount(totals.taker_buy_base),
        taker_buy_quote: Amount(totals.taker_buy_quote),
    }
}

/// The event of a closed bar. Trade ids are -1: a bar from a file knows none.
pub fn kline_event<'a>(
    symbol: &'a str,
    bar: &Bar,
    totals: BarTotals,
    event_time: Time,
    unit: TimeUnit,
) -> KlineEvent<'a> {
    let kline = Kline {
        open_time: unit.write(bar.open_time),
        close_time: close_time(bar, unit),
        symbol: Cow::Borrowed(symbol),
        interval: Cow::Borrowed(BAR_INTERVAL),
        first_trade: -1,
        last_trade: -1,
        open: Amount(bar.open),
        close: Amount(bar.close),
        high: Amount(bar.high),
        low: Amount(bar.low),
        volume: Amount(bar.volume),
        trades: totals.trades,
        closed: true,
        quote_volume: Amount(totals.quote_volume),
        taker_buy_base: Amount(totals.taker_buy_base),
        taker_buy_quote: Amount(totals.taker_buy_quote),
        unused: Amount(0.0),
    };
    KlineEvent { event: KlineEvent::EVENT, event_time: unit.write(event_time), symbol: Cow::Borrowed(symbol), kline }
}

/// The event of one public trade; `id` numbers it and the one trade in it.
pub fn agg_trade<'a>(symbol: &'a str, id: i64, trade: &Trade, event_time: Time, unit: TimeUnit) -> AggTrade<'a> {
    AggTrade {
        event: AggTrade::EVENT,
        event_time: unit.write(event_time),
        symbol: Cow::Borrowed(symbol),
        id,
        price: trade.price,
        quantity: trade.quantity,
        first_trade: id,
        last_trade: id,
        time: unit.write(trade.time),
        buyer_is_maker: trade.aggressor == Side::Sell,
        best_match: true,
    }
}

/// As `agg_trade`, for `<symbol>@trade`.
pub fn trade_event<'a>(symbol: &'a str, id: i64, trade: &Trade, event_time: Time, unit: TimeUnit) -> TradeEvent<'a> {
    TradeEvent {
        event: TradeEvent::EVENT,
        event_time: unit.write(event_time),
        symbol: Cow::Borrowed(symbol),
        id,
        price: trade.price,
        quantity: trade.quantity,
        time: unit.write(trade.time),
        buyer_is_maker: trade.aggressor == Side::Sell,
        best_match: true,
    }
}

pub fn book_ticker<'a>(symbol: &'a str, update_id: i64, top: &BookTop) -> BookTicker<'a> {
    BookTicker {
        update_id,
        symbol: Cow::Borrowed(symbol),
        bid: top.bid,
        bid_quantity: top.bid_quantity,
        ask: top.ask,
        ask_quantity: top.ask_quantity,
    }
}

/// The domain's report. On CANCELED the order's own id stands in `C` and the cancel's in `c`; on REPLACED the order lives
/// on under `c` (user-data-stream.md, "Order update").
pub fn report_of_event(
    event: &ExecutionReportEvent<'_>,
    symbols: impl Fn(&str) -> Option<SymbolId>,
    unit: TimeUnit,
) -> Result<ExecutionReport, ConvertError> {
    let execution = known("execution type", &event.execution)?;
    let client_id = if execution == ExecutionType::Canceled && !event.original_client_id.is_empty() {
        &event.original_client_id
    } else {
        &event.client_id
    };
    let rejection = Some(event.reject_reason.as_ref()).filter(|text| *text != ExecutionReportEvent::NO_REASON);
    Ok(ExecutionReport {
        symbol: symbols(&event.symbol).ok_or_else(|| ConvertError::UnknownSymbol(event.symbol.to_string()))?,
        client_id: ClientOrderId::from(client_id.as_ref()),
        order_id: OrderId(event.order_id),
        list_id: list_id(event.list_id),
        side: known("side", &event.side)?,
        order_type: order_type(event)?,
        execution,
        status: known("order status", &event.status)?,
        quantity: event.quantity,
        price: event.price,
        stop_price: event.stop_price,
        last_quantity: event.last_quantity,
        last_price: event.last_price,
        filled: event.filled,
        filled_quote: event.filled_quote,
        commission: event
            .commission_asset
            .as_deref()
            .map(|asset| Commission { asset: Asset::new(asset), amount: event.commission }),
        trade_id: (event.trade_id >= 0).then_some(TradeId(event.trade_id)),
        is_maker: event.is_maker,
        time: unit.read(event.transaction_time),
        reason: rejection.or(event.expiry_reason.as_deref()).map(str::to_owned),
    })
}

/// The wire form of a report: a rejection's reason stands in `r`, any other in `eR`.
pub fn event_of_report<'a>(
    report: &'a ExecutionReport,
    symbol: &'a str,
    extras: &ReportExtras<'a>,
    unit: TimeUnit,
) -> ExecutionReportEvent<'a> {
    let own_id = report.client_id.text();
    let (client_id, original_client_id) = match report.execution {
        ExecutionType::Canceled => (extras.cancel_id.map_or(own_id.clone(), Cow::Borrowed), own_id),
        ExecutionType::New
        | ExecutionType::Replaced
        | ExecutionType::Rejected
        | ExecutionType::Trade
        | ExecutionType::Expired
        | ExecutionType::TradePrevention => (own_id, Cow::Borrowed("")),
    };
    let is_rejection = report.execution == ExecutionType::Rejected;
    let reason = report.reason.as_deref();
    let reject_reason = reason.filter(|_| is_rejection).unwrap_or(ExecutionReportEvent::NO_REASON);
    ExecutionReportEvent {
        event: ExecutionReportEvent::EVENT,
        event_time: unit.write(extras.event_time),
        symbol: Cow::Borrowed(symbol),
        client_id,
        side: report.side.into(),
        order_type: wire_type(report.order_type, extras.limit_maker),
        time_in_force: extras.time_in_force.into(),
        quantity: report.quantity,
        price: report.price,
        stop_price: report.stop_price,
        iceberg_quantity: Default::default(),
        list_id: report.list_id.map_or(-1, |id| id.0),
        original_client_id,
        execution: report.execution.into(),
        status: report.status.into(),
        reject_reason: Cow::Borrowed(reject_reason),
        order_id: report.order_id.0,
        last_quantity: report.last_quantity,
        filled: report.filled,
        last_price: report.last_price,
        commission: report.commission.as_ref().map_or(Money::ZERO, |commission| commission.amount),
        commission_asset: report.commission.as_ref().map(|commission| commission.asset.to_string()),
        transaction_time: unit.write(report.time),
        trade_id: report.trade_id.map_or(-1, |id| id.0),
        execution_id: extras.execution_id,
        is_on_book: extras.working_since.is_some() && !report.status.is_terminal(),
        is_maker: report.is_maker,
        unused: false,
        created: unit.write(extras.created),
        filled_quote: report.filled_quote,
        last_quote: Money::notional(report.last_price, report.last_quantity).unwrap_or(Money::MAX),
        quote_order_quantity: extras.quote_order_quantity,
        working_time: extras.working_since.map(|time| unit.write(time)),
        self_trade_prevention: "NONE".to_owned(),
        prevented_match_id: None,
        expiry_reason: reason.filter(|_| !is_rejection).map(str::to_owned),
    }
}

pub fn balances_of_event(event: &AccountPosition<'_>, unit: TimeUnit) -> BalanceUpdate {
    let balances =
        event.balances.iter().map(|row| Balance { asset: Asset::new(&row.asset), free: row.free, locked: row.locked });
    BalanceUpdate { time: unit.read(event.last_update), balances: balances.collect() }
}

pub fn event_of_balances(update: &BalanceUpdate, event_time: Time, unit: TimeUnit) -> AccountPosition<'_> {
    let balances = update.balances.iter().map(|balance| PositionBalance {
        asset: Cow::Borrowed(balance.asset.as_str()),
        free: balance.free,
        locked: balance.locked,
    });
    AccountPosition {
        event: AccountPosition::EVENT,
        event_time: unit.write(event_time),
        last_update: unit.write(update.time),
        balances: balances.collect(),
    }
}

/// All balances of `GET /account`.
pub fn balances_of_account(account: &Account, unit: TimeUnit) -> BalanceUpdate {
    let balances = account.balances.iter().map(|row| Balance {
        asset: Asset::new(&row.asset),
        free: row.free,
        locked: row.locked,
    });
    BalanceUpdate { time: unit.read(account.update_time), balances: balances.collect() }
}

/// The value, or which field held a name that the domain does not have.
fn known<T: WireName>(field: &'static str, name: &Open<T>) -> Result<T, ConvertError> {
    name.known().ok_or_else(|| ConvertError::Unsupported { field, text: name.as_str().to_owned() })
}

/// The limit leg of an OCO is a LIMIT_MAKER on the wire and a LIMIT in the domain.
fn order_type(event: &ExecutionReportEvent<'_>) -> Result<OrderType, ConvertError> {
    let name = known("order type", &event.order_type)?;
    let is_leg = list_id(event.list_id).is_some();
    Ok(if is_leg && name == OrderType::LimitMaker { OrderType::Limit } else { name })
}

fn wire_type(order_type: OrderType, limit_maker: bool) -> Open<OrderType> {
    if limit_maker && order_type == OrderType::Limit { OrderType::LimitMaker.into() } else { order_type.into() }
}

/// The wire writes -1 for no list.
fn list_id(wire: i64) -> Option<OrderListId> {
    (wire >= 0).then_some(OrderListId(wire))
}

fn aggressor(buyer_is_maker: bool) -> Side {
    if buyer_is_maker { Side::Sell } else { Side::Buy }
}

/// The last unit of the bar's minute.
fn close_time(bar: &Bar, unit: TimeUnit) -> i64 {
    unit.write(bar.open_time.plus(Bar::INTERVAL).minus(Span(1)))
}

fn checked(bar: Bar) -> Result<Bar, ConvertError> {
    bar.validate().map_err(ConvertError::ImpossibleBar)?;
    Ok(bar)
}
