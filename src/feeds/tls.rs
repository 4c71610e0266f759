//! TLS as this room uses it: rustls with ring and the roots of webpki.
//!
//! Invariant: a certificate that no root vouches for is refused.
//! Absent on purpose: the system's store of roots, which containers often lack, and a way to switch checking off.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// The error is a sentence.
pub(super) fn settings() -> Result<ClientConfig, String> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| format!("TLS cannot be set up: {error}"))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
