//! Takes what arrives for one visitor, counts it, and decides what to tell the sender about it.

use std::time::{Duration, Instant};

use super::gaps::{Gaps, Seen};
use super::pictures::Pictures;
use super::sending::{TRANSPORT_CC, picture_fits, voice_fits};
use super::stamp::Stamp;
use crate::rtp::{self, Header, extension, sequence};
use crate::srtp::{Inbound, ReplayWindow};

/// One stream that a visitor receives, unbroken whoever sends it.
#[derive(Default)]
pub(super) struct Incoming {
    /// As the answer declares it.
    pub(super) ssrc: u32,
    window: ReplayWindow,
    seen: Seen,
    first: Option<u64>,
    /// The highest index.
    pub(super) highest: u64,
    received: u64,
}

impl Incoming {
    /// Decrypts in place; answers the plain packet's length and index. `None` where it is refused.
    fn open(
        &mut self,
        inbound: &Inbound,
        packet: &mut [u8],
        header: &Header,
    ) -> Option<(usize, u64)> {
        let opened = inbound.unprotect_rtp(&mut self.window, packet, header);
        let opened = opened.ok()?;
        Some((opened.length, opened.index))
    }

    /// Counts a packet, unless it has come before; answers whether it is news.
    fn note(&mut self, index: u64) -> bool {
        // What is late or resent begins no count.
        if self.seen.highest().is_none_or(|highest| index > highest) {
            self.first.get_or_insert(index);
        }
        let is_news = self.seen.insert(index);
        if is_news && self.first.is_some_and(|first| index >= first) {
            self.received += 1;
            self.highest = self.highest.max(index);
        }
        is_news
    }

    fn lost(&self) -> u64 {
        let expected = self.first.map_or(0, |first| self.highest - first + 1);
        expected.saturating_sub(self.received)
    }

    fn reset(&mut self) {
        self.first = None;
        self.received = 0;
        self.highest = 0;
    }
}

/// Everything that one visitor receives.
#[derive(Default)]
pub(super) struct Reception {
    pub(super) voice: Incoming,
    pub(super) picture: Incoming,
    /// Pictures' packets that are sent again (RFC 4588).
    pub(super) resent: Incoming,
    pub(super) arrivals: Arrivals,
    pub(super) gaps: Gaps,
    pictures: Pictures,
}

/// What a datagram turned out to be.
pub(super) enum Taken {
    /// It cannot be decrypted, or is nothing that is sent to this visitor.
    Refused,
    /// It is not what was sent.
    Corrupt,
    /// Padding, or what has come before.
    Nothing,
    /// A packet of somebody.
    Packet(Arrived),
}

/// A packet that has come for the first time, and whole.
pub(super) struct Arrived {
    pub(super) stamp: Stamp,
    pub(super) part_of: PartOf,
    /// It was missing, and was sent again.
    pub(super) is_repair: bool,
}

/// What a packet is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PartOf {
    Voice,
    Picture,
    /// A picture that is complete now.
    WholePicture,
}

impl Reception {
    /// Takes an RTP packet, which is decrypted in place. `now` is told as time since the run began,
    /// too.
    pub(super) fn take(
        &mut self,
        inbound: &Inbound,
        packet: &mut [u8],
        (now, since): (Instant, Duration),
    ) -> Taken {
        let Some(header) = Header::parse(packet) else {
            return Taken::Refused;
        };
        let (voice, picture) = (self.voice.ssrc, self.picture.ssrc);
        let stream = match header.ssrc {
            ssrc if ssrc == voice => &mut self.voice,
            ssrc if ssrc == picture => &mut self.picture,
            ssrc if ssrc == self.resent.ssrc => &mut self.resent,
            _ => return Taken::Refused,
        };
        let Some((length, index)) = stream.open(inbound, packet, &header) else {
            return Taken::Refused;
        };
        let plain = packet.get(..length).unwrap_or_default();
        if let Some(number) = extension::find(plain, &header, TRANSPORT_CC)
            .and_then(|range| extension::read_u16(plain, &range))
        {
            let ticks = i64::try_from(since.as_micros() / 250).unwrap_or(0);
            self.arrivals.note(number, ticks);
        }
        let Some(payload) = rtp::payload(plain, &header) else {
            return Taken::Corrupt;
        };
        if header.ssrc == voice {
            let is_news = self.voice.note(index);
            return taken(plain, payload, is_news, PartOf::Voice);
        }
        if header.ssrc == picture {
            let is_news = self.take_picture(index, now);
            return self.complete(taken(plain, payload, is_news, PartOf::Picture));
        }
        self.take_resent(plain, payload)
    }

    /// Packets that are missing since the last [`reset`](Self::reset): of all, and of pictures.
    /// What is still asked for may come yet.
    pub(super) fn lost(&self) -> [u64; 2] {
        let picture = self.picture.lost().saturating_sub(self.gaps.count());
        [self.voice.lost() + picture, picture]
    }

    /// Begins to count anew.
    pub(super) fn reset(&mut self) {
        self.gaps.clear();
        self.voice.reset();
        self.picture.reset();
    }

    fn take_picture(&mut self, index: u64, now: Instant) -> bool {
        match self.picture.seen.highest() {
            Some(highest) if index > highest + 1 => self.gaps.open(highest + 1, index, now),
            Some(highest) if index < highest => self.gaps.close(index),
            _ => {}
        }
        self.picture.note(index)
    }

    /// The original's sequence number, then its payload (RFC 4588, 4).
    fn take_resent(&mut self, plain: &[u8], payload: &[u8]) -> Taken {
        let original = payload.split_first_chunk::<2>();
        let place = original.and_then(|(number, payload)| {
            let highest = self.picture.seen.highest()?;
            let index = sequence::nearest(highest, u16::from_be_bytes(*number))?;
            // What is not missing yet comes by itself.
            (index < highest).then_some((index, payload))
        });
        let Some((index, payload)) = place else {
            return Taken::Nothing;
        };
        self.gaps.close(index);
        let is_news = self.picture.note(index);
        match self.complete(taken(plain, payload, is_news, PartOf::Picture)) {
            Taken::Packet(arrived) => Taken::Packet(Arrived {
                is_repair: true,
                ..arrived
            }),
            other => other,
        }
    }

    fn complete(&mut self, taken: Taken) -> Taken {
        match taken {
            Taken::Packet(arrived) if self.pictures.take(&arrived.stamp) => {
                Taken::Packet(Arrived {
                    part_of: PartOf::WholePicture,
                    ..arrived
                })
            }
            other => other,
        }
    }
}

fn taken(plain: &[u8], payload: &[u8], is_news: bool, part_of: PartOf) -> Taken {
    let Some(stamp) = Stamp::read(plain) else {
        // A picture that the relay has kept comes without its padding, and so without its stamp.
        let is_padded = Header::parse(plain).is_some_and(|header| header.padding);
        return match part_of {
            PartOf::Picture | PartOf::WholePicture if !is_padded => Taken::Nothing,
            _ => Taken::Corrupt,
        };
    };
    let is_whole = match part_of {
        PartOf::Voice => voice_fits(&stamp, payload),
        PartOf::Picture | PartOf::WholePicture => picture_fits(&stamp, payload),
    };
    if !is_whole {
        return Taken::Corrupt;
    }
    if !is_news {
        return Taken::Nothing;
    }
    Taken::Packet(Arrived {
        stamp,
        part_of,
        is_repair: false,
    })
}

/// Transport-wide numbers that arrived since the last feedback, in order.
#[derive(Default)]
pub(super) struct Arrivals {
    entries: Vec<(u16, Option<i64>)>,
    next: Option<u16>,
    /// How many feedback packets were sent.
    pub(super) count: u8,
}

/// Numbers that may be missing between two that arrive before the later one is taken for a new
/// beginning.
const GAP: u16 = 256;

impl Arrivals {
    /// Notes an arrival, in units of 250 µs.
    pub(super) fn note(&mut self, number: u16, ticks: i64) {
        let next = *self.next.get_or_insert(number);
        let ahead = number.wrapping_sub(next);
        if ahead < GAP {
            let missing = (0..ahead).map(|step| (next.wrapping_add(step), None));
            self.entries.extend(missing);
            self.entries.push((number, Some(ticks)));
            self.next = Some(number.wrapping_add(1));
        } else if ahead > u16::MAX - GAP {
            let late = self.entries.iter_mut().rev().find(|(n, _)| *n == number);
            if let Some((_, at)) = late {
                *at = Some(ticks);
            }
        } else {
            self.entries = vec![(number, Some(ticks))];
            self.next = Some(number.wrapping_add(1));
        }
    }

    /// What arrived, once.
    pub(super) fn take(&mut self) -> Vec<(u16, Option<i64>)> {
        self.count = self.count.wrapping_add(1);
        std::mem::take(&mut self.entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_a_loss_until_it_is_filled() {
        let mut track = Incoming::default();
        for index in [70_000, 70_001, 70_004, 70_003, 70_003] {
            track.note(index);
        }
        assert_eq!(track.lost(), 1);
        track.note(70_002);
        assert_eq!(track.lost(), 0);
        track.reset();
        track.note(70_001);
        track.note(70_005);
        assert_eq!(track.lost(), 0);
    }

    #[test]
    fn what_is_asked_for_is_not_lost_until_it_is_given_up() {
        let now = crate::load::herd::read_clock();
        let mut reception = Reception::default();
        for index in [10, 11, 15] {
            reception.take_picture(index, now);
        }
        assert_eq!(reception.lost(), [0, 0]);
        assert_eq!(reception.gaps.count(), 3);
        reception.take_picture(13, now);
        reception.gaps.clear();
        assert_eq!(reception.lost(), [2, 2]);
        // A number of the original, and nothing that was sent by anybody.
        let nothing = reception.take_resent(&[], &[0, 99]);
        assert!(matches!(nothing, Taken::Nothing), "it is yet to come");
    }

    #[test]
    fn a_picture_that_the_relay_has_kept_is_no_corrupt_one() {
        let header = |first: u8| [first, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0x10, 0, 4];
        let (plain, padded) = (header(0x80), header(0xa0));
        let seen = |packet: &[u8], part_of| taken(packet, &[0x10, 0, 4], true, part_of);
        assert!(matches!(seen(&plain, PartOf::Picture), Taken::Nothing));
        assert!(matches!(seen(&padded, PartOf::Picture), Taken::Corrupt));
        assert!(matches!(seen(&plain, PartOf::Voice), Taken::Corrupt));
    }

    #[test]
    fn feedback_names_every_number_once_and_in_order() {
        let mut arrivals = Arrivals::default();
        for (number, ticks) in [(65_534, 1), (1, 4), (0, 5)] {
            arrivals.note(number, ticks);
        }
        let expected = [
            (65_534, Some(1)),
            (65_535, None),
            (0, Some(5)),
            (1, Some(4)),
        ];
        assert_eq!(arrivals.take(), expected);
        assert!(arrivals.take().is_empty());
    }
}
