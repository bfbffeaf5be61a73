//! A visitor's browser, as far as the relay can tell: ICE controlling, DTLS client, SRTP, a camera
//! and a microphone with clocks of their own. It keeps everything it receives.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::got::{Got, GotRtcp};
use crate::makes::{Make, Sending, Start};
use str0m::Candidate;
use str0m::crypto::dtls::{DtlsCert, DtlsInstance, DtlsOutput, DtlsVersion, SrtpProfile};
use str0m::crypto::{CryptoProvider, Fingerprint};
use str0m::ice::{IceAgent, IceAgentEvent, IceCreds, StunMessage, StunPacket};
use str0m::net::Protocol;
use visavis::direction::Direction;
use visavis::rtp::Kind;
use visavis::rtp::extension;
use visavis::rtp::rtcp::{self, Compound, Packet, SenderReport};
use visavis::rtp::{self, Header};
use visavis::srtp::{Inbound, KeyPair, Outbound, Profile, ReplayWindow};

pub(crate) struct Browser {
    pub(crate) name: &'static str,
    pub(crate) make: Make,
    pub(crate) address: SocketAddr,
    pub(crate) server: SocketAddr,
    pub(crate) start: Start,
    /// Which way it offers to go.
    pub(crate) direction: Direction,
    began: Instant,
    agent: IceAgent,
    dtls: Box<dyn DtlsInstance>,
    fingerprint: Fingerprint,
    dtls_due: Option<Instant>,
    is_dtls_started: bool,
    inbound: Option<Inbound>,
    pub(crate) outbound: Option<Outbound>,
    windows: Vec<(u32, ReplayWindow)>,
    /// What the answer declares we will receive: audio, video, rtx.
    pub(crate) expected: [u32; 3],
    pub(crate) audio: Sending,
    pub(crate) video: Sending,
    pub(crate) rtx: Sending,
    pub(crate) transport: u16,
    /// Video packets sent lately, for retransmission: sequence, header fields and payload.
    pub(crate) sent_video: Vec<(u16, u32, bool, Vec<u8>)>,
    /// Whether a NACK is answered as Chromium does.
    pub(crate) answers_nack: bool,
    resent: std::collections::HashMap<u16, Instant>,
    /// Whether a keyframe request is answered as Chromium does.
    pub(crate) answers_pli: bool,
    pub(crate) keyframe_wanted: bool,
    pub(crate) got: Vec<Got>,
    pub(crate) rtcp: Vec<(Instant, GotRtcp)>,
    pub(crate) refused: u64,
    pub(crate) out: Vec<Vec<u8>>,
}

impl Browser {
    pub(crate) fn new(
        name: &'static str,
        make: Make,
        [address, server]: [SocketAddr; 2],
        start: Start,
        now: Instant,
    ) -> Self {
        let provider = provider();
        let cert: DtlsCert = provider.dtls_provider.generate_certificate().unwrap();
        let mut dtls = provider
            .dtls_provider
            .new_dtls(&cert, now, DtlsVersion::Dtls12, None)
            .unwrap();
        dtls.set_active(true);
        let fingerprint = Fingerprint {
            hash_func: "sha-256".to_owned(),
            bytes: provider.sha256_provider.sha256(&cert.certificate).to_vec(),
        };
        let mut agent = IceAgent::with_hmac(IceCreds::new(), provider.sha1_hmac_provider);
        agent.set_controlling(true);
        agent.add_local_candidate(Candidate::host(address, Protocol::Udp).unwrap());
        let base = u32::from(address.port()) * 100;
        Self {
            name,
            make,
            address,
            server,
            start,
            direction: Direction::SendRecv,
            began: now,
            agent,
            dtls,
            fingerprint,
            dtls_due: None,
            is_dtls_started: false,
            inbound: None,
            outbound: None,
            windows: Vec::new(),
            expected: [0; 3],
            audio: Sending::new(base + 1, start.sequence),
            video: Sending::new(base + 2, start.sequence),
            rtx: Sending::new(base + 3, start.sequence),
            transport: start.transport,
            sent_video: Vec::new(),
            answers_nack: true,
            resent: std::collections::HashMap::new(),
            answers_pli: true,
            keyframe_wanted: false,
            got: Vec::new(),
            rtcp: Vec::new(),
            refused: 0,
            out: Vec::new(),
        }
    }

    /// The offer, in the manner of its make.
    pub(crate) fn offer(&self) -> String {
        let m = self.make;
        let (mid, number, playout) = (m.mid, m.transport_cc, m.playout_delay);
        let creds = self.agent.local_credentials();
        let transport = format!(
            "c=IN IP4 0.0.0.0\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=fingerprint:{}\r\na=setup:actpass\r\n\
             a={}\r\na=rtcp-mux\r\na=extmap:{mid} urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
             a=extmap:{number} http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
             a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
             a=extmap:{playout} http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\n",
            creds.ufrag,
            creds.pass,
            self.fingerprint,
            self.direction.word()
        );
        let audio = format!(
            "m=audio 9 UDP/TLS/RTP/SAVPF {0}\r\n{transport}a=mid:a\r\na=rtpmap:{0} opus/48000/2\r\n\
             a=rtcp-fb:{0} transport-cc\r\na=ssrc:{1} cname:{2}\r\n",
            m.audio,
            self.audio.ssrc,
            self.cname()
        );
        let (rtx, its_lines) = m.rtx.map_or_else(Default::default, |rtx| {
            let lines = format!(
                "a=rtpmap:{rtx} rtx/90000\r\na=fmtp:{rtx} apt={0}\r\na=ssrc-group:FID {1} {2}\r\n\
                 a=ssrc:{2} cname:{3}\r\n",
                m.video,
                self.video.ssrc,
                self.rtx.ssrc,
                self.cname()
            );
            (format!(" {rtx}"), lines)
        });
        let video = format!(
            "m=video 9 UDP/TLS/RTP/SAVPF {0}{rtx}\r\n{transport}a=mid:v\r\na=rtpmap:{0} VP8/90000\r\n\
             a=rtcp-fb:{0} nack\r\na=rtcp-fb:{0} nack pli\r\na=rtcp-fb:{0} transport-cc\r\n\
             {its_lines}a=ssrc:{1} cname:{2}\r\n",
            m.video,
            self.video.ssrc,
            self.cname()
        );
        let (first, second, bundle) = if m.video_first {
            (video, audio, "v a")
        } else {
            (audio, video, "a v")
        };
        format!(
            "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {bundle}\r\n{first}{second}"
        )
    }

    /// The name that must not reach the partner.
    pub(crate) fn cname(&self) -> String {
        format!("cname-of-{}", self.name)
    }

    /// Takes the answer and begins to check connectivity.
    pub(crate) fn take_answer(&mut self, answer: &str, now: Instant) {
        let value = |key: &str| {
            answer
                .lines()
                .find_map(|l| l.strip_prefix(key))
                .unwrap_or_default()
                .to_owned()
        };
        let creds = IceCreds {
            ufrag: value("a=ice-ufrag:"),
            pass: value("a=ice-pwd:"),
        };
        self.agent.set_remote_credentials(creds);
        self.agent
            .add_remote_candidate(Candidate::host(self.server, Protocol::Udp).unwrap());
        let mut section = "";
        for line in answer.lines() {
            if let Some(rest) = line.strip_prefix("m=") {
                section = rest.split(' ').next().unwrap();
            }
            if let Some((ssrc, _)) = line
                .strip_prefix("a=ssrc:")
                .and_then(|r| r.split_once(" cname"))
            {
                let ssrc: u32 = ssrc.parse().unwrap();
                match section {
                    "audio" => self.expected[0] = ssrc,
                    _ if self.expected[1] == 0 || self.expected[1] == ssrc => {
                        self.expected[1] = ssrc;
                    }
                    _ => self.expected[2] = ssrc,
                }
            }
        }
        self.handle_timeout(now);
    }

    /// New ICE credentials and a new address, as after a change of networks.
    pub(crate) fn restart_ice(&mut self, address: SocketAddr) {
        self.address = address;
        self.agent.ice_restart(IceCreds::new(), false);
        self.agent
            .add_local_candidate(Candidate::host(address, Protocol::Udp).unwrap());
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.outbound.is_some()
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.agent.handle_timeout(now);
        if self.dtls_due.is_some_and(|due| due <= now) {
            self.dtls_due = None;
            self.dtls.handle_timeout(now).unwrap();
        }
        self.drain(now);
    }

    pub(crate) fn due(&mut self) -> Option<Instant> {
        let ice = self.agent.poll_timeout();
        [ice, self.dtls_due].into_iter().flatten().min()
    }

    pub(crate) fn receive(&mut self, datagram: &mut [u8], now: Instant) {
        match Kind::of(datagram) {
            Kind::Stun => {
                let message = StunMessage::parse(datagram).unwrap();
                let packet = StunPacket {
                    proto: Protocol::Udp,
                    source: self.server,
                    destination: self.address,
                    message,
                };
                self.agent.handle_packet(now, packet);
            }
            Kind::Dtls => self.dtls.handle_packet(datagram).unwrap(),
            Kind::Rtp => self.receive_rtp(datagram, now),
            Kind::Rtcp => self.receive_rtcp(datagram, now),
            Kind::Unknown => panic!("{} was sent rubbish", self.name),
        }
        self.drain(now);
    }

    fn drain(&mut self, now: Instant) {
        while let Some(event) = self.agent.poll_event() {
            if matches!(event, IceAgentEvent::NominatedSend { .. }) && !self.is_dtls_started {
                self.is_dtls_started = true;
                self.dtls.handle_timeout(now).unwrap();
            }
        }
        while let Some(transmit) = self.agent.poll_transmit() {
            self.out.push(transmit.contents.to_vec());
        }
        if !self.is_dtls_started {
            return;
        }
        let mut room = [0; 2000];
        loop {
            match self.dtls.poll_output(&mut room) {
                DtlsOutput::Packet(packet) => self.out.push(packet.to_vec()),
                DtlsOutput::Timeout(due) => {
                    self.dtls_due = (due > now).then_some(due);
                    return;
                }
                DtlsOutput::KeyingMaterial(material, profile) => {
                    let profile = match profile {
                        SrtpProfile::AEAD_AES_256_GCM => Profile::AeadAes256Gcm,
                        SrtpProfile::AEAD_AES_128_GCM => Profile::AeadAes128Gcm,
                        _ => Profile::Aes128CmSha1_80,
                    };
                    let keys = KeyPair::from_exporter(profile, material.as_ref()).unwrap();
                    self.outbound = Some(Outbound::new(&keys.client));
                    self.inbound = Some(Inbound::new(&keys.server));
                }
                _ => {}
            }
        }
    }

    fn receive_rtp(&mut self, datagram: &mut [u8], now: Instant) {
        let header = Header::parse(datagram).unwrap();
        let inbound = self.inbound.as_ref().unwrap();
        if !self.windows.iter().any(|(ssrc, _)| *ssrc == header.ssrc) {
            self.windows.push((header.ssrc, ReplayWindow::default()));
        }
        let window = self
            .windows
            .iter_mut()
            .find(|(ssrc, _)| *ssrc == header.ssrc)
            .map(|(_, w)| w);
        let Ok(opened) = inbound.unprotect_rtp(window.unwrap(), datagram, &header) else {
            self.refused += 1;
            return;
        };
        let plain = &datagram[..opened.length];
        let transport = extension::find(plain, &header, self.make.transport_cc)
            .and_then(|range| extension::read_u16(plain, &range));
        let extensions = (1..15)
            .filter_map(|id| {
                let range = extension::find(plain, &header, id)?;
                Some((id, plain[range].to_vec()))
            })
            .collect();
        self.got.push(Got {
            at: now,
            ssrc: header.ssrc,
            payload_type: header.payload_type,
            sequence: header.sequence,
            index: opened.index,
            timestamp: header.timestamp,
            marker: header.marker,
            transport,
            extensions,
            payload: rtp::payload(plain, &header).unwrap().to_vec(),
            bytes: plain.to_vec(),
        });
    }

    fn receive_rtcp(&mut self, datagram: &mut [u8], now: Instant) {
        let Ok(length) = self.inbound.as_mut().unwrap().unprotect_rtcp(datagram) else {
            self.refused += 1;
            return;
        };
        let plain = datagram[..length].to_vec();
        for packet in Compound::parse(&plain) {
            let packet = packet.expect("the relay writes RTCP that can be read");
            match packet {
                Packet::SenderReport(report, blocks) => {
                    self.rtcp.push((now, GotRtcp::SenderReport(report)));
                    self.rtcp
                        .extend(blocks.map(|block| (now, GotRtcp::Block(block))));
                }
                Packet::ReceiverReport(_, blocks) => {
                    self.rtcp
                        .extend(blocks.map(|block| (now, GotRtcp::Block(block))));
                }
                Packet::Nack(nack) => {
                    let lost: Vec<u16> = nack.lost().collect();
                    self.rtcp.push((
                        now,
                        GotRtcp::Nack {
                            media: nack.media,
                            lost: lost.clone(),
                        },
                    ));
                    if self.answers_nack && nack.media == self.video.ssrc {
                        // As libwebrtc: what was resent within a round trip is on its way.
                        for sequence in lost {
                            let before = self.resent.get(&sequence);
                            if before.is_none_or(|at| now - *at > Duration::from_millis(50)) {
                                self.resent.insert(sequence, now);
                                self.retransmit(sequence);
                            }
                        }
                    }
                }
                Packet::Pli { media, .. } => {
                    self.rtcp.push((now, GotRtcp::Pli { media }));
                    self.keyframe_wanted |= self.answers_pli && media == self.video.ssrc;
                }
                Packet::TransportFeedback(feedback) => {
                    let mut entries = Vec::new();
                    feedback.for_each(|sequence, ticks| entries.push((sequence, ticks)));
                    let count = feedback.feedback_count;
                    self.rtcp.push((now, GotRtcp::Feedback { count, entries }));
                }
                Packet::Sdes(_) => self.rtcp.push((now, GotRtcp::Cname(plain.clone()))),
                _ => self.rtcp.push((now, GotRtcp::Other)),
            }
        }
    }

    /// The browser's wall clock now, as NTP time.
    pub(crate) fn ntp(&self, now: Instant) -> u64 {
        let since = now - self.began;
        let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
        self.start
            .ntp
            .wrapping_add((since.as_secs() << 32) | fraction)
    }

    /// The media clock of a rate now.
    pub(crate) fn media_clock(&self, rate: u32, now: Instant) -> u32 {
        let ticks = (now - self.began).as_micros() * u128::from(rate) / 1_000_000;
        self.start.timestamp.wrapping_add(ticks as u32)
    }

    /// Sends 20 ms of sound.
    pub(crate) fn speak(&mut self, text: &[u8], now: Instant) {
        let timestamp = self.media_clock(48_000, now);
        let packet = self.build(
            (self.make.audio, self.audio.ssrc, self.audio.sequence),
            timestamp,
            false,
            text,
        );
        let index = self.audio.index();
        self.audio.advance();
        self.audio.packets += 1;
        self.audio.octets += text.len() as u32;
        self.protect(packet, index);
    }

    /// Sends one picture of so many packets, each saying whose it is.
    pub(crate) fn show(&mut self, packets: usize, now: Instant) {
        let is_keyframe = std::mem::take(&mut self.keyframe_wanted);
        let timestamp = self.media_clock(90_000, now);
        for part in 0..packets {
            let mut payload = vec![if part == 0 { 0x10 } else { 0 }];
            if part == 0 {
                // The P bit of the VP8 frame tag: 0 is a keyframe (RFC 6386, 9.1).
                payload.push(u8::from(!is_keyframe));
                payload.extend([0, 0]);
            }
            payload.extend(format!("picture of {}", self.name).bytes());
            payload.resize(400 + part, b'.');
            self.send_video(timestamp, part + 1 == packets, payload);
        }
    }

    pub(crate) fn send_video(&mut self, timestamp: u32, marker: bool, payload: Vec<u8>) {
        let sequence = self.video.sequence;
        let packet = self.build(
            (self.make.video, self.video.ssrc, sequence),
            timestamp,
            marker,
            &payload,
        );
        let index = self.video.index();
        self.video.advance();
        self.video.packets += 1;
        self.video.octets += payload.len() as u32;
        self.sent_video.push((sequence, timestamp, marker, payload));
        self.protect(packet, index);
    }

    /// Sends an old packet again: as RTX (RFC 4588), or as it was.
    pub(crate) fn retransmit(&mut self, sequence: u16) {
        let found = self
            .sent_video
            .iter()
            .rev()
            .find(|(s, ..)| *s == sequence)
            .cloned();
        let Some((_, timestamp, marker, payload)) = found else {
            return;
        };
        if self.make.rtx.is_none() {
            let numbers = (self.make.video, self.video.ssrc, sequence);
            let mut packet = self.build(numbers, timestamp, marker, &payload);
            let newest = self.video.index();
            let age = (newest as u16).wrapping_sub(sequence);
            let outbound = self.outbound.as_ref().expect("connected");
            let length = packet.len();
            packet.resize(length + 40, 0);
            let length = outbound
                .protect_rtp_again(&mut packet, length, newest - u64::from(age))
                .unwrap();
            packet.truncate(length);
            return self.out.push(packet);
        }
        let mut rtx = sequence.to_be_bytes().to_vec();
        rtx.extend(payload);
        self.send_rtx(timestamp, marker, &rtx);
    }

    pub(crate) fn send_rtx(&mut self, timestamp: u32, marker: bool, payload: &[u8]) {
        let payload_type = self.make.rtx.expect("a client with this stream");
        let packet = self.build(
            (payload_type, self.rtx.ssrc, self.rtx.sequence),
            timestamp,
            marker,
            payload,
        );
        let index = self.rtx.index();
        self.rtx.advance();
        self.protect(packet, index);
    }

    /// A sender report of each stream.
    pub(crate) fn send_reports(&mut self, now: Instant) {
        let ntp = self.ntp(now);
        let mut compound = Vec::new();
        for (ssrc, rate, packets, octets) in [
            (
                self.audio.ssrc,
                48_000,
                self.audio.packets,
                self.audio.octets,
            ),
            (
                self.video.ssrc,
                90_000,
                self.video.packets,
                self.video.octets,
            ),
        ] {
            let rtp_timestamp = self.media_clock(rate, now);
            let report = SenderReport {
                ssrc,
                ntp,
                rtp_timestamp,
                packets,
                octets,
            };
            rtcp::write::sender_report(&mut compound, &report, &[]);
            rtcp::write::sdes_cname(&mut compound, ssrc, &self.cname());
        }
        self.send_rtcp(&compound);
    }

    pub(crate) fn send_rtcp(&mut self, compound: &[u8]) {
        let mut packet = compound.to_vec();
        packet.resize(compound.len() + 40, 0);
        let outbound = self.outbound.as_mut().unwrap();
        let length = outbound.protect_rtcp(&mut packet, compound.len()).unwrap();
        packet.truncate(length);
        self.out.push(packet);
    }

    /// An RTP packet with the extensions a browser may send.
    pub(crate) fn build(
        &mut self,
        (payload_type, ssrc, sequence): (u8, u32, u16),
        timestamp: u32,
        marker: bool,
        payload: &[u8],
    ) -> Vec<u8> {
        let mut packet = vec![0x90, payload_type | if marker { 0x80 } else { 0 }];
        packet.extend(sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(ssrc.to_be_bytes());
        packet.extend([0xbe, 0xde, 0, self.make.extension_words()]);
        packet.push((self.make.transport_cc << 4) | 1);
        packet.extend(self.transport.to_be_bytes());
        packet.extend([self.make.mid << 4, b'v', 0x10, 0x42, 0]);
        packet.extend(self.make.playout().into_iter().flatten());
        packet.extend(payload);
        self.transport = self.transport.wrapping_add(1);
        packet
    }

    pub(crate) fn protect(&mut self, mut packet: Vec<u8>, index: u64) {
        let length = packet.len();
        packet.resize(length + 40, 0);
        let outbound = self.outbound.as_mut().expect("connected");
        let length = outbound.protect_rtp(&mut packet, length, index).unwrap();
        packet.truncate(length);
        self.out.push(packet);
    }

    /// What arrived on a track, in order of arrival.
    pub(crate) fn track(&self, track: usize) -> impl Iterator<Item = &Got> {
        let ssrc = self.expected[track];
        self.got.iter().filter(move |got| got.ssrc == ssrc)
    }

    /// How many packets with a transport-wide number arrived.
    pub(crate) fn transport_count(&self) -> usize {
        self.got
            .iter()
            .filter(|got| got.transport.is_some())
            .count()
    }

    /// Whose pictures arrived since `from`, told by what they say.
    pub(crate) fn seen_since(&self, from: Instant) -> Vec<String> {
        let mut names: Vec<String> = self
            .got
            .iter()
            .filter(|got| got.at >= from)
            .filter_map(|got| {
                let text = String::from_utf8_lossy(&got.payload).into_owned();
                let (_, rest) = text.split_once("picture of ")?;
                Some(rest.chars().take_while(char::is_ascii_alphabetic).collect())
            })
            .collect();
        names.sort();
        names.dedup();
        names.retain(|name: &String| !name.is_empty());
        names
    }
}

pub(crate) const FRAME: Duration = Duration::from_millis(33);

pub(crate) fn provider() -> CryptoProvider {
    str0m::crypto::from_feature_flags()
}
