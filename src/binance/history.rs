//! `History`: public klines of the past, page by page.
//!
//! Invariant: nothing signed leaves here, so any host may be asked; each call passes the turnstile of the request weight.
//! Absent on purpose: order entry, keys, and what is kept of the answers (`store`).
//! Source: rest-api.md, "Kline/Candlestick data" (weight 2, at most 1,000 rows).

use super::credentials::Credentials;
use super::endpoints::{Address, EndpointError};
use super::error::Error;
use super::rest::Rest;
use crate::domain::{Symbol, Time};
use crate::protocol::messages::rest::KlineRow;

/// Times of the rows are in milliseconds.
#[derive(Debug)]
pub struct History {
    rest: Rest,
    url: String,
}

/// Why no history can be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Address(#[from] EndpointError),
    #[error(transparent)]
    Client(#[from] Error),
}

impl History {
    /// Of the venue at `http://HOST:PORT`.
    pub fn open(rest_url: &str) -> Result<History, OpenError> {
        let address = Address::reading(rest_url)?;
        let url = address.url("");
        // The calls made here are not signed.
        let rest = Rest::at(address, Credentials::new("", ""))?;
        Ok(History { rest, url })
    }

    /// The address that is asked.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The venue's clock.
    pub async fn time(&mut self) -> Result<Time, Error> {
        self.rest.time().await
    }

    /// Minute rows from `from` on that open before `to`, oldest first, at most 1,000; the last may still be forming.
    pub async fn page(&mut self, symbol: &Symbol, from: Time, to: Time) -> Result<Vec<KlineRow>, Error> {
        self.rest.kline_rows(symbol, from, to).await
    }
}
