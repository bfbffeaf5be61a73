//! Where worker machines come to a server: QUIC, and on both sides a certificate of one authority.
//!
//! One line to one worker is one stream, both ways, and carries what the pipes of a child process
//! carry ([`protocol`](super::protocol)). A worker machine lets the server open as many streams as it
//! has processes, and a stream that ends makes place for another: QUIC's own credit says how many
//! frames may be under way. A lost packet delays the one frame on its stream, and none of the others.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Connection, Endpoint, Incoming, RecvStream, SendStream, TransportConfig, VarInt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;
use tracing::{debug, info, warn};

use super::credentials::{Credentials, CredentialsError};
use crate::limits::{MACHINE_LINES, MACHINE_PING_EVERY, MACHINE_SILENCE, MACHINES};
use crate::metrics::CLASSIFY_MACHINES_REFUSED;

/// How long a machine may take to say who it is.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// Why a connection is closed, or a stream is broken off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Close {
    /// The worker's process is gone, or is to go.
    Ended = 1,
    /// It spoke what is not the protocol, or cannot do what is asked of it.
    Nonsense = 2,
    /// There are too many.
    Full = 3,
}

impl Close {
    pub(super) fn code(self) -> VarInt {
        VarInt::from_u32(self as u32)
    }
}

/// Where machines come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listening {
    /// The address and UDP port.
    pub address: SocketAddr,
    /// Who we are and whom we speak to.
    pub credentials: Credentials,
}

/// A line to one worker of a machine.
pub(super) struct Line {
    pub(super) send: SendStream,
    pub(super) receive: RecvStream,
    connection: Connection,
    /// One of those that a machine may have.
    _place: OwnedSemaphorePermit,
}

impl Line {
    /// Ends this line alone: the machine kills the process behind it.
    pub(super) fn end(&mut self) {
        // Either may be broken already.
        let _ = self.send.reset(Close::Ended.code());
        let _ = self.receive.stop(Close::Ended.code());
    }

    /// Ends every line of the machine.
    pub(super) fn dismiss(&self, why: Close) {
        self.connection.close(why.code(), b"");
    }
}

/// Why nobody can come.
#[derive(thiserror::Error, Debug)]
pub enum ListenError {
    /// Certificates.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The TLS of these certificates is none for QUIC.
    #[error("these certificates cannot be used with QUIC")]
    Quic,
    /// The port.
    #[error("{address} cannot be listened on")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Listens, on this runtime. Lines come out of the receiver; once it is dropped, nobody is let in.
/// Gives the address that the system has chosen, too.
pub(super) fn listen(
    listening: &Listening,
) -> Result<(SocketAddr, mpsc::Receiver<Line>), ListenError> {
    let tls = listening.credentials.of_server()?;
    let tls = QuicServerConfig::try_from(tls).map_err(|_| ListenError::Quic)?;
    let mut config = quinn::ServerConfig::with_crypto(Arc::new(tls));
    config.transport_config(Arc::new(transport()));
    let address = listening.address;
    let bind = |source| ListenError::Bind { address, source };
    let endpoint = Endpoint::server(config, address).map_err(bind)?;
    let bound = endpoint.local_addr().map_err(bind)?;
    let (lines, coming) = mpsc::channel(1);
    tokio::spawn(accept(endpoint, lines));
    Ok((bound, coming))
}

/// How either side finds out that the other is gone. A server opens every stream itself.
pub(super) fn transport() -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport
        .keep_alive_interval(Some(MACHINE_PING_EVERY))
        .max_idle_timeout(MACHINE_SILENCE.try_into().ok())
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None);
    transport
}

async fn accept(endpoint: Endpoint, lines: mpsc::Sender<Line>) {
    let places = Arc::new(Semaphore::new(MACHINES));
    loop {
        let incoming = tokio::select! {
            () = lines.closed() => break,
            incoming = endpoint.accept() => incoming,
        };
        let Some(incoming) = incoming else {
            break;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            CLASSIFY_MACHINES_REFUSED.counter().increment(1);
            incoming.refuse();
            continue;
        };
        let lines = lines.clone();
        tokio::spawn(async move {
            attend(incoming, &lines).await;
            drop(place);
        });
    }
    endpoint.close(Close::Ended.code(), b"");
}

/// Opens a line for every worker that a machine has, until it is gone.
async fn attend(incoming: Incoming, lines: &mpsc::Sender<Line>) {
    let connection = match timeout(HANDSHAKE, incoming).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => {
            CLASSIFY_MACHINES_REFUSED.counter().increment(1);
            warn!(%error, "a worker machine is not let in");
            return;
        }
        Err(_) => {
            CLASSIFY_MACHINES_REFUSED.counter().increment(1);
            warn!("a worker machine does not say who it is");
            return;
        }
    };
    let machine = connection.stable_id();
    info!(machine, "a worker machine is there");
    let places = Arc::new(Semaphore::new(MACHINE_LINES));
    let reason = loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let (send, receive) = match connection.open_bi().await {
            Ok(stream) => stream,
            Err(error) => break error,
        };
        debug!(machine, "a line to one more worker");
        let line = Line {
            send,
            receive,
            connection: connection.clone(),
            _place: place,
        };
        if lines.send(line).await.is_err() {
            return;
        }
    };
    warn!(machine, %reason, "a worker machine is gone");
}
