//! Requests about orders: written from the domain, and read into it with the venue's exact refusals.
//!
//! Invariant: what `order_params` and `oco_params` write, `parse_order` and `parse_oco` read back as the same order.
//! Absent on purpose: signatures and time windows (`protocol::sign`), filters, balances and prices (`exchange`).
//! Source: rest-api.md, "New order (TRADE)", "New order list - OCO (TRADE)", "Cancel order (TRADE)"; errors.md.

use super::errors::VenueError;
use super::messages::WireName;
use super::messages::order::ResponseType;
use super::params::Params;
use crate::domain::fixed::{Fixed, FixedError};
use crate::domain::{
    ClientOrderId, Money, NewOco, NewOrder, OcoLeg, OrderId, OrderKind, OrderListId, OrderStatus, OrderType, Price,
    Quantity, Side, SymbolId, TimeInForce,
};

/// Which order a cancel or query means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderReference {
    pub symbol: SymbolId,
    pub order_id: Option<OrderId>,
    pub client_id: Option<ClientOrderId>,
    /// A cancel's own id (`newClientOrderId`).
    pub cancel_id: Option<ClientOrderId>,
    /// `cancelRestrictions`: cancel only while the order has this status.
    pub only_if: Option<OrderStatus>,
}

/// Which order list a cancel or query means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListReference {
    /// Queries send none.
    pub symbol: Option<SymbolId>,
    pub list_id: Option<OrderListId>,
    pub list_client_id: Option<ClientOrderId>,
    pub cancel_id: Option<ClientOrderId>,
}

/// `POST /order` and `order.place`.
pub fn order_params(order: &NewOrder, symbol: &str) -> Params {
    let mut params = Params::new().with("symbol", symbol).with("side", order.side.as_str());
    params.push("type", order.kind.order_type().as_str());
    match order.kind {
        OrderKind::Market { quantity } => params.push("quantity", quantity),
        OrderKind::MarketQuote { amount } => params.push("quoteOrderQty", amount),
        OrderKind::Limit { quantity, price, time_in_force } => {
            params.push("timeInForce", time_in_force.as_str());
            params.push("quantity", quantity);
            params.push("price", price);
        }
        OrderKind::LimitMaker { quantity, price } => {
            params.push("quantity", quantity);
            params.push("price", price);
        }
        OrderKind::StopLoss { quantity, stop } | OrderKind::TakeProfit { quantity, stop } => {
            params.push("quantity", quantity);
            params.push("stopPrice", stop);
        }
    }
    params.push("newClientOrderId", &order.client_id);
    params
}

/// `POST /orderList/oco` and `orderList.place.oco`. A limit leg goes out as LIMIT_MAKER, the only limit type an OCO takes.
pub fn oco_params(oco: &NewOco, symbol: &str) -> Params {
    let mut params = Params::new().with("symbol", symbol).with("listClientOrderId", &oco.list_client_id);
    params.push("side", oco.side.as_str());
    params.push("quantity", oco.quantity);
    for (prefix, leg) in [("above", &oco.above), ("below", &oco.below)] {
        let leg_type = match leg.kind.order_type() {
            OrderType::Limit | OrderType::LimitMaker => LIMIT_MAKER,
            other @ (OrderType::Market | OrderType::StopLoss | OrderType::TakeProfit) => other.as_str(),
        };
        params.push(&format!("{prefix}Type"), leg_type);
        params.push(&format!("{prefix}ClientOrderId"), &leg.client_id);
        if let Some(price) = leg.kind.limit_price() {
            params.push(&format!("{prefix}Price"), price);
        }
        if let Some(stop) = leg.kind.stop_price() {
            params.push(&format!("{prefix}StopPrice"), stop);
        }
    }
    params
}

/// `GET` or `DELETE /order` by our own id. A cancel may name itself.
pub fn reference_params(symbol: &str, client_id: &ClientOrderId, cancel_id: Option<&ClientOrderId>) -> Params {
    let mut params = Params::new().with("symbol", symbol).with("origClientOrderId", client_id);
    if let Some(cancel_id) = cancel_id {
        params.push("newClientOrderId", cancel_id);
    }
    params
}

/// `DELETE /orderList` by our own id.
pub fn list_cancel_params(symbol: &str, list_client_id: &ClientOrderId) -> Params {
    Params::new().with("symbol", symbol).with("listClientOrderId", list_client_id)
}

/// Reads a new order. `fresh_id` names it when the client did not.
pub fn parse_order(
    params: &Params,
    symbols: impl Fn(&str) -> Option<SymbolId>,
    fresh_id: impl FnOnce() -> ClientOrderId,
) -> Result<NewOrder, VenueError> {
    let mut form = Form::of(params);
    let order = read_order(&mut form, &symbols, fresh_id)?;
    form.finish()?;
    Ok(order)
}

/// The parameters of a new order among those of a form.
pub(super) fn read_order(
    form: &mut Form<'_>,
    symbols: &impl Fn(&str) -> Option<SymbolId>,
    fresh_id: impl FnOnce() -> ClientOrderId,
) -> Result<NewOrder, VenueError> {
    let symbol = form.symbol(symbols)?;
    let side = form.side()?;
    let order_type = single_type(form.required("type")?)?;
    let kind = match order_type {
        OrderType::Market => market_kind(form)?,
        OrderType::Limit => {
            form.not_required("stopPrice")?;
            let name = form.required("timeInForce")?;
            let time_in_force = TimeInForce::from_wire(name).ok_or_else(|| refusal(-1115, "Invalid timeInForce."))?;
            OrderKind::Limit { quantity: form.quantity("quantity")?, price: form.price("price")?, time_in_force }
        }
        OrderType::LimitMaker => {
            form.not_required("timeInForce")?;
            form.not_required("stopPrice")?;
            OrderKind::LimitMaker { quantity: form.quantity("quantity")?, price: form.price("price")? }
        }
        OrderType::StopLoss | OrderType::TakeProfit => {
            form.not_required("timeInForce")?;
            form.not_required("price")?;
            let (quantity, stop) = (form.quantity("quantity")?, form.price("stopPrice")?);
            if order_type == OrderType::StopLoss {
                OrderKind::StopLoss { quantity, stop }
            } else {
                OrderKind::TakeProfit { quantity, stop }
            }
        }
    };
    if order_type != OrderType::Market {
        form.not_required("quoteOrderQty")?;
    }
    let client_id = form.client_id("newClientOrderId")?.unwrap_or_else(fresh_id);
    form.unsupported("icebergQty", "Iceberg orders are not supported for this symbol.")?;
    form.unsupported("trailingDelta", "Trailing stop orders are not supported for this symbol.")?;
    form.skip(&["newOrderRespType", "selfTradePreventionMode", "strategyId", "strategyType", "computeCommissionRates"]);
    Ok(NewOrder { symbol, client_id, side, kind })
}

/// Reads a new OCO. `fresh_id` names the list and the legs that the client did not name.
pub fn parse_oco(
    params: &Params,
    symbols: impl Fn(&str) -> Option<SymbolId>,
    mut fresh_id: impl FnMut() -> ClientOrderId,
) -> Result<NewOco, VenueError> {
    let mut form = Form::of(params);
    let symbol = form.symbol(&symbols)?;
    let side = form.side()?;
    let quantity = form.quantity("quantity")?;
    let list_client_id = form.client_id("listClientOrderId")?.unwrap_or_else(&mut fresh_id);
    let above = oco_leg(&mut form, ABOVE, quantity, &mut fresh_id)?;
    let below = oco_leg(&mut form, BELOW, quantity, &mut fresh_id)?;
    check_composition(side, above.kind.order_type(), below.kind.order_type())?;
    form.skip(&["newOrderRespType", "selfTradePreventionMode"]);
    form.finish()?;
    Ok(NewOco { symbol, list_client_id, side, quantity, above, below })
}

/// Reads the deprecated `POST /order/oco`, which some clients still send: `price` is the limit leg, `stopPrice` the stop.
pub fn parse_old_oco(
    params: &Params,
    symbols: impl Fn(&str) -> Option<SymbolId>,
    mut fresh_id: impl FnMut() -> ClientOrderId,
) -> Result<NewOco, VenueError> {
    let mut form = Form::of(params);
    let symbol = form.symbol(&symbols)?;
    let side = form.side()?;
    let quantity = form.quantity("quantity")?;
    let list_client_id = form.client_id("listClientOrderId")?.unwrap_or_else(&mut fresh_id);
    let (price, stop) = (form.price("price")?, form.price("stopPrice")?);
    let limit = OcoLeg {
        client_id: form.client_id("limitClientOrderId")?.unwrap_or_else(&mut fresh_id),
        kind: OrderKind::Limit { quantity, price, time_in_force: TimeInForce::Gtc },
    };
    let stop = OcoLeg {
        client_id: form.client_id("stopClientOrderId")?.unwrap_or_else(&mut fresh_id),
        kind: OrderKind::StopLoss { quantity, stop },
    };
    form.unsupported("stopLimitPrice", "Stop loss limit orders are not supported for this symbol.")?;
    form.skip(&["newOrderRespType", "selfTradePreventionMode"]);
    form.finish()?;
    let (above, below) = match side {
        Side::Sell => (limit, stop),
        Side::Buy => (stop, limit),
    };
    Ok(NewOco { symbol, list_client_id, side, quantity, above, below })
}

/// Reads which order a query or cancel means: `orderId`, `origClientOrderId` or both.
pub fn parse_reference(
    params: &Params,
    symbols: impl Fn(&str) -> Option<SymbolId>,
) -> Result<OrderReference, VenueError> {
    let mut form = Form::of(params);
    let symbol = form.symbol(&symbols)?;
    let order_id = form.integer("orderId")?.map(OrderId);
    let client_id = form.client_id("origClientOrderId")?;
    if order_id.is_none() && client_id.is_none() {
        return Err(neither("origClientOrderId", "orderId"));
    }
    let cancel_id = form.client_id("newClientOrderId")?;
    let only_if = form.cancel_restrictions()?;
    form.finish()?;
    Ok(OrderReference { symbol, order_id, client_id, cancel_id, only_if })
}

/// Reads which list a cancel (`listClientOrderId`) or a query (`origClientOrderId`) means.
pub fn parse_list_reference(
    params: &Params,
    symbols: impl Fn(&str) -> Option<SymbolId>,
) -> Result<ListReference, VenueError> {
    let mut form = Form::of(params);
    let symbol = if params.get("symbol").is_some() { Some(form.symbol(&symbols)?) } else { None };
    let list_id = form.integer("orderListId")?.map(OrderListId);
    let list_client_id = match form.client_id("listClientOrderId")? {
        Some(id) => Some(id),
        None => form.client_id("origClientOrderId")?,
    };
    if list_id.is_none() && list_client_id.is_none() {
        return Err(neither("orderListId", "listClientOrderId"));
    }
    let cancel_id = form.client_id("newClientOrderId")?;
    form.finish()?;
    Ok(ListReference { symbol, list_id, list_client_id, cancel_id })
}

/// `newOrderRespType`: FULL for LIMIT and MARKET, ACK for all others unless the client says otherwise.
pub fn response_type(params: &Params, order_type: OrderType) -> Result<ResponseType, VenueError> {
    match (params.get("newOrderRespType"), order_type) {
        (Some("ACK"), _) => Ok(ResponseType::Ack),
        (Some("RESULT"), _) => Ok(ResponseType::Result),
        (Some("FULL"), _) => Ok(ResponseType::Full),
        (Some(_), _) => Err(refusal(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")),
        (None, OrderType::Limit | OrderType::Market) => Ok(ResponseType::Full),
        (None, OrderType::LimitMaker | OrderType::StopLoss | OrderType::TakeProfit) => Ok(ResponseType::Ack),
    }
}

fn market_kind(form: &mut Form<'_>) -> Result<OrderKind, VenueError> {
    for name in ["timeInForce", "price", "stopPrice"] {
        form.not_required(name)?;
    }
    match (form.has("quantity"), form.has("quoteOrderQty")) {
        (true, true) => Err(refusal(-1128, "Combination of optional parameters invalid.")),
        (true, false) => Ok(OrderKind::Market { quantity: form.quantity("quantity")? }),
        (false, true) => {
            let amount: Money = form.decimal("quoteOrderQty")?;
            if amount.is_zero() {
                Err(refusal(-1013, "Invalid quantity."))
            } else {
                Ok(OrderKind::MarketQuote { amount })
            }
        }
        (false, false) => Err(neither("quantity", "quoteOrderQty")),
    }
}

/// The types of a single order that Kestrel's exchange takes; Binance's others are refused as a symbol without them does.
fn single_type(name: &str) -> Result<OrderType, VenueError> {
    match (OrderType::from_wire(name), name) {
        (Some(order_type), _) => Ok(order_type),
        (None, "STOP_LOSS_LIMIT") => Err(refusal(-2010, "Stop loss limit orders are not supported for this symbol.")),
        (None, "TAKE_PROFIT_LIMIT") => {
            Err(refusal(-2010, "Take profit limit orders are not supported for this symbol."))
        }
        (None, _) => Err(refusal(-1116, "Invalid orderType.")),
    }
}

/// Parameter names of one leg of an OCO.
struct LegNames {
    order_type: &'static str,
    client_id: &'static str,
    price: &'static str,
    stop_price: &'static str,
    time_in_force: &'static str,
    iceberg: &'static str,
    trailing: &'static str,
    strategy: [&'static str; 2],
}

/// What an OCO calls its limit leg.
const LIMIT_MAKER: &str = OrderType::LimitMaker.as_str();

const ABOVE: &LegNames = &LegNames {
    order_type: "aboveType",
    client_id: "aboveClientOrderId",
    price: "abovePrice",
    stop_price: "aboveStopPrice",
    time_in_force: "aboveTimeInForce",
    iceberg: "aboveIcebergQty",
    trailing: "aboveTrailingDelta",
    strategy: ["aboveStrategyId", "aboveStrategyType"],
};

const BELOW: &LegNames = &LegNames {
    order_type: "belowType",
    client_id: "belowClientOrderId",
    price: "belowPrice",
    stop_price: "belowStopPrice",
    time_in_force: "belowTimeInForce",
    iceberg: "belowIcebergQty",
    trailing: "belowTrailingDelta",
    strategy: ["belowStrategyId", "belowStrategyType"],
};

fn oco_leg(
    form: &mut Form<'_>,
    names: &LegNames,
    quantity: Quantity,
    fresh_id: &mut impl FnMut() -> ClientOrderId,
) -> Result<OcoLeg, VenueError> {
    let kind = match form.required(names.order_type)? {
        LIMIT_MAKER => {
            form.not_required(names.stop_price)?;
            OrderKind::Limit { quantity, price: form.price(names.price)?, time_in_force: TimeInForce::Gtc }
        }
        "STOP_LOSS" => {
            form.not_required(names.price)?;
            OrderKind::StopLoss { quantity, stop: form.price(names.stop_price)? }
        }
        "TAKE_PROFIT" => {
            form.not_required(names.price)?;
            OrderKind::TakeProfit { quantity, stop: form.price(names.stop_price)? }
        }
        _ => return Err(refusal(-1158, "Order type not supported in OCO.")),
    };
    form.not_required(names.time_in_force)?;
    form.unsupported(names.iceberg, "Iceberg orders are not supported for this symbol.")?;
    form.unsupported(names.trailing, "Trailing stop orders are not supported for this symbol.")?;
    form.skip(&names.strategy);
    Ok(OcoLeg { client_id: form.client_id(names.client_id)?.unwrap_or_else(fresh_id), kind })
}

/// One leg takes profit (a limit or a TAKE_PROFIT), the other stops the loss: SELL above and below, BUY mirrored.
fn check_composition(side: Side, above: OrderType, below: OrderType) -> Result<(), VenueError> {
    let is_limit = |leg| matches!(leg, OrderType::Limit | OrderType::LimitMaker);
    if is_limit(above) && is_limit(below) {
        return Err(refusal(-1168, "At least one OCO order must be contingent."));
    }
    match (side, above) {
        (Side::Sell, OrderType::StopLoss) => refuse(-1197, "A stop loss order in a sell OCO must be below.")?,
        (Side::Buy, OrderType::Limit | OrderType::LimitMaker) => {
            refuse(-1165, "A limit order in a buy OCO must be below.")?
        }
        (Side::Buy, OrderType::TakeProfit) => refuse(-1198, "A take profit order in a buy OCO must be below.")?,
        (Side::Sell, OrderType::Market | OrderType::Limit | OrderType::LimitMaker | OrderType::TakeProfit)
        | (Side::Buy, OrderType::Market | OrderType::StopLoss) => {}
    }
    match (side, below) {
        (Side::Sell, OrderType::Limit | OrderType::LimitMaker) => {
            refuse(-1166, "A limit order in a sell OCO must be above.")
        }
        (Side::Sell, OrderType::TakeProfit) => refuse(-1199, "A take profit order in a sell OCO must be above."),
        (Side::Buy, OrderType::StopLoss) => refuse(-1196, "A stop loss order in a buy OCO must be above."),
        (Side::Sell, OrderType::Market | OrderType::StopLoss)
        | (Side::Buy, OrderType::Market | OrderType::Limit | OrderType::LimitMaker | OrderType::TakeProfit) => Ok(()),
    }
}

/// The parameters of one request and which of them were read. The exchange reads its queries with it, too.
pub struct Form<'a> {
    params: &'a Params,
    read: Vec<&'a str>,
}

/// Parameters of every signed call; the caller has dealt with them before.
const COMMON: [&str; 5] = ["timestamp", "recvWindow", "signature", "apiKey", "returnRateLimits"];
const DECIMAL_RANGE: &str = r"^([0-9]{1,20})(\.[0-9]{1,20})?$";
const CLIENT_ID_RANGE: &str = "^[a-zA-Z0-9-_]{1,36}$";
const INTEGER_RANGE: &str = "^[0-9]{1,20}$";

impl<'a> Form<'a> {
    /// Nothing read yet.
    pub fn of(params: &'a Params) -> Form<'a> {
        Form { params, read: Vec::new() }
    }

    /// Present, even if empty.
    pub fn has(&self, name: &str) -> bool {
        self.params.get(name).is_some()
    }

    /// -1105 when it is there and empty.
    pub fn optional(&mut self, name: &'static str) -> Result<Option<&'a str>, VenueError> {
        self.read.push(name);
        match self.params.get(name) {
            Some("") => Err(refusal(-1105, &format!("Parameter '{name}' was empty."))),
            found => Ok(found),
        }
    }

    /// -1102 when it is absent or empty.
    pub fn required(&mut self, name: &'static str) -> Result<&'a str, VenueError> {
        self.read.push(name);
        self.params.get(name).filter(|text| !text.is_empty()).ok_or_else(|| {
            refusal(-1102, &format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed."))
        })
    }

    /// The mandatory `symbol`; -1121 for one that the venue does not have.
    pub fn symbol(&mut self, symbols: &impl Fn(&str) -> Option<SymbolId>) -> Result<SymbolId, VenueError> {
        let name = self.required("symbol")?;
        symbols(name).ok_or_else(|| refusal(-1121, "Invalid symbol."))
    }

    fn side(&mut self) -> Result<Side, VenueError> {
        Side::from_wire(self.required("side")?).ok_or_else(|| refusal(-1117, "Invalid side."))
    }

    fn quantity(&mut self, name: &'static str) -> Result<Quantity, VenueError> {
        let quantity: Quantity = self.decimal(name)?;
        if quantity.is_zero() { Err(refusal(-1013, "Invalid quantity.")) } else { Ok(quantity) }
    }

    fn price(&mut self, name: &'static str) -> Result<Price, VenueError> {
        let price: Price = self.decimal(name)?;
        if price.is_zero() { Err(refusal(-1013, "Invalid price.")) } else { Ok(price) }
    }

    fn decimal<U>(&mut self, name: &'static str) -> Result<Fixed<U>, VenueError> {
        let text = self.required(name)?;
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| (1..=20).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(illegal(name, DECIMAL_RANGE));
        }
        text.parse().map_err(|error| match error {
            FixedError::NotADecimal => illegal(name, DECIMAL_RANGE),
            FixedError::TooPrecise => refusal(-1111, &format!("Parameter '{name}' has too much precision.")),
            FixedError::OutOfRange => refusal(-1108, &format!("Parameter '{name}' overflowed.")),
        })
    }

    /// A whole number without a sign; -1100 for other text, -1108 beyond 63 bits.
    pub fn integer(&mut self, name: &'static str) -> Result<Option<i64>, VenueError> {
        let Some(text) = self.optional(name)? else { return Ok(None) };
        if text.len() > 20 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(illegal(name, INTEGER_RANGE));
        }
        text.parse().map(Some).map_err(|_| refusal(-1108, &format!("Parameter '{name}' overflowed.")))
    }

    /// `cancelRestrictions`: cancel only while the order has this status.
    pub(super) fn cancel_restrictions(&mut self) -> Result<Option<OrderStatus>, VenueError> {
        match self.optional("cancelRestrictions")? {
            None => Ok(None),
            Some("ONLY_NEW") => Ok(Some(OrderStatus::New)),
            Some("ONLY_PARTIALLY_FILLED") => Ok(Some(OrderStatus::PartiallyFilled)),
            Some(_) => Err(refusal(-1145, "Invalid cancelRestrictions")),
        }
    }

    pub(super) fn client_id(&mut self, name: &'static str) -> Result<Option<ClientOrderId>, VenueError> {
        let Some(text) = self.optional(name)? else { return Ok(None) };
        ClientOrderId::parse(text).map(Some).ok_or_else(|| illegal(name, CLIENT_ID_RANGE))
    }

    /// The order's type has no use for this parameter.
    fn not_required(&mut self, name: &'static str) -> Result<(), VenueError> {
        if self.has(name) {
            return Err(refusal(-1106, &format!("Parameter '{name}' sent when not required.")));
        }
        Ok(())
    }

    /// Binance knows this parameter, our exchange does not.
    fn unsupported(&mut self, name: &'static str, message: &str) -> Result<(), VenueError> {
        if self.has(name) { Err(refusal(-2010, message)) } else { Ok(()) }
    }

    /// Allowed, and of no effect here.
    fn skip(&mut self, names: &[&'static str]) {
        self.read.extend(names);
    }

    /// Refuses parameters that nobody read: -1104.
    pub fn finish(&mut self) -> Result<(), VenueError> {
        let sent = self.params.iter().count();
        let read = self.params.iter().filter(|(name, _)| self.read.contains(name) || COMMON.contains(name)).count();
        if read == sent {
            return Ok(());
        }
        let message = format!("Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.");
        Err(refusal(-1104, &message))
    }
}

fn refusal(code: i64, msg: &str) -> VenueError {
    VenueError::new(code, msg)
}

fn refuse(code: i64, msg: &str) -> Result<(), VenueError> {
    Err(refusal(code, msg))
}

fn illegal(name: &str, range: &str) -> VenueError {
    refusal(-1100, &format!("Illegal characters found in parameter '{name}'; legal range is '{range}'."))
}

pub(super) fn neither(one: &str, other: &str) -> VenueError {
    refusal(-1102, &format!("Param '{one}' or '{other}' must be sent, but both were empty/null!"))
}
