//! The offer of a simulated visitor, and what it takes from the answer.

use std::net::SocketAddr;

use str0m::crypto::Fingerprint;
use str0m::ice::IceCreds;

use super::sending::TRANSPORT_CC;

/// Payload types, as Chromium has them.
pub(super) const AUDIO: u8 = 111;
/// VP8.
pub(super) const VIDEO: u8 = 96;
/// Pictures' packets that are sent again.
pub(super) const RTX: u8 = 97;

/// SSRCs of sound, picture and resending.
pub(super) type Names = [u32; 3];

/// An offer of one voice and one picture.
pub(super) fn offer(credentials: &IceCreds, fingerprint: &Fingerprint, names: Names) -> String {
    let [audio, video, rtx] = names;
    let transport = format!(
        "c=IN IP4 0.0.0.0\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=fingerprint:{fingerprint}\r\n\
         a=setup:actpass\r\na=sendrecv\r\na=rtcp-mux\r\na=extmap:{TRANSPORT_CC} \
         http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n",
        credentials.ufrag, credentials.pass
    );
    format!(
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
         m=audio 9 UDP/TLS/RTP/SAVPF {AUDIO}\r\n{transport}a=mid:0\r\n\
         a=rtpmap:{AUDIO} opus/48000/2\r\na=rtcp-fb:{AUDIO} transport-cc\r\n\
         a=ssrc:{audio} cname:load\r\n\
         m=video 9 UDP/TLS/RTP/SAVPF {VIDEO} {RTX}\r\n{transport}a=mid:1\r\n\
         a=rtpmap:{VIDEO} VP8/90000\r\na=rtcp-fb:{VIDEO} nack\r\na=rtcp-fb:{VIDEO} nack pli\r\n\
         a=rtcp-fb:{VIDEO} transport-cc\r\na=rtpmap:{RTX} rtx/90000\r\na=fmtp:{RTX} apt={VIDEO}\r\n\
         a=ssrc-group:FID {video} {rtx}\r\na=ssrc:{video} cname:load\r\na=ssrc:{rtx} cname:load\r\n"
    )
}

/// What an answer says.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) credentials: IceCreds,
    /// Where the server takes media, best first.
    pub(super) candidates: Vec<SocketAddr>,
    /// What the server will send sound and picture under.
    pub(super) audio: u32,
    pub(super) video: u32,
    /// What it will send pictures' packets again under.
    pub(super) rtx: Option<u32>,
}

impl Answer {
    /// Reads it. `None` where something is missing.
    pub(super) fn read(sdp: &str) -> Option<Self> {
        let value = |key: &str| sdp.lines().find_map(|line| line.strip_prefix(key));
        let credentials = IceCreds {
            ufrag: value("a=ice-ufrag:")?.trim().to_owned(),
            pass: value("a=ice-pwd:")?.trim().to_owned(),
        };
        Some(Self {
            credentials,
            candidates: sdp.lines().filter_map(candidate).collect(),
            audio: first_ssrc(sdp, "m=audio")?,
            video: first_ssrc(sdp, "m=video")?,
            rtx: value("a=ssrc-group:FID ")
                .and_then(|pair| pair.split_whitespace().nth(1)?.parse().ok()),
        })
    }
}

/// `a=candidate:1 1 udp 2130706431 192.0.2.1 3478 typ host` (RFC 8839, 5.1).
fn candidate(line: &str) -> Option<SocketAddr> {
    let rest = line.strip_prefix("a=candidate:")?;
    let mut fields = rest.split_whitespace().skip(2);
    let is_udp = fields.next()?.eq_ignore_ascii_case("udp");
    let address = fields.nth(1)?.parse().ok()?;
    let port = fields.next()?.parse().ok()?;
    is_udp.then(|| SocketAddr::new(address, port))
}

fn first_ssrc(sdp: &str, section: &str) -> Option<u32> {
    let mut lines = sdp.lines().skip_while(|line| !line.starts_with(section));
    lines.next()?;
    let mut lines = lines.take_while(|line| !line.starts_with("m="));
    let found = lines.find_map(|line| line.strip_prefix("a=ssrc:"))?;
    found.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_gives_names_and_addresses() {
        let sdp = "v=0\r\nm=video 9 x 96\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\n\
                   a=candidate:1 1 udp 2130706431 192.0.2.1 3478 typ host\r\n\
                   a=candidate:2 1 tcp 1 192.0.2.1 3478 typ host tcptype passive\r\n\
                   a=ssrc-group:FID 5 6\r\na=ssrc:5 cname:x\r\na=ssrc:6 cname:x\r\n\
                   m=audio 9 x 111\r\na=ssrc:4 cname:x\r\n";
        let answer = Answer::read(sdp).expect("complete");
        assert_eq!((answer.audio, answer.video, answer.rtx), (4, 5, Some(6)));
        assert_eq!(
            answer.candidates,
            [SocketAddr::from(([192, 0, 2, 1], 3478))]
        );
        assert_eq!(answer.credentials.pass, "p");
        assert!(Answer::read("v=0\r\n").is_none());
    }
}
