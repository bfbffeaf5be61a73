//! Nothing of one visitor's machine reaches another, and nothing of one match the next.

use std::time::Duration;

use visavis::rtp::rtcp;

use crate::got::GotRtcp;
use crate::makes::{CHROMIUM, FIREFOX, Make};
use crate::playout::{AT_ONCE, USUAL};
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_packet_reaches_only_the_one_it_faces() {
    let mut world = World::new(1, 11);
    let names = ["anna", "berta", "carla", "doris"];
    let visitors = names.map(|name| world.join(name, CHROMIUM, 0));
    let began = world.now;
    world.face(visitors[0], visitors[1]);
    world.face(visitors[2], visitors[3]);
    world.run_for(SECOND);
    for (me, partner) in [(0, "berta"), (1, "anna"), (2, "doris"), (3, "carla")] {
        assert_eq!(world.browser(visitors[me]).seen_since(began), [partner]);
    }
}

#[test]
fn who_waits_receives_nothing_but_rtcp() {
    let mut world = World::new(1, 12);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    world.run_for(2 * SECOND);
    assert!(world.browser(a).got.is_empty());
    let id = world.face(a, b);
    world.run_for(SECOND);
    world.part(id, a, b);
    world.run_for(Duration::from_millis(100));
    let before = world.browser(a).got.len();
    assert!(before > 100);
    world.run_for(SECOND);
    assert_eq!(
        world.browser(a).got.len(),
        before,
        "nothing comes after the match"
    );
}

#[test]
fn old_packets_resent_do_not_cross_into_the_next_match() {
    let mut world = World::new(1, 13);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", FIREFOX, 0),
    );
    let c = world.join("carla", CHROMIUM, 0);
    let id = world.face(a, b);
    world.run_for(SECOND);
    let old: Vec<u16> = world
        .browser(a)
        .sent_video
        .iter()
        .rev()
        .take(20)
        .map(|p| p.0)
        .collect();
    world.part(id, a, b);
    world.run_for(Duration::from_millis(200));
    let began = world.now;
    world.face(a, c);
    world.run_for(Duration::from_millis(400));
    assert!(world.browser(c).track(1).count() > 10, "the picture flows");
    // Probing: Chromium resends old packets as RTX. Their numbers count, their bytes do not.
    let (before, numbered) = (
        world.browser(c).got.len(),
        world.browser(c).transport_count(),
    );
    for sequence in &old {
        world.browser(a).retransmit(*sequence);
    }
    world.run_for(Duration::from_millis(100));
    let carla = world.browser(c);
    let rtx: Vec<_> = carla.got[before..]
        .iter()
        .filter(|g| g.ssrc == carla.expected[2])
        .collect();
    assert_eq!(rtx.len(), old.len(), "padding stands in for each");
    assert!(
        rtx.iter().all(|got| got.payload.is_empty()),
        "and says nothing"
    );
    assert_eq!(
        carla.transport_count() - numbered,
        carla.got.len() - before,
        "every packet carries a number"
    );
    assert_eq!(carla.seen_since(began), ["anna"]);
}

#[test]
fn a_request_for_the_last_match_is_not_answered() {
    let mut world = World::new(1, 14);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    let c = world.join("carla", CHROMIUM, 0);
    let id = world.face(a, b);
    world.run_for(SECOND);
    let of_anna: Vec<u16> = world
        .browser(b)
        .track(1)
        .map(|got| got.sequence)
        .rev_take(10);
    world.part(id, a, b);
    world.run_for(Duration::from_millis(100));
    let began = world.now;
    world.face(b, c);
    world.run_for(Duration::from_millis(500));
    let before = world.browser(b).got.len();
    let asked = world.browser(c).rtcp.len();
    let (own, media) = (world.browser(b).video.ssrc, world.browser(b).expected[1]);
    let mut nack = Vec::new();
    rtcp::write::nack(&mut nack, own, media, &of_anna);
    world.browser(b).send_rtcp(&nack);
    world.run_for(Duration::from_millis(100));
    let berta = world.browser(b);
    let resent = berta.got[before..]
        .iter()
        .filter(|g| g.ssrc == berta.expected[2])
        .count();
    assert_eq!(resent, 0);
    assert_eq!(
        berta.seen_since(began + Duration::from_millis(20)),
        ["carla"]
    );
    let passed_on = world.browser(c).rtcp[asked..]
        .iter()
        .filter(|(_, packet)| matches!(packet, GotRtcp::Nack { .. }))
        .count();
    assert_eq!(passed_on, 0, "nor is carla asked for what anna sent");
}

#[test]
fn report_blocks_about_the_last_match_are_left_out() {
    let mut world = World::new(1, 15);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    let c = world.join("carla", CHROMIUM, 0);
    let id = world.face(a, b);
    world.run_for(SECOND);
    world.part(id, a, b);
    world.run_for(Duration::from_millis(100));
    // Carla's picture never flows: she makes no keyframe. Berta still reports on what she has.
    world.browser(c).answers_pli = false;
    world.face(b, c);
    let from = world.now;
    world.run_for(SECOND);
    let carla = world.browser(c);
    let video = carla.video.ssrc;
    let highest = u32::from(carla.video.sequence) + (carla.video.wraps as u32) * 65_536;
    let blocks: Vec<_> = carla
        .rtcp
        .iter()
        .filter(|(at, _)| *at > from)
        .filter_map(|(_, packet)| match packet {
            GotRtcp::Block(block) if block.ssrc == video => Some(*block),
            _ => None,
        })
        .collect();
    assert!(!blocks.is_empty(), "the relay reports itself");
    for block in blocks {
        assert_eq!(block.cumulative_lost, 0);
        assert!(
            highest.wrapping_sub(block.highest_sequence) < 200,
            "in her own numbers"
        );
    }
}

#[test]
fn no_name_extension_or_address_of_a_visitor_crosses() {
    let mut world = World::new(2, 16);
    let [chromium, firefox] = [CHROMIUM, FIREFOX].map(|make| Make {
        says_playout: true,
        ..make
    });
    let (a, b) = (
        world.join("anna", chromium, 0),
        world.join("berta", firefox, 1),
    );
    world.face(a, b);
    world.run_for(3 * SECOND);
    for (me, partner) in [(a, b), (b, a)] {
        let partner_cname = world.browser(partner).cname();
        let partner_ssrcs = {
            let p = world.browser(partner);
            [p.audio.ssrc, p.video.ssrc, p.rtx.ssrc]
        };
        let browser = world.browser(me);
        assert!(browser.got.len() > 300);
        for got in &browser.got {
            for (id, data) in &got.extensions {
                let is_number = *id == browser.make.transport_cc;
                let is_own_word =
                    *id == browser.make.playout_delay && [AT_ONCE, USUAL].contains(&&data[..]);
                assert!(is_number || is_own_word, "an element {id}: {data:?}");
            }
            assert!(browser.expected.contains(&got.ssrc));
            assert!(!partner_ssrcs.contains(&got.ssrc));
        }
        let mut names = 0;
        for (_, packet) in &browser.rtcp {
            if let GotRtcp::Cname(compound) = packet {
                names += 1;
                let text = String::from_utf8_lossy(compound);
                assert!(
                    !text.contains(&partner_cname),
                    "the partner's CNAME crossed"
                );
            }
            assert_ne!(*packet, GotRtcp::Other);
        }
        assert!(names > 4, "reports carry a name of ours");
    }
}

trait RevTake {
    fn rev_take(self, n: usize) -> Vec<u16>;
}

impl<I: Iterator<Item = u16>> RevTake for I {
    fn rev_take(self, n: usize) -> Vec<u16> {
        let all: Vec<u16> = self.collect();
        all[all.len().saturating_sub(n)..].to_vec()
    }
}
