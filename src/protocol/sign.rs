//! HMAC-SHA256 signatures of REST and WebSocket API requests: made by the client, checked by the local exchange.
//!
//! Invariant: over REST the signed bytes are the sent bytes; over the WebSocket API they are the sorted raw values.
//! Absent on purpose: Ed25519 and RSA keys, and the check of `timestamp` (the exchange has the clock).
//! Source: Binance spot API docs, rest-api.md and web-socket-api.md, "SIGNED request example (HMAC)".

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::errors::VenueError;
use super::params::{Params, decode, hex_digit};

/// The secret half of an API key. It can sign and check, and can neither be printed nor read back.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

impl Secret {
    pub fn new(text: &str) -> Secret {
        // HMAC hashes keys longer than a block and pads shorter ones: every length is a key.
        Secret(Hmac::new_from_slice(text.as_bytes()).expect("HMAC takes a key of any length"))
    }

    /// Lower-case hex of HMAC-SHA256 over the payload.
    pub fn sign(&self, payload: &str) -> String {
        let tag = self.0.clone().chain_update(payload.as_bytes()).finalize().into_bytes();
        tag.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// True when `signature` is the hex (of either case) of the payload's HMAC. Constant time in the signature's bytes.
    pub fn verify(&self, payload: &str, signature: &str) -> bool {
        let Some(tag) = parse_hex(signature) else { return false };
        self.0.clone().chain_update(payload.as_bytes()).verify_slice(&tag).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What a REST request signs: query and body joined with no separator.
pub fn rest_payload(query: &str, body: &str) -> String {
    format!("{query}{body}")
}

/// The signed query string of a REST request, to be sent as it stands: no client may encode it again.
pub fn signed_query(secret: &Secret, params: &Params) -> String {
    let query = params.to_query();
    let signature = secret.sign(&query);
    let separator = if query.is_empty() { "" } else { "&" };
    format!("{query}{separator}signature={signature}")
}

/// Adds the signature to the params of a WebSocket API request; `apiKey` and `timestamp` must be among them.
pub fn sign_ws(secret: &Secret, params: &mut Params) {
    let signature = secret.sign(&params.sorted_raw());
    params.push("signature", signature);
}

/// Checks a REST request by its raw query and body. The `signature` pair is taken out wherever it stands,
/// the rest is verified in the order and the encoding in which it came.
/// Errors: -1102 without a signature, -1101 with two in one part, -1022 when it does not fit.
pub fn verify_rest(secret: &Secret, query: &str, body: &str) -> Result<(), VenueError> {
    let (query, in_query) = take_signature(query)?;
    let (body, in_body) = take_signature(body)?;
    let signature = in_query.or(in_body).ok_or_else(|| VenueError::missing_parameter("signature"))?;
    accept(secret.verify(&rest_payload(&query, &body), &decode(&signature)?))
}

/// Checks the params of a WebSocket API request: over the sorted raw values as documented,
/// or over their percent-encoded form (spaces as `%20` or `+`), which Binance's Python SDK signs.
/// Errors: -1102 without a signature, -1022 when it does not fit.
pub fn verify_ws(secret: &Secret, params: &Params) -> Result<(), VenueError> {
    let signature = params.require("signature")?;
    let encoded = params.sorted_query();
    let forms = [params.sorted_raw(), encoded.replace("%20", "+"), encoded];
    accept(forms.iter().any(|payload| secret.verify(payload, signature)))
}

fn accept(fits: bool) -> Result<(), VenueError> {
    if fits { Ok(()) } else { Err(VenueError::invalid_signature()) }
}

/// The raw text without its `signature` pair, and that pair's value.
fn take_signature(raw: &str) -> Result<(String, Option<String>), VenueError> {
    let is_signature = |pair: &&str| pair.split('=').next() == Some("signature");
    let mut signatures = raw.split('&').filter(is_signature);
    let signature = signatures.next().map(|pair| pair.split_once('=').map_or("", |(_, value)| value).to_owned());
    if signatures.next().is_some() {
        return Err(VenueError::duplicate_parameter());
    }
    let rest: Vec<&str> = raw.split('&').filter(|pair| !is_signature(pair)).collect();
    Ok((rest.join("&"), signature.filter(|value| !value.is_empty())))
}

fn parse_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(hex_digit(pair.first()?)? << 4 | hex_digit(pair.get(1)?)?)).collect()
}
