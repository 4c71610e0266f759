//! stub
use super::venue::Venue;
use crate::domain::Time;
use crate::protocol::*;
use crate::simulator::AccountId;
pub fn authenticate_rest(
    _v: &Venue,
    _k: Option<&str>,
    _q: &str,
    _b: &str,
    _p: &Params,
    _c: &[Time],
) -> Result<AccountId, VenueError> {
    Ok(AccountId(0))
}
pub fn authenticate_ws(_v: &Venue, _p: &Params, _c: &[Time]) -> Result<AccountId, VenueError> {
    Ok(AccountId(0))
}
