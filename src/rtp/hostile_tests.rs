//! A stranger's bytes through every reader: random, and well made but for a few bits. Nothing
//! panics, and what is promised of good packets holds for bad ones.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::rtcp::{Compound, Packet, ReportBlock, SenderReport, write};
use super::{Header, Kind, extension, payload, starts_keyframe};
use crate::codec::VideoCodec;
use crate::limits;

const ROUNDS: u32 = 10_000;

fn noise(random: &mut StdRng) -> Vec<u8> {
    let mut bytes = vec![0; random.random_range(0..200)];
    random.fill(&mut bytes[..]);
    bytes
}

/// Changes up to three bits, and now and then the length.
fn damage(random: &mut StdRng, bytes: &mut Vec<u8>) {
    for _ in 0..random.random_range(0..4) {
        let at = random.random_range(0..bytes.len());
        bytes[at] ^= 1 << random.random_range(0..8);
    }
    if random.random_range(0..4) == 0 {
        bytes.truncate(random.random_range(0..bytes.len()));
    }
}

/// A packet with an extension block of either form, filled with elements or with noise.
fn rtp(random: &mut StdRng) -> Vec<u8> {
    let mut block = Vec::new();
    let is_one_byte = random.random_range(0..2) == 0;
    for _ in 0..random.random_range(0..5) {
        let (id, length) = (random.random_range(0..16u8), random.random_range(1..17u8));
        match is_one_byte {
            true => block.push((id << 4) | (length - 1)),
            false => block.extend([id, length]),
        }
        block.extend((0..length).map(|_| random.random::<u8>()));
    }
    block.resize(block.len().next_multiple_of(4), 0);
    let mut packet = vec![0x90, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
    packet.extend(if is_one_byte {
        [0xbe, 0xde]
    } else {
        [0x10, 0x00]
    });
    packet.extend(u16::try_from(block.len() / 4).unwrap().to_be_bytes());
    packet.extend(block);
    packet.extend(noise(random));
    packet
}

fn rtcp(random: &mut StdRng) -> Vec<u8> {
    let report = SenderReport {
        ssrc: 1,
        ntp: random.random(),
        rtp_timestamp: 3,
        packets: 4,
        octets: 5,
    };
    let block = ReportBlock {
        ssrc: 2,
        fraction_lost: 1,
        cumulative_lost: random.random_range(-9..9),
        highest_sequence: 7,
        jitter: 8,
        last_sr: 9,
        delay_since_last_sr: 10,
    };
    let lost: Vec<u16> = (0..random.random_range(1..20))
        .map(|_| random.random())
        .collect();
    let arrivals: Vec<(u16, Option<i64>)> = (0..random.random_range(1..60u16))
        .map(|number| {
            (
                number,
                random.random_bool(0.7).then(|| i64::from(number) * 90),
            )
        })
        .collect();
    let mut bytes = Vec::new();
    write::sender_report(&mut bytes, &report, &[block, block]);
    write::sdes_cname(&mut bytes, 1, "name");
    write::nack(&mut bytes, 1, 2, &lost);
    write::pli(&mut bytes, 1, 2);
    write::transport_feedback(&mut bytes, (1, 2), 3, &arrivals);
    bytes
}

/// The ids of all elements that can be found.
fn ids(packet: &[u8], header: &Header) -> Vec<u8> {
    let found = (0..=255).filter(|&id| extension::find(packet, header, id).is_some());
    found.collect()
}

/// Looks at everything an RTP packet says; whether it was one.
fn read_rtp(packet: &mut [u8]) -> bool {
    let _ = Kind::of(packet);
    let Some(header) = Header::parse(packet) else {
        return false;
    };
    assert!(header.length <= packet.len());
    let content = payload(packet, &header).unwrap_or_default();
    for codec in [VideoCodec::Vp8, VideoCodec::Vp9, VideoCodec::H264] {
        let _ = starts_keyframe(codec, content);
    }
    let before = packet.to_vec();
    let mut table = extension::Table::new();
    for (incoming, outgoing) in [(3, 5), (5, 3), (9, 9)] {
        table.insert(incoming, outgoing);
    }
    let kept: Vec<u8> = ids(packet, &header)
        .into_iter()
        .map(|id| table.get(id))
        .collect();
    extension::remap(packet, &header, &table);
    for id in ids(packet, &header) {
        assert!(
            kept.contains(&id),
            "{id} was not let through in {before:02x?}"
        );
    }
    let block = header
        .extension
        .map_or(12..12, |block| block.start - 4..block.end);
    assert_eq!(packet[..block.start], before[..block.start]);
    assert_eq!(packet[block.end..], before[block.end..]);
    read_longer(packet, &header);
    true
}

/// Whatever was let through is still there beside an element more.
fn read_longer(packet: &[u8], header: &Header) {
    let mut longer = [0; 1_000];
    let length = extension::append(packet, header, (14, [1, 2, 3]), &mut longer).unwrap();
    let longer = &longer[..length];
    let parsed = Header::parse(longer).unwrap();
    let added = extension::find(longer, &parsed, 14).unwrap();
    assert_eq!(longer[added], [1, 2, 3], "{packet:02x?}");
    assert_eq!(
        ids(longer, &parsed),
        [ids(packet, header), vec![14]].concat()
    );
    assert_eq!(longer[parsed.length..], packet[header.length..]);
}

/// Looks at everything a compound packet says; how many parts it had.
fn read_rtcp(bytes: &[u8]) -> usize {
    let parts: Vec<_> = Compound::parse(bytes).collect();
    let errors = parts.iter().filter(|part| part.is_err()).count();
    assert!(errors <= 1, "an error ends the walk");
    for part in parts.iter().flatten() {
        match part {
            Packet::SenderReport(_, blocks) | Packet::ReceiverReport(_, blocks) => {
                assert!(blocks.clone().count() <= 31);
            }
            Packet::Nack(nack) => assert!(nack.lost().count() <= bytes.len() / 4 * 17),
            Packet::Fir(fir) => assert!(!fir.names(0x1234_5678) || bytes.len() >= 20),
            Packet::TransportFeedback(feedback) => {
                let mut numbers = 0;
                feedback.for_each(|_, _| numbers += 1);
                assert!(numbers <= limits::FEEDBACK_NUMBERS);
            }
            Packet::Pli { .. } | Packet::Sdes(_) | Packet::Bye | Packet::Other => {}
        }
    }
    parts.len() - errors
}

#[test]
fn noise_is_read_without_harm() {
    let mut random = StdRng::seed_from_u64(1);
    let mut read = 0;
    for _ in 0..ROUNDS {
        let mut bytes = noise(&mut random);
        read += usize::from(read_rtp(&mut bytes)) + read_rtcp(&bytes);
        for codec in [VideoCodec::Vp8, VideoCodec::Vp9, VideoCodec::H264] {
            let _ = starts_keyframe(codec, &bytes);
        }
    }
    assert!(read > 0, "some noise looks like a packet");
}

#[test]
fn damaged_rtp_is_read_without_harm() {
    let mut random = StdRng::seed_from_u64(2);
    let mut read = 0;
    for _ in 0..ROUNDS {
        let mut packet = rtp(&mut random);
        damage(&mut random, &mut packet);
        read += u32::from(read_rtp(&mut packet));
    }
    assert!((ROUNDS / 4..ROUNDS).contains(&read), "{read} were packets");
}

#[test]
fn damaged_rtcp_is_read_without_harm() {
    let mut random = StdRng::seed_from_u64(3);
    let mut parts = 0;
    for _ in 0..ROUNDS {
        let mut bytes = rtcp(&mut random);
        damage(&mut random, &mut bytes);
        parts += read_rtcp(&bytes);
    }
    let rounds = usize::try_from(ROUNDS).unwrap();
    assert!((rounds * 2..rounds * 5).contains(&parts), "{parts} parts");
}
