//! The shape of a stay, as `docs/signaling.md` draws it.

use serde_json::json;
use visavis::codec::VideoCodec;
use visavis::config;
use visavis::http::signal::Patience;
use visavis::media::{Command, Ends, Event};
use visavis::private::Private;

use crate::stage::{Stage, video_join};

#[tokio::test]
async fn a_stay_by_video_goes_as_the_documentation_draws_it() {
    let mut stage = Stage::new().await;
    let mut one = stage.visitor().await;
    one.say(video_join()).await;
    let joined = one.hears("joined").await;
    assert_eq!(joined["online"], 1);
    assert_eq!(
        joined["limits"]["chat_chars"],
        config::Lobby::default().max_chat_chars
    );
    assert_eq!(one.hears("answer").await["sdp"], "the answer");
    assert_eq!(one.hears("connection").await["state"], "connected");
    let waiting = one.hears("waiting").await;
    assert_eq!(waiting["usual_wait_ms"], json!(null));

    let mut other = stage.by_video().await;
    let matched = one.hears("matched").await;
    assert_eq!(matched["match"], other.hears("matched").await["match"]);
    let (first, second) = (stage.opened().await, stage.opened().await);
    let Command::Match { ends, .. } = stage.asked().await else {
        panic!("no match")
    };
    let expected = [first, second].map(Ends::from);
    assert!(ends == expected || ends == [expected[1], expected[0]]);

    one.say(json!({"type": "chat", "text": "hello"})).await;
    assert_eq!(other.hears("chat").await["text"], "hello");
    other.say(json!({"type": "typing", "active": true})).await;
    assert_eq!(one.hears("typing").await["active"], true);

    one.say(json!({"type": "next"})).await;
    one.hears("waiting").await;
    assert_eq!(other.hears("left").await["reason"], "next");
    assert!(matches!(stage.asked().await, Command::Part { .. }));

    one.say(json!({"type": "stop"})).await;
    assert_eq!(one.hears("idle").await["online"], 2);
    one.say(json!({"type": "leave"})).await;
    assert_eq!(one.hears("bye").await["reason"], "left");
    one.closed().await;
    let Command::Close { leg } = stage.asked().await else {
        panic!("the leg is not closed")
    };
    assert_eq!(leg, first);
}

#[tokio::test]
async fn a_stay_by_text_has_no_leg() {
    let mut stage = Stage::new().await;
    let [mut one, mut other] = stage.text_pair().await;
    one.say(json!({"type": "chat", "text": "héllo"})).await;
    assert_eq!(other.hears("chat").await["text"], "héllo");
    one.say(json!({"type": "leave"})).await;
    one.hears("bye").await;
    other.hears("left").await;
    assert!(
        stage.commands.try_recv().is_err(),
        "the media plane hears nothing of it"
    );
}

#[tokio::test]
async fn joined_is_said_only_when_the_answer_is_there() {
    let mut stage = Stage::set(config::Lobby::default(), Patience::default(), |_| vec![]).await;
    let mut visitor = stage.visitor().await;
    visitor.say(video_join()).await;
    let leg = stage.opened().await;
    // Whatever is said meanwhile is answered first: nothing else was said before it.
    visitor.say(json!({"type": "next"})).await;
    visitor.hears_error("not_joined").await;
    let answer = Private::new("late".to_owned());
    stage
        .tell(Event::Answered {
            leg,
            answer,
            video: VideoCodec::Vp8,
        })
        .await;
    visitor.hears("joined").await;
    assert_eq!(visitor.hears("answer").await["sdp"], "late");
}

#[tokio::test]
async fn what_two_have_in_common_is_told() {
    let stage = Stage::new().await;
    let join = |interests: &[&str]| {
        json!({"type": "join", "mode": "text", "adult": true,
               "interests": interests, "languages": ["fr-CA"]})
    };
    let (mut one, mut other) = (stage.visitor().await, stage.visitor().await);
    one.say(join(&["Chess", "cats"])).await;
    other.say(join(&["music", "chess"])).await;
    let matched = one.hears_in_time("matched").await;
    assert_eq!(matched["interests"], json!(["chess"]));
    assert_eq!(matched["languages"], json!(["fr"]));
}

#[tokio::test]
async fn interests_can_be_given_up_while_waiting() {
    let stage = Stage::new().await;
    let mut one = stage.visitor().await;
    one.say(json!({"type": "join", "mode": "text", "adult": true, "interests": ["chess"]}))
        .await;
    one.hears("joined").await;
    assert_eq!(one.hears("waiting").await["by_interests"], true);
    let mut other = stage.by_text().await;
    other.hears("waiting").await;
    one.say(json!({"type": "interests", "interests": []})).await;
    one.hears("matched").await;
}

#[tokio::test]
async fn a_report_is_taken_once() {
    let stage = Stage::new().await;
    let [mut one, _other] = stage.text_pair().await;
    let report = json!({"type": "report", "category": "spam", "note": "sells"});
    one.say(report.clone()).await;
    one.hears("reported").await;
    one.say(report).await;
    one.hears_error("no_partner").await;
}

#[tokio::test]
async fn a_leg_that_falls_silent_is_told_to_both_and_heard_again() {
    let mut stage = Stage::new().await;
    let [mut one, mut other] = stage.video_pair().await;
    let leg = stage.opened().await;
    stage.tell(Event::Silent { leg }).await;
    assert_eq!(one.hears("left").await["reason"], "lost");
    assert_eq!(one.hears("connection").await["state"], "silent");
    assert_eq!(other.hears("left").await["reason"], "lost");

    one.say(json!({"type": "offer", "sdp": "new credentials"}))
        .await;
    one.hears("answer").await;
    stage.tell(Event::Heard { leg }).await;
    assert_eq!(one.hears("connection").await["state"], "connected");
}

#[tokio::test]
async fn the_offer_reaches_the_media_plane_as_it_is() {
    let mut stage = Stage::new().await;
    let _visitor = stage.by_video().await;
    let Command::Open { offer, .. } = stage.asked().await else {
        panic!("no offer")
    };
    assert_eq!(offer.reveal(), "an offer");
}

#[tokio::test]
async fn how_many_are_online_is_told_to_anybody() {
    let stage = Stage::new().await;
    assert!(stage.get("/v1/online").await.ends_with("{\"online\":0}"));
    let _pair = stage.text_pair().await;
    assert!(stage.get("/v1/online").await.ends_with("{\"online\":2}"));
}

#[tokio::test]
async fn the_first_picture_is_told_to_the_one_who_sees_it() {
    let mut stage = Stage::new().await;
    let [mut one, mut other] = stage.video_pair().await;
    let leg = stage.opened().await;
    stage.opened().await;
    let Command::Match { match_id, .. } = stage.asked().await else {
        panic!("no match");
    };
    let picture = |timestamp| Event::FirstPicture {
        match_id,
        leg,
        timestamp,
        after_ms: 20,
    };
    stage.tell(picture(7)).await;
    let told = other.hears("picture").await;
    assert_eq!(
        (&told["match"], &told["timestamp"]),
        (&json!(match_id.to_string()), &json!(7))
    );

    one.say(json!({"type": "stop"})).await;
    one.hears("idle").await;
    other.hears("left").await;
    // The picture of a match that is over is nobody's.
    stage.tell(picture(8)).await;
    other.say(json!({"type": "stop"})).await;
    other.hears("idle").await;
}
