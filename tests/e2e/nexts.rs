//! Next brings another face on the same tracks, without a gap and without a new offer.

use std::collections::BTreeSet;

use webrtc::rtp::packet::Packet;

use crate::leg_client::{OPUS_TYPE, PICTURE_TYPE};
use crate::pictures::Mark;
use crate::started::Started;
use crate::visitor::{Visitor, pair, shows, sounds};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn next_brings_a_third_on_the_same_tracks() {
    let server = Started::with(&[]);
    let mut ada = Visitor::join(&server, "ada").await;
    let mut bob = Visitor::join(&server, "bob").await;
    pair(&mut ada, &mut bob).await;
    let bobs = ada.see("bob").await;
    let mut cleo = Visitor::join(&server, "cleo").await;

    ada.socket.say_only("next").await;
    assert_eq!(bob.socket.hear("left").await["reason"], "next");
    pair(&mut ada, &mut cleo).await;
    let cleos = ada.see("cleo").await;
    cleo.see("ada").await;
    assert_eq!(bobs.header.ssrc, cleos.header.ssrc);
    assert_eq!(bobs.header.payload_type, cleos.header.payload_type);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_nexts_are_one_unbroken_stream() {
    let server = Started::with(&["--lobby-rematch-window-ms=0"]);
    let mut ada = Visitor::join(&server, "ada").await;
    let mut bob = Visitor::join(&server, "bob").await;
    let mut heard = Vec::new();
    pair(&mut ada, &mut bob).await;
    for _ in 0..10 {
        heard.extend(until(&mut ada, |packet| shows(packet, "bob")).await);
        heard.extend(until(&mut ada, |packet| sounds(packet, "bob")).await);
        ada.socket.say_only("next").await;
        bob.socket.hear("left").await;
        bob.socket.say_only("next").await;
        pair(&mut ada, &mut bob).await;
    }
    heard.extend(until(&mut ada, |packet| shows(packet, "bob")).await);
    for payload_type in [PICTURE_TYPE, OPUS_TYPE] {
        unbroken(&heard, payload_type);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_the_last_partner_arrives_after_the_next_one() {
    let server = Started::with(&[]);
    let mut ada = Visitor::join(&server, "ada").await;
    let mut bob = Visitor::join(&server, "bob").await;
    pair(&mut ada, &mut bob).await;
    ada.see("bob").await;
    let mut cleo = Visitor::join(&server, "cleo").await;
    ada.socket.say_only("next").await;
    pair(&mut ada, &mut cleo).await;
    ada.see("cleo").await;
    // Bob films on; half a second of Cleo's sound shows that there was time for his to come.
    let mut names = BTreeSet::new();
    for _ in 0..25 {
        let packets = until(&mut ada, |packet| sounds(packet, "cleo")).await;
        names.extend(
            packets
                .iter()
                .filter_map(|packet| Mark::read(&packet.payload))
                .map(|mark| mark.name),
        );
    }
    assert_eq!(names, BTreeSet::from(["cleo".to_owned()]));
}

/// Everything that arrives, up to the packet looked for.
async fn until(visitor: &mut Visitor, wanted: impl Fn(&Packet) -> bool) -> Vec<Packet> {
    let mut heard = Vec::new();
    loop {
        let packet = visitor.leg.next_where(|_| true).await;
        heard.push(packet);
        if heard.last().is_some_and(&wanted) {
            return heard;
        }
    }
}

/// Each packet's number follows the one before, and time never runs backwards.
fn unbroken(heard: &[Packet], payload_type: u8) {
    let headers: Vec<_> = heard
        .iter()
        .map(|packet| &packet.header)
        .filter(|header| header.payload_type == payload_type)
        .collect();
    assert!(headers.len() > 10, "{} packets", headers.len());
    for pair in headers.windows(2) {
        let [before, after] = pair else { continue };
        assert_eq!(before.ssrc, after.ssrc);
        assert_eq!(
            after.sequence_number,
            before.sequence_number.wrapping_add(1)
        );
        let step = after.timestamp.wrapping_sub(before.timestamp);
        assert!(
            step < u32::MAX / 2,
            "the timestamp goes back by {}",
            step.wrapping_neg()
        );
    }
}
