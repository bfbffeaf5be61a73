//! Writes the one fixed SDP answer that every browser gets, so that any two legs fit.
//!
//! Opus and one picture coding, the fewest header extensions, one SSRC per track for the whole
//! stay under one common stream (lip sync). Orientation is not accepted: the sender then turns its
//! picture itself. No RED, no ULPFEC, no REMB.

use std::fmt::Write as _;
use std::net::SocketAddr;

use str0m::crypto::Fingerprint;
use str0m::ice::IceCreds;

use super::offer::{Part, Terms};
use crate::codec::VideoCodec;
use crate::direction::Direction;

/// What we send under: one SSRC per track for the whole stay.
#[derive(Debug, Clone)]
pub(crate) struct Ssrcs {
    /// The partner's voice.
    pub(crate) audio: u32,
    /// The partner's picture.
    pub(crate) video: u32,
    /// Retransmissions of the picture.
    pub(crate) rtx: u32,
}

/// Everything of the server's own that an answer tells.
pub(crate) struct Own<'a> {
    pub(crate) ice: &'a IceCreds,
    pub(crate) fingerprint: &'a Fingerprint,
    /// Where media is received, best first; at least one.
    pub(crate) candidates: &'a [SocketAddr],
    /// Whether it is received over TCP as well, at the same addresses.
    pub(crate) takes_tcp: bool,
    pub(crate) ssrcs: &'a Ssrcs,
    pub(crate) cname: &'a str,
    /// SDP session id and version: the version rises with each answer of a leg (RFC 3264, 8).
    pub(crate) session: (u64, u32),
}

/// The answer to the offer whose terms are given.
pub(crate) fn write(terms: &Terms, own: &Own<'_>) -> String {
    let mut sdp = String::with_capacity(2048);
    let bundle: Vec<&str> = terms
        .sections
        .iter()
        .filter(|section| !matches!(section.part, Part::Refused(_)))
        .map(|section| section.mid.as_str())
        .collect();
    let (id, version) = own.session;
    line(&mut sdp, format_args!("v=0"));
    line(&mut sdp, format_args!("o=- {id} {version} IN IP4 0.0.0.0"));
    line(&mut sdp, format_args!("s=-"));
    line(&mut sdp, format_args!("t=0 0"));
    line(
        &mut sdp,
        format_args!("a=group:BUNDLE {}", bundle.join(" ")),
    );
    line(&mut sdp, format_args!("a=ice-lite"));
    line(&mut sdp, format_args!("a=msid-semantic: WMS visavis"));
    for section in &terms.sections {
        match section.part {
            Part::Audio => audio(&mut sdp, &section.mid, terms, own),
            Part::Video => video(&mut sdp, &section.mid, terms, own),
            Part::Refused(media) => refused(&mut sdp, &section.mid, media),
        }
    }
    sdp
}

fn audio(sdp: &mut String, mid: &str, terms: &Terms, own: &Own<'_>) {
    let pt = terms.audio.payload_type;
    line(sdp, format_args!("m=audio 9 UDP/TLS/RTP/SAVPF {pt}"));
    transport(sdp, mid, terms, own);
    line(sdp, format_args!("a=rtpmap:{pt} opus/48000/2"));
    line(sdp, format_args!("a=fmtp:{pt} minptime=10;useinbandfec=1"));
    if terms.transport_cc.is_some() {
        line(sdp, format_args!("a=rtcp-fb:{pt} transport-cc"));
    }
    if terms.direction != Direction::SendOnly {
        track(sdp, own, "audio", own.ssrcs.audio);
    }
}

fn video(sdp: &mut String, mid: &str, terms: &Terms, own: &Own<'_>) {
    let video = &terms.video;
    let pt = video.payload_type;
    match video.rtx_payload_type {
        Some(rtx) => line(sdp, format_args!("m=video 9 UDP/TLS/RTP/SAVPF {pt} {rtx}")),
        None => line(sdp, format_args!("m=video 9 UDP/TLS/RTP/SAVPF {pt}")),
    }
    transport(sdp, mid, terms, own);
    line(sdp, format_args!("a=rtcp-rsize"));
    match video.codec {
        VideoCodec::Vp8 => line(sdp, format_args!("a=rtpmap:{pt} VP8/90000")),
        VideoCodec::Vp9 => {
            line(sdp, format_args!("a=rtpmap:{pt} VP9/90000"));
            line(sdp, format_args!("a=fmtp:{pt} profile-id=0"));
        }
        VideoCodec::H264 => {
            let profile = video.profile_level_id.unwrap_or(0x42_e0_1f);
            line(sdp, format_args!("a=rtpmap:{pt} H264/90000"));
            line(
                sdp,
                format_args!(
                    "a=fmtp:{pt} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={profile:06x}"
                ),
            );
        }
    }
    for feedback in ["nack", "nack pli", "ccm fir"] {
        line(sdp, format_args!("a=rtcp-fb:{pt} {feedback}"));
    }
    if terms.transport_cc.is_some() {
        line(sdp, format_args!("a=rtcp-fb:{pt} transport-cc"));
    }
    if let Some(rtx) = video.rtx_payload_type {
        line(sdp, format_args!("a=rtpmap:{rtx} rtx/90000"));
        line(sdp, format_args!("a=fmtp:{rtx} apt={pt}"));
    }
    if terms.direction == Direction::SendOnly {
        return;
    }
    if let Some(id) = terms.playout_delay {
        line(sdp, format_args!("a=extmap:{id}/sendonly {PLAYOUT_DELAY}"));
    }
    let (picture, resent) = (own.ssrcs.video, own.ssrcs.rtx);
    if video.rtx_payload_type.is_some() {
        line(sdp, format_args!("a=ssrc-group:FID {picture} {resent}"));
    }
    track(sdp, own, "video", picture);
    if video.rtx_payload_type.is_some() {
        ssrc(sdp, own, "video", resent);
    }
}

/// What both sections say alike of ICE, DTLS and extensions.
fn transport(sdp: &mut String, mid: &str, terms: &Terms, own: &Own<'_>) {
    line(sdp, format_args!("c=IN IP4 0.0.0.0"));
    line(sdp, format_args!("a=rtcp:9 IN IP4 0.0.0.0"));
    for (n, address) in (1..).zip(own.candidates) {
        // RFC 8445, 5.1.2.1: type preference 126 (host), local preference falling, component 1.
        let priority = (126 << 24) | ((65_536 - n) << 8) | 255;
        let (ip, port) = (address.ip(), address.port());
        line(
            sdp,
            format_args!("a=candidate:{n} 1 udp {priority} {ip} {port} typ host"),
        );
    }
    for (n, address) in (1..).zip(own.candidates).filter(|_| own.takes_tcp) {
        // RFC 6544, 4.2: less than any by UDP; direction preference 4 (passive).
        let priority = (90 << 24) | (((4 << 13) + 8_192 - n) << 8) | 255;
        let (ip, port) = (address.ip(), address.port());
        line(
            sdp,
            format_args!(
                "a=candidate:tcp{n} 1 tcp {priority} {ip} {port} typ host tcptype passive"
            ),
        );
    }
    line(sdp, format_args!("a=end-of-candidates"));
    line(sdp, format_args!("a=ice-ufrag:{}", own.ice.ufrag));
    line(sdp, format_args!("a=ice-pwd:{}", own.ice.pass));
    line(sdp, format_args!("a=fingerprint:{}", own.fingerprint));
    line(sdp, format_args!("a=setup:passive"));
    line(sdp, format_args!("a=mid:{mid}"));
    if let Some(id) = terms.mid_extension {
        line(
            sdp,
            format_args!("a=extmap:{id} urn:ietf:params:rtp-hdrext:sdes:mid"),
        );
    }
    if let Some(id) = terms.transport_cc {
        line(sdp, format_args!("a=extmap:{id} {TRANSPORT_CC}"));
    }
    line(sdp, format_args!("a={}", terms.direction.reversed().word()));
    line(sdp, format_args!("a=rtcp-mux"));
}

const TRANSPORT_CC: &str =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

const PLAYOUT_DELAY: &str = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";

fn track(sdp: &mut String, own: &Own<'_>, name: &str, ssrc_number: u32) {
    line(sdp, format_args!("a=msid:visavis {name}"));
    ssrc(sdp, own, name, ssrc_number);
}

fn ssrc(sdp: &mut String, own: &Own<'_>, name: &str, ssrc: u32) {
    line(sdp, format_args!("a=ssrc:{ssrc} cname:{}", own.cname));
    line(sdp, format_args!("a=ssrc:{ssrc} msid:visavis {name}"));
}

fn refused(sdp: &mut String, mid: &str, media: &str) {
    let format = if media == "application" {
        "webrtc-datachannel"
    } else {
        "0"
    };
    let proto = if media == "application" {
        "UDP/DTLS/SCTP"
    } else {
        "UDP/TLS/RTP/SAVPF"
    };
    line(sdp, format_args!("m={media} 0 {proto} {format}"));
    line(sdp, format_args!("c=IN IP4 0.0.0.0"));
    line(sdp, format_args!("a=mid:{mid}"));
    line(sdp, format_args!("a=inactive"));
}

fn line(sdp: &mut String, text: std::fmt::Arguments<'_>) {
    sdp.write_fmt(text)
        .expect("writing to a String cannot fail");
    sdp.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHROMIUM: &str = include_str!("../../tests/data/chromium-156.sdp");
    const FIREFOX: &str = include_str!("../../tests/data/firefox-153.sdp");

    fn answer(offer: &str, codec: VideoCodec) -> String {
        let direction = Direction::of_offer(offer);
        let terms = Terms::read(offer, &[codec], direction).expect("served");
        let ice = IceCreds {
            ufrag: "ufrag".to_owned(),
            pass: "password".to_owned(),
        };
        let fingerprint = Fingerprint {
            hash_func: "sha-256".to_owned(),
            bytes: vec![0xab; 32],
        };
        let own = Own {
            ice: &ice,
            fingerprint: &fingerprint,
            candidates: &["192.0.2.1:3478".parse().expect("an address")],
            takes_tcp: true,
            ssrcs: &Ssrcs {
                audio: 1,
                video: 2,
                rtx: 3,
            },
            cname: "name",
            session: (7, 1),
        };
        write(&terms, &own)
    }

    #[test]
    fn every_browser_gets_the_same_answer_in_its_own_numbers() {
        let by_number = |text: &str, numbers: [(&str, &str); 6]| {
            numbers.iter().fold(text.to_owned(), |text, (own, common)| {
                text.replace(own, common)
            })
        };
        let chromium = by_number(
            &answer(CHROMIUM, VideoCodec::Vp8),
            [
                ("111", "OPUS"),
                ("96", "VP8"),
                ("97", "RTX"),
                ("extmap:4", "MID"),
                ("extmap:3", "CC"),
                ("extmap:5", "PLAYOUT"),
            ],
        );
        let firefox = by_number(
            &answer(FIREFOX, VideoCodec::Vp8),
            [
                ("109", "OPUS"),
                ("120", "VP8"),
                ("124", "RTX"),
                ("extmap:3", "MID"),
                ("extmap:7", "CC"),
                ("extmap:6", "PLAYOUT"),
            ],
        );
        assert_eq!(chromium, firefox);
    }

    #[test]
    fn the_answer_names_nothing_that_is_not_wanted() {
        for (offer, codec) in [
            (CHROMIUM, VideoCodec::Vp8),
            (FIREFOX, VideoCodec::Vp8),
            (CHROMIUM, VideoCodec::Vp9),
            (CHROMIUM, VideoCodec::H264),
        ] {
            let answer = answer(offer, codec);
            for unwanted in [
                "remb",
                "red/",
                "ulpfec",
                "orientation",
                "toffset",
                "level\r\n",
            ] {
                assert!(!answer.contains(unwanted), "{unwanted}");
            }
            assert_eq!(
                answer.matches("a=extmap").count(),
                5,
                "mid and transport-cc, twice, and the picture's playout delay"
            );
            assert_eq!(
                answer.matches("a=msid:visavis ").count(),
                2,
                "one common stream"
            );
            assert!(answer.contains("a=ice-lite") && answer.contains("a=setup:passive"));
        }
    }

    #[test]
    fn who_only_sends_is_promised_nothing_and_who_only_receives_is_asked_for_nothing() {
        let publisher = CHROMIUM.replace("a=sendrecv", "a=sendonly");
        let to_publisher = answer(&publisher, VideoCodec::Vp8);
        assert_eq!(to_publisher.matches("a=recvonly\r\n").count(), 2);
        assert!(!to_publisher.contains("a=ssrc") && !to_publisher.contains("a=msid:"));
        let player = CHROMIUM.replace("a=sendrecv", "a=recvonly");
        let to_player = answer(&player, VideoCodec::Vp8);
        assert_eq!(to_player.matches("a=sendonly\r\n").count(), 2);
        let both = answer(CHROMIUM, VideoCodec::Vp8);
        assert_eq!(to_player.replace("a=sendonly", "a=sendrecv"), both);
    }

    #[test]
    fn sections_that_are_not_taken_are_refused_in_place() {
        let more = format!(
            "{CHROMIUM}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n\
             a=mid:2\r\na=sctp-port:5000\r\n"
        )
        .replace("BUNDLE 0 1", "BUNDLE 0 1 2");
        let answer = answer(&more, VideoCodec::Vp8);
        assert!(answer.contains("a=group:BUNDLE 0 1\r\n"));
        assert!(answer.contains("m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
        assert_eq!(
            answer.matches("m=").count(),
            3,
            "as many sections as the offer has"
        );
    }
}
