//! Rubbish, forgeries and replays: counted, dropped, and without consequence.

use std::net::SocketAddr;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use crate::makes::{CHROMIUM, FIREFOX};
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

fn nowhere() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 66], 6666))
}

#[test]
fn a_datagram_from_nowhere_creates_no_state() {
    let mut world = World::new(1, 41);
    let mut rng = SmallRng::seed_from_u64(41);
    for _ in 0..5_000 {
        let mut bytes = vec![0; rng.random_range(0..1400)];
        rng.fill(&mut bytes[..]);
        world.throw(nowhere(), 0, bytes);
    }
    // A well-made STUN request for nobody, too.
    let mut stun = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    stun.extend([7; 12]);
    world.throw(nowhere(), 0, stun);
    world.run_for(SECOND);
    assert!(world.wire.is_empty(), "nobody is answered");
    let counters = world.shards[0].counters();
    let drops = &counters.drops;
    assert_eq!(
        drops.unknown_address + drops.unknown_stun + drops.unknown_kind,
        counters.datagrams_in,
        "and everything is counted"
    );
    assert_eq!(counters.datagrams_in, 5_001);
    assert_eq!(counters.legs, 0);
}

#[test]
fn dtls_is_not_heard_before_a_stun_check() {
    let mut world = World::new(1, 42);
    let a = world.join("anna", CHROMIUM, 0);
    let before = world.shards[0].counters().drops.unknown_address;
    // A ClientHello-like record from an address that nobody proved.
    let mut hello = vec![22, 0xfe, 0xfd];
    hello.resize(120, 0);
    let sent = world.wire.len();
    world.talks(a, false);
    world.throw(nowhere(), 0, hello);
    world.run_for(Duration::from_millis(1));
    assert_eq!(world.shards[0].counters().drops.unknown_address, before + 1);
    assert!(world.wire[sent..].iter().all(|(to, _)| *to != nowhere()));
}

#[test]
fn forged_replayed_and_altered_packets_are_dropped_and_counted() {
    let mut world = World::new(1, 43);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    world.face(a, b);
    world.run_for(SECOND);
    let before = world.shards[0].counters().drops.clone();
    let address = world.browser(a).address;
    let now = world.now;
    // One good packet, made but not sent by itself.
    let anna = world.browser(a);
    anna.speak(b"once", now);
    let good = anna.out.pop().unwrap();
    world.throw(address, 0, good.clone());
    for _ in 0..3 {
        world.throw(address, 0, good.clone());
    }
    for at in 0..good.len() {
        let mut altered = good.clone();
        altered[at] ^= 0x40;
        world.throw(address, 0, altered);
    }
    let mut foreign = good.clone();
    foreign[8..12].copy_from_slice(&[1, 2, 3, 4]);
    world.throw(address, 0, foreign);
    for length in 0..good.len() {
        world.throw(address, 0, good[..length].to_vec());
    }
    world.run_for(Duration::from_millis(200));
    let heard = world
        .browser(b)
        .got
        .iter()
        .filter(|got| got.payload == b"once")
        .count();
    assert_eq!(heard, 1);
    let after = &world.shards[0].counters().drops;
    let refused = (after.unauthentic - before.unauthentic)
        + (after.foreign - before.foreign)
        + (after.malformed - before.malformed)
        + (after.unknown_kind - before.unknown_kind)
        + (after.unknown_stun - before.unknown_stun);
    assert!(
        refused as usize > good.len(),
        "{refused} of {}",
        good.len() * 2
    );
    assert!(after.foreign > before.foreign && after.unauthentic > before.unauthentic);
    // The match goes on.
    let pictures = world.browser(b).track(1).count();
    world.run_for(SECOND);
    assert!(world.browser(b).track(1).count() > pictures + 100);
}

#[test]
fn authentic_nonsense_harms_nobody_else() {
    let mut world = World::new(1, 44);
    let mut rng = SmallRng::seed_from_u64(44);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", FIREFOX, 0),
    );
    let (c, d) = (
        world.join("carla", CHROMIUM, 0),
        world.join("doris", CHROMIUM, 0),
    );
    world.face(a, b);
    world.face(c, d);
    world.run_for(SECOND);
    for _ in 0..2_000 {
        let anna = world.browser(a);
        // RTCP of random parts under her own key.
        let mut parts = vec![0; 4 * rng.random_range(1..40)];
        rng.fill(&mut parts[..]);
        parts[0] = 0x80 | (parts[0] & 0x1f);
        parts[1] = rng.random_range(200..=207);
        let words = (parts.len() / 4 - 1) as u16;
        parts[2..4].copy_from_slice(&words.to_be_bytes());
        if parts.len() >= 8 {
            // Under one of her own names, or her index counts would run out of room.
            let own = anna.video.ssrc.to_be_bytes();
            parts[4..8].copy_from_slice(&own);
            anna.send_rtcp(&parts);
        }
        // RTX that claims any original, pictures of random bytes.
        let mut payload = vec![0; rng.random_range(0..60)];
        rng.fill(&mut payload[..]);
        anna.send_rtx(rng.random(), rng.random(), &payload);
        let mut picture = vec![0; rng.random_range(1..60)];
        rng.fill(&mut picture[..]);
        anna.send_video(rng.random(), rng.random(), picture);
        world.run_for(Duration::from_millis(1));
    }
    let began = world.now;
    world.run_for(SECOND);
    assert_eq!(world.browser(d).seen_since(began), ["carla"]);
    assert_eq!(
        world.browser(b).refused,
        0,
        "berta can still decrypt all she is sent"
    );
    assert_eq!(world.browser(b).seen_since(began), ["anna"]);
}

#[test]
fn a_leaping_sender_cannot_spoil_the_next_match() {
    let mut world = World::new(1, 45);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    let c = world.join("carla", CHROMIUM, 0);
    let id = world.face(a, b);
    world.run_for(SECOND);
    for _ in 0..40 {
        let anna = world.browser(a);
        let (sequence, wrapped) = anna.video.sequence.overflowing_add(20_000);
        anna.video.sequence = sequence;
        anna.video.wraps += u64::from(wrapped);
        anna.keyframe_wanted = true;
        world.run_for(Duration::from_millis(40));
    }
    world.part(id, a, b);
    world.run_for(Duration::from_millis(100));
    world.face(b, c);
    let began = world.now;
    world.run_for(SECOND);
    assert_eq!(world.browser(b).refused, 0);
    assert_eq!(
        world
            .browser(b)
            .seen_since(began + Duration::from_millis(20)),
        ["carla"]
    );
    let leap = world
        .browser(b)
        .track(1)
        .map(|got| got.index)
        .collect::<Vec<_>>()
        .windows(2)
        .map(|pair| pair[1].abs_diff(pair[0]))
        .max();
    assert!(leap < Some(4_096), "what berta sees leaps by {leap:?}");
}
