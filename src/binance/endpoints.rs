//! `Endpoints`: the three base addresses of a venue.
//!
//! Invariant: without the cargo feature `venue` every address is a loopback IP; no other `Endpoints` can be made.
//! Absent on purpose: addresses of Binance, and TLS: `https` and `wss` are refused until a build speaks them.

use std::fmt;
use std::net::IpAddr;

/// Where REST, market streams and the WebSocket API are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    pub(super) rest: Address,
    pub(super) streams: Address,
    pub(super) ws_api: Address,
}

/// A host, a port and a path prefix without its last slash.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    scheme: &'static str,
    /// Without brackets.
    pub host: String,
    pub port: u16,
    path: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    #[error("the {name} address is {found:?}, allowed is {scheme}://HOST:PORT such as {scheme}://127.0.0.1:8080")]
    NotAnAddress { name: &'static str, scheme: &'static str, found: String },
    #[error("the {name} address is {found:?}, but this build speaks no TLS; use {scheme}://")]
    Encrypted { name: &'static str, scheme: &'static str, found: String },
    #[error("the {name} address is {found:?}, but this build trades with venues on this machine only; use 127.0.0.1")]
    Elsewhere { name: &'static str, found: String },
}

/// Where the WebSocket API is when its address has no path.
const WS_API_PATH: &str = "/ws-api/v3";

impl Endpoints {
    /// Addresses on this machine: `http://127.0.0.1:PORT`, `ws://127.0.0.1:PORT`, `ws://127.0.0.1:PORT/ws-api/v3`.
    /// `localhost` becomes 127.0.0.1, so that no resolver can send it elsewhere.
    pub fn loopback(rest: &str, streams: &str, ws_api: &str) -> Result<Endpoints, EndpointError> {
        let mut endpoints = Endpoints::parse(rest, streams, ws_api)?;
        let named = [
            ("REST", rest, &mut endpoints.rest),
            ("market stream", streams, &mut endpoints.streams),
            ("WebSocket API", ws_api, &mut endpoints.ws_api),
        ];
        for (name, found, address) in named {
            if address.host == "localhost" {
                address.host = "127.0.0.1".to_owned();
            }
            if !address.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()) {
                return Err(EndpointError::Elsewhere { name, found: found.to_owned() });
            }
        }
        Ok(endpoints)
    }

    /// Any host.
    #[cfg(feature = "venue")]
    pub fn venue(rest: &str, streams: &str, ws_api: &str) -> Result<Endpoints, EndpointError> {
        Endpoints::parse(rest, streams, ws_api)
    }

    fn parse(rest: &str, streams: &str, ws_api: &str) -> Result<Endpoints, EndpointError> {
        let mut endpoints = Endpoints {
            rest: Address::parse("REST", "http", rest)?,
            streams: Address::parse("market stream", "ws", streams)?,
            ws_api: Address::parse("WebSocket API", "ws", ws_api)?,
        };
        if endpoints.ws_api.path.is_empty() {
            endpoints.ws_api.path = WS_API_PATH.to_owned();
        }
        Ok(endpoints)
    }
}

impl Address {
    /// An address to read public market data from, on any host: nothing signed is ever sent there.
    pub fn reading(text: &str) -> Result<Address, EndpointError> {
        let mut address = Address::parse("REST", "http", text)?;
        if address.host == "localhost" {
            address.host = "127.0.0.1".to_owned();
        }
        Ok(address)
    }

    fn parse(name: &'static str, scheme: &'static str, text: &str) -> Result<Address, EndpointError> {
        let wrong = || EndpointError::NotAnAddress { name, scheme, found: text.to_owned() };
        let (found_scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        if found_scheme.strip_suffix('s') == Some(scheme) {
            return Err(EndpointError::Encrypted { name, scheme, found: text.to_owned() });
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if found_scheme != scheme || text.contains(['@', '?', '#']) || text.contains(char::is_whitespace) {
            return Err(wrong());
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(bracketed) => bracketed.split_once(']').ok_or_else(wrong)?,
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let port = match port.strip_prefix(':') {
            Some(digits) => digits.parse().map_err(|_| wrong())?,
            None if port.is_empty() => 80,
            None => return Err(wrong()),
        };
        if host.is_empty() {
            return Err(wrong());
        }
        Ok(Address { scheme, host: host.to_owned(), port, path: path.trim_end_matches('/').to_owned() })
    }

    /// The whole URL with `rest` (a path, a query) at its end.
    pub fn url(&self, rest: &str) -> String {
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        format!("{}://{open}{}{close}:{}{}{rest}", self.scheme, self.host, self.port, self.path)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url(""))
    }
}

#[cfg(test)]
mod tests {
    use super::{EndpointError, Endpoints};

    const REST: &str = "http://127.0.0.1:1";
    const STREAMS: &str = "ws://localhost:2/";
    const WS_API: &str = "ws://[::1]:3";

    #[test]
    fn loopback_addresses_in_every_writing_are_taken() {
        let endpoints = Endpoints::loopback(REST, STREAMS, WS_API).expect("all three are loopback");
        assert_eq!(endpoints.rest.url("/api/v3/time"), "http://127.0.0.1:1/api/v3/time");
        assert_eq!(endpoints.streams.url("/stream"), "ws://127.0.0.1:2/stream");
        assert_eq!(endpoints.ws_api.url(""), "ws://[::1]:3/ws-api/v3");
    }

    #[test]
    fn every_other_host_is_refused() {
        for host in
            ["http://api.binance.com", "http://127.0.0.1.example.com:80", "http://10.0.0.1:80", "http://[2001:db8::1]"]
        {
            let refused = Endpoints::loopback(host, STREAMS, WS_API);
            assert!(matches!(refused, Err(EndpointError::Elsewhere { .. })), "{host}: {refused:?}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_with_what_is_allowed() {
        for text in
            ["127.0.0.1:80", "ws://127.0.0.1", "http://", "http://127.0.0.1:port", "http://me@127.0.0.1", "http://[::1"]
        {
            let refused = Endpoints::loopback(text, STREAMS, WS_API);
            assert!(matches!(refused, Err(EndpointError::NotAnAddress { .. })), "{text}: {refused:?}");
        }
        let refused = Endpoints::loopback("https://127.0.0.1", STREAMS, WS_API);
        assert!(matches!(refused, Err(EndpointError::Encrypted { .. })));
    }
}
