//! Calls about the account: balances, commission rates, own trades, order counts.
//!
//! Invariant: the rates that are told are those that the simulator charges.
//! Absent on purpose: orders (`orders`).
//! Source: rest-api.md, "Account endpoints".

use serde::Serialize;

use super::market::rate_limits;
use super::paging::{self, Window};
use super::{Ask, flag, json, rows};
use crate::domain::{OrderId, Ratio};
use crate::exchange::venue::Venue;
use crate::protocol::VenueError;
use crate::protocol::messages::rest::{Account, AccountCommission, BalanceRow, CommissionDiscount, CommissionRates};
use crate::protocol::requests::Form;
use crate::protocol::weights::{Interval, RateLimitType};
use crate::simulator::{FeePolicy, TradeRecord};

/// A basis point, in which the older commission fields count.
const BASIS_POINT: i64 = 10_000;
/// Binance's multiplier for fees paid in BNB, told where the venue does not take BNB.
const USUAL_DISCOUNT: Ratio = Ratio::from_raw(75_000_000);

/// What `order.test` answers with `computeCommissionRates`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderCommission {
    standard_commission_for_order: MakerTaker,
    special_commission_for_order: MakerTaker,
    tax_commission_for_order: MakerTaker,
    discount: CommissionDiscount,
}

#[derive(Serialize)]
struct MakerTaker {
    maker: Ratio,
    taker: Ratio,
}

pub(super) fn account(venue: &Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let account = ask.owner()?;
    let mut form = Form::of(ask.params);
    let omits_zero = flag(&mut form, "omitZeroBalances")?.unwrap_or(false);
    form.finish()?;
    let rates = rates(venue);
    let balances = venue.simulator.balances(account).iter();
    let balances = balances.filter(|balance| !(omits_zero && balance.total().is_zero())).map(|balance| BalanceRow {
        asset: balance.asset.to_string(),
        free: balance.free,
        locked: balance.locked,
    });
    Ok(json(&Account {
        maker_commission: rates.maker.raw() / BASIS_POINT,
        taker_commission: rates.taker.raw() / BASIS_POINT,
        buyer_commission: 0,
        seller_commission: 0,
        commission_rates: rates,
        can_trade: true,
        can_withdraw: false,
        can_deposit: false,
        brokered: false,
        require_self_trade_prevention: false,
        prevent_sor: false,
        update_time: ask.unit.write(ask.now),
        account_type: "SPOT".to_owned(),
        balances: balances.collect(),
        permissions: vec!["SPOT".to_owned()],
        uid: i64::from(account.0) + 1,
    }))
}

pub(super) fn commission(venue: &Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    ask.owner()?;
    let mut form = Form::of(ask.params);
    let symbol = form.symbol(&|name| venue.symbol_id(name))?;
    form.finish()?;
    Ok(json(&AccountCommission {
        symbol: venue.symbol(symbol).to_string(),
        standard_commission: rates(venue),
        special_commission: CommissionRates::default(),
        tax_commission: CommissionRates::default(),
        discount: discount(venue),
    }))
}

/// The rates that an order would pay.
pub(super) fn commission_of_order(venue: &Venue) -> String {
    let CommissionRates { maker, taker, .. } = rates(venue);
    let none = || MakerTaker { maker: Ratio::ZERO, taker: Ratio::ZERO };
    json(&OrderCommission {
        standard_commission_for_order: MakerTaker { maker, taker },
        special_commission_for_order: none(),
        tax_commission_for_order: none(),
        discount: discount(venue),
    })
}

/// Of the documented combinations: times with neither `fromId` nor `orderId` beside them, or those two without times.
/// (`orderId` with times is -1128.)
pub(super) fn trades(venue: &Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let account = ask.owner()?;
    let mut form = Form::of(ask.params);
    let symbol = form.symbol(&|name| venue.symbol_id(name))?;
    let order = form.integer("orderId")?.map(OrderId);
    let from = form.integer("fromId")?;
    let window = Window::read(&mut form)?;
    let limit = paging::limit(&mut form, 500, 1_000)?;
    form.finish()?;
    if !window.is_open() && (order.is_some() || from.is_some()) {
        return Err(VenueError::bad_combination());
    }
    let window = window.within_a_day()?;
    let is_meant = |trade: &&TradeRecord| {
        order.is_none_or(|order| trade.order_id == order)
            && from.is_none_or(|from| trade.trade_id.0 >= from)
            && window.holds(trade.time)
    };
    let trades = venue.simulator.trades(account, symbol).filter(is_meant);
    let page = paging::page(trades, limit, from.is_some() || window.start.is_some());
    Ok(json(&page.into_iter().map(|trade| rows::trade(ask.unit, venue, trade)).collect::<Vec<_>>()))
}

pub(super) fn order_counts(venue: &Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    ask.owner()?;
    Form::of(ask.params).finish()?;
    let (_, seconds, day) = venue.limits.used();
    let orders = rate_limits().into_iter().filter(|row| row.rate_limit_type == RateLimitType::Orders);
    let counted = orders.map(|row| match row.interval {
        Interval::Second => row.with_count(u64::from(seconds)),
        Interval::Minute | Interval::Hour | Interval::Day => row.with_count(u64::from(day)),
    });
    Ok(json(&counted.collect::<Vec<_>>()))
}

fn rates(venue: &Venue) -> CommissionRates {
    let fees = venue.simulator.settings().fees;
    CommissionRates { maker: fees.maker, taker: fees.taker, buyer: Ratio::ZERO, seller: Ratio::ZERO }
}

fn discount(venue: &Venue) -> CommissionDiscount {
    let (is_enabled, discount) = match venue.simulator.settings().fees.policy {
        FeePolicy::Bnb { discount, .. } => (true, discount),
        FeePolicy::Received | FeePolicy::Quote => (false, USUAL_DISCOUNT),
    };
    CommissionDiscount {
        enabled_for_account: is_enabled,
        enabled_for_symbol: is_enabled,
        discount_asset: "BNB".to_owned(),
        discount,
    }
}
