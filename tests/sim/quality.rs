//! How well a match goes, as it is told.

use std::time::Duration;

use visavis::id::LegId;
use visavis::media::{Event, Hop, Quality};

use crate::makes::{CHROMIUM, FIREFOX};
use crate::world::{CALM, Network, World};

const SECOND: Duration = Duration::from_secs(1);

/// What was told of what a leg sent: so far, and at the end.
fn told(world: &World, of: LegId) -> (Vec<&Quality>, Vec<&Quality>) {
    let all = world.events.iter().filter_map(|event| match event {
        Event::Quality {
            leg,
            quality,
            is_over,
            ..
        } if *leg == of => Some((quality.as_ref(), *is_over)),
        _ => None,
    });
    let (last, so_far): (Vec<_>, Vec<_>) = all.partition(|(_, is_over)| *is_over);
    let plain = |list: Vec<(_, bool)>| list.into_iter().map(|(quality, _)| quality).collect();
    (plain(so_far), plain(last))
}

#[test]
fn both_hops_are_measured_each_for_itself() {
    let mut world = World::new(2, 81);
    let a = world.join("anna", CHROMIUM, 0);
    let b = world.join("berta", FIREFOX, 1);
    let lossy = |loss_permille, ms| Network {
        loss_permille,
        delay: Duration::from_millis(ms),
        ..CALM
    };
    world.networks(a, lossy(50, 10), CALM);
    world.networks(b, lossy(0, 30), lossy(20, 30));
    let id = world.face(a, b);
    world.run_for(21 * SECOND);
    world.part(id, a, b);
    world.run_for(SECOND);
    let (so_far, last) = told(&world, world.leg(a));
    assert_eq!((so_far.len(), last.len()), (4, 1));
    let quality = last[0];
    let percent = |hop: &Hop| 100.0 * hop.loss_ratio().unwrap();
    assert!((3.0..7.0).contains(&percent(&quality.up)), "{quality:?}");
    assert!((1.0..4.0).contains(&percent(&quality.down)), "{quality:?}");
    let round_trip = quality.round_trip.unwrap().as_millis();
    assert!((58..=66).contains(&round_trip), "{round_trip} ms");
    assert!((500..700).contains(&quality.pictures), "{quality:?}");
    assert!(quality.resent > 10 && quality.bytes > 1_000_000);
    assert!((20_900..=21_000).contains(&quality.lasted.as_millis()));
    let (_, other) = told(&world, world.leg(b));
    assert_eq!((other[0].up.lost, other[0].down.lost), (0, 0));
}

#[test]
fn a_camera_that_hangs_is_a_freeze_and_one_that_is_stopped_is_none() {
    let mut world = World::new(1, 82);
    let a = world.join("anna", CHROMIUM, 0);
    let b = world.join("berta", CHROMIUM, 0);
    let id = world.face(a, b);
    world.run_for(3 * SECOND);
    world.talks(a, false);
    world.run_for(2 * SECOND);
    world.talks(a, true);
    world.run_for(SECOND);
    world.part(id, a, b);
    world.run_for(SECOND);
    let quality = |world: &World, visitor| told(world, world.leg(visitor)).1[0].clone();
    let hung = quality(&world, a);
    assert_eq!(hung.freezes, 1);
    assert!(
        (1_900..2_200).contains(&hung.frozen.as_millis()),
        "{hung:?}"
    );
    assert_eq!(quality(&world, b).freezes, 0);
}
