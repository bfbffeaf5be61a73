//! The server goes away.

use std::time::Duration;

use serde_json::json;
use visavis::lobby::ByeReason;

use crate::stage::Stage;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn everybody_is_told_and_matches_may_end_by_themselves() {
    let stage = Stage::new().await;
    let [mut one, mut other] = stage.text_pair().await;
    let mut waiting = stage.by_text().await;
    waiting.hears("waiting").await;
    let control = stage.control.clone();
    let drain = tokio::spawn(async move { control.drain(MINUTE, ByeReason::Shutdown).await });
    assert_eq!(waiting.hears("going_away").await["drain_ms"], 60_000);
    assert_eq!(waiting.hears("bye").await["reason"], "shutdown");

    one.hears("going_away").await;
    one.say(json!({"type": "next"})).await;
    one.hears_error("draining").await;
    let mut late = stage.visitor().await;
    late.say(json!({"type": "join", "mode": "text", "adult": true}))
        .await;
    late.hears_error("draining").await;
    assert!(!drain.is_finished());

    one.say(json!({"type": "leave"})).await;
    one.hears("bye").await;
    other.hears("going_away").await;
    other.hears("left").await;
    assert_eq!(other.hears("bye").await["reason"], "shutdown");
    drain.await.unwrap();
}

#[tokio::test]
async fn a_match_that_goes_on_ends_at_the_deadline() {
    let stage = Stage::new().await;
    let [mut one, _other] = stage.video_pair().await;
    let soon = Duration::from_millis(50);
    stage.control.drain(soon, ByeReason::Shutdown).await;
    one.hears("going_away").await;
    assert_eq!(one.hears_in_time("bye").await["reason"], "shutdown");
    assert_eq!(stage.control.online(), 0);
}

#[tokio::test]
async fn draining_twice_ends_twice() {
    let stage = Stage::new().await;
    stage.control.drain(MINUTE, ByeReason::Shutdown).await;
    stage.control.drain(MINUTE, ByeReason::Shutdown).await;
}

#[tokio::test]
async fn where_a_newer_server_is_everybody_who_faces_nobody_is_sent_there() {
    let stage = Stage::new().await;
    let [mut one, mut other] = stage.text_pair().await;
    let mut waiting = stage.by_text().await;
    waiting.hears("waiting").await;
    let control = stage.control.clone();
    let drain = tokio::spawn(async move { control.drain(MINUTE, ByeReason::Moved).await });
    waiting.hears("going_away").await;
    assert_eq!(waiting.hears("bye").await["reason"], "moved");
    let mut late = stage.visitor().await;
    late.say(json!({"type": "join", "mode": "text", "adult": true}))
        .await;
    assert_eq!(late.hears("bye").await["reason"], "moved");

    one.hears("going_away").await;
    one.say(json!({"type": "next"})).await;
    assert_eq!(one.hears("bye").await["reason"], "moved");
    other.hears("going_away").await;
    other.hears("left").await;
    assert_eq!(other.hears("bye").await["reason"], "moved");
    drain.await.unwrap();
}
