//! One direction of a match: what one leg sends, rewritten for the other.
//!
//! With exactly one receiver there is nothing to select and nothing to re-time: every packet goes
//! on with constant offsets, fixed where the match begins, so that the receiver sees one unbroken
//! stream (RFC 7667, 3.2.1.2: a transport translator). RTCP goes end to end with the inverse
//! offsets (see [`feedback`](super::feedback)).

use std::time::{Duration, Instant};

use super::arrivals::low;
use super::downlink::{Downlink, KEYFRAME_PAUSE, Outgoing};
use super::losses::Losses;
use super::reception::middle;
use super::stretch::Stretch;
use super::uplink::{Received, Track};
use crate::codec::VideoCodec;
use crate::id::{LegId, MatchId};
use crate::limits;
use crate::rtp::sequence::nearest;
use crate::rtp::{self, Header, extension};

/// One direction of a match, at the home of the leg that sends.
pub(crate) struct Relay {
    pub(crate) match_id: MatchId,
    /// Whose downlink this holds.
    pub(crate) partner: LegId,
    pub(crate) downlink: Box<Downlink>,
    pub(crate) audio: Option<Line>,
    /// `None` while the picture is held for its keyframe, or stopped.
    pub(crate) video: Option<Line>,
    /// From where on the partner's transport-wide feedback goes through.
    pub(crate) transport: Option<Stretch>,
    /// What to add to the sender's NTP time: one for sound and picture, or they drift apart.
    pub(crate) ntp_offset: Option<u64>,
    /// What to add to the partner's arrival times to get this shard's.
    pub(crate) arrival_shift: Option<i64>,
    /// Sender reports of this match: middle NTP bits as sent on, and as they came.
    reports: [(u32, u32); 8],
    reports_at: usize,
    transport_ids: (Option<u8>, Option<u8>),
    asked_keyframe: Option<Instant>,
    began: Instant,
    /// Index of the last packet of the first picture, until it has been told.
    is_first_picture_told: bool,
}

/// A track that flows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) numbers: Stretch,
    /// What to add to the sender's RTP timestamps.
    pub(crate) timestamp: u32,
    /// The partner's cumulative loss as of its last report.
    pub(crate) partner_lost: Option<i32>,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passage {
    /// Sent on.
    Sent,
    /// Sent on, and with it the last of the match's first picture.
    FirstPicture {
        /// Since the match reached this shard.
        after: Duration,
    },
    /// Kept back: the picture waits for its keyframe, or is stopped.
    Held,
    /// It belongs to the time before this match.
    Stale,
    /// It could not be protected.
    Failed,
}

impl Relay {
    /// A relay toward the owner of `downlink`, of what a leg with the given extension id sends.
    pub(crate) fn new(
        match_id: MatchId,
        mut downlink: Box<Downlink>,
        sender_transport_cc: Option<u8>,
        ntp_offset: Option<u64>,
        now: Instant,
    ) -> Self {
        downlink.begin_match();
        Self {
            match_id,
            partner: downlink.leg,
            transport_ids: (sender_transport_cc, downlink.numbers.transport_cc),
            downlink,
            audio: None,
            video: None,
            transport: None,
            ntp_offset,
            arrival_shift: None,
            reports: [(0, 0); 8],
            reports_at: 0,
            asked_keyframe: None,
            began: now,
            is_first_picture_told: false,
        }
    }

    /// Sends a decrypted packet on.
    pub(crate) fn forward(
        &mut self,
        packet: &[u8],
        received: &Received,
        sender: &mut Sender<'_>,
        now: Instant,
        out: &mut super::datagrams::Datagrams,
    ) -> Passage {
        match received.track {
            Track::Audio => self.forward_audio(packet, received, now, out),
            Track::Video => self.forward_video(packet, received, sender, now, out),
            Track::Rtx => self.forward_rtx(packet, received, sender, now, out),
        }
    }

    /// Keeps the picture back from now on, until the next keyframe.
    pub(crate) fn hold_video(&mut self) {
        self.video = None;
        self.transport = None;
        self.asked_keyframe = None;
    }

    /// Whether a keyframe is to be asked of the sender now; it counts as asked.
    pub(crate) fn wants_keyframe(&mut self, pause: Duration, now: Instant) -> bool {
        let asked = self.asked_keyframe;
        if asked.is_some_and(|then| now.saturating_duration_since(then) < pause) {
            return false;
        }
        self.asked_keyframe = Some(now);
        true
    }

    /// Whether the partner's request for a keyframe goes on to the sender.
    pub(crate) fn passes_keyframe_request(&mut self, now: Instant) -> bool {
        self.video.is_some() && self.wants_keyframe(KEYFRAME_PAUSE, now)
    }

    /// Notes a sender report that is sent on, to find it again by what the partner makes of it.
    pub(crate) fn remember_report(&mut self, ntp_in: u64, ntp_out: u64) {
        if let Some(slot) = self.reports.get_mut(self.reports_at % 8) {
            *slot = (middle(ntp_out), middle(ntp_in));
        }
        self.reports_at += 1;
    }

    /// The sender's name for a report that the partner names. Zero where it is not of this match.
    pub(crate) fn report_before(&self, last_sr: u32) -> u32 {
        self.reports
            .iter()
            .find(|(out, _)| last_sr != 0 && *out == last_sr)
            .map_or(0, |(_, came_as)| *came_as)
    }

    fn forward_audio(
        &mut self,
        packet: &[u8],
        received: &Received,
        now: Instant,
        out: &mut super::datagrams::Datagrams,
    ) -> Passage {
        if self
            .audio
            .is_some_and(|line| leaps(&line, received, &self.downlink.audio))
        {
            self.audio = None;
        }
        let track = &self.downlink.audio;
        let line = *self
            .audio
            .get_or_insert_with(|| Line::begin(received, track, now));
        let Some(index) = line.numbers.forth(received.index) else {
            return Passage::Stale;
        };
        let numbers = &self.downlink.numbers;
        let heading = Heading {
            ssrc: numbers.ssrcs.audio,
            payload_type: numbers.audio_payload_type,
            index,
            timestamp: received.header.timestamp.wrapping_add(line.timestamp),
        };
        let mut room = [0; limits::DATAGRAM_BYTES];
        let Some(finished) = self.compose(packet, received, &heading, &mut room) else {
            return Passage::Failed;
        };
        let Some(length) = self.downlink.send_rtp(finished, index, out) else {
            return Passage::Failed;
        };
        self.downlink
            .audio
            .sent(index, heading.timestamp, length, now);
        Passage::Sent
    }

    fn forward_video(
        &mut self,
        packet: &[u8],
        received: &Received,
        sender: &mut Sender<'_>,
        now: Instant,
        out: &mut super::datagrams::Datagrams,
    ) -> Passage {
        if self
            .video
            .is_some_and(|line| leaps(&line, received, &self.downlink.video))
        {
            self.hold_video();
        }
        let Some(line) = self
            .video
            .or_else(|| self.begin_video(packet, received, sender, now))
        else {
            return Passage::Held;
        };
        let Some(index) = line.numbers.forth(received.index) else {
            return Passage::Stale;
        };
        let heading = self.video_heading(received.header.timestamp, &line, index);
        let mut room = [0; limits::DATAGRAM_BYTES];
        let Some(finished) = self.compose(packet, received, &heading, &mut room) else {
            return Passage::Failed;
        };
        self.downlink.ring.keep(index, finished);
        let Some(length) = self.downlink.send_rtp(finished, index, out) else {
            return Passage::Failed;
        };
        self.downlink
            .video
            .sent(index, heading.timestamp, length, now);
        if received.header.marker && !self.is_first_picture_told {
            self.is_first_picture_told = true;
            return Passage::FirstPicture {
                after: now.saturating_duration_since(self.began),
            };
        }
        Passage::Sent
    }

    /// Begins the picture where a keyframe begins.
    fn begin_video(
        &mut self,
        packet: &[u8],
        received: &Received,
        sender: &mut Sender<'_>,
        now: Instant,
    ) -> Option<Line> {
        let payload = rtp::payload(packet, &received.header)?;
        if !sender.is_gate_open || !rtp::starts_keyframe(sender.codec, payload) {
            return None;
        }
        if self.transport_ids.1.is_some()
            && let Some((number, _)) = received.transport
        {
            self.transport = Some(Stretch {
                start_in: number,
                start_out: self.downlink.next_transport,
            });
        }
        sender.losses.clear();
        let line = Line::begin(received, &self.downlink.video, now);
        self.video = Some(line);
        Some(line)
    }

    /// A packet resent by its sender, or probing: which is old packets resent, or padding.
    fn forward_rtx(
        &mut self,
        packet: &[u8],
        received: &Received,
        sender: &mut Sender<'_>,
        now: Instant,
        out: &mut super::datagrams::Datagrams,
    ) -> Passage {
        let Some(line) = self.video else {
            return Passage::Held;
        };
        let payload = rtp::payload(packet, &received.header).unwrap_or_default();
        let original = payload.first_chunk::<2>().and_then(|osn| {
            let newest = sender.newest_video.unwrap_or(line.numbers.start_in);
            nearest(newest, u16::from_be_bytes(*osn))
        });
        let was_missing = original.is_some_and(|index| sender.losses.resent(index, now));
        let place = original.and_then(|index| line.numbers.forth(index));
        let Some(index) = place else {
            // Of the time before this match, or nothing at all: its number counts, its bytes do not.
            return self.send_blank(received, now, out);
        };
        let mut room = [0; limits::DATAGRAM_BYTES];
        if let Some(restored) = self.restore(packet, received, &line, index, &mut room) {
            let length = restored.len();
            if was_missing {
                self.downlink.ring.keep(index, restored);
            }
            if self.downlink.numbers.rtx_payload_type.is_none() {
                return self.send_restored(&room, length, index, was_missing, now, out);
            }
        }
        let Some(rtx_payload_type) = self.downlink.numbers.rtx_payload_type else {
            return Passage::Failed;
        };
        let rtx_index = self.downlink.rtx.next_index;
        let heading = Heading {
            ssrc: self.downlink.numbers.ssrcs.rtx,
            payload_type: rtx_payload_type,
            index: rtx_index,
            timestamp: received.header.timestamp.wrapping_add(line.timestamp),
        };
        let mut room = [0; limits::DATAGRAM_BYTES];
        let length = self
            .compose(packet, received, &heading, &mut room)
            .map(<[u8]>::len);
        let osn = room.get_mut(received.header.length..received.header.length + 2);
        let (Some(length), Some(osn)) = (length, osn) else {
            return Passage::Failed;
        };
        osn.copy_from_slice(&low(index).to_be_bytes());
        self.send_rtx(&room, length, &heading, now, out)
    }

    /// The original packet inside a retransmission (RFC 4588, 4), as it would have been sent on.
    fn restore<'a>(
        &mut self,
        packet: &[u8],
        received: &Received,
        line: &Line,
        index: u64,
        room: &'a mut [u8; limits::DATAGRAM_BYTES],
    ) -> Option<&'a [u8]> {
        let heading = self.video_heading(received.header.timestamp, line, index);
        let length = self.compose(packet, received, &heading, room)?.len();
        let start = received.header.length;
        room.copy_within(start + 2..length, start);
        room.get(..length - 2)
    }

    fn send_restored(
        &mut self,
        room: &[u8],
        length: usize,
        index: u64,
        was_missing: bool,
        now: Instant,
        out: &mut super::datagrams::Datagrams,
    ) -> Passage {
        // An index is used once: a copy of what was sent already would repeat its nonce.
        let Some(packet) = room.get(..length).filter(|_| was_missing) else {
            return Passage::Stale;
        };
        let Some(sent) = self.downlink.send_rtp(packet, index, out) else {
            return Passage::Failed;
        };
        let timestamp = Header::parse(packet).map_or(0, |header| header.timestamp);
        self.downlink.video.sent(index, timestamp, sent, now);
        Passage::Sent
    }

    /// Padding in place of what must not cross, so that its transport-wide number is not a loss.
    fn send_blank(
        &mut self,
        received: &Received,
        now: Instant,
        out: &mut super::datagrams::Datagrams,
    ) -> Passage {
        let place = received
            .transport
            .as_ref()
            .and_then(|(n, _)| self.transport?.forth(*n));
        let numbers = &self.downlink.numbers;
        let (Some(number), Some(id), Some(payload_type)) =
            (place, numbers.transport_cc, numbers.rtx_payload_type)
        else {
            return Passage::Stale;
        };
        let heading = Heading {
            ssrc: numbers.ssrcs.rtx,
            payload_type,
            index: self.downlink.rtx.next_index,
            timestamp: self.downlink.video.timestamp_at(now),
        };
        self.note_transport(number);
        // Version 2 with padding and extension; one element in the one-byte form (RFC 8285, 4.2).
        let [number_high, number_low] = low(number).to_be_bytes();
        let mut room = [0; limits::DATAGRAM_BYTES];
        let lead = [0xb0, heading.payload_type];
        let element = [0xbe, 0xde, 0, 1, (id << 4) | 1, number_high, number_low, 0];
        let padding = u8::MAX;
        let length = 20 + usize::from(padding);
        for (at, bytes) in [
            (0, &lead[..]),
            (12, &element[..]),
            (length - 1, &[padding][..]),
        ] {
            if let Some(place) = room.get_mut(at..at + bytes.len()) {
                place.copy_from_slice(bytes);
            }
        }
        heading.write(&mut room);
        self.send_rtx(&room, length, &heading, now, out)
    }

    /// Sends a packet of the retransmission stream, which has numbers of its own: nobody asks for
    /// them again, so what the relay inserts or leaves out makes no gap.
    fn send_rtx(
        &mut self,
        room: &[u8],
        length: usize,
        heading: &Heading,
        now: Instant,
        out: &mut super::datagrams::Datagrams,
    ) -> Passage {
        let sent = room
            .get(..length)
            .and_then(|p| self.downlink.send_rtp(p, heading.index, out));
        let Some(sent) = sent else {
            return Passage::Failed;
        };
        self.downlink
            .rtx
            .sent(heading.index, heading.timestamp, sent, now);
        Passage::Sent
    }

    /// Answers a request from the ring. Answers whether the packet was there.
    pub(crate) fn resend(
        &mut self,
        index: u64,
        now: Instant,
        out: &mut super::datagrams::Datagrams,
    ) -> Resent {
        use super::resend::Kept;
        let mut room = [0; limits::DATAGRAM_BYTES];
        let kept = match self.downlink.ring.take(index, now) {
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
        if !self.downlink.allowance.spend(kept) {
            return Resent::OverShare;
        }
        let packet = room.get(..kept).unwrap_or_default();
        let Some(payload_type) = self.downlink.numbers.rtx_payload_type else {
            // Without a stream of its own the same packet goes again: same index, same bytes.
            let sent = self.downlink.send_rtp(packet, index, out);
            return if sent.is_some() {
                Resent::Yes
            } else {
                Resent::NotHere
            };
        };
        let Some(header) = Header::parse(packet) else {
            return Resent::NotHere;
        };
        let heading = Heading {
            ssrc: self.downlink.numbers.ssrcs.rtx,
            payload_type,
            index: self.downlink.rtx.next_index,
            timestamp: header.timestamp,
        };
        let start = header.length;
        if kept + 2 > room.len() {
            return Resent::NotHere;
        }
        room.copy_within(start..kept, start + 2);
        if let Some(osn) = room.get_mut(start..start + 2) {
            osn.copy_from_slice(&low(index).to_be_bytes());
        }
        heading.write(&mut room);
        match self.send_rtx(&room, kept + 2, &heading, now, out) {
            Passage::Sent => Resent::Yes,
            _ => Resent::NotHere,
        }
    }

    fn video_heading(&self, timestamp: u32, line: &Line, index: u64) -> Heading {
        let numbers = &self.downlink.numbers;
        Heading {
            ssrc: numbers.ssrcs.video,
            payload_type: numbers.video_payload_type,
            index,
            timestamp: timestamp.wrapping_add(line.timestamp),
        }
    }

    /// Copies a packet into `room` with the partner's numbers. Nothing of the sender's extensions
    /// survives but the transport-wide number, and that only where the partner's feedback about it
    /// goes through.
    fn compose<'a>(
        &mut self,
        packet: &[u8],
        received: &Received,
        heading: &Heading,
        room: &'a mut [u8; limits::DATAGRAM_BYTES],
    ) -> Option<&'a [u8]> {
        let plain = packet.get(..received.length)?;
        let copy = room.get_mut(..plain.len())?;
        copy.copy_from_slice(plain);
        heading.write(copy);
        let mut table = extension::Table::default();
        if let (Some((number, place)), (Some(id_in), Some(id_out))) =
            (&received.transport, self.transport_ids)
            && let Some(number) = self.transport.and_then(|stretch| stretch.forth(*number))
        {
            extension::write_u16(copy, place, low(number));
            table.insert(id_in, id_out);
            self.note_transport(number);
        }
        extension::remap(copy, &received.header, &table);
        Some(copy)
    }

    fn note_transport(&mut self, number: u64) {
        self.downlink.next_transport = self.downlink.next_transport.max(number + 1);
    }
}

/// What the relay needs to know of the leg that sends.
pub(crate) struct Sender<'a> {
    pub(crate) codec: VideoCodec,
    pub(crate) is_gate_open: bool,
    /// Newest index of its picture.
    pub(crate) newest_video: Option<u64>,
    pub(crate) losses: &'a mut Losses,
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

impl Line {
    fn begin(received: &Received, track: &Outgoing, now: Instant) -> Self {
        Self {
            numbers: Stretch {
                start_in: received.index,
                start_out: track.next_index,
            },
            timestamp: track
                .timestamp_at(now)
                .wrapping_sub(received.header.timestamp),
            partner_lost: None,
        }
    }
}

/// The fields that differ between one side and the other.
struct Heading {
    ssrc: u32,
    payload_type: u8,
    index: u64,
    timestamp: u32,
}

impl Heading {
    fn write(&self, packet: &mut [u8]) {
        rtp::set_payload_type(packet, self.payload_type);
        rtp::set_sequence(packet, low(self.index));
        rtp::set_timestamp(packet, self.timestamp);
        rtp::set_ssrc(packet, self.ssrc);
    }
}

/// Whether a packet jumps so far ahead that a receiver who misses a few others would guess its
/// roll-over counter wrong, for this match and all that follow (RFC 3711, 3.3.1).
fn leaps(line: &Line, received: &Received, track: &Outgoing) -> bool {
    line.numbers
        .forth(received.index)
        .is_some_and(|index| index > track.next_index + limits::SEQUENCE_LEAP)
}
