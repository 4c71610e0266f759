//! An explanation as JSON: times in ms UTC, money, prices and quantities as decimal strings, what is absent as null.
//!
//! Invariant: the same fields stand in every answer of a kind.
//! Absent on purpose: sentences other than those of the engine.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use crate::app::Ending as Whole;
use crate::domain::Time;
use crate::engine::strategy::council::Vote;
use crate::engine::{FillRecord, TradeRecord};
use crate::runtime::explanation::{Account, Checks, Ending, Explanation, Line, OrderAccount, What};

pub fn told(explanation: &Explanation, journal: &Path, ending: Whole) -> Value {
    let (decisions, order, switches) = match explanation {
        Explanation::Decisions(accounts) => (accounts.iter().map(account).collect(), Value::Null, Value::Null),
        Explanation::Order(told) => (told.decision.iter().map(account).collect(), order(told), Value::Null),
        Explanation::Switches(log) => (Vec::new(), Value::Null, lines(log)),
    };
    json!({
        "journal": journal.display().to_string(),
        "complete": ending.is_complete(),
        "decisions": decisions,
        "order": order,
        "switches": switches,
    })
}

fn account(account: &Account) -> Value {
    let (decision, grounds) = (&account.decision, &account.grounds);
    let sizing = |line: &crate::engine::decision::SizeLine| json!({"name": line.name, "factor": line.factor, "notional": line.notional});
    json!({
        "number": decision.number,
        "time": decision.time.millis(),
        "symbol": account.symbol,
        "price": decision.price.map(|price| price.to_string()),
        "strategy": grounds.strategy.as_str(),
        "regime": decision.regime.map(|regime| regime.name()),
        "regime_since": grounds.regime_since.map(Time::millis),
        "market": grounds.market.map(|switch| json!({
            "time": switch.time.millis(),
            "from": switch.from.map(|regime| regime.name()),
            "to": switch.to.name(),
            "text": switch.to_string(),
        })),
        "votes": decision.votes.iter().map(vote).collect::<Vec<_>>(),
        "target": decision.signal.target,
        "confidence": decision.signal.confidence,
        "reason": decision.signal.reason.to_string(),
        "held": decision.held,
        "band": grounds.band.to_f64(),
        "settled": decision.settled,
        "quantity_held": decision.quantity_held.to_string(),
        "equity": grounds.equity.to_string(),
        "verdict": tag(&decision.verdict),
        "verdict_text": decision.verdict.to_string(),
        "quantity": decision.verdict.bought().map(|quantity| quantity.to_string()),
        "sizing": decision.sizing.iter().map(sizing).collect::<Vec<_>>(),
        "side_cost": grounds.side_cost.to_f64(),
        "cost": account.cost().map(|cost| cost.to_string()),
        "checks": checks(&account.checks),
        "timeline": lines(&account.lines),
        "omitted": account.omitted,
        "ended": ending(&account.ending),
    })
}

fn vote(vote: &Vote) -> Value {
    json!({
        "strategy": vote.strategy.as_str(),
        "target": vote.target,
        "reason": vote.reason.to_string(),
        "weight": vote.weight,
        "prior": vote.prior,
        "share": vote.share,
    })
}

fn checks(checks: &Checks) -> Value {
    match checks {
        Checks::NotAsked => Value::Null,
        Checks::Passed { worth, minimum } => json!({
            "passed": true,
            "worth": worth.map(|worth| worth.to_string()),
            "minimum": minimum.to_string(),
            "failed": null,
            "nearest": null,
        }),
        Checks::Failed { reason, nearest } => json!({
            "passed": false,
            "worth": null,
            "minimum": null,
            "failed": reason.to_string(),
            "nearest": nearest.map(|nearest| json!({
                "quantity": nearest.quantity.to_string(),
                "worth": nearest.worth.map(|worth| worth.to_string()),
            })),
        }),
    }
}

fn ending(ending: &Ending) -> Value {
    match ending {
        Ending::JournalEnds => json!({"by": "journal", "decision": null, "trade": null}),
        Ending::TradeClosed { trade: closed } => json!({"by": "trade", "decision": null, "trade": trade(closed)}),
        Ending::NextDecision { number, time, verdict } => {
            let next = json!({"number": number, "time": time.millis(), "verdict_text": verdict.to_string()});
            json!({"by": "decision", "decision": next, "trade": null})
        }
    }
}

fn order(told: &OrderAccount) -> Value {
    let sent = &told.order.sent;
    json!({
        "id": told.order.id,
        "list": (!sent.legs.is_empty()).then_some(&sent.id),
        "symbol": told.symbol,
        "purpose": sent.purpose.as_str(),
        "decision": told.order.decision,
        "timeline": lines(&told.lines),
        "omitted": told.omitted,
    })
}

fn lines(lines: &[Line]) -> Value {
    let line = |line: &Line| {
        let (what, fill, trade) = match &line.what {
            What::Sent => ("sent", None, None),
            What::CancelSent => ("cancel", None, None),
            What::QuerySent => ("query", None, None),
            What::Answer => ("answer", None, None),
            What::Report => ("report", None, None),
            What::Fill(fill) => ("fill", Some(self::fill(fill)), None),
            What::Trade(trade) => ("trade", None, Some(self::trade(trade))),
            What::Notice => ("notice", None, None),
        };
        json!({
            "time": line.time.millis(),
            "what": what,
            "text": line.text,
            "orders": line.orders,
            "fill": fill,
            "trade": trade,
        })
    };
    lines.iter().map(line).collect()
}

fn fill(fill: &FillRecord) -> Value {
    json!({
        "side": fill.side.as_str(),
        "price": fill.price.to_string(),
        "quantity": fill.quantity.to_string(),
        "fee": fill.fee.to_string(),
        "fee_asset": fill.fee_asset,
    })
}

fn trade(trade: &TradeRecord) -> Value {
    json!({
        "opened": trade.opened.millis(),
        "closed": trade.closed.millis(),
        "entry": trade.entry.to_string(),
        "exit": trade.exit.to_string(),
        "quantity": trade.quantity.to_string(),
        "pnl": trade.pnl.to_string(),
        "fees": trade.fees.to_string(),
        "exit_by": trade.exit_by.as_str(),
    })
}

/// The name of an enum's value: `enter`, `nothing`.
fn tag(value: &impl Serialize) -> Value {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields.keys().next().cloned().into(),
        Ok(other) => other,
        Err(_) => Value::Null,
    }
}
