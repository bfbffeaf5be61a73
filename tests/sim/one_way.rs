//! Sessions that send by one leg and receive by another, as WHIP and WHEP clients do.

use std::time::Duration;

use visavis::direction::Direction;
use visavis::tap::Rates;

use crate::got::GotRtcp;
use crate::makes::{CHROMIUM, FIREFOX, PLAIN, Start, ntp_at};
use crate::world::{CALM, Network, World};

const SECOND: Duration = Duration::from_secs(1);

const START: Start = Start {
    sequence: 65_000,
    timestamp: 7,
    transport: 100,
    ntp: ntp_at(3),
};

/// Two legs of one session, each landing on a shard of its own: the one that sends, and the player.
fn session(world: &mut World, name: &'static str, lands_on: [usize; 2]) -> [usize; 2] {
    let [up, down] = lands_on;
    let sends = world.join_to(Direction::SendOnly, name, CHROMIUM, (up, START));
    let receives = world.join_to(Direction::RecvOnly, "a player", FIREFOX, (down, START));
    [sends, receives]
}

#[test]
fn who_sends_by_one_leg_is_seen_by_the_other_sessions_player() {
    for lands_on in [[[0, 0], [0, 0]], [[0, 1], [2, 0]], [[2, 1], [0, 1]]] {
        let mut world = World::new(3, 71);
        let one = session(&mut world, "anna", lands_on[0]);
        let other = session(&mut world, "berta", lands_on[1]);
        let began = world.now;
        let id = world.face_ends([one, other]);
        world.run_for(2 * SECOND);
        world.part_ends(id, [one, other]);
        world.run_for(SECOND);
        for ([sends, receives], partner) in [(one, "berta"), (other, "anna")] {
            assert_eq!(world.browser(receives).seen_since(began), [partner]);
            assert!(world.browser(receives).track(0).count() > 90, "sound");
            assert!(world.browser(receives).track(1).count() > 200, "pictures");
            assert!(world.browser(sends).got.is_empty(), "it only sends");
        }
    }
}

#[test]
fn a_session_of_two_legs_and_one_of_one_leg_see_each_other() {
    let mut world = World::new(2, 72);
    let two = session(&mut world, "anna", [0, 1]);
    let one = world.join("berta", FIREFOX, 1);
    let other = world.join("carla", CHROMIUM, 0);
    for (partner, name) in [(one, "berta"), (other, "carla"), (one, "berta")] {
        let began = world.now;
        let id = world.face_ends([two, [partner; 2]]);
        world.run_for(SECOND);
        assert_eq!(world.browser(two[1]).seen_since(began), [name]);
        assert_eq!(world.browser(partner).seen_since(began), ["anna"]);
        world.part_ends(id, [two, [partner; 2]]);
        world.run_for(Duration::from_millis(300));
    }
    assert_eq!(world.browser(two[1]).refused, 0);
}

#[test]
fn what_a_player_misses_is_sent_again_and_its_sender_hears_of_it() {
    let mut world = World::new(2, 73);
    let one = session(&mut world, "anna", [0, 1]);
    let other = session(&mut world, "berta", [1, 0]);
    let lossy = Network {
        loss_permille: 50,
        ..CALM
    };
    world.networks(one[1], CALM, lossy);
    world.face_ends([one, other]);
    world.run_for(5 * SECOND);
    let resent = world.browser(one[1]).track(2).count();
    assert!(resent > 20, "{resent} packets were sent again");
    let said = &world.browser(other[0]).rtcp;
    let hears = |wanted: fn(&GotRtcp) -> bool| said.iter().any(|(_, packet)| wanted(packet));
    assert!(hears(|packet| matches!(packet, GotRtcp::Block(_))));
    assert!(hears(|packet| matches!(packet, GotRtcp::Feedback { .. })));
}

#[test]
fn what_a_player_sends_goes_nowhere_and_is_not_looked_at() {
    let mut world = World::tapped(1, 74, Some(Rates::default()));
    let two = session(&mut world, "anna", [0, 0]);
    let one = world.join("berta", PLAIN, 0);
    world.face_ends([two, [one; 2]]);
    world.run_for(3 * SECOND);
    // The simulated player has a camera that runs, whatever was agreed.
    let dropped: u64 = world
        .shards
        .iter()
        .map(|s| s.counters().drops.foreign)
        .sum();
    assert!(dropped > 300, "{dropped}");
    assert!(!world.browser(one).got.is_empty());
    let player = world.leg(two[1]);
    assert!(!world.frames.is_empty());
    assert!(world.frames.iter().all(|frame| frame.leg != player));
    let asked = world.browser(two[1]).rtcp.iter();
    let asked = asked.filter(|(_, packet)| matches!(packet, GotRtcp::Pli { .. }));
    assert_eq!(asked.count(), 0, "nobody wants a picture of it");
}
