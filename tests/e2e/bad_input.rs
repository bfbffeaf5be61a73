//! What bad input gets: an error with a stable code, and the stay goes on where it can.

use serde_json::json;

use crate::leg_client::Kit;
use crate::started::Started;
use crate::visitor::{Visitor, join_message, pair, sdp};
use crate::websocket::WebSocket;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_that_is_no_sdp_is_refused_and_a_good_one_is_taken_after_it() {
    let server = Started::with(&[]);
    let mut ada = Visitor::at_the_door(&server, "ada", Kit::default()).await;
    let offer = ada.leg.offer().await;
    for bad in [
        "",
        "v=0",
        "\u{1f41f} no SDP",
        &offer.replace("a=ice-ufrag", "a=x"),
        &"v=0\r\n".repeat(900),
    ] {
        ada.socket.say(join_message(bad)).await;
        assert_eq!(ada.socket.hear_error().await, "bad_offer");
    }
    ada.socket.say(join_message(&offer)).await;
    ada.socket.hear("joined").await;
    let answer = ada.socket.hear("answer").await;
    ada.leg.answer(sdp(&answer)).await;
    assert_eq!(ada.socket.hear("connection").await["state"], "connected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_that_only_receives_is_refused() {
    let server = Started::with(&[]);
    let mut ada = Visitor::at_the_door(&server, "ada", Kit::default()).await;
    let offer = ada.leg.offer().await.replace("a=sendrecv", "a=recvonly");
    ada.socket.say(join_message(&offer)).await;
    let code = ada.socket.hear_error().await;
    assert!(["bad_offer", "no_codec"].contains(&code.as_str()), "{code}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_out_of_turn_are_told_so_and_the_match_goes_on() {
    let server = Started::with(&[]);
    let mut ada = Visitor::join(&server, "ada").await;
    ada.socket.hear("waiting").await;
    ada.socket
        .say(json!({ "type": "chat", "text": "anybody?" }))
        .await;
    assert_eq!(ada.socket.hear_error().await, "not_matched");
    ada.socket.say(join_message("v=0")).await;
    assert_eq!(ada.socket.hear_error().await, "already_joined");
    ada.socket.say_only("dance").await;
    assert_eq!(ada.socket.hear_error().await, "bad_message");
    ada.socket.send_text("{").await;
    assert_eq!(ada.socket.hear_error().await, "bad_message");
    let mut bob = Visitor::join(&server, "bob").await;
    pair(&mut ada, &mut bob).await;
    ada.socket
        .say(json!({ "type": "chat", "text": "x".repeat(1001) }))
        .await;
    assert_eq!(ada.socket.hear_error().await, "text_too_long");
    ada.socket
        .say(json!({ "type": "offer", "sdp": "v=0" }))
        .await;
    assert_eq!(ada.socket.hear_error().await, "bad_offer");
    ada.socket
        .say(json!({ "type": "chat", "text": "x".repeat(1000) }))
        .await;
    bob.socket.hear("chat").await;
    bob.see("ada").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn next_before_the_leg_is_connected_is_told_so() {
    let server = Started::with(&[]);
    let mut ada = Visitor::at_the_door(&server, "ada", Kit::default()).await;
    ada.socket.say_only("next").await;
    assert_eq!(ada.socket.hear_error().await, "not_joined");
    let offer = ada.leg.offer().await;
    ada.socket.say(join_message(&offer)).await;
    let joined = ada.socket.hear("joined").await;
    assert!(joined["resume"].is_string());
    let answer = ada.socket.hear("answer").await;
    ada.socket.say_only("next").await;
    assert_eq!(ada.socket.hear_error().await, "not_connected");
    ada.leg.answer(sdp(&answer)).await;
    assert_eq!(ada.socket.hear("connection").await["state"], "connected");
    ada.socket.hear("waiting").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_oversized_frame_closes_with_1009() {
    let server = Started::with(&[]);
    let mut socket = WebSocket::open(server.http).await;
    socket.send_text(&"x".repeat(100_000)).await;
    assert_eq!(socket.hear_close().await, 1009);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_beyond_the_limit_is_told_when_to_come_back() {
    for sessions in ["--lobby-max-sessions=2", "--lobby-max-sessions=3"] {
        let limits = [
            sessions,
            "--media-max-legs=2",
            "--lobby-retry-after-ms=1234",
        ];
        let server = Started::with(&limits);
        let mut ada = Visitor::join(&server, "ada").await;
        let mut bob = Visitor::join(&server, "bob").await;
        pair(&mut ada, &mut bob).await;
        let mut cleo = Visitor::at_the_door(&server, "cleo", Kit::default()).await;
        let offer = cleo.leg.offer().await;
        cleo.socket.say(join_message(&offer)).await;
        let error = cleo.socket.hear("error").await;
        assert_eq!(error["code"], "full", "{sessions}");
        // Spread over as long again, so that not all come back at once.
        let retry_after_ms = error["retry_after_ms"].as_u64().unwrap();
        assert!((1234..2468).contains(&retry_after_ms), "{retry_after_ms}");
        ada.socket.say_only("leave").await;
        ada.socket.hear("bye").await;
        // The place is free once ada's leg is gone from its media thread, a moment later.
        loop {
            cleo.socket.say(join_message(&offer)).await;
            let told = cleo.socket.hear_either(["joined", "error"]).await;
            if told["type"] == "joined" {
                break;
            }
            assert_eq!(told["code"], "full", "{sessions}");
        }
    }
}
