//! The WebSocket API and the control messages of market-stream sockets: from a text to the answer's text.
//!
//! Invariant: an answer carries the request's id exactly as it came.
//! Absent on purpose: what a call answers (`calls`) and the sockets (`server`).
//! Source: Binance web-socket-api.md and web-socket-streams.md.

use serde_json::Value;
use serde_json::value::RawValue;

use super::calls::Ask;
use super::core::{ConnectionId, ConnectionKind, Core};
use super::lockstep::Lockstep;
use super::rest::{Refused, priced};
use super::{auth, calls, limits};
use crate::protocol::VenueError;
use crate::protocol::messages::TimeUnit;
use crate::protocol::messages::lockstep::{ACK, Ack, LOCKSTEP, LockstepGranted, frame_text};
use crate::protocol::messages::market::{ControlMethod, ControlReply};
use crate::protocol::messages::rest::RateLimitRow;
use crate::protocol::messages::ws_api::{ErrorBody, RequestId, WsParams, WsRequest, WsResponse};
use crate::protocol::parse;
use crate::protocol::weights::Call;

/// Answers one request; `None` where none is due (an ack).
pub fn answer(core: &mut Core, connection: ConnectionId, text: &str) -> Option<String> {
    let request = match parse::request(text) {
        Ok(request) => request,
        Err(error) => return Some(refused_text(core, RequestId::Null, false, error.into())),
    };
    if request.method == ACK {
        // Only the client that runs in lockstep moves it on.
        let own = core.lockstep.as_mut().filter(|lockstep| lockstep.api == connection);
        if let (Some(lockstep), Some(ack)) = (own, Ack::from_params(&request.params)) {
            lockstep.ack(ack.sequence);
        }
        return None;
    }
    let WsRequest { id, method, params } = request;
    // It stays among the parameters: clients sign it.
    let with_limits = match (params.0.get("returnRateLimits"), core.connections.get(&connection).map(|c| &c.kind)) {
        (Some(asked), _) => asked != "false",
        (None, Some(ConnectionKind::WsApi { with_limits, .. })) => *with_limits,
        (None, Some(ConnectionKind::Streams { .. }) | None) => true,
    };
    Some(match result(core, connection, &method, &params) {
        Ok(result) => response_text(core, id, with_limits, &result),
        Err(refused) => refused_text(core, id, with_limits, refused),
    })
}

fn result(core: &mut Core, connection: ConnectionId, name: &str, params: &WsParams) -> Result<String, Refused> {
    let now = core.server_time();
    let unit = match core.connections.get(&connection).map(|connection| &connection.kind) {
        Some(ConnectionKind::WsApi { unit, .. }) => *unit,
        Some(ConnectionKind::Streams { .. }) | None => TimeUnit::default(),
    };
    if name == LOCKSTEP {
        return grant_lockstep(core, connection, params);
    }
    let Some(call) = Call::of_ws(name, &params.0) else {
        return Err(VenueError::unsupported_operation().into());
    };
    let account = if calls::is_signed(call) || call == Call::SubscribeUserStream {
        core.counters.count_signed();
        Some(auth::authenticate_ws(&core.venue, &params.0, &core.clocks())?)
    } else {
        None
    };
    match call {
        Call::SubscribeUserStream => subscribe(core, connection, params),
        Call::UnsubscribeUserStream => Ok(unsubscribe(core, connection, params)),
        Call::ListSubscriptions => Ok(subscriptions(core, connection)),
        // Session logon is for Ed25519 keys; the exchange's keys are HMAC.
        Call::SessionLogon | Call::SessionLogout => Err(VenueError::unsupported_operation().into()),
        Call::SessionStatus => {
            let server_time = unit.write(now);
            Ok(format!(
                r#"{{"apiKey":null,"authorizedSince":null,"connectedSince":{server_time},"returnRateLimits":true,"serverTime":{server_time},"userDataStream":false}}"#
            ))
        }
        Call::Ping
        | Call::Time
        | Call::ExchangeInfo
        | Call::Depth { .. }
        | Call::Trades
        | Call::AggTrades
        | Call::HistoricalTrades
        | Call::Klines
        | Call::UiKlines
        | Call::AvgPrice
        | Call::DayTicker { .. }
        | Call::TickerPrice { .. }
        | Call::BookTicker { .. }
        | Call::NewOrder
        | Call::ReplaceOrder
        | Call::TestOrder { .. }
        | Call::QueryOrder
        | Call::CancelOrder
        | Call::OpenOrders { .. }
        | Call::CancelOpenOrders
        | Call::AllOrders
        | Call::NewOco
        | Call::QueryOrderList
        | Call::CancelOrderList
        | Call::OpenOrderLists
        | Call::Account
        | Call::Commission
        | Call::MyTrades { .. }
        | Call::OrderCounts => priced(core, &Ask { call, params: &params.0, account, now, unit, orders_full: None }),
    }
}

fn grant_lockstep(core: &mut Core, connection: ConnectionId, params: &WsParams) -> Result<String, Refused> {
    core.counters.count_signed();
    auth::authenticate_ws(&core.venue, &params.0, &core.clocks())?;
    if core.lockstep.is_some() {
        return Err(VenueError::new(-1014, "Another client runs in lockstep already.").into());
    }
    let token = format!("lockstep-{}", connection.0);
    core.lockstep = Some(Lockstep::new(connection, token.clone()));
    Ok(frame_text(&LockstepGranted { stream_token: token, now: core.venue.now.millis() }, None))
}

fn subscribe(core: &mut Core, connection: ConnectionId, params: &WsParams) -> Result<String, Refused> {
    let account = auth::authenticate_ws(&core.venue, &params.0, &core.clocks())?;
    let Some(ConnectionKind::WsApi { subscriptions, next_subscription, .. }) =
        core.connections.get_mut(&connection).map(|connection| &mut connection.kind)
    else {
        return Err(VenueError::unsupported_operation().into());
    };
    if subscriptions.values().any(|holder| *holder == account) {
        return Err(VenueError::subscription_active().into());
    }
    let id = *next_subscription;
    *next_subscription += 1;
    subscriptions.insert(id, account);
    Ok(format!(r#"{{"subscriptionId":{id}}}"#))
}

fn unsubscribe(core: &mut Core, connection: ConnectionId, params: &WsParams) -> String {
    if let Some(ConnectionKind::WsApi { subscriptions, .. }) =
        core.connections.get_mut(&connection).map(|c| &mut c.kind)
    {
        match params.0.get("subscriptionId").and_then(|text| text.parse().ok()) {
            Some(id) => {
                subscriptions.remove(&id);
            }
            None => subscriptions.clear(),
        }
    }
    "{}".to_owned()
}

fn subscriptions(core: &Core, connection: ConnectionId) -> String {
    let ids = match core.connections.get(&connection).map(|connection| &connection.kind) {
        Some(ConnectionKind::WsApi { subscriptions, .. }) => subscriptions.keys().copied().collect(),
        Some(ConnectionKind::Streams { .. }) | None => Vec::new(),
    };
    let rows: Vec<String> = ids.iter().map(|id| format!(r#"{{"subscriptionId":{id}}}"#)).collect();
    format!("[{}]", rows.join(","))
}

fn response_text(core: &Core, id: RequestId, with_limits: bool, result: &str) -> String {
    let raw: &RawValue = serde_json::from_str(result).unwrap_or(RawValue::NULL);
    let response = WsResponse::ok(id, raw);
    frame_text(&if with_limits { response.with_rate_limits(rate_limits(core)) } else { response }, None)
}

fn refused_text(core: &Core, id: RequestId, with_limits: bool, refused: Refused) -> String {
    let status = refused.status();
    let mut error = ErrorBody::from(refused.error);
    if let Some(over) = refused.over {
        let server_time = core.server_time().millis();
        error.data = Some(serde_json::json!({ "serverTime": server_time, "retryAfter": over.until.millis() }));
    }
    let response: WsResponse<&RawValue> = WsResponse::refused(id, status, error);
    frame_text(&if with_limits { response.with_rate_limits(rate_limits(core)) } else { response }, None)
}

fn rate_limits(core: &Core) -> Vec<RateLimitRow> {
    let (weight, orders_10s, orders_day) = core.venue.limits.used();
    let row = |kind: &str, interval: &str, interval_num, limit: u32, count: u32| RateLimitRow {
        rate_limit_type: kind.to_owned(),
        interval: interval.to_owned(),
        interval_num,
        limit: u64::from(limit),
        count: Some(u64::from(count)),
    };
    vec![
        row("REQUEST_WEIGHT", "MINUTE", 1, limits::WEIGHT_PER_MINUTE, weight),
        row("ORDERS", "SECOND", 10, limits::ORDERS_PER_10_SECONDS, orders_10s),
        row("ORDERS", "DAY", 1, limits::ORDERS_PER_DAY, orders_day),
    ]
}

/// Answers SUBSCRIBE and its like on a market-stream socket.
pub fn control(core: &mut Core, connection: ConnectionId, text: &str) -> String {
    let request = match parse::control_request(text) {
        Ok(request) => request,
        Err(error) => {
            let refused = ControlReply::RefusedFlat { code: error.code, msg: error.msg, id: RequestId::Null };
            return frame_text(&refused, None);
        }
    };
    let unit = match core.connections.get(&connection).map(|connection| &connection.kind) {
        Some(ConnectionKind::Streams { unit, .. }) => *unit,
        Some(ConnectionKind::WsApi { .. }) | None => TimeUnit::default(),
    };
    let named: Vec<_> = request.streams().map(|name| (core.stream(name, unit), name.to_owned())).collect();
    let Some(ConnectionKind::Streams { streams, combined, .. }) =
        core.connections.get_mut(&connection).map(|connection| &mut connection.kind)
    else {
        return frame_text(&ControlReply::done(request.id), None);
    };
    let result = match request.method {
        ControlMethod::Subscribe => {
            for (stream, name) in named {
                let is_new = !streams.iter().any(|(_, heard)| *heard == name);
                streams.extend(stream.filter(|_| is_new).map(|stream| (stream, name)));
            }
            Value::Null
        }
        ControlMethod::Unsubscribe => {
            streams.retain(|(_, heard)| !named.iter().any(|(_, name)| name == heard));
            Value::Null
        }
        ControlMethod::ListSubscriptions => streams.iter().map(|(_, name)| name.clone()).collect(),
        ControlMethod::SetProperty => {
            *combined = request.params.get(1).and_then(Value::as_bool).unwrap_or(*combined);
            Value::Null
        }
        ControlMethod::GetProperty => Value::Bool(*combined),
        ControlMethod::Other(method) => {
            let msg = format!(
                "Invalid request: unknown variant `{method}`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"
            );
            return frame_text(&ControlReply::RefusedFlat { code: 2, msg, id: request.id }, None);
        }
    };
    frame_text(&ControlReply::Granted { result, id: request.id }, None)
}
