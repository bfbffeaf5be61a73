//! Feedback that asks for something: lost packets, keyframes (RFC 4585, RFC 5104).

use super::word;

/// Packets asked for again (RFC 4585, 6.2.1).
#[derive(Debug, Clone)]
pub struct Nack<'a> {
    /// Who asks.
    pub sender: u32,
    /// Whose packets.
    pub media: u32,
    entries: &'a [u8],
}

impl<'a> Nack<'a> {
    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        let (sender, media, entries) = sources(body)?;
        Some(Self {
            sender,
            media,
            entries,
        })
    }

    /// The sequence numbers asked for.
    pub fn lost(&self) -> impl Iterator<Item = u16> + 'a {
        self.entries
            .as_chunks::<4>()
            .0
            .iter()
            .flat_map(|&[p1, p0, b1, b0]| {
                let first = u16::from_be_bytes([p1, p0]);
                let following = u16::from_be_bytes([b1, b0]);
                let bits = (0..16_u16).filter(move |bit| following >> bit & 1 == 1);
                std::iter::once(first)
                    .chain(bits.map(move |bit| first.wrapping_add(bit).wrapping_add(1)))
            })
    }
}

/// Keyframes asked for by name (RFC 5104, 4.3.1).
#[derive(Debug, Clone)]
pub struct Fir<'a> {
    /// Who asks.
    pub sender: u32,
    entries: &'a [u8],
}

impl<'a> Fir<'a> {
    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        let (sender, _, entries) = sources(body)?;
        Some(Self { sender, entries })
    }

    /// Whether a keyframe of this source is asked for.
    #[must_use]
    pub fn names(&self, ssrc: u32) -> bool {
        let ssrc = ssrc.to_be_bytes();
        self.entries
            .as_chunks::<8>()
            .0
            .iter()
            .any(|entry| entry.starts_with(&ssrc))
    }
}

/// The two sources that every feedback packet begins with, and what follows.
pub(super) fn sources(body: &[u8]) -> Option<(u32, u32, &[u8])> {
    let (sender, rest) = word(body)?;
    let (media, rest) = word(rest)?;
    Some((sender, media, rest))
}
