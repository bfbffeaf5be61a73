//! Loss on either hop, and who mends it.

use std::collections::HashSet;
use std::time::Duration;

use crate::got::GotRtcp;
use crate::makes::{CHROMIUM, FIREFOX, PLAIN};
use crate::world::{CALM, Network, World};

const SECOND: Duration = Duration::from_secs(1);
const LOSSY: Network = Network {
    delay: Duration::from_millis(25),
    jitter: Duration::from_millis(6),
    loss_permille: 50,
};

/// The share of the picture's packets that a browser has, sent or resent, between its first and
/// (nearly) last.
fn complete(world: &mut World, visitor: usize) -> f64 {
    let browser = world.browser(visitor);
    let indices: Vec<u64> = browser.track(1).map(|got| got.index).collect();
    let (first, last) = (
        indices.iter().min().unwrap(),
        indices.iter().max().unwrap() - 60,
    );
    let resent: Vec<u16> = browser
        .track(2)
        .filter(|got| got.payload.len() > 2)
        .map(|got| u16::from_be_bytes([got.payload[0], got.payload[1]]))
        .collect();
    let have = (*first..last)
        .filter(|index| indices.contains(index) || resent.contains(&((index & 0xffff) as u16)))
        .count();
    have as f64 / (last - first) as f64
}

#[test]
fn loss_on_the_way_down_is_mended_from_the_ring() {
    let mut world = World::new(1, 31);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", FIREFOX, 0),
    );
    world.networks(b, CALM, LOSSY);
    world.face(a, b);
    world.run_for(6 * SECOND);
    assert!(complete(&mut world, b) > 0.998);
    assert!(world.browser(b).track(2).count() > 20, "by RTX");
    let asked = world
        .browser(a)
        .rtcp
        .iter()
        .filter(|(_, packet)| matches!(packet, GotRtcp::Nack { .. }))
        .count();
    assert_eq!(asked, 0, "the sender is not bothered");
    // What is resent says what was sent, and keeps its transport-wide number.
    let berta = world.browser(b);
    for rtx in berta.track(2) {
        assert!(rtx.transport.is_some(), "REMB would follow");
        assert_eq!(Some(rtx.payload_type), berta.make.rtx);
    }
    assert!(world.shards[0].counters().packets_resent > 20);
}

#[test]
fn without_a_retransmission_stream_the_same_packet_goes_again() {
    let down = Network {
        loss_permille: 0,
        ..LOSSY
    };
    for (seed, of_a, of_b) in [
        (38, (LOSSY, down), (CALM, CALM)),
        (39, (CALM, CALM), (CALM, LOSSY)),
    ] {
        let mut world = World::new(1, seed);
        let (a, b) = (world.join("anna", PLAIN, 0), world.join("berta", PLAIN, 0));
        world.networks(a, of_a.0, of_a.1);
        world.networks(b, of_b.0, of_b.1);
        world.face(a, b);
        world.run_for(6 * SECOND);
        assert!(complete(&mut world, b) > 0.998);
        assert_eq!(world.browser(b).track(2).count(), 0, "no such stream");
        let counters = world.shards[0].counters();
        assert!(counters.packets_resent + counters.packets_asked > 20);
        // Under one number there is one packet: anything else would repeat its nonce.
        let mut got = std::collections::HashMap::new();
        for packet in world.browser(b).track(1) {
            let before = got.insert(packet.index, packet.payload.clone());
            assert!(before.is_none_or(|before| before == packet.payload));
        }
    }
}

#[test]
fn loss_on_the_way_up_is_asked_for_by_the_relay() {
    let mut world = World::new(1, 32);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    world.networks(
        a,
        LOSSY,
        Network {
            loss_permille: 0,
            ..LOSSY
        },
    );
    world.face(a, b);
    world.run_for(6 * SECOND);
    let anna = world.browser(a);
    let mut asked: Vec<u16> = anna
        .rtcp
        .iter()
        .filter_map(|(_, packet)| match packet {
            GotRtcp::Nack { lost, .. } => Some(lost.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    let sent: Vec<u16> = anna.sent_video.iter().map(|packet| packet.0).collect();
    assert!(asked.len() > 20);
    assert!(
        asked.iter().all(|sequence| sent.contains(sequence)),
        "by her own numbers"
    );
    let all = asked.len();
    asked.sort_unstable();
    asked.dedup();
    assert!(
        all < asked.len() * 5 / 2,
        "each twice, and the receiver's request for the same packet is swallowed"
    );
    assert!(complete(&mut world, b) > 0.998);
}

#[test]
fn a_request_that_is_lost_delays_little() {
    let mut world = World::new(1, 43);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    world.networks(a, LOSSY, LOSSY);
    world.face(a, b);
    // Long, for p99 to be of more than the two or three that were unlucky.
    world.run_for(120 * SECOND);
    let berta = world.browser(b);
    let mut delays: Vec<u128> = berta
        .track(2)
        .filter_map(|rtx| {
            let original = u16::from_be_bytes([*rtx.payload.first()?, *rtx.payload.get(1)?]);
            let is_after = |index: u64| (index as u16).wrapping_sub(original).wrapping_sub(1) < 100;
            let next = berta.track(1).find(|got| is_after(got.index))?;
            Some((rtx.at - next.at).as_millis())
        })
        .collect();
    delays.sort_unstable();
    assert!(delays.len() > 600, "{} were mended", delays.len());
    // A round trip is 50 to 62 ms.
    let at = |percent: usize| delays[percent * (delays.len() - 1) / 100];
    let (usual, seldom) = (at(50), at(99));
    assert!(usual < 80 && seldom < 150, "{usual} and {seldom} ms");
}

/// Runs two Chromiums over these networks, up and down, of the first and of the second; counts what the
/// first one's feedback called lost, and what it named at all.
fn called_lost(of_a: (Network, Network), of_b: (Network, Network)) -> (usize, usize) {
    let mut world = World::new(1, 40);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    world.networks(a, of_a.0, of_a.1);
    world.networks(b, of_b.0, of_b.1);
    world.face(a, b);
    world.run_for(SECOND);
    let before = world.browser(a).rtcp.len();
    world.run_for(6 * SECOND);
    let (mut lost, mut arrived) = (HashSet::new(), HashSet::new());
    for (_, packet) in &world.browser(a).rtcp[before..] {
        let GotRtcp::Feedback { entries, .. } = packet else {
            continue;
        };
        for (number, at) in entries {
            match at {
                Some(_) => _ = arrived.insert(*number),
                // Who knows that it arrived does not listen.
                None if arrived.contains(number) => {}
                None => assert!(lost.insert(*number), "{number} is called lost twice"),
            }
        }
    }
    (lost.len(), lost.union(&arrived).count())
}

#[test]
fn only_what_is_not_mended_is_called_lost() {
    let lossy = Network {
        jitter: Duration::ZERO,
        ..LOSSY
    };
    let whole = Network {
        loss_permille: 0,
        ..lossy
    };
    for (hops, up, down) in [(1, lossy, whole), (1, whole, lossy), (2, lossy, lossy)] {
        let (lost, named) = called_lost((up, whole), (whole, down));
        // Nobody asks for sound again, and where some is lost beside a picture which is which is unknown.
        assert!(lost > 0 && named > 500, "{lost} of {named}");
        assert!(lost * 40 < named * hops, "{lost} of {named}");
    }
}

#[test]
fn five_percent_on_both_hops_is_mended() {
    for seed in 33..36 {
        let mut world = World::new(2, seed);
        let (a, b) = (
            world.join("anna", CHROMIUM, 0),
            world.join("berta", FIREFOX, 1),
        );
        world.networks(a, LOSSY, LOSSY);
        world.networks(b, LOSSY, LOSSY);
        world.face(a, b);
        world.run_for(8 * SECOND);
        for visitor in [a, b] {
            let share = complete(&mut world, visitor);
            assert!(share > 0.995, "seed {seed}: {share}");
            assert_eq!(world.browser(visitor).refused, 0);
        }
    }
}

#[test]
fn a_request_the_ring_cannot_answer_goes_on_to_the_sender() {
    let mut world = World::new(1, 37);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    world.face(a, b);
    world.run_for(4 * SECOND);
    // Older than the ring, but of this match.
    let old = world.browser(b).track(1).nth(5).unwrap().clone();
    let before = world.browser(a).rtcp.len();
    let own = world.browser(b).video.ssrc;
    let mut nack = Vec::new();
    visavis::rtp::rtcp::write::nack(&mut nack, own, old.ssrc, &[old.sequence]);
    world.browser(b).send_rtcp(&nack);
    world.run_for(Duration::from_millis(100));
    let anna = world.browser(a);
    let asked: Vec<&Vec<u16>> = anna.rtcp[before..]
        .iter()
        .filter_map(|(_, packet)| match packet {
            GotRtcp::Nack { lost, media } if *media == anna.video.ssrc => Some(lost),
            _ => None,
        })
        .collect();
    assert_eq!(asked.len(), 1);
    let [sequence] = asked[0][..] else {
        panic!("one packet is asked for")
    };
    let sent = anna
        .sent_video
        .iter()
        .find(|packet| packet.0 == sequence)
        .unwrap();
    assert_eq!(sent.3, old.payload, "the very packet, by her own number");
}

#[test]
fn resending_takes_no_more_than_its_share() {
    let mut world = World::new(1, 38);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    world.face(a, b);
    world.run_for(SECOND);
    let (own, media) = (world.browser(b).video.ssrc, world.browser(b).expected[1]);
    for _ in 0..100 {
        let recent: Vec<u16> = world
            .browser(b)
            .track(1)
            .map(|got| got.sequence)
            .collect::<Vec<_>>();
        let recent = &recent[recent.len() - 60..];
        let mut nack = Vec::new();
        visavis::rtp::rtcp::write::nack(&mut nack, own, media, recent);
        world.browser(b).send_rtcp(&nack);
        world.run_for(Duration::from_millis(50));
    }
    let berta = world.browser(b);
    let first: usize = berta.track(1).map(|got| got.bytes.len()).sum();
    let again: usize = berta.track(2).map(|got| got.bytes.len()).sum();
    assert!(again > 0);
    assert!(
        again < first / 2 + 40_000,
        "{again} bytes resent for {first} sent"
    );
    assert!(world.shards[0].counters().resends_over_share > 100);
}
