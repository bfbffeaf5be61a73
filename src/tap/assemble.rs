//! Joins the packets of one keyframe.
//!
//! A keyframe is complete when its packets are there from the one that begins it to the one with
//! the marker, without a gap; in which order they came, and whether first-hand or as
//! retransmissions, is all the same. In the usual order each packet is copied once, into the buffer
//! that leaves as the frame.

use std::time::{Duration, Instant};

use super::unpack::{Shape, fit_together, unpack};
use crate::codec::VideoCodec;
use crate::limits;
use crate::rtp::{self, descriptor::Start};

/// A decrypted packet of a picture, or the one that a retransmission restores.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Its place among the packets of the picture's stream.
    pub index: u64,
    /// The same for all packets of a picture.
    pub timestamp: u32,
    /// Whether it ends its picture.
    pub marker: bool,
    /// Without padding.
    pub payload: &'a [u8],
}

/// Joins one keyframe at a time. Holds no memory but that of pictures in work.
pub struct Assembler {
    codec: VideoCodec,
    /// Highest index of the packets taken since it last rested.
    newest: Option<u64>,
    /// A keyframe in work, or a few pictures that may be one: their begin is still to come.
    candidates: Vec<Candidate>,
    /// Timestamp of the keyframe that is over, done or given up: what comes of it is ignored.
    over: Option<u32>,
    abandoned: u64,
}

impl Assembler {
    /// Looks for keyframes of one coding.
    #[must_use]
    pub fn new(codec: VideoCodec) -> Self {
        Self {
            codec,
            newest: None,
            candidates: Vec::new(),
            over: None,
            abandoned: 0,
        }
    }

    /// Takes a packet. Answers the picture's bytes when it completes a keyframe.
    pub fn take(&mut self, packet: &Packet<'_>, now: Instant) -> Option<Box<[u8]>> {
        let newest = self.newest;
        self.newest = newest.max(Some(packet.index));
        if packet.payload.is_empty() || self.over == Some(packet.timestamp) {
            return None;
        }
        let in_work = self
            .candidates
            .iter()
            .position(|candidate| candidate.timestamp == packet.timestamp);
        let at = match in_work {
            Some(at) => at,
            None => self.begin(packet, newest, now)?,
        };
        self.add(at, packet)
    }

    /// Forgets what is in work, because nobody wants a picture that began before now.
    pub fn rest(&mut self) {
        self.give_up(|_| true);
        self.newest = None;
    }

    /// Gives up what is too long in coming.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.give_up(|candidate| candidate.deadline() <= now);
    }

    /// When the next picture in work is given up.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.candidates.iter().map(Candidate::deadline).min()
    }

    /// From which index on missing packets are worth asking for: those of the pictures in work.
    #[must_use]
    pub fn wants_from(&self) -> Option<u64> {
        self.candidates.iter().map(|candidate| candidate.from).min()
    }

    /// Whether a picture in work is known for a keyframe.
    #[must_use]
    pub fn has_keyframe_in_work(&self) -> bool {
        self.candidates.iter().any(Candidate::is_keyframe)
    }

    /// How many keyframes were given up since this was last asked.
    pub fn take_abandoned(&mut self) -> u64 {
        std::mem::take(&mut self.abandoned)
    }

    /// Begins a picture with its first packet to come, if there is reason to: it begins a keyframe,
    /// or what is missing before it may. Answers where it is.
    fn begin(&mut self, packet: &Packet<'_>, newest: Option<u64>, now: Instant) -> Option<usize> {
        let mut from = packet.index;
        if let Some(newest) = newest {
            // What came between a late packet and the newest was not kept.
            if packet.index <= newest {
                return None;
            }
            from = newest.saturating_add(1);
        }
        if rtp::starts_keyframe(self.codec, packet.payload) {
            // The sender was asked for it in place of whatever is in work.
            self.give_up(|_| true);
        } else if from == packet.index || self.has_keyframe_in_work() {
            return None;
        } else if self.candidates.len() >= limits::TAP_CANDIDATES {
            self.candidates.remove(0);
        }
        self.candidates
            .push(Candidate::new(packet.timestamp, from, now));
        Some(self.candidates.len() - 1)
    }

    fn add(&mut self, at: usize, packet: &Packet<'_>) -> Option<Box<[u8]>> {
        let candidate = self.candidates.get_mut(at)?;
        let was_keyframe = candidate.is_keyframe();
        match candidate.add(self.codec, packet) {
            Added::Going => {
                if candidate.is_keyframe() && !was_keyframe {
                    self.candidates
                        .retain(|candidate| candidate.timestamp == packet.timestamp);
                }
                None
            }
            Added::Useless => {
                self.give_up(|candidate| candidate.timestamp == packet.timestamp);
                None
            }
            Added::Complete => {
                let frame = self.candidates.swap_remove(at).into_frame();
                self.candidates.clear();
                self.over = Some(packet.timestamp);
                self.abandoned += u64::from(frame.is_none());
                frame
            }
        }
    }

    fn give_up(&mut self, is_over: impl Fn(&Candidate) -> bool) {
        self.candidates.retain(|candidate| {
            let is_over = is_over(candidate);
            if is_over && candidate.is_keyframe() {
                self.over = Some(candidate.timestamp);
                self.abandoned += 1;
            }
            !is_over
        });
    }
}

/// A picture that may become a frame.
struct Candidate {
    timestamp: u32,
    since: Instant,
    /// The lowest index that may belong to it.
    from: u64,
    /// Index of the packet that begins it, once it is known for a keyframe.
    first: Option<u64>,
    /// Index of the packet that ends it.
    last: Option<u64>,
    /// Whether there is more than parameters.
    has_picture: bool,
    /// By index.
    parts: Vec<Part>,
    /// In the order of coming.
    bytes: Vec<u8>,
}

/// What one packet added.
#[derive(Clone, Copy)]
struct Part {
    index: u64,
    start: usize,
    length: usize,
    shape: Shape,
}

/// What a packet did to its picture.
enum Added {
    /// There is more to come.
    Going,
    /// It cannot become a frame.
    Useless,
    /// Nothing is missing.
    Complete,
}

/// How long the begin of a picture may be missed: what is sent again comes within it, seldom later.
const BEGIN_PATIENCE: Duration = Duration::from_millis(150);
/// Where a buffer begins to grow: a keyframe of 640 by 480 seldom has more.
const USUAL_BYTES: usize = 32 * 1024;
const USUAL_PACKETS: usize = 32;

impl Candidate {
    fn new(timestamp: u32, from: u64, now: Instant) -> Self {
        Self {
            timestamp,
            since: now,
            from,
            first: None,
            last: None,
            has_picture: false,
            parts: Vec::with_capacity(USUAL_PACKETS),
            bytes: Vec::with_capacity(USUAL_BYTES),
        }
    }

    /// Whether it is known for a keyframe.
    fn is_keyframe(&self) -> bool {
        self.first.is_some()
    }

    fn deadline(&self) -> Instant {
        self.since
            + if self.is_keyframe() {
                limits::TAP_FRAME_PATIENCE
            } else {
                BEGIN_PATIENCE
            }
    }

    fn add(&mut self, codec: VideoCodec, packet: &Packet<'_>) -> Added {
        let index = packet.index;
        let Err(place) = self.parts.binary_search_by_key(&index, |part| part.index) else {
            return Added::Going;
        };
        let start = self.bytes.len();
        let Some(unpacked) = unpack(codec, packet.payload, &mut self.bytes) else {
            return Added::Useless;
        };
        let part = Part {
            index,
            start,
            length: self.bytes.len() - start,
            shape: unpacked.shape,
        };
        self.parts.insert(place, part);
        let is_too_large = self.bytes.len() > limits::TAP_FRAME_BYTES
            || self.parts.len() > limits::TAP_FRAME_PACKETS;
        if is_too_large || unpacked.start == Start::Other {
            return Added::Useless;
        }
        if unpacked.start == Start::Keyframe {
            self.first = Some(self.first.map_or(index, |first| first.min(index)));
        }
        if packet.marker {
            self.last = Some(self.last.map_or(index, |last| last.min(index)));
        }
        self.has_picture |= unpacked.is_picture;
        if self.is_complete() {
            Added::Complete
        } else {
            Added::Going
        }
    }

    fn is_complete(&self) -> bool {
        let width = self
            .last
            .zip(self.first)
            .map(|(last, first)| last.checked_sub(first));
        let count = self.inner().len() as u64;
        width
            .flatten()
            .is_some_and(|width| count == width.saturating_add(1))
    }

    /// The parts from the first to the last.
    fn inner(&self) -> &[Part] {
        let (Some(first), Some(last)) = (self.first, self.last) else {
            return &[];
        };
        let from = self.parts.partition_point(|part| part.index < first);
        let to = self.parts.partition_point(|part| part.index <= last);
        self.parts.get(from..to).unwrap_or_default()
    }

    /// The bytes of a complete picture. `None` where its parts do not fit together.
    fn into_frame(self) -> Option<Box<[u8]>> {
        let parts = self.inner();
        if !self.has_picture || !fit_together(parts.iter().map(|part| part.shape)) {
            return None;
        }
        let end = parts.iter().try_fold(0, |end, part| {
            (part.start == end).then_some(end + part.length)
        });
        if end == Some(self.bytes.len()) {
            return Some(self.bytes.into_boxed_slice());
        }
        let length = parts.iter().map(|part| part.length).sum();
        let mut bytes = Vec::with_capacity(length);
        for part in parts {
            bytes.extend_from_slice(self.bytes.get(part.start..part.start + part.length)?);
        }
        Some(bytes.into_boxed_slice())
    }
}
