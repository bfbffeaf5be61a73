//! Builds every part, starts and stops them in order.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, PrometheusHandle};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tracing::info;

use crate::config::{ConfigError, Loaded, TlsSource};
use crate::http::certificate::{self, CertificateError};
use crate::http::listener::{Listener, ListenerHandle};
use crate::http::{self, Readiness};
use crate::metrics;

/// How long answers under way may take once nobody is left to wait for.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// How often the recorder puts measurements in order; without it they pile up between two looks at
/// `/metrics`.
const UPKEEP: Duration = Duration::from_secs(5);

/// Why the server cannot be started, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A value that only the system can judge: a port in use, a file that is no certificate.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The recorder of metrics.
    #[error("the metrics cannot be recorded")]
    Metrics(#[from] BuildError),
    /// SIGTERM or Ctrl-C cannot be listened for.
    #[error("signals cannot be heard")]
    Signals(#[source] io::Error),
    /// The HTTP side stopped by itself.
    #[error("the HTTP side stopped")]
    Http(#[source] io::Error),
}

/// A started server.
#[derive(Debug)]
pub struct Server {
    places: Places,
    drain: Duration,
    readiness: Readiness,
    http: JoinHandle<io::Result<()>>,
    http_handle: ListenerHandle,
    stop: StopSignals,
}

/// Where a started server can be found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Places {
    /// The page.
    pub http: SocketAddr,
    /// The machine's own addresses, at which the page may be reached too; without loopback.
    pub machine: Vec<IpAddr>,
    /// Where browsers are told to send media.
    pub media: Vec<SocketAddr>,
}

impl Server {
    /// Starts every part. What the configuration got wrong is told before anything is started.
    ///
    /// # Errors
    /// A port in use, a certificate that cannot be read, or the system refuses.
    pub async fn start(loaded: &Loaded) -> Result<Self, ServerError> {
        let config = &loaded.config;
        let machine = own_addresses();
        let certificate = certificate_of(loaded, &machine)?;
        let socket = bind_http(loaded)?;
        probe_media(loaded)?;
        let stop = StopSignals::listen().map_err(ServerError::Signals)?;
        let recorded = metrics::install()?;
        tokio::spawn(keep_up(recorded.clone()));

        let http = socket.local_addr().map_err(ServerError::Http)?;
        let places = Places {
            http,
            machine,
            media: advertised(loaded),
        };
        let readiness = Readiness::default();
        let router = http::router(readiness.clone(), recorded);
        let http_handle = ListenerHandle::new();
        let listener = Listener::new(socket, certificate, &config.http);
        let http = tokio::spawn(listener.serve(router, http_handle.clone()));
        readiness.open();
        info!("started");
        Ok(Self {
            places,
            drain: config.server.drain(),
            readiness,
            http,
            http_handle,
            stop,
        })
    }

    /// Where it can be found.
    pub const fn places(&self) -> &Places {
        &self.places
    }

    /// Runs until SIGTERM or Ctrl-C, then lets matches end within the drain time. A second signal
    /// ends at once.
    ///
    /// # Errors
    /// The HTTP side stopped by itself.
    pub async fn run(mut self) -> Result<(), ServerError> {
        tokio::select! {
            () = self.stop.next() => {}
            ended = &mut self.http => return Err(ServerError::Http(why(ended))),
        }
        info!(drain_ms = self.drain.as_millis(), "draining");
        self.readiness.close();
        self.http_handle.graceful_shutdown(Some(LAST_ANSWERS));
        let _ = self.http.await;
        info!("ended");
        Ok(())
    }
}

/// SIGTERM and Ctrl-C.
#[derive(Debug)]
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn listen() -> io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self {
            terminate,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn certificate_of(
    loaded: &Loaded,
    addresses: &[IpAddr],
) -> Result<Option<Arc<rustls::ServerConfig>>, ConfigError> {
    let made = match loaded.config.tls.source() {
        TlsSource::Off => return Ok(None),
        TlsSource::SelfSigned => certificate::self_signed(addresses),
        TlsSource::Files { cert, key } => certificate::from_files(cert, key),
    };
    made.map(Some).map_err(|error| {
        let key = match error {
            CertificateError::Chain(_) | CertificateError::EmptyChain => "tls.cert",
            CertificateError::Key(_) | CertificateError::Pair(_) => "tls.key",
            CertificateError::Make(_) => "tls.self_signed",
        };
        loaded.wrong(key, error.to_string())
    })
}

fn bind_http(loaded: &Loaded) -> Result<TcpListener, ConfigError> {
    TcpListener::bind(loaded.config.http.listen)
        .map_err(|error| loaded.wrong("http.listen", right_address(&error)))
}

/// The media sockets share their port among themselves, so that a second server would not be
/// refused but take half of the first one's packets. A socket that does not share is refused.
fn probe_media(loaded: &Loaded) -> Result<(), ConfigError> {
    UdpSocket::bind(loaded.config.media.listen)
        .map(drop)
        .map_err(|error| loaded.wrong("media.listen", right_address(&error)))
}

/// What an address must be that the system has refused.
fn right_address(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => "an address and port that no other program uses".to_owned(),
        ErrorKind::AddrNotAvailable => "an address of this machine".to_owned(),
        ErrorKind::PermissionDenied => "a port that this user may use, as 1024 or above".to_owned(),
        _ => format!("an address that can be listened on: {error}"),
    }
}

/// Where browsers are told to send media: what the configuration says, else the machine's own
/// addresses.
fn advertised(loaded: &Loaded) -> Vec<SocketAddr> {
    let media = &loaded.config.media;
    let at = |ip: &IpAddr| SocketAddr::from((*ip, media.listen.port()));
    media.advertise.iter().map(at).collect()
}

/// The machine's own addresses; without loopback, and without those that mean nothing elsewhere.
fn own_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let reachable = |address: &IpAddr| match address {
        IpAddr::V4(address) => !address.is_loopback() && !address.is_link_local(),
        IpAddr::V6(address) => !address.is_loopback() && !address.is_unicast_link_local(),
    };
    interfaces
        .iter()
        .map(if_addrs::Interface::ip)
        .filter(reachable)
        .collect()
}

async fn keep_up(recorded: PrometheusHandle) {
    let mut ticks = interval(UPKEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        recorded.run_upkeep();
    }
}

fn why(ended: Result<io::Result<()>, tokio::task::JoinError>) -> io::Error {
    match ended {
        Ok(Ok(())) => io::Error::other("nobody asked for it"),
        Ok(Err(error)) => error,
        Err(error) => io::Error::other(error),
    }
}
