//! Legs that see what another sends without facing it.

use std::time::Duration;

use visavis::direction::Direction;
use visavis::media::{Command, Gate, Muted, onlooking};
use visavis::rtp::rtcp;

use crate::feedback::assert_flawless;
use crate::got::{GotRtcp, missing_of};
use crate::makes::{CHROMIUM, FIREFOX, Start, ntp_at};
use crate::world::{CALM, Network, World};

const SECOND: Duration = Duration::from_secs(1);

const START: Start = Start {
    sequence: 9,
    timestamp: 7,
    transport: 100,
    ntp: ntp_at(3),
};

/// Somebody who only receives, and has nothing to say.
fn onlooker(world: &mut World, lands_on: usize) -> usize {
    let eve = world.join_to(Direction::RecvOnly, "eve", FIREFOX, (lands_on, START));
    world.talks(eve, true);
    eve
}

fn look_on(world: &mut World, number: u64, [sends, receives]: [usize; 2]) {
    let (sends, receives) = (world.leg(sends), world.leg(receives));
    let onlooking = onlooking(number);
    world.command(Command::Onlook {
        onlooking,
        sends,
        receives,
    });
}

fn look_away(world: &mut World, number: u64, [sends, receives]: [usize; 2]) {
    let (sends, receives) = (world.leg(sends), world.leg(receives));
    let onlooking = onlooking(number);
    world.command(Command::Unlook {
        onlooking,
        sends,
        receives,
    });
}

#[test]
fn who_looks_on_sees_one_whoever_that_one_faces_and_nothing_afterwards() {
    for lands_on in [[0, 0, 0, 0], [0, 1, 2, 0], [2, 0, 1, 1]] {
        let mut world = World::new(3, 81);
        let anna = world.join("anna", CHROMIUM, lands_on[0]);
        let berta = world.join("berta", FIREFOX, lands_on[1]);
        let carla = world.join("carla", CHROMIUM, lands_on[2]);
        let eve = onlooker(&mut world, lands_on[3]);
        let began = world.now;
        look_on(&mut world, 1, [anna, eve]);
        world.run_for(SECOND);
        assert!(world.browser(eve).track(1).count() > 90, "she waits");
        for partner in [berta, carla] {
            let id = world.face(anna, partner);
            world.run_for(SECOND);
            world.part(id, anna, partner);
            world.run_for(SECOND / 10);
        }
        assert_eq!(world.browser(eve).seen_since(began), ["anna"]);
        assert!(world.browser(eve).track(0).count() > 140, "sound");
        assert!(world.browser(eve).track(1).count() > 320, "pictures");
        for other in [berta, carla] {
            assert_eq!(world.browser(other).seen_since(began), ["anna"]);
        }
        look_away(&mut world, 1, [anna, eve]);
        world.run_for(SECOND / 10);
        let over = world.now;
        world.run_for(SECOND);
        assert!(world.browser(eve).seen_since(over).is_empty());
        // Her leg is free for another, in numbers that go on.
        look_on(&mut world, 2, [berta, eve]);
        world.run_for(SECOND);
        assert_eq!(world.browser(eve).seen_since(over), ["berta"]);
        assert_eq!(world.browser(eve).refused, 0);
    }
}

#[test]
fn nobody_notices_who_looks_on_however_poor_their_network() {
    let mut world = World::new(2, 82);
    let anna = world.join("anna", CHROMIUM, 0);
    let berta = world.join("berta", CHROMIUM, 1);
    world.face(anna, berta);
    world.run_for(SECOND);
    let eve = onlooker(&mut world, 1);
    let awful = Network {
        loss_permille: 300,
        ..CALM
    };
    world.networks(eve, CALM, awful);
    let began = world.now;
    look_on(&mut world, 1, [anna, eve]);
    // She asks for keyframes all the time.
    let mut wish = Vec::new();
    rtcp::write::pli(&mut wish, 1, world.visitor(eve).expected[1]);
    for _ in 0..100 {
        world.browser(eve).send_rtcp(&wish);
        world.run_for(5 * SECOND / 100);
    }
    assert!(world.browser(eve).track(2).count() > 50, "it is sent again");
    assert_flawless(world.browser(anna), 700);
    let said = &world.browser(anna).rtcp;
    let since = said.iter().filter(|(at, _)| *at >= began);
    let mut keyframes = 0;
    for (_, packet) in since {
        match packet {
            GotRtcp::Pli { .. } => keyframes += 1,
            GotRtcp::Nack { lost, .. } => panic!("nothing of hers is missing: {lost:?}"),
            GotRtcp::Block(block) => assert_eq!(block.fraction_lost, 0),
            _ => {}
        }
    }
    assert!((3..=6).contains(&keyframes), "{keyframes} keyframes asked");
    let berta = world.browser(berta);
    assert_eq!(missing_of(&berta.got, berta.expected[1]), 0);
}

#[test]
fn who_looks_on_sees_and_hears_what_is_kept_from_the_partner() {
    let mut world = World::new(2, 83);
    let anna = world.join("anna", CHROMIUM, 0);
    let berta = world.join("berta", CHROMIUM, 1);
    let eve = onlooker(&mut world, 0);
    world.face(anna, berta);
    look_on(&mut world, 1, [anna, eve]);
    world.run_for(SECOND);
    let (leg, gate) = (world.leg(anna), Gate::Shut);
    let muted = Muted {
        audio: true,
        video: false,
    };
    world.command(Command::Video { leg, gate });
    world.command(Command::Mute { leg, muted });
    world.run_for(SECOND / 10);
    let then = world.now;
    world.run_for(SECOND);
    assert!(world.browser(berta).seen_since(then).is_empty());
    let since = |track| {
        let got = world.visitor(eve).track(track);
        got.filter(|got| got.at >= then).count()
    };
    assert!(since(0) > 40 && since(1) > 90);
    assert_eq!(world.visitor(eve).seen_since(then), ["anna"]);
}

#[test]
fn who_looks_on_goes_home_when_either_leg_closes() {
    let mut world = World::new(2, 84);
    let anna = world.join("anna", CHROMIUM, 0);
    let berta = world.join("berta", CHROMIUM, 0);
    let (eve, olga) = (onlooker(&mut world, 1), onlooker(&mut world, 1));
    look_on(&mut world, 1, [anna, eve]);
    world.run_for(SECOND);
    // The second takes the place of the first, whose downlink goes home.
    look_on(&mut world, 2, [anna, olga]);
    look_on(&mut world, 3, [berta, eve]);
    world.run_for(SECOND);
    let then = world.now;
    world.run_for(SECOND);
    assert_eq!(world.browser(olga).seen_since(then), ["anna"]);
    assert_eq!(world.browser(eve).seen_since(then), ["berta"]);
    let leg = world.leg(anna);
    world.command(Command::Close { leg });
    world.run_for(SECOND / 10);
    look_away(&mut world, 2, [anna, olga]);
    look_on(&mut world, 4, [berta, olga]);
    world.run_for(SECOND);
    let then = world.now;
    world.run_for(SECOND);
    assert_eq!(world.browser(olga).seen_since(then), ["berta"]);
    assert!(world.browser(eve).seen_since(then).is_empty());
}

#[test]
fn looking_away_at_once_leaves_nobody_behind() {
    for seed in 85..95 {
        let mut world = World::new(3, seed);
        let anna = world.join("anna", CHROMIUM, 0);
        let berta = world.join("berta", FIREFOX, 1);
        let eve = onlooker(&mut world, 2);
        world.face(anna, berta);
        for number in 1..=4 {
            look_on(&mut world, number, [anna, eve]);
            world.run_for(Duration::from_micros(number * 20));
            look_away(&mut world, number, [anna, eve]);
        }
        world.run_for(SECOND / 10);
        let then = world.now;
        world.run_for(SECOND);
        assert!(world.browser(eve).seen_since(then).is_empty(), "{seed}");
        look_on(&mut world, 5, [anna, eve]);
        world.run_for(SECOND);
        assert_eq!(world.browser(eve).seen_since(then), ["anna"], "{seed}");
    }
}
