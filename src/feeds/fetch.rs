//! `Fetcher`: one question over HTTP, with every bound that a stranger's host calls for.
//!
//! Invariant: an answer is whole, of status 200 and within its size, or it is a `Trouble` of one sentence.
//! Absent on purpose: repeating a question; `poll` does.

use std::error::Error as _;
use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};

use super::address::{is_here, permitted, shown};
use super::tls;
use crate::domain::Span;

/// Places that a host may send us on to.
const MOST_REDIRECTS: usize = 4;
const AGENT: &str = concat!("kestrel/", env!("CARGO_PKG_VERSION"));

#[derive(Debug)]
pub struct Fetcher {
    /// For this machine, where no proxy stands between.
    near: reqwest::Client,
    far: reqwest::Client,
    limit: Duration,
    /// Bytes of an answer.
    most: usize,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error("{at} cannot be reached ({why})")]
    Unreachable { at: String, why: String },
    #[error("{at} gave no whole answer within {limit:?}")]
    Late { at: String, limit: Duration },
    #[error("{at} shows a certificate that is refused ({why}); check the address, and who stands between")]
    Certificate { at: String, why: String },
    #[error("{at} answers with status {status}{}", waiting(*retry_after))]
    Status { at: String, status: u16, retry_after: Option<Span> },
    #[error("{at} answers with more than {most} bytes")]
    TooLarge { at: String, most: usize },
    #[error("{at}: {why}")]
    Unreadable { at: String, why: String },
}

impl Fetcher {
    /// The error is a sentence.
    pub fn new(limit: Duration, most: usize) -> Result<Fetcher, String> {
        let client = |near: bool| {
            let builder = reqwest::Client::builder().tls_backend_preconfigured(tls::settings()?).user_agent(AGENT);
            let builder = builder.timeout(limit).redirect(Policy::custom(redirected));
            let builder = if near { builder.no_proxy() } else { builder };
            builder.build().map_err(|error| format!("the HTTP client cannot be built: {error}"))
        };
        Ok(Fetcher { near: client(true)?, far: client(false)?, limit, most })
    }

    pub async fn get(&self, url: &str) -> Result<Vec<u8>, Trouble> {
        let at = || shown(url).to_owned();
        let parsed = reqwest::Url::parse(url).map_err(|error| error.to_string()).and_then(|parsed| {
            permitted(&parsed)?;
            Ok(parsed)
        });
        let parsed = parsed.map_err(|why| Trouble::Unreadable { at: at(), why })?;
        let client = if is_here(&parsed) { &self.near } else { &self.far };
        let mut response = client.get(parsed).send().await.map_err(|error| self.trouble(url, &error))?;
        let status = response.status().as_u16();
        if status != 200 {
            let named =
                response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
            let retry_after = named.map(|seconds: u32| Span::from_seconds(i64::from(seconds)));
            return Err(Trouble::Status { at: at(), status, retry_after });
        }
        let stated = response.content_length().unwrap_or_default();
        if stated > self.most as u64 {
            return Err(Trouble::TooLarge { at: at(), most: self.most });
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.trouble(url, &error))? {
            if body.len() + chunk.len() > self.most {
                return Err(Trouble::TooLarge { at: at(), most: self.most });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn trouble(&self, url: &str, error: &reqwest::Error) -> Trouble {
        let at = shown(url).to_owned();
        if let Some(why) = refused_certificate(error) {
            return Trouble::Certificate { at, why };
        }
        if error.is_timeout() {
            return Trouble::Late { at, limit: self.limit };
        }
        let why = last_cause(error);
        if error.is_connect() { Trouble::Unreachable { at, why } } else { Trouble::Unreadable { at, why } }
    }
}

impl Trouble {
    /// How long the host asks us to wait.
    pub fn retry_after(&self) -> Option<Span> {
        match self {
            Trouble::Status { retry_after, .. } => *retry_after,
            Trouble::Unreachable { .. }
            | Trouble::Late { .. }
            | Trouble::Certificate { .. }
            | Trouble::TooLarge { .. }
            | Trouble::Unreadable { .. } => None,
        }
    }

    /// Whether the host wants no further question now.
    pub fn is_limit(&self) -> bool {
        matches!(self, Trouble::Status { status: 418 | 429 | 503, .. })
    }
}

/// A redirect leads only where a person might have sent us.
fn redirected(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    if attempt.previous().len() > MOST_REDIRECTS {
        return attempt.error(format!("it redirects more than {MOST_REDIRECTS} times"));
    }
    match permitted(attempt.url()) {
        Ok(()) => attempt.follow(),
        Err(why) => attempt.error(format!("it redirects, and {why}")),
    }
}

fn refused_certificate(error: &reqwest::Error) -> Option<String> {
    let mut cause = error.source();
    while let Some(found) = cause {
        if let Some(refusal @ rustls::Error::InvalidCertificate(_)) = found.downcast_ref::<rustls::Error>() {
            return Some(refusal.to_string());
        }
        // An input/output error hides what it wraps, perhaps another one, from the chain of sources.
        cause = match found.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => found.source(),
        };
    }
    None
}

/// reqwest's own line names only the address, with its query; the last cause says what happened.
fn last_cause(error: &reqwest::Error) -> String {
    let mut text = "the connection broke".to_owned();
    let mut cause = error.source();
    while let Some(found) = cause {
        text = found.to_string();
        cause = found.source();
    }
    text
}

fn waiting(retry_after: Option<Span>) -> String {
    retry_after.map_or_else(String::new, |span| format!(" and asks to wait {} s", span.0 / Span::SECOND.0))
}
