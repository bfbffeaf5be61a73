//! What a visitor sends: authenticated, decrypted in place, taken once.

use super::cipher::{Cipher, Place};
use super::keys::MasterKey;
use super::replay::ReplayWindow;
use super::{ENCRYPTED, RTCP_CLEAR, RTP_INDEX_LIMIT, SrtpError};
use crate::limits;
use crate::rtp::Header;

/// The receiving end of one direction's keys.
pub struct Inbound {
    rtp: Cipher,
    rtcp: Cipher,
    tag_length: usize,
    /// Browsers number SRTCP by SSRC; a window is made once a packet of it is authentic.
    rtcp_windows: Vec<(u32, ReplayWindow)>,
}

/// An RTP packet in clear.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unprotected {
    /// Bytes of the packet that are left: the tag is gone.
    pub length: usize,
    /// Roll-over counter and sequence number, 48 bits.
    pub index: u64,
}

impl Inbound {
    /// Derives the session keys.
    pub fn new(master: &MasterKey) -> Self {
        Self {
            rtp: Cipher::for_rtp(master),
            rtcp: Cipher::for_rtcp(master),
            tag_length: master.profile().tag_length(),
            rtcp_windows: Vec::with_capacity(limits::RTCP_SENDERS),
        }
    }

    /// With session keys that are given, as test vectors have them.
    #[cfg(test)]
    pub(super) fn with_ciphers(tag_length: usize, [rtp, rtcp]: [Cipher; 2]) -> Self {
        Self {
            rtp,
            rtcp,
            tag_length,
            rtcp_windows: Vec::new(),
        }
    }

    /// Warms what the next RTP packet will need. Changes nothing.
    pub fn glance(&self) {
        self.rtp.glance();
    }

    /// Takes an RTP packet with the `header` that was read from it. `window` is that of its SSRC
    /// (a new one for an SSRC not yet known, to be kept only if this succeeds) and remembers the
    /// packet when, and only when, it is authentic.
    ///
    /// # Errors
    /// [`SrtpError::Malformed`], [`SrtpError::Replayed`], [`SrtpError::TooOld`] and
    /// [`SrtpError::Forged`]; the packet's body may then hold anything.
    pub fn unprotect_rtp(
        &self,
        window: &mut ReplayWindow,
        packet: &mut [u8],
        header: &Header,
    ) -> Result<Unprotected, SrtpError> {
        let index = window.index_of(header.sequence);
        let index = index
            .filter(|&index| index < RTP_INDEX_LIMIT)
            .ok_or(SrtpError::TooOld)?;
        window.check(index)?;
        let length = packet.len().checked_sub(self.tag_length);
        let (clear, rest) = packet
            .split_at_mut_checked(header.length)
            .ok_or(SrtpError::Malformed)?;
        let (length, (body, tag)) = length
            .and_then(|length| {
                let body = length.checked_sub(header.length)?;
                Some((length, rest.split_at_mut_checked(body)?))
            })
            .ok_or(SrtpError::Malformed)?;
        let ssrc = header.ssrc;
        self.rtp.open_rtp(Place { ssrc, index }, clear, body, tag)?;
        window.insert(index);
        Ok(Unprotected { length, index })
    }

    /// Takes a compound RTCP packet and returns its length in clear.
    ///
    /// # Errors
    /// As [`Self::unprotect_rtp`], and [`SrtpError::Unencrypted`] and
    /// [`SrtpError::TooManySenders`].
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let parts = RtcpParts::split(packet, self.tag_length, &self.rtcp)?;
        let [.., a, b, c, d] = parts.header;
        let ssrc = u32::from_be_bytes([a, b, c, d]);
        if parts.word & ENCRYPTED == 0 {
            return Err(SrtpError::Unencrypted);
        }
        let index = u64::from(parts.word & !ENCRYPTED);
        let known = self.rtcp_windows.iter().position(|(of, _)| *of == ssrc);
        let mut window = match known.and_then(|at| self.rtcp_windows.get(at)) {
            Some((_, window)) => *window,
            None if self.rtcp_windows.len() >= limits::RTCP_SENDERS => {
                return Err(SrtpError::TooManySenders);
            }
            None => ReplayWindow::new(),
        };
        window.check(index)?;
        let place = Place { ssrc, index };
        self.rtcp
            .open_rtcp(place, parts.header, parts.body, parts.tag)?;
        window.insert(index);
        match known.and_then(|at| self.rtcp_windows.get_mut(at)) {
            Some((_, kept)) => *kept = window,
            None => self.rtcp_windows.push((ssrc, window)),
        }
        Ok(RTCP_CLEAR.saturating_add(parts.body.len()))
    }
}

/// An SRTCP packet taken apart. GCM puts the tag before the word with the index (RFC 7714, section
/// 9.3), counter mode behind it (RFC 3711, section 3.4).
struct RtcpParts<'a> {
    header: [u8; RTCP_CLEAR],
    body: &'a mut [u8],
    tag: &'a [u8],
    word: u32,
}

impl<'a> RtcpParts<'a> {
    fn split(packet: &'a mut [u8], tag: usize, cipher: &Cipher) -> Result<Self, SrtpError> {
        Self::try_split(packet, tag, cipher).ok_or(SrtpError::Malformed)
    }

    fn try_split(packet: &'a mut [u8], tag: usize, cipher: &Cipher) -> Option<Self> {
        let (header, rest) = packet.split_first_chunk_mut::<RTCP_CLEAR>()?;
        let body = rest.len().checked_sub(tag.checked_add(4)?)?;
        let (body, trailer) = rest.split_at_mut_checked(body)?;
        let trailer: &'a [u8] = trailer;
        let (tag, word) = match cipher {
            Cipher::Gcm(_) => trailer.split_last_chunk::<4>()?,
            Cipher::CounterMode(_) => {
                let (word, tag) = trailer.split_first_chunk::<4>()?;
                (tag, word)
            }
        };
        let (header, word) = (*header, u32::from_be_bytes(*word));
        Some(Self {
            header,
            body,
            tag,
            word,
        })
    }
}
