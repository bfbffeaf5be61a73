//! What is tapped, when, and that nobody else notices.

use std::io::Cursor;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use image_webp::WebPDecoder;
use visavis::codec::VideoCodec;
use visavis::id::LegId;
use visavis::media::{Command, Effects, Event, Gate, Route};
use visavis::tap::{Frame, Occasion, Rates};

use crate::got::GotRtcp;
use crate::makes::{CHROMIUM, FIREFOX, PLAIN};
use crate::world::{CALM, Network, World};

const SECOND: Duration = Duration::from_secs(1);

fn tapped(shards: u16, seed: u64) -> World {
    World::tapped(shards, seed, Some(Rates::default()))
}

fn of(frames: &[Frame], leg: LegId) -> Vec<&Frame> {
    frames.iter().filter(|frame| frame.leg == leg).collect()
}

fn since(frames: &[Frame], leg: LegId, from: Instant) -> Vec<&Frame> {
    let all = of(frames, leg);
    all.into_iter()
        .filter(|frame| frame.taken >= from)
        .collect()
}

/// How often a browser was asked for a keyframe.
fn asked(world: &mut World, visitor: usize) -> usize {
    let rtcp = &world.browser(visitor).rtcp;
    rtcp.iter()
        .filter(|(_, packet)| matches!(packet, GotRtcp::Pli { .. }))
        .count()
}

/// A picture of the simulated camera: four packets of 400 bytes, one of them the descriptor's.
fn is_whole(frame: &Frame, name: &str) -> bool {
    let text = String::from_utf8_lossy(&frame.data).into_owned();
    frame.data.len() == 399 + 400 + 401 + 402
        && frame.data[0] & 1 == 0
        && text.matches(&format!("picture of {name}")).count() == 4
}

#[test]
fn a_visitor_is_looked_at_at_the_door_and_again_and_again() {
    let mut world = tapped(1, 81);
    let began = world.now;
    let anna = world.join("anna", CHROMIUM, 0);
    world.run_for(29 * SECOND);
    let leg = world.leg(anna);
    let frames = of(&world.frames, leg);
    assert_eq!(frames[0].occasion, Occasion::Door);
    assert!(frames[0].taken - began < SECOND, "within the first second");
    assert!(frames[1..].iter().all(|f| f.occasion == Occasion::Routine));
    assert!(frames.iter().all(|f| is_whole(f, "anna")));
    let beginning = frames
        .iter()
        .filter(|f| f.taken - began < 11 * SECOND)
        .count();
    assert!(
        (11..=21).contains(&beginning),
        "{beginning} at the beginning"
    );
    let later = frames.len() - beginning;
    assert!((2..=6).contains(&later), "{later} later");
    let counters = world.shards[0].counters();
    assert_eq!(counters.frames_tapped, frames.len() as u64);
    assert_eq!(counters.bytes_tapped, 1602 * frames.len() as u64);
    assert_eq!(counters.frames_abandoned, 0);
}

#[test]
fn each_match_is_looked_at_from_the_keyframe_that_the_partner_sees() {
    let mut world = tapped(2, 82);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", FIREFOX, 1),
    );
    world.run_for(12 * SECOND);
    for turn in 0..3 {
        let began = world.now;
        let id = world.face(a, b);
        world.run_for(SECOND);
        for (visitor, partner) in [(a, b), (b, a)] {
            let leg = world.leg(visitor);
            let frames = since(&world.frames, leg, began);
            assert_eq!(frames[0].occasion, Occasion::MatchStart, "turn {turn}");
            // What is tapped has just gone out: its last packet arrives after one way's delay.
            let shown_at = frames[0].taken + CALM.delay;
            let partner = world.browser(partner);
            let last = partner
                .track(1)
                .find(|got| got.marker && got.at == shown_at);
            let timestamp = last.expect("its last packet").timestamp;
            let mut shown = partner.track(1).filter(|got| got.timestamp == timestamp);
            let first = shown.next().expect("its first packet");
            assert_eq!(first.payload[1] & 1, 0, "a keyframe, turn {turn}");
            // The one kept from before the match may come before it, and nothing else.
            let mut before = partner.track(1).filter(|got| got.at >= began + CALM.delay);
            assert!(before.position(|got| got.timestamp == timestamp) <= Some(4));
        }
        world.part(id, a, b);
        world.run_for(SECOND);
    }
}

#[test]
fn loss_on_the_way_up_is_mended_for_the_tap() {
    for (seed, make) in [(83, CHROMIUM), (84, PLAIN)] {
        let mut world = tapped(1, seed);
        let anna = world.join("anna", make, 0);
        let leg = world.leg(anna);
        let up = Network {
            delay: Duration::from_millis(25),
            jitter: Duration::from_millis(6),
            loss_permille: 100,
        };
        world.networks(
            anna,
            up,
            Network {
                loss_permille: 0,
                ..up
            },
        );
        world.command(Command::Watch { leg, every: SECOND });
        world.run_for(60 * SECOND);
        let frames = of(&world.frames, leg);
        assert!(frames.len() > 40, "{} of about 60", frames.len());
        assert!(frames.iter().all(|f| is_whole(f, "anna")));
        let counters = world.shards[0].counters();
        assert!(counters.packets_asked > 10, "by asking again");
        let abandoned = counters.frames_abandoned;
        assert!(abandoned < 5, "{abandoned} given up");
    }
}

#[test]
fn a_tapped_picture_can_be_decoded() {
    let clip = include_bytes!("../../src/load/face/face.ivf");
    let length = u32::from_le_bytes(clip[32..36].try_into().unwrap()) as usize;
    let keyframe = &clip[44..44 + length];
    let mut world = tapped(1, 85);
    let anna = world.join("anna", CHROMIUM, 0);
    let leg = world.leg(anna);
    world.talks(anna, false);
    world.frames.clear();
    world.command(Command::Look { leg });
    world.run_for(Duration::from_millis(50));
    assert!(world.browser(anna).keyframe_wanted, "asked for at once");
    let now = world.now;
    let browser = world.browser(anna);
    let timestamp = browser.media_clock(90_000, now);
    let parts: Vec<&[u8]> = keyframe.chunks(1100).collect();
    for (at, part) in parts.iter().enumerate() {
        let mut payload = vec![if at == 0 { 0x10 } else { 0 }];
        payload.extend(*part);
        browser.send_video(timestamp, at + 1 == parts.len(), payload);
    }
    world.talks(anna, true);
    world.run_for(Duration::from_millis(50));
    let frame = world.frames.first().expect("a frame");
    assert_eq!(frame.occasion, Occasion::Asked);
    assert_eq!(frame.codec, VideoCodec::Vp8);
    assert_eq!(&*frame.data, keyframe);
    // Twenty bytes make a WebP picture of it.
    let padded = length + length % 2;
    let mut webp = b"RIFF".to_vec();
    webp.extend((padded as u32 + 12).to_le_bytes());
    webp.extend(b"WEBPVP8 ");
    webp.extend((length as u32).to_le_bytes());
    webp.extend(&*frame.data);
    webp.resize(20 + padded, 0);
    let mut decoder = WebPDecoder::new(Cursor::new(webp)).unwrap();
    let mut pixels = vec![0; decoder.output_buffer_size().unwrap()];
    decoder.read_image(&mut pixels).unwrap();
    assert!(pixels.iter().any(|value| *value != pixels[0]), "not flat");
}

#[test]
fn nothing_is_tapped_where_the_tap_is_off() {
    let mut world = World::new(1, 86);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", FIREFOX, 0),
    );
    let leg = world.leg(a);
    world.command(Command::Watch { leg, every: SECOND });
    world.command(Command::Look { leg });
    world.run_for(5 * SECOND);
    assert!(asked(&mut world, a) <= 2, "for the kept picture");
    world.face(a, b);
    world.run_for(5 * SECOND);
    assert!(world.frames.is_empty());
    assert_eq!(world.shards[0].counters().frames_tapped, 0);
}

#[test]
fn who_is_shut_from_the_door_is_tapped_and_not_shown() {
    for shards in [1, 2] {
        let mut world = tapped(shards, 87);
        world.shuts_at_the_door = true;
        let a = world.join("anna", CHROMIUM, 0);
        let leg = world.leg(a);
        assert_eq!(world.frames[0].occasion, Occasion::Door);
        world.shuts_at_the_door = false;
        let b = world.join("berta", FIREFOX, usize::from(shards) - 1);
        let began = world.now;
        world.face(a, b);
        world.run_for(3 * SECOND);
        let frames = since(&world.frames, leg, began);
        assert_eq!(frames[0].occasion, Occasion::MatchStart);
        assert!(frames.len() > 2, "it is looked at all the same");
        assert!(frames.iter().all(|frame| is_whole(frame, "anna")));
        let anna_shown =
            |event: &Event| matches!(event, Event::FirstPicture { leg: of, .. } if *of == leg);
        assert!(!world.events.iter().any(anna_shown));
        let berta = world.browser(b);
        assert_eq!(berta.track(1).count(), 0, "not even a first keyframe");
        assert_eq!(berta.track(2).count(), 0);
        assert!(berta.track(0).count() > 100, "but her voice");
        assert_eq!(world.browser(a).seen_since(began), ["berta"]);
        world.command(Command::Video {
            leg,
            gate: Gate::Open,
        });
        let opened = world.now;
        world.run_for(SECOND);
        assert!(world.events.iter().any(anna_shown));
        let first = world.browser(b).track(1).next().expect("a picture").clone();
        assert!(first.at - opened < Duration::from_millis(150));
        assert_eq!(first.payload[1] & 1, 0, "a keyframe");
    }
}

#[test]
fn the_control_plane_says_how_often_a_leg_is_looked_at() {
    let mut world = tapped(1, 88);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", FIREFOX, 0),
    );
    let (anna, berta) = (world.leg(a), world.leg(b));
    let often = Duration::from_millis(400);
    world.command(Command::Watch {
        leg: anna,
        every: often,
    });
    world.command(Command::Watch {
        leg: berta,
        every: 60 * SECOND,
    });
    world.face(a, b);
    world.run_for(2 * SECOND);
    let began = world.now;
    world.run_for(20 * SECOND);
    let of_anna = since(&world.frames, anna, began).len();
    assert!((30..=55).contains(&of_anna), "{of_anna} in twenty seconds");
    assert_eq!(since(&world.frames, berta, began).len(), 0);
    world.command(Command::Look { leg: berta });
    world.run_for(Duration::from_millis(120));
    let asked_for = since(&world.frames, berta, began);
    assert_eq!(asked_for.len(), 1);
    assert_eq!(asked_for[0].occasion, Occasion::Asked);
}

#[test]
fn a_camera_that_shows_nothing_is_not_asked_all_the_time() {
    let mut world = tapped(1, 89);
    let anna = world.join("anna", CHROMIUM, 0);
    world.browser(anna).answers_pli = false;
    world.run_for(60 * SECOND);
    let times = asked(&mut world, anna);
    assert!((10..=20).contains(&times), "{times} times in a minute");
}

#[test]
fn looking_costs_a_forwarded_packet_nothing_but_the_frame() {
    let mut world = tapped(1, 90);
    let pair = [
        world.join("anna", CHROMIUM, 0),
        world.join("berta", FIREFOX, 0),
    ];
    world.face(pair[0], pair[1]);
    world.run_for(3 * SECOND);
    let mut fx = Effects::at(world.now);
    let (mut frames, mut quiet, mut busy) = (0, 0, Vec::new());
    for turn in 0..600 {
        world.now += Duration::from_millis(20);
        fx.now = world.now;
        for sender in pair {
            let now = world.now;
            let browser = world.browser(sender);
            let route = Route {
                remote: browser.address,
                local: None,
            };
            browser.out.clear();
            browser.show(4, now);
            let mut packets = std::mem::take(&mut browser.out);
            let shard = &mut world.shards[0];
            let cost = measure(|| {
                for packet in &mut packets {
                    shard.handle_datagram(route, packet, &mut fx);
                }
            });
            let taken = fx.frames.drain(..).count();
            frames += taken;
            if turn > 130 && taken == 0 {
                quiet += cost.count_total;
            } else if turn > 130 {
                busy.push(cost.count_total);
            }
            assert!(fx.datagrams.iter().count() >= 4, "every packet crosses");
            shard.handle_timeout(&mut fx);
            for (to, bytes) in fx.datagrams.iter() {
                if to == route {
                    world.browser(sender).receive(&mut bytes.to_vec(), now);
                }
            }
            fx.datagrams.clear();
            fx.events.clear();
        }
    }
    assert!(frames > 10, "{frames} frames");
    assert_eq!(quiet, 0, "allocations where nothing was taken");
    // Its bytes, the list of its parts, and giving back what the bytes did not need.
    busy.sort_unstable();
    assert_eq!(busy[busy.len() / 2], 3, "allocations for a frame: {busy:?}");
}
