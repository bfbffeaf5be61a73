//! What only the system can judge: ports in use, addresses that are not ours, files that are no
//! certificate. Each is told by its key, like any other wrong value.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, TcpListener, UdpSocket};
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::sync::mpsc::Receiver;

use super::ServerError;
use super::lookout::within_reach;
use crate::access::Keyring;
use crate::config::{ConfigError, Loaded, TlsSource};
use crate::http::age_checks::AgeChecks;
use crate::http::certificate::{self, CertificateError};
use crate::http::challenges::{CaptchaError, Challenges};
use crate::http::entrance::Entrance;
use crate::http::ice_servers::IceServers;
use crate::media::{Event, Plane, StartError};
use crate::tap::Tap;
use crate::traces::{self, Flusher};

/// The certificate of the HTTP side, if it is to have one.
pub(super) fn certificate_of(
    loaded: &Loaded,
    addresses: &[IpAddr],
) -> Result<Option<Arc<ServerConfig>>, ConfigError> {
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

/// Who is let in.
pub(super) fn entrance_of(loaded: &Loaded) -> Result<Entrance, ConfigError> {
    let config = &loaded.config;
    let entrance = Entrance::new(&config.access, &config.http, keyring_of(loaded)?);
    let entrance = entrance.asking(challenges_of(loaded)?);
    let entrance = entrance.checking(age_checks_of(loaded)?);
    Ok(entrance.naming(ice_servers_of(loaded)?))
}

/// Where ages are checked.
fn age_checks_of(loaded: &Loaded) -> Result<AgeChecks, ConfigError> {
    AgeChecks::read(&loaded.config.age_check)
        .map_err(|error| loaded.wrong("age_check.secret", within_reach(&error)))
}

/// By which servers of the operator's a visitor may find a way.
fn ice_servers_of(loaded: &Loaded) -> Result<IceServers, ConfigError> {
    IceServers::read(&loaded.config.ice)
        .map_err(|error| loaded.wrong("ice.turn_secret", within_reach(&error)))
}

/// The keys that access tokens may be signed by.
fn keyring_of(loaded: &Loaded) -> Result<Keyring, ConfigError> {
    let mut keyring = Keyring::default();
    for key in &loaded.config.access.keys {
        let wrong = |what: String| {
            let expected = format!("right: the file of {} must be {what}", key.id);
            loaded.wrong("access.keys", expected)
        };
        let file = std::fs::read(&key.file);
        let file = file.map_err(|error| wrong(format!("one that can be read: {error}")))?;
        keyring
            .add(&key.id, key.algorithm, &file)
            .map_err(|bad| wrong(bad.to_string()))?;
    }
    Ok(keyring)
}

/// What visitors without a token do first.
fn challenges_of(loaded: &Loaded) -> Result<Challenges, ConfigError> {
    Challenges::new(&loaded.config.challenge).map_err(|error| {
        let key = match error {
            CaptchaError::Destination(_) => "challenge.captcha_url",
            CaptchaError::Secret { .. } | CaptchaError::Empty(_) => "challenge.captcha_secret",
        };
        loaded.wrong(key, within_reach(&error))
    })
}

/// From now on a collector is told of stays, if there is one.
pub(super) fn start_traces(loaded: &Loaded) -> Result<Option<Flusher>, ConfigError> {
    traces::start(&loaded.config.traces)
        .map_err(|error| loaded.wrong("traces.url", within_reach(&error)))
}

/// Binds the port of the HTTP side.
pub(super) fn bind_http(loaded: &Loaded) -> Result<TcpListener, ConfigError> {
    TcpListener::bind(loaded.config.http.listen).map_err(|error| no_port(loaded, &error))
}

/// The port of the HTTP side cannot be had.
pub(super) fn no_port(loaded: &Loaded, error: &io::Error) -> ConfigError {
    loaded.wrong("http.listen", right_address(error))
}

/// The media sockets share their port among themselves, so that a second server would not be
/// refused but take half of the first one's packets. A socket that does not share is refused.
pub(super) fn probe_media(loaded: &Loaded) -> Result<(), ConfigError> {
    UdpSocket::bind(loaded.config.media.listen)
        .map(drop)
        .map_err(|error| loaded.wrong("media.listen", right_address(&error)))
}

/// Starts the media threads on their port.
pub(super) fn start_media(
    loaded: &Loaded,
    tap: Option<Tap>,
) -> Result<(Plane, Receiver<Event>), ServerError> {
    Plane::start(&loaded.config.media, tap).map_err(|error| match error {
        StartError::Bind { source, .. } => {
            loaded.wrong("media.listen", right_address(&source)).into()
        }
        StartError::NoAddress => {
            let expected = "set: this machine has no address to tell browsers";
            loaded.wrong("media.advertise", expected).into()
        }
        StartError::Thread(_) => ServerError::Media(error),
    })
}

/// The machine's own addresses; without loopback, and without those that mean nothing elsewhere.
pub(super) fn own_addresses() -> Vec<IpAddr> {
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

/// What an address must be that the system has refused.
fn right_address(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => "an address and port that no other program uses".to_owned(),
        ErrorKind::AddrNotAvailable => "an address of this machine".to_owned(),
        ErrorKind::PermissionDenied => "a port that this user may use, as 1024 or above".to_owned(),
        _ => format!("an address that can be listened on: {error}"),
    }
}
