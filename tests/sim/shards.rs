//! More than one shard: homes, travelling downlinks, changed networks, silence.

use std::time::Duration;

use visavis::id::MatchId;
use visavis::media::{Command, Event};

use crate::makes::{CHROMIUM, FIREFOX};
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn legs_at_home_on_different_shards_face_each_other() {
    // Whoever is born on one shard and lands on another moves there.
    for (a_lands, b_lands) in [(0, 1), (1, 0), (1, 1), (0, 0), (2, 1)] {
        let mut world = World::new(3, 51);
        let (a, b) = (
            world.join("anna", CHROMIUM, a_lands),
            world.join("berta", FIREFOX, b_lands),
        );
        for _ in 0..3 {
            let began = world.now;
            let id = world.face(a, b);
            world.run_for(SECOND);
            assert_eq!(
                world.browser(a).seen_since(began),
                ["berta"],
                "{a_lands} {b_lands}"
            );
            assert_eq!(
                world.browser(b).seen_since(began),
                ["anna"],
                "{a_lands} {b_lands}"
            );
            world.part(id, a, b);
            world.run_for(Duration::from_millis(100));
        }
        assert_eq!(world.browser(a).refused + world.browser(b).refused, 0);
        let legs: Vec<u64> = world
            .shards
            .iter()
            .map(|shard| shard.counters().legs)
            .collect();
        assert_eq!(
            legs[a_lands] + if a_lands == b_lands { 0 } else { legs[b_lands] },
            2
        );
    }
}

#[test]
fn a_thousand_quick_nexts_end_where_they_should() {
    let mut world = World::new(2, 52);
    let names = ["anna", "berta", "carla", "doris"];
    let visitors: Vec<usize> = names
        .iter()
        .enumerate()
        .map(|(n, name)| world.join(name, CHROMIUM, n % 2))
        .collect();
    for visitor in &visitors {
        world.talks(*visitor, false);
    }
    let pairings = [[0, 1, 2, 3], [0, 2, 1, 3], [0, 3, 1, 2]];
    let mut running: Vec<(MatchId, usize, usize)> = Vec::new();
    for turn in 0..1_000 {
        for (id, a, b) in running.drain(..) {
            world.part(id, a, b);
        }
        let [a, b, c, d] = pairings[turn % 3].map(|n: usize| visitors[n]);
        running.push((world.face(a, b), a, b));
        running.push((world.face(c, d), c, d));
        // Sometimes the messages of several turns are under way at once.
        if turn % 7 != 0 {
            world.run_for(Duration::from_micros(30 + 13 * (turn as u64 % 11)));
        }
    }
    world.run_for(SECOND);
    for visitor in &visitors {
        world.talks(*visitor, true);
    }
    let began = world.now;
    world.run_for(2 * SECOND);
    // 999 % 3 == 0: the last pairing is the first.
    for (me, partner) in [(0, "berta"), (1, "anna"), (2, "doris"), (3, "carla")] {
        assert_eq!(world.browser(visitors[me]).seen_since(began), [partner]);
        assert_eq!(world.browser(visitors[me]).refused, 0);
    }
}

#[test]
fn a_visitor_who_changes_networks_keeps_the_match() {
    let mut world = World::new(2, 53);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 1),
    );
    world.face(a, b);
    world.run_for(SECOND);
    world.roam(a, 1);
    world.run_for(2 * SECOND);
    let began = world.now;
    world.run_for(2 * SECOND);
    assert_eq!(
        world.browser(a).seen_since(began),
        ["berta"],
        "at the new address"
    );
    assert_eq!(world.browser(b).seen_since(began), ["anna"]);
    assert_eq!(world.browser(a).refused + world.browser(b).refused, 0);
}

#[test]
fn silence_is_noticed_and_so_is_its_end() {
    let mut world = World::new(1, 54);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    world.face(a, b);
    world.run_for(SECOND);
    world.events.clear();
    let leg = world.leg(a);
    let cut = crate::world::Network {
        loss_permille: 1000,
        ..crate::world::CALM
    };
    world.networks(a, cut, cut);
    world.run_for(7 * SECOND);
    assert!(
        world
            .events
            .iter()
            .any(|e| matches!(e, Event::Silent { leg: l } if *l == leg))
    );
    world.networks(a, crate::world::CALM, crate::world::CALM);
    world.run_for(2 * SECOND);
    assert!(
        world
            .events
            .iter()
            .any(|e| matches!(e, Event::Heard { leg: l } if *l == leg))
    );
    world.networks(a, cut, cut);
    world.run_for(40 * SECOND);
    assert!(
        world
            .events
            .iter()
            .any(|e| matches!(e, Event::Closed { leg: l } if *l == leg))
    );
    assert_eq!(world.shards[0].counters().legs, 1, "berta stays");
}

#[test]
fn who_leaves_takes_nothing_along() {
    let mut world = World::new(2, 55);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", FIREFOX, 1),
    );
    let c = world.join("carla", CHROMIUM, 1);
    let id = world.face(a, b);
    world.run_for(SECOND);
    let leg = world.leg(a);
    world.command(Command::Close { leg });
    world.part(id, a, b);
    world.talks(a, false);
    world.run_for(Duration::from_millis(300));
    let began = world.now;
    world.face(b, c);
    world.run_for(SECOND);
    assert_eq!(world.browser(b).seen_since(began), ["carla"]);
    assert_eq!(world.browser(c).seen_since(began), ["berta"]);
    let legs: u64 = world.shards.iter().map(|shard| shard.counters().legs).sum();
    assert_eq!(legs, 2);
}
