//! Every error code, and that the stay goes on where it can.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message as Frame;
use visavis::config;
use visavis::http::signal::Patience;
use visavis::media::{Command, Event, OfferError};

use crate::stage::{Stage, video_join, willing};

#[tokio::test]
async fn a_message_that_is_none_is_named_and_the_stay_goes_on() {
    let stage = Stage::new().await;
    let mut visitor = stage.visitor().await;
    for bad in [
        "not JSON",
        "[]",
        "{}",
        r#"{"type":"dance"}"#,
        r#"{"type":"next","why":1}"#,
        r#"{"type":"chat"}"#,
        r#"{"type":"chat","text":1}"#,
        r#"{"type":"join","mode":"video","adult":true}"#,
        r#"{"type":"join","mode":"text","adult":true,"offer":"v=0"}"#,
        r#"{"type":"join","mode":"smell","adult":true}"#,
    ] {
        visitor.send(Frame::text(bad)).await;
        visitor.hears_error("bad_message").await;
    }
    visitor
        .say(json!({"type": "join", "mode": "text", "adult": true}))
        .await;
    visitor.hears("joined").await;
}

#[tokio::test]
async fn join_comes_first_and_once() {
    let stage = Stage::new().await;
    let mut visitor = stage.visitor().await;
    for early in [
        json!({"type": "next"}),
        json!({"type": "chat", "text": "hello"}),
        json!({"type": "leave"}),
    ] {
        visitor.say(early).await;
        visitor.hears_error("not_joined").await;
    }
    visitor.say(video_join()).await;
    visitor.hears_in_time("waiting").await;
    visitor.say(video_join()).await;
    visitor.hears_error("already_joined").await;
    visitor.say(json!({"type": "resume", "token": "any"})).await;
    visitor.hears_error("already_joined").await;
}

#[tokio::test]
async fn whoever_is_turned_away_may_try_again() {
    let stage = Stage::new().await;
    let mut visitor = stage.visitor().await;
    for (join, code) in [
        (
            json!({"type": "join", "mode": "text", "adult": false}),
            "adults_only",
        ),
        (
            json!({"type": "join", "mode": "text", "adult": true, "interests": [""]}),
            "bad_interests",
        ),
        (
            json!({"type": "join", "mode": "text", "adult": true, "languages": ["en_US"]}),
            "bad_languages",
        ),
    ] {
        visitor.say(join).await;
        visitor.hears_error(code).await;
    }
    assert_eq!(stage.control.online(), 0);
    visitor
        .say(json!({"type": "join", "mode": "text", "adult": true}))
        .await;
    visitor.hears("joined").await;
}

/// A media plane that refuses the first offer, and is willing afterwards.
fn refusing_once(reason: OfferError) -> impl FnMut(&Command) -> Vec<Event> + Send + 'static {
    let mut refused = false;
    move |command| match command {
        Command::Open { leg, .. } if !refused => {
            refused = true;
            vec![Event::Refused { leg: *leg, reason }]
        }
        other => willing(other),
    }
}

#[tokio::test]
async fn an_offer_that_is_refused_begins_no_stay() {
    for (reason, code) in [
        (OfferError::Malformed, "bad_offer"),
        (OfferError::NoAudio, "no_codec"),
        (OfferError::NoVideo, "no_codec"),
        (OfferError::Full, "full"),
    ] {
        let config = config::Lobby::default();
        let stage = Stage::set(config, Patience::default(), refusing_once(reason)).await;
        let mut visitor = stage.visitor().await;
        visitor.say(video_join()).await;
        let error = visitor.hears_error(code).await;
        assert_eq!(error["retry_after_ms"].is_number(), code == "full");
        assert_eq!(stage.control.online(), 0);
        visitor.say(video_join()).await;
        visitor.hears("joined").await;
    }
}

#[tokio::test]
async fn a_restart_that_is_refused_leaves_the_stay_as_it_was() {
    let script = |command: &Command| match command {
        Command::Restart { leg, .. } => {
            vec![Event::Refused {
                leg: *leg,
                reason: OfferError::Malformed,
            }]
        }
        other => willing(other),
    };
    let stage = Stage::set(config::Lobby::default(), Patience::default(), script).await;
    let mut visitor = stage.by_video().await;
    visitor.hears("waiting").await;
    visitor
        .say(json!({"type": "offer", "sdp": "nonsense"}))
        .await;
    visitor.hears_error("bad_offer").await;
    visitor.say(json!({"type": "next"})).await;
    visitor.hears("waiting").await;
}

#[tokio::test]
async fn what_needs_a_partner_says_so() {
    let stage = Stage::new().await;
    let mut visitor = stage.by_text().await;
    visitor.hears("waiting").await;
    for (message, code) in [
        (json!({"type": "chat", "text": "hello"}), "not_matched"),
        (json!({"type": "typing", "active": true}), "not_matched"),
        (json!({"type": "report", "category": "other"}), "no_partner"),
        (json!({"type": "offer", "sdp": "v=0"}), "text_only"),
        (
            json!({"type": "interests", "interests": [" "]}),
            "bad_interests",
        ),
    ] {
        visitor.say(message).await;
        visitor.hears_error(code).await;
    }
    visitor.say(json!({"type": "next"})).await;
    visitor.hears("waiting").await;
}

#[tokio::test]
async fn a_text_over_its_limit_is_not_delivered() {
    let config = config::Lobby {
        max_chat_chars: 5,
        max_note_chars: 5,
        ..config::Lobby::default()
    };
    let stage = Stage::with(config).await;
    let [mut one, mut other] = stage.text_pair().await;
    one.say(json!({"type": "chat", "text": "sechse"})).await;
    one.hears_error("text_too_long").await;
    one.say(json!({"type": "report", "category": "other", "note": "sechse"}))
        .await;
    one.hears_error("text_too_long").await;
    one.say(json!({"type": "chat", "text": "fünf!"})).await;
    assert_eq!(other.hears("chat").await["text"], "fünf!");
}

#[tokio::test]
async fn next_before_the_leg_is_connected_looks_once_it_is() {
    let script = |command: &Command| {
        let events = willing(command).into_iter();
        events
            .filter(|event| !matches!(event, Event::Connected { .. }))
            .collect()
    };
    let mut stage = Stage::set(config::Lobby::default(), Patience::default(), script).await;
    let mut visitor = stage.visitor().await;
    visitor.say(video_join()).await;
    visitor.hears("joined").await;
    visitor.hears("answer").await;
    visitor.say(json!({"type": "next"})).await;
    visitor.hears_error("not_connected").await;
    let leg = stage.opened().await;
    stage.tell(Event::Connected { leg }).await;
    visitor.hears("connection").await;
    visitor.hears("waiting").await;
}

#[tokio::test]
async fn more_than_the_limit_is_not_carried_out() {
    let config = config::Lobby {
        chat_burst: 2,
        typing_burst: 1,
        next_burst: 1,
        chat_every_ms: 600_000,
        typing_every_ms: 600_000,
        next_every_ms: 600_000,
        ..config::Lobby::default()
    };
    let stage = Stage::with(config).await;
    let [mut one, mut other] = stage.text_pair().await;
    for text in ["one", "two", "three"] {
        one.say(json!({"type": "chat", "text": text})).await;
    }
    one.hears_error("too_fast").await;
    for active in [true, false] {
        one.say(json!({"type": "typing", "active": active})).await;
    }
    one.hears_error("too_fast").await;
    one.say(json!({"type": "report", "category": "spam"})).await;
    one.hears("reported").await;
    one.say(json!({"type": "next"})).await;
    one.hears_error("too_fast").await;
    for expected in ["chat", "chat", "typing"] {
        other.hears(expected).await;
    }
    other
        .say(json!({"type": "chat", "text": "still here"}))
        .await;
    one.hears("chat").await;
}

#[tokio::test]
async fn a_full_server_says_when_to_come_back() {
    let config = config::Lobby {
        max_sessions: 2,
        ..config::Lobby::default()
    };
    let stage = Stage::with(config).await;
    let [mut one, _other] = stage.text_pair().await;
    let mut third = stage.visitor().await;
    let join = json!({"type": "join", "mode": "text", "adult": true});
    third.say(join.clone()).await;
    assert!(third.hears_error("full").await["retry_after_ms"].is_number());
    one.say(json!({"type": "leave"})).await;
    one.hears("bye").await;
    third.say(join).await;
    third.hears("joined").await;
}

#[tokio::test]
async fn a_leg_that_is_gone_ends_the_stay() {
    let mut stage = Stage::new().await;
    let [mut one, mut other] = stage.video_pair().await;
    let leg = stage.opened().await;
    stage.tell(Event::Closed { leg }).await;
    one.hears_error("connection_failed").await;
    assert_eq!(one.hears("bye").await["reason"], "ended");
    assert_eq!(other.hears("left").await["reason"], "lost");
}
