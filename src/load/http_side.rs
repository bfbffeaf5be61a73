//! Connects to the server's HTTP side: a WebSocket for each visitor, and a look at its metrics.

use std::io;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::LoadError;
use super::address::{Address, Security};
use super::trust::Trust;
use crate::private::Private;

/// The server's HTTP side; cheap to clone.
#[derive(Clone)]
pub struct HttpSide {
    address: Address,
    /// How to speak TLS with whom, if it is https.
    tls: Option<(TlsConnector, ServerName<'static>)>,
    /// What every visitor brings, where the server asks for one.
    token: Option<Private<String>>,
}

/// A connection, in clear or by TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// One visitor's WebSocket.
pub(super) type Socket = WebSocketStream<Box<dyn Stream>>;

const PATIENCE: Duration = Duration::from_secs(2);
/// A server's metrics are a few thousand bytes.
const METRICS_BYTES: usize = 1 << 20;

impl HttpSide {
    /// Where the url says; connects to nothing yet. `trust` matters to https only.
    ///
    /// # Errors
    /// [`LoadError::BadUrl`], [`LoadError::NoTrust`].
    pub fn of(url: &str, trust: Trust) -> Result<Self, LoadError> {
        let address = Address::parse(url)?;
        let tls = match address.security {
            Security::None => None,
            Security::Tls => {
                let name = ServerName::try_from(address.host.clone());
                let name = name.map_err(|_| LoadError::BadUrl(url.to_owned()))?;
                Some((TlsConnector::from(trust.config()?), name))
            }
        };
        Ok(Self {
            address,
            tls,
            token: None,
        })
    }

    /// The same, where every visitor brings this access token.
    #[must_use]
    pub fn bringing(mut self, token: Option<Private<String>>) -> Self {
        self.token = token;
        self
    }

    /// The access token that every visitor brings.
    pub(super) fn token(&self) -> Option<Private<String>> {
        self.token.clone()
    }

    /// A visitor's way to say something.
    pub(super) async fn websocket(&self) -> Result<Socket, String> {
        let stream = self.connect().await.map_err(|error| error.to_string())?;
        // What is told about security in the request is nobody's business behind the connection.
        let url = format!("ws://{}/v1/signal", self.address.authority());
        let (socket, _) = client_async(url, stream)
            .await
            .map_err(|error| error.to_string())?;
        Ok(socket)
    }

    /// The text of `/metrics`. `None` where there is none in time.
    pub(super) async fn metrics(&self) -> Option<String> {
        let (status, text) = self.get("/metrics").await?;
        (status == 200).then_some(text)
    }

    /// The status and the text of a page. `None` where there is no answer in time.
    pub async fn get(&self, path: &str) -> Option<(u16, String)> {
        let asking = tokio::time::timeout(PATIENCE, self.ask(path));
        asking.await.ok().flatten()
    }

    async fn ask(&self, path: &str) -> Option<(u16, String)> {
        let stream = self.connect().await.ok()?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        let conversation = async {
            let request = Request::get(path)
                .header(header::HOST, self.address.authority())
                .body(Empty::<Bytes>::new())
                .ok()?;
            let answer = sender.send_request(request).await.ok()?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), METRICS_BYTES);
            let body = body.collect().await.ok()?.to_bytes();
            Some((status, String::from_utf8(body.to_vec()).ok()?))
        };
        tokio::pin!(conversation, connection);
        tokio::select! {
            text = &mut conversation => text,
            // All may have been read when the server hangs up.
            _ = &mut connection => conversation.await,
        }
    }

    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let Address { host, port, .. } = &self.address;
        let stream = TcpStream::connect((host.as_str(), *port)).await?;
        stream.set_nodelay(true)?;
        match self.tls.clone() {
            Some((tls, name)) => Ok(Box::new(tls.connect(name, stream).await?)),
            None => Ok(Box::new(stream)),
        }
    }
}
