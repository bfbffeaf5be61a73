//! The certificate of the HTTP side: from PEM files, or made at the start and kept in memory.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The chain's file.
    #[error("a PEM file with a certificate: {0}")]
    Chain(#[source] rustls::pki_types::pem::Error),
    /// The chain's file holds none.
    #[error("a PEM file with a certificate: there is none in it")]
    EmptyChain,
    /// The key's file.
    #[error("a PEM file with a private key: {0}")]
    Key(#[source] rustls::pki_types::pem::Error),
    /// The two do not go together, or are of a kind that cannot be used.
    #[error("the private key of the certificate in tls.cert: {0}")]
    Pair(#[source] rustls::Error),
    /// One cannot be made.
    #[error("false: a certificate cannot be made: {0}")]
    Make(#[source] rcgen::Error),
}

/// Reads a chain and its key from PEM files.
///
/// # Errors
/// Either file is missing or not PEM, or the key is not the certificate's.
pub fn from_files(chain: &Path, key: &Path) -> Result<Arc<ServerConfig>, CertificateError> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect)
        .map_err(CertificateError::Chain)?;
    if chain.is_empty() {
        return Err(CertificateError::EmptyChain);
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(CertificateError::Key)?;
    server_config(chain, key)
}

/// Makes a certificate for `localhost`, loopback and these addresses.
///
/// # Errors
/// The system gives no random numbers.
pub fn self_signed(addresses: &[IpAddr]) -> Result<Arc<ServerConfig>, CertificateError> {
    let mut names = ["localhost", "127.0.0.1", "::1"]
        .map(str::to_owned)
        .to_vec();
    names.extend(addresses.iter().map(IpAddr::to_string));
    let made = rcgen::generate_simple_self_signed(names).map_err(CertificateError::Make)?;
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    server_config(vec![made.cert.der().clone()], key.into())
}

fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, CertificateError> {
    // Named, since a process may link several providers and then has no default.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(CertificateError::Pair)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(CertificateError::Pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
