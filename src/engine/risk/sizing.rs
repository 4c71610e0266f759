//! Sizing: how much an entry buys, each step kept.
//!
//! equity x invest (split over the symbols) x volatility x confidence x regime x drawdown, at most the free cash less a reserve
//! for the next open, floored to the step.
//! Invariant: money is fixed-point from equity to quantity; a share of 1 changes no digit; never rounded up.
//! Absent on purpose: what makes the shares, and judging the order (`check`).

use super::chain::{SizeLimits, SizeStep, SizedEntry};
use crate::domain::fixed::SCALE;
use crate::domain::{Money, OrderType, Price, Quantity, Ratio, SymbolRules, Value};
use crate::engine::settings::{Settings, Sizing};

/// Share of free cash that an entry may plan with: the market may open higher than it closed.
const CASH_SHARE: Ratio = Ratio::from_raw(SCALE / 1_000 * 995);

/// What an entry's size is made from.
#[derive(Debug, Clone, Copy)]
pub struct SizingView<'a> {
    pub settings: &'a Settings,
    pub rules: &'a SymbolRules,
    pub equity: Value,
    pub free_cash: Money,
    pub price: Price,
    /// Symbols that share the invested part of equity.
    pub symbols: usize,
    /// Wanted exposure times confidence, 0 to 1.
    pub exposure: f64,
    pub shares: Shares,
}

/// Shares of full size, 0 to 1, that the market and past losses leave; 1 where nothing takes any.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    pub volatility: f64,
    /// Of the regime, and of a shock that is being got over.
    pub regime: f64,
    pub drawdown: f64,
}

impl Default for Shares {
    fn default() -> Self {
        Shares { volatility: 1.0, regime: 1.0, drawdown: 1.0 }
    }
}

/// The size of a market entry, floored to the step; a quantity of zero when nothing fits. `None` on overflow.
pub fn entry_size(view: &SizingView<'_>) -> Option<SizedEntry> {
    let (mut left, unit) = match view.settings.sizing {
        // As an amount of the base asset, so that no price rounds it.
        Sizing::Fixed(quantity) => (quantity.as_money(), view.price.to_f64()),
        Sizing::Invest => {
            let invested = view.equity.to_money()?.fraction(view.settings.invest)?;
            (Money::from_raw(invested.raw() / view.symbols.max(1) as i64), 1.0)
        }
    };
    let equity = view.equity.to_f64();
    let invested = left.to_f64() * unit;
    let first =
        SizeStep { name: "invest", factor: if equity > 0.0 { invested / equity } else { 0.0 }, notional: invested };
    let mut steps = [first; 5];
    let Shares { volatility, regime, drawdown } = view.shares;
    let shares =
        [("volatility", volatility), ("confidence", view.exposure), ("regime", regime), ("drawdown", drawdown)];
    for (step, (name, share)) in steps[1..].iter_mut().zip(shares) {
        let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        left = left.fraction(Ratio::from_f64(share)?)?;
        *step = SizeStep { name, factor: share, notional: left.to_f64() * unit };
    }
    let mut cash = None;
    let bought = match view.settings.sizing {
        Sizing::Fixed(_) => left.as_quantity(),
        Sizing::Invest => {
            cash = Some(view.free_cash.fraction(CASH_SHARE)?).filter(|cash| *cash < left);
            left = cash.unwrap_or(left);
            affordable(left, view.price)?
        }
    };
    let quantity = bought.floor_to_step(view.rules.step(OrderType::Market));
    let limits = limits(view.settings, view.rules);
    Some(SizedEntry {
        steps,
        cash,
        notional: Money::from_f64(left.to_f64() * unit).unwrap_or(Money::MAX),
        quantity,
        worth: Value::of(view.price, quantity),
        verdict: limits.judge(quantity, view.price),
    })
}

/// What an entry at the market must not be below.
pub fn limits<'a>(settings: &Settings, rules: &'a SymbolRules) -> SizeLimits<'a> {
    SizeLimits { rules, order_type: OrderType::Market, minimum: settings.min_trade_size }
}

/// The largest quantity that `money` buys at `price`.
fn affordable(money: Money, price: Price) -> Option<Quantity> {
    if !price.is_positive() || !money.is_positive() {
        return Some(Quantity::ZERO);
    }
    let raw = i128::from(money.raw()) * i128::from(SCALE) / i128::from(price.raw());
    i64::try_from(raw).ok().map(Quantity::from_raw)
}
