//! A DTLS server of OpenSSL's, for clients whose certificate is not ECDSA. It reads the system's clock for its
//! retransmissions; everything else comes in and goes out by calls, as with the other engine.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::time::{Duration, Instant};

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::srtp::SrtpProfileId;
use openssl::ssl::{
    ErrorCode, HandshakeError, MidHandshakeSslStream, Ssl, SslContext, SslContextBuilder,
    SslMethod, SslOptions, SslRef, SslSessionCacheMode, SslStream, SslVerifyMode, SslVersion,
};
use openssl::x509::X509;

use super::Step;
use crate::limits;
use crate::srtp::{KeyPair, Profile};

/// Suites for our own certificate, which is ECDSA (RFC 8827, 6.5).
const SUITES: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA";

/// In the order in which we would have them (RFC 7714, 14.2; RFC 5764, 4.1.2).
const PROFILES: &str = "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80";

const EXPORTER_LABEL: &str = "EXTRACTOR-dtls_srtp";

/// How often an unfinished handshake is asked whether something is to be sent again.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What is so for every handshake.
pub(super) struct Terms(SslContext);

/// One leg's.
pub(in crate::media) struct ByOpenssl {
    state: State,
    steps: VecDeque<Found>,
    due: Option<Instant>,
}

enum State {
    Handshaking(MidHandshakeSslStream<Line>),
    Done(SslStream<Line>),
    Over,
}

/// What is to be told.
enum Found {
    Record(Vec<u8>),
    Certificate(Vec<u8>),
    Keys(Option<Box<KeyPair>>),
    Closed,
}

/// Both ends of the other end's line: a datagram at most comes in, whole ones go out.
#[derive(Default)]
struct Line {
    incoming: Option<Vec<u8>>,
    outgoing: Vec<Vec<u8>>,
}

impl Read for Line {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let datagram = self.incoming.take().ok_or(ErrorKind::WouldBlock)?;
        // What does not fit is lost, as with a socket.
        datagram.as_slice().read(room)
    }
}

impl Write for Line {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        self.outgoing.push(record.to_vec());
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Terms {
    pub(super) fn new(certificate: &[u8], key: &[u8]) -> Result<Self, ErrorStack> {
        let mut terms = SslContextBuilder::new(SslMethod::dtls_server())?;
        terms.set_min_proto_version(Some(SslVersion::DTLS1_2))?;
        terms.set_cipher_list(SUITES)?;
        terms.set_tlsext_use_srtp(PROFILES)?;
        terms.set_certificate(&*X509::from_der(certificate)?)?;
        terms.set_private_key(&*PKey::private_key_from_der(key)?)?;
        // Anybody's: whose it is, the fingerprint in the offer says (RFC 8122).
        let mode = SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT;
        terms.set_verify_callback(mode, |_, _| true);
        terms.set_session_cache_mode(SslSessionCacheMode::OFF);
        terms.set_options(
            SslOptions::NO_QUERY_MTU | SslOptions::NO_RENEGOTIATION | SslOptions::NO_TICKET,
        );
        Ok(Self(terms.build()))
    }
}

impl ByOpenssl {
    pub(super) fn new(Terms(terms): &Terms) -> Result<Self, ErrorStack> {
        let mut ssl = Ssl::new(terms)?;
        ssl.set_mtu(limits::DTLS_RECORD_BYTES)?;
        let state = match ssl.accept(Line::default()) {
            Err(HandshakeError::WouldBlock(waits)) => State::Handshaking(waits),
            Err(HandshakeError::SetupFailure(error)) => return Err(error),
            Ok(_) | Err(HandshakeError::Failure(_)) => State::Over,
        };
        Ok(Self {
            state,
            steps: VecDeque::new(),
            due: None,
        })
    }

    pub(super) fn handle_record(&mut self, record: &[u8], now: Instant) {
        match &mut self.state {
            State::Handshaking(stream) => stream.get_mut().incoming = Some(record.to_vec()),
            State::Done(stream) => stream.get_mut().incoming = Some(record.to_vec()),
            State::Over => return,
        }
        self.go_on(now);
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.go_on(now);
    }

    pub(super) fn close(&mut self) {
        if let State::Done(stream) = &mut self.state {
            // Whether the other end hears it is theirs to say.
            let _ = stream.shutdown();
            self.collect();
        }
    }

    pub(super) fn poll<'a>(&mut self, room: &'a mut [u8]) -> Step<'a> {
        match self.steps.pop_front() {
            None => Step::Due(self.due),
            Some(Found::Certificate(der)) => Step::Certificate(der),
            Some(Found::Keys(keys)) => Step::Keys(keys),
            Some(Found::Closed) => Step::Closed,
            Some(Found::Record(record)) => match room.get_mut(..record.len()) {
                Some(room) => {
                    room.copy_from_slice(&record);
                    Step::Record(room)
                }
                None => Step::Nothing,
            },
        }
    }

    fn go_on(&mut self, now: Instant) {
        self.due = None;
        self.state = match mem::replace(&mut self.state, State::Over) {
            State::Over => return,
            State::Done(stream) => State::Done(stream),
            State::Handshaking(waits) => match waits.handshake() {
                Ok(mut stream) => {
                    // The last flight comes before the keys: it is what the other end waits for.
                    self.send(mem::take(&mut stream.get_mut().outgoing));
                    self.finish(stream.ssl());
                    State::Done(stream)
                }
                Err(HandshakeError::WouldBlock(waits)) => {
                    self.due = Some(now + LOOK_EVERY);
                    State::Handshaking(waits)
                }
                Err(HandshakeError::Failure(mut failed)) => {
                    // With what tells the other end why.
                    self.send(mem::take(&mut failed.get_mut().outgoing));
                    self.steps.push_back(Found::Closed);
                    return;
                }
                Err(HandshakeError::SetupFailure(_)) => {
                    return self.steps.push_back(Found::Closed);
                }
            },
        };
        if let State::Done(stream) = &mut self.state
            && !reads_on(stream)
        {
            self.steps.push_back(Found::Closed);
        }
        self.collect();
    }

    /// The certificate and the keys, as the handshake has left them.
    fn finish(&mut self, ssl: &SslRef) {
        let certificate = ssl.peer_certificate().and_then(|shown| shown.to_der().ok());
        let Some(certificate) = certificate else {
            return self.steps.push_back(Found::Closed);
        };
        self.steps.push_back(Found::Certificate(certificate));
        self.steps
            .push_back(Found::Keys(keys_of(ssl).map(Box::new)));
    }

    fn collect(&mut self) {
        let line = match &mut self.state {
            State::Handshaking(stream) => stream.get_mut(),
            State::Done(stream) => stream.get_mut(),
            State::Over => return,
        };
        // What it has not read is nothing that it waits for.
        line.incoming = None;
        let outgoing = mem::take(&mut line.outgoing);
        self.send(outgoing);
    }

    fn send(&mut self, records: Vec<Vec<u8>>) {
        self.steps.extend(records.into_iter().map(Found::Record));
    }
}

/// Reads what there is: alerts, and what is sent again of the last flight. Answers whether more may come.
fn reads_on(stream: &mut SslStream<Line>) -> bool {
    let mut room = [0; limits::DATAGRAM_BYTES];
    loop {
        match stream.ssl_read(&mut room) {
            // No data channel is offered: what comes in one is not for us.
            Ok(_) => {}
            Err(error) => {
                return error.code() == ErrorCode::WANT_READ;
            }
        }
    }
}

fn keys_of(ssl: &SslRef) -> Option<KeyPair> {
    let profile = match ssl.selected_srtp_profile()?.id() {
        SrtpProfileId::SRTP_AEAD_AES_128_GCM => Profile::AeadAes128Gcm,
        SrtpProfileId::SRTP_AEAD_AES_256_GCM => Profile::AeadAes256Gcm,
        SrtpProfileId::SRTP_AES128_CM_SHA1_80 => Profile::Aes128CmSha1_80,
        _ => return None,
    };
    let mut exported = vec![0; profile.exporter_length()];
    ssl.export_keying_material(&mut exported, EXPORTER_LABEL, None)
        .ok()?;
    KeyPair::from_exporter(profile, &exported)
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some instant to begin with"
)]
mod tests {
    use openssl::asn1::Asn1Time;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::hash::MessageDigest;
    use openssl::nid::Nid;
    use openssl::pkey::Private;
    use openssl::rsa::Rsa;
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::super::{Certificates, Engines, Handshake};
    use super::*;

    fn rsa() -> PKey<Private> {
        PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
    }

    fn ecdsa() -> PKey<Private> {
        let curve = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        PKey::from_ec_key(EcKey::generate(&curve).unwrap()).unwrap()
    }

    fn certificate(key: &PKey<Private>) -> X509 {
        let mut made = X509::builder().unwrap();
        made.set_pubkey(key).unwrap();
        made.set_not_before(&Asn1Time::days_from_now(0).unwrap())
            .unwrap();
        made.set_not_after(&Asn1Time::days_from_now(1).unwrap())
            .unwrap();
        made.sign(key, MessageDigest::sha256()).unwrap();
        made.build()
    }

    fn engines() -> Engines {
        let provider = str0m::crypto::from_feature_flags();
        let certificate = provider.dtls_provider.generate_certificate().unwrap();
        Engines::new(certificate).unwrap()
    }

    /// A client that shows a certificate, or none.
    fn client(shown: Option<(&X509, &PKey<Private>)>) -> MidHandshakeSslStream<Line> {
        let mut terms = SslContextBuilder::new(SslMethod::dtls_client()).unwrap();
        terms.set_tlsext_use_srtp("SRTP_AES128_CM_SHA1_80").unwrap();
        if let Some((certificate, key)) = shown {
            terms.set_certificate(certificate).unwrap();
            terms.set_private_key(key).unwrap();
        }
        match Ssl::new(&terms.build()).unwrap().connect(Line::default()) {
            Err(HandshakeError::WouldBlock(waits)) => waits,
            _ => panic!("it has nobody to speak to yet"),
        }
    }

    /// What came of a handshake at the server's end.
    #[derive(Default)]
    struct Outcome {
        certificate: Option<Vec<u8>>,
        keys: Option<Box<KeyPair>>,
        is_closed: bool,
    }

    /// Hands the server's records over, and keeps what else came of the step.
    fn take(server: &mut Handshake, outcome: &mut Outcome, now: Instant) -> Vec<Vec<u8>> {
        let mut records = Vec::new();
        let mut room = [0; limits::DATAGRAM_BYTES];
        loop {
            match server.poll(&mut room, now) {
                Step::Record(record) => records.push(record.to_vec()),
                Step::Certificate(der) => outcome.certificate = Some(der),
                Step::Keys(keys) => outcome.keys = keys,
                Step::Closed => outcome.is_closed = true,
                Step::Nothing => {}
                Step::Due(_) => return records,
            }
        }
    }

    /// The two ends talk until nothing more is said. Gives the client's keys as well, if it is satisfied.
    fn talk(mut client: MidHandshakeSslStream<Line>) -> (Outcome, Option<Vec<u8>>) {
        let now = Instant::now();
        let mut server = engines().handshake(Certificates::Any, now).unwrap();
        let mut outcome = Outcome::default();
        for _ in 0..20 {
            for record in mem::take(&mut client.get_mut().outgoing) {
                assert!(server.handle_record(&record, now));
            }
            for record in take(&mut server, &mut outcome, now) {
                client.get_mut().incoming = Some(record);
                client = match client.handshake() {
                    Ok(stream) => {
                        let mut keys = vec![0; Profile::Aes128CmSha1_80.exporter_length()];
                        let ssl = stream.ssl();
                        ssl.export_keying_material(&mut keys, EXPORTER_LABEL, None)
                            .unwrap();
                        return (outcome, Some(keys));
                    }
                    Err(HandshakeError::WouldBlock(waits)) => waits,
                    Err(_) => return (outcome, None),
                };
            }
        }
        (outcome, None)
    }

    #[test]
    fn whatever_certificate_a_client_shows_both_have_the_same_keys() {
        for key in [rsa(), ecdsa()] {
            let certificate = certificate(&key);
            let (outcome, keys) = talk(client(Some((&certificate, &key))));
            assert_eq!(outcome.certificate.unwrap(), certificate.to_der().unwrap());
            let theirs = KeyPair::from_exporter(Profile::Aes128CmSha1_80, &keys.unwrap()).unwrap();
            assert_eq!(*outcome.keys.unwrap(), theirs);
            assert!(!outcome.is_closed);
        }
    }

    #[test]
    fn who_shows_no_certificate_gets_no_keys() {
        let (outcome, keys) = talk(client(None));
        assert!(outcome.certificate.is_none() && outcome.keys.is_none());
        assert!(outcome.is_closed);
        assert_eq!(keys, None);
    }

    #[test]
    fn rubbish_is_answered_with_nothing_that_lasts() {
        let now = Instant::now();
        let mut server = engines().handshake(Certificates::Any, now).unwrap();
        let mut outcome = Outcome::default();
        let mut rng = StdRng::seed_from_u64(7);
        for length in 1..600 {
            let mut record = vec![0_u8; length];
            rng.fill(&mut record[..]);
            // A record of a handshake, to be read on; its version is right in half of them.
            record[0] = 22;
            for (to, byte) in record[1..].iter_mut().zip([0xfe, 0xfd]).take(length % 4) {
                *to = byte;
            }
            assert!(server.handle_record(&record, now));
            assert!(take(&mut server, &mut outcome, now).len() <= 1);
        }
        assert!(outcome.keys.is_none());
    }
}
