//! What a sender is told of its packets: its own numbers, one count, one clock, and no loss where
//! the relay kept something back.

use std::time::{Duration, Instant};

use visavis::media::{Command, Gate};
use visavis::rtp::rtcp;

use crate::browser::Browser;
use crate::got::GotRtcp;
use crate::makes::{CHROMIUM, FIREFOX};
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

/// When, under which count, and which numbers with their arrivals.
type Telling = (Instant, u8, Vec<(u64, Option<i64>)>);

/// Everything a browser was told about its transport-wide numbers: made whole, in order of telling.
fn told(browser: &Browser) -> Vec<Telling> {
    let mut reference = u64::from(browser.start.transport) + 0x1_0000;
    browser
        .rtcp
        .iter()
        .filter_map(|(at, packet)| match packet {
            GotRtcp::Feedback { count, entries } => Some((*at, *count, entries)),
            _ => None,
        })
        .map(|(at, count, entries)| {
            let whole = entries
                .iter()
                .map(|(low, ticks)| {
                    let here = (reference & !0xffff) | u64::from(*low);
                    reference = [here - 0x1_0000, here, here + 0x1_0000]
                        .into_iter()
                        .min_by_key(|n| n.abs_diff(reference))
                        .unwrap();
                    (reference, *ticks)
                })
                .collect();
            (at, count, whole)
        })
        .collect()
}

/// Every number is named in order, none is left out, none is lost, and the arrival times keep pace
/// with the time of telling.
pub(crate) fn assert_flawless(browser: &Browser, least: usize) {
    let told = told(browser);
    let numbers: Vec<(u64, Option<i64>)> = told
        .iter()
        .flat_map(|(_, _, entries)| entries.clone())
        .collect();
    assert!(numbers.len() >= least, "{} numbers are few", numbers.len());
    assert_eq!(
        numbers[0].0 & 0xffff,
        u64::from(browser.start.transport),
        "from the first on"
    );
    for pair in numbers.windows(2) {
        assert_eq!(
            pair[1].0,
            pair[0].0 + 1,
            "{}: a number is left out or told twice",
            browser.name
        );
    }
    for (number, ticks) in &numbers {
        assert!(
            ticks.is_some(),
            "{}: number {number} reads as a loss",
            browser.name
        );
    }
    let counts: Vec<u8> = told.iter().map(|(_, count, _)| *count).collect();
    for pair in counts.windows(2) {
        assert_eq!(
            pair[1],
            pair[0].wrapping_add(1),
            "the feedback count goes on"
        );
    }
    // One clock, whoever reports: what arrived later is told as later, by about as much.
    let pace: Vec<(Instant, i64)> = told
        .iter()
        .filter_map(|(at, _, entries)| Some((*at, entries.last()?.1?)))
        .collect();
    for pair in pace.windows(2) {
        let real = (pair[1].0 - pair[0].0).as_micros() as i64 / 250;
        let said = pair[1].1 - pair[0].1;
        assert!(
            (real - said).abs() < 400,
            "the clock leaps: {said} ticks in {real}"
        );
    }
}

#[test]
fn a_waiting_sender_is_told_of_every_packet() {
    let mut world = World::new(1, 21);
    let a = world.join("anna", CHROMIUM, 0);
    world.run_for(5 * SECOND);
    assert_flawless(world.browser(a), 700);
    let reports = world
        .browser(a)
        .rtcp
        .iter()
        .filter(|(_, packet)| matches!(packet, GotRtcp::Block(_)))
        .count();
    assert!(reports >= 8, "receiver reports come too");
}

#[test]
fn feedback_names_the_senders_own_numbers_across_matches() {
    for shards in [1, 2] {
        let mut world = World::new(shards, 22);
        let last = usize::from(shards) - 1;
        let (a, b) = (
            world.join("anna", CHROMIUM, 0),
            world.join("berta", FIREFOX, last),
        );
        let c = world.join("carla", CHROMIUM, 0);
        for turn in 0..6 {
            let partner = [b, c][turn % 2];
            let id = world.face(a, partner);
            world.run_for(SECOND);
            world.part(id, a, partner);
            world.run_for(Duration::from_millis(400));
        }
        for visitor in [a, b, c] {
            assert_flawless(world.browser(visitor), 1000);
        }
    }
}

#[test]
fn a_held_or_stopped_picture_never_reads_as_loss() {
    let mut world = World::new(1, 23);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    // Held: no keyframe for a second and a half.
    world.browser(a).answers_pli = false;
    world.face(a, b);
    world.run_for(1500 * Duration::from_millis(1));
    let kept = world.browser(b).track(1).count();
    assert_eq!(kept, 4, "held, but for the one kept picture");
    world.browser(a).answers_pli = true;
    world.run_for(SECOND);
    assert!(world.browser(b).track(1).count() > 50, "flows");
    // Stopped, and let go again.
    let leg = world.leg(a);
    world.command(Command::Video {
        leg,
        gate: Gate::Shut,
    });
    world.run_for(Duration::from_millis(100));
    let pictures = world.browser(b).track(1).count();
    let sounds = world.browser(b).track(0).count();
    world.run_for(SECOND);
    assert_eq!(world.browser(b).track(1).count(), pictures, "stopped");
    assert!(
        world.browser(b).track(0).count() > sounds + 40,
        "the voice goes on"
    );
    world.command(Command::Video {
        leg,
        gate: Gate::Open,
    });
    world.run_for(SECOND);
    assert!(
        world.browser(b).track(1).count() > pictures + 50,
        "flows again"
    );
    assert_flawless(world.browser(a), 800);
    let video = world.browser(a).video.ssrc;
    for (_, packet) in &world.browser(a).rtcp {
        if let GotRtcp::Block(block) = packet
            && block.ssrc == video
        {
            assert_eq!((block.fraction_lost, block.cumulative_lost), (0, 0));
        }
    }
}

#[test]
fn reports_come_back_in_the_senders_numbers_and_times() {
    let mut world = World::new(1, 24);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", FIREFOX, 0),
    );
    world.face(a, b);
    world.run_for(4 * SECOND);
    let now = world.now;
    let anna = world.browser(a);
    let own: Vec<u32> = {
        // The whole seconds, in 16 bits, of every report anna can have sent.
        let ntp = anna.ntp(now);
        (0..10_u64)
            .map(|halves| ((ntp - (halves << 31)) >> 32 & 0xffff) as u32)
            .collect()
    };
    let mut named = 0;
    for (_, packet) in &anna.rtcp {
        let GotRtcp::Block(block) = packet else {
            continue;
        };
        let stream = if block.ssrc == anna.audio.ssrc {
            &anna.audio
        } else {
            &anna.video
        };
        assert_eq!(block.ssrc, stream.ssrc, "about a stream of hers");
        let sent = (stream.wraps as u32) * 65_536 + u32::from(stream.sequence);
        assert!(sent.wrapping_sub(block.highest_sequence) < 2_000);
        if block.last_sr != 0 {
            named += 1;
            assert!(
                own.contains(&(block.last_sr >> 16)),
                "a report of her own clock"
            );
        }
    }
    assert!(named > 10, "reports are named: {named}");
}

#[test]
fn remb_and_what_else_is_not_ours_never_crosses() {
    let mut world = World::new(1, 25);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    world.face(a, b);
    world.run_for(SECOND);
    let ssrc = world.browser(b).expected[1];
    // REMB (draft-alvestrand-rmcat-remb-03): payload-specific feedback, format 15.
    let mut remb = vec![0x8f, 206, 0, 5];
    remb.extend(world.browser(b).video.ssrc.to_be_bytes());
    remb.extend([0; 4]);
    remb.extend(*b"REMB");
    remb.extend([1, 0x0b, 0x00, 0x10]);
    remb.extend(ssrc.to_be_bytes());
    // An application packet and a farewell.
    let mut rest = vec![0x80, 204, 0, 2];
    rest.extend(ssrc.to_be_bytes());
    rest.extend(*b"name");
    rest.extend([0x81, 203, 0, 1]);
    rest.extend(ssrc.to_be_bytes());
    world.browser(b).send_rtcp(&remb);
    world.browser(b).send_rtcp(&rest);
    world.run_for(Duration::from_millis(200));
    let others = world
        .browser(a)
        .rtcp
        .iter()
        .filter(|(_, packet)| *packet == GotRtcp::Other)
        .count();
    assert_eq!(others, 0);
    // But a keyframe request does cross, and not more often than a sender can serve.
    let before = plis(world.browser(a));
    for _ in 0..20 {
        let (own, media) = (world.browser(b).video.ssrc, ssrc);
        let mut pli = Vec::new();
        rtcp::write::pli(&mut pli, own, media);
        world.browser(b).send_rtcp(&pli);
        world.run_for(Duration::from_millis(20));
    }
    let crossed = plis(world.browser(a)) - before;
    assert!((1..=2).contains(&crossed), "{crossed} requests in 400 ms");
}

fn plis(browser: &Browser) -> usize {
    browser
        .rtcp
        .iter()
        .filter(|(_, packet)| matches!(packet, GotRtcp::Pli { .. }))
        .count()
}
