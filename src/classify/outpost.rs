//! A worker machine: it goes to servers, and starts a process for every line that they open.
//!
//! It only carries bytes. Each process looks at pictures under the same confinement as beside a
//! server, with no network and no file; this one, which has both, never decodes anything.

use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, Endpoint, RecvStream, SendStream, VarInt};
use rand::Rng as _;
use tokio::net::lookup_host;
use tokio::process::Child;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::attendant::child;
use super::credentials::{Credentials, CredentialsError, SERVER_NAME};
use super::listening::{Close, transport};
use crate::limits::{MACHINE_LINES, MACHINE_REST, MACHINE_REST_MAX};

/// How long a server may take to let us in.
const CONNECT: Duration = Duration::from_secs(10);

/// A connection or a process that lasted so long was none that fails at once.
const LASTED: Duration = Duration::from_secs(10);

/// How long a process that fails at once is not replaced.
const PROCESS_REST: Duration = Duration::from_secs(1);

/// What a worker machine does.
#[derive(Clone, Debug)]
pub struct Outpost {
    /// The servers it goes to, each a host and a port.
    pub servers: Vec<String>,
    /// Who it is and whom it speaks to.
    pub credentials: Credentials,
    /// Processes for each server.
    pub workers: u16,
    /// A process's program and what it is told.
    pub command: (PathBuf, Vec<OsString>),
}

/// Why a machine cannot go anywhere.
#[derive(thiserror::Error, Debug)]
pub enum OutpostError {
    /// Certificates.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The TLS of these certificates is none for QUIC.
    #[error("these certificates cannot be used with QUIC")]
    Quic,
    /// The system gives no socket.
    #[error("no socket")]
    Socket(#[source] io::Error),
}

/// Why there is no connection.
#[derive(thiserror::Error, Debug)]
enum NotThere {
    #[error("its name leads nowhere: {0}")]
    Name(#[source] io::Error),
    #[error("its name leads nowhere")]
    NoAddress,
    #[error("{0}")]
    Connect(#[from] quinn::ConnectError),
    #[error("{0}")]
    Connection(#[from] quinn::ConnectionError),
    #[error("it does not answer")]
    Silent,
}

impl Outpost {
    /// Works for every server, and comes back to each that is lost; ends only with this process.
    ///
    /// # Errors
    /// It cannot go anywhere.
    pub async fn work(self) -> Result<(), OutpostError> {
        let tls = self.credentials.of_worker()?;
        let tls = QuicClientConfig::try_from(tls).map_err(|_| OutpostError::Quic)?;
        let mut transport = transport();
        let lines = usize::from(self.workers).clamp(1, MACHINE_LINES);
        transport.max_concurrent_bidi_streams(VarInt::try_from(lines as u64).unwrap_or_default());
        let mut config = ClientConfig::new(Arc::new(tls));
        config.transport_config(Arc::new(transport));
        let endpoint = endpoint(config).map_err(OutpostError::Socket)?;
        let outpost = Arc::new(self);
        let mut servers = JoinSet::new();
        for server in outpost.servers.clone() {
            let (endpoint, outpost) = (endpoint.clone(), Arc::clone(&outpost));
            servers.spawn(async move { outpost.stay(&endpoint, &server).await });
        }
        while servers.join_next().await.is_some() {}
        Ok(())
    }

    /// Goes to one server, again and again; after a failure later and later, and never all machines
    /// at the same moment.
    async fn stay(&self, endpoint: &Endpoint, server: &str) {
        let mut rest = MACHINE_REST;
        loop {
            let begun = now();
            match connect(endpoint, server).await {
                Ok(connection) => {
                    info!(server, "a server lets this machine work");
                    let reason = self.serve(&connection).await;
                    warn!(server, %reason, "a server is gone");
                }
                Err(reason) => warn!(server, %reason, "a server is not there"),
            }
            if now() - begun >= LASTED {
                rest = MACHINE_REST;
            }
            sleep(about(rest)).await;
            rest = (rest * 2).min(MACHINE_REST_MAX);
        }
    }

    async fn serve(&self, connection: &Connection) -> quinn::ConnectionError {
        // Dropped at the end, with every process.
        let mut lines = JoinSet::new();
        loop {
            tokio::select! {
                line = connection.accept_bi() => match line {
                    Ok((send, receive)) => {
                        let started = child(&self.command.0, &self.command.1);
                        lines.spawn(work(started, send, receive));
                    }
                    Err(reason) => return reason,
                },
                Some(_) = lines.join_next() => {}
            }
        }
    }
}

async fn connect(endpoint: &Endpoint, server: &str) -> Result<Connection, NotThere> {
    let is_v6 = endpoint.local_addr().is_ok_and(|own| own.is_ipv6());
    let addresses = lookup_host(server).await.map_err(NotThere::Name)?;
    let mut reachable = addresses.filter(|address| is_v6 || address.is_ipv4());
    let address = reachable.next().ok_or(NotThere::NoAddress)?;
    let connecting = endpoint.connect(address, SERVER_NAME)?;
    let connected = timeout(CONNECT, connecting).await;
    Ok(connected.map_err(|_| NotThere::Silent)??)
}

/// A socket that hears both families, where the system has them.
fn endpoint(config: ClientConfig) -> io::Result<Endpoint> {
    let both = Endpoint::client(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)));
    let one = |_| Endpoint::client(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
    let mut endpoint = both.or_else(one)?;
    endpoint.set_default_client_config(config);
    Ok(endpoint)
}

/// Carries what is said on one line to a process and back, until either ends.
async fn work(started: io::Result<Child>, mut send: SendStream, mut receive: RecvStream) {
    let begun = now();
    match started {
        Ok(mut child) => {
            if let (Some(mut input), Some(mut output)) = (child.stdin.take(), child.stdout.take()) {
                tokio::select! {
                    _ = tokio::io::copy(&mut receive, &mut input) => {}
                    _ = tokio::io::copy(&mut output, &mut send) => {}
                }
            }
            // It may be gone already.
            let _ = child.kill().await;
        }
        Err(error) => warn!(%error, "a worker's process cannot be started"),
    }
    // The server may be gone already.
    let _ = send.reset(Close::Ended.code());
    if now() - begun < LASTED {
        // As long as the stream is held, the server has no credit to open another in its place.
        sleep(about(PROCESS_REST)).await;
    }
    let _ = receive.stop(Close::Ended.code());
}

/// So long, give or take a half by chance.
fn about(rest: Duration) -> Duration {
    rest.mul_f64(rand::rng().random_range(0.5..1.5))
}

#[expect(clippy::disallowed_methods, reason = "the driver's clock")]
fn now() -> Instant {
    Instant::now()
}
