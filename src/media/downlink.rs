//! The half of a leg that sends: where to, under which keys and numbers, and all counters of what
//! was sent.
//!
//! A downlink is a value with one holder. While its visitor waits it stays at their home; in a
//! match it travels to the home of the partner, because that is where the packets for it arrive.
//! Only its holder may protect, so no two packets can leave under one key with one nonce.

use std::time::{Duration, Instant};

use super::answer::Ssrcs;
use super::datagrams::{Datagrams, Route};
use super::offer::Terms;
use super::playout::Playout;
use super::resend::Ring;
use crate::id::LegId;
use crate::limits;
use crate::rtp::rtcp;
use crate::srtp::Outbound;

/// Room that protection may add to a packet: the longest tag and the SRTCP index.
pub(crate) const PROTECTION_BYTES: usize = 20;

/// The sending half of a leg.
pub(crate) struct Downlink {
    /// Whose it is.
    pub(crate) leg: LegId,
    /// Where they are reached.
    pub(crate) route: Route,
    /// What they know their partner's packets by.
    pub(crate) numbers: Numbers,
    /// The name that replaces every partner's CNAME.
    pub(crate) cname: String,
    pub(crate) audio: Outgoing,
    pub(crate) video: Outgoing,
    pub(crate) rtx: Outgoing,
    /// The next transport-wide number that was never used.
    pub(crate) next_transport: u64,
    /// Recent packets of the picture.
    pub(crate) ring: Ring,
    /// When the visitor's browser shows pictures.
    pub(crate) playout: Playout,
    /// What resending may still cost.
    pub(crate) allowance: Allowance,
    pub(super) outbound: Outbound,
}

/// What a visitor's browser knows its partner's packets by: agreed once, at the door.
#[derive(Debug, Clone)]
pub(crate) struct Numbers {
    pub(crate) ssrcs: Ssrcs,
    pub(crate) audio_payload_type: u8,
    pub(crate) video_payload_type: u8,
    pub(crate) rtx_payload_type: Option<u8>,
    /// Id of the transport-wide sequence number extension.
    pub(crate) transport_cc: Option<u8>,
    /// Id of the playout delay extension.
    pub(crate) playout_delay: Option<u8>,
}

impl Numbers {
    pub(crate) fn new(terms: &Terms, ssrcs: &Ssrcs) -> Self {
        Self {
            ssrcs: ssrcs.clone(),
            audio_payload_type: terms.audio.payload_type,
            video_payload_type: terms.video.payload_type,
            rtx_payload_type: terms.video.rtx_payload_type,
            transport_cc: terms.transport_cc,
            playout_delay: terms.playout_delay,
        }
    }
}

/// The counters of one track that is sent.
pub(crate) struct Outgoing {
    clock_rate: u32,
    /// The next 48-bit packet index that was never used.
    pub(crate) next_index: u64,
    /// The newest timestamp, and when it was first sent.
    newest: Option<(u32, Instant)>,
    /// How far the newest timestamp is from the one before: what a packet lasts.
    step: u32,
    /// What a packet may last; a picture lasts until the next, whenever that comes.
    longest_step: u32,
    first_timestamp: u32,
    /// Packets and payload bytes, for sender reports.
    pub(crate) packets: u64,
    pub(crate) octets: u64,
}

impl Outgoing {
    /// The longest Opus packet: 120 ms (RFC 6716, 2.1.4).
    const LONGEST_SOUND: u32 = 5_760;

    fn sound(chance: u64) -> Self {
        Self::new(48_000, Self::LONGEST_SOUND, chance)
    }

    fn picture(chance: u64) -> Self {
        Self::new(90_000, 1, chance)
    }

    fn new(clock_rate: u32, longest_step: u32, chance: u64) -> Self {
        Self {
            clock_rate,
            // A random start below 2^15 (RFC 3711, 3.3.1), never zero.
            next_index: 1 + (chance & 0x7ffe),
            newest: None,
            step: 1,
            longest_step,
            first_timestamp: u32::try_from(chance >> 32).unwrap_or(0),
            packets: 0,
            octets: 0,
        }
    }

    /// The timestamp of a packet that begins a new stretch now: the wall clock goes on across a
    /// switch ("last plus one frame" drives jitter buffers to a second), but not into what the last
    /// packet lasts: sound is thrown away where it begins before the end of what was played.
    pub(crate) fn timestamp_at(&self, now: Instant) -> u32 {
        let Some((newest, at)) = self.newest else {
            return self.first_timestamp;
        };
        let elapsed = now.saturating_duration_since(at).as_micros();
        let ticks = elapsed * u128::from(self.clock_rate) / 1_000_000;
        let ticks = u32::try_from(ticks & u128::from(u32::MAX)).unwrap_or(0);
        newest.wrapping_add(ticks.max(self.step))
    }

    /// Notes a packet that is sent.
    pub(crate) fn sent(&mut self, index: u64, timestamp: u32, payload: usize, now: Instant) {
        self.next_index = self.next_index.max(index + 1);
        let ahead = self
            .newest
            .map(|(newest, _)| timestamp.wrapping_sub(newest));
        if ahead.is_none_or(|ahead| ahead != 0 && ahead < 1 << 31) {
            self.newest = Some((timestamp, now));
        }
        // What is longer holds a silence.
        self.step = ahead
            .filter(|ahead| (1..=self.longest_step).contains(ahead))
            .unwrap_or(self.step);
        self.packets += 1;
        self.octets += payload as u64;
    }
}

/// A share of what is sent may be sent again, and no more: when a downlink's capacity drops,
/// resending would otherwise take most of what is left.
pub(crate) struct Allowance {
    bytes: usize,
}

impl Allowance {
    const SHARE: usize = 4;
    const MOST: usize = 128 * 1024;

    fn earn(&mut self, sent: usize) {
        self.bytes = (self.bytes + sent / Self::SHARE).min(Self::MOST);
    }

    /// Whether a resend of so many bytes fits; it is paid for if so.
    pub(crate) fn spend(&mut self, bytes: usize) -> bool {
        let fits = bytes <= self.bytes;
        if fits {
            self.bytes -= bytes;
        }
        fits
    }
}

impl Downlink {
    /// The sending half of a leg whose handshake is done. `chance` seeds the first numbers.
    pub(crate) fn new(
        leg: LegId,
        route: Route,
        numbers: Numbers,
        outbound: Outbound,
        chance: [u64; 4],
    ) -> Self {
        let [audio, video, rtx, name] = chance;
        Self {
            leg,
            route,
            playout: Playout::new(numbers.playout_delay),
            numbers,
            cname: format!("{name:016x}"),
            audio: Outgoing::sound(audio),
            video: Outgoing::picture(video),
            rtx: Outgoing::picture(rtx),
            next_transport: 1,
            ring: Ring::default(),
            allowance: Allowance { bytes: 32 * 1024 },
            outbound,
        }
    }

    /// Forgets what the last partner sent.
    pub(crate) fn begin_match(&mut self) {
        self.ring.clear();
        self.playout.begin_match();
    }

    /// Leaves a few indices of every track unused.
    pub(crate) fn skip_ahead(&mut self) {
        for track in [&mut self.audio, &mut self.video, &mut self.rtx] {
            track.next_index += 8;
        }
    }

    /// Protects a finished RTP packet and sends it. Answers its length on the wire.
    pub(crate) fn send_rtp(
        &mut self,
        packet: &[u8],
        index: u64,
        out: &mut Datagrams,
    ) -> Option<usize> {
        let outbound = &mut self.outbound;
        let mut sent = None;
        out.write(self.route, packet.len() + PROTECTION_BYTES, |room| {
            room.get_mut(..packet.len())?.copy_from_slice(packet);
            sent = outbound.protect_rtp(room, packet.len(), index).ok();
            sent
        });
        if let Some(length) = sent {
            self.allowance.earn(length);
        }
        sent
    }

    /// Sends the very packet again that was sent under this index, to a visitor who takes lost
    /// packets again under their first number. Answers its length on the wire.
    pub(crate) fn send_rtp_again(
        &mut self,
        packet: &[u8],
        index: u64,
        out: &mut Datagrams,
    ) -> Option<usize> {
        let outbound = &self.outbound;
        let mut sent = None;
        out.write(self.route, packet.len() + PROTECTION_BYTES, |room| {
            room.get_mut(..packet.len())?.copy_from_slice(packet);
            sent = outbound.protect_rtp_again(room, packet.len(), index).ok();
            sent
        });
        sent
    }

    /// Protects compound RTCP and sends it, in as many datagrams as it takes.
    pub(crate) fn send_rtcp(&mut self, rtcp: &[u8], out: &mut Datagrams) {
        let outbound = &mut self.outbound;
        for piece in rtcp::pieces(rtcp, limits::RTCP_BYTES) {
            out.write(self.route, piece.len() + PROTECTION_BYTES, |room| {
                room.get_mut(..piece.len())?.copy_from_slice(piece);
                outbound.protect_rtcp(room, piece.len()).ok()
            });
        }
    }
}

/// How long a keyframe request is left to its sender before another is passed on.
pub(crate) const KEYFRAME_PAUSE: Duration = Duration::from_millis(300);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::clock::any_instant;

    #[test]
    fn timestamps_follow_the_wall_clock_across_a_silence() {
        let start = any_instant();
        let mut track = Outgoing::picture(0);
        track.sent(1, u32::MAX - 10, 100, start);
        let later = track.timestamp_at(start + Duration::from_secs(2));
        assert_eq!(later, (u32::MAX - 10).wrapping_add(180_000));
        track.sent(2, later, 100, start + Duration::from_secs(2));
        track.sent(3, later, 100, start + Duration::from_secs(3));
        let same_frame = track.timestamp_at(start + Duration::from_secs(3));
        assert_eq!(
            same_frame,
            later.wrapping_add(90_000),
            "counted from the frame's first packet"
        );
    }

    #[test]
    fn sound_never_begins_within_what_was_played() {
        let start = any_instant();
        let at = |ms| start + Duration::from_millis(ms);
        let mut track = Outgoing::sound(0);
        track.sent(1, 0, 100, at(0));
        track.sent(2, 960, 100, at(20));
        assert_eq!(track.timestamp_at(at(25)), 1_920, "not before its end");
        track.sent(3, 20_160, 100, at(420));
        assert_eq!(
            track.timestamp_at(at(421)),
            21_120,
            "a silence is no length"
        );
        assert_eq!(track.timestamp_at(at(460)), 22_080, "then by the clock");
    }

    #[test]
    fn resending_is_a_share_of_sending() {
        let mut allowance = Allowance { bytes: 0 };
        assert!(!allowance.spend(1));
        allowance.earn(4000);
        assert!(allowance.spend(1000));
        assert!(!allowance.spend(1));
    }
}
