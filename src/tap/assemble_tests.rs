//! How keyframes are joined, from friendly packets and hostile ones.

use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::{Assembler, Packet, any_instant};
use crate::codec::VideoCodec;
use crate::limits;

/// A packet that owns its payload.
#[derive(Clone)]
struct Sent {
    index: u64,
    timestamp: u32,
    marker: bool,
    payload: Vec<u8>,
}

fn give(assembler: &mut Assembler, sent: &Sent, now: Instant) -> Option<Box<[u8]>> {
    let packet = Packet {
        index: sent.index,
        timestamp: sent.timestamp,
        marker: sent.marker,
        payload: &sent.payload,
    };
    assembler.take(&packet, now)
}

/// What comes out of packets that all come at once.
fn join(codec: VideoCodec, packets: &[Sent]) -> (Vec<Box<[u8]>>, Assembler) {
    let mut assembler = Assembler::new(codec);
    let now = any_instant();
    let frames = packets
        .iter()
        .filter_map(|sent| give(&mut assembler, sent, now))
        .collect();
    (frames, assembler)
}

fn picture(first: u64, timestamp: u32, payloads: &[&[u8]]) -> Vec<Sent> {
    (0..)
        .zip(payloads)
        .map(|(at, payload)| Sent {
            index: first + at,
            timestamp,
            marker: at + 1 == payloads.len() as u64,
            payload: payload.to_vec(),
        })
        .collect()
}

/// A VP8 picture of four packets, and its bytes: frame tag first.
fn vp8(first: u64, timestamp: u32, is_key: bool) -> (Vec<Sent>, Vec<u8>) {
    let tag = u8::from(!is_key);
    let begin = [0x10, tag, 1, 2];
    let payloads: [&[u8]; 4] = [&begin, &[0, 3, 4], &[0, 5], &[0, 6, 7]];
    (
        picture(first, timestamp, &payloads),
        vec![tag, 1, 2, 3, 4, 5, 6, 7],
    )
}

#[test]
fn a_keyframe_comes_out_with_its_last_packet() {
    let (packets, bytes) = vp8(10, 900, true);
    let mut assembler = Assembler::new(VideoCodec::Vp8);
    let now = any_instant();
    let (last, before) = packets.split_last().unwrap();
    for sent in before {
        assert_eq!(give(&mut assembler, sent, now), None);
    }
    assert_eq!(give(&mut assembler, last, now).as_deref(), Some(&bytes[..]));
    assert_eq!(assembler.deadline(), None, "nothing is left of it");
}

#[test]
fn a_picture_that_needs_its_past_is_none() {
    let (packets, _) = vp8(10, 900, false);
    let mut assembler = Assembler::new(VideoCodec::Vp8);
    for sent in &packets {
        assert_eq!(give(&mut assembler, sent, any_instant()), None);
        assert_eq!(assembler.deadline(), None, "nothing is kept of it");
    }
    assert_eq!(assembler.take_abandoned(), 0);
}

#[test]
fn the_order_of_coming_does_not_matter() {
    let mut rng = SmallRng::seed_from_u64(4);
    for _ in 0..200 {
        // What came before says where a gap is.
        let (mut packets, _) = vp8(6, 800, false);
        let (mut key, bytes) = vp8(10, 900, true);
        key.shuffle(&mut rng);
        packets.append(&mut key);
        let (frames, mut assembler) = join(VideoCodec::Vp8, &packets);
        assert_eq!(frames, [bytes.into_boxed_slice()]);
        assert_eq!(assembler.take_abandoned(), 0);
    }
}

#[test]
fn a_gap_keeps_a_keyframe_back_until_it_is_mended() {
    let (packets, bytes) = vp8(10, 900, true);
    for (missing, late) in (0..).zip(&packets) {
        let (mut given, _) = vp8(6, 800, false);
        given.extend(
            packets
                .iter()
                .filter(|sent| sent.index != 10 + missing)
                .cloned(),
        );
        let (frames, mut assembler) = join(VideoCodec::Vp8, &given);
        assert!(frames.is_empty(), "without packet {missing}");
        let asks_from = assembler.wants_from();
        // Nothing tells of a last packet that is missing before the next picture begins.
        assert!(asks_from.is_some_and(|from| from <= 10 + missing));
        let mended = give(&mut assembler, late, any_instant());
        assert_eq!(mended.as_deref(), Some(&bytes[..]));
    }
}

#[test]
fn a_packet_that_comes_twice_counts_once() {
    let (packets, bytes) = vp8(10, 900, true);
    let twice: Vec<Sent> = packets
        .iter()
        .flat_map(|sent| [sent.clone(), sent.clone()])
        .collect();
    let (frames, mut assembler) = join(VideoCodec::Vp8, &twice);
    assert_eq!(frames, [bytes.into_boxed_slice()]);
    // Once more, as probing does.
    for sent in &packets {
        assert_eq!(give(&mut assembler, sent, any_instant()), None);
    }
    assert_eq!(assembler.deadline(), None);
    assert_eq!(assembler.take_abandoned(), 0);
}

#[test]
fn the_next_keyframe_takes_the_place_of_one_that_is_torn() {
    let (mut packets, _) = vp8(10, 900, true);
    packets.remove(2);
    let (next, bytes) = vp8(14, 1800, true);
    packets.extend(next);
    // The rest of the first comes too late.
    packets.push(vp8(10, 900, true).0.remove(2));
    let (frames, mut assembler) = join(VideoCodec::Vp8, &packets);
    assert_eq!(frames, [bytes.into_boxed_slice()]);
    assert_eq!(assembler.take_abandoned(), 1);
    assert_eq!(assembler.take_abandoned(), 0, "told once");
}

#[test]
fn numbers_may_wrap() {
    let (mut packets, _) = vp8(0xfffe, u32::MAX, true);
    packets.pop();
    let (next, bytes) = vp8(0x1_0002, 2_000, true);
    packets.extend(next);
    let (frames, _) = join(VideoCodec::Vp8, &packets);
    assert_eq!(frames, [bytes.into_boxed_slice()], "the newer one");
}

#[test]
fn a_keyframe_that_is_too_long_in_coming_is_given_up() {
    let (packets, _) = vp8(10, 900, true);
    let mut assembler = Assembler::new(VideoCodec::Vp8);
    let now = any_instant();
    give(&mut assembler, &packets[0], now);
    assembler.handle_timeout(now + limits::TAP_FRAME_PATIENCE - Duration::from_millis(1));
    assert!(assembler.has_keyframe_in_work());
    assembler.handle_timeout(now + limits::TAP_FRAME_PATIENCE);
    assert!(!assembler.has_keyframe_in_work());
    assert_eq!(assembler.take_abandoned(), 1);
    for sent in &packets[1..] {
        assert_eq!(give(&mut assembler, sent, now), None);
    }
}

#[test]
fn what_is_too_large_is_given_up_and_stays_so() {
    let long = vec![0; 1_000];
    for (payload, most) in [
        (&long[..], limits::TAP_FRAME_BYTES / 999 + 1),
        (&[0, 1][..], limits::TAP_FRAME_PACKETS),
    ] {
        let mut assembler = Assembler::new(VideoCodec::Vp8);
        let now = any_instant();
        let mut sent = Sent {
            index: 1,
            timestamp: 5,
            marker: false,
            payload: vec![0x10, 0],
        };
        give(&mut assembler, &sent, now);
        sent.payload = payload.to_vec();
        let mut taken = 0;
        while assembler.has_keyframe_in_work() {
            taken += 1;
            sent.index += 1;
            assert_eq!(give(&mut assembler, &sent, now), None);
            assert!(taken <= most, "{taken} packets and no end");
        }
        // Endless as it is, nothing more of it is kept.
        for _ in 0..1_000 {
            sent.index += 1;
            assert_eq!(give(&mut assembler, &sent, now), None);
            assert_eq!(assembler.deadline(), None);
        }
        assert_eq!(assembler.take_abandoned(), 1);
    }
}

#[test]
fn an_h264_keyframe_comes_out_with_its_parameters_in_front() {
    let payloads: [&[u8]; 4] = [
        &[0x78, 0, 2, 0x67, 9, 0, 2, 0x68, 8],
        &[0x7c, 0x85, 1],
        &[0x7c, 0x05, 2],
        &[0x7c, 0x45, 3],
    ];
    let annex_b = [
        0, 0, 0, 1, 0x67, 9, 0, 0, 0, 1, 0x68, 8, 0, 0, 0, 1, 0x65, 1, 2, 3,
    ];
    let mut packets = picture(10, 900, &payloads);
    let (frames, _) = join(VideoCodec::H264, &packets);
    assert_eq!(frames, [annex_b.into()]);
    packets.swap(1, 3);
    let (frames, _) = join(VideoCodec::H264, &packets);
    assert_eq!(frames, [annex_b.into()], "in any order");
}

#[test]
fn h264_parameters_may_come_alone() {
    let payloads: [&[u8]; 3] = [&[0x67, 9], &[0x68, 8], &[0x65, 1]];
    let (frames, _) = join(VideoCodec::H264, &picture(10, 900, &payloads));
    let annex_b = [
        0, 0, 0, 1, 0x67, 9, 0, 0, 0, 1, 0x68, 8, 0, 0, 0, 1, 0x65, 1,
    ];
    assert_eq!(frames, [annex_b.into()]);
}

#[test]
fn fragments_that_do_not_fit_together_are_given_up() {
    let parameters: &[u8] = &[0x78, 0, 2, 0x67, 9, 0, 2, 0x68, 8];
    let pictures: [&[&[u8]]; 5] = [
        &[parameters, &[0x7c, 0x05, 2], &[0x7c, 0x45, 3]],
        &[parameters, &[0x7c, 0x85, 1], &[0x7c, 0x05, 2]],
        &[parameters, &[0x7c, 0x85, 1], &[0x65, 2]],
        &[parameters, &[0x06, 1]],
        &[parameters, &[0x7c]],
    ];
    for payloads in pictures {
        let (frames, mut assembler) = join(VideoCodec::H264, &picture(10, 900, payloads));
        assert!(frames.is_empty(), "{payloads:x?}");
        assert_eq!(assembler.take_abandoned(), 1, "{payloads:x?}");
    }
}

#[test]
fn a_vp9_keyframe_may_have_layers() {
    let payloads: [&[u8]; 3] = [
        &[0x28, 0x00, 1, 0xa1],
        &[0x20, 0x00, 1, 0xa2],
        &[0x28, 0x03, 1, 0xb1],
    ];
    let (frames, _) = join(VideoCodec::Vp9, &picture(10, 900, &payloads));
    assert_eq!(frames, [[0xa1, 0xa2, 0xb1].into()]);
}

#[test]
fn nothing_a_stranger_sends_does_harm() {
    for (seed, codec) in [VideoCodec::Vp8, VideoCodec::Vp9, VideoCodec::H264]
        .into_iter()
        .cycle()
        .take(60)
        .enumerate()
    {
        let mut rng = SmallRng::seed_from_u64(seed as u64);
        let mut assembler = Assembler::new(codec);
        let mut now = any_instant();
        let (mut frames, mut index_near) = (0, 0_u64);
        for _ in 0..2_000 {
            now += Duration::from_millis(rng.random_range(0..20));
            let length = rng.random_range(0..40);
            let mut payload: Vec<u8> = (0..length).map(|_| rng.random()).collect();
            let friendly: &[u8] = match codec {
                VideoCodec::Vp8 => &[0x10, 0],
                VideoCodec::Vp9 => &[0x08, 0],
                VideoCodec::H264 => &[0x78, 0, 1, 0x67, 0, 1, 0x65],
            };
            if rng.random_ratio(1, 3) {
                payload = friendly.to_vec();
            }
            let index = index_near + rng.random_range(0..6);
            index_near += rng.random_range(0..3);
            let sent = Sent {
                index: if rng.random_ratio(1, 200) {
                    rng.random()
                } else {
                    index
                },
                timestamp: rng.random_range(0..5),
                marker: rng.random_ratio(1, 3),
                payload,
            };
            if let Some(frame) = give(&mut assembler, &sent, now) {
                frames += 1;
                assert!(!frame.is_empty() && frame.len() <= limits::TAP_FRAME_BYTES);
            }
            assembler.handle_timeout(now);
            if rng.random_ratio(1, 50) {
                assembler.rest();
            }
        }
        assert!(frames > 20, "seed {seed}: {frames} frames");
    }
}
