//! Area `pnl`: average cost by the engine's own books, first in first out by `performance::Fifo`.

use kestrel::domain::{
    Asset, Balance, ClientOrderId, Commission, ExecutionReport, ExecutionType, Money, OrderId, OrderStatus, OrderType,
    Price, Quantity, Side, Symbol, SymbolId, SymbolRules, Time, TradeId,
};
use kestrel::engine::portfolio::{Portfolio, Position};
use kestrel::performance::Fifo;
use kestrel::performance::fifo::{LotFee, LotFill};
use serde_json::{Value, json};

use super::{Case, Method};

pub const METHODS: &[Method] = &[
    Method { area: "pnl", name: "PnL-avg", answer: average_cost },
    Method { area: "pnl", name: "PnL-fifo", answer: first_in_first_out },
];

/// One fill of a case.
struct Filled {
    side: Side,
    quantity: Quantity,
    price: Price,
    fee: Money,
    fee_asset: String,
    bnb_price: Price,
}

fn parsed<T: std::str::FromStr + Default>(value: &Value) -> T
where
    T::Err: std::fmt::Debug,
{
    value.as_str().map_or_else(T::default, |text| text.parse().expect("a decimal"))
}

fn fills(case: &Case) -> Vec<Filled> {
    let fill = |fill: &Value| Filled {
        side: if fill["side"] == "buy" { Side::Buy } else { Side::Sell },
        quantity: parsed(&fill["qty"]),
        price: parsed(&fill["price"]),
        fee: parsed(&fill["fee"]),
        fee_asset: fill["fee_asset"].as_str().unwrap_or_default().to_owned(),
        bnb_price: parsed(&fill["bnb_price_in_quote"]),
    };
    case.inputs["fills"].as_array().expect("a list of fills").iter().map(fill).collect()
}

fn report(fill: &Filled, rules: &SymbolRules, id: i64) -> ExecutionReport {
    let asset = match fill.fee_asset.as_str() {
        "base" => rules.base.clone(),
        "quote" => rules.quote.clone(),
        other => Asset::new(other),
    };
    ExecutionReport {
        symbol: SymbolId(0),
        client_id: ClientOrderId::from("case"),
        order_id: OrderId(1),
        list_id: None,
        side: fill.side,
        order_type: OrderType::Market,
        execution: ExecutionType::Trade,
        status: OrderStatus::Filled,
        quantity: fill.quantity,
        price: Price::ZERO,
        stop_price: Price::ZERO,
        last_quantity: fill.quantity,
        last_price: fill.price,
        filled: fill.quantity,
        filled_quote: Money::ZERO,
        commission: Some(Commission { asset, amount: fill.fee }),
        trade_id: Some(TradeId(id)),
        is_maker: false,
        time: Time(0),
        reason: None,
    }
}

fn average_cost(case: &Case) -> Value {
    let rules = SymbolRules::default_for(&Symbol::new("BTCUSDT"));
    let start = Balance { free: Money::from_raw(Money::MAX.raw() / 2), ..Balance::empty(rules.quote.clone()) };
    let mut portfolio = Portfolio::new(rules.quote.clone(), &[start]);
    let mut position = Position::default();
    for (id, fill) in (1..).zip(fills(case)) {
        portfolio.book(&mut position, &rules, &report(&fill, &rules, id), fill.bnb_price).expect("a fill that fits");
    }
    let mark: Price = parsed(&case.inputs["mark"]);
    let change = portfolio.net_cash().0 - portfolio.start().0 + position.value(mark).0;
    json!({
        "position": position.quantity.to_f64(),
        "cost_basis": position.cost.to_f64(),
        "avg_price": position.average_cost(),
        "realised": position.realised.to_f64(),
        "unrealised": position.unrealised(mark).to_f64(),
        "total_fees_quote": portfolio.fees().to_f64(),
        "equity_change": kestrel::domain::Value(change).to_f64(),
    })
}

fn first_in_first_out(case: &Case) -> Value {
    let mut fifo = Fifo::default();
    for fill in fills(case) {
        let fee = match fill.fee_asset.as_str() {
            "base" => LotFee::Base(fill.fee.as_quantity()),
            "quote" => LotFee::Quote(fill.fee),
            "BNB" => LotFee::Other(kestrel::domain::Value::of(fill.bnb_price, fill.fee.as_quantity())),
            _ => LotFee::None,
        };
        let Filled { side, quantity, price, .. } = fill;
        fifo.book(&LotFill { side, quantity, price, fee }).expect("a fill that fits");
    }
    let mark: Price = parsed(&case.inputs["mark"]);
    json!({
        "position": fifo.quantity().to_f64(),
        "cost_basis": fifo.cost().to_f64(),
        "avg_price": fifo.average_cost(),
        "realised": fifo.realised().to_f64(),
        "unrealised": fifo.unrealised(mark).to_f64(),
        "total_fees_quote": fifo.fees().to_f64(),
        "equity_change": fifo.realised().to_f64() + fifo.unrealised(mark).to_f64(),
    })
}
