//! The listener of the HTTP side: accepts connections, so many at once, each held to its time.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum_server::accept::{Accept, DefaultAcceptor};
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{AddrListener, Address};
use hyper_util::rt::TokioTimer;
use metrics::{Counter, Gauge};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Sleep;

use crate::config::Http;
use crate::metrics as table;

/// How long a connection may take to its first request after the server has stopped accepting.
const LATE_REQUESTS: Duration = Duration::from_secs(1);

/// Stops a listener; cheap to clone.
#[derive(Clone, Debug)]
pub struct ListenerHandle {
    server: axum_server::Handle<Visitor>,
    accepts: watch::Sender<bool>,
    places: Arc<Semaphore>,
    connections: u32,
}

impl ListenerHandle {
    /// Accepts no more: whoever else has the socket does. Those who are connected are answered, also whoever
    /// has not asked yet.
    pub fn stop_accepting(&self) {
        self.accepts.send_replace(false);
        let server = self.server.clone();
        tokio::spawn(async move {
            tokio::time::sleep(LATE_REQUESTS).await;
            server.graceful_shutdown(None);
        });
    }

    /// Accepts no more, and returns when every connection is gone or the time is over.
    pub async fn close(&self, within: Duration) {
        if !*self.accepts.borrow() {
            tokio::time::sleep(LATE_REQUESTS).await;
        }
        self.server.graceful_shutdown(Some(within));
        // The server does not know of WebSockets any more, but each holds its place.
        let all_gone = self.places.acquire_many(self.connections);
        let _ = tokio::time::timeout(within, all_gone).await;
        // One that has stopped accepting before waits for its connections without an end.
        self.server.shutdown();
    }
}

/// A bound socket and everything that a connection is held to.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    certificate: Option<Arc<ServerConfig>>,
    limit: Limit,
    header_timeout: Duration,
    handle: ListenerHandle,
}

impl Listener {
    /// Around a bound socket; with a certificate it speaks TLS.
    pub fn new(socket: TcpListener, certificate: Option<Arc<ServerConfig>>, http: &Http) -> Self {
        let limit = Limit::new(http);
        let handle = ListenerHandle {
            server: axum_server::Handle::new(),
            accepts: watch::Sender::new(true),
            places: Arc::clone(&limit.places),
            connections: http.max_connections,
        };
        let header_timeout = Duration::from_millis(http.header_timeout_ms);
        Self {
            socket,
            certificate,
            limit,
            header_timeout,
            handle,
        }
    }

    /// What stops it.
    pub fn handle(&self) -> ListenerHandle {
        self.handle.clone()
    }

    /// Serves until its handle stops it.
    ///
    /// # Errors
    /// The socket cannot be used.
    pub async fn serve(self, router: Router) -> io::Result<()> {
        self.socket.set_nonblocking(true)?;
        let arrivals = Arrivals {
            socket: tokio::net::TcpListener::from_std(self.socket)?,
            accepts: self.handle.accepts.subscribe(),
        };
        let server = axum_server::Server::from_listener(arrivals);
        let mut server = server.handle(self.handle.server);
        // HTTP/1.1 only: a page of a dozen small files gains nothing from HTTP/2, and a WebSocket
        // needs HTTP/1.1 of most browsers anyway. Set here, since axum-server's own switch for it
        // forbids upgrades.
        let builder = server.http_builder();
        *builder = builder.clone().http1_only();
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout);
        // Who signs in is held to a pace by address; it is printed and kept nowhere.
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        match self.certificate {
            None => {
                server
                    .acceptor(self.limit.around(DefaultAcceptor))
                    .serve(service)
                    .await
            }
            Some(certificate) => {
                let tls = RustlsAcceptor::new(RustlsConfig::from_config(certificate))
                    .handshake_timeout(self.header_timeout);
                server.acceptor(self.limit.around(tls)).serve(service).await
            }
        }
    }
}

/// Where a connection comes from. It is printed and kept nowhere.
#[derive(Clone, Debug)]
pub struct Visitor(SocketAddr);

impl Address for Visitor {
    type Stream = TcpStream;
    type Listener = Arrivals;
}

impl Connected<Visitor> for SocketAddr {
    fn connect_info(Visitor(address): Visitor) -> Self {
        address
    }
}

/// The socket at which connections arrive, as long as they are for this server.
#[derive(Debug)]
pub struct Arrivals {
    socket: tokio::net::TcpListener,
    accepts: watch::Receiver<bool>,
}

impl AddrListener<TcpStream, Visitor> for Arrivals {
    async fn bind_to(Visitor(address): Visitor) -> io::Result<Self> {
        Ok(Self {
            socket: tokio::net::TcpListener::bind(address).await?,
            accepts: watch::Sender::new(true).subscribe(),
        })
    }

    async fn accept_stream(&self) -> io::Result<(TcpStream, Visitor)> {
        tokio::select! {
            biased;
            () = stopped(self.accepts.clone()) => std::future::pending().await,
            accepted = self.socket.accept() => {
                accepted.map(|(stream, address)| (stream, Visitor(address)))
            }
        }
    }

    fn get_local_addr(&self) -> io::Result<Visitor> {
        self.socket.local_addr().map(Visitor)
    }
}

/// Waits until no connection is for this server any more.
async fn stopped(mut accepts: watch::Receiver<bool>) {
    if accepts.wait_for(|accepts| !accepts).await.is_err() {
        // Nobody is left who could stop it.
        std::future::pending::<()>().await;
    }
}

/// Lets so many connections in at once and closes the others, so that they hold no descriptor.
#[derive(Clone, Debug)]
struct Limit {
    places: Arc<Semaphore>,
    patience: Duration,
    open: Gauge,
    refused: Counter,
}

impl Limit {
    fn new(http: &Http) -> Self {
        Self {
            places: Arc::new(Semaphore::new(http.max_connections as usize)),
            patience: Duration::from_millis(http.header_timeout_ms),
            open: table::HTTP_CONNECTIONS.gauge(),
            refused: table::HTTP_REFUSED.counter(),
        }
    }

    const fn around<A>(self, inner: A) -> Limited<A> {
        Limited { limit: self, inner }
    }

    fn admit(&self) -> io::Result<Place> {
        let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() else {
            self.refused.increment(1);
            return Err(io::Error::other(
                "as many connections as the configuration allows",
            ));
        };
        self.open.increment(1.0);
        Ok(Place {
            open: self.open.clone(),
            _permit: permit,
        })
    }
}

/// A place among those that may be in; free again when it is dropped.
#[derive(Debug)]
struct Place {
    open: Gauge,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.decrement(1.0);
    }
}

/// A [`Limit`] around the acceptor that speaks TLS, or does not.
#[derive(Clone, Debug)]
struct Limited<A> {
    limit: Limit,
    inner: A,
}

impl<A, S> Accept<TcpStream, S> for Limited<A>
where
    A: Accept<TcpStream, S, Future: Send + 'static>,
{
    type Stream = Held<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, A::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        // Signaling is small messages that someone waits for.
        let admitted = stream.set_nodelay(true).and_then(|()| self.limit.admit());
        let patience = self.limit.patience;
        let accepted = self.inner.accept(stream, service);
        Box::pin(async move {
            let place = admitted?;
            let (stream, service) = accepted.await?;
            Ok((Held::new(stream, place, patience), service))
        })
    }
}

/// A connection and its place; a WebSocket keeps both.
///
/// hyper's own timer for the head of a request begins only after as many bytes as the preface of
/// HTTP/2 has: until then it waits for ever to learn which version it is. This one does not.
#[derive(Debug)]
struct Held<S> {
    stream: S,
    unsure: Option<(usize, Pin<Box<Sleep>>)>,
    _place: Place,
}

/// Length of the preface of HTTP/2 (RFC 9113, 3.4).
const PREFACE_BYTES: usize = 24;

impl<S> Held<S> {
    fn new(stream: S, place: Place, patience: Duration) -> Self {
        let unsure = Some((PREFACE_BYTES, Box::pin(tokio::time::sleep(patience))));
        Self {
            stream,
            unsure,
            _place: place,
        }
    }

    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some((_, patience)) = &mut self.unsure else {
            return Poll::Pending;
        };
        patience
            .as_mut()
            .poll(context)
            .map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Held<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if polled.is_pending() {
            return self.poll_patience(context);
        }
        let came = buffer.filled().len() - before;
        let unsure = self.unsure.take();
        self.unsure = unsure
            .filter(|(left, _)| *left > came)
            .map(|(left, timer)| (left - came, timer));
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Held<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
