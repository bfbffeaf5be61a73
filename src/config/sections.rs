//! The configuration as typed values: one struct per section, each with its defaults.

use std::net::{AddrParseError, IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::codec::VideoCodec;

/// The HTTP side: the page, the client module, the signaling and the health pages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Http {
    /// Where it listens (TCP). Loopback unless told otherwise: without TLS a browser gives camera
    /// and microphone to `localhost` only, so a plain page for others would be of no use to them.
    pub listen: SocketAddr,
    /// Connections held open at once, WebSockets included; those beyond are closed at once.
    pub max_connections: u32,
    /// How long a client may take to send the head of a request, or to finish the TLS handshake.
    pub header_timeout_ms: u64,
    /// WebSockets that one network may open at once.
    pub websocket_burst: u32,
    /// After a burst, one more per this time.
    pub websocket_every_ms: u64,
    /// Requests that one who opens legs may make at once.
    pub token_burst: u32,
    /// After a burst, one more per this time.
    pub token_every_ms: u64,
    /// Requests that one backend may make at once.
    pub backend_burst: u32,
    /// After a burst, one more per this time.
    pub backend_every_ms: u64,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            max_connections: 15_000,
            header_timeout_ms: 10_000,
            websocket_burst: 300,
            websocket_every_ms: 200,
            token_burst: 200,
            token_every_ms: 20,
            backend_burst: 5_000,
            backend_every_ms: 1,
        }
    }
}

/// Where the certificate of the HTTP side comes from, as it is written in the configuration.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Tls {
    /// Certificate chain, PEM; empty for none.
    pub cert: PathBuf,
    /// Its private key, PEM; empty for none.
    pub key: PathBuf,
    /// Whether to make a certificate at every start and keep it in memory.
    pub self_signed: bool,
}

/// Where the certificate of the HTTP side comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TlsSource<'a> {
    /// There is none: plain HTTP.
    Off,
    /// PEM files.
    Files {
        /// The certificate chain.
        cert: &'a PathBuf,
        /// Its private key.
        key: &'a PathBuf,
    },
    /// Made at the start.
    SelfSigned,
}

impl Tls {
    /// What the three keys mean together.
    pub fn source(&self) -> TlsSource<'_> {
        if self.self_signed {
            TlsSource::SelfSigned
        } else if self.cert.as_os_str().is_empty() {
            TlsSource::Off
        } else {
            TlsSource::Files {
                cert: &self.cert,
                key: &self.key,
            }
        }
    }
}

/// The media plane.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Media {
    /// The one port of all media.
    pub listen: SocketAddr,
    /// Connections at once of those who have no UDP, on the same port of TCP; 0 for none.
    pub tcp_connections: usize,
    /// Addresses that browsers are told to send to; empty for the machine's own, loopback included.
    pub advertise: Vec<IpAddr>,
    /// Media threads; 0 for one per core but one.
    pub shards: usize,
    /// How long a media thread rests so that packets come together; 0 for never.
    pub rest_us: u64,
    /// Whether each media thread stays on a core of its own.
    pub pin: bool,
    /// Picture codings in order of preference; never empty.
    pub codecs: Vec<VideoCodec>,
    /// Legs held at once.
    pub max_legs: usize,
    /// A leg that nothing authentic was heard from for so long is silent.
    pub silence_ms: u64,
    /// A leg that is silent for so long is closed (RFC 7675, 5.1).
    pub close_after_ms: u64,
}

impl Default for Media {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 3478)),
            tcp_connections: 500,
            advertise: Vec::new(),
            shards: 0,
            rest_us: 300,
            pin: false,
            codecs: vec![VideoCodec::Vp8],
            max_legs: 4_000,
            silence_ms: 6_000,
            close_after_ms: 30_000,
        }
    }
}

/// The lobby: whom it pairs, how long it insists, and what it puts up with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lobby {
    /// Sessions held at once, with or without a leg.
    pub max_sessions: usize,
    /// When a media thread is busy for so much of its time, no more are admitted by video.
    pub full_at_load_percent: u32,
    /// What a session that finds the server full is told to wait.
    pub retry_after_ms: u64,
    /// Two who have met are not paired again for so long.
    pub rematch_window_ms: u64,
    /// After the partner has left, the one who stays looks again after so long.
    pub requeue_ms: u64,
    /// A stay outlives its WebSocket for so long.
    pub grace_ms: u64,
    /// For so long a session with interests is paired only over a common one.
    pub interests_patience_ms: u64,
    /// For so long a session with languages is paired only over a common one.
    pub languages_patience_ms: u64,
    /// A waiting session is told how things stand this often.
    pub waiting_every_ms: u64,
    /// Interests of one session.
    pub max_interests: usize,
    /// Characters of one interest.
    pub max_interest_chars: usize,
    /// Languages of one session.
    pub max_languages: usize,
    /// Characters of one chat message.
    pub max_chat_chars: usize,
    /// Characters of the note to a report.
    pub max_note_chars: usize,
    /// Chat messages that may come at once.
    pub chat_burst: u32,
    /// After a burst, one more chat message per this time.
    pub chat_every_ms: u64,
    /// Typing notices that may come at once.
    pub typing_burst: u32,
    /// After a burst, one more typing notice per this time.
    pub typing_every_ms: u64,
    /// Everything else (next, stop, interests, offer, report) that may come at once.
    pub next_burst: u32,
    /// After a burst, one more of these per this time.
    pub next_every_ms: u64,
}

impl Default for Lobby {
    fn default() -> Self {
        Self {
            max_sessions: 10_000,
            full_at_load_percent: 85,
            retry_after_ms: 10_000,
            rematch_window_ms: 60_000,
            requeue_ms: 3_000,
            grace_ms: 15_000,
            interests_patience_ms: 8_000,
            languages_patience_ms: 4_000,
            waiting_every_ms: 5_000,
            max_interests: 8,
            max_interest_chars: 32,
            max_languages: 4,
            max_chat_chars: 1_000,
            max_note_chars: 1_000,
            chat_burst: 10,
            chat_every_ms: 500,
            typing_burst: 10,
            typing_every_ms: 300,
            next_burst: 20,
            next_every_ms: 300,
        }
    }
}

/// Moderation: who looks at pictures, and how often. What happens then is the policy's business.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moderation {
    /// Whether pictures are looked at, at all.
    pub enabled: bool,
    /// The policy file; empty for the built-in policy.
    pub policy: PathBuf,
    /// Hashes of known pictures; empty for none.
    pub hash_list: PathBuf,
    /// Processes that judge pictures.
    pub workers: usize,
    /// A picture that is not judged within it counts as not judged.
    pub deadline_ms: u64,
    /// From one picture to the next while a visitor is new or at risk.
    pub first_every_ms: u64,
    /// From one picture to the next of somebody whom nothing speaks against.
    pub steady_every_ms: u64,
    /// New browsers of a network that somebody was sent away from stay outside for so long.
    pub network_out_ms: u64,
    /// What a moderator may give as the reason for a decision; never empty.
    pub reasons: Vec<String>,
    /// Labels and expressions for what visitors write, as `text_elsewhere=whats?app`.
    pub chat_patterns: Vec<String>,
}

/// Words that the console knows in every language that it speaks.
const REASONS: [&str; 10] = [
    "nudity",
    "minor",
    "violence",
    "hate",
    "harassment",
    "recording",
    "spam",
    "nobody_there",
    "mistake",
    "other",
];

impl Default for Moderation {
    fn default() -> Self {
        Self {
            enabled: true,
            policy: PathBuf::new(),
            hash_list: PathBuf::new(),
            workers: 1,
            deadline_ms: 2_000,
            first_every_ms: 1_000,
            steady_every_ms: 5_000,
            network_out_ms: 60 * 60 * 1_000,
            reasons: REASONS.map(str::to_owned).to_vec(),
            chat_patterns: Vec::new(),
        }
    }
}

/// Who else looks: workers of other machines, which come by QUIC and show a certificate, and a service
/// that is asked by HTTP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Classifier {
    /// Where they come (UDP).
    pub listen: Listen,
    /// The server's certificate, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// The authority that their certificates come from, PEM.
    pub authority: PathBuf,
    /// A file that describes models of the operator's own; empty for none.
    pub models: PathBuf,
    /// The service's URL; empty for none.
    pub service_url: String,
    /// A file with the secret that requests to it are signed with.
    pub service_secret: PathBuf,
    /// Its words and our labels, as `nudity=porn`.
    pub service_labels: Vec<String>,
    /// How long it may take for a picture.
    pub service_deadline_ms: u64,
    /// Pictures that it may have at the same time.
    pub service_at_once: usize,
}

impl Default for Classifier {
    fn default() -> Self {
        Self {
            listen: Listen::default(),
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            authority: PathBuf::new(),
            models: PathBuf::new(),
            service_url: String::new(),
            service_secret: PathBuf::new(),
            service_labels: Vec::new(),
            service_deadline_ms: 2_000,
            service_at_once: 64,
        }
    }
}

/// An address to listen on, or none.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Listen(Option<SocketAddr>);

impl Listen {
    /// The address, if there is one.
    pub const fn address(self) -> Option<SocketAddr> {
        self.0
    }
}

impl TryFrom<String> for Listen {
    type Error = AddrParseError;

    fn try_from(text: String) -> Result<Self, AddrParseError> {
        match text.is_empty() {
            true => Ok(Self(None)),
            false => text.parse().map(|address| Self(Some(address))),
        }
    }
}

impl From<Listen> for String {
    fn from(listen: Listen) -> Self {
        listen
            .0
            .map(|address| address.to_string())
            .unwrap_or_default()
    }
}

/// What outlives the process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Store {
    /// The folder of the audit log.
    pub folder: PathBuf,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("data"),
        }
    }
}

/// Cases: what people decide, and how long it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cases {
    /// Days that a case is kept, from its opening.
    pub keep_days: u64,
    /// The same for what may show a child.
    pub keep_child_safety_days: u64,
    /// A folder, or `s3://BUCKET/PREFIX`, of sealed pictures; empty for a folder in the store's.
    pub evidence: String,
    /// The operator's key to them; empty for one that is made in the store's folder.
    pub evidence_key: PathBuf,
}

impl Default for Cases {
    fn default() -> Self {
        Self {
            keep_days: 180,
            keep_child_safety_days: 365,
            evidence: String::new(),
            evidence_key: PathBuf::new(),
        }
    }
}

/// Where events of legs and matches are posted to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Webhooks {
    /// The URLs; empty for none.
    pub urls: Vec<String>,
    /// A file with the secret that they are signed with.
    pub secret: PathBuf,
    /// The events that are sent; empty for all.
    pub events: Vec<String>,
    /// Hours that an event is kept for a target that does not take it.
    pub keep_hours: u64,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            urls: Vec::new(),
            secret: PathBuf::new(),
            events: Vec::new(),
            keep_hours: 24,
        }
    }
}

/// What is written while the server runs.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// The least important line that is still written.
    pub level: LogLevel,
}

/// The shape of a log line.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One readable line; coloured on a terminal.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// How important a log line is.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Wakes someone.
    Error,
    /// Waits for morning.
    Warn,
    /// A life event.
    #[default]
    Info,
    /// A decision.
    Debug,
    /// A packet.
    Trace,
}

/// The life of the process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// How long matches may go on after SIGTERM or Ctrl-C.
    pub drain_ms: u64,
}

impl Default for Server {
    fn default() -> Self {
        Self { drain_ms: 10_000 }
    }
}

impl Server {
    /// How long matches may go on after SIGTERM or Ctrl-C.
    pub const fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms)
    }
}
