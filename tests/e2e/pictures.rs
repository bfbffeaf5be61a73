//! Payloads that look like a codec's to a relay, and say to a test whose they are.

use std::fmt;

/// How a picture is coded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Coding {
    Vp8,
    H264,
}

/// Whether a picture can be seen without those before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Picture {
    Key,
    Delta,
}

/// What a test writes into a payload, and finds in it at the other end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Mark {
    /// Who sent it.
    pub(crate) name: String,
    /// How many packets of this track went before it.
    pub(crate) number: u32,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} {:06}]", self.name, self.number)
    }
}

impl Mark {
    /// The mark in a payload, if it has one.
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(payload);
        let (_, marked) = text.split_once('[')?;
        let (mark, _) = marked.split_once(']')?;
        let (name, number) = mark.split_once(' ')?;
        Some(Self {
            name: name.to_owned(),
            number: number.parse().ok()?,
        })
    }
}

/// The payload of a picture's first packet.
pub(crate) fn first_packet(coding: Coding, picture: Picture, mark: &Mark) -> Vec<u8> {
    let mut payload = match (coding, picture) {
        // RFC 7741, 4.2: a descriptor that says "start of partition 0"; then RFC 6386, 9.1: the
        // frame tag with its key bit (0 for a keyframe) and, of a keyframe, start code and size.
        (Coding::Vp8, Picture::Key) => vec![
            0x10, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01,
        ],
        (Coding::Vp8, Picture::Delta) => vec![0x10, 0x11, 0x02, 0x00],
        // RFC 6184, 5.7.1: SPS and PPS in one STAP-A, as browsers put them before an IDR slice.
        (Coding::H264, Picture::Key) => vec![
            0x78, 0x00, 0x04, 0x67, 0x42, 0xe0, 0x1f, 0x00, 0x02, 0x68, 0xce, 0x00, 0x18, 0x65,
        ],
        (Coding::H264, Picture::Delta) => vec![0x61],
    };
    payload.extend(mark.to_string().bytes());
    payload
}

/// The payload of a picture's last packet, where there are two.
pub(crate) fn last_packet(coding: Coding, picture: Picture, mark: &Mark) -> Vec<u8> {
    let mut payload = match (coding, picture) {
        (Coding::Vp8, _) => vec![0x00],
        (Coding::H264, Picture::Key) => vec![0x65],
        (Coding::H264, Picture::Delta) => vec![0x61],
    };
    payload.extend(mark.to_string().bytes());
    payload
}

/// Whether a payload begins a keyframe.
pub(crate) fn begins_keyframe(coding: Coding, payload: &[u8]) -> bool {
    match coding {
        Coding::Vp8 => payload.first() == Some(&0x10) && payload.get(1).is_some_and(|b| b & 1 == 0),
        Coding::H264 => payload.first() == Some(&0x78),
    }
}

#[test]
fn a_mark_is_found_again() {
    let mark = Mark {
        name: "ada".to_owned(),
        number: 12,
    };
    for coding in [Coding::Vp8, Coding::H264] {
        let payload = first_packet(coding, Picture::Key, &mark);
        assert_eq!(Mark::read(&payload), Some(mark.clone()));
        assert!(begins_keyframe(coding, &payload));
        let delta = first_packet(coding, Picture::Delta, &mark);
        assert!(!begins_keyframe(coding, &delta));
    }
    assert_eq!(Mark::read(b"no mark"), None);
}
