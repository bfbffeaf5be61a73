//! What a datagram on the media port carries, told by its first two bytes.

/// What shares one port (RFC 7983, section 7; RTCP among RTP by RFC 5761, section 4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// ICE's connectivity checks.
    Stun,
    /// Handshake and data channel records.
    Dtls,
    /// Sound or picture, protected.
    Rtp,
    /// Reports and feedback, protected.
    Rtcp,
    /// Nothing that is spoken here.
    Unknown,
}

impl Kind {
    /// Looks at the first two bytes only: whether the rest is whole is for its reader to say.
    ///
    /// ```
    /// use visavis::rtp::Kind;
    /// assert_eq!(Kind::of(&[0x80, 200]), Kind::Rtcp);
    /// assert_eq!(Kind::of(&[0x80, 96]), Kind::Rtp);
    /// ```
    pub fn of(datagram: &[u8]) -> Self {
        match datagram {
            [0..=3, ..] => Self::Stun,
            [20..=63, ..] => Self::Dtls,
            [128..=191, 192..=223, ..] => Self::Rtcp,
            [128..=191, _, ..] => Self::Rtp,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_first_byte_has_its_kind() {
        for first in 0..=255u8 {
            let expected = match first {
                0..=3 => Kind::Stun,
                20..=63 => Kind::Dtls,
                128..=191 => Kind::Rtp,
                _ => Kind::Unknown,
            };
            assert_eq!(Kind::of(&[first, 96, 0, 0]), expected, "first byte {first}");
        }
    }

    #[test]
    fn rtcp_is_told_from_rtp_with_and_without_marker() {
        for second in 0..=255u8 {
            let is_rtcp = Kind::of(&[0x80, second]) == Kind::Rtcp;
            assert_eq!(
                is_rtcp,
                (192..=223).contains(&second),
                "second byte {second}"
            );
        }
        assert_eq!(Kind::of(&[0x80, 0x80 | 96]), Kind::Rtp);
    }

    #[test]
    fn too_little_to_tell_is_unknown() {
        assert_eq!(Kind::of(&[]), Kind::Unknown);
        assert_eq!(Kind::of(&[0x80]), Kind::Unknown);
    }
}
