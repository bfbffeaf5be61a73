//! Those who change networks or lose their WebSocket keep their leg; those who vanish are missed.

use serde_json::json;
use tokio::runtime::Builder;

use crate::leg_client::{Kit, LegClient};
use crate::started::Started;
use crate::visitor::{Visitor, pair, sdp};
use crate::websocket::WebSocket;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_who_changes_networks_keeps_the_match() {
    let server = Started::with(&[]);
    let mut ada = Visitor::join(&server, "ada").await;
    let mut bob = Visitor::join(&server, "bob").await;
    pair(&mut ada, &mut bob).await;
    bob.see("ada").await;
    let offer = ada.leg.offer_restart().await;
    ada.socket
        .say(json!({ "type": "offer", "sdp": offer }))
        .await;
    let answer = ada.socket.hear("answer").await;
    ada.leg.answer(sdp(&answer)).await;
    ada.leg.reconnected().await;
    ada.leg.take_packets();
    bob.leg.take_packets();
    ada.listen_to("bob").await;
    bob.listen_to("ada").await;
    ada.socket
        .say(json!({ "type": "chat", "text": "still here" }))
        .await;
    bob.socket.hear("chat").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_websocket_is_resumed_within_the_match() {
    let server = Started::with(&[]);
    let mut ada = Visitor::at_the_door(&server, "ada", Kit::default()).await;
    let token = ada.join_and_connect().await;
    let mut bob = Visitor::join(&server, "bob").await;
    pair(&mut ada, &mut bob).await;
    bob.see("ada").await;

    ada.socket = WebSocket::open(server.http).await;
    bob.leg.take_packets();
    bob.listen_to("ada").await;
    ada.socket
        .say(json!({ "type": "resume", "token": token }))
        .await;
    let resumed = ada.socket.hear("resumed").await;
    assert_eq!(resumed["state"], "matched");
    assert_ne!(resumed["resume"], token.as_str());
    bob.socket
        .say(json!({ "type": "chat", "text": "are you there?" }))
        .await;
    assert_eq!(ada.socket.hear("chat").await["text"], "are you there?");

    let mut thief = WebSocket::open(server.http).await;
    thief.say(json!({ "type": "resume", "token": token })).await;
    assert_eq!(thief.hear_error().await, "unknown_token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partner_who_vanishes_without_a_word_is_missed() {
    let server = Started::with(&["--media-silence-ms=1500"]);
    let elsewhere = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let mut ada = Visitor::at_the_door(&server, "ada", Kit::default()).await;
    let kit = Kit::default();
    ada.leg = elsewhere
        .spawn(async move { LegClient::new("ada", &kit).await })
        .await
        .unwrap();
    ada.join_and_connect().await;
    let mut bob = Visitor::join(&server, "bob").await;
    pair(&mut ada, &mut bob).await;
    bob.see("ada").await;
    elsewhere.shutdown_background();
    assert_eq!(bob.socket.hear("left").await["reason"], "lost");
    let told = ada.socket.hear_both(["connection", "left"]).await;
    let of = |kind: &str| told.iter().find(|message| message["type"] == kind);
    assert_eq!(of("connection").unwrap()["state"], "silent");
    assert_eq!(of("left").unwrap()["reason"], "lost");
}
