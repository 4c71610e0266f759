//! The refusals that the local exchange answers, one constructor each, in Binance's own words.
//!
//! Invariant: code and text are those of Binance's error catalogue, so that clients which match on them work.
//! Absent on purpose: the judgement when to refuse; the exchange has it.
//! Source: Binance spot API docs, errors.md.

use std::fmt;

use super::errors::{Refusal, VenueError, code};
use super::messages::replace::ReplaceAnswer;
use crate::domain::Time;

/// Refused for its rate, its time or its key.
impl VenueError {
    pub fn unknown() -> VenueError {
        VenueError::new(code::UNKNOWN, "An unknown error occurred while processing the request.")
    }

    /// `interval` as Binance words it: `1 MINUTE`.
    pub fn too_much_weight(limit: u64, interval: impl fmt::Display) -> VenueError {
        VenueError::new(
            code::TOO_MANY_REQUESTS,
            format_args!(
                "Too much request weight used; current limit is {limit} request weight per {interval}. \
                 Please use WebSocket Streams for live updates to avoid polling the API."
            ),
        )
    }

    pub fn banned(until: Time) -> VenueError {
        VenueError::new(
            code::TOO_MANY_REQUESTS,
            format_args!(
                "Way too much request weight used; IP banned until {}. \
                 Please use WebSocket Streams for live updates to avoid bans.",
                until.millis()
            ),
        )
    }

    pub fn timeout() -> VenueError {
        let text = "Timeout waiting for response from backend server. Send status unknown; execution status unknown.";
        VenueError::new(code::TIMEOUT, text)
    }

    pub fn server_busy() -> VenueError {
        let text = "Server is currently overloaded with other requests. Please try again in a few minutes.";
        VenueError::new(code::SERVER_BUSY, text)
    }

    /// `interval` as Binance words it: `10 SECOND`.
    pub fn too_many_orders(limit: u64, interval: impl fmt::Display) -> VenueError {
        let text = format_args!("Too many new orders; current limit is {limit} orders per {interval}.");
        VenueError::new(code::TOO_MANY_ORDERS, text)
    }

    pub fn shutting_down() -> VenueError {
        VenueError::new(code::SERVICE_SHUTTING_DOWN, "This service is no longer available.")
    }

    pub fn outside_recv_window() -> VenueError {
        VenueError::new(code::INVALID_TIMESTAMP, "Timestamp for this request is outside of the recvWindow.")
    }

    pub fn ahead_of_server() -> VenueError {
        let text = "Timestamp for this request was 1000ms ahead of the server's time.";
        VenueError::new(code::INVALID_TIMESTAMP, text)
    }

    pub fn invalid_signature() -> VenueError {
        VenueError::new(code::INVALID_SIGNATURE, "Signature for this request is not valid.")
    }

    pub fn bad_key_format() -> VenueError {
        VenueError::new(code::BAD_API_KEY_FMT, "API-key format invalid.")
    }

    pub fn rejected_key() -> VenueError {
        VenueError::new(code::REJECTED_MBX_KEY, "Invalid API-key, IP, or permissions for action.")
    }
}

/// Refused for its parameters.
impl VenueError {
    pub fn unsupported_operation() -> VenueError {
        VenueError::new(code::UNSUPPORTED_OPERATION, "This operation is not supported.")
    }

    pub fn unsupported_combination() -> VenueError {
        VenueError::new(code::UNKNOWN_ORDER_COMPOSITION, "Unsupported order combination.")
    }

    pub fn illegal_characters() -> VenueError {
        VenueError::new(code::ILLEGAL_CHARS, "Illegal characters found in a parameter.")
    }

    /// `legal` is a regular expression such as `^[a-zA-Z0-9-_]{1,36}$`.
    pub fn illegal_characters_in(name: &str, legal: &str) -> VenueError {
        let text = format_args!("Illegal characters found in parameter '{name}'; legal range is '{legal}'.");
        VenueError::new(code::ILLEGAL_CHARS, text)
    }

    pub fn too_many_parameters(expected: usize, received: usize) -> VenueError {
        let text = format_args!("Too many parameters; expected '{expected}' and received '{received}'.");
        VenueError::new(code::TOO_MANY_PARAMETERS, text)
    }

    pub fn duplicate_parameter() -> VenueError {
        VenueError::new(code::TOO_MANY_PARAMETERS, "Duplicate values for a parameter detected.")
    }

    pub fn missing_parameter(name: &str) -> VenueError {
        let text = format_args!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
        VenueError::new(code::MANDATORY_PARAM_EMPTY_OR_MALFORMED, text)
    }

    pub fn missing_either(one: &str, other: &str) -> VenueError {
        let text = format_args!("Param '{one}' or '{other}' must be sent, but both were empty/null!");
        VenueError::new(code::MANDATORY_PARAM_EMPTY_OR_MALFORMED, text)
    }

    pub fn unread_parameters(read: usize, sent: usize) -> VenueError {
        let text = format_args!("Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.");
        VenueError::new(code::UNREAD_PARAMETERS, text)
    }

    pub fn empty_parameter(name: &str) -> VenueError {
        VenueError::new(code::PARAM_EMPTY, format_args!("Parameter '{name}' was empty."))
    }

    pub fn not_required(name: &str) -> VenueError {
        VenueError::new(code::PARAM_NOT_REQUIRED, format_args!("Parameter '{name}' sent when not required."))
    }

    pub fn overflowed(name: &str) -> VenueError {
        VenueError::new(code::PARAM_OVERFLOW, format_args!("Parameter '{name}' overflowed."))
    }

    pub fn too_precise(name: &str) -> VenueError {
        VenueError::new(code::BAD_PRECISION, format_args!("Parameter '{name}' has too much precision."))
    }

    pub fn tif_not_required() -> VenueError {
        VenueError::new(code::TIF_NOT_REQUIRED, "TimeInForce parameter sent when not required.")
    }

    pub fn invalid_tif() -> VenueError {
        VenueError::new(code::INVALID_TIF, "Invalid timeInForce.")
    }

    pub fn invalid_order_type() -> VenueError {
        VenueError::new(code::INVALID_ORDER_TYPE, "Invalid orderType.")
    }

    pub fn invalid_side() -> VenueError {
        VenueError::new(code::INVALID_SIDE, "Invalid side.")
    }

    pub fn empty_new_client_order_id() -> VenueError {
        VenueError::new(code::EMPTY_NEW_CL_ORD_ID, "New client order ID was empty.")
    }

    pub fn empty_original_client_order_id() -> VenueError {
        VenueError::new(code::EMPTY_ORG_CL_ORD_ID, "Original client order ID was empty.")
    }

    pub fn bad_interval() -> VenueError {
        VenueError::new(code::BAD_INTERVAL, "Invalid interval.")
    }

    pub fn invalid_symbol() -> VenueError {
        VenueError::new(code::BAD_SYMBOL, "Invalid symbol.")
    }

    pub fn invalid_symbol_status() -> VenueError {
        VenueError::new(code::INVALID_SYMBOLSTATUS, "Invalid symbolStatus.")
    }

    pub fn symbol_status_mismatch() -> VenueError {
        let text = "The symbol's status does not match the requested symbolStatus.";
        VenueError::new(code::SYMBOL_DOES_NOT_MATCH_STATUS, text)
    }

    pub fn interval_too_long(hours: u32) -> VenueError {
        let text = format_args!("More than {hours} hours between startTime and endTime.");
        VenueError::new(code::MORE_THAN_XX_HOURS, text)
    }

    pub fn bad_combination() -> VenueError {
        VenueError::new(code::OPTIONAL_PARAMS_BAD_COMBO, "Combination of optional parameters invalid.")
    }

    pub fn invalid_parameter(name: &str) -> VenueError {
        VenueError::new(code::INVALID_PARAMETER, format_args!("Data sent for parameter '{name}' is not valid."))
    }

    pub fn invalid_json() -> VenueError {
        VenueError::new(code::INVALID_JSON, "Invalid JSON Request")
    }

    pub fn invalid_json_in(name: &str) -> VenueError {
        VenueError::new(code::INVALID_JSON, format_args!("JSON sent for parameter '{name}' is not valid"))
    }

    pub fn invalid_cancel_restrictions() -> VenueError {
        let text = "`cancelRestrictions` has to be either `ONLY_NEW` or `ONLY_PARTIALLY_FILLED`.";
        VenueError::new(code::INVALID_CANCEL_RESTRICTIONS, text)
    }

    pub fn duplicate_symbols() -> VenueError {
        VenueError::new(code::DUPLICATE_SYMBOLS, "Symbol is present multiple times in the list.")
    }

    pub fn invalid_time_unit() -> VenueError {
        let text = "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.";
        VenueError::new(code::INVALID_TIME_UNIT, text)
    }
}

/// Refused for the composition of an OCO.
impl VenueError {
    pub fn oco_type_not_supported() -> VenueError {
        VenueError::new(code::OCO_ORDER_TYPE_REJECTED, "Order type not supported in OCO.")
    }

    pub fn buy_oco_limit_must_be_below() -> VenueError {
        VenueError::new(code::BUY_OCO_LIMIT_MUST_BE_BELOW, "A limit order in a buy OCO must be below.")
    }

    pub fn sell_oco_limit_must_be_above() -> VenueError {
        VenueError::new(code::SELL_OCO_LIMIT_MUST_BE_ABOVE, "A limit order in a sell OCO must be above.")
    }

    pub fn oco_needs_a_contingent_leg() -> VenueError {
        VenueError::new(code::BOTH_OCO_ORDERS_CANNOT_BE_LIMIT, "At least one OCO order must be contingent.")
    }

    pub fn buy_oco_stop_loss_must_be_above() -> VenueError {
        VenueError::new(code::BUY_OCO_STOP_LOSS_MUST_BE_ABOVE, "A stop loss order in a buy OCO must be above.")
    }

    pub fn sell_oco_stop_loss_must_be_below() -> VenueError {
        VenueError::new(code::SELL_OCO_STOP_LOSS_MUST_BE_BELOW, "A stop loss order in a sell OCO must be below.")
    }

    pub fn buy_oco_take_profit_must_be_below() -> VenueError {
        VenueError::new(code::BUY_OCO_TAKE_PROFIT_MUST_BE_BELOW, "A take profit order in a buy OCO must be below.")
    }

    pub fn sell_oco_take_profit_must_be_above() -> VenueError {
        VenueError::new(code::SELL_OCO_TAKE_PROFIT_MUST_BE_ABOVE, "A take profit order in a sell OCO must be above.")
    }
}

/// Refused by the matching engine, or about things that are not there.
impl VenueError {
    /// -2010.
    pub fn order_rejected(refusal: Refusal) -> VenueError {
        VenueError::new(code::NEW_ORDER_REJECTED, refusal.text())
    }

    /// -2011.
    pub fn cancel_rejected(refusal: Refusal) -> VenueError {
        VenueError::new(code::CANCEL_REJECTED, refusal.text())
    }

    /// -2021 when one half of a cancelReplace succeeded, -2022 when none did; `data` tells of both.
    pub fn cancel_replace(halves: &ReplaceAnswer, one_succeeded: bool) -> VenueError {
        let error = match one_succeeded {
            true => VenueError::new(code::CANCEL_REPLACE_PARTLY_FAILED, "Order cancel-replace partially failed."),
            false => VenueError::new(code::CANCEL_REPLACE_FAILED, "Order cancel-replace failed."),
        };
        VenueError { data: serde_json::to_value(halves).ok().map(Box::new), ..error }
    }

    pub fn no_such_order() -> VenueError {
        VenueError::new(code::NO_SUCH_ORDER, "Order does not exist.")
    }

    /// `orderId` and `origClientOrderId` name two orders.
    pub fn client_order_id_mismatch() -> VenueError {
        VenueError::new(code::CLIENT_ORDER_ID_INVALID, "Client order ID is not correct for this order ID.")
    }

    pub fn subscription_active() -> VenueError {
        VenueError::new(code::SUBSCRIPTION_ACTIVE, "User Data Stream subscription already active.")
    }

    pub fn subscription_inactive() -> VenueError {
        VenueError::new(code::SUBSCRIPTION_INACTIVE, "User Data Stream subscription not active.")
    }

    pub fn no_reference_price() -> VenueError {
        VenueError::new(code::NO_REFERENCE_PRICE, "This symbol doesn't have a reference price.")
    }
}
