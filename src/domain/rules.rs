//! `SymbolRules`: the venue's filters as values, and the one check that engine and local exchange share.
//!
//! Invariant: a zero limit, tick or step disables that part of a filter (Binance sends such rows).
//! Absent on purpose: filters that need an account or a price history other than the arguments given.
//! Source: Binance spot API docs, filters.md.

use serde::{Deserialize, Serialize};

use super::money::{Money, Value};
use super::order::{NewOco, OrderKind, OrderType};
use super::price::Price;
use super::quantity::Quantity;
use super::ratio::Ratio;
use super::side::Side;
use super::symbol::{Asset, Symbol};

/// Everything the venue demands of an order on one symbol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolRules {
    pub symbol: Symbol,
    pub base: Asset,
    pub quote: Asset,
    pub status: SymbolStatus,
    pub price: PriceFilter,
    pub lot: LotFilter,
    pub market_lot: LotFilter,
    pub notional: NotionalFilter,
    pub percent_price: Option<PercentPriceBySide>,
    /// Most open orders on the symbol, trigger orders included; 0 = no limit.
    pub max_orders: u32,
    /// Most open trigger orders (STOP_LOSS, TAKE_PROFIT) on the symbol; 0 = no limit.
    pub max_trigger_orders: u32,
    pub order_types: Vec<OrderType>,
    pub oco_allowed: bool,
}

/// Binance's symbol status; what it does not know yet is `Other` and not tradable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SymbolStatus {
    Trading,
    EndOfDay,
    Halt,
    Break,
    CancelOnly,
    #[serde(other)]
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PriceFilter {
    pub min: Price,
    pub max: Price,
    pub tick: Price,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LotFilter {
    pub min: Quantity,
    pub max: Quantity,
    pub step: Quantity,
}

/// NOTIONAL, or MIN_NOTIONAL with `max` zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NotionalFilter {
    pub min: Money,
    pub min_applies_to_market: bool,
    pub max: Money,
    pub max_applies_to_market: bool,
}

/// Bands around the reference price, per side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PercentPriceBySide {
    pub bid_up: Ratio,
    pub bid_down: Ratio,
    pub ask_up: Ratio,
    pub ask_down: Ratio,
}

/// The filter an order breaks, named as Binance names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum FilterFailure {
    #[error("PRICE_FILTER")]
    PriceFilter,
    #[error("PERCENT_PRICE_BY_SIDE")]
    PercentPriceBySide,
    #[error("LOT_SIZE")]
    LotSize,
    #[error("MARKET_LOT_SIZE")]
    MarketLotSize,
    #[error("NOTIONAL")]
    Notional,
    #[error("MAX_NUM_ORDERS")]
    MaxNumOrders,
    #[error("MAX_NUM_ALGO_ORDERS")]
    MaxNumAlgoOrders,
}

/// What the check needs to know of the market and the account.
#[derive(Debug, Clone, Copy)]
pub struct OrderContext {
    /// The venue's reference price (average or last price).
    pub reference: Price,
    /// Open orders on the symbol, trigger orders included.
    pub open_orders: u32,
    pub open_trigger_orders: u32,
}

impl SymbolRules {
    /// The documented rules of a symbol nobody described: prices and quantities to 1e-8, at least 5 in quote currency.
    /// The quote asset is the longest known suffix of the name, else the last half of it.
    pub fn default_for(symbol: &Symbol) -> SymbolRules {
        let (base, quote) = split_name(symbol.as_str());
        SymbolRules {
            symbol: symbol.clone(),
            base: Asset::new(base),
            quote: Asset::new(quote),
            status: SymbolStatus::Trading,
            price: PriceFilter {
                min: Price::from_raw(1),
                max: Price::from_raw(i64::MAX / 10),
                tick: Price::from_raw(1),
            },
            lot: LotFilter {
                min: Quantity::from_raw(1),
                max: Quantity::from_raw(i64::MAX / 10),
                step: Quantity::from_raw(1),
            },
            market_lot: LotFilter::default(),
            notional: NotionalFilter {
                min: Money::from_raw(5 * super::fixed::SCALE),
                min_applies_to_market: true,
                ..NotionalFilter::default()
            },
            percent_price: None,
            max_orders: 200,
            max_trigger_orders: 5,
            order_types: vec![
                OrderType::Limit,
                OrderType::LimitMaker,
                OrderType::Market,
                OrderType::StopLoss,
                OrderType::TakeProfit,
            ],
            oco_allowed: true,
        }
    }

    /// Checks one order against every filter that needs no account.
    pub fn check(&self, side: Side, kind: OrderKind, context: OrderContext) -> Result<(), FilterFailure> {
        let is_market = kind.order_type() == OrderType::Market;
        for price in [kind.limit_price(), kind.stop_price()].into_iter().flatten() {
            self.check_price(side, price, context.reference)?;
        }
        let quantity = match kind {
            OrderKind::MarketQuote { amount } => return self.check_notional(amount, true),
            OrderKind::Market { quantity }
            | OrderKind::Limit { quantity, .. }
            | OrderKind::LimitMaker { quantity, .. }
            | OrderKind::StopLoss { quantity, .. }
            | OrderKind::TakeProfit { quantity, .. } => quantity,
        };
        if !self.lot.allows(quantity) || !quantity.is_positive() {
            return Err(FilterFailure::LotSize);
        }
        if is_market && !self.market_lot.allows(quantity) {
            return Err(FilterFailure::MarketLotSize);
        }
        let price = kind.limit_price().or(kind.stop_price()).unwrap_or(context.reference);
        let notional = Value::of(price, quantity).to_money().ok_or(FilterFailure::Notional)?;
        self.check_notional(notional, is_market)?;
        self.check_counts(u32::from(!is_market), u32::from(kind.stop_price().is_some()), context)
    }

    /// Checks both legs of an OCO.
    pub fn check_oco(&self, oco: &NewOco, context: OrderContext) -> Result<(), FilterFailure> {
        let free_of_counts = OrderContext { open_orders: 0, open_trigger_orders: 0, ..context };
        let legs = [oco.above.kind, oco.below.kind];
        for kind in legs {
            self.check(oco.side, kind, free_of_counts)?;
        }
        let triggers = legs.iter().filter(|kind| kind.stop_price().is_some()).count() as u32;
        self.check_counts(2, triggers, context)
    }

    /// The step that a quantity of this type must be a multiple of.
    pub fn step(&self, order_type: OrderType) -> Quantity {
        match order_type {
            OrderType::Market if self.market_lot.step > self.lot.step => self.market_lot.step,
            OrderType::Market
            | OrderType::Limit
            | OrderType::LimitMaker
            | OrderType::StopLoss
            | OrderType::TakeProfit => self.lot.step,
        }
    }

    fn check_price(&self, side: Side, price: Price, reference: Price) -> Result<(), FilterFailure> {
        let filter = self.price;
        let in_range = (filter.min.is_zero() || price >= filter.min) && (filter.max.is_zero() || price <= filter.max);
        if !in_range || !price.is_multiple_of(filter.tick) || !price.is_positive() {
            return Err(FilterFailure::PriceFilter);
        }
        let Some(bands) = self.percent_price else { return Ok(()) };
        let (up, down) = match side {
            Side::Buy => (bands.bid_up, bands.bid_down),
            Side::Sell => (bands.ask_up, bands.ask_down),
        };
        let above = up.of_price(reference).is_some_and(|limit| !up.is_zero() && price > limit);
        let below = down.of_price(reference).is_some_and(|limit| price < limit);
        if above || below { Err(FilterFailure::PercentPriceBySide) } else { Ok(()) }
    }

    fn check_notional(&self, notional: Money, is_market: bool) -> Result<(), FilterFailure> {
        let filter = self.notional;
        let too_small = notional < filter.min && (!is_market || filter.min_applies_to_market);
        let too_large = !filter.max.is_zero() && notional > filter.max && (!is_market || filter.max_applies_to_market);
        if too_small || too_large { Err(FilterFailure::Notional) } else { Ok(()) }
    }

    fn check_counts(&self, orders: u32, triggers: u32, context: OrderContext) -> Result<(), FilterFailure> {
        if orders > 0 && self.max_orders > 0 && context.open_orders + orders > self.max_orders {
            return Err(FilterFailure::MaxNumOrders);
        }
        if triggers > 0
            && self.max_trigger_orders > 0
            && context.open_trigger_orders + triggers > self.max_trigger_orders
        {
            return Err(FilterFailure::MaxNumAlgoOrders);
        }
        Ok(())
    }
}

impl LotFilter {
    fn allows(&self, quantity: Quantity) -> bool {
        (self.min.is_zero() || quantity >= self.min)
            && (self.max.is_zero() || quantity <= self.max)
            && quantity.is_multiple_of(self.step)
    }
}

fn split_name(name: &str) -> (&str, &str) {
    const QUOTES: [&str; 9] = ["FDUSD", "USDT", "USDC", "TUSD", "BUSD", "BTC", "ETH", "BNB", "EUR"];
    let known = QUOTES.iter().find_map(|quote| name.strip_suffix(quote).filter(|base| !base.is_empty()));
    match known {
        Some(base) => (base, &name[base.len()..]),
        None => {
            let middle =
                (name.len().div_ceil(2)..=name.len()).find(|at| name.is_char_boundary(*at)).unwrap_or(name.len());
            name.split_at(middle)
        }
    }
}
