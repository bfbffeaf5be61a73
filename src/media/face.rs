//! The instant face: the newest keyframe of somebody who waits, kept to be what their next partner
//! sees first.
//!
//! A match would otherwise begin with a request, a camera's next picture and the time that a
//! keyframe takes to arrive. The kept one goes out the moment the match begins; the sender is asked
//! for another all the same, and its other pictures are held until that comes.

use std::time::{Duration, Instant};

use super::arrivals::low;
use super::datagrams::Datagrams;
use super::relay::{Heading, Relay};
use super::tape::Tape;
use super::uplink::{Received, Track};
use crate::codec::VideoCodec;
use crate::limits;
use crate::rtp;

/// While somebody waits they are asked this often for a keyframe. Not more often: Chromium makes
/// none within 300 ms of the last, so the moving picture would begin late where a match does.
pub(crate) const FACE_EVERY: Duration = Duration::from_secs(6);

/// An older one is not shown: a request that was lost is made up for, and no more.
const FACE_AGE: Duration = Duration::from_secs(8);

/// Version, marker and numbers (RFC 3550, 5.1), and two elements of one-byte extensions.
const HEADING_BYTES: usize = 12 + 4 + 8;

/// A keyframe, packet by packet, without its headings.
#[derive(Default)]
pub(crate) struct Face {
    payloads: Vec<u8>,
    /// Where each payload ends.
    ends: Vec<usize>,
    /// Timestamp and index of the newest packet, while more are to come.
    unfinished: Option<(u32, u64)>,
    /// When it was complete.
    finished: Option<Instant>,
    asked: Option<Instant>,
}

impl Face {
    /// Keeps a packet that belongs to a keyframe. A new one takes the place of the last.
    pub(crate) fn see(&mut self, packet: &[u8], received: &Received, codec: VideoCodec) {
        if received.track != Track::Video {
            return;
        }
        let Some(payload) = rtp::payload(packet, &received.header) else {
            return;
        };
        let timestamp = received.header.timestamp;
        let follows =
            self.unfinished == received.index.checked_sub(1).map(|last| (timestamp, last));
        if !follows {
            self.unfinished = None;
            if !rtp::starts_keyframe(codec, payload) {
                return;
            }
            self.forget();
        }
        if self.payloads.len() + payload.len() > limits::FACE_BYTES
            || payload.len() + HEADING_BYTES > limits::DATAGRAM_BYTES
        {
            return self.forget();
        }
        self.payloads.extend_from_slice(payload);
        self.ends.push(self.payloads.len());
        if received.header.marker {
            self.unfinished = None;
            self.finished = Some(received.at);
        } else {
            self.unfinished = Some((timestamp, received.index));
        }
    }

    /// Whether a keyframe is to be asked for now; it counts as asked.
    pub(crate) fn is_wanted(&mut self, now: Instant) -> bool {
        let is_wanted = now >= self.wanted_at(now);
        if is_wanted {
            self.asked = Some(now);
        }
        is_wanted
    }

    /// Somebody else has asked for a keyframe.
    pub(crate) fn was_asked(&mut self, now: Instant) {
        self.asked = Some(now);
    }

    /// When the next keyframe is to be asked for.
    pub(crate) fn wanted_at(&self, now: Instant) -> Instant {
        self.asked
            .max(self.finished)
            .map_or(now, |last| last + FACE_EVERY)
    }

    fn forget(&mut self) {
        self.payloads.clear();
        self.ends.clear();
        self.unfinished = None;
        self.finished = None;
    }

    fn is_fresh(&self, now: Instant) -> bool {
        self.finished
            .is_some_and(|then| now.saturating_duration_since(then) < FACE_AGE)
    }

    /// The payloads, and whether each is the last.
    fn parts(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let mut start = 0;
        self.ends.iter().filter_map(move |end| {
            let part = self.payloads.get(start..*end)?;
            start = *end;
            Some((part, *end == self.payloads.len()))
        })
    }
}

impl Relay {
    /// Sends a kept keyframe as the first picture of this match. Answers the RTP timestamp under
    /// which it was sent, and how many packets it took; `None` where it is too old.
    pub(crate) fn show(
        &mut self,
        face: &Face,
        now: Instant,
        tape: &mut Tape,
        out: &mut Datagrams,
    ) -> Option<(u32, u64)> {
        if !face.is_fresh(now) || self.is_first_picture_told {
            return None;
        }
        let timestamp = self.downlink.video.timestamp_at(now);
        let mut packets = 0;
        for (payload, is_last) in face.parts() {
            let mut room = [0; limits::DATAGRAM_BYTES];
            let length = self.write_part(payload, (timestamp, is_last), &mut room);
            let packet = room.get(..length)?;
            let index = self.downlink.video.next_index;
            let sent = self.downlink.send_rtp(packet, index, out)?;
            self.downlink.ring.keep(index, packet, tape, now);
            self.downlink.video.sent(index, timestamp, sent, now);
            packets += 1;
        }
        self.is_first_picture_told = packets > 0;
        self.is_first_picture_told.then_some((timestamp, packets))
    }

    /// One packet of a face under the partner's next numbers, to be shown at once. Its transport-wide
    /// number is one that the sender of the match knows nothing of, so feedback about it goes no further.
    fn write_part(
        &mut self,
        payload: &[u8],
        (timestamp, is_last): (u32, bool),
        room: &mut [u8; limits::DATAGRAM_BYTES],
    ) -> usize {
        let numbers = &self.downlink.numbers;
        let heading = Heading {
            ssrc: numbers.ssrcs.video,
            payload_type: numbers.video_payload_type,
            index: self.downlink.video.next_index,
            timestamp,
        };
        let transport = numbers.transport_cc.map(|id| {
            let number = self.downlink.next_transport;
            self.note_transport(number);
            let [high, low] = low(number).to_be_bytes();
            [(id << 4) | 1, high, low, 0]
        });
        let playout = self.downlink.playout.of_face();
        let playout = playout.map(|(id, [a, b, c])| [(id << 4) | 2, a, b, c]);
        let elements = u8::from(transport.is_some()) + u8::from(playout.is_some());
        let begins = (elements > 0).then_some([0xbe, 0xde, 0, elements]);
        room[0] = if begins.is_some() { 0x90 } else { 0x80 };
        rtp::set_marker(room, is_last);
        heading.write(room);
        let words = [begins, transport, playout];
        let words = words.iter().flatten().map(|word| &word[..]);
        let mut length = 12;
        for part in words.chain([payload]) {
            if let Some(place) = room.get_mut(length..length + part.len()) {
                place.copy_from_slice(part);
            }
            length += part.len();
        }
        length
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::clock::any_instant;
    use crate::rtp::Header;

    /// The shortest VP8 payload descriptor at a frame's start, and a keyframe's first byte
    /// (RFC 7741, 4.2; RFC 6386, 9.1).
    const KEYFRAME: [u8; 2] = [0x10, 0x00];
    const MIDDLE: [u8; 2] = [0x00, 0x55];

    struct Camera {
        face: Face,
        now: Instant,
    }

    impl Camera {
        fn new() -> Self {
            Self {
                face: Face::default(),
                now: any_instant(),
            }
        }

        /// A packet of a picture taken at a timestamp.
        fn sees(&mut self, index: u16, timestamp: u32, marker: bool, payload: &[u8]) {
            let mut packet = vec![0x80, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
            packet.extend(payload);
            rtp::set_marker(&mut packet, marker);
            rtp::set_sequence(&mut packet, index);
            rtp::set_timestamp(&mut packet, timestamp);
            let received = Received {
                at: self.now,
                track: Track::Video,
                header: Header::parse(&packet).expect("a packet"),
                length: packet.len(),
                index: index.into(),
                transport: None,
            };
            self.face.see(&packet, &received, VideoCodec::Vp8);
        }

        fn kept(&self) -> Vec<(&[u8], bool)> {
            let parts = self.face.parts();
            parts.filter(|_| self.face.is_fresh(self.now)).collect()
        }
    }

    #[test]
    fn a_keyframe_is_kept_whole_and_gives_way_to_the_next() {
        let mut camera = Camera::new();
        camera.sees(1, 7, true, &MIDDLE);
        camera.sees(2, 10, false, &KEYFRAME);
        assert_eq!(camera.kept(), [], "not before it is complete");
        camera.sees(3, 10, true, &MIDDLE);
        let whole: [(&[u8], bool); 2] = [(&KEYFRAME, false), (&MIDDLE, true)];
        assert_eq!(camera.kept(), whole);
        camera.sees(4, 13, true, &MIDDLE);
        assert_eq!(camera.kept(), whole, "what is no keyframe changes nothing");
        camera.sees(5, 16, true, &KEYFRAME);
        assert_eq!(camera.kept(), [(&KEYFRAME[..], true)]);
        camera.now += FACE_AGE;
        assert_eq!(camera.kept(), [], "too old");
    }

    #[test]
    fn a_keyframe_with_a_hole_is_not_kept() {
        let mut camera = Camera::new();
        camera.sees(1, 10, false, &KEYFRAME);
        camera.sees(3, 10, true, &MIDDLE);
        assert_eq!(camera.kept(), []);
        camera.sees(4, 13, false, &KEYFRAME);
        camera.sees(5, 16, true, &MIDDLE);
        assert_eq!(camera.kept(), [], "its end belongs to another picture");
    }

    #[test]
    fn a_keyframe_without_an_end_takes_no_more_than_its_share() {
        let mut camera = Camera::new();
        let long = [&KEYFRAME[..], &[0; 1000]].concat();
        camera.sees(0, 10, false, &long);
        for index in 1..200 {
            camera.sees(index, 10, false, &[0; 1000]);
            assert!(camera.face.payloads.len() <= limits::FACE_BYTES);
        }
        camera.sees(200, 10, true, &MIDDLE);
        assert_eq!(camera.kept(), []);
    }

    #[test]
    fn a_keyframe_is_asked_for_now_and_then() {
        let mut camera = Camera::new();
        assert!(camera.face.is_wanted(camera.now), "at once");
        assert!(!camera.face.is_wanted(camera.now));
        camera.now += FACE_EVERY / 2;
        camera.sees(1, 10, true, &KEYFRAME);
        camera.now += FACE_EVERY / 2;
        assert!(!camera.face.is_wanted(camera.now), "one came by itself");
        camera.now += FACE_EVERY / 2;
        assert!(camera.face.is_wanted(camera.now));
    }
}
