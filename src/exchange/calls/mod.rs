//! stub
use super::venue::Venue;
use crate::domain::Time;
use crate::protocol::weights::Call;
use crate::protocol::*;
use crate::simulator::AccountId;
pub struct Ask<'a> {
    pub call: Call,
    pub params: &'a Params,
    pub account: Option<AccountId>,
    pub now: Time,
}
pub fn answer(_v: &mut Venue, _a: &Ask<'_>) -> Result<String, VenueError> {
    Err(VenueError::unsupported_operation())
}
pub fn is_signed(call: Call) -> bool {
    call.is_signed()
}
pub fn rest_extra(_p: &str) -> Option<&'static str> {
    None
}
