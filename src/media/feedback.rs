//! RTCP across a match, with the inverse offsets: what a receiver says of its partner's packets
//! comes back in the partner's own numbers, and sender reports go on in the receiver's.
//!
//! 1. [`Relay::send_report`]: a sender report of the leg that sends, rewritten for the partner;
//! 2. [`Relay::translate`]: what the partner reports, asks for again, or wants a keyframe of.
//!
//! What points before this match is left out: it is about somebody else. REMB never crosses.

use std::time::Instant;

use super::arrivals::{Arrival, Told, low};
use super::datagrams::Datagrams;
use super::reception::{low32, units_of_65536};
use super::relay::{Line, Relay};
use super::retransmission::{Means, Resent};
use super::stretch::Stretch;
use super::uplink::{Track, Uplink};
use crate::limits;
use crate::rtp::rtcp::{self, Compound, Packet, ReportBlock, SenderReport, TransportFeedback};
use crate::rtp::sequence::nearest;

/// Memory that translating needs, kept by the shard.
#[derive(Default)]
pub(crate) struct Scratch {
    /// What somebody reports of a sender's packets, and what of it the sender is told.
    pub(crate) heard: Vec<Arrival>,
    pub(crate) told: Vec<Told>,
    pub(crate) wanted: Vec<u16>,
    pub(crate) blocks: Vec<ReportBlock>,
    /// RTCP for the sender.
    pub(crate) upstream: Vec<u8>,
}

/// What came of a partner's feedback, for the counters.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Translated {
    /// Packets sent again from the ring.
    pub(crate) resent: u64,
    /// Requests that the share for resending left no room for.
    pub(crate) over_share: u64,
    /// Parts that named something outside this match.
    pub(crate) stale: u64,
}

impl Relay {
    /// Sends a sender report on: the partner's SSRC, its timestamps, our wall clock, and what was
    /// really sent.
    pub(crate) fn send_report(
        &mut self,
        track: Track,
        report: &SenderReport,
        (now, our_ntp): (Instant, u64),
        out: &mut Datagrams,
    ) {
        let (line, ssrc, outgoing) = match track {
            Track::Audio => (
                self.audio,
                self.downlink.numbers.ssrcs.audio,
                &self.downlink.audio,
            ),
            Track::Video => (
                self.video,
                self.downlink.numbers.ssrcs.video,
                &self.downlink.video,
            ),
            Track::Rtx => return,
        };
        let Some(line) = line else { return };
        let offset = *self
            .ntp_offset
            .get_or_insert_with(|| our_ntp.wrapping_sub(report.ntp));
        let ntp = report.ntp.wrapping_add(offset);
        let rewritten = SenderReport {
            ssrc,
            ntp,
            rtp_timestamp: report.rtp_timestamp.wrapping_add(line.timestamp),
            packets: low32(outgoing.packets),
            octets: low32(outgoing.octets),
        };
        let mut room = Vec::with_capacity(128);
        rtcp::write::sender_report(&mut room, &rewritten, &[]);
        rtcp::write::sdes_cname(&mut room, ssrc, &self.downlink.cname);
        self.remember_report(report.ntp, ntp, now);
        self.downlink.send_rtcp(&room, out);
    }

    /// Takes the partner's RTCP. What its sender must know is written into `scratch.upstream` in the
    /// sender's numbers; what the ring has is sent again at once.
    pub(crate) fn translate(
        &mut self,
        rtcp: &[u8],
        uplink: &mut Uplink,
        scratch: &mut Scratch,
        mut means: Means<'_>,
    ) -> Translated {
        let mut translated = Translated::default();
        scratch.blocks.clear();
        scratch.upstream.clear();
        let video = self.downlink.numbers.ssrcs.video;
        for packet in Compound::parse(rtcp).map_while(Result::ok) {
            match packet {
                Packet::SenderReport(_, blocks) | Packet::ReceiverReport(_, blocks) => {
                    for block in blocks.take(8) {
                        match self.translate_block(&block, uplink, means.now) {
                            Some(block) => scratch.blocks.push(block),
                            None => translated.stale += 1,
                        }
                    }
                }
                Packet::Nack(nack) if nack.media == video => {
                    scratch.wanted.clear();
                    for sequence in nack.lost().take(limits::NACK_SEQUENCES) {
                        match self.answer_nack(sequence, uplink, &mut means) {
                            Asked::Resent => {
                                translated.resent += 1;
                                self.course.resent += 1;
                            }
                            Asked::UnderWay => {}
                            Asked::OverShare => translated.over_share += 1,
                            Asked::Stale => translated.stale += 1,
                            Asked::PassOn(sequence) => scratch.wanted.push(sequence),
                        }
                    }
                    uplink.ask_again(&scratch.wanted, &mut scratch.upstream);
                }
                Packet::Pli { media, .. } if media == video => {
                    self.pass_keyframe_request(uplink, &mut scratch.upstream, means.now);
                }
                Packet::Fir(fir) if fir.names(video) => {
                    self.pass_keyframe_request(uplink, &mut scratch.upstream, means.now);
                }
                Packet::TransportFeedback(feedback) => {
                    self.translate_transport(&feedback, uplink, scratch, means.now);
                }
                _ => {}
            }
        }
        if !scratch.blocks.is_empty() {
            scratch.blocks.truncate(31);
            let upstream = &mut scratch.upstream;
            rtcp::write::receiver_report(upstream, uplink.reporter, &scratch.blocks);
        }
        translated
    }

    /// A report block in the sender's numbers. `None` where it is not about this match.
    fn translate_block(
        &mut self,
        block: &ReportBlock,
        uplink: &mut Uplink,
        now: Instant,
    ) -> Option<ReportBlock> {
        let ssrcs = &self.downlink.numbers.ssrcs;
        let is_picture = block.ssrc == ssrcs.video;
        let (line, stream, sent) = if block.ssrc == ssrcs.audio {
            (
                self.audio.as_mut()?,
                &mut uplink.audio,
                self.downlink.audio.next_index,
            )
        } else if block.ssrc == ssrcs.video {
            (
                self.video.as_mut()?,
                &mut uplink.video,
                self.downlink.video.next_index,
            )
        } else {
            return None;
        };
        let highest = highest_before(line, block.highest_sequence, sent)?;
        let newly_lost = block.cumulative_lost
            - line
                .partner_lost
                .replace(block.cumulative_lost)
                .unwrap_or(block.cumulative_lost);
        let ssrc = stream.ssrc?;
        let cumulative_lost = stream.reception.partner_reported(newly_lost);
        let named = self.report_before(block.last_sr);
        let named_after = named.map(|report| now.saturating_duration_since(report.at));
        // Answered here and now: the sender's round trip is that to the relay, which mends what it misses.
        let (last_sr, delay_since_last_sr) =
            named.zip(named_after).map_or((0, 0), |(report, after)| {
                (report.came_as, units_of_65536(after))
            });
        self.course
            .reported(block, newly_lost, is_picture, named_after);
        Some(ReportBlock {
            ssrc,
            cumulative_lost,
            highest_sequence: low32(highest),
            last_sr,
            delay_since_last_sr,
            ..*block
        })
    }

    /// One packet the partner misses: sent again from the ring, swallowed where the sender is
    /// being asked already, else passed on.
    fn answer_nack(&mut self, sequence: u16, uplink: &Uplink, means: &mut Means<'_>) -> Asked {
        let newest = self.downlink.video.next_index;
        // Before this match: somebody else's picture. Not yet sent: nonsense.
        let asked = nearest(newest, sequence).filter(|index| *index < newest);
        let Some(index) = asked else {
            return Asked::Stale;
        };
        // The ring holds nothing but this match's packets, a face's among them.
        match self.resend(index, means) {
            Resent::Yes => return Asked::Resent,
            Resent::JustNow => return Asked::UnderWay,
            Resent::OverShare => return Asked::OverShare,
            Resent::NotHere => {}
        }
        match self.video.and_then(|line| line.numbers.back(index)) {
            None => Asked::Stale,
            Some(before) if uplink.losses.is_missing(before) => Asked::UnderWay,
            Some(before) => Asked::PassOn(low(before)),
        }
    }

    fn pass_keyframe_request(&mut self, uplink: &Uplink, upstream: &mut Vec<u8>, now: Instant) {
        if self.passes_keyframe_request(now) {
            uplink.ask_keyframe(upstream);
        }
    }

    /// Transport-wide feedback, trimmed to this match, in the sender's numbers and in this shard's
    /// time, so that the sender sees one clock whoever reports.
    fn translate_transport(
        &mut self,
        feedback: &TransportFeedback<'_>,
        uplink: &mut Uplink,
        scratch: &mut Scratch,
        now: Instant,
    ) {
        let Some(stretch) = self.transport else {
            return;
        };
        let Some(from) = self.delegated(&stretch, uplink, now) else {
            return;
        };
        // What came before is the shard's own to tell, and comes first.
        uplink.arrivals.pending(Some(from), &mut scratch.heard);
        tell(uplink, scratch, now);
        scratch.heard.clear();
        let (shift, last_sent) = (&mut self.arrival_shift, self.downlink.next_transport);
        feedback.for_each(|sequence, ticks| {
            let number = nearest(last_sent, sequence).filter(|number| *number < last_sent);
            let before = number.and_then(|number| stretch.back(number));
            let Some(before) = before.filter(|before| *before >= from) else {
                return;
            };
            let at = ticks.map(|theirs| theirs + settle(shift, theirs, uplink.arrivals.at(before)));
            scratch.heard.push((before, at));
        });
        tell(uplink, scratch, now);
    }

    /// From which of the sender's numbers on the partner reports; none while the sender probes.
    fn delegated(&mut self, stretch: &Stretch, uplink: &Uplink, now: Instant) -> Option<u64> {
        if self.delegated_from.is_none() && now >= self.probing_until {
            let next = uplink.arrivals.highest().map_or(0, |highest| highest + 1);
            self.delegated_from = Some(next.max(stretch.start_in));
        }
        self.delegated_from
    }
}

/// What becomes of a request for one packet.
enum Asked {
    /// Sent again from the ring.
    Resent,
    /// On its way already: resent a moment ago, or asked of the sender by the relay.
    UnderWay,
    /// The downlink's share for resending is spent.
    OverShare,
    /// Not of this match.
    Stale,
    /// For the sender, by its own number.
    PassOn(u16),
}

/// Tells the sender what `scratch.heard` says of its packets, but for what may be mended yet, and what was
/// mended or given up since.
pub(crate) fn tell(uplink: &mut Uplink, scratch: &mut Scratch, now: Instant) {
    let (doubts, arrivals, told) = (&mut uplink.doubts, &mut uplink.arrivals, &mut scratch.told);
    told.clear();
    doubts.hear(&scratch.heard, now, told);
    arrivals.reported_below(doubts.unheard());
    while let Some((number, at)) = arrivals.next_mended() {
        let at = doubts.mended(number).unwrap_or(at);
        told.push((low(number), Some(at)));
    }
    doubts.give_up(now, told);
    write_transport_feedback(told, uplink, &mut scratch.upstream);
}

/// Appends transport-wide feedback about numbers of which only those side by side share a packet.
fn write_transport_feedback(told: &[Told], uplink: &mut Uplink, upstream: &mut Vec<u8>) {
    let Some(media) = uplink.video.ssrc.or(uplink.audio.ssrc) else {
        return;
    };
    let sources = (uplink.reporter, media);
    for mut rest in told.chunk_by(|(one, _), (other, _)| one.wrapping_add(1) == *other) {
        while rest.iter().any(|(_, at)| at.is_some()) {
            let count = uplink.arrivals.next_feedback_count();
            let written = rtcp::write::transport_feedback(upstream, sources, count, rest);
            rest = rest.get(written.max(1)..).unwrap_or_default();
        }
    }
}

/// The shift from the partner's clock to ours, fixed by the first packet that both have seen, and
/// again where the two have parted by more than a feedback's own range could explain.
fn settle(shift: &mut Option<i64>, theirs: i64, ours: Option<i64>) -> i64 {
    const PARTED: i64 = 10 * 4_000;
    if let Some(ours) = ours {
        let fresh = ours - theirs;
        if shift.is_none_or(|shift| (fresh - shift).abs() > PARTED) {
            *shift = Some(fresh);
        }
    }
    shift.unwrap_or(0)
}

/// The highest sequence a partner has seen, as its sender counts. `None` before this match.
fn highest_before(line: &Line, highest_sequence: u32, sent: u64) -> Option<u64> {
    let sequence = u16::try_from(highest_sequence & 0xffff).ok()?;
    let index = nearest(sent, sequence).filter(|index| *index < sent)?;
    line.numbers.back(index)
}
