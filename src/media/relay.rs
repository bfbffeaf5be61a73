//! One direction of a match: what one leg sends, rewritten for the other.
//!
//! With exactly one receiver there is nothing to select and nothing to re-time: every packet goes
//! on with constant offsets, fixed where the match begins, so that the receiver sees one unbroken
//! stream (RFC 7667, 3.2.1.2: a transport translator). RTCP goes end to end with the inverse
//! offsets (see [`feedback`](super::feedback)); packets that are sent again are in
//! [`retransmission`](super::retransmission).

use std::time::{Duration, Instant};

use super::arrivals::low;
use super::datagrams::Datagrams;
use super::downlink::{Downlink, KEYFRAME_PAUSE, Outgoing};
use super::losses::Losses;
use super::quality::Course;
use super::reception::middle;
use super::stretch::Stretch;
use super::tape::Tape;
use super::uplink::{Received, Track, Uplink};
use crate::codec::VideoCodec;
use crate::id::{LegId, MatchId};
use crate::limits;
use crate::rtp::{self, extension};

/// One direction of a match, at the home of the leg that sends.
pub(crate) struct Relay {
    pub(crate) match_id: MatchId,
    /// Whose downlink this holds.
    pub(crate) partner: LegId,
    pub(crate) downlink: Box<Downlink>,
    pub(crate) audio: Option<Line>,
    /// `None` while the picture is held for its keyframe, or stopped.
    pub(crate) video: Option<Line>,
    /// The transport-wide numbers that the partner sees.
    pub(crate) transport: Option<Stretch>,
    /// What to add to the sender's NTP time: one for sound and picture, or they drift apart.
    pub(crate) ntp_offset: Option<u64>,
    /// From which of the sender's numbers on the partner's feedback goes through: what was before is the
    /// shard's own to tell.
    pub(super) delegated_from: Option<u64>,
    pub(super) probing_until: Instant,
    /// What to add to the partner's arrival times to get this shard's.
    pub(crate) arrival_shift: Option<i64>,
    /// How well it goes.
    pub(crate) course: Course,
    /// Sender reports of this match.
    reports: [Option<Report>; 8],
    reports_at: usize,
    transport_ids: (Option<u8>, Option<u8>),
    asked_keyframe: Option<Instant>,
    began: Instant,
    pub(super) is_first_picture_told: bool,
}

/// A sender report that was sent on, by the middle bits of its NTP time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    sent_as: u32,
    pub(crate) came_as: u32,
    pub(crate) at: Instant,
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
        /// Its RTP timestamp as it was sent.
        timestamp: u32,
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
    /// A relay toward the owner of `downlink`, of what comes by `uplink`.
    pub(crate) fn new(
        match_id: MatchId,
        mut downlink: Box<Downlink>,
        uplink: &Uplink,
        now: Instant,
    ) -> Self {
        downlink.begin_match();
        Self {
            match_id,
            partner: downlink.leg,
            transport_ids: (uplink.transport_cc, downlink.numbers.transport_cc),
            course: Course::begin(uplink, &downlink, now),
            downlink,
            audio: None,
            video: None,
            transport: None,
            ntp_offset: uplink.clock.offset(),
            delegated_from: None,
            probing_until: uplink.since + limits::PROBING,
            arrival_shift: None,
            reports: [None; 8],
            reports_at: 0,
            asked_keyframe: None,
            began: now,
            is_first_picture_told: false,
        }
    }

    /// The same, whose receiver is asked for no transport-wide feedback.
    pub(crate) fn without_feedback(mut self) -> Self {
        self.transport_ids = (None, None);
        self
    }

    /// Sends a decrypted packet on; it is rewritten in place.
    pub(crate) fn forward(
        &mut self,
        packet: &mut [u8],
        received: &Received,
        sender: &mut Sender<'_>,
        out: &mut Datagrams,
    ) -> Passage {
        if packet.len() > limits::DATAGRAM_BYTES {
            return Passage::Failed;
        }
        match received.track {
            Track::Audio => self.forward_audio(packet, received, out),
            Track::Video => self.forward_video(packet, received, sender, out),
            Track::Rtx => self.forward_rtx(packet, received, sender, out),
        }
    }

    /// Keeps the picture back from now on, until the next keyframe.
    pub(crate) fn hold_video(&mut self) {
        self.video = None;
        self.transport = None;
        self.delegated_from = None;
        self.asked_keyframe = None;
        self.course.picture_held();
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
    pub(crate) fn remember_report(&mut self, ntp_in: u64, ntp_out: u64, at: Instant) {
        if let Some(slot) = self.reports.get_mut(self.reports_at % 8) {
            *slot = Some(Report {
                sent_as: middle(ntp_out),
                came_as: middle(ntp_in),
                at,
            });
        }
        self.reports_at += 1;
    }

    /// The report that the partner names; none where it is not of this match.
    pub(crate) fn report_before(&self, last_sr: u32) -> Option<Report> {
        let known = self.reports.iter().flatten();
        known
            .copied()
            .find(|report| last_sr != 0 && report.sent_as == last_sr)
    }

    fn forward_audio(
        &mut self,
        packet: &mut [u8],
        received: &Received,
        out: &mut Datagrams,
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
            .get_or_insert_with(|| Line::begin(received, track));
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
        self.rewrite(packet, received, &heading);
        let Some(length) = self.downlink.send_rtp(packet, index, out) else {
            return Passage::Failed;
        };
        self.downlink
            .audio
            .sent(index, heading.timestamp, length, received.at);
        Passage::Sent
    }

    fn forward_video(
        &mut self,
        packet: &mut [u8],
        received: &Received,
        sender: &mut Sender<'_>,
        out: &mut Datagrams,
    ) -> Passage {
        if self
            .video
            .is_some_and(|line| leaps(&line, received, &self.downlink.video))
        {
            self.hold_video();
        }
        let Some(line) = self
            .video
            .or_else(|| self.begin_video(packet, received, sender))
        else {
            return Passage::Held;
        };
        let Some(index) = line.numbers.forth(received.index) else {
            return Passage::Stale;
        };
        let heading = self.video_heading(received.header.timestamp, &line, index);
        self.rewrite(packet, received, &heading);
        let mut longer;
        let mut packet: &[u8] = packet;
        if !self.downlink.playout.is_usual() {
            longer = [0; limits::DATAGRAM_BYTES];
            packet = self.with_playout(packet, received, heading.timestamp, &mut longer);
        }
        let Some(length) = self.downlink.send_rtp(packet, index, out) else {
            return Passage::Failed;
        };
        // Kept once it is sent: what goes again under its index must be the same bytes.
        let ring = &mut self.downlink.ring;
        ring.keep(index, packet, sender.tape, received.at);
        self.downlink
            .video
            .sent(index, heading.timestamp, length, received.at);
        if !received.header.marker {
            return Passage::Sent;
        }
        self.course.picture(received.at);
        if !self.is_first_picture_told {
            self.is_first_picture_told = true;
            return Passage::FirstPicture {
                timestamp: heading.timestamp,
                after: received.at.saturating_duration_since(self.began),
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
            self.delegated_from = (received.at >= self.probing_until).then_some(number);
        }
        sender.losses.clear();
        let line = Line::begin(received, &self.downlink.video);
        self.video = Some(line);
        Some(line)
    }

    pub(super) fn video_heading(&self, timestamp: u32, line: &Line, index: u64) -> Heading {
        let numbers = &self.downlink.numbers;
        Heading {
            ssrc: numbers.ssrcs.video,
            payload_type: numbers.video_payload_type,
            index,
            timestamp: timestamp.wrapping_add(line.timestamp),
        }
    }

    /// Gives a packet the partner's numbers. Nothing of the sender's extensions survives but the
    /// transport-wide number, and that only where the partner's feedback about it goes through.
    pub(super) fn rewrite(&mut self, packet: &mut [u8], received: &Received, heading: &Heading) {
        heading.write(packet);
        let mut table = extension::Table::default();
        if let (Some((number, place)), (Some(id_in), Some(id_out))) =
            (&received.transport, self.transport_ids)
            && let Some(number) = self.transport.and_then(|stretch| stretch.forth(*number))
        {
            extension::write_u16(packet, place, low(number));
            table.insert(id_in, id_out);
            self.note_transport(number);
        }
        extension::remap(packet, &received.header, &table);
    }

    /// The packet, and with it when to show its picture, where that is to be told and there is room.
    #[cold]
    fn with_playout<'a>(
        &mut self,
        packet: &'a [u8],
        received: &Received,
        timestamp: u32,
        longer: &'a mut [u8; limits::DATAGRAM_BYTES],
    ) -> &'a [u8] {
        let element = self.downlink.playout.of_moving(timestamp, received.at);
        element
            .and_then(|element| extension::append(packet, &received.header, element, longer))
            .and_then(|length| longer.get(..length))
            .unwrap_or(packet)
    }

    pub(super) fn note_transport(&mut self, number: u64) {
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
    /// Where the shard keeps what may be asked for again.
    pub(crate) tape: &'a mut Tape,
}

impl Line {
    fn begin(received: &Received, track: &Outgoing) -> Self {
        Self {
            numbers: Stretch {
                start_in: received.index,
                start_out: track.next_index,
            },
            timestamp: track
                .timestamp_at(received.at)
                .wrapping_sub(received.header.timestamp),
            partner_lost: None,
        }
    }
}

/// The fields that differ between one side and the other.
pub(super) struct Heading {
    pub(super) ssrc: u32,
    pub(super) payload_type: u8,
    pub(super) index: u64,
    pub(super) timestamp: u32,
}

impl Heading {
    pub(super) fn write(&self, packet: &mut [u8]) {
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
