//! A lost WebSocket, a new one, a slow one, one that breaks the rules.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use visavis::config;
use visavis::http::signal::Patience;
use visavis::limits;
use visavis::media::Command;

use crate::stage::{LONG, Stage, video_join, willing};

/// Joins by text and gives the token.
async fn with_token(stage: &Stage) -> (crate::stage::Visitor, String) {
    let mut visitor = stage.visitor().await;
    visitor
        .say(json!({"type": "join", "mode": "text", "adult": true}))
        .await;
    let token = visitor.hears("joined").await["resume"]
        .as_str()
        .unwrap()
        .to_owned();
    (visitor, token)
}

#[tokio::test]
async fn a_match_goes_on_over_a_new_websocket() {
    let stage = Stage::new().await;
    let (mut one, token) = with_token(&stage).await;
    one.hears("waiting").await;
    let mut other = stage.by_text().await;
    let matched = one.hears("matched").await;
    other.hears("matched").await;
    drop(one);

    let mut again = stage.visitor().await;
    again.say(json!({"type": "resume", "token": token})).await;
    let resumed = again.hears("resumed").await;
    assert_eq!(
        (&resumed["state"], &resumed["match"]),
        (&json!("matched"), &matched["match"])
    );
    assert_ne!(resumed["resume"], token);
    other
        .say(json!({"type": "chat", "text": "still there?"}))
        .await;
    assert_eq!(again.hears("chat").await["text"], "still there?");
    again.say(json!({"type": "chat", "text": "yes"})).await;
    assert_eq!(other.hears("chat").await["text"], "yes");
}

#[tokio::test]
async fn a_token_is_good_once() {
    let stage = Stage::new().await;
    let (_one, token) = with_token(&stage).await;
    let resume = json!({"type": "resume", "token": token});
    let mut second = stage.visitor().await;
    second.say(resume.clone()).await;
    second.hears("resumed").await;
    let mut third = stage.visitor().await;
    third.say(resume).await;
    third.hears_error("unknown_token").await;
    third
        .say(json!({"type": "join", "mode": "text", "adult": true}))
        .await;
    third.hears("joined").await;
}

#[tokio::test]
async fn the_websocket_that_is_replaced_is_told() {
    let stage = Stage::new().await;
    let (mut old, token) = with_token(&stage).await;
    old.hears("waiting").await;
    let mut new = stage.visitor().await;
    new.say(json!({"type": "resume", "token": token})).await;
    new.hears("resumed").await;
    new.hears("waiting").await;
    assert_eq!(old.hears("bye").await["reason"], "replaced");
    assert_eq!(old.closed().await, Some(CloseCode::Normal));
    // The old one's end is not the stay's.
    new.say(json!({"type": "stop"})).await;
    new.hears("idle").await;
    assert_eq!(stage.control.online(), 1);
}

#[tokio::test]
async fn a_resume_with_an_offer_restarts_the_leg() {
    let mut stage = Stage::new().await;
    let mut one = stage.visitor().await;
    one.say(video_join()).await;
    let token = one.hears("joined").await["resume"].clone();
    one.hears_in_time("waiting").await;
    drop(one);
    let mut again = stage.visitor().await;
    again
        .say(json!({"type": "resume", "token": token, "offer": "new credentials"}))
        .await;
    again.hears("resumed").await;
    again.hears_in_time("answer").await;
    let opened = stage.opened().await;
    let Command::Restart { leg, offer } = stage.asked().await else {
        panic!("no restart")
    };
    assert_eq!((leg, offer.reveal().as_str()), (opened, "new credentials"));
}

#[tokio::test]
async fn a_stay_ends_when_nobody_comes_back_in_time() {
    let config = config::Lobby {
        grace_ms: 50,
        ..config::Lobby::default()
    };
    let stage = Stage::with(config).await;
    let (mut one, token) = with_token(&stage).await;
    one.hears("waiting").await;
    let mut other = stage.by_text().await;
    other.hears("matched").await;
    drop(one);
    assert_eq!(other.hears("left").await["reason"], "gone");
    let mut late = stage.visitor().await;
    late.say(json!({"type": "resume", "token": token})).await;
    late.hears_error("unknown_token").await;
}

#[tokio::test]
async fn whoever_goes_before_the_answer_leaves_nothing_behind() {
    let config = config::Lobby::default();
    let mut stage = Stage::set(config, Patience::default(), |_| vec![]).await;
    let mut visitor = stage.visitor().await;
    visitor.say(video_join()).await;
    let opened = stage.opened().await;
    drop(visitor);
    let Command::Close { leg } = stage.asked().await else {
        panic!("the leg is not closed")
    };
    assert_eq!(leg, opened);
}

#[tokio::test]
async fn a_frame_over_the_limit_closes_with_1009() {
    let stage = Stage::new().await;
    let mut visitor = stage.visitor().await;
    visitor
        .send(Frame::text("x".repeat(limits::SIGNAL_MESSAGE_BYTES + 1)))
        .await;
    assert_eq!(visitor.closed().await, Some(CloseCode::Size));
    let mut visitor = stage.visitor().await;
    let note = "x".repeat(limits::SIGNAL_MESSAGE_BYTES - 100);
    visitor
        .say(json!({"type": "report", "category": "other", "note": note}))
        .await;
    visitor.hears_error("not_joined").await;
}

#[tokio::test]
async fn a_binary_frame_closes_with_1003() {
    let stage = Stage::new().await;
    let mut visitor = stage.visitor().await;
    visitor.send(Frame::binary(vec![1, 2, 3])).await;
    assert_eq!(visitor.closed().await, Some(CloseCode::Unsupported));
}

#[tokio::test]
async fn one_who_answers_no_ping_is_lost() {
    let patience = Patience {
        ping_every: Duration::from_millis(20),
        silence: Duration::from_millis(200),
        ..Patience::default()
    };
    let config = config::Lobby {
        grace_ms: 0,
        ..config::Lobby::default()
    };
    let stage = Stage::set(config, patience, willing).await;
    // The one who is not read from answers no ping; the other does, by being read from.
    let [_deaf, mut other] = stage.text_pair().await;
    assert_eq!(other.hears("left").await["reason"], "gone");
}

#[tokio::test]
async fn one_who_answers_pings_may_say_nothing_else() {
    let patience = Patience {
        ping_every: Duration::from_millis(20),
        silence: Duration::from_millis(200),
        ..Patience::default()
    };
    let config = config::Lobby {
        waiting_every_ms: 1_000,
        ..config::Lobby::default()
    };
    let stage = Stage::set(config, patience, willing).await;
    let mut quiet = stage.by_text().await;
    for _ in 0..2 {
        quiet.hears("waiting").await;
    }
}

#[tokio::test]
async fn one_who_never_says_a_word_is_let_go() {
    let patience = Patience {
        first: Duration::from_millis(50),
        ..Patience::default()
    };
    let stage = Stage::set(config::Lobby::default(), patience, willing).await;
    let mut mute = stage.visitor().await;
    assert_eq!(mute.closed().await, Some(CloseCode::Policy));
}

#[tokio::test]
async fn a_slow_reader_is_given_up_and_slows_nobody() {
    let config = config::Lobby {
        grace_ms: 0,
        chat_burst: 10_000,
        max_chat_chars: 8_000,
        ..config::Lobby::default()
    };
    // Nothing but its full queue gives it away.
    let patience = Patience {
        send: Duration::from_secs(600),
        silence: Duration::from_secs(600),
        ..Patience::default()
    };
    let stage = Stage::set(config, patience, willing).await;
    let [_deaf, mut talker] = stage.text_pair().await;
    let text = "x".repeat(8_000);
    // The deaf one's socket buffers fill, then its queue; the talker is never held up.
    let left = timeout(LONG, async {
        loop {
            talker.say(json!({"type": "chat", "text": text})).await;
            if let Some(message) = talker.heard_already().await {
                return message;
            }
        }
    });
    let left = left.await.expect("the deaf one is given up in time");
    assert_eq!(left["type"], "left", "{left}");
}

#[tokio::test]
async fn tokens_are_long_and_never_alike() {
    let stage = Stage::new().await;
    let mut seen = std::collections::BTreeSet::new();
    let mut visitors = Vec::new();
    for _ in 0..20 {
        let (visitor, token) = with_token(&stage).await;
        // 4 bits a character.
        assert!(token.len() * 4 >= 128 && token.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert!(seen.insert(token));
        visitors.push(visitor);
    }
}
