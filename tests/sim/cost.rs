//! What a packet costs, in what can be counted: once a match flows, forwarding allocates nothing.

use std::time::Duration;

use allocation_counter::measure;
use visavis::media::{Effects, Route};
use visavis::srtp::{Inbound, KeyPair, Outbound, Profile, ReplayWindow};

use crate::makes::{CHROMIUM, FIREFOX};
use crate::world::World;

/// How long a match flows before anything is measured.
const WARM_UP: Duration = Duration::from_secs(3);
/// Turns in which buffers find their size, the timer wheel's 256 slots among them.
const FIRST_TURNS: usize = 130;
const TURNS: usize = 400;

/// What one visitor sends in a turn of 20 ms: a voice, a picture, and a packet of it again. Every
/// second turn one packet is lost first, so that what comes again fills a gap.
fn one_turn(world: &mut World, visitor: usize, turn: usize) -> Vec<Vec<u8>> {
    let now = world.now;
    let browser = world.browser(visitor);
    browser.out.clear();
    browser.speak(b"a voice", now);
    browser.show(4, now);
    let (again, ..) = browser.sent_video[browser.sent_video.len() - 2];
    if turn % 2 == 1 {
        browser.out.remove(3);
    }
    browser.retransmit(again);
    std::mem::take(&mut browser.out)
}

#[test]
fn a_forwarded_packet_allocates_nothing() {
    let mut world = World::new(1, 71);
    let pair = [
        world.join("anna", CHROMIUM, 0),
        world.join("berta", FIREFOX, 0),
    ];
    world.face(pair[0], pair[1]);
    world.run_for(WARM_UP);
    let mut fx = Effects::at(world.now);
    let (mut given, mut sent, mut allocated) = (0, 0, 0);
    for turn in 0..TURNS {
        world.now += Duration::from_millis(20);
        fx.now = world.now;
        for sender in pair {
            let route = Route {
                remote: world.browser(sender).address,
                local: None,
            };
            let mut packets = one_turn(&mut world, sender, turn);
            let shard = &mut world.shards[0];
            given += packets.len();
            let cost = measure(|| {
                shard.foresee(packets.iter().map(|_| route));
                for packet in &mut packets {
                    shard.handle_datagram(route, packet, &mut fx);
                }
            });
            sent += fx.datagrams.iter().count();
            fx.datagrams.clear();
            allocated += if turn < FIRST_TURNS {
                0
            } else {
                cost.count_total
            };
            // What happens by the clock costs by the clock, not by the packet.
            shard.handle_timeout(&mut fx);
            fx.datagrams.clear();
            fx.events.clear();
        }
    }
    assert_eq!(sent, given, "every packet crosses");
    assert!(given >= TURNS * 2 * 5);
    assert_eq!(allocated, 0, "allocations for {given} packets");
}

#[test]
fn no_cipher_allocates_for_a_packet() {
    for profile in [
        Profile::AeadAes256Gcm,
        Profile::AeadAes128Gcm,
        Profile::Aes128CmSha1_80,
    ] {
        let keys = KeyPair::from_exporter(profile, &vec![7; profile.exporter_length()]).unwrap();
        let mut outbound = Outbound::new(&keys.client);
        let inbound = Inbound::new(&keys.client);
        let mut window = ReplayWindow::new();
        let mut packet = vec![0x5a; 1200 + 20];
        packet[..12].copy_from_slice(&[0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9]);
        let header = visavis::rtp::Header::parse(&packet).unwrap();
        outbound.protect_rtp(&mut packet, 1200, 1).unwrap();
        let cost = measure(|| {
            packet[3] = 2;
            let length = outbound.protect_rtp(&mut packet, 1200, 2).unwrap();
            let header = visavis::rtp::Header::parse(&packet).unwrap();
            inbound
                .unprotect_rtp(&mut window, &mut packet[..length], &header)
                .unwrap();
        });
        assert_eq!(header.ssrc, 9);
        assert_eq!(cost.count_total, 0, "{profile:?}");
    }
}

#[test]
fn an_allocation_would_be_counted() {
    let cost = measure(|| drop(std::hint::black_box(vec![0_u8; 64])));
    assert_eq!(cost.count_total, 1);
}
