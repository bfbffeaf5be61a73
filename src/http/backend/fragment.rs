//! ICE restarts as fragments of SDP (RFC 8840): what a `PATCH` brings, and what it is answered with.

use crate::private::Private;

/// What a browser's side of ICE is known by (RFC 8839, 5.4).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Credentials {
    ufrag: Private<String>,
    pwd: Private<String>,
}

impl Credentials {
    /// Those of an SDP or a fragment: the first of each, as all its sections are bundled.
    pub(super) fn of(sdp: &str) -> Option<Self> {
        let value = |name| {
            sdp.lines()
                .find_map(|line| line.trim_end().strip_prefix(name))
        };
        Some(Self {
            ufrag: Private::new(value(UFRAG)?.to_owned()),
            pwd: Private::new(value(PWD)?.to_owned()),
        })
    }

    /// An offer with these in place of its own.
    pub(super) fn renew(&self, offer: &Private<String>) -> Private<String> {
        let lines = offer.reveal().lines().map(|line| {
            let line = line.trim_end();
            if line.starts_with(UFRAG) {
                format!("{UFRAG}{}\r\n", self.ufrag.reveal())
            } else if line.starts_with(PWD) {
                format!("{PWD}{}\r\n", self.pwd.reveal())
            } else {
                format!("{line}\r\n")
            }
        });
        Private::new(lines.collect())
    }
}

/// What of an answer belongs to ICE.
pub(super) fn of_answer(answer: &Private<String>) -> String {
    let lines = answer.reveal().lines().map(str::trim_end);
    lines
        .filter(|line| KEPT.iter().any(|kept| line.starts_with(kept)))
        .map(|line| format!("{line}\r\n"))
        .collect()
}

const UFRAG: &str = "a=ice-ufrag:";
const PWD: &str = "a=ice-pwd:";
const KEPT: [&str; 9] = [
    "a=ice-lite",
    "a=ice-options:",
    "a=group:BUNDLE",
    "m=",
    "a=mid:",
    UFRAG,
    PWD,
    "a=candidate:",
    "a=end-of-candidates",
];

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:old1\r\na=ice-pwd:oldoldoldoldoldoldoldold\r\n\
        a=fingerprint:sha-256 AB\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=ice-ufrag:old1\r\n\
        a=ice-pwd:oldoldoldoldoldoldoldold\r\n";

    #[test]
    fn an_offer_gets_new_credentials_in_every_section_and_nothing_else_changes() {
        let fragment =
            "a=ice-ufrag:new1\na=ice-pwd:newnewnewnewnewnewnewnew\nm=audio 9 RTP/AVP 0\na=mid:0\n";
        let credentials = Credentials::of(fragment).unwrap();
        let renewed = credentials.renew(&Private::new(OFFER.to_owned()));
        assert_eq!(Credentials::of(renewed.reveal()).unwrap(), credentials);
        assert!(!renewed.reveal().contains("old"));
        let back = renewed.reveal().replace("new", "old");
        assert_eq!(back, OFFER);
    }

    #[test]
    fn a_fragment_that_only_trickles_has_none() {
        assert_eq!(
            Credentials::of("a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"),
            None
        );
        assert_eq!(Credentials::of(""), None);
    }

    #[test]
    fn an_answer_keeps_what_belongs_to_ice() {
        let fragment = of_answer(&Private::new(format!("a=ice-lite\r\n{OFFER}")));
        assert!(fragment.starts_with("a=ice-lite\r\na=group:BUNDLE 0 1\r\nm=audio"));
        assert!(!fragment.contains("fingerprint") && !fragment.contains("o=-"));
    }
}
