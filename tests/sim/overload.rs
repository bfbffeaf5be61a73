//! What a shard keeps back when it cannot carry everything, and that everything comes back.

use std::time::Duration;

use visavis::media::Shed;
use visavis::tap::Rates;

use crate::feedback::assert_flawless;
use crate::makes::CHROMIUM;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

fn shed(world: &mut World, shed: Shed) {
    let now = world.now;
    world.shards[0].shed(shed, now);
}

/// Packets of picture and sound that somebody has.
fn got(world: &mut World, visitor: usize) -> (usize, usize) {
    let browser = world.browser(visitor);
    (browser.track(1).count(), browser.track(0).count())
}

#[test]
fn the_matches_that_began_last_lose_their_pictures_and_nobody_else_anything() {
    let mut world = World::new(1, 91);
    let [a, b, c, d] = ["anna", "berta", "clara", "dora"].map(|name| world.join(name, CHROMIUM, 0));
    world.face(a, b);
    world.face(c, d);
    world.run_for(SECOND);
    shed(&mut world, Shed(4));
    world.run_for(Duration::from_millis(100));
    let (older, newer) = (got(&mut world, b), got(&mut world, d));
    world.run_for(SECOND);
    let (older_now, newer_now) = (got(&mut world, b), got(&mut world, d));
    assert!(older_now.0 > older.0 + 50, "the older match goes on");
    assert_eq!(
        newer_now.0, newer.0,
        "the newer match's picture is kept back"
    );
    assert!(newer_now.1 > newer.1 + 40, "its sound goes on");
    assert!(world.shards[0].counters().packets_shed > 100);
    assert_eq!(world.shards[0].counters().legs_shed, 2);
    shed(&mut world, Shed(0));
    world.run_for(SECOND);
    assert!(got(&mut world, d).0 > newer.0 + 50, "and comes back");
    for visitor in [a, c] {
        assert_flawless(world.browser(visitor), 800);
    }
}

#[test]
fn who_is_kept_back_is_looked_at_all_the_same() {
    let rates = Rates {
        first_every: SECOND,
        then_every: SECOND,
        ..Rates::default()
    };
    let mut world = World::tapped(1, 92, Some(rates));
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    world.face(a, b);
    world.run_for(SECOND);
    shed(&mut world, Shed::ALL);
    let before = world.frames.len();
    world.run_for(6 * SECOND);
    assert!(world.frames.len() >= before + 6, "both are looked at");
}

#[test]
fn a_match_that_begins_during_overload_begins_without_pictures() {
    let mut world = World::new(1, 93);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    world.run_for(SECOND);
    let match_id = world.face(a, b);
    // A driver says it again in every window.
    for _ in 0..2 {
        shed(&mut world, Shed::ALL);
        world.run_for(Duration::from_millis(20));
    }
    world.run_for(Duration::from_millis(100));
    let pictures = got(&mut world, b).0;
    world.run_for(SECOND);
    assert_eq!(got(&mut world, b).0, pictures);
    world.part(match_id, a, b);
    world.run_for(SECOND);
    shed(&mut world, Shed(0));
    world.face(a, b);
    world.run_for(SECOND);
    assert!(
        got(&mut world, b).0 > pictures + 50,
        "the next one has them"
    );
}
