//! `Archive`: files of the public archive of past klines, or of a mirror of it.
//!
//! Invariant: nothing signed leaves here, so any host may be asked; a file comes whole or not at all.
//! Absent on purpose: what is in the files (`store::archive`), their checksums, and where they are kept.
//! Source: github.com/binance/binance-public-data (paths, `.CHECKSUM` beside each file).

use std::time::Duration;

use reqwest::StatusCode;

use super::backoff::Backoff;
use super::endpoints::{Address, EndpointError};
use super::error::Error;
use super::history::OpenError;
use super::rest::sources;
use crate::domain::{Seed, Span};

/// Longest wait for one file.
const FILE_LIMIT: Duration = Duration::from_secs(120);
/// A month of minutes is about three megabytes.
const MOST_BYTES: usize = 256 << 20;
const ATTEMPTS: u32 = 4;

#[derive(Debug)]
pub struct Archive {
    client: reqwest::Client,
    base: Address,
}

impl Archive {
    /// At `http://HOST:PORT`, with the folders of the public archive below.
    pub fn open(url: &str) -> Result<Archive, OpenError> {
        let base = Address::reading(url).map_err(named_archive)?;
        let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let builder = builder.tls_backend_preconfigured(super::tls::settings().map_err(Error::Fatal)?);
        let built = builder.timeout(FILE_LIMIT).build();
        let client = built.map_err(|error| Error::Fatal(format!("the HTTP client cannot be built: {error}")))?;
        Ok(Archive { client, base })
    }

    /// The address that is asked.
    pub fn url(&self) -> String {
        self.base.url("")
    }

    /// The file at this path below the address; `None` when the archive has none of this name.
    pub async fn file(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let mut backoff = Backoff::new(Span::from_millis(500), Span::from_seconds(8), Seed(0), "archive");
        let mut attempt = 1;
        loop {
            match self.attempt(path).await {
                Err(Error::Retry { .. }) if attempt < ATTEMPTS => {
                    attempt += 1;
                    tokio::time::sleep(backoff.pause().to_duration()).await;
                }
                answered => return answered,
            }
        }
    }

    async fn attempt(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let url = self.base.url(path);
        let lost = |error: reqwest::Error| Error::unreachable("the archive", sources(&error));
        let mut response = self.client.get(&url).send().await.map_err(lost)?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                return Err(Error::unreachable("the archive", format!("{url} was answered with {status}")));
            }
            status => return Err(Error::Fatal(format!("the archive refused {url} with {status}"))),
        }
        let mut bytes = Vec::new();
        while let Some(part) = response.chunk().await.map_err(lost)? {
            bytes.extend_from_slice(&part);
            if bytes.len() > MOST_BYTES {
                return Err(Error::Fatal(format!(
                    "{url} is larger than {MOST_BYTES} bytes, which is no month of klines"
                )));
            }
        }
        Ok(Some(bytes))
    }
}

fn named_archive(error: EndpointError) -> EndpointError {
    match error {
        EndpointError::NotAnAddress { scheme, found, .. } => {
            EndpointError::NotAnAddress { name: "archive", scheme, found }
        }
        EndpointError::Encrypted { scheme, found, .. } => EndpointError::Encrypted { name: "archive", scheme, found },
        EndpointError::Elsewhere { found, .. } => EndpointError::Elsewhere { name: "archive", found },
    }
}
