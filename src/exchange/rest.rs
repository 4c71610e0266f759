//! REST: from an HTTP request to an HTTP answer, without HTTP.
//!
//! Invariant: weight is booked before the call is looked at, and given back for order entry that succeeds.
//! Absent on purpose: routing by framework; paths are Binance's and stand in `protocol::weights`.

use super::calls::{self, Ask};
use super::core::Core;
use super::limits::OverLimit;
use super::{auth, limits};
use crate::domain::Time;
use crate::protocol::messages::TimeUnit;
use crate::protocol::replacement::cancels_over_limit;
use crate::protocol::weights::Call;
use crate::protocol::{Params, VenueError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestRequest {
    pub method: String,
    pub path: String,
    /// As it came, percent-encoded: signatures are over these bytes.
    pub query: String,
    pub body: String,
    pub api_key: Option<String>,
    /// Header `X-MBX-TIME-UNIT`.
    pub time_unit: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestReply {
    pub status: u16,
    pub body: String,
    pub headers: Vec<(&'static str, String)>,
}

/// Weight of a path that nobody knows.
const UNKNOWN_WEIGHT: u32 = 1;

pub fn answer(core: &mut Core, request: &RestRequest) -> RestReply {
    core.counters.count_rest();
    let now = core.server_time();
    let result = match calls::rest_extra(&request.path) {
        Some(text) => Ok(text.to_owned()),
        None => call(core, request, now),
    };
    let (weight, orders_10s, orders_day) = core.venue.limits.used();
    let mut headers = vec![("x-mbx-used-weight", weight.to_string()), ("x-mbx-used-weight-1m", weight.to_string())];
    match result {
        Ok(body) => {
            if request.method == "POST" && !request.path.ends_with("/test") {
                headers.push(("x-mbx-order-count-10s", orders_10s.to_string()));
                headers.push(("x-mbx-order-count-1d", orders_day.to_string()));
            }
            RestReply { status: 200, body, headers }
        }
        Err(refused) => {
            if let Some(over) = refused.over {
                let seconds = (over.until.since(now).0 + 999_999) / 1_000_000;
                headers.push(("retry-after", seconds.max(1).to_string()));
            }
            RestReply { status: refused.status(), body: body_of(&refused.error), headers }
        }
    }
}

/// A refusal, and the end of the window if a limit caused it.
pub struct Refused {
    pub error: VenueError,
    pub over: Option<OverLimit>,
}

impl From<VenueError> for Refused {
    fn from(error: VenueError) -> Self {
        Refused { error, over: None }
    }
}

impl Refused {
    pub fn status(&self) -> u16 {
        if self.over.is_some() { 429 } else { self.error.http_status() }
    }
}

fn call(core: &mut Core, request: &RestRequest, now: Time) -> Result<String, Refused> {
    let unit = match request.time_unit.as_deref().map(TimeUnit::parse) {
        None => TimeUnit::default(),
        Some(unit) => unit.ok_or_else(VenueError::invalid_time_unit)?,
    };
    let params = Params::parse_form(&request.query)?.or_body(Params::parse_form(&request.body)?);
    let Some(call) = Call::of_rest(&request.method, &request.path, &params).or_else(|| old_oco(request)) else {
        core.venue.limits.request(now, UNKNOWN_WEIGHT).map_err(too_heavy)?;
        return Err(VenueError::unsupported_operation().into());
    };
    let account = if calls::is_signed(call) {
        core.counters.count_signed();
        let (query, body) = (&request.query, &request.body);
        Some(auth::authenticate_rest(&core.venue, request.api_key.as_deref(), query, body, &params, &core.clocks())?)
    } else {
        None
    };
    priced(core, &Ask { call, params: &params, account, now, unit, orders_full: None })
}

/// Carries a call out within the limits; its `now` is the server's time. Shared by REST and the WebSocket API.
pub fn priced(core: &mut Core, ask: &Ask<'_>) -> Result<String, Refused> {
    let Ask { call, now, .. } = *ask;
    let weight = call.weight();
    core.venue.limits.request(now, weight).map_err(too_heavy)?;
    let mut orders_full = None;
    if call.orders() > 0
        && let Err(over) = core.venue.limits.orders(now, call.orders())
    {
        let refused = too_many(over);
        if call != Call::ReplaceOrder || !cancels_over_limit(ask.params) {
            return Err(refused);
        }
        orders_full = Some(refused.error);
    }
    // These tell the clock by which requests are judged; everything else happens at the market's time.
    let at = if matches!(call, Call::Time | Call::ExchangeInfo) { now } else { core.venue.now };
    let result = calls::answer(&mut core.venue, &Ask { now: at, orders_full: orders_full.as_ref(), ..*ask });
    let booked = call.charged(result.is_ok());
    core.venue.limits.refund(weight.saturating_sub(booked));
    Ok(result?)
}

/// The deprecated path of an OCO; its parameters tell it from the new form.
fn old_oco(request: &RestRequest) -> Option<Call> {
    (request.method == "POST" && request.path == "/api/v3/order/oco").then_some(Call::NewOco)
}

fn too_heavy(over: OverLimit) -> Refused {
    let error = VenueError::too_much_weight(u64::from(limits::WEIGHT_PER_MINUTE), "1 MINUTE");
    Refused { error, over: Some(over) }
}

fn too_many(over: OverLimit) -> Refused {
    let error = VenueError::too_many_orders(u64::from(limits::ORDERS_PER_10_SECONDS), "10 SECOND");
    Refused { error, over: Some(over) }
}

fn body_of(error: &VenueError) -> String {
    serde_json::to_string(error).unwrap_or_default()
}
