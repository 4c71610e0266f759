//! What the venue records and says of orders, lists and trades, and how it refuses.
//!
//! Invariant: `filled <= quantity`, and a terminal record never changes again.
//! Absent on purpose: where the records are kept (`register`) and how they change (`matching`).

use crate::domain::{
    BalanceUpdate, ClientOrderId, Commission, ExecutionReport, ExecutionType, FilterFailure, Money, OrderId, OrderKind,
    OrderListId, OrderStatus, Price, Quantity, Side, SymbolId, Time, TradeId,
};

/// An account at the simulated venue, in the order of opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountId(pub u16);

/// An order as the venue knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRecord {
    pub order_id: OrderId,
    pub client_id: ClientOrderId,
    pub list_id: Option<OrderListId>,
    pub symbol: SymbolId,
    pub side: Side,
    pub kind: OrderKind,
    /// Original quantity; of a MARKET by quote amount zero until it executes.
    pub quantity: Quantity,
    pub status: OrderStatus,
    pub filled: Quantity,
    /// Sum of the notionals of its fills.
    pub filled_quote: Money,
    /// False while a trigger order waits for its stop price.
    pub is_working: bool,
    pub created: Time,
    pub updated: Time,
    /// Why it expired, if it did.
    pub reason: Option<ExpiryReason>,
}

/// An OCO list as the venue knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRecord {
    pub list_id: OrderListId,
    pub client_id: ClientOrderId,
    pub symbol: SymbolId,
    /// Above, below.
    pub orders: [(OrderId, ClientOrderId); 2],
    pub status: ListStatus,
    pub updated: Time,
}

/// Binance's `listStatusType`: `EXEC_STARTED` and `ALL_DONE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListStatus {
    ExecStarted,
    AllDone,
}

/// One fill of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeRecord {
    pub trade_id: TradeId,
    pub order_id: OrderId,
    pub list_id: Option<OrderListId>,
    pub symbol: SymbolId,
    pub side: Side,
    pub price: Price,
    pub quantity: Quantity,
    pub quote: Money,
    pub commission: Commission,
    pub is_maker: bool,
    pub time: Time,
}

/// The answer to an accepted order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    pub order_id: OrderId,
    pub time: Time,
}

/// The answer to an accepted OCO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedList {
    pub list_id: OrderListId,
    /// Above, below.
    pub order_ids: [OrderId; 2],
    pub time: Time,
}

/// How a caller names an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderRef {
    Id(OrderId),
    Client(ClientOrderId),
}

/// How a caller names an OCO list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListRef {
    Id(OrderListId),
    Client(ClientOrderId),
}

/// What the user data stream of an account carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VenueEvent {
    /// In its box from the start: it is handed on a few times.
    Report(Box<ExecutionReport>),
    /// After a report that changed balances: only the assets touched.
    Balances(BalanceUpdate),
    List(Box<ListRecord>),
}

/// Why an order expired, as Binance names it where it has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiryReason {
    /// Its sibling in an OCO triggered or began to fill.
    OcoTrigger,
    UnfilledIoc,
    UnfilledFok,
    /// The balance did not cover the whole quantity when the order executed.
    InsufficientLiquidity,
    /// It would have traded with a taker of its own account (EXPIRE_MAKER).
    SelfTrade,
    /// A LIMIT_MAKER that the market had met before it reached the book. Binance would refuse it; here it was accepted when
    /// it was sent.
    WouldTake,
    /// The balance after the fill would not fit; Binance has no name for it.
    Overflow,
}

/// Why a request changed nothing. The text is Binance's message where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("Filter failure: {0}")]
    Filter(FilterFailure),
    #[error("Account has insufficient balance for requested action.")]
    InsufficientBalance,
    #[error("Order would trigger immediately.")]
    WouldTriggerImmediately,
    /// A LIMIT_MAKER, and the LIMIT leg of an OCO.
    #[error("Order would immediately match and take.")]
    WouldMatchImmediately,
    #[error("Duplicate order sent.")]
    DuplicateClientId,
    #[error("Unknown order sent.")]
    UnknownOrder,
    #[error("The relationship of the prices for the orders is not correct.")]
    PricesWrong,
    /// The legs of the OCO are not a LIMIT or TAKE_PROFIT and a STOP_LOSS of its quantity on their proper sides.
    #[error("The legs of the order list do not fit together.")]
    LegsWrong,
    #[error("Market is closed.")]
    MarketClosed,
    /// The symbol has not had a price yet.
    #[error("No reference price yet.")]
    NoPrice,
    #[error("This order type is not supported for this symbol.")]
    NotSupported,
    #[error("Invalid symbol.")]
    UnknownSymbol,
    #[error("Unknown account.")]
    UnknownAccount,
    /// An amount of the order does not fit the range of the ledger.
    #[error("The amount is out of range.")]
    Overflow,
}

impl OrderRecord {
    pub fn remaining(&self) -> Quantity {
        self.quantity.saturating_sub(self.filled)
    }

    /// The report of a change that is not a fill; a fill adds its own numbers.
    pub(super) fn report(&self, execution: ExecutionType, time: Time) -> Box<ExecutionReport> {
        Box::new(ExecutionReport {
            symbol: self.symbol,
            client_id: self.client_id.clone(),
            order_id: self.order_id,
            list_id: self.list_id,
            side: self.side,
            order_type: self.kind.order_type(),
            execution,
            status: self.status,
            quantity: self.quantity,
            price: self.kind.limit_price().unwrap_or_default(),
            stop_price: self.kind.stop_price().unwrap_or_default(),
            last_quantity: Quantity::ZERO,
            last_price: Price::ZERO,
            filled: self.filled,
            filled_quote: self.filled_quote,
            commission: None,
            trade_id: None,
            is_maker: false,
            time,
            reason: self.reason.map(|reason| reason.as_str().to_string()),
        })
    }
}

impl ListRecord {
    pub(super) fn legs(&self) -> [OrderId; 2] {
        [self.orders[0].0, self.orders[1].0]
    }
}

impl ListStatus {
    /// As Binance writes `listStatusType`.
    pub const fn as_str(self) -> &'static str {
        match self {
            ListStatus::ExecStarted => "EXEC_STARTED",
            ListStatus::AllDone => "ALL_DONE",
        }
    }

    /// As Binance writes `listOrderStatus`.
    pub const fn order_status(self) -> &'static str {
        match self {
            ListStatus::ExecStarted => "EXECUTING",
            ListStatus::AllDone => "ALL_DONE",
        }
    }
}

impl ExpiryReason {
    pub const fn as_str(self) -> &'static str {
        match self {
            ExpiryReason::OcoTrigger => "OCO_TRIGGER",
            ExpiryReason::UnfilledIoc => "UNFILLED_IOC_QUANTITY_EXPIRED",
            ExpiryReason::UnfilledFok => "UNFILLED_FOK_ORDER_EXPIRED",
            ExpiryReason::InsufficientLiquidity => "INSUFFICIENT_LIQUIDITY",
            ExpiryReason::SelfTrade => "EXPIRE_MAKER",
            ExpiryReason::WouldTake => "WOULD_TAKE",
            ExpiryReason::Overflow => "OVERFLOW",
        }
    }
}
