//! Access tokens at the door of a real server, and pages from elsewhere.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use visavis::access::{Claims, Keyring, SigningKey};
use visavis::config::{self, KeyAlgorithm};
use visavis::http::entrance::Entrance;

use crate::stage::Stage;

const SECRET: &[u8] = b"a secret of more than thirty-two characters";

#[expect(clippy::disallowed_methods, reason = "a token ends by the clock")]
fn now_s() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

fn access() -> config::Access {
    config::Access {
        guests: false,
        ..config::Access::default()
    }
}

/// The key that [`token`] signs with.
pub(crate) fn keyring() -> Keyring {
    let mut keyring = Keyring::default();
    keyring.add("main", KeyAlgorithm::Hs256, SECRET).unwrap();
    keyring
}

async fn stage_with(access: &config::Access, lobby: config::Lobby) -> Stage {
    Stage::behind(
        lobby,
        Entrance::new(access, &config::Http::default(), keyring()),
    )
    .await
}

async fn stage() -> Stage {
    stage_with(&access(), config::Lobby::default()).await
}

/// A token that says this and, unless it says otherwise, may visit for a minute.
fn token_under(secret: &[u8], said: Value) -> String {
    let mut claims = json!({ "grants": ["visit"], "exp": now_s() + 60 });
    let fields = claims.as_object_mut().unwrap();
    fields.extend(said.as_object().unwrap().clone());
    let claims: Claims = serde_json::from_value(claims).unwrap();
    let key = SigningKey::read("main", KeyAlgorithm::Hs256, secret).unwrap();
    key.sign(&claims).unwrap()
}

pub(crate) fn token(said: Value) -> String {
    token_under(SECRET, said)
}

fn join(token: &str) -> Value {
    json!({"type": "join", "mode": "text", "adult": true, "token": token})
}

#[tokio::test]
async fn whoever_brings_a_good_token_is_let_in() {
    let stage = stage().await;
    let mut visitor = stage.visitor().await;
    let said =
        json!({ "sub": "ada", "attributes": { "interests": ["Bees"], "languages": ["fr"] } });
    visitor.say(join(&token(said.clone()))).await;
    visitor.hears("joined").await;
    visitor.hears("waiting").await;
    let mut other = stage.visitor().await;
    let mut own_words = join(&token(said));
    own_words["interests"] = json!(["wasps"]);
    other.say(own_words).await;
    other.hears("joined").await;
    let matched = other.hears("matched").await;
    assert_eq!(matched["interests"], json!(["bees"]), "{matched}");
    assert_eq!(matched["languages"], json!(["fr"]), "{matched}");
}

#[tokio::test]
async fn whatever_is_wrong_with_a_token_is_told_in_the_same_words() {
    let stage = stage().await;
    let once = token(json!({ "jti": "once" }));
    let mut first = stage.visitor().await;
    first.say(join(&once)).await;
    first.hears("joined").await;

    let mut said = Vec::new();
    let good = token(json!({}));
    let (rest, _) = good.rsplit_once('.').unwrap();
    for bad in [
        once.clone(),
        token(json!({ "exp": 1 })),
        token(json!({ "nbf": now_s() + 3600 })),
        token_under(
            b"another secret of more than thirty-two characters",
            json!({}),
        ),
        format!("{rest}."),
        "no token at all".to_owned(),
        "a".repeat(50_000),
    ] {
        let mut visitor = stage.visitor().await;
        visitor.say(join(&bad)).await;
        said.push(visitor.hears_error("unauthorized").await);
    }
    let mut visitor = stage.visitor().await;
    visitor
        .say(json!({"type": "join", "mode": "text", "adult": true}))
        .await;
    said.push(visitor.hears_error("unauthorized").await);
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
    // The WebSocket is as good as before, for one who has found a token.
    visitor.say(join(&good)).await;
    visitor.hears("joined").await;
}

#[tokio::test]
async fn a_token_for_something_else_and_an_age_that_is_not_let_in_are_told() {
    let stage = stage().await;
    let mut visitor = stage.visitor().await;
    visitor
        .say(join(&token(json!({ "grants": ["watch"] }))))
        .await;
    visitor.hears_error("forbidden").await;
    let young = json!({ "age": { "band": "13-15", "assurance": "verified" } });
    visitor.say(join(&token(young))).await;
    visitor.hears_error("age_not_assured").await;
    let mut minor = join(&token(json!({})));
    minor["adult"] = json!(false);
    visitor.say(minor).await;
    visitor.hears_error("adults_only").await;
    assert_eq!(stage.control.online(), 0);
}

#[tokio::test]
async fn bands_of_ages_do_not_meet_at_the_door_of_one_server() {
    let mut access = access();
    let young = "16-17=verified".parse().unwrap();
    access.least_assurance.push(young);
    let stage = stage_with(&access, config::Lobby::default()).await;
    let of = |band| {
        join(&token(
            json!({ "age": { "band": band, "assurance": "verified" } }),
        ))
    };
    let mut first = Vec::new();
    for band in ["16-17", "adult"] {
        let mut visitor = stage.visitor().await;
        visitor.say(of(band)).await;
        visitor.hears("joined").await;
        visitor.hears("waiting").await;
        first.push(visitor);
    }
    let mut late = stage.visitor().await;
    late.say(of("16-17")).await;
    late.hears_in_time("matched").await;
    first[0].hears_in_time("matched").await;
    assert_eq!(first[1].heard_already().await, None);
}

#[tokio::test]
async fn whoever_is_turned_away_tries_again_with_the_same_token() {
    let lobby = config::Lobby {
        max_sessions: 2,
        ..config::Lobby::default()
    };
    let stage = stage_with(&access(), lobby).await;
    let mut here = Vec::new();
    for _ in 0..2 {
        let mut visitor = stage.visitor().await;
        visitor.say(join(&token(json!({})))).await;
        visitor.hears("joined").await;
        here.push(visitor);
    }
    let once = token(json!({ "jti": "once" }));
    let mut late = stage.visitor().await;
    late.say(join(&once)).await;
    late.hears_error("full").await;
    here[0].say(json!({"type": "leave"})).await;
    here[0].hears_in_time("bye").await;
    late.say(join(&once)).await;
    late.hears("joined").await;
}

#[tokio::test]
async fn a_page_from_elsewhere_opens_a_websocket_only_where_it_is_listed() {
    let mut access = config::Access::default();
    let listed = "https://chat.example.org";
    access.origins.push(listed.parse().unwrap());
    let stage = stage_with(&access, config::Lobby::default()).await;
    let own = format!("http://{}", stage.address());
    for origin in [own.as_str(), listed] {
        assert!(stage.visitor_from(origin).await.is_ok(), "{origin}");
    }
    for origin in ["https://evil.example", "null", "http://localhost:1"] {
        let refused = stage.visitor_from(origin).await.err();
        assert_eq!(refused, Some(403), "{origin}");
    }
}
