//! exchangeInfo as it travels, and its filters as `SymbolRules`, both ways.
//!
//! Invariant: rules -> SymbolInfo -> rules is the identity; an unknown filter or field never spoils a row.
//! Absent on purpose: the check of an order against the rules (`domain::rules`).
//! Source: Binance spot API docs, rest-api.md "Exchange information", filters.md.

use std::fmt::Display;

use serde::{Deserialize, Serialize, Serializer};

use super::weights::RateLimit;
use crate::domain::rules::{LotFilter, NotionalFilter, PercentPriceBySide, PriceFilter, SymbolStatus};
use crate::domain::{Asset, Fixed, FixedError, Money, OrderType, Ratio, Symbol, SymbolRules, Time};

/// `GET /api/v3/exchangeInfo`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeInfo {
    #[serde(default)]
    pub timezone: String,
    /// Milliseconds, unless the request asked for microseconds.
    #[serde(default)]
    pub server_time: i64,
    #[serde(default)]
    pub rate_limits: Vec<RateLimit>,
    #[serde(default, serialize_with = "without_unknown")]
    pub exchange_filters: Vec<Filter>,
    pub symbols: Vec<SymbolInfo>,
}

/// One row of `symbols`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SymbolInfo {
    pub symbol: String,
    pub status: SymbolStatus,
    pub base_asset: String,
    #[serde(default = "eight")]
    pub base_asset_precision: u32,
    pub quote_asset: String,
    /// Legacy; the same as `quote_asset_precision`.
    #[serde(default = "eight")]
    pub quote_precision: u32,
    #[serde(default = "eight")]
    pub quote_asset_precision: u32,
    #[serde(default = "eight")]
    pub base_commission_precision: u32,
    #[serde(default = "eight")]
    pub quote_commission_precision: u32,
    #[serde(default)]
    pub order_types: Vec<String>,
    #[serde(default)]
    pub iceberg_allowed: bool,
    #[serde(default)]
    pub oco_allowed: bool,
    #[serde(default)]
    pub oto_allowed: bool,
    #[serde(default)]
    pub opo_allowed: bool,
    #[serde(default)]
    pub quote_order_qty_market_allowed: bool,
    #[serde(default)]
    pub allow_trailing_stop: bool,
    #[serde(default)]
    pub cancel_replace_allowed: bool,
    #[serde(default)]
    pub amend_allowed: bool,
    #[serde(default)]
    pub peg_instructions_allowed: bool,
    #[serde(default)]
    pub is_spot_trading_allowed: bool,
    #[serde(default)]
    pub is_margin_trading_allowed: bool,
    #[serde(serialize_with = "without_unknown")]
    pub filters: Vec<Filter>,
    /// Always empty; `permission_sets` took its place.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// The account needs one name of every set. Names beyond the documented ones occur.
    #[serde(default)]
    pub permission_sets: Vec<Vec<String>>,
    #[serde(default)]
    pub default_self_trade_prevention_mode: String,
    #[serde(default)]
    pub allowed_self_trade_prevention_modes: Vec<String>,
}

/// One filter, decimals as the text that came: a row with an odd number spoils only its own symbol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "filterType", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Filter {
    PriceFilter {
        min_price: String,
        max_price: String,
        tick_size: String,
    },
    PercentPrice {
        multiplier_up: String,
        multiplier_down: String,
        #[serde(default)]
        avg_price_mins: u32,
    },
    PercentPriceBySide {
        bid_multiplier_up: String,
        bid_multiplier_down: String,
        ask_multiplier_up: String,
        ask_multiplier_down: String,
        #[serde(default)]
        avg_price_mins: u32,
    },
    LotSize {
        min_qty: String,
        max_qty: String,
        step_size: String,
    },
    MarketLotSize {
        min_qty: String,
        max_qty: String,
        step_size: String,
    },
    /// The older form of `Notional`.
    MinNotional {
        min_notional: String,
        #[serde(default)]
        apply_to_market: bool,
        #[serde(default)]
        avg_price_mins: u32,
    },
    Notional {
        min_notional: String,
        apply_min_to_market: bool,
        max_notional: String,
        apply_max_to_market: bool,
        #[serde(default)]
        avg_price_mins: u32,
    },
    IcebergParts {
        limit: u32,
    },
    MaxNumOrders {
        max_num_orders: u32,
    },
    /// "Algo" means trigger orders here: STOP_LOSS and TAKE_PROFIT, with and without limit.
    MaxNumAlgoOrders {
        max_num_algo_orders: u32,
    },
    MaxNumIcebergOrders {
        max_num_iceberg_orders: u32,
    },
    MaxNumOrderLists {
        max_num_order_lists: u32,
    },
    MaxNumOrderAmends {
        max_num_order_amends: u32,
    },
    MaxPosition {
        max_position: String,
    },
    /// In basis points.
    TrailingDelta {
        min_trailing_above_delta: i64,
        max_trailing_above_delta: i64,
        min_trailing_below_delta: i64,
        max_trailing_below_delta: i64,
    },
    ExchangeMaxNumOrders {
        max_num_orders: u32,
    },
    ExchangeMaxNumAlgoOrders {
        max_num_algo_orders: u32,
    },
    ExchangeMaxNumIcebergOrders {
        max_num_iceberg_orders: u32,
    },
    ExchangeMaxNumOrderLists {
        max_num_order_lists: u32,
    },
    /// Only in `GET /api/v3/myFilters`.
    MaxAsset {
        asset: String,
        limit: String,
    },
    /// A filter that Binance added later. It is never printed.
    #[serde(other)]
    Other,
}

/// Why a row of exchangeInfo gives no rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    #[error("exchangeInfo: {symbol} has no {filter}; without it no valid order can be made")]
    Missing { symbol: String, filter: &'static str },
    #[error("exchangeInfo: {symbol}, {filter}.{field}: {found:?} {reason}")]
    BadNumber { symbol: String, filter: &'static str, field: &'static str, found: String, reason: FixedError },
}

/// Minutes of the average price, as on live rows.
const AVERAGE_PRICE_MINUTES: u32 = 5;
/// The types our domain speaks; others on a row are ignored.
const ORDER_TYPES: [OrderType; 5] =
    [OrderType::Limit, OrderType::LimitMaker, OrderType::Market, OrderType::StopLoss, OrderType::TakeProfit];

impl ExchangeInfo {
    /// The local exchange's answer.
    pub fn of(rules: &[SymbolRules], rate_limits: Vec<RateLimit>, now: Time) -> ExchangeInfo {
        ExchangeInfo {
            timezone: "UTC".to_owned(),
            server_time: now.millis(),
            rate_limits,
            exchange_filters: Vec::new(),
            symbols: rules.iter().map(SymbolInfo::from).collect(),
        }
    }

    /// The row of a symbol.
    pub fn symbol(&self, name: &str) -> Option<&SymbolInfo> {
        self.symbols.iter().find(|row| row.symbol == name)
    }
}

impl TryFrom<&SymbolInfo> for SymbolRules {
    type Error = RulesError;

    /// PRICE_FILTER and LOT_SIZE must be there; every other filter that is absent means no such limit.
    /// Of PERCENT_PRICE and PERCENT_PRICE_BY_SIDE, and of NOTIONAL and MIN_NOTIONAL, the stricter bound holds.
    /// A maximum beyond our range of numbers becomes our largest number.
    fn try_from(row: &SymbolInfo) -> Result<SymbolRules, RulesError> {
        let mut rules = SymbolRules {
            symbol: Symbol::new(&row.symbol),
            base: Asset::new(&row.base_asset),
            quote: Asset::new(&row.quote_asset),
            status: row.status,
            price: PriceFilter::default(),
            lot: LotFilter::default(),
            market_lot: LotFilter::default(),
            notional: NotionalFilter::default(),
            percent_price: None,
            max_orders: 0,
            max_trigger_orders: 0,
            order_types: row.order_types.iter().filter_map(|name| order_type(name)).collect(),
            oco_allowed: row.oco_allowed,
        };
        for required in ["PRICE_FILTER", "LOT_SIZE"] {
            if !row.filters.iter().any(|filter| filter.name() == required) {
                return Err(RulesError::Missing { symbol: row.symbol.clone(), filter: required });
            }
        }
        for filter in &row.filters {
            read_filter(&mut rules, filter, &Numbers { symbol: &row.symbol, filter: filter.name() })?;
        }
        Ok(rules)
    }
}

impl From<&SymbolRules> for SymbolInfo {
    fn from(rules: &SymbolRules) -> SymbolInfo {
        let takes = |order_type| rules.order_types.contains(&order_type);
        SymbolInfo {
            symbol: rules.symbol.to_string(),
            status: rules.status,
            base_asset: rules.base.to_string(),
            base_asset_precision: eight(),
            quote_asset: rules.quote.to_string(),
            quote_precision: eight(),
            quote_asset_precision: eight(),
            base_commission_precision: eight(),
            quote_commission_precision: eight(),
            order_types: rules.order_types.iter().map(|order_type| order_type.as_str().to_owned()).collect(),
            iceberg_allowed: false,
            oco_allowed: rules.oco_allowed,
            oto_allowed: false,
            opo_allowed: false,
            quote_order_qty_market_allowed: takes(OrderType::Market),
            allow_trailing_stop: false,
            cancel_replace_allowed: true,
            amend_allowed: false,
            peg_instructions_allowed: false,
            is_spot_trading_allowed: true,
            is_margin_trading_allowed: false,
            filters: filters_of(rules),
            permissions: Vec::new(),
            permission_sets: vec![vec!["SPOT".to_owned()]],
            default_self_trade_prevention_mode: "NONE".to_owned(),
            allowed_self_trade_prevention_modes: vec!["NONE".to_owned()],
        }
    }
}

impl Filter {
    /// Binance's `filterType`.
    pub const fn name(&self) -> &'static str {
        match self {
            Filter::PriceFilter { .. } => "PRICE_FILTER",
            Filter::PercentPrice { .. } => "PERCENT_PRICE",
            Filter::PercentPriceBySide { .. } => "PERCENT_PRICE_BY_SIDE",
            Filter::LotSize { .. } => "LOT_SIZE",
            Filter::MarketLotSize { .. } => "MARKET_LOT_SIZE",
            Filter::MinNotional { .. } => "MIN_NOTIONAL",
            Filter::Notional { .. } => "NOTIONAL",
            Filter::IcebergParts { .. } => "ICEBERG_PARTS",
            Filter::MaxNumOrders { .. } => "MAX_NUM_ORDERS",
            Filter::MaxNumAlgoOrders { .. } => "MAX_NUM_ALGO_ORDERS",
            Filter::MaxNumIcebergOrders { .. } => "MAX_NUM_ICEBERG_ORDERS",
            Filter::MaxNumOrderLists { .. } => "MAX_NUM_ORDER_LISTS",
            Filter::MaxNumOrderAmends { .. } => "MAX_NUM_ORDER_AMENDS",
            Filter::MaxPosition { .. } => "MAX_POSITION",
            Filter::TrailingDelta { .. } => "TRAILING_DELTA",
            Filter::ExchangeMaxNumOrders { .. } => "EXCHANGE_MAX_NUM_ORDERS",
            Filter::ExchangeMaxNumAlgoOrders { .. } => "EXCHANGE_MAX_NUM_ALGO_ORDERS",
            Filter::ExchangeMaxNumIcebergOrders { .. } => "EXCHANGE_MAX_NUM_ICEBERG_ORDERS",
            Filter::ExchangeMaxNumOrderLists { .. } => "EXCHANGE_MAX_NUM_ORDER_LISTS",
            Filter::MaxAsset { .. } => "MAX_ASSET",
            Filter::Other => "OTHER",
        }
    }
}

/// Where a number stands, for the error that names it.
struct Numbers<'a> {
    symbol: &'a str,
    filter: &'static str,
}

impl Numbers<'_> {
    fn read<U>(&self, field: &'static str, text: &str) -> Result<Fixed<U>, RulesError> {
        text.parse().map_err(|reason| self.bad(field, text, reason))
    }

    /// A maximum: what is beyond our range caps nothing that we could send.
    fn read_cap<U>(&self, field: &'static str, text: &str) -> Result<Fixed<U>, RulesError> {
        match text.parse() {
            Ok(number) => Ok(number),
            Err(FixedError::OutOfRange) if !text.starts_with('-') => Ok(Fixed::MAX),
            Err(reason) => Err(self.bad(field, text, reason)),
        }
    }

    fn bad(&self, field: &'static str, text: &str, reason: FixedError) -> RulesError {
        let (symbol, found) = (self.symbol.to_owned(), text.to_owned());
        RulesError::BadNumber { symbol, filter: self.filter, field, found, reason }
    }

    fn lot(&self, min: &str, max: &str, step: &str) -> Result<LotFilter, RulesError> {
        let (min, step) = (self.read("minQty", min)?, self.read("stepSize", step)?);
        Ok(LotFilter { min, max: self.read_cap("maxQty", max)?, step })
    }
}

fn read_filter(rules: &mut SymbolRules, filter: &Filter, numbers: &Numbers<'_>) -> Result<(), RulesError> {
    match filter {
        Filter::PriceFilter { min_price, max_price, tick_size } => {
            let (min, tick) = (numbers.read("minPrice", min_price)?, numbers.read("tickSize", tick_size)?);
            rules.price = PriceFilter { min, max: numbers.read_cap("maxPrice", max_price)?, tick };
        }
        Filter::PercentPrice { multiplier_up, multiplier_down, .. } => {
            let up = numbers.read_cap("multiplierUp", multiplier_up)?;
            let down = numbers.read("multiplierDown", multiplier_down)?;
            tighten(rules, PercentPriceBySide { bid_up: up, bid_down: down, ask_up: up, ask_down: down });
        }
        Filter::PercentPriceBySide {
            bid_multiplier_up,
            bid_multiplier_down,
            ask_multiplier_up,
            ask_multiplier_down,
            ..
        } => {
            let bands = PercentPriceBySide {
                bid_up: numbers.read_cap("bidMultiplierUp", bid_multiplier_up)?,
                bid_down: numbers.read("bidMultiplierDown", bid_multiplier_down)?,
                ask_up: numbers.read_cap("askMultiplierUp", ask_multiplier_up)?,
                ask_down: numbers.read("askMultiplierDown", ask_multiplier_down)?,
            };
            tighten(rules, bands);
        }
        Filter::LotSize { min_qty, max_qty, step_size } => rules.lot = numbers.lot(min_qty, max_qty, step_size)?,
        Filter::MarketLotSize { min_qty, max_qty, step_size } => {
            rules.market_lot = numbers.lot(min_qty, max_qty, step_size)?;
        }
        Filter::MinNotional { min_notional, apply_to_market, .. } => {
            raise_minimum(&mut rules.notional, numbers.read("minNotional", min_notional)?, *apply_to_market);
        }
        Filter::Notional { min_notional, apply_min_to_market, max_notional, apply_max_to_market, .. } => {
            raise_minimum(&mut rules.notional, numbers.read("minNotional", min_notional)?, *apply_min_to_market);
            let max = numbers.read_cap("maxNotional", max_notional)?;
            rules.notional.max = if max == Money::MAX { Money::ZERO } else { max };
            rules.notional.max_applies_to_market = *apply_max_to_market;
        }
        Filter::MaxNumOrders { max_num_orders } => rules.max_orders = *max_num_orders,
        Filter::MaxNumAlgoOrders { max_num_algo_orders } => rules.max_trigger_orders = *max_num_algo_orders,
        // Of kinds of orders that we never send, or of the whole account: the venue is the judge.
        Filter::IcebergParts { .. }
        | Filter::MaxNumIcebergOrders { .. }
        | Filter::MaxNumOrderLists { .. }
        | Filter::MaxNumOrderAmends { .. }
        | Filter::MaxPosition { .. }
        | Filter::TrailingDelta { .. }
        | Filter::ExchangeMaxNumOrders { .. }
        | Filter::ExchangeMaxNumAlgoOrders { .. }
        | Filter::ExchangeMaxNumIcebergOrders { .. }
        | Filter::ExchangeMaxNumOrderLists { .. }
        | Filter::MaxAsset { .. }
        | Filter::Other => {}
    }
    Ok(())
}

/// Both filters may stand on one row; the order must pass both. A zero upper multiplier bounds nothing.
fn tighten(rules: &mut SymbolRules, bands: PercentPriceBySide) {
    let lower = |a: Ratio, b: Ratio| if a.is_zero() || b.is_zero() { a.max(b) } else { a.min(b) };
    rules.percent_price = Some(match rules.percent_price {
        None => bands,
        Some(known) => PercentPriceBySide {
            bid_up: lower(known.bid_up, bands.bid_up),
            bid_down: known.bid_down.max(bands.bid_down),
            ask_up: lower(known.ask_up, bands.ask_up),
            ask_down: known.ask_down.max(bands.ask_down),
        },
    });
}

/// With two minima on one row the higher holds; where either counts for MARKET, the result does.
fn raise_minimum(notional: &mut NotionalFilter, min: Money, to_market: bool) {
    notional.min = notional.min.max(min);
    notional.min_applies_to_market |= to_market;
}

fn filters_of(rules: &SymbolRules) -> Vec<Filter> {
    let PriceFilter { min, max, tick } = rules.price;
    let mut filters =
        vec![Filter::PriceFilter { min_price: places(min), max_price: places(max), tick_size: places(tick) }];
    let LotFilter { min, max, step } = rules.lot;
    filters.push(Filter::LotSize { min_qty: places(min), max_qty: places(max), step_size: places(step) });
    if rules.market_lot != LotFilter::default() {
        let LotFilter { min, max, step } = rules.market_lot;
        filters.push(Filter::MarketLotSize { min_qty: places(min), max_qty: places(max), step_size: places(step) });
    }
    if let Some(bands) = rules.percent_price {
        filters.push(Filter::PercentPriceBySide {
            bid_multiplier_up: bands.bid_up.to_string(),
            bid_multiplier_down: bands.bid_down.to_string(),
            ask_multiplier_up: bands.ask_up.to_string(),
            ask_multiplier_down: bands.ask_down.to_string(),
            avg_price_mins: AVERAGE_PRICE_MINUTES,
        });
    }
    filters.push(Filter::Notional {
        min_notional: places(rules.notional.min),
        apply_min_to_market: rules.notional.min_applies_to_market,
        // Clients take a zero maximum at its word.
        max_notional: places(if rules.notional.max.is_zero() { Money::MAX } else { rules.notional.max }),
        apply_max_to_market: rules.notional.max_applies_to_market,
        avg_price_mins: AVERAGE_PRICE_MINUTES,
    });
    if rules.max_orders > 0 {
        filters.push(Filter::MaxNumOrders { max_num_orders: rules.max_orders });
    }
    if rules.max_trigger_orders > 0 {
        filters.push(Filter::MaxNumAlgoOrders { max_num_algo_orders: rules.max_trigger_orders });
    }
    filters
}

/// `0.01000000`: prices and quantities stand with eight places on live rows, and clients count them.
fn places(number: impl Display) -> String {
    format!("{number:.8}")
}

fn order_type(name: &str) -> Option<OrderType> {
    ORDER_TYPES.into_iter().find(|order_type| order_type.as_str() == name)
}

fn without_unknown<S: Serializer>(filters: &[Filter], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(filters.iter().filter(|filter| **filter != Filter::Other))
}

const fn eight() -> u32 {
    8
}
