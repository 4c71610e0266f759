//! Answers about the market: time, rules, book, public trades, prices.
//!
//! Invariant: best bid and ask are those that takers meet at the simulator.
//! Absent on purpose: bars (`klines`), and the accounts' own resting orders in the book.

use super::paging::{self, Window};
use super::{Ask, flag, json};
use crate::domain::rules::SymbolStatus;
use crate::domain::{Money, Price, Quantity, Side, SymbolId, SymbolRules};
use crate::exchange::limits;
use crate::exchange::venue::{Tape, Venue};
use crate::protocol::VenueError;
use crate::protocol::filters::ExchangeInfo;
use crate::protocol::messages::Level;
use crate::protocol::messages::market::Depth;
use crate::protocol::messages::rest::{
    AggTradeRow, AveragePrice, BookTickerRow, OneOrMany, PriceTicker, ServerTime, TradeRow,
};
use crate::protocol::requests::Form;
use crate::protocol::weights::{Call, RateLimit};
use crate::simulator::market_maker;

/// Minutes of `avgPrice`.
const AVERAGE_MINUTES: usize = 5;

/// The rows of exchangeInfo, as `limits` counts them.
pub fn rate_limits() -> [RateLimit; 4] {
    let [weight, seconds, day, raw] = RateLimit::LIVE;
    [
        RateLimit { limit: u64::from(limits::WEIGHT_PER_MINUTE), ..weight },
        RateLimit { limit: u64::from(limits::ORDERS_PER_10_SECONDS), ..seconds },
        RateLimit { limit: u64::from(limits::ORDERS_PER_DAY), ..day },
        raw,
    ]
}

pub(super) fn time(ask: &Ask<'_>) -> String {
    json(&ServerTime { server_time: ask.unit.write(ask.now) })
}

pub(super) fn exchange_info(venue: &Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let mut form = Form::of(ask.params);
    let asked = Asked::read(venue, &mut form)?;
    let status = status(&mut form)?;
    let permissions = form.optional("permissions")?.map(names_of_permissions).transpose()?;
    let shows_sets = flag(&mut form, "showPermissionSets")?.unwrap_or(true);
    form.finish()?;
    let is_filtered = status.is_some() || permissions.is_some();
    if is_filtered && !matches!(asked, Asked::All) {
        return Err(VenueError::bad_combination());
    }
    let is_permitted = permissions.is_none_or(|names| names.iter().any(|name| name == "SPOT"));
    let is_meant = |rules: &&SymbolRules| is_permitted && status.is_none_or(|status| rules.status == status);
    let ids = asked.ids(venue);
    let rules: Vec<SymbolRules> = ids.iter().map(|id| &venue.rules[id.index()]).filter(is_meant).cloned().collect();
    let mut info = ExchangeInfo::of(&rules, rate_limits().to_vec(), ask.now);
    info.server_time = ask.unit.write(ask.now);
    if !shows_sets {
        info.symbols.iter_mut().for_each(|row| row.permission_sets.clear());
    }
    Ok(json(&info))
}

pub(super) fn depth(venue: &Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let mut form = Form::of(ask.params);
    let symbol = form.symbol(&|name| venue.symbol_id(name))?;
    let limit = paging::limit(&mut form, 100, 5_000)?;
    check_status(venue, &mut form, Some(symbol))?;
    form.finish()?;
    let tape = tape(venue, symbol);
    let levels = |levels: &[market_maker::Level]| -> Vec<Level> {
        levels.iter().take(limit).map(|level| Level(level.price, level.quantity)).collect()
    };
    Ok(json(&Depth { last_update_id: tape.update_id, bids: levels(&tape.depth.bids), asks: levels(&tape.depth.asks) }))
}

/// `trades`, and `historicalTrades` with its `fromId`.
pub(super) fn trades(venue: &Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let mut form = Form::of(ask.params);
    let symbol = form.symbol(&|name| venue.symbol_id(name))?;
    let from = if ask.call == Call::HistoricalTrades { form.integer("fromId")? } else { None };
    let limit = paging::limit(&mut form, 500, 1_000)?;
    form.finish()?;
    let trades = tape(venue, symbol).trades.iter().filter(|(id, _)| from.is_none_or(|from| *id >= from));
    let rows = trades.map(|(id, trade)| TradeRow {
        id: *id,
        price: trade.price,
        qty: trade.quantity,
        quote_qty: Money::notional(trade.price, trade.quantity).unwrap_or(Money::MAX),
        time: ask.unit.write(trade.time),
        is_buyer_maker: trade.aggressor == Side::Sell,
        is_best_match: true,
    });
    Ok(json(&paging::page(rows, limit, from.is_some())))
}

/// Each public trade stands for itself: our tape has nothing to aggregate.
pub(super) fn agg_trades(venue: &Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let mut form = Form::of(ask.params);
    let symbol = form.symbol(&|name| venue.symbol_id(name))?;
    let from = form.integer("fromId")?;
    let window = Window::read(&mut form)?;
    let limit = paging::limit(&mut form, 500, 1_000)?;
    form.finish()?;
    if from.is_some() && !window.is_open() {
        return Err(VenueError::bad_combination());
    }
    let trades = tape(venue, symbol).trades.iter();
    let meant = trades.filter(|(id, trade)| from.is_none_or(|from| *id >= from) && window.holds(trade.time));
    let rows = meant.map(|(id, trade)| AggTradeRow {
        id: *id,
        price: trade.price,
        quantity: trade.quantity,
        first_trade: *id,
        last_trade: *id,
        time: ask.unit.write(trade.time),
        buyer_is_maker: trade.aggressor == Side::Sell,
        best_match: true,
    });
    Ok(json(&paging::page(rows, limit, from.is_some() || window.start.is_some())))
}

pub(super) fn average_price(venue: &Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let mut form = Form::of(ask.params);
    let symbol = form.symbol(&|name| venue.symbol_id(name))?;
    form.finish()?;
    let close_time = venue.simulator.time(symbol).unwrap_or(ask.now);
    Ok(json(&AveragePrice {
        mins: AVERAGE_MINUTES as u32,
        price: average(venue, symbol),
        close_time: ask.unit.write(close_time),
    }))
}

/// Volume-weighted over the last closed bars; the last price where they have no volume, zero before the first.
pub fn average(venue: &Venue, symbol: SymbolId) -> Price {
    let (mut volume, mut quote_volume) = (0.0, 0.0);
    for bar in venue.market.bars(symbol).iter().rev().take(AVERAGE_MINUTES) {
        volume += bar.volume;
        quote_volume += super::totals(bar).quote_volume;
    }
    let price = Price::from_f64(quote_volume / volume).filter(|price| volume > 0.0 && price.is_positive());
    price.or(venue.simulator.price(symbol)).unwrap_or(Price::ZERO)
}

pub(super) fn price_ticker(venue: &Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    tickers(venue, ask, |id| PriceTicker {
        symbol: venue.symbol(id).to_string(),
        price: venue.simulator.price(id).unwrap_or(Price::ZERO),
    })
}

pub(super) fn book_ticker(venue: &Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    tickers(venue, ask, |id| {
        let quote = venue.simulator.quote(id);
        let depth = &tape(venue, id).depth;
        let best = |levels: &[market_maker::Level]| levels.first().map_or(Quantity::ZERO, |level| level.quantity);
        BookTickerRow {
            symbol: venue.symbol(id).to_string(),
            bid_price: quote.map_or(Price::ZERO, |quote| quote.bid),
            bid_qty: best(&depth.bids),
            ask_price: quote.map_or(Price::ZERO, |quote| quote.ask),
            ask_qty: best(&depth.asks),
        }
    })
}

/// An object for `symbol`, an array for `symbols` and for none. Every ticker may be asked for FULL or MINI rows.
pub(super) fn tickers<T: serde::Serialize>(
    venue: &Venue,
    ask: &Ask<'_>,
    row: impl Fn(SymbolId) -> T,
) -> Result<String, VenueError> {
    let mut form = Form::of(ask.params);
    let asked = Asked::read(venue, &mut form)?;
    let one = if let Asked::One(id) = asked { Some(id) } else { None };
    let status = check_status(venue, &mut form, one)?;
    if let Call::DayTicker { .. } = ask.call {
        form.optional("type")?;
    }
    form.finish()?;
    if let Some(id) = one {
        return Ok(json(&OneOrMany::One(row(id))));
    }
    let is_meant = |id: &SymbolId| status.is_none_or(|status| venue.rules[id.index()].status == status);
    Ok(json(&OneOrMany::Many(asked.ids(venue).into_iter().filter(is_meant).map(row).collect())))
}

/// `symbol`, `symbols` or neither.
enum Asked {
    All,
    One(SymbolId),
    Many(Vec<SymbolId>),
}

impl Asked {
    fn read(venue: &Venue, form: &mut Form<'_>) -> Result<Asked, VenueError> {
        let id = |name: &str| venue.symbol_id(name).ok_or_else(VenueError::invalid_symbol);
        match (form.optional("symbol")?, form.optional("symbols")?) {
            (None, None) => Ok(Asked::All),
            (Some(_), Some(_)) => Err(VenueError::bad_combination()),
            (Some(name), None) => Ok(Asked::One(id(name)?)),
            (None, Some(text)) => {
                let names: Vec<String> =
                    serde_json::from_str(text).map_err(|_| VenueError::invalid_json_in("symbols"))?;
                if names.is_empty() {
                    return Err(VenueError::empty_parameter("symbols"));
                }
                if names.iter().enumerate().any(|(at, name)| names[..at].contains(name)) {
                    return Err(VenueError::duplicate_symbols());
                }
                Ok(Asked::Many(names.iter().map(|name| id(name)).collect::<Result<_, _>>()?))
            }
        }
    }

    fn ids(self, venue: &Venue) -> Vec<SymbolId> {
        match self {
            Asked::All => (0..venue.rules.len()).map(|at| SymbolId(at as u16)).collect(),
            Asked::One(id) => vec![id],
            Asked::Many(ids) => ids,
        }
    }
}

/// `permissions`: one name or a JSON array of names.
fn names_of_permissions(text: &str) -> Result<Vec<String>, VenueError> {
    if !text.starts_with('[') {
        return Ok(vec![text.to_owned()]);
    }
    serde_json::from_str(text).map_err(|_| VenueError::invalid_json_in("permissions"))
}

/// `symbolStatus`; -1122 for another name.
fn status(form: &mut Form<'_>) -> Result<Option<SymbolStatus>, VenueError> {
    match form.optional("symbolStatus")? {
        None => Ok(None),
        Some("TRADING") => Ok(Some(SymbolStatus::Trading)),
        Some("HALT") => Ok(Some(SymbolStatus::Halt)),
        Some("BREAK") => Ok(Some(SymbolStatus::Break)),
        Some(_) => Err(VenueError::invalid_symbol_status()),
    }
}

/// As `status`; -1220 when the one symbol that was asked for has another.
fn check_status(
    venue: &Venue,
    form: &mut Form<'_>,
    symbol: Option<SymbolId>,
) -> Result<Option<SymbolStatus>, VenueError> {
    let status = status(form)?;
    match (status, symbol) {
        (Some(status), Some(id)) if venue.rules[id.index()].status != status => {
            Err(VenueError::symbol_status_mismatch())
        }
        (Some(_) | None, Some(_) | None) => Ok(status),
    }
}

fn tape(venue: &Venue, symbol: SymbolId) -> &Tape {
    &venue.tapes[symbol.index()]
}
