//! A leg's ICE (lite, RFC 8445) and DTLS (RFC 5764): control, a few packets a minute.
//!
//! `str0m`'s ICE agent and its DTLS backend are used as parts ([`dtls`](super::dtls)), without `str0m::Rtc`: the
//! exporter's keys then come out where we want them, and nobody but a
//! [`Downlink`](super::downlink::Downlink) ever holds the keys we send under.
//!
//! DTLS is heard only from an address that has passed an authenticated STUN check: the backend
//! answers a first flight without a cookie.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use str0m::Candidate;
use str0m::crypto::{CryptoProvider, Fingerprint};
use str0m::ice::{IceAgent, IceAgentEvent, IceCreds, StunMessage, StunPacket};
use str0m::net::Protocol;

use super::datagrams::{Datagrams, Route};
use super::dtls::{Certificates, Engines, Handshake, Step};
use crate::limits;
use crate::srtp::KeyPair;

/// What all legs of a process share: the crypto backend and the certificate.
pub struct Identity {
    provider: CryptoProvider,
    engines: Engines,
    /// Of the certificate, as the answer tells it.
    pub(crate) fingerprint: Fingerprint,
}

impl Identity {
    /// Makes a certificate for this process. `None` when the crypto backend cannot.
    #[must_use]
    pub fn generate() -> Option<Arc<Self>> {
        let provider = str0m::crypto::from_feature_flags();
        let certificate = provider.dtls_provider.generate_certificate()?;
        let fingerprint = Fingerprint {
            hash_func: "sha-256".to_owned(),
            bytes: provider
                .sha256_provider
                .sha256(&certificate.certificate)
                .to_vec(),
        };
        Some(Arc::new(Self {
            provider,
            engines: Engines::new(certificate)?,
            fingerprint,
        }))
    }

    /// The hash of a certificate by the function that the offer names (RFC 8122, 5).
    fn fingerprint_of(&self, der: &[u8], hash: &str) -> Option<Vec<u8>> {
        if hash.eq_ignore_ascii_case("sha-256") {
            Some(self.provider.sha256_provider.sha256(der).to_vec())
        } else {
            None
        }
    }
}

/// What a step of the transport brought about.
#[derive(Debug)]
pub(crate) enum TransportEvent {
    /// The handshake is done and the certificate is the one of the offer.
    Keys(Box<KeyPair>, Route),
    /// An address passed its STUN check: datagrams from it belong to this leg.
    Validated(SocketAddr),
    /// An address was given up for a newer one.
    Forgotten(SocketAddr),
    /// This is where to send now.
    Nominated(Route),
    /// The browser closed, or showed another certificate.
    Closed,
}

/// One leg's ICE and DTLS.
pub(crate) struct Transport {
    identity: Arc<Identity>,
    agent: IceAgent,
    handshake: Handshake,
    expected: Fingerprint,
    is_peer_verified: bool,
    keys: Option<Box<KeyPair>>,
    dtls_due: Option<Instant>,
    /// Addresses that passed a STUN check, oldest first, with the local address each came to.
    routes: VecDeque<Route>,
    nominated: Option<Route>,
    /// Different addresses seen since the last ICE restart: each costs the agent memory.
    sources: usize,
    events: VecDeque<TransportEvent>,
}

/// The agent's one local candidate: which of the host's addresses a datagram came to is kept in
/// [`Route`], so the agent need not know them.
const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 1)), 3478);

impl Transport {
    /// A transport that waits for the browser whose credentials and certificate hash are given.
    pub(crate) fn new(
        identity: &Arc<Identity>,
        remote: (IceCreds, Fingerprint),
        certificates: Certificates,
        now: Instant,
    ) -> Option<Self> {
        let provider = &identity.provider;
        let handshake = identity.engines.handshake(certificates, now)?;
        let mut agent = IceAgent::with_hmac(IceCreds::new(), provider.sha1_hmac_provider);
        agent.set_ice_lite(true);
        agent.set_controlling(false);
        agent.add_local_candidate(Candidate::host(LOCAL, Protocol::Udp).ok()?);
        agent.set_remote_credentials(remote.0);
        agent.handle_timeout(now);
        Some(Self {
            identity: Arc::clone(identity),
            agent,
            handshake,
            expected: remote.1,
            is_peer_verified: false,
            keys: None,
            dtls_due: None,
            routes: VecDeque::new(),
            nominated: None,
            sources: 0,
            events: VecDeque::new(),
        })
    }

    /// Our credentials, for the answer and for finding this leg.
    pub(crate) fn credentials(&self) -> &IceCreds {
        self.agent.local_credentials()
    }

    /// Our certificate's hash, for the answer.
    pub(crate) fn fingerprint(&self) -> &Fingerprint {
        &self.identity.fingerprint
    }

    /// New credentials on both sides (RFC 8445, 9); media goes on over the old path meanwhile.
    pub(crate) fn restart(&mut self, remote: IceCreds, now: Instant) {
        self.agent.ice_restart(IceCreds::new(), true);
        self.agent.set_remote_credentials(remote);
        self.agent.handle_timeout(now);
        self.sources = 0;
    }

    /// Whether a restart offer comes from the browser this leg belongs to.
    pub(crate) fn is_certificate(&self, fingerprint: &Fingerprint) -> bool {
        *fingerprint == self.expected
    }

    /// Whether this STUN message was made by the browser of this leg.
    pub(crate) fn is_authentic(&self, message: &StunMessage<'_>) -> bool {
        self.agent.accepts_message(message)
    }

    /// Answers a STUN message that [`is_authentic`](Self::is_authentic).
    pub(crate) fn handle_stun(
        &mut self,
        message: StunMessage<'_>,
        route: Route,
        now: Instant,
        out: &mut Datagrams,
    ) {
        if !self.routes.iter().any(|known| known.remote == route.remote) {
            if self.sources >= limits::LEG_SOURCES {
                return;
            }
            self.sources += 1;
        }
        let use_candidate = message.use_candidate();
        let packet = StunPacket {
            proto: Protocol::Udp,
            source: route.remote,
            destination: LOCAL,
            message,
        };
        if !self.agent.handle_packet(now, packet) {
            return;
        }
        self.agent.handle_timeout(now);
        self.remember(route);
        // The browser's word decides (RFC 8445, 8.1.1); before it has spoken, the first pair serves.
        if self.nominated != Some(route) && (use_candidate || self.nominated.is_none()) {
            self.nominated = Some(route);
            self.events.push_back(TransportEvent::Nominated(route));
        }
        while let Some(transmit) = self.agent.poll_transmit() {
            out.push(
                route_to(&self.routes, transmit.destination),
                &transmit.contents,
            );
        }
        while let Some(event) = self.agent.poll_event() {
            // Paths are chosen above; the agent's own events say nothing new.
            let _: IceAgentEvent = event;
        }
    }

    /// Takes a DTLS record from an address that has passed its STUN check.
    pub(crate) fn handle_dtls(&mut self, record: &[u8], now: Instant, out: &mut Datagrams) {
        if !self.handshake.handle_record(record, now) {
            self.events.push_back(TransportEvent::Closed);
            return;
        }
        self.drain_dtls(now, out);
    }

    /// Retransmits what is due.
    pub(crate) fn handle_timeout(&mut self, now: Instant, out: &mut Datagrams) {
        if self.dtls_due.is_some_and(|due| due <= now) {
            self.dtls_due = None;
            if !self.handshake.handle_timeout(now) {
                self.events.push_back(TransportEvent::Closed);
                return;
            }
            self.drain_dtls(now, out);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.dtls_due
    }

    /// Says good-bye (DTLS `close_notify`).
    pub(crate) fn close(&mut self, now: Instant, out: &mut Datagrams) {
        self.handshake.close();
        self.drain_dtls(now, out);
    }

    /// Where to send, as the browser chose it.
    pub(crate) fn nominated(&self) -> Option<Route> {
        self.nominated
    }

    /// What happened since the last call.
    pub(crate) fn poll_event(&mut self) -> Option<TransportEvent> {
        self.events.pop_front()
    }

    fn remember(&mut self, route: Route) {
        if let Some(known) = self
            .routes
            .iter_mut()
            .find(|known| known.remote == route.remote)
        {
            *known = route;
            return;
        }
        if self.routes.len() >= limits::LEG_ADDRESSES {
            let oldest = self
                .routes
                .iter()
                .position(|known| Some(*known) != self.nominated);
            if let Some(old) = oldest.and_then(|at| self.routes.remove(at)) {
                self.events.push_back(TransportEvent::Forgotten(old.remote));
            }
        }
        self.routes.push_back(route);
        self.events
            .push_back(TransportEvent::Validated(route.remote));
    }

    fn drain_dtls(&mut self, now: Instant, out: &mut Datagrams) {
        let mut record = [0_u8; limits::DATAGRAM_BYTES];
        let Some(route) = self.nominated else { return };
        loop {
            match self.handshake.poll(&mut record, now) {
                Step::Record(record) => out.push(route, record),
                Step::Due(due) => {
                    self.dtls_due = due;
                    return;
                }
                Step::Certificate(der) => {
                    let found = self.identity.fingerprint_of(&der, &self.expected.hash_func);
                    self.is_peer_verified = found.as_deref() == Some(&self.expected.bytes[..]);
                    if !self.is_peer_verified {
                        self.events.push_back(TransportEvent::Closed);
                        return;
                    }
                }
                Step::Keys(keys) => self.keys = keys,
                Step::Closed => {
                    self.events.push_back(TransportEvent::Closed);
                    return;
                }
                Step::Nothing => {}
            }
            if self.is_peer_verified
                && let Some(keys) = self.keys.take()
            {
                self.events.push_back(TransportEvent::Keys(keys, route));
            }
        }
    }
}

fn route_to(routes: &VecDeque<Route>, remote: SocketAddr) -> Route {
    routes
        .iter()
        .find(|route| route.remote == remote)
        .copied()
        .unwrap_or(Route {
            remote,
            local: None,
        })
}
