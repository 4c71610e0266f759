//! stub
use super::venue::Venue;
use crate::domain::*;
use crate::simulator::*;
pub fn report_event(_v: &mut Venue, _a: AccountId, _r: &ExecutionReport) -> String {
    String::new()
}
pub fn balances_event(_u: &BalanceUpdate) -> String {
    String::new()
}
pub fn list_event(_v: &Venue, _l: &ListRecord) -> String {
    String::new()
}
