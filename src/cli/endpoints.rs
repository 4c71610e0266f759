//! `Endpoints`: the addresses and keys of an exchange that already runs.
//!
//! Invariant: without the cargo feature `venue` every host is this machine; the secret is never printed.
//! Absent on purpose: any default address of Binance.

use std::fmt;
use std::net::IpAddr;

use super::failure::Failure;

pub const KEY_VARIABLE: &str = "KESTREL_API_KEY";
pub const SECRET_VARIABLE: &str = "KESTREL_API_SECRET";

/// Where and as whom to trade.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoints {
    pub rest_url: String,
    pub stream_url: String,
    pub ws_api_url: String,
    pub api_key: String,
    pub api_secret: String,
}

impl Endpoints {
    /// All three addresses and both variables, or none: `None` then, and the run starts its own exchange.
    pub fn find(
        urls: [Option<&str>; 3],
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Endpoints>, Failure> {
        let (rest, stream, ws_api) = match urls {
            [None, None, None] => return Ok(None),
            [Some(rest), Some(stream), Some(ws_api)] => (rest, stream, ws_api),
            [_, _, _] => {
                let text = "--rest-url, --stream-url and --ws-api-url belong together; give all three or none";
                return Err(Failure::Usage(text.into()));
            }
        };
        check("--rest-url", rest, ["http://", "https://"])?;
        check("--stream-url", stream, ["ws://", "wss://"])?;
        check("--ws-api-url", ws_api, ["ws://", "wss://"])?;
        let needed = |name: &str| {
            let value = variable(name).filter(|value| !value.is_empty());
            let text = "is not set; an exchange at --rest-url needs KESTREL_API_KEY and KESTREL_API_SECRET";
            value.ok_or_else(|| Failure::Usage(format!("the variable {name} {text}")))
        };
        Ok(Some(Endpoints {
            rest_url: rest.trim_end_matches('/').into(),
            stream_url: stream.trim_end_matches('/').into(),
            ws_api_url: ws_api.trim_end_matches('/').into(),
            api_key: needed(KEY_VARIABLE)?,
            api_secret: needed(SECRET_VARIABLE)?,
        }))
    }
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoints({}, {}, {}, keys hidden)", self.rest_url, self.stream_url, self.ws_api_url)
    }
}

fn check(option: &str, url: &str, schemes: [&str; 2]) -> Result<(), Failure> {
    let Some(rest) = schemes.iter().find_map(|scheme| url.strip_prefix(scheme)) else {
        let [plain, secure] = schemes;
        return Err(Failure::Usage(format!("{option} is {url:?}, allowed is a URL with {plain} or {secure}")));
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() || authority.contains('@') {
        return Err(Failure::Usage(format!("{option} is {url:?}, allowed is a host and port such as 127.0.0.1:8080")));
    }
    if is_loopback(authority) || cfg!(feature = "venue") {
        return Ok(());
    }
    Err(Failure::Refused(format!(
        "{option} is {url:?}, but this build trades with exchanges on this machine only; use 127.0.0.1"
    )))
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{Endpoints, is_loopback};

    const LOCAL: [Option<&str>; 3] =
        [Some("http://127.0.0.1:1/"), Some("ws://localhost:2"), Some("ws://[::1]:3/ws-api/v3")];

    #[test]
    fn only_this_machine_counts_as_loopback() {
        for host in ["127.0.0.1", "127.0.0.1:80", "localhost:9", "[::1]:80", "127.9.9.9"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["api.binance.com", "127.0.0.1.example.com", "10.0.0.1:80", "[2001:db8::1]", "localhost.example"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn addresses_and_keys_come_together_or_not_at_all() {
        let keys = |name: &str| Some(name.to_lowercase());
        assert_eq!(Endpoints::find([None; 3], keys), Ok(None));
        let found = Endpoints::find(LOCAL, keys).expect("legal").expect("given");
        assert_eq!((found.rest_url.as_str(), found.api_secret.as_str()), ("http://127.0.0.1:1", "kestrel_api_secret"));
        assert!(!format!("{found:?}").contains("kestrel_api"));
        assert_eq!(Endpoints::find([LOCAL[0], None, LOCAL[2]], keys).map_err(|f| f.status()), Err(2));
        assert_eq!(Endpoints::find(LOCAL, |_| None).map_err(|f| f.status()), Err(2));
        assert_eq!(Endpoints::find([Some("127.0.0.1"), LOCAL[1], LOCAL[2]], keys).map_err(|f| f.status()), Err(2));
    }

    #[cfg(not(feature = "venue"))]
    #[test]
    fn a_host_elsewhere_is_refused() {
        let away = [Some("https://api.binance.com"), LOCAL[1], LOCAL[2]];
        assert_eq!(Endpoints::find(away, |_| Some("k".into())).map_err(|f| f.status()), Err(5));
    }
}
