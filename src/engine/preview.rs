//! Previews: what a setting or a command would do, before it is done.
//!
//! Invariant: pure, and the same arithmetic as the engine's own; what is shown is what would be sent at this price.
//! Absent on purpose: anything that changes state.

use super::instrument::{Desk, sellable};
use super::mood;
use super::risk::settings::StopKind;
use super::risk::sizing::{SizingView, entry_size};
use super::risk::stops::{Distances, Protection};
use super::risk::{EntryGate, OrderRequest, Refused, RiskView, SizedEntry, judge};
use super::settings::Settings;
use super::snapshot::{Snapshot, SymbolView};
use crate::domain::fixed::SCALE;
use crate::domain::{ClientOrderId, Money, OrderKind, Price, Quantity, Ratio, SymbolId, Value};

/// The next entry of a symbol at full exposure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EntryPreview {
    pub quantity: Quantity,
    /// The size step by step; `None` where there is none.
    pub sized: Option<SizedEntry>,
    /// What it would cost at the mark.
    pub notional: Money,
    /// The stop's price, and what is lost there before fees.
    pub stop: Option<(Price, Money)>,
    /// The target's price, and what is gained there before fees.
    pub target: Option<(Price, Money)>,
    /// Why it would not be sent now; pausing is no reason here.
    pub refused: Option<Refused>,
}

/// Leaving every position at the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlattenPreview {
    pub positions: usize,
    /// Resting orders that would be cancelled.
    pub orders: usize,
    /// Worth of the positions at their marks.
    pub worth: Value,
    /// Distance from the marks to the best bids; negative where the market rose above its last close.
    pub spread: Value,
    /// Taker fees.
    pub fees: Value,
    /// What the positions would realise, costs taken off.
    pub pnl: Value,
}

impl EntryPreview {
    /// No size could be told.
    const fn none(reason: Refused) -> EntryPreview {
        EntryPreview {
            quantity: Quantity::ZERO,
            sized: None,
            notional: Money::ZERO,
            stop: None,
            target: None,
            refused: Some(reason),
        }
    }
}

/// What the next entry of `symbol` would be under `settings`, at the whole of its size. `None` for an unknown symbol.
pub fn entry(snapshot: &Snapshot, symbol: SymbolId, settings: &Settings) -> Option<EntryPreview> {
    let view = snapshot.symbols.get(symbol.index())?;
    let score = snapshot.mood.scores.get(symbol.index()).copied().flatten();
    let orders = || snapshot.orders.iter().filter(|order| order.symbol == symbol);
    let distances = match settings.risk.stops {
        StopKind::Percent => Distances::percent(settings),
        StopKind::Atr | StopKind::Sigma => view.distances,
    };
    let judged = || -> Result<(Price, SizedEntry, Result<(), Refused>), Refused> {
        let mark = view.mark.ok_or(Refused::NoPrice)?;
        let sizing = SizingView {
            settings,
            rules: &view.rules,
            equity: snapshot.equity,
            free_cash: snapshot.free_cash,
            price: mark,
            symbols: snapshot.symbols.len(),
            exposure: view.signal.confidence * mood::factor(score, settings.sentiment_weight),
            shares: view.shares.ok_or(Refused::VolatilityUnknown)?,
        };
        let sized = entry_size(&sizing).ok_or(Refused::Overflow)?;
        let risk = RiskView {
            settings,
            rules: &view.rules,
            gate: EntryGate {
                paused: false,
                halted: snapshot.halted,
                stale: view.stale,
                shock: snapshot.guard.halt(),
                lock: snapshot.guard.lock(symbol),
            },
            free_cash: snapshot.free_cash,
            held: view.position,
            mark: view.mark,
            open_orders: orders().count() as u32,
            open_trigger_orders: orders().filter(|order| order.kind.stop_price().is_some()).count() as u32,
            is_slice: false,
            bought: view.position,
            distances,
            room: view.room,
        };
        // Judged as the order that it would be; its id never leaves.
        let request = OrderRequest::entry(symbol, ClientOrderId::from("preview"), sized.quantity);
        Ok((mark, sized, judge(&risk, &request)))
    };
    Some(match judged() {
        Ok((mark, sized, verdict)) => {
            let quantity = sized.quantity;
            let protection = Protection::at(distances, &view.rules, mark);
            let away = |price: Price| {
                let distance = Price::from_raw(price.saturating_sub(mark).raw().saturating_abs());
                (price, Money::notional(distance, quantity).unwrap_or(Money::MAX))
            };
            EntryPreview {
                quantity,
                sized: Some(sized),
                notional: Money::notional(mark, quantity).unwrap_or(Money::MAX),
                stop: protection.stop.map(away),
                target: protection.target.map(away),
                refused: verdict.err(),
            }
        }
        Err(reason) => EntryPreview::none(reason),
    })
}

/// What a flatten would cost now. Positions too small to be sold are left out, as a flatten leaves them.
pub fn flatten(snapshot: &Snapshot, taker_fee: Ratio) -> FlattenPreview {
    let rests = |kind: OrderKind| kind.stop_price().or(kind.limit_price()).is_some();
    let orders = snapshot.orders.iter().filter(|order| !order.state.is_closed() && rests(order.kind)).count();
    let sold = snapshot.symbols.iter().filter_map(|view| sale(view, taker_fee));
    sold.fold(FlattenPreview { orders, ..FlattenPreview::default() }, |sum, sale| FlattenPreview {
        positions: sum.positions + sale.positions,
        orders: sum.orders,
        worth: plus(sum.worth, sale.worth),
        spread: plus(sum.spread, sale.spread),
        fees: plus(sum.fees, sale.fees),
        pnl: plus(sum.pnl, sale.pnl),
    })
}

/// Selling one position at its best bid; at its mark while no bid is known.
fn sale(view: &SymbolView, taker_fee: Ratio) -> Option<FlattenPreview> {
    let (mark, quantity) = (view.mark?, sellable(&view.rules, view.position, view.mark));
    if view.desk == Desk::Flat || quantity.is_zero() {
        return None;
    }
    let worth = Value::of(mark, quantity);
    let received = Value::of(view.top.map_or(mark, |top| top.bid), quantity);
    let fees = fee(received, taker_fee);
    let cost = minus(view.value, view.unrealised).portion(quantity, view.position);
    Some(FlattenPreview {
        positions: 1,
        orders: 0,
        worth,
        spread: minus(worth, received),
        fees,
        pnl: minus(minus(received, fees), cost),
    })
}

/// `rate` of `amount`, cut at 1e-8 as `Money::fraction` does.
fn fee(amount: Value, rate: Ratio) -> Value {
    Value((amount.0 / i128::from(SCALE)).saturating_mul(i128::from(rate.raw())) / i128::from(SCALE) * i128::from(SCALE))
}

fn plus(left: Value, right: Value) -> Value {
    Value(left.0.saturating_add(right.0))
}

fn minus(left: Value, right: Value) -> Value {
    Value(left.0.saturating_sub(right.0))
}
