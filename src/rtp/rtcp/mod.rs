//! RTCP (RFC 3550, 6): compound packets read part by part, and written part by part.
//!
//! 1. [`Compound`] walks the parts of a datagram;
//! 2. [`SenderReport`] and [`ReportBlock`] say what was sent and what came;
//! 3. [`Nack`] and [`Fir`] ask for something;
//! 4. [`TransportFeedback`] says when each packet of a transport came;
//! 5. [`write`](mod@write) is the way back.

mod report;
mod requests;
mod transport_wide;
pub mod write;

pub use report::{Blocks, ReportBlock, SenderReport};
pub use requests::{Fir, Nack};
pub use transport_wide::TransportFeedback;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
const TRANSPORT_LAYER: u8 = 205;
const PAYLOAD_SPECIFIC: u8 = 206;

/// One part of a compound packet.
#[derive(Debug, Clone)]
pub enum Packet<'a> {
    /// What a sender sent, and blocks about what it received.
    SenderReport(SenderReport, Blocks<'a>),
    /// The reporter's SSRC, and blocks about what it received.
    ReceiverReport(u32, Blocks<'a>),
    /// Packets asked for again (RFC 4585, 6.2.1).
    Nack(Nack<'a>),
    /// Picture loss (RFC 4585, 6.3.1): a keyframe is asked for.
    Pli {
        /// Who asks.
        sender: u32,
        /// Whose keyframe.
        media: u32,
    },
    /// Keyframes asked for by name (RFC 5104, 4.3.1).
    Fir(Fir<'a>),
    /// Transport-wide arrival times.
    TransportFeedback(TransportFeedback<'a>),
    /// Names (RFC 3550, 6.5); not read further.
    Sdes(&'a [u8]),
    /// A farewell (RFC 3550, 6.6); not read further.
    Bye,
    /// Anything else, REMB included.
    Other,
}

/// A part that cannot be read; nothing after it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a part of the RTCP packet is not what it says")]
pub struct MalformedRtcp;

/// The parts of a compound packet, in order. A part that cannot be read ends it.
#[derive(Debug, Clone)]
pub struct Compound<'a> {
    rest: &'a [u8],
}

impl<'a> Compound<'a> {
    /// Begins at the first part of decrypted RTCP.
    #[must_use]
    pub fn parse(rtcp: &'a [u8]) -> Self {
        Self { rest: rtcp }
    }

    fn part(&mut self) -> Option<Packet<'a>> {
        let &[first, kind, l1, l0] = self.rest.first_chunk::<4>()?;
        let length = usize::from(u16::from_be_bytes([l1, l0]))
            .checked_add(1)?
            .checked_mul(4)?;
        let (part, rest) = self.rest.split_at_checked(length)?;
        if first >> 6 != 2 {
            return None;
        }
        self.rest = rest;
        let mut body = part.get(4..)?;
        if first & 0x20 != 0 {
            let padding = usize::from(*body.last()?);
            body = body.get(..body.len().checked_sub(padding)?)?;
        }
        read(kind, first & 0x1f, body)
    }
}

impl<'a> Iterator for Compound<'a> {
    type Item = Result<Packet<'a>, MalformedRtcp>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let part = self.part();
        if part.is_none() {
            self.rest = &[];
        }
        Some(part.ok_or(MalformedRtcp))
    }
}

/// Cuts a compound between its parts, so that no piece is longer than `most` bytes unless one part
/// alone is, and none holds two transport-wide feedback packets: libwebrtc hears the last of a compound
/// alone. What does not say its length rightly stays with the last piece.
pub fn pieces(rtcp: &[u8], most: usize) -> impl Iterator<Item = &[u8]> {
    let mut rest = rtcp;
    std::iter::from_fn(move || {
        let (mut end, mut has_feedback) = (0_usize, false);
        while let Some(&[v, kind, l1, l0]) =
            rest.get(end..).and_then(|part| part.first_chunk::<4>())
        {
            let is_feedback = (kind, v & 0x1f) == (TRANSPORT_LAYER, 15);
            if is_feedback && std::mem::replace(&mut has_feedback, true) {
                break;
            }
            let words = usize::from(u16::from_be_bytes([l1, l0])).saturating_add(1);
            let next = end.saturating_add(words.saturating_mul(4));
            if next > rest.len() || (next > most && end > 0) {
                break;
            }
            end = next;
        }
        let whole = rest.get(end..).is_none_or(|after| after.len() < 4) || end == 0;
        let (piece, after) = rest.split_at_checked(if whole { rest.len() } else { end })?;
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

fn read(kind: u8, count: u8, body: &[u8]) -> Option<Packet<'_>> {
    match (kind, count) {
        (SENDER_REPORT, _) => {
            let (report, blocks) = report::sender(body, count)?;
            Some(Packet::SenderReport(report, blocks))
        }
        (RECEIVER_REPORT, _) => {
            let (ssrc, blocks) = report::receiver(body, count)?;
            Some(Packet::ReceiverReport(ssrc, blocks))
        }
        (SOURCE_DESCRIPTION, _) => Some(Packet::Sdes(body)),
        (GOODBYE, _) => Some(Packet::Bye),
        (TRANSPORT_LAYER, 1) => Nack::read(body).map(Packet::Nack),
        (TRANSPORT_LAYER, 15) => TransportFeedback::read(body).map(Packet::TransportFeedback),
        (PAYLOAD_SPECIFIC, 1) => {
            let (sender, media, _) = requests::sources(body)?;
            Some(Packet::Pli { sender, media })
        }
        (PAYLOAD_SPECIFIC, 4) => Fir::read(body).map(Packet::Fir),
        _ => Some(Packet::Other),
    }
}

/// A big-endian 32-bit word, and what follows it.
fn word(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*word), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let report = SenderReport {
            ssrc: 1,
            ntp: 2 << 40,
            rtp_timestamp: 3,
            packets: 4,
            octets: 5,
        };
        let block = ReportBlock {
            ssrc: 9,
            fraction_lost: 8,
            cumulative_lost: -7,
            highest_sequence: 0x1_0006,
            jitter: 5,
            last_sr: 4,
            delay_since_last_sr: 3,
        };
        let mut bytes = Vec::new();
        write::sender_report(&mut bytes, &report, &[block]);
        write::sdes_cname(&mut bytes, 1, "somebody");
        write::receiver_report(&mut bytes, 6, &[block, block]);
        write::nack(&mut bytes, 1, 2, &[65_534, 65_535, 1, 40]);
        write::pli(&mut bytes, 1, 2);
        let parts: Vec<Packet<'_>> = Compound::parse(&bytes)
            .map(|part| part.expect("well made"))
            .collect();
        let [sender, name, receiver, nack, pli] = &parts[..] else {
            panic!("{parts:?}")
        };
        let Packet::SenderReport(read, blocks) = sender else {
            panic!("{sender:?}")
        };
        assert_eq!(*read, report);
        assert_eq!(blocks.clone().collect::<Vec<_>>(), [block]);
        assert!(matches!(name, Packet::Sdes(text) if text.windows(8).any(|w| w == b"somebody")));
        assert!(matches!(receiver, Packet::ReceiverReport(6, blocks) if blocks.len() == 2));
        let Packet::Nack(nack) = nack else {
            panic!("{nack:?}")
        };
        assert_eq!((nack.sender, nack.media), (1, 2));
        assert_eq!(nack.lost().collect::<Vec<_>>(), [65_534, 65_535, 1, 40]);
        assert!(matches!(
            pli,
            Packet::Pli {
                sender: 1,
                media: 2
            }
        ));
    }

    #[test]
    fn a_long_compound_is_cut_between_its_parts() {
        let mut bytes = Vec::new();
        for _ in 0..10 {
            write::nack(&mut bytes, 1, 2, &[3]);
        }
        assert_eq!(bytes.len(), 160);
        let lengths: Vec<usize> = pieces(&bytes, 50).map(<[u8]>::len).collect();
        assert_eq!(lengths, [48, 48, 48, 16]);
        assert_eq!(pieces(&bytes, 10).count(), 10, "a part is never cut");
        assert_eq!(pieces(&bytes, 1000).count(), 1);
        assert_eq!(pieces(&[], 1000).count(), 0);
        let mut wrong = bytes.clone();
        wrong[19] = 200;
        assert_eq!(
            pieces(&wrong, 50).map(<[u8]>::len).sum::<usize>(),
            160,
            "nothing is lost"
        );
    }

    #[test]
    fn transport_wide_feedback_is_alone_of_its_kind() {
        let mut bytes = Vec::new();
        for number in [1, 2, 5] {
            write::nack(&mut bytes, 1, 2, &[3]);
            write::transport_feedback(&mut bytes, (1, 2), 0, &[(number, Some(1))]);
        }
        let kinds = |piece: &[u8]| -> Vec<bool> {
            let parts = Compound::parse(piece).map(|part| part.expect("well made"));
            parts
                .map(|part| matches!(part, Packet::TransportFeedback(_)))
                .collect()
        };
        let cut: Vec<_> = pieces(&bytes, 1000).map(kinds).collect();
        assert_eq!(
            cut,
            [vec![false, true, false], vec![true, false], vec![true]]
        );
    }

    #[test]
    fn no_cut_is_read_beyond_its_end() {
        let mut bytes = Vec::new();
        let report = SenderReport {
            ssrc: 1,
            ntp: 2,
            rtp_timestamp: 3,
            packets: 4,
            octets: 5,
        };
        write::sender_report(&mut bytes, &report, &[]);
        write::nack(&mut bytes, 1, 2, &[3]);
        for length in 1..bytes.len() {
            let parts: Vec<_> = Compound::parse(&bytes[..length]).collect();
            let is_whole = length == 28;
            assert_eq!(parts.iter().all(Result::is_ok), is_whole, "{length} bytes");
        }
    }
}
