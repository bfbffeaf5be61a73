//! Sound and picture that a backend keeps from everybody.

use std::time::Duration;

use visavis::media::{Command, Muted};
use visavis::tap::Rates;

use crate::feedback::assert_flawless;
use crate::got::{GotRtcp, missing_of};
use crate::makes::{CHROMIUM, FIREFOX};
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);
const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];

fn mute(world: &mut World, visitor: usize, [audio, video]: [bool; 2]) {
    let leg = world.leg(visitor);
    let muted = Muted { audio, video };
    world.command(Command::Mute { leg, muted });
    world.run_for(SECOND / 10);
}

#[test]
fn muted_sound_is_silence_in_every_packet_and_nothing_reads_as_loss() {
    let mut world = World::new(2, 61);
    let anna = world.join("anna", CHROMIUM, 0);
    let berta = world.join("berta", FIREFOX, 1);
    world.face(anna, berta);
    world.run_for(SECOND);
    mute(&mut world, anna, [true, false]);
    let then = world.now;
    world.run_for(SECOND);
    let sounds = world.visitor(berta).track(0).filter(|got| got.at >= then);
    let sounds: Vec<_> = sounds.collect();
    assert!(sounds.len() > 45);
    assert!(sounds.iter().all(|got| got.payload == SILENCE));
    assert!(
        sounds
            .windows(2)
            .all(|two| two[1].index == two[0].index + 1)
    );
    mute(&mut world, anna, [false, false]);
    let then = world.now;
    world.run_for(SECOND);
    let sounds = world.visitor(berta).track(0).filter(|got| got.at >= then);
    assert!(
        sounds
            .into_iter()
            .all(|got| got.payload.starts_with(b"voice of anna"))
    );
    let seen = world.browser(berta);
    assert_eq!(missing_of(&seen.got, seen.expected[0]), 0);
    assert_eq!(
        missing_of(&seen.got, seen.expected[1]),
        0,
        "the picture went on"
    );
    assert_flawless(world.browser(anna), 500);
    for (_, packet) in &world.browser(anna).rtcp {
        if let GotRtcp::Block(block) = packet {
            assert_eq!((block.fraction_lost, block.cumulative_lost), (0, 0));
        }
    }
}

#[test]
fn a_muted_picture_stays_muted_over_a_next_and_is_looked_at_all_the_same() {
    let mut world = World::tapped(1, 62, Some(Rates::default()));
    let anna = world.join("anna", CHROMIUM, 0);
    let berta = world.join("berta", FIREFOX, 0);
    let carla = world.join("carla", FIREFOX, 0);
    let id = world.face(anna, berta);
    world.run_for(SECOND);
    mute(&mut world, anna, [false, true]);
    let (then, frames) = (world.now, world.frames.len());
    world.run_for(SECOND);
    world.part(id, anna, berta);
    world.run_for(2 * SECOND);
    world.face(anna, carla);
    world.run_for(5 * SECOND);
    for partner in [berta, carla] {
        let since = world.visitor(partner).track(1).filter(|got| got.at >= then);
        assert_eq!(since.count(), 0, "not even a kept one");
    }
    assert!(
        world.visitor(carla).track(0).count() > 200,
        "her voice goes on"
    );
    let leg = world.leg(anna);
    let looked = world.frames[frames..]
        .iter()
        .filter(|frame| frame.leg == leg);
    assert!(looked.count() >= 1);
    mute(&mut world, anna, [false, false]);
    world.run_for(SECOND);
    assert!(world.visitor(carla).track(1).count() > 90);
    assert_flawless(world.browser(anna), 1_000);
}
