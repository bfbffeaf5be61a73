//! Sender and receiver reports (RFC 3550, 6.4).

use super::word;

/// What a sender says of itself (RFC 3550, 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderReport {
    /// Whose report.
    pub ssrc: u32,
    /// Its wall clock: NTP time, 32.32 fixed point seconds.
    pub ntp: u64,
    /// Its media clock at the same moment.
    pub rtp_timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload bytes sent.
    pub octets: u32,
}

/// What a receiver says of one source (RFC 3550, 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlock {
    /// About whom.
    pub ssrc: u32,
    /// Lost since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Lost since the beginning; 24 bits on the wire, negative when duplicates came.
    pub cumulative_lost: i32,
    /// Highest sequence number, with its cycles above.
    pub highest_sequence: u32,
    /// Interarrival jitter in timestamp units.
    pub jitter: u32,
    /// Middle 32 bits of the last sender report's NTP time; zero if there was none.
    pub last_sr: u32,
    /// Since that report, in units of 1/65,536 s.
    pub delay_since_last_sr: u32,
}

/// The blocks of a report.
#[derive(Debug, Clone)]
pub struct Blocks<'a> {
    rest: &'a [u8],
}

const BLOCK: usize = 24;

impl Iterator for Blocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, after) = self.rest.split_at_checked(BLOCK)?;
        self.rest = after;
        let (ssrc, rest) = word(block)?;
        let (loss, rest) = word(rest)?;
        let (highest_sequence, rest) = word(rest)?;
        let (jitter, rest) = word(rest)?;
        let (last_sr, rest) = word(rest)?;
        let (delay_since_last_sr, _) = word(rest)?;
        let [fraction_lost, high, middle, low] = loss.to_be_bytes();
        // Sign-extended from 24 bits.
        let sign = if high & 0x80 == 0 { 0 } else { 0xff };
        Some(ReportBlock {
            ssrc,
            fraction_lost,
            cumulative_lost: i32::from_be_bytes([sign, high, middle, low]),
            highest_sequence,
            jitter,
            last_sr,
            delay_since_last_sr,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let blocks = self.rest.len() / BLOCK;
        (blocks, Some(blocks))
    }
}

impl ExactSizeIterator for Blocks<'_> {}

pub(super) fn sender(body: &[u8], count: u8) -> Option<(SenderReport, Blocks<'_>)> {
    let (ssrc, rest) = word(body)?;
    let (seconds, rest) = word(rest)?;
    let (fraction, rest) = word(rest)?;
    let (rtp_timestamp, rest) = word(rest)?;
    let (packets, rest) = word(rest)?;
    let (octets, rest) = word(rest)?;
    let ntp = (u64::from(seconds) << 32) | u64::from(fraction);
    let report = SenderReport {
        ssrc,
        ntp,
        rtp_timestamp,
        packets,
        octets,
    };
    Some((report, blocks(rest, count)?))
}

pub(super) fn receiver(body: &[u8], count: u8) -> Option<(u32, Blocks<'_>)> {
    let (ssrc, rest) = word(body)?;
    Some((ssrc, blocks(rest, count)?))
}

fn blocks(rest: &[u8], count: u8) -> Option<Blocks<'_>> {
    let length = usize::from(count).checked_mul(BLOCK)?;
    rest.get(..length).map(|rest| Blocks { rest })
}
