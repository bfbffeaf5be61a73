//! The tap's place at a leg: what is offered to it, and what it wants of the sender.

use std::time::{Duration, Instant};

use super::uplink::{Received, Track};
use crate::codec::VideoCodec;
use crate::id::LegId;
use crate::rtp;
use crate::rtp::sequence::nearest;
use crate::tap::{Assembler, Frame, Packet, Rates, Sampler};

/// Of one leg. What every packet and every turn asks stands here; the rest is out of their way.
#[derive(Default)]
pub(crate) struct Tapping {
    /// Whether packets of the picture are to be offered.
    pub(crate) is_awake: bool,
    /// Whether packets that are missing are worth asking for.
    pub(crate) is_in_work: bool,
    /// When it wants a turn.
    pub(crate) due: Option<Instant>,
    /// Nothing where the tap is off, or before the handshake.
    eye: Option<Box<Eye>>,
}

struct Eye {
    leg: LegId,
    sampler: Sampler,
    assembler: Assembler,
    codec: VideoCodec,
}

/// What came of a turn or a packet, for the counters.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) frame: Option<Frame>,
    /// Index of the packet of the picture that came as a retransmission.
    pub(crate) resent: Option<u64>,
    pub(crate) abandoned: u64,
}

impl Tapping {
    /// The leg has connected: looks at it from now on.
    pub(crate) fn begin(&mut self, leg: LegId, codec: VideoCodec, rates: Rates, now: Instant) {
        self.eye = Some(Box::new(Eye {
            leg,
            sampler: Sampler::new(rates, now),
            assembler: Assembler::new(codec),
            codec,
        }));
        self.settle();
    }

    /// A match begins: what is wanted is a picture that the partner sees.
    pub(crate) fn match_began(&mut self, now: Instant) {
        self.with(|eye| {
            eye.assembler.rest();
            eye.sampler.match_began(now);
        });
    }

    /// A picture is wanted this often from now on.
    pub(crate) fn watch(&mut self, every: Duration, now: Instant, chance: u64) {
        self.with(|eye| eye.sampler.watch(every, now, chance));
    }

    /// A picture is wanted now.
    pub(crate) fn look(&mut self, now: Instant) {
        self.with(|eye| eye.sampler.look(now));
    }

    /// Takes a decrypted packet of the picture, or one that is sent again. `newest` is the picture's
    /// newest index.
    #[cold]
    pub(crate) fn offer(
        &mut self,
        packet: &[u8],
        received: &Received,
        newest: Option<u64>,
        chance: impl FnOnce() -> u64,
    ) -> Seen {
        let (Some(eye), Some(packet)) = (
            self.eye.as_deref_mut(),
            of_picture(packet, received, newest),
        ) else {
            return Seen::default();
        };
        let now = received.at;
        let data = eye.assembler.take(&packet, now);
        let frame = data.and_then(|data| {
            let occasion = eye.sampler.taken(now, chance())?;
            Some(Frame {
                leg: eye.leg,
                occasion,
                codec: eye.codec,
                taken: now,
                data: data.into(),
            })
        });
        if frame.is_some() {
            eye.assembler.rest();
        }
        let abandoned = eye.count_abandoned(now);
        self.settle();
        Seen {
            frame,
            resent: (received.track == Track::Rtx).then_some(packet.index),
            abandoned,
        }
    }

    /// Does what is due by the clock. Answers how many keyframes were given up.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> u64 {
        if self.due.is_none_or(|due| due > now) {
            return 0;
        }
        let mut abandoned = 0;
        self.with(|eye| {
            eye.assembler.handle_timeout(now);
            eye.sampler.handle_timeout(now);
            abandoned = eye.count_abandoned(now);
        });
        abandoned
    }

    /// Whether the sender is to be asked for a keyframe now; it counts as asked.
    pub(crate) fn asks_keyframe(&mut self, now: Instant) -> bool {
        if self.due.is_none_or(|due| due > now) {
            return false;
        }
        let mut asks = false;
        self.with(|eye| {
            asks = !eye.assembler.has_keyframe_in_work() && eye.sampler.asks_keyframe(now);
        });
        asks
    }

    /// From which index on packets that are missing are worth asking for.
    pub(crate) fn wants_from(&self) -> Option<u64> {
        self.eye.as_deref()?.assembler.wants_from()
    }

    fn with(&mut self, change: impl FnOnce(&mut Eye)) {
        if let Some(eye) = self.eye.as_deref_mut() {
            change(eye);
            self.settle();
        }
    }

    /// Writes down what packets and turns ask.
    fn settle(&mut self) {
        let Some(eye) = self.eye.as_deref() else {
            return;
        };
        let deadline = eye.assembler.deadline();
        self.is_awake = eye.sampler.is_wanting();
        self.is_in_work = deadline.is_some();
        self.due = match deadline {
            Some(deadline) if eye.assembler.has_keyframe_in_work() => Some(deadline),
            Some(deadline) => Some(deadline.min(eye.sampler.due())),
            None => Some(eye.sampler.due()),
        };
    }
}

impl Eye {
    fn count_abandoned(&mut self, now: Instant) -> u64 {
        let abandoned = self.assembler.take_abandoned();
        if abandoned > 0 {
            self.sampler.missed(now);
        }
        abandoned
    }
}

/// The packet of the picture: the one that came, or the one inside a retransmission (RFC 4588, 4).
fn of_picture<'a>(
    packet: &'a [u8],
    received: &Received,
    newest: Option<u64>,
) -> Option<Packet<'a>> {
    let header = &received.header;
    let payload = rtp::payload(packet, header)?;
    let (index, payload) = match received.track {
        Track::Audio => return None,
        Track::Video => (received.index, payload),
        Track::Rtx => {
            let (original, payload) = payload.split_first_chunk::<2>()?;
            (nearest(newest?, u16::from_be_bytes(*original))?, payload)
        }
    };
    Some(Packet {
        index,
        timestamp: header.timestamp,
        marker: header.marker,
        payload,
    })
}
