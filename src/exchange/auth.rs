//! Auth: whose request this is, and whether its signature and its time are good.
//!
//! Invariant: an account is named only for a known key, a time inside the window and a signature that fits.
//! Absent on purpose: Ed25519 and RSA keys, permissions of keys, and `session.logon`, which HMAC keys may not use.
//! Source: rest-api.md and web-socket-api.md, "Request security".

use super::venue::{KeyHolder, Venue};
use crate::domain::{Span, Time};
use crate::protocol::messages::TimeUnit;
use crate::protocol::{Params, VenueError, sign};
use crate::simulator::AccountId;

/// `recvWindow` unless the client sends one, and the largest: milliseconds.
const USUAL_WINDOW: Span = Span::from_millis(5_000);
const LARGEST_WINDOW: Span = Span::from_millis(60_000);
/// How far a client's clock may run ahead of the server's.
const AHEAD: Span = Span::from_millis(1_000);
const TIMESTAMP_RANGE: &str = "^[0-9]{1,20}$";
const WINDOW_RANGE: &str = r"^([0-9]{1,20})(\.[0-9]{1,20})?$";

/// Checks a signed REST request by its raw query and body; `params` are both of them, parsed.
///
/// A timestamp counts when it is inside the window of any of `clocks`: virtual time, which a client in lockstep
/// follows, and the operating system's. Errors: -2014, -2015, -1102, -1100, -1111, -1108, -1131, -1021, -1022.
pub fn authenticate_rest(
    venue: &Venue,
    api_key: Option<&str>,
    query: &str,
    body: &str,
    params: &Params,
    clocks: &[Time],
) -> Result<AccountId, VenueError> {
    let holder = holder(venue, api_key)?;
    check_time(params, clocks)?;
    sign::verify_rest(&holder.secret, query, body)?;
    Ok(holder.account)
}

/// Checks a signed request of the WebSocket API, whose `params` carry `apiKey`. Clocks and errors as over REST.
pub fn authenticate_ws(venue: &Venue, params: &Params, clocks: &[Time]) -> Result<AccountId, VenueError> {
    let holder = holder(venue, params.get("apiKey"))?;
    check_time(params, clocks)?;
    sign::verify_ws(&holder.secret, params)?;
    Ok(holder.account)
}

fn holder<'a>(venue: &'a Venue, api_key: Option<&str>) -> Result<&'a KeyHolder, VenueError> {
    let key = api_key.filter(|key| !key.is_empty()).ok_or_else(VenueError::bad_key_format)?;
    venue.accounts.holder(key).ok_or_else(VenueError::rejected_key)
}

fn check_time(params: &Params, clocks: &[Time]) -> Result<(), VenueError> {
    let timestamp = timestamp(params)?;
    let window = window(params)?;
    let is_ahead = |clock: &Time| timestamp >= clock.plus(AHEAD);
    let is_late = |clock: &Time| clock.since(timestamp) > window;
    if clocks.iter().any(|clock| !is_ahead(clock) && !is_late(clock)) {
        return Ok(());
    }
    if clocks.iter().all(is_ahead) {
        Err(VenueError::ahead_of_server())
    } else {
        Err(VenueError::outside_recv_window())
    }
}

fn timestamp(params: &Params) -> Result<Time, VenueError> {
    let text = params.require("timestamp")?;
    if text.len() > 20 || !is_digits(text) {
        return Err(VenueError::illegal_characters_in("timestamp", TIMESTAMP_RANGE));
    }
    let wire = text.parse().map_err(|_| VenueError::overflowed("timestamp"))?;
    Ok(TimeUnit::of_timestamp(wire).read(wire))
}

/// Milliseconds with at most three decimal places, which are microseconds.
fn window(params: &Params) -> Result<Span, VenueError> {
    let Some(text) = params.get("recvWindow") else { return Ok(USUAL_WINDOW) };
    if text.is_empty() {
        return Err(VenueError::empty_parameter("recvWindow"));
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !is_digits(whole) || !is_digits(fraction) {
        return Err(VenueError::illegal_characters_in("recvWindow", WINDOW_RANGE));
    }
    if fraction.trim_end_matches('0').len() > 3 {
        return Err(VenueError::too_precise("recvWindow"));
    }
    let too_large = || VenueError::new(BAD_RECV_WINDOW, "recvWindow must be less than 60000");
    let micros: i64 = format!("{fraction:0<3}")[..3].parse().map_err(|_| too_large())?;
    let millis: i64 = whole.parse().map_err(|_| too_large())?;
    let window = Span(millis.saturating_mul(1_000).saturating_add(micros));
    if window > LARGEST_WINDOW { Err(too_large()) } else { Ok(window) }
}

/// errors.md, -1131.
const BAD_RECV_WINDOW: i64 = -1131;

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
