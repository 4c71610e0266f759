//! `Credentials`: the API key and the secret that signs.
//!
//! Invariant: neither half can be printed.
//! Absent on purpose: where they come from (`secrets`, the command line) and Ed25519 keys.

use std::fmt;

use crate::domain::Time;
use crate::protocol::Params;
use crate::protocol::sign::{Secret, sign_ws, signed_query};

/// Milliseconds for which a signed request is good; Binance's default, which it also recommends as the most.
const RECV_WINDOW_MS: u32 = 5_000;

#[derive(Clone)]
pub struct Credentials {
    key: String,
    secret: Secret,
}

impl Credentials {
    pub fn new(api_key: &str, api_secret: &str) -> Credentials {
        Credentials { key: api_key.to_owned(), secret: Secret::new(api_secret) }
    }

    /// For the header `X-MBX-APIKEY`.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The query of a signed REST request, to be sent as it stands.
    pub(super) fn rest_query(&self, mut params: Params, now: Time) -> String {
        params.push("recvWindow", RECV_WINDOW_MS);
        params.push("timestamp", now.millis());
        signed_query(&self.secret, &params)
    }

    /// The params of a signed WebSocket API request.
    pub(super) fn ws_params(&self, mut params: Params, now: Time) -> Params {
        params.push("apiKey", &self.key);
        params.push("recvWindow", RECV_WINDOW_MS);
        params.push("timestamp", now.millis());
        sign_ws(&self.secret, &mut params);
        params
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}
