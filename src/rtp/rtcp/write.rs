//! RTCP, written part by part to the end of a buffer.

use super::report::{ReportBlock, SenderReport};
use super::transport_wide::REFERENCE_TICKS;
use super::{
    PAYLOAD_SPECIFIC, RECEIVER_REPORT, SENDER_REPORT, SOURCE_DESCRIPTION, TRANSPORT_LAYER,
};

/// A sender report with at most 31 blocks (RFC 3550, 6.4.1).
pub fn sender_report(out: &mut Vec<u8>, report: &SenderReport, blocks: &[ReportBlock]) {
    let start = begin(out, SENDER_REPORT, count_of(blocks));
    out.extend(report.ssrc.to_be_bytes());
    out.extend(report.ntp.to_be_bytes());
    out.extend(report.rtp_timestamp.to_be_bytes());
    out.extend(report.packets.to_be_bytes());
    out.extend(report.octets.to_be_bytes());
    report_blocks(out, blocks);
    finish(out, start);
}

/// A receiver report with at most 31 blocks (RFC 3550, 6.4.2).
pub fn receiver_report(out: &mut Vec<u8>, ssrc: u32, blocks: &[ReportBlock]) {
    let start = begin(out, RECEIVER_REPORT, count_of(blocks));
    out.extend(ssrc.to_be_bytes());
    report_blocks(out, blocks);
    finish(out, start);
}

/// A source's canonical name, cut at 255 bytes (RFC 3550, 6.5.1).
pub fn sdes_cname(out: &mut Vec<u8>, ssrc: u32, cname: &str) {
    let start = begin(out, SOURCE_DESCRIPTION, 1);
    let name = cname.as_bytes().get(..255).unwrap_or(cname.as_bytes());
    out.extend(ssrc.to_be_bytes());
    out.push(1);
    out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    out.extend(name);
    // The list of items ends with at least one zero.
    out.push(0);
    finish(out, start);
}

/// A request for packets, which are best given in order (RFC 4585, 6.2.1).
pub fn nack(out: &mut Vec<u8>, sender: u32, media: u32, lost: &[u16]) {
    let start = begin_feedback(out, TRANSPORT_LAYER, 1, (sender, media));
    let mut rest = lost;
    while let Some((first, after)) = rest.split_first() {
        let mut following = 0_u16;
        rest = after;
        while let Some((next, after)) = rest.split_first() {
            let distance = next.wrapping_sub(*first).wrapping_sub(1);
            if distance >= 16 {
                break;
            }
            following |= 1 << distance;
            rest = after;
        }
        out.extend(first.to_be_bytes());
        out.extend(following.to_be_bytes());
    }
    finish(out, start);
}

/// A request for a keyframe (RFC 4585, 6.3.1).
pub fn pli(out: &mut Vec<u8>, sender: u32, media: u32) {
    let start = begin_feedback(out, PAYLOAD_SPECIFIC, 1, (sender, media));
    finish(out, start);
}

/// Most numbers in one feedback packet: with large deltas it is then well below a datagram.
const NUMBERS: usize = 350;

/// Transport-wide feedback about consecutive numbers and when they arrived, in units of 250 µs;
/// `None` is a loss. Answers how many of them were written: less than all where an arrival is too
/// far from the last to be told in one packet; zero where there are only losses.
pub fn transport_feedback(
    out: &mut Vec<u8>,
    sources: (u32, u32),
    feedback_count: u8,
    entries: &[(u16, Option<i64>)],
) -> usize {
    let Some(&(base, _)) = entries.first() else {
        return 0;
    };
    let Some(first) = entries.iter().find_map(|(_, at)| *at) else {
        return 0;
    };
    let reference = first.div_euclid(REFERENCE_TICKS);
    let mut time = reference.saturating_mul(REFERENCE_TICKS);
    let mut statuses = [0_u8; NUMBERS];
    let mut deltas = [0_i16; NUMBERS];
    let mut count = 0_usize;
    for ((_, at), (status, delta)) in entries
        .iter()
        .zip(statuses.iter_mut().zip(deltas.iter_mut()))
    {
        if let Some(at) = at {
            let Ok(step) = i16::try_from(at.saturating_sub(time)) else {
                break;
            };
            time = *at;
            *delta = step;
            *status = if u8::try_from(step).is_ok() { 1 } else { 2 };
        }
        count = count.saturating_add(1);
    }
    let statuses = statuses.get(..count).unwrap_or_default();
    let start = begin_feedback(out, TRANSPORT_LAYER, 15, sources);
    out.extend(base.to_be_bytes());
    out.extend(u16::try_from(count).unwrap_or(0).to_be_bytes());
    let [.., r2, r1, r0] = reference.to_be_bytes();
    out.extend([r2, r1, r0, feedback_count]);
    status_chunks(out, statuses);
    for (status, delta) in statuses.iter().zip(&deltas) {
        match status {
            1 => out.push(u8::try_from(*delta).unwrap_or(0)),
            2 => out.extend(delta.to_be_bytes()),
            _ => {}
        }
    }
    finish(out, start);
    count
}

/// Runs where there are any, else seven statuses of two bits (3.1.3, 3.1.4).
fn status_chunks(out: &mut Vec<u8>, statuses: &[u8]) {
    let mut rest = statuses;
    while let Some(status) = rest.first() {
        let run = rest
            .iter()
            .take_while(|other| *other == status)
            .count()
            .min(0x1fff);
        let covers = if run >= 7 || run == rest.len() {
            let length = u16::try_from(run).unwrap_or(0);
            out.extend((u16::from(*status) << 13 | length).to_be_bytes());
            run
        } else {
            let seven = rest.iter().copied().chain(std::iter::repeat(0)).take(7);
            let bits = seven.fold(3_u16, |bits, status| bits << 2 | u16::from(status));
            out.extend(bits.to_be_bytes());
            7
        };
        rest = rest.get(covers..).unwrap_or_default();
    }
}

fn count_of(blocks: &[ReportBlock]) -> u8 {
    u8::try_from(blocks.len()).unwrap_or(31).min(31)
}

fn report_blocks(out: &mut Vec<u8>, blocks: &[ReportBlock]) {
    for block in blocks.iter().take(31) {
        let [_, high, middle, low] = block
            .cumulative_lost
            .clamp(-0x80_0000, 0x7f_ffff)
            .to_be_bytes();
        out.extend(block.ssrc.to_be_bytes());
        out.extend([block.fraction_lost, high, middle, low]);
        out.extend(block.highest_sequence.to_be_bytes());
        out.extend(block.jitter.to_be_bytes());
        out.extend(block.last_sr.to_be_bytes());
        out.extend(block.delay_since_last_sr.to_be_bytes());
    }
}

fn begin(out: &mut Vec<u8>, kind: u8, count: u8) -> usize {
    let start = out.len();
    out.extend([0x80 | count, kind, 0, 0]);
    start
}

fn begin_feedback(out: &mut Vec<u8>, kind: u8, format: u8, (sender, media): (u32, u32)) -> usize {
    let start = begin(out, kind, format);
    out.extend(sender.to_be_bytes());
    out.extend(media.to_be_bytes());
    start
}

/// Pads the part to whole words and writes its length.
fn finish(out: &mut Vec<u8>, start: usize) {
    while !out.len().saturating_sub(start).is_multiple_of(4) {
        out.push(0);
    }
    let words = (out.len().saturating_sub(start) / 4).saturating_sub(1);
    let length = u16::try_from(words).unwrap_or(u16::MAX).to_be_bytes();
    let at = start.saturating_add(2);
    if let Some(place) = out.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
        *place = length;
    }
}
