//! Two strangers meet: sound, picture and text cross, and leaving is told.

use serde_json::json;

use crate::leg_client::PICTURE_TYPE;
use crate::started::Started;
use crate::visitor::{Visitor, pair};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_strangers_see_and_hear_each_other() {
    let server = Started::with(&[]);
    let mut ada = Visitor::join(&server, "ada").await;
    let mut bob = Visitor::join(&server, "bob").await;
    pair(&mut ada, &mut bob).await;
    ada.see("bob").await;
    ada.listen_to("bob").await;
    bob.see("ada").await;
    bob.listen_to("ada").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_alone_sees_nobody_until_somebody_comes() {
    let server = Started::with(&[]);
    let mut ada = Visitor::join(&server, "ada").await;
    ada.socket.hear("waiting").await;
    assert!(ada.leg.take_packets().is_empty());
    let mut bob = Visitor::join(&server, "bob").await;
    assert!(
        ada.leg
            .take_packets()
            .iter()
            .all(|packet| crate::pictures::Mark::read(&packet.payload).is_some())
    );
    pair(&mut ada, &mut bob).await;
    ada.see("bob").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_match_begins_with_a_request_for_a_keyframe() {
    let server = Started::with(&[]);
    let mut ada = Visitor::join(&server, "ada").await;
    let mut bob = Visitor::join(&server, "bob").await;
    pair(&mut ada, &mut bob).await;
    ada.leg.asked_for_keyframe().await;
    bob.leg.asked_for_keyframe().await;
    bob.see("ada").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_and_typing_cross_in_both_directions() {
    let server = Started::with(&[]);
    let mut ada = Visitor::join(&server, "ada").await;
    let mut bob = Visitor::join(&server, "bob").await;
    pair(&mut ada, &mut bob).await;
    ada.socket
        .say(json!({ "type": "typing", "active": true }))
        .await;
    assert_eq!(bob.socket.hear("typing").await["active"], true);
    ada.socket
        .say(json!({ "type": "chat", "text": "bonjour <b>" }))
        .await;
    assert_eq!(bob.socket.hear("chat").await["text"], "bonjour <b>");
    bob.socket
        .say(json!({ "type": "chat", "text": "salut" }))
        .await;
    assert_eq!(ada.socket.hear("chat").await["text"], "salut");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_is_said_goodbye_and_the_partner_is_told() {
    let server = Started::with(&["--lobby-requeue-ms=100"]);
    let mut ada = Visitor::join(&server, "ada").await;
    let mut bob = Visitor::join(&server, "bob").await;
    pair(&mut ada, &mut bob).await;
    bob.see("ada").await;
    ada.socket.say_only("leave").await;
    assert_eq!(ada.socket.hear("bye").await["reason"], "left");
    assert_eq!(bob.socket.hear("left").await["reason"], "gone");
    bob.socket.hear("waiting").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_stops_is_seen_no_longer_and_keeps_the_leg() {
    let server = Started::with(&["--lobby-rematch-window-ms=0"]);
    let mut ada = Visitor::join(&server, "ada").await;
    let mut bob = Visitor::join(&server, "bob").await;
    pair(&mut ada, &mut bob).await;
    ada.socket.say_only("stop").await;
    ada.socket.hear("idle").await;
    assert_eq!(bob.socket.hear("left").await["reason"], "stopped");
    ada.socket.say_only("next").await;
    bob.socket.say_only("next").await;
    pair(&mut ada, &mut bob).await;
    bob.see("ada").await;
    assert_eq!(
        bob.leg.next_of(PICTURE_TYPE).await.header.payload_type,
        PICTURE_TYPE
    );
}
