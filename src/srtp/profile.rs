//! The protection profiles that a handshake can settle on.

/// Cipher and lengths of SRTP and SRTCP (RFC 5764, section 4.1.2; RFC 7714, section 14.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Profile {
    /// What browsers take first.
    AeadAes256Gcm,
    /// The same with a shorter key.
    AeadAes128Gcm,
    /// AES in counter mode with HMAC-SHA1 cut to 80 bits, for those without the others.
    Aes128CmSha1_80,
}

impl Profile {
    /// Bytes of a master key.
    pub const fn key_length(self) -> usize {
        match self {
            Self::AeadAes256Gcm => 32,
            Self::AeadAes128Gcm | Self::Aes128CmSha1_80 => 16,
        }
    }

    /// Bytes of a master salt.
    pub const fn salt_length(self) -> usize {
        match self {
            Self::AeadAes256Gcm | Self::AeadAes128Gcm => 12,
            Self::Aes128CmSha1_80 => 14,
        }
    }

    /// Bytes of the tag that proves who made a packet: by so much SRTP outgrows RTP.
    pub const fn tag_length(self) -> usize {
        match self {
            Self::AeadAes256Gcm | Self::AeadAes128Gcm => 16,
            Self::Aes128CmSha1_80 => 10,
        }
    }

    /// Bytes by which SRTCP outgrows RTCP: the tag and the index.
    pub const fn rtcp_overhead(self) -> usize {
        self.tag_length().saturating_add(4)
    }

    /// Bytes that the handshake exports: a key and a salt for each direction.
    pub const fn exporter_length(self) -> usize {
        let one = self.key_length().saturating_add(self.salt_length());
        one.saturating_mul(2)
    }
}
