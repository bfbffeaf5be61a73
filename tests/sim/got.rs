//! What a browser has received, for a test to look at.

use std::time::Instant;

use visavis::rtp::rtcp::{ReportBlock, SenderReport};

/// An RTP packet as it was received.
#[derive(Clone)]
pub(crate) struct Got {
    pub(crate) at: Instant,
    pub(crate) ssrc: u32,
    pub(crate) payload_type: u8,
    pub(crate) sequence: u16,
    pub(crate) index: u64,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) transport: Option<u16>,
    /// All extension elements: id and data.
    pub(crate) extensions: Vec<(u8, Vec<u8>)>,
    pub(crate) payload: Vec<u8>,
    /// The packet as a whole, decrypted.
    pub(crate) bytes: Vec<u8>,
}

/// One part of a compound RTCP packet as it was received.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum GotRtcp {
    SenderReport(SenderReport),
    Block(ReportBlock),
    Nack {
        media: u32,
        lost: Vec<u16>,
    },
    Pli {
        media: u32,
    },
    /// Feedback count, and each number with its arrival.
    Feedback {
        count: u8,
        entries: Vec<(u16, Option<i64>)>,
    },
    Cname(Vec<u8>),
    Other,
}

/// How many packets of a stream never came, of those before the newest.
pub(crate) fn missing_of(got: &[Got], ssrc: u32) -> i32 {
    let of_stream = got.iter().filter(|got| got.ssrc == ssrc);
    let mut indices: Vec<u64> = of_stream.map(|got| got.index).collect();
    indices.sort_unstable();
    indices.dedup();
    let span = indices.first().zip(indices.last());
    let expected = span.map_or(0, |(first, last)| last - first + 1);
    (expected - indices.len() as u64) as i32
}
