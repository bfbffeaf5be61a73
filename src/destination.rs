//! [`Destination`]: an http or https URL that this server posts to by itself, and a connection there.
//!
//! It follows no redirect and knows no proxy: whoever asks sets the deadline.

use std::io;
use std::sync::Arc;

use http_body_util::Full;
use hyper::Uri;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A connection that waits for a request.
pub type Connection = SendRequest<Full<Bytes>>;

/// Where requests go.
#[derive(Clone)]
pub struct Destination {
    host: String,
    port: u16,
    authority: String,
    path: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// Why a URL is none.
#[derive(thiserror::Error, Debug)]
pub enum DestinationError {
    /// Not http or https, or without a host.
    #[error("{0:?} is no address, as https://host/path")]
    Url(String),
    /// The system trusts nobody, or its TLS cannot be used.
    #[error("this machine knows whom to trust by https: {0}")]
    Trust(String),
}

/// Why there is no connection.
#[derive(thiserror::Error, Debug)]
pub enum ConnectError {
    /// The system, or TLS.
    #[error("it cannot be reached: {0}")]
    Reach(#[from] io::Error),
    /// HTTP.
    #[error("its connection broke: {0}")]
    Http(#[from] hyper::Error),
}

impl Destination {
    /// Reads a URL.
    ///
    /// # Errors
    /// It is no http or https URL, or nobody is trusted by https.
    pub fn read(url: &str) -> Result<Self, DestinationError> {
        let wrong = || DestinationError::Url(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let host = uri.host().ok_or_else(wrong)?;
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let (tls, usual) = match uri.scheme_str() {
            Some("http") => (None, 80),
            Some("https") => {
                let name = ServerName::try_from(host.clone()).map_err(|_| wrong())?;
                (Some((TlsConnector::from(trust()?), name)), 443)
            }
            _ => return Err(wrong()),
        };
        Ok(Self {
            host,
            port: uri.port_u16().unwrap_or(usual),
            authority: uri.authority().map(ToString::to_string).unwrap_or_default(),
            path: uri
                .path_and_query()
                .map_or("/", |path| path.as_str())
                .to_owned(),
            tls,
        })
    }

    /// Its host, which is all of it that may be logged.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// What the `Host` of a request says.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Path and query.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// It cannot be reached, or is not who it should be.
    pub async fn connect(&self) -> Result<Connection, ConnectError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        match self.tls.clone() {
            Some((tls, name)) => {
                let stream = tls.connect(name, stream).await?;
                let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
                tokio::spawn(connection);
                Ok(sender)
            }
            None => {
                let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
                tokio::spawn(connection);
                Ok(sender)
            }
        }
    }
}

/// Whom this machine's system believes.
fn trust() -> Result<Arc<ClientConfig>, DestinationError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(DestinationError::Trust("it has no certificates".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| DestinationError::Trust(error.to_string()))?;
    Ok(Arc::new(
        config.with_root_certificates(roots).with_no_client_auth(),
    ))
}
