//! The half of a leg that receives: decrypts what the visitor sends, and keeps count of it. It
//! stays at the leg's home.

use std::ops::Range;
use std::time::Instant;

use super::arrivals::Arrivals;
use super::clock::{Clock, SenderClock};
use super::doubts::Doubts;
use super::losses::{Losses, Place};
use super::offer::Terms;
use super::reception::Reception;
use crate::codec::VideoCodec;
use crate::direction::Direction;
use crate::rtp::Header;
use crate::rtp::sequence::Unwrapper;
use crate::rtp::{extension, rtcp};
use crate::srtp::{Inbound, ReplayWindow};

/// Which of a visitor's three streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Track {
    /// The voice.
    Audio,
    /// The picture.
    Video,
    /// Retransmissions of the picture, and probing (RFC 4588).
    Rtx,
}

/// Why a packet goes no further. Each is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// Not RTP or RTCP by its own account.
    Malformed,
    /// An SSRC or payload type that is not this visitor's.
    Foreign,
    /// Seen before, altered, or too old.
    Unauthentic,
}

/// A packet of the visitor's, decrypted in place.
pub(crate) struct Received {
    pub(crate) at: Instant,
    pub(crate) track: Track,
    pub(crate) header: Header,
    /// Length of the decrypted packet.
    pub(crate) length: usize,
    /// 48-bit packet index of its own stream.
    pub(crate) index: u64,
    /// Transport-wide number, and where it stands in the packet.
    pub(crate) transport: Option<(u64, Range<usize>)>,
}

/// One stream that the visitor sends.
pub(crate) struct Stream {
    /// Declared by SDP, else learnt from the first authentic packet of its payload type.
    pub(crate) ssrc: Option<u32>,
    /// None where nothing of this kind may come.
    payload_type: Option<u8>,
    window: ReplayWindow,
    /// What was received, for receiver reports.
    pub(crate) reception: Reception,
}

/// The receiving half of a leg.
pub(crate) struct Uplink {
    pub(crate) audio: Stream,
    pub(crate) video: Stream,
    pub(crate) rtx: Stream,
    pub(crate) codec: VideoCodec,
    /// Id of the transport-wide sequence number extension.
    pub(crate) transport_cc: Option<u8>,
    /// The SSRC that feedback to the visitor comes from: the one they know their partner's picture
    /// by.
    pub(crate) reporter: u32,
    pub(crate) arrivals: Arrivals,
    pub(crate) losses: Losses,
    pub(crate) doubts: Doubts,
    /// Since when it can be heard.
    pub(crate) since: Instant,
    /// The sender's wall clock against ours.
    pub(crate) clock: SenderClock,
    transport_numbers: Unwrapper,
    pub(super) inbound: Inbound,
}

impl Uplink {
    pub(crate) fn new(terms: &Terms, inbound: Inbound, reporter: u32, now: Instant) -> Self {
        let sends = terms.direction != Direction::RecvOnly;
        let stream = |ssrc, payload_type: Option<u8>, clock_rate| Stream {
            ssrc,
            payload_type: payload_type.filter(|_| sends),
            window: ReplayWindow::default(),
            reception: Reception::new(clock_rate),
        };
        let (audio, video) = (&terms.audio, &terms.video);
        Self {
            audio: stream(audio.ssrc, Some(audio.payload_type), 48_000),
            video: stream(video.ssrc, Some(video.payload_type), 90_000),
            rtx: stream(video.rtx_ssrc, video.rtx_payload_type, 90_000),
            codec: video.codec,
            transport_cc: terms.transport_cc,
            reporter,
            arrivals: Arrivals::new(),
            losses: Losses::default(),
            doubts: Doubts::default(),
            since: now,
            clock: SenderClock::default(),
            transport_numbers: Unwrapper::default(),
            inbound,
        }
    }

    /// Decrypts an RTP packet in place and counts it.
    ///
    /// # Errors
    /// [`Refusal`] says why the packet goes no further.
    pub(crate) fn receive_rtp(
        &mut self,
        packet: &mut [u8],
        now: Instant,
        clock: &Clock,
    ) -> Result<Received, Refusal> {
        let header = Header::parse(packet).ok_or(Refusal::Malformed)?;
        // A contributing source would name a third party (RFC 3550, 5.1): no browser sends one here.
        if header.csrcs != 0 {
            return Err(Refusal::Malformed);
        }
        let track = self.track_of(&header).ok_or(Refusal::Foreign)?;
        let stream = match track {
            Track::Audio => &mut self.audio,
            Track::Video => &mut self.video,
            Track::Rtx => &mut self.rtx,
        };
        let opened = self
            .inbound
            .unprotect_rtp(&mut stream.window, packet, &header)
            .map_err(|_| Refusal::Unauthentic)?;
        stream.ssrc = Some(header.ssrc);
        stream
            .reception
            .received(opened.index, header.timestamp, now);
        let plain = packet.get(..opened.length).ok_or(Refusal::Malformed)?;
        let transport = self.transport_number(plain, &header);
        if let Some((number, _)) = &transport {
            self.arrivals.record(*number, clock.ticks(now));
        }
        if track == Track::Video {
            let place = Place {
                index: opened.index,
                transport: transport.as_ref().map(|(number, _)| *number),
            };
            self.losses.arrived(place, &self.arrivals, now);
        }
        Ok(Received {
            at: now,
            track,
            header,
            length: opened.length,
            index: opened.index,
            transport,
        })
    }

    /// A packet that was lost may just have come as a retransmission: its sender hears of it.
    pub(crate) fn note_mended(&mut self, now: Instant, clock: &Clock) {
        if let Some(number) = self.losses.take_mended() {
            self.arrivals.mend(number, clock.ticks(now));
        }
    }

    /// Decrypts a compound RTCP packet in place. Answers its length.
    ///
    /// # Errors
    /// [`Refusal`] says why the packet goes no further.
    pub(crate) fn receive_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, Refusal> {
        self.inbound
            .unprotect_rtcp(packet)
            .map_err(|_| Refusal::Unauthentic)
    }

    /// The stream that is sent under `ssrc`.
    pub(crate) fn stream_of(&mut self, ssrc: u32) -> Option<(Track, &mut Stream)> {
        [
            (Track::Audio, &mut self.audio),
            (Track::Video, &mut self.video),
            (Track::Rtx, &mut self.rtx),
        ]
        .into_iter()
        .find(|(_, stream)| stream.ssrc == Some(ssrc))
    }

    /// Asks for a keyframe.
    pub(crate) fn ask_keyframe(&self, upstream: &mut Vec<u8>) {
        if let Some(media) = self.video.ssrc {
            rtcp::write::pli(upstream, self.reporter, media);
        }
    }

    /// Asks for packets of the picture.
    pub(crate) fn ask_again(&self, wanted: &[u16], upstream: &mut Vec<u8>) {
        if let (Some(media), false) = (self.video.ssrc, wanted.is_empty()) {
            rtcp::write::nack(upstream, self.reporter, media, wanted);
        }
    }

    fn track_of(&self, header: &Header) -> Option<Track> {
        let tracks = [
            (Track::Audio, &self.audio),
            (Track::Video, &self.video),
            (Track::Rtx, &self.rtx),
        ];
        tracks
            .into_iter()
            .find(|(_, stream)| {
                stream.payload_type == Some(header.payload_type)
                    && stream.ssrc.is_none_or(|ssrc| ssrc == header.ssrc)
            })
            .map(|(track, _)| track)
    }

    fn transport_number(&mut self, packet: &[u8], header: &Header) -> Option<(u64, Range<usize>)> {
        let range = extension::find(packet, header, self.transport_cc?)?;
        let number = extension::read_u16(packet, &range)?;
        Some((self.transport_numbers.unwrap(number), range))
    }
}
