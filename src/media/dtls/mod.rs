//! A leg's DTLS: its handshake gives the keys of its media (RFC 5764), and nothing else is said by it.
//!
//! There are two engines. [`dimpl`], in Rust and without a clock of its own, serves the visitors: browsers show
//! ECDSA certificates (RFC 8827, 6.5), and it knows no others. Who comes by a backend may be another client, as
//! GStreamer, whose certificate is RSA: those are served by [`by_openssl`].

mod by_openssl;

use std::sync::Arc;
use std::time::Instant;

use dimpl::{Dtls, DtlsCertificate, Output, SrtpProfile};

use crate::srtp::{KeyPair, Profile};
use by_openssl::{ByOpenssl, Terms};

/// Which certificates the other end may show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Certificates {
    /// ECDSA, as every browser does.
    Ecdsa,
    /// RSA as well.
    Any,
}

/// What all handshakes of a process share.
pub(super) struct Engines {
    certificate: DtlsCertificate,
    /// Built once: whoever builds one has every cipher and key exchange tried out first, which takes
    /// longer than a handshake.
    dimpl: Arc<dimpl::Config>,
    openssl: Terms,
}

/// One leg's DTLS.
pub(super) enum Handshake {
    Dimpl(Box<Dtls>),
    Openssl(Box<ByOpenssl>),
}

/// What came of a step.
pub(super) enum Step<'a> {
    /// This is to be sent.
    Record(&'a [u8]),
    /// The other end has shown this certificate, and that it has its key.
    Certificate(Vec<u8>),
    /// The handshake is done; no keys where none can be made of it.
    Keys(Option<Box<KeyPair>>),
    /// The other end has closed, or cannot go on.
    Closed,
    /// Nothing that matters here.
    Nothing,
    /// That was all; it wants to be told the time then.
    Due(Option<Instant>),
}

impl Engines {
    /// Around a certificate of ours. `None` when an engine does not take it.
    pub(super) fn new(certificate: DtlsCertificate) -> Option<Self> {
        // A STUN check comes before any DTLS: a cookie would prove the address once more.
        let dimpl = dimpl::Config::builder().use_server_cookie(false);
        Some(Self {
            dimpl: Arc::new(dimpl.build().ok()?),
            openssl: Terms::new(&certificate.certificate, &certificate.private_key).ok()?,
            certificate,
        })
    }

    /// One that waits for the other end to begin. `None` when the engine cannot.
    pub(super) fn handshake(&self, certificates: Certificates, now: Instant) -> Option<Handshake> {
        match certificates {
            Certificates::Ecdsa => {
                let (config, certificate) = (Arc::clone(&self.dimpl), self.certificate.clone());
                let mut dtls = Box::new(Dtls::new_12(config, certificate, now));
                dtls.set_active(false);
                // The engine reads no clock: it must be told the time before anything else.
                dtls.handle_timeout(now).ok()?;
                Some(Handshake::Dimpl(dtls))
            }
            Certificates::Any => {
                let openssl = ByOpenssl::new(&self.openssl).ok()?;
                Some(Handshake::Openssl(Box::new(openssl)))
            }
        }
    }
}

impl Handshake {
    /// Takes a record. Answers whether it can go on.
    pub(super) fn handle_record(&mut self, record: &[u8], now: Instant) -> bool {
        match self {
            Self::Dimpl(dtls) => {
                if dtls.handle_timeout(now).is_err() {
                    return false;
                }
                // A record that makes no sense is a stranger's: the handshake goes on without it.
                let _: Result<(), dimpl::Error> = dtls.handle_packet(record);
                true
            }
            Self::Openssl(openssl) => {
                openssl.handle_record(record, now);
                true
            }
        }
    }

    /// Retransmits what is due. Answers whether it can go on.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> bool {
        match self {
            Self::Dimpl(dtls) => dtls.handle_timeout(now).is_ok(),
            Self::Openssl(openssl) => {
                openssl.handle_timeout(now);
                true
            }
        }
    }

    /// Says good-bye (`close_notify`).
    pub(super) fn close(&mut self) {
        match self {
            // One that was never connected has nobody to say it to.
            Self::Dimpl(dtls) => drop(dtls.close()),
            Self::Openssl(openssl) => openssl.close(),
        }
    }

    /// What came of the last step, one after the other until [`Step::Due`]. `room` holds one record.
    pub(super) fn poll<'a>(&'a mut self, room: &'a mut [u8], now: Instant) -> Step<'a> {
        let dtls = match self {
            Self::Dimpl(dtls) => dtls,
            Self::Openssl(openssl) => return openssl.poll(room),
        };
        match dtls.poll_output(room) {
            Output::Packet(packet) => Step::Record(packet),
            // A finished handshake names a time far away.
            Output::Timeout(due) => Step::Due((due > now).then_some(due)),
            Output::PeerCert(der) => Step::Certificate(der.to_vec()),
            Output::KeyingMaterial(material, profile) => {
                let keys =
                    profile_of(profile).and_then(|p| KeyPair::from_exporter(p, material.as_ref()));
                Step::Keys(keys.map(Box::new))
            }
            Output::CloseNotify => Step::Closed,
            // No data channel is offered: what comes in one is not for us.
            Output::Connected | Output::ApplicationData(_) => Step::Nothing,
            _ => Step::Nothing,
        }
    }
}

fn profile_of(profile: SrtpProfile) -> Option<Profile> {
    match profile {
        SrtpProfile::AES128_CM_SHA1_80 => Some(Profile::Aes128CmSha1_80),
        SrtpProfile::AEAD_AES_128_GCM => Some(Profile::AeadAes128Gcm),
        SrtpProfile::AEAD_AES_256_GCM => Some(Profile::AeadAes256Gcm),
        _ => None,
    }
}
