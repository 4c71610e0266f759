//! Sizing: how much an entry buys.
//!
//! Invariant: never rounded up; never more than the free cash less a reserve for the next open.
//! Absent on purpose: volatility targeting and drawdown multipliers; they join the same chain.

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
}

/// Quantity of a market entry, floored to the step; zero when nothing fits. `None` on overflow.
pub fn entry_quantity(view: &SizingView<'_>) -> Option<Quantity> {
    let exposure = Ratio::from_f64(view.exposure.clamp(0.0, 1.0))?;
    let step = view.rules.step(OrderType::Market);
    match view.settings.sizing {
        Sizing::Fixed(quantity) => {
            let wanted = quantity.as_money().fraction(exposure)?.as_quantity();
            Some(wanted.floor_to_step(step))
        }
        Sizing::Invest => {
            let invested = view.equity.to_money()?.fraction(view.settings.invest)?;
            let share = Money::from_raw(invested.raw() / view.symbols.max(1) as i64).fraction(exposure)?;
            let notional = share.min(view.free_cash.fraction(CASH_SHARE)?);
            Some(affordable(notional, view.price)?.floor_to_step(step))
        }
    }
}

/// The largest quantity that `money` buys at `price`.
fn affordable(money: Money, price: Price) -> Option<Quantity> {
    if !price.is_positive() || !money.is_positive() {
        return Some(Quantity::ZERO);
    }
    let raw = i128::from(money.raw()) * i128::from(SCALE) / i128::from(price.raw());
    i64::try_from(raw).ok().map(Quantity::from_raw)
}
