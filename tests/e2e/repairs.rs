//! Loss on either hop is repaired, and what is asked of the relay in the receiver's numbers
//! reaches the sender in its own.

use webrtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use webrtc::rtcp::transport_feedbacks::transport_layer_nack::{NackPair, TransportLayerNack};
use webrtc::rtp::packet::Packet;

use crate::leg_client::{PICTURE_TYPE, RESENT_TYPE};
use crate::pictures::{Coding, Mark, begins_keyframe};
use crate::started::Started;
use crate::visitor::{Visitor, pair, shows};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packet_lost_on_the_way_down_is_resent_by_the_relay() {
    let server = Started::with(&[]);
    let mut ada = Visitor::join(&server, "ada").await;
    let mut bob = Visitor::join(&server, "bob").await;
    pair(&mut ada, &mut bob).await;
    bob.see("ada").await;
    let lost = bob.leg.next_of(PICTURE_TYPE).await;
    let nack = TransportLayerNack {
        sender_ssrc: 1,
        media_ssrc: lost.header.ssrc,
        nacks: vec![NackPair::new(lost.header.sequence_number)],
    };
    bob.leg
        .connection
        .write_rtcp(&[Box::new(nack)])
        .await
        .unwrap();
    let resent = bob.leg.next_of(RESENT_TYPE).await;
    // RFC 4588, 4: the original sequence number, then the original payload.
    let (number, payload) = resent.payload.split_at(2);
    assert_eq!(number, lost.header.sequence_number.to_be_bytes());
    assert_eq!(payload, lost.payload);
    assert_eq!(resent.header.timestamp, lost.header.timestamp);
    assert_ne!(resent.header.ssrc, lost.header.ssrc);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packet_lost_on_the_way_up_is_asked_of_its_sender() {
    let server = Started::with(&[]);
    let mut ada = Visitor::join(&server, "ada").await;
    let mut bob = Visitor::join(&server, "bob").await;
    pair(&mut ada, &mut bob).await;
    bob.see("ada").await;
    ada.leg.camera.withhold(1);
    let repaired = ada.leg.repaired().await;
    let arrived = bob
        .leg
        .next_where(|packet| Mark::read(&packet.payload).as_ref() == Some(&repaired))
        .await;
    assert!(shows(&arrived, "ada"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keyframe_that_the_receiver_asks_for_is_asked_of_the_sender_by_its_own_ssrc() {
    let server = Started::with(&[]);
    let mut ada = Visitor::join(&server, "ada").await;
    let mut bob = Visitor::join(&server, "bob").await;
    pair(&mut ada, &mut bob).await;
    let first = bob.see("ada").await;
    let number = Mark::read(&first.payload).unwrap().number;
    // The match began with a keyframe; for 300 ms after asking for one the relay asks for none.
    for _ in 0..20 {
        bob.listen_to("ada").await;
    }
    ada.leg.forget_what_was_said();
    let pli = PictureLossIndication {
        sender_ssrc: 1,
        media_ssrc: first.header.ssrc,
    };
    bob.leg
        .connection
        .write_rtcp(&[Box::new(pli)])
        .await
        .unwrap();
    let asked = ada.leg.asked_for_keyframe().await;
    assert_ne!(asked.media_ssrc, first.header.ssrc);
    assert_eq!(Some(asked.media_ssrc), ada.leg.own_picture_ssrc().await);
    // Pictures that were under way when it was asked for may come before it.
    let begins = |packet: &Packet| begins_keyframe(Coding::Vp8, &packet.payload);
    let second = bob
        .leg
        .next_where(|packet| shows(packet, "ada") && begins(packet))
        .await;
    assert!(Mark::read(&second.payload).unwrap().number > number);
}
