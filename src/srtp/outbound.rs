//! What is sent to a visitor: encrypted in place, each packet under an index of its own.

use std::hint::black_box;

use super::cipher::{Cipher, Place};
use super::keys::MasterKey;
use super::profile::Profile;
use super::replay::ReplayWindow;
use super::{RTCP_CLEAR, RTCP_INDEX_LIMIT, RTP_INDEX_LIMIT, SrtpError};
use crate::limits;
use crate::rtp::Header;

/// The sending end of one direction's keys. It cannot be cloned: whoever holds it is the only one
/// who may protect, and it remembers which indices it has used.
pub struct Outbound {
    profile: Profile,
    rtp: Cipher,
    rtcp: Cipher,
    next_rtcp_index: u32,
    /// By SSRC, the indices that have been used.
    sent: Vec<(u32, ReplayWindow)>,
}

impl Outbound {
    /// Derives the session keys.
    pub fn new(master: &MasterKey) -> Self {
        Self {
            profile: master.profile(),
            rtp: Cipher::for_rtp(master),
            rtcp: Cipher::for_rtcp(master),
            next_rtcp_index: 0,
            sent: Vec::with_capacity(limits::SENT_STREAMS),
        }
    }

    /// With session keys that are given, as test vectors have them.
    #[cfg(test)]
    pub(super) fn with_ciphers(
        profile: Profile,
        [rtp, rtcp]: [Cipher; 2],
        next_rtcp_index: u32,
    ) -> Self {
        Self {
            profile,
            rtp,
            rtcp,
            next_rtcp_index,
            sent: Vec::new(),
        }
    }

    /// The profile of its keys; tells how much room a packet needs behind it.
    pub const fn profile(&self) -> Profile {
        self.profile
    }

    /// The highest index of all streams.
    pub fn newest(&self) -> Option<u64> {
        self.sent.iter().map(|(_, window)| window.highest()).max()?
    }

    /// Warms what the next RTP packet will need. Changes nothing.
    pub fn glance(&self) {
        black_box(self.newest());
        self.rtp.glance();
    }

    /// Protects the RTP packet in the first `length` bytes, writes the tag behind it and returns
    /// the length of both. The low 16 bits of `index` are the packet's sequence number, the rest
    /// counts its turns.
    ///
    /// **No index protects two packets of one SSRC**: under one nonce they would give away each
    /// other and the key that tags them. One that is used, or lies [`ReplayWindow::SIZE`] or more
    /// below the highest, is refused.
    ///
    /// # Errors
    /// [`SrtpError::Malformed`], [`SrtpError::NoRoom`], [`SrtpError::Reused`],
    /// [`SrtpError::Exhausted`] and [`SrtpError::TooManySenders`].
    pub fn protect_rtp(
        &mut self,
        packet: &mut [u8],
        length: usize,
        index: u64,
    ) -> Result<usize, SrtpError> {
        let header = header_of(packet, length)?;
        let ssrc = header.ssrc;
        let known = self.sent.iter().position(|(of, _)| *of == ssrc);
        let window = match known.and_then(|at| self.sent.get(at)) {
            Some((_, window)) => window,
            None if self.sent.len() >= limits::SENT_STREAMS => {
                return Err(SrtpError::TooManySenders);
            }
            None => &ReplayWindow::new(),
        };
        window.check(index).map_err(|_| SrtpError::Reused)?;
        let whole = self.seal(packet, length, &header, index)?;
        match known.and_then(|at| self.sent.get_mut(at)) {
            Some((_, window)) => window.insert(index),
            None => self.sent.push((ssrc, ReplayWindow::only(index))),
        }
        Ok(whole)
    }

    /// Protects **the very packet** that this index has protected before, for a receiver who takes
    /// lost packets again under their first number: the same bytes give the same ciphertext, which
    /// tells nothing new.
    ///
    /// # Errors
    /// [`SrtpError::Malformed`], [`SrtpError::NoRoom`] and [`SrtpError::Exhausted`].
    pub fn protect_rtp_again(
        &self,
        packet: &mut [u8],
        length: usize,
        index: u64,
    ) -> Result<usize, SrtpError> {
        let header = header_of(packet, length)?;
        self.seal(packet, length, &header, index)
    }

    fn seal(
        &self,
        packet: &mut [u8],
        length: usize,
        header: &Header,
        index: u64,
    ) -> Result<usize, SrtpError> {
        if index >= RTP_INDEX_LIMIT {
            return Err(SrtpError::Exhausted);
        }
        let (packet, room) = packet
            .split_at_mut_checked(length)
            .ok_or(SrtpError::Malformed)?;
        debug_assert_eq!(
            u64::from(header.sequence),
            index & 0xffff,
            "an index ends in its number"
        );
        let tag = room
            .get_mut(..self.profile.tag_length())
            .ok_or(SrtpError::NoRoom)?;
        let (clear, body) = packet
            .split_at_mut_checked(header.length)
            .ok_or(SrtpError::Malformed)?;
        let ssrc = header.ssrc;
        self.rtp.seal_rtp(Place { ssrc, index }, clear, body, tag)?;
        Ok(length.saturating_add(tag.len()))
    }

    /// Protects the compound RTCP packet in the first `length` bytes, writes index and tag behind
    /// it ([`Profile::rtcp_overhead`] bytes) and returns the length of all.
    ///
    /// # Errors
    /// [`SrtpError::Malformed`], [`SrtpError::NoRoom`] and [`SrtpError::Exhausted`].
    pub fn protect_rtcp(&mut self, packet: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        let index = self.next_rtcp_index;
        if index >= RTCP_INDEX_LIMIT {
            return Err(SrtpError::Exhausted);
        }
        let (packet, room) = packet
            .split_at_mut_checked(length)
            .ok_or(SrtpError::Malformed)?;
        let trailer = room
            .get_mut(..self.profile.rtcp_overhead())
            .ok_or(SrtpError::NoRoom)?;
        let trailer_length = trailer.len();
        let (header, body) = packet
            .split_first_chunk_mut::<RTCP_CLEAR>()
            .ok_or(SrtpError::Malformed)?;
        let [.., a, b, c, d] = *header;
        let ssrc = u32::from_be_bytes([a, b, c, d]);
        let place = Place {
            ssrc,
            index: u64::from(index),
        };
        let (tag, word) = match self.rtcp {
            Cipher::Gcm(_) => trailer
                .split_last_chunk_mut::<4>()
                .ok_or(SrtpError::NoRoom)?,
            Cipher::CounterMode(_) => {
                let (word, tag) = trailer
                    .split_first_chunk_mut::<4>()
                    .ok_or(SrtpError::NoRoom)?;
                (tag, word)
            }
        };
        self.rtcp.seal_rtcp(place, *header, body, tag)?;
        *word = place.rtcp_word();
        self.next_rtcp_index = index.saturating_add(1);
        Ok(length.saturating_add(trailer_length))
    }
}

fn header_of(packet: &[u8], length: usize) -> Result<Header, SrtpError> {
    let header = packet.get(..length).and_then(Header::parse);
    header.ok_or(SrtpError::Malformed)
}
