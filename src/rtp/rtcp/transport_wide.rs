//! Transport-wide congestion control feedback
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1), read.

use super::requests::sources;
use crate::limits;

/// Arrival times by transport-wide number.
#[derive(Debug, Clone)]
pub struct TransportFeedback<'a> {
    /// Who reports.
    pub sender: u32,
    /// About whose transport.
    pub media: u32,
    /// The first number.
    pub base: u16,
    /// How many numbers, at most [`limits::FEEDBACK_NUMBERS`].
    pub count: u16,
    /// Time of the first arrival in units of 64 ms, 24 bits signed.
    pub reference_time: i32,
    /// The 8-bit count of feedback packets.
    pub feedback_count: u8,
    chunks: &'a [u8],
}

/// 64 ms in units of 250 µs.
pub(super) const REFERENCE_TICKS: i64 = 256;

impl<'a> TransportFeedback<'a> {
    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        let (sender, media, rest) = sources(body)?;
        let (&[b1, b0, c1, c0, r2, r1, r0, feedback_count], chunks) = rest.split_first_chunk()?;
        let sign = if r2 & 0x80 == 0 { 0 } else { 0xff };
        let count = u16::from_be_bytes([c1, c0]);
        if count > limits::FEEDBACK_NUMBERS {
            return None;
        }
        Some(Self {
            sender,
            media,
            base: u16::from_be_bytes([b1, b0]),
            count,
            reference_time: i32::from_be_bytes([sign, r2, r1, r0]),
            feedback_count,
            chunks,
        })
    }

    /// Calls `take` with each number in order and when it arrived, in units of 250 µs on the
    /// reporter's clock; `None` is a loss. Stops where the packet stops making sense.
    pub fn for_each(&self, mut take: impl FnMut(u16, Option<i64>)) {
        let Some(mut deltas) = self.deltas() else {
            return;
        };
        let mut time = i64::from(self.reference_time).saturating_mul(REFERENCE_TICKS);
        let mut number = self.base;
        self.statuses(|status| {
            let arrived = match status {
                1 => deltas.split_first().map(|(delta, rest)| {
                    deltas = rest;
                    i64::from(*delta)
                }),
                2 => deltas.split_first_chunk::<2>().map(|(delta, rest)| {
                    deltas = rest;
                    i64::from(i16::from_be_bytes(*delta))
                }),
                _ => {
                    take(number, None);
                    number = number.wrapping_add(1);
                    return true;
                }
            };
            let Some(delta) = arrived else { return false };
            time = time.saturating_add(delta);
            take(number, Some(time));
            number = number.wrapping_add(1);
            true
        });
    }

    /// Where the deltas begin: after as many chunks as the count takes.
    fn deltas(&self) -> Option<&'a [u8]> {
        let mut left = usize::from(self.count);
        let mut rest = self.chunks;
        while left > 0 {
            let (chunk, after) = rest.split_first_chunk::<2>()?;
            rest = after;
            left = left.saturating_sub(usize::from(Chunk::read(*chunk).covers()));
        }
        Some(rest)
    }

    /// Calls `take` with each status until it answers false.
    fn statuses(&self, mut take: impl FnMut(u8) -> bool) {
        let mut left = self.count;
        for chunk in self.chunks.as_chunks::<2>().0 {
            let chunk = Chunk::read(*chunk);
            for at in 0..chunk.covers().min(left) {
                if !take(chunk.status(at)) {
                    return;
                }
            }
            left = left.saturating_sub(chunk.covers());
            if left == 0 {
                return;
            }
        }
    }
}

/// A packet status chunk (3.1.3, 3.1.4). Statuses: 0 lost, 1 small delta, 2 large or negative.
#[derive(Clone, Copy)]
enum Chunk {
    Run { status: u8, length: u16 },
    OneBit(u16),
    TwoBit(u16),
}

impl Chunk {
    fn read(bytes: [u8; 2]) -> Self {
        let chunk = u16::from_be_bytes(bytes);
        match chunk >> 14 {
            0 | 1 => Self::Run {
                status: (bytes[0] >> 5) & 3,
                length: chunk & 0x1fff,
            },
            2 => Self::OneBit(chunk & 0x3fff),
            _ => Self::TwoBit(chunk & 0x3fff),
        }
    }

    fn covers(self) -> u16 {
        match self {
            Self::Run { length, .. } => length,
            Self::OneBit(_) => 14,
            Self::TwoBit(_) => 7,
        }
    }

    fn status(self, at: u16) -> u8 {
        let bits = |word: u16, width: u16| -> u8 {
            let shift = 14_u16.saturating_sub(at.saturating_add(1).saturating_mul(width));
            let mask = if width == 1 { 1 } else { 3 };
            u8::try_from(word >> shift & mask).unwrap_or(0)
        };
        match self {
            Self::Run { status, .. } => status,
            Self::OneBit(word) => bits(word, 1),
            Self::TwoBit(word) => bits(word, 2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Compound, Packet, write};
    use super::*;
    use rand::rngs::SmallRng;
    use rand::{Rng as _, SeedableRng as _};

    fn decode(bytes: &[u8]) -> Vec<(u16, Option<i64>)> {
        let mut all = Vec::new();
        for part in Compound::parse(bytes) {
            let Packet::TransportFeedback(feedback) = part.expect("well made") else {
                panic!()
            };
            feedback.for_each(|number, ticks| all.push((number, ticks)));
        }
        all
    }

    #[test]
    fn a_packet_made_by_hand_is_read() {
        // Base 10, six numbers: run of two small; two-bit chunk: lost, large, small, lost.
        let bytes = [
            0x8f, 205, 0, 6, 0, 0, 0, 1, 0, 0, 0, 2, 0, 10, 0, 6, 0, 0, 2, 5, 0x20, 2, 0xc9, 0x00,
            4, 8, 0xff, 0xfe,
        ];
        // The last small delta is missing: what stops making sense is not made up.
        let expected = [
            (10, Some(516)),
            (11, Some(524)),
            (12, None),
            (13, Some(522)),
        ];
        assert_eq!(decode(&bytes), expected);
    }

    /// A feedback packet from 1 about 2, of `count` numbers from 65,534 on, reference time -1.
    fn packet(count: u16, chunks_and_deltas: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xfe];
        bytes.extend(count.to_be_bytes());
        bytes.extend([0xff, 0xff, 0xff, 9]);
        bytes.extend(chunks_and_deltas);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        let words = u16::try_from(bytes.len() / 4 - 1).expect("short");
        bytes[2..4].copy_from_slice(&words.to_be_bytes());
        bytes
    }

    #[test]
    fn a_one_bit_chunk_is_read_across_the_wrap() {
        // Came, lost, came, came; the ten bits behind the count say nothing.
        let bytes = packet(4, &[0b1010_1111, 0xff, 1, 255, 0]);
        let expected = [
            (65_534, Some(-255)),
            (65_535, None),
            (0, Some(0)),
            (1, Some(0)),
        ];
        assert_eq!(decode(&bytes), expected);
    }

    #[test]
    fn a_two_bit_chunk_is_read_and_time_may_run_back() {
        // Large, small, lost, lost, lost, lost, large.
        let bytes = packet(7, &[0b1110_0100, 0b0000_0010, 0x7f, 0xff, 3, 0x80, 0x00]);
        let read = decode(&bytes);
        let times: Vec<i64> = read.iter().filter_map(|(_, at)| *at).collect();
        assert_eq!(read.len(), 7);
        assert_eq!(times, [-256 + 32_767, -256 + 32_770, -256 + 2]);
        assert_eq!(read[6].0, 4);
    }

    #[test]
    fn runs_are_read_one_after_the_other() {
        let bytes = packet(304, &[0x01, 0x2c, 0x20, 0x04, 1, 2, 3, 4]);
        let read = decode(&bytes);
        assert_eq!(read.len(), 304);
        assert!(read[..300].iter().all(|(_, at)| at.is_none()));
        let times: Vec<i64> = read[300..].iter().filter_map(|(_, at)| *at).collect();
        assert_eq!(times, [-255, -253, -250, -246]);
    }

    #[test]
    fn a_few_bytes_do_not_claim_endless_work() {
        let runs = [0x1f, 0xff].repeat(9);
        assert_eq!(decode(&packet(4096, &runs)).len(), 4096);
        let bytes = packet(4097, &runs);
        assert!(matches!(Compound::parse(&bytes).next(), Some(Err(_))));
    }

    #[test]
    fn chunks_that_end_early_report_nothing() {
        assert_eq!(decode(&packet(100, &[0x20, 3, 0, 0])), []);
    }

    #[test]
    fn what_is_written_is_read_back_whatever_it_is() {
        let mut rng = SmallRng::seed_from_u64(7);
        for _ in 0..2_000 {
            let mut number: u16 = rng.random();
            let mut time: i64 = rng.random_range(0..1_000_000_000);
            let mut entries = Vec::new();
            for _ in 0..rng.random_range(1..300) {
                let arrived = rng.random_range(0..10) > rng.random_range(0..9);
                let step = match rng.random_range(0..20) {
                    0 => rng.random_range(-30_000..30_000),
                    1 => rng.random_range(-1_000_000..1_000_000),
                    _ => rng.random_range(0..200),
                };
                time = (time + step).max(0);
                entries.push((number, arrived.then_some(time)));
                number = number.wrapping_add(1);
            }
            let mut bytes = Vec::new();
            let mut rest = &entries[..];
            while !rest.is_empty() {
                let written = write::transport_feedback(&mut bytes, (1, 2), 3, rest);
                if written == 0 {
                    // Only losses are left: there is no time to refer to.
                    assert!(rest.iter().all(|(_, at)| at.is_none()));
                    break;
                }
                rest = &rest[written..];
            }
            // The reference wraps at 24 bits of 64 ms.
            let wrap = REFERENCE_TICKS << 24;
            let read: Vec<_> = decode(&bytes)
                .into_iter()
                .map(|(n, at)| (n, at.map(|t| t.rem_euclid(wrap))))
                .collect();
            assert_eq!(read, entries[..entries.len() - rest.len()]);
        }
    }

    #[test]
    fn random_bytes_are_read_without_harm() {
        let mut rng = SmallRng::seed_from_u64(8);
        for _ in 0..20_000 {
            let mut bytes = vec![0; 4 * rng.random_range(5..40)];
            rng.fill(&mut bytes[..]);
            bytes[0] = 0x8f;
            bytes[1] = 205;
            let words = u16::try_from(bytes.len() / 4 - 1).expect("short");
            bytes[2..4].copy_from_slice(&words.to_be_bytes());
            for part in Compound::parse(&bytes).flatten() {
                if let Packet::TransportFeedback(feedback) = part {
                    let mut count = 0_u32;
                    feedback.for_each(|_, _| count += 1);
                    assert!(count <= u32::from(limits::FEEDBACK_NUMBERS));
                }
            }
        }
    }
}
