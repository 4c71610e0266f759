//! TLS as this room uses it: rustls with ring and the roots of webpki.
//!
//! Invariant: a certificate that no root vouches for is refused.
//! Absent on purpose: the system's store of roots, which containers often lack, and a way to switch checking off.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// The error is a sentence.
pub(super) fn settings() -> Result<ClientConfig, String> {
    trusting(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
}

fn trusting(roots: RootCertStore) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| format!("TLS cannot be set up: {error}"))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::ServerConfig;
    use rustls::pki_types::{PrivateKeyDer, ServerName};
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    /// A handshake in memory with a host of this name, vouched for or not.
    async fn shake_hands(is_vouched_for: bool) -> Result<(), String> {
        let host = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(host.signing_key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![host.cert.der().clone()], key)
            .expect("a server");
        let mut roots = RootCertStore::empty();
        if is_vouched_for {
            roots.add(host.cert.der().clone()).expect("a root");
        }
        let client = if is_vouched_for { trusting(roots) } else { settings() }.expect("settings");
        let (near, far) = tokio::io::duplex(1 << 16);
        let name = ServerName::try_from("localhost").expect("a name");
        let accepted = TlsAcceptor::from(Arc::new(server)).accept(far);
        let (client, _) = tokio::join!(TlsConnector::from(Arc::new(client)).connect(name, near), accepted);
        client.map(drop).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_host_that_a_root_vouches_for_is_accepted_and_no_other() {
        assert_eq!(shake_hands(true).await, Ok(()));
        assert!(shake_hands(false).await.expect_err("refused").contains("certificate"));
    }
}
