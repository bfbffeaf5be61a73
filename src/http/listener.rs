//! The listener of the HTTP side: accepts connections, so many at once, each held to its time, and lets them
//! go when a newer server has its place or this one ends.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use metrics::{Counter, Gauge};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::config::Http;
use crate::metrics as table;

/// How long a connection may take to its first request after the server has stopped accepting.
const LATE_REQUESTS: Duration = Duration::from_secs(1);

/// Without descriptors the next connection would fail at once, as this one has.
const PAUSE: Duration = Duration::from_millis(50);

/// What a listener still does, from first to last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Stage {
    /// It accepts connections.
    Open,
    /// Another has the socket; who has come and not asked yet is answered here.
    HandedOver,
    /// What is being answered is finished.
    Closing,
    /// Nothing any more.
    Closed,
}

/// Stops a listener; cheap to clone.
#[derive(Clone, Debug)]
pub struct ListenerHandle {
    stage: watch::Sender<Stage>,
    places: Arc<Semaphore>,
    connections: u32,
}

impl ListenerHandle {
    /// Accepts no more: whoever else has the socket does. A connection that has been of use is closed, so that
    /// what is asked next reaches the other; one that has not asked yet is answered once.
    pub fn stop_accepting(&self) {
        self.stage.send_replace(Stage::HandedOver);
    }

    /// Accepts no more, and returns when every connection is gone or the time is over.
    pub async fn close(&self, within: Duration) {
        if *self.stage.borrow() == Stage::HandedOver {
            sleep(LATE_REQUESTS).await;
        }
        self.stage.send_replace(Stage::Closing);
        // A WebSocket holds its place as well.
        let all_gone = self.places.acquire_many(self.connections);
        let _ = timeout(within, all_gone).await;
        self.stage.send_replace(Stage::Closed);
    }
}

/// A bound socket and everything that a connection is held to.
pub struct Listener {
    socket: TcpListener,
    terms: Terms,
    handle: ListenerHandle,
}

impl Listener {
    /// Around a bound socket; with a certificate it speaks TLS.
    pub fn new(socket: TcpListener, certificate: Option<Arc<ServerConfig>>, http: &Http) -> Self {
        let limit = Limit::new(http);
        let stage = watch::Sender::new(Stage::Open);
        let patience = Duration::from_millis(http.header_timeout_ms);
        // HTTP/1.1 only: a page of a dozen small files gains nothing from HTTP/2, and a WebSocket
        // needs HTTP/1.1 of most browsers anyway.
        let mut protocol = http1::Builder::new();
        protocol
            .timer(TokioTimer::new())
            .header_read_timeout(patience);
        let handle = ListenerHandle {
            stage: stage.clone(),
            places: Arc::clone(&limit.places),
            connections: http.max_connections,
        };
        let terms = Terms {
            limit,
            patience,
            tls: certificate.map(TlsAcceptor::from),
            protocol,
            stage: stage.subscribe(),
        };
        Self {
            socket,
            terms,
            handle,
        }
    }

    /// What stops it.
    pub fn handle(&self) -> ListenerHandle {
        self.handle.clone()
    }

    /// Serves until its handle has closed it.
    ///
    /// # Errors
    /// The socket cannot be used.
    pub async fn serve(self, router: Router) -> io::Result<()> {
        self.socket.set_nonblocking(true)?;
        let socket = tokio::net::TcpListener::from_std(self.socket)?;
        let router = TowerToHyperService::new(router);
        let mut stage = self.terms.stage.clone();
        loop {
            let accepted = tokio::select! {
                biased;
                () = reaches(&mut stage, Stage::HandedOver) => break,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, from)) => {
                    tokio::spawn(self.terms.clone().attend(stream, from, router.clone()));
                }
                Err(_) => sleep(PAUSE).await,
            }
        }
        drop(socket);
        reaches(&mut stage, Stage::Closed).await;
        Ok(())
    }
}

/// Waits until a listener has come so far.
async fn reaches(stage: &mut watch::Receiver<Stage>, wanted: Stage) {
    if stage.wait_for(|stage| *stage >= wanted).await.is_err() {
        // Nobody is left who could close it.
        std::future::pending::<()>().await;
    }
}

/// What every connection is held to; cheap to clone.
#[derive(Clone)]
struct Terms {
    limit: Limit,
    patience: Duration,
    tls: Option<TlsAcceptor>,
    protocol: http1::Builder,
    stage: watch::Receiver<Stage>,
}

impl Terms {
    /// Answers what comes by a connection. One that fails is for its other end to make anew.
    async fn attend(
        self,
        stream: TcpStream,
        from: SocketAddr,
        router: TowerToHyperService<Router>,
    ) {
        let Some(_place) = self.limit.admit() else {
            return;
        };
        // Signaling is small messages that someone waits for.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        match self.tls.clone() {
            None => self.answer(Held { stream, _place }, from, router).await,
            Some(tls) => {
                if let Ok(Ok(stream)) = timeout(self.patience, tls.accept(stream)).await {
                    self.answer(Held { stream, _place }, from, router).await;
                }
            }
        }
    }

    async fn answer<S>(self, stream: Held<S>, from: SocketAddr, router: TowerToHyperService<Router>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self {
            protocol,
            mut stage,
            ..
        } = self;
        let asked = Arc::new(Notify::new());
        let (note, now) = (Arc::clone(&asked), stage.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            note.notify_one();
            // Who signs in is held to a pace by address; it is printed and kept nowhere.
            request.extensions_mut().insert(ConnectInfo(from));
            let (answer, now) = (router.call(request), now.clone());
            async move {
                let mut response = answer.await?;
                if *now.borrow() > Stage::Open {
                    // Not of a WebSocket, which has another word there.
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().entry(CONNECTION).or_insert(close);
                }
                Ok::<_, Infallible>(response)
            }
        });
        let connection = protocol.serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection.with_upgrades());
        tokio::select! {
            _ = connection.as_mut() => return,
            () = may_ask_no_more(&mut stage, &asked) => connection.as_mut().graceful_shutdown(),
        }
        tokio::select! {
            _ = connection => {}
            () = reaches(&mut stage, Stage::Closed) => {}
        }
    }
}

/// Waits until a connection is to end with what is being answered on it.
async fn may_ask_no_more(stage: &mut watch::Receiver<Stage>, asked: &Notify) {
    reaches(stage, Stage::HandedOver).await;
    // It came to this server, and its first request may be on its way.
    tokio::select! {
        _ = timeout(LATE_REQUESTS, asked.notified()) => {}
        () = reaches(stage, Stage::Closing) => {}
    }
}

/// Lets so many connections in at once and closes the others, so that they hold no descriptor.
#[derive(Clone, Debug)]
struct Limit {
    places: Arc<Semaphore>,
    open: Gauge,
    refused: Counter,
}

impl Limit {
    fn new(http: &Http) -> Self {
        Self {
            places: Arc::new(Semaphore::new(http.max_connections as usize)),
            open: table::HTTP_CONNECTIONS.gauge(),
            refused: table::HTTP_REFUSED.counter(),
        }
    }

    fn admit(&self) -> Option<Place> {
        let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() else {
            self.refused.increment(1);
            return None;
        };
        self.open.increment(1.0);
        Some(Place {
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

/// A connection and its place; a WebSocket keeps both.
#[derive(Debug)]
struct Held<S> {
    stream: S,
    _place: Place,
}

impl<S: AsyncRead + Unpin> AsyncRead for Held<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
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

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::task::JoinHandle;

    use super::*;

    const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

    async fn listening() -> (SocketAddr, ListenerHandle, JoinHandle<io::Result<()>>) {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = socket.local_addr().unwrap();
        let listener = Listener::new(socket, None, &Http::default());
        let handle = listener.handle();
        let router = Router::new().route("/", get(|| async { "here" }));
        (place, handle, tokio::spawn(listener.serve(router)))
    }

    /// Asks and reads one answer.
    async fn ask(stream: &mut TcpStream) -> String {
        stream.write_all(ASK).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"here") {
            let read = stream.read_buf(&mut answer).await.unwrap();
            assert_ne!(read, 0, "no answer");
        }
        String::from_utf8(answer).unwrap()
    }

    async fn is_closed(stream: &mut TcpStream) -> bool {
        matches!(stream.read(&mut [0]).await, Ok(0))
    }

    #[tokio::test]
    async fn once_another_accepts_who_has_asked_before_is_sent_there() {
        let (place, handle, ends) = listening().await;
        let mut before = TcpStream::connect(place).await.unwrap();
        let mut fresh = TcpStream::connect(place).await.unwrap();
        for _ in 0..2 {
            let answer = ask(&mut before).await;
            assert!(!answer.contains("connection: close"), "{answer}");
        }
        // Whoever comes later is in the backlog behind it: it has been accepted.
        ask(&mut TcpStream::connect(place).await.unwrap()).await;
        handle.stop_accepting();
        assert!(is_closed(&mut before).await);
        let answer = ask(&mut fresh).await;
        assert!(answer.contains("connection: close"), "{answer}");
        assert!(is_closed(&mut fresh).await);
        assert!(!ends.is_finished());
        handle.close(Duration::ZERO).await;
        ends.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn the_end_waits_for_nobody_who_asks_nothing() {
        let (place, handle, ends) = listening().await;
        let mut silent = TcpStream::connect(place).await.unwrap();
        let mut before = TcpStream::connect(place).await.unwrap();
        ask(&mut before).await;
        let long = Duration::from_secs(3600);
        timeout(long / 60, handle.close(long)).await.unwrap();
        for stream in [&mut silent, &mut before] {
            assert!(is_closed(stream).await);
        }
        ends.await.unwrap().unwrap();
        TcpStream::connect(place).await.unwrap_err();
    }
}
