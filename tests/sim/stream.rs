//! What a receiver sees across matches: one unbroken stream.

use std::time::Duration;

use visavis::media::{Command, Gate};

use crate::got::{Got, GotRtcp};
use crate::makes::{CHROMIUM, FIREFOX, Start, ntp_at};
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

/// Whole indices of a track in order of arrival have no gap and no repetition.
fn assert_unbroken<'a>(track: impl Iterator<Item = &'a Got>, name: &str) -> usize {
    let indices: Vec<u64> = track.map(|got| got.index).collect();
    for pair in indices.windows(2) {
        assert_eq!(pair[1], pair[0] + 1, "{name} has a gap");
    }
    indices.len()
}

#[test]
fn the_receiver_sees_one_unbroken_stream_across_ten_nexts() {
    let mut world = World::new(1, 1);
    let watcher = world.join("watcher", CHROMIUM, 0);
    let partners: Vec<usize> = ["anna", "berta", "carla"]
        .into_iter()
        .zip([CHROMIUM, FIREFOX, FIREFOX])
        .map(|(name, make)| world.join(name, make, 0))
        .collect();
    for turn in 0..10 {
        let partner = partners[turn % 3];
        let name = world.browser(partner).name;
        let began = world.now;
        let id = world.face(watcher, partner);
        world.run_for(SECOND);
        world.part(id, watcher, partner);
        world.run_for(Duration::from_millis(300));
        let seen = world
            .browser(watcher)
            .seen_since(began + Duration::from_millis(50));
        assert_eq!(seen, [name], "turn {turn}");
    }
    let watcher = world.browser(watcher);
    assert!(assert_unbroken(watcher.track(0), "sound") > 400);
    assert!(assert_unbroken(watcher.track(1), "picture") > 800);
    assert_eq!(watcher.refused, 0);
    // Transport-wide numbers run on without a gap, too.
    let numbers: Vec<u16> = watcher.got.iter().filter_map(|got| got.transport).collect();
    assert!(numbers.len() > 1000);
    for pair in numbers.windows(2) {
        assert_eq!(
            pair[1],
            pair[0].wrapping_add(1),
            "a transport-wide number is missing"
        );
    }
}

#[test]
fn every_picture_begins_with_a_keyframe_and_sound_comes_at_once() {
    let mut world = World::new(1, 2);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", FIREFOX, 0),
    );
    let began = world.now;
    world.face(a, b);
    world.run_for(SECOND);
    for visitor in [a, b] {
        let browser = world.browser(visitor);
        let first = browser.track(1).next().expect("a picture").clone();
        assert_eq!(first.payload[0] & 0x10, 0x10, "a frame's start");
        assert_eq!(first.payload[1] & 1, 0, "a keyframe");
        let picture = browser
            .track(1)
            .filter(|got| got.timestamp == first.timestamp);
        let marks: Vec<bool> = picture.map(|got| got.marker).collect();
        assert_eq!(
            marks,
            [false, false, false, true],
            "whole, and marked at its end"
        );
        let sound = browser.track(0).next().expect("sound");
        let at_once = Duration::from_millis(20 + 2 * 5 + 5);
        assert!(sound.at - began < at_once, "sound waits for no keyframe");
        assert!(first.at - began < Duration::from_millis(120));
    }
}

#[test]
fn offsets_survive_the_wrap_of_every_number() {
    let mut world = World::new(1, 3);
    let start = Start {
        sequence: 65_500,
        timestamp: u32::MAX - 48_000,
        transport: 65_480,
        ntp: ntp_at(1) | 0xffff_fff0,
    };
    let a = world.join_with("anna", CHROMIUM, 0, start);
    let b = world.join("berta", CHROMIUM, 0);
    world.face(a, b);
    world.run_for(3 * SECOND);
    let berta = world.browser(b);
    assert!(assert_unbroken(berta.track(0), "sound") > 140);
    assert!(assert_unbroken(berta.track(1), "picture") > 330);
    for track in [0, 1] {
        let stamps: Vec<u32> = berta.track(track).map(|got| got.timestamp).collect();
        for pair in stamps.windows(2) {
            let step = pair[1].wrapping_sub(pair[0]);
            assert!(step < 5_000, "a timestamp leaps by {step}");
        }
    }
    let numbers: Vec<u16> = berta.got.iter().filter_map(|got| got.transport).collect();
    for pair in numbers.windows(2) {
        assert_eq!(pair[1], pair[0].wrapping_add(1));
    }
}

#[test]
fn timestamps_follow_the_wall_clock_across_a_wait() {
    let mut world = World::new(1, 4);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    let c = world.join("carla", FIREFOX, 0);
    let id = world.face(a, b);
    world.run_for(SECOND);
    world.part(id, a, b);
    world.run_for(5 * SECOND);
    world.face(a, c);
    world.run_for(SECOND);
    for (track, rate) in [(0, 48_000.0), (1, 90_000.0)] {
        let got: Vec<Got> = world.browser(a).track(track).cloned().collect();
        for pair in got.windows(2) {
            let waited = (pair[1].at - pair[0].at).as_secs_f64();
            let said = f64::from(pair[1].timestamp.wrapping_sub(pair[0].timestamp)) / rate;
            assert!(
                (waited - said).abs() < 0.05,
                "track {track}: {waited} s said to be {said}"
            );
        }
    }
}

#[test]
fn the_next_voice_begins_where_the_last_one_ends() {
    let mut world = World::new(1, 14);
    let a = world.join("anna", CHROMIUM, 0);
    let b = world.join("berta", CHROMIUM, 0);
    // Her packets leave seven milliseconds after the others'.
    world.run_for(Duration::from_millis(7));
    let c = world.join("carla", FIREFOX, 0);
    for partner in [b, c, b, c] {
        let id = world.face(a, partner);
        world.run_for(SECOND);
        world.part(id, a, partner);
    }
    let heard: Vec<Got> = world.browser(a).track(0).cloned().collect();
    assert!(heard.len() > 190);
    for pair in heard.windows(2) {
        let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
        // Less would fall into 20 ms that were played: it would be thrown away.
        assert!((960..2_000).contains(&step), "a step of {step}");
    }
}

#[test]
fn sound_and_picture_stay_together_between_clocks_hours_apart() {
    let mut world = World::new(1, 5);
    // Every visitor's wall clock is seven hours from the last one's.
    let watcher = world.join("watcher", CHROMIUM, 0);
    let partners = [
        world.join("anna", CHROMIUM, 0),
        world.join("berta", FIREFOX, 0),
    ];
    for turn in 0..6 {
        let began = world.now;
        let id = world.face(watcher, partners[turn % 2]);
        world.run_for(2 * SECOND);
        world.part(id, watcher, partners[turn % 2]);
        world.run_for(Duration::from_millis(200));
        let browser = world.browser(watcher);
        let reports: Vec<_> = browser
            .rtcp
            .iter()
            .filter(|(at, _)| *at > began)
            .filter_map(|(at, packet)| match packet {
                GotRtcp::SenderReport(report) => Some((*at, *report)),
                _ => None,
            })
            .collect();
        assert!(reports.len() >= 6, "reports go on in turn {turn}");
        // The capture time of what is played, by each track's report, must agree with its arrival
        // to within a few frames, on one clock for both tracks.
        let lag = |ssrc: u32, rate: f64| {
            let (_, report) = reports.iter().rev().find(|(_, r)| r.ssrc == ssrc).unwrap();
            let got = browser
                .got
                .iter()
                .rev()
                .find(|got| got.ssrc == ssrc)
                .unwrap();
            let ahead = f64::from(
                got.timestamp
                    .wrapping_sub(report.rtp_timestamp)
                    .cast_signed(),
            );
            let captured = report.ntp as f64 / 4_294_967_296.0 + ahead / rate;
            let here = (got.at - began).as_secs_f64();
            captured - here
        };
        let [audio, video, _] = browser.expected;
        let apart = (lag(audio, 48_000.0) - lag(video, 90_000.0)).abs();
        assert!(
            apart < 0.06,
            "sound and picture are {apart} s apart in turn {turn}"
        );
    }
    // The clock that the watcher sees never leaps, whoever speaks.
    let ntps: Vec<_> = world
        .browser(watcher)
        .rtcp
        .iter()
        .filter_map(|(at, packet)| match packet {
            GotRtcp::SenderReport(report) => Some((*at, report.ntp)),
            _ => None,
        })
        .collect();
    for pair in ntps.windows(2) {
        let waited = (pair[1].0 - pair[0].0).as_secs_f64();
        let said = (pair[1].1.wrapping_sub(pair[0].1)).cast_signed() as f64 / 4_294_967_296.0;
        assert!(
            (waited - said).abs() < 0.05,
            "the wall clock leaps by {said} s in {waited} s"
        );
    }
}

#[test]
fn a_match_begins_at_once_with_the_keyframe_of_who_waited() {
    let mut world = World::new(1, 15);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", FIREFOX, 0),
    );
    world.run_for(2 * SECOND);
    let began = world.now;
    world.face(a, b);
    world.run_for(Duration::from_millis(9));
    for visitor in [a, b] {
        let browser = world.browser(visitor);
        let shown: Vec<&Got> = browser.track(1).collect();
        assert_eq!(shown.len(), 4, "one picture and no more");
        assert!(shown.iter().all(|got| got.timestamp == shown[0].timestamp));
        assert!(
            shown
                .iter()
                .all(|got| got.at - began < Duration::from_millis(10))
        );
        assert_eq!(shown[0].payload[1] & 1, 0, "a keyframe");
        assert!(shown[3].marker && !shown[2].marker, "whole");
    }
    world.run_for(2 * SECOND);
    for visitor in [a, b] {
        let browser = world.browser(visitor);
        assert!(assert_unbroken(browser.track(1), "picture") > 200);
        let next = browser.track(1).nth(4).expect("a moving picture");
        assert_eq!(next.payload[1] & 1, 0, "begins with a keyframe of its own");
        let waited = (next.at - browser.track(1).next().expect("it").at).as_secs_f64();
        let first = browser.track(1).next().expect("it").timestamp;
        let said = f64::from(next.timestamp.wrapping_sub(first)) / 90_000.0;
        assert!((waited - said).abs() < 0.01, "by the clock");
        let numbers: Vec<u16> = browser.got.iter().filter_map(|got| got.transport).collect();
        for pair in numbers.windows(2) {
            assert_eq!(pair[1], pair[0].wrapping_add(1), "transport-wide numbers");
        }
    }
}

#[test]
fn a_keyframe_from_long_ago_is_not_shown() {
    let mut world = World::new(1, 16);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    world.run_for(SECOND);
    world.talks(a, false);
    world.run_for(9 * SECOND);
    world.face(a, b);
    world.run_for(SECOND);
    assert_eq!(world.browser(b).track(1).count(), 0);
    assert!(world.browser(a).track(1).count() > 4);
}

#[test]
fn of_a_stopped_picture_no_keyframe_is_kept() {
    let mut world = World::new(1, 17);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    world.run_for(SECOND);
    let leg = world.leg(a);
    for gate in [Gate::Shut, Gate::Open] {
        world.command(Command::Video { leg, gate });
        world.run_for(Duration::from_millis(30));
        world.browser(a).answers_pli = false;
    }
    world.face(a, b);
    world.run_for(SECOND);
    assert_eq!(world.browser(b).track(1).count(), 0);
}
