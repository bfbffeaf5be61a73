//! What visitors without a token do before they are let in.

use std::net::SocketAddr;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::{Form, State};
use axum::routing::post;
use axum::{Json, Router};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use visavis::access::solve;
use visavis::config::{self, ChallengeKind};
use visavis::http::challenges::{CaptchaError, Challenges};
use visavis::http::entrance::Entrance;

use crate::stage::{Stage, Visitor};
use crate::tokens;

fn work(free_joins: u32) -> config::Challenge {
    config::Challenge {
        free_joins,
        least_bits: 6,
        most_bits: 8,
        ..config::Challenge::default()
    }
}

async fn stage(challenge: &config::Challenge) -> Stage {
    let challenges = Challenges::new(challenge).unwrap();
    let entrance = Entrance::new(
        &config::Access::default(),
        &config::Http::default(),
        tokens::keyring(),
    );
    Stage::behind(config::Lobby::default(), entrance.asking(challenges)).await
}

fn join() -> Value {
    json!({"type": "join", "mode": "text", "adult": true})
}

fn join_with(proof: &str) -> Value {
    json!({"type": "join", "mode": "text", "adult": true, "proof": proof})
}

/// The answer to a proof of work.
fn answer(challenge: &Value) -> String {
    let bits = challenge["bits"].as_u64().unwrap();
    solve(
        challenge["text"].as_str().unwrap(),
        u32::try_from(bits).unwrap(),
    )
}

/// One that is certainly wrong: of few bits any is right by chance now and then.
fn wrong_answer(challenge: &Value) -> String {
    let text = challenge["text"].as_str().unwrap();
    let begins_with_one = |answer: &String| {
        digest(&SHA256, format!("{text}.{answer}").as_bytes()).as_ref()[0] >= 0x80
    };
    let mut answers = (0..).map(|number: u32| number.to_string());
    answers.find(begins_with_one).unwrap()
}

async fn is_asked(visitor: &mut Visitor) -> Value {
    visitor.say(join()).await;
    visitor.hears("challenge_required").await
}

#[tokio::test]
async fn one_who_has_done_the_work_is_let_in_and_nobody_else() {
    let stage = stage(&work(0)).await;
    let mut visitor = stage.visitor().await;
    let first = is_asked(&mut visitor).await;
    assert_eq!(
        (&first["kind"], &first["bits"]),
        (&json!("work"), &json!(6))
    );
    assert_eq!(is_asked(&mut visitor).await, first, "until it is answered");

    // An answer to what another was asked, and then one to what is no longer asked.
    let mut other = stage.visitor().await;
    let others = is_asked(&mut other).await;
    assert_ne!(others["text"], first["text"]);
    visitor.say(join_with(&wrong_answer(&first))).await;
    visitor.hears_error("challenge_failed").await;
    let second = is_asked(&mut visitor).await;
    assert_ne!(second["text"], first["text"]);
    visitor.say(join_with(&answer(&second))).await;
    visitor.hears("joined").await;
    other.say(join_with(&answer(&others))).await;
    other.hears("joined").await;
}

#[tokio::test]
async fn whoever_answers_wrong_again_and_again_is_not_listened_to() {
    let stage = stage(&work(0)).await;
    let mut visitor = stage.visitor().await;
    for _ in 0..3 {
        let asked = is_asked(&mut visitor).await;
        visitor.say(join_with(&wrong_answer(&asked))).await;
        visitor.hears_error("challenge_failed").await;
    }
    assert_eq!(visitor.closed().await, Some(CloseCode::Policy));
}

#[tokio::test]
async fn whoever_brings_a_token_or_comes_back_has_nothing_to_prove() {
    let stage = stage(&work(0)).await;
    let mut visitor = stage.visitor().await;
    let mut with_token = join();
    with_token["token"] = json!(tokens::token(json!({})));
    visitor.say(with_token).await;
    let joined = visitor.hears("joined").await;
    drop(visitor);
    let mut again = stage.visitor().await;
    again
        .say(json!({"type": "resume", "token": joined["resume"]}))
        .await;
    again.hears("resumed").await;
    let mut rubbish = stage.visitor().await;
    let mut with_rubbish = join();
    with_rubbish["token"] = json!("rubbish");
    rubbish.say(with_rubbish).await;
    rubbish.hears_error("unauthorized").await;
}

#[tokio::test]
async fn the_first_of_a_network_are_free_and_the_more_come_the_more_there_is_to_do() {
    let stage = stage(&work(3)).await;
    for _ in 0..3 {
        let mut visitor = stage.visitor_behind("192.0.2.1").await;
        visitor.say(join()).await;
        visitor.hears("joined").await;
    }
    let mut bits = Vec::new();
    for _ in 0..22 {
        let asked = is_asked(&mut stage.visitor_behind("192.0.2.1").await).await;
        bits.push(asked["bits"].as_u64().unwrap());
    }
    let many = |wanted| bits.iter().filter(|bits| **bits == wanted).count();
    assert_eq!([6, 7, 8].map(many), [2, 6, 14], "{bits:?}");
    let mut elsewhere = stage.visitor_behind("192.0.2.2").await;
    elsewhere.say(join()).await;
    elsewhere.hears("joined").await;
    // Where nobody says from where they come, all the world may be behind one proxy.
    for _ in 0..10 {
        let mut visitor = stage.visitor().await;
        visitor.say(join()).await;
        visitor.hears("joined").await;
    }
}

/// A captcha's service: what it was told.
type Told = Arc<Mutex<Vec<Vec<(String, String)>>>>;

async fn verify(State(told): State<Told>, Form(form): Form<Vec<(String, String)>>) -> Json<Value> {
    let of = |name| {
        form.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    };
    let (secret, response) = (of("secret"), of("response"));
    told.lock().push(form);
    if secret.as_deref() != Some("s&cret") {
        return Json(json!({"success": false, "error-codes": ["invalid-input-secret"]}));
    }
    Json(json!({"success": response.as_deref() == Some("a good one")}))
}

async fn service() -> (SocketAddr, Told) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let told = Told::default();
    let router = Router::new()
        .route("/siteverify", post(verify))
        .with_state(told.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, told)
}

fn captcha(name: &str, address: SocketAddr, secret: &str) -> config::Challenge {
    let file = std::env::temp_dir().join(format!("visavis-{name}-{}", std::process::id()));
    std::fs::write(&file, secret).unwrap();
    config::Challenge {
        kind: ChallengeKind::Captcha,
        captcha_url: format!("http://{address}/siteverify"),
        captcha_site_key: "the-site".to_owned(),
        captcha_secret: file,
        ..work(0)
    }
}

#[tokio::test]
async fn a_captchas_service_has_the_word() {
    let (address, told) = service().await;
    let stage = stage(&captcha("captcha-word", address, "s&cret\n")).await;
    let mut visitor = stage.visitor().await;
    let asked = is_asked(&mut visitor).await;
    let expected = json!({
        "type": "challenge_required", "kind": "captcha", "text": null, "bits": null,
        "site_key": "the-site",
    });
    assert_eq!(asked, expected);
    visitor.say(join_with("a bad one")).await;
    visitor.hears_error("challenge_failed").await;
    is_asked(&mut visitor).await;
    visitor.say(join_with("a good one")).await;
    visitor.hears("joined").await;
    let mut long = stage.visitor().await;
    is_asked(&mut long).await;
    long.say(join_with(&"a".repeat(10_000))).await;
    long.hears_error("challenge_failed").await;
    let told = told.lock().clone();
    let forms = ["a bad one", "a good one"].map(|response| {
        [
            ("secret", "s&cret"),
            ("response", response),
            ("sitekey", "the-site"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .to_vec()
    });
    assert_eq!(told, forms, "and nothing of the visitor");
}

#[tokio::test]
async fn nobody_comes_in_by_a_captcha_that_nobody_can_check() {
    let (address, _) = service().await;
    let nowhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = nowhere.local_addr().unwrap();
    drop(nowhere);
    for config in [
        captcha("captcha-closed", closed, "s&cret"),
        captcha("captcha-unknown", address, "another"),
    ] {
        let stage = stage(&config).await;
        let mut visitor = stage.visitor().await;
        is_asked(&mut visitor).await;
        // It is not the visitor's fault: they may try as often as they like.
        for _ in 0..5 {
            visitor.say(join_with("a good one")).await;
            let refused = visitor.hears_error("challenge_failed").await;
            assert_eq!(refused["retry_after_ms"], 5_000, "{refused}");
        }
        is_asked(&mut visitor).await;
    }
}

#[test]
fn a_captcha_without_its_secret_is_refused() {
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let empty = captcha("captcha-empty", address, " \n");
    assert!(matches!(
        Challenges::new(&empty),
        Err(CaptchaError::Empty(_))
    ));
    let missing = config::Challenge {
        captcha_secret: "/nowhere/captcha.secret".into(),
        ..empty
    };
    assert!(matches!(
        Challenges::new(&missing),
        Err(CaptchaError::Secret { .. })
    ));
    let nowhere = config::Challenge {
        captcha_url: "siteverify".to_owned(),
        ..captcha("captcha-url", address, "s&cret")
    };
    assert!(matches!(
        Challenges::new(&nowhere),
        Err(CaptchaError::Destination(_))
    ));
}
