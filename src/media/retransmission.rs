//! The retransmission stream (RTX, RFC 4588) of a relay: what its sender resends and probes with, and
//! what is resent from the ring when the partner asks for it.

use std::time::Instant;

use super::arrivals::low;
use super::datagrams::Datagrams;
use super::relay::{Heading, Passage, Relay, Sender};
use super::resend::Kept;
use super::tape::Tape;
use super::uplink::Received;
use crate::limits;
use crate::rtp::sequence::nearest;
use crate::rtp::{self, Header};

/// What answering a request takes of the shard.
pub(crate) struct Means<'a> {
    pub(crate) now: Instant,
    /// Where what may be asked for again is kept.
    pub(crate) tape: &'a Tape,
    pub(crate) out: &'a mut Datagrams,
}

/// What became of a request for a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resent {
    /// Sent again.
    Yes,
    /// Sent again a moment ago: it is on its way.
    JustNow,
    /// The downlink's share for resending is spent.
    OverShare,
    /// The ring does not have it.
    NotHere,
}

impl Relay {
    /// A packet resent by its sender, or probing: which is old packets resent, or padding.
    pub(super) fn forward_rtx(
        &mut self,
        packet: &mut [u8],
        received: &Received,
        sender: &mut Sender<'_>,
        out: &mut Datagrams,
    ) -> Passage {
        let Some(line) = self.video else {
            return Passage::Held;
        };
        let payload = rtp::payload(packet, &received.header).unwrap_or_default();
        let original = payload.first_chunk::<2>().and_then(|osn| {
            let newest = sender.newest_video.unwrap_or(line.numbers.start_in);
            nearest(newest, u16::from_be_bytes(*osn))
        });
        let was_missing = original.is_some_and(|index| sender.losses.resent(index, received.at));
        let place = original.and_then(|index| line.numbers.forth(index));
        let Some(index) = place else {
            // Of the time before this match, or nothing at all: its number counts, its bytes do not.
            return self.send_blank(received, out);
        };
        let original = self.video_heading(received.header.timestamp, &line, index);
        let mut room = [0; limits::DATAGRAM_BYTES];
        let restored = self.restore(packet, received, &original, &mut room);
        let Some(rtx) = self.rtx_heading(original.timestamp) else {
            // An index is used once: a copy of what was sent already would repeat its nonce.
            return match restored.filter(|_| was_missing) {
                Some(restored) => {
                    let sent = self.send_video(restored, &original, received.at, out);
                    if sent == Passage::Sent {
                        self.keep(index, restored, sender, received.at);
                    }
                    sent
                }
                None => Passage::Stale,
            };
        };
        if let (Some(restored), true) = (restored, was_missing) {
            self.keep(index, restored, sender, received.at);
        }
        self.rewrite(packet, received, &rtx);
        write_original(packet, received.header.length, index);
        self.send_rtx(packet, &rtx, received.at, out)
    }

    /// The original packet inside a retransmission (RFC 4588, 4), as it would have been sent on.
    fn restore<'a>(
        &mut self,
        packet: &[u8],
        received: &Received,
        heading: &Heading,
        room: &'a mut [u8; limits::DATAGRAM_BYTES],
    ) -> Option<&'a [u8]> {
        let length = packet.len();
        let copy = room.get_mut(..length)?;
        copy.copy_from_slice(packet);
        self.rewrite(copy, received, heading);
        let start = received.header.length;
        let rest = start.checked_add(2).filter(|rest| *rest <= length)?;
        room.copy_within(rest..length, start);
        room.get(..length - 2)
    }

    fn keep(&mut self, index: u64, packet: &[u8], sender: &mut Sender<'_>, now: Instant) {
        self.downlink.ring.keep(index, packet, sender.tape, now);
    }

    fn send_video(
        &mut self,
        packet: &[u8],
        heading: &Heading,
        now: Instant,
        out: &mut Datagrams,
    ) -> Passage {
        let Some(length) = self.downlink.send_rtp(packet, heading.index, out) else {
            return Passage::Failed;
        };
        self.downlink
            .video
            .sent(heading.index, heading.timestamp, length, now);
        Passage::Sent
    }

    /// Padding in place of what must not cross, so that its transport-wide number is not a loss.
    fn send_blank(&mut self, received: &Received, out: &mut Datagrams) -> Passage {
        let place = received
            .transport
            .as_ref()
            .and_then(|(n, _)| self.transport?.forth(*n));
        let timestamp = self.downlink.video.timestamp_at(received.at);
        let (Some(number), Some(id), Some(heading)) = (
            place,
            self.downlink.numbers.transport_cc,
            self.rtx_heading(timestamp),
        ) else {
            return Passage::Stale;
        };
        self.note_transport(number);
        // Version 2 with padding and extension; one element in the one-byte form (RFC 8285, 4.2).
        let [number_high, number_low] = low(number).to_be_bytes();
        let lead = [0xb0, heading.payload_type];
        let element = [0xbe, 0xde, 0, 1, (id << 4) | 1, number_high, number_low, 0];
        let padding = u8::MAX;
        let mut room = [0; 20 + u8::MAX as usize];
        let last = room.len() - 1;
        for (at, bytes) in [(0, &lead[..]), (12, &element[..]), (last, &[padding][..])] {
            if let Some(place) = room.get_mut(at..at + bytes.len()) {
                place.copy_from_slice(bytes);
            }
        }
        heading.write(&mut room);
        self.send_rtx(&room, &heading, received.at, out)
    }

    /// Sends a packet of the retransmission stream, which has numbers of its own: nobody asks for
    /// them again, so what the relay inserts or leaves out makes no gap.
    fn send_rtx(
        &mut self,
        packet: &[u8],
        heading: &Heading,
        now: Instant,
        out: &mut Datagrams,
    ) -> Passage {
        let Some(sent) = self.downlink.send_rtp(packet, heading.index, out) else {
            return Passage::Failed;
        };
        self.downlink
            .rtx
            .sent(heading.index, heading.timestamp, sent, now);
        Passage::Sent
    }

    /// Answers a request from the ring, as a retransmission that keeps the transport-wide number of
    /// the first sending.
    pub(crate) fn resend(&mut self, index: u64, means: &mut Means<'_>) -> Resent {
        let Means { now, tape, out } = means;
        let now = *now;
        let mut room = [0; limits::DATAGRAM_BYTES];
        let length = match self.downlink.ring.take(index, tape, now) {
            Kept::Missing => return Resent::NotHere,
            Kept::JustResent => return Resent::JustNow,
            Kept::Packet(kept) => {
                let Some(place) = room.get_mut(..kept.len()) else {
                    return Resent::NotHere;
                };
                place.copy_from_slice(kept);
                kept.len()
            }
        };
        if !self.downlink.allowance.spend(length) {
            return Resent::OverShare;
        }
        let Some(header) = room.get(..length).and_then(Header::parse) else {
            return Resent::NotHere;
        };
        let Some(heading) = self.rtx_heading(header.timestamp) else {
            // Without a stream of its own the same packet goes again: same index, same bytes.
            let packet = room.get(..length).unwrap_or_default();
            let sent = self.downlink.send_rtp_again(packet, index, out);
            return if sent.is_some() {
                Resent::Yes
            } else {
                Resent::NotHere
            };
        };
        if length + 2 > room.len() {
            return Resent::NotHere;
        }
        room.copy_within(header.length..length, header.length + 2);
        write_original(&mut room, header.length, index);
        heading.write(&mut room);
        let packet = room.get(..length + 2).unwrap_or_default();
        match self.send_rtx(packet, &heading, now, out) {
            Passage::Sent => Resent::Yes,
            _ => Resent::NotHere,
        }
    }

    /// The next packet of the retransmission stream. `None` when the partner has no such stream.
    fn rtx_heading(&self, timestamp: u32) -> Option<Heading> {
        let numbers = &self.downlink.numbers;
        Some(Heading {
            ssrc: numbers.ssrcs.rtx,
            payload_type: numbers.rtx_payload_type?,
            index: self.downlink.rtx.next_index,
            timestamp,
        })
    }
}

/// The original sequence number, at the head of a retransmission's payload (RFC 4588, 4).
fn write_original(packet: &mut [u8], payload_at: usize, index: u64) {
    if let Some(place) = packet
        .get_mut(payload_at..)
        .and_then(|rest| rest.first_chunk_mut())
    {
        *place = low(index).to_be_bytes();
    }
}
