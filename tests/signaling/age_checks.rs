//! Visitors whose age is not assured well enough, and the service that checks it.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use visavis::config;
use visavis::http::age_checks::AgeChecks;
use visavis::http::entrance::Entrance;
use visavis::http::webhook_keys::new_secret;

use crate::stage::{Stage, Visitor};
use crate::tokens;

/// The service of the operator's: what it signs with, and the server that knows it.
struct Service {
    stage: Stage,
    secret: String,
    file: PathBuf,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// Lets adults in whose age was verified, and those of 16 and 17.
async fn service(name: &str, guests: bool, wait_ms: u64) -> Service {
    let file = format!("visavis-age-{}-{name}.secret", std::process::id());
    let file = std::env::temp_dir().join(file);
    let secret = new_secret();
    std::fs::write(&file, &secret).unwrap();
    let checks = AgeChecks::read(&config::AgeCheck {
        url: "https://age.example/start?site=7".to_owned(),
        secret: file.clone(),
        wait_ms,
    });
    let access = config::Access {
        guests,
        least_assurance: ["adult=verified", "16-17=verified"]
            .map(|text| text.parse().unwrap())
            .to_vec(),
        ..config::Access::default()
    };
    let entrance = Entrance::new(&access, &config::Http::default(), tokens::keyring());
    let entrance = entrance.checking(checks.unwrap());
    let stage = Stage::behind(config::Lobby::default(), entrance).await;
    Service {
        stage,
        secret,
        file,
    }
}

#[expect(clippy::disallowed_methods, reason = "a signature is of a time")]
fn now_s() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

fn signature(secret: &str, time: u64, body: &str) -> String {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap());
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key.unwrap());
    let tag = hmac::sign(&key, format!("msg_1.{time}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
}

impl Service {
    /// Says something of a check, signed with a secret: the status.
    async fn says_by(&self, secret: &str, check: &str, body: &str) -> u16 {
        let time = now_s();
        let signature = signature(secret, time, body);
        let request = format!(
            "POST /v1/age-checks/{check} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nwebhook-id: msg_1\r\n\
             webhook-timestamp: {time}\r\nwebhook-signature: {signature}\r\n\r\n{body}",
            body.len(),
        );
        let mut stream = TcpStream::connect(self.stage.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    async fn says(&self, check: &str, age: Value) -> u16 {
        let body = json!({ "age": age }).to_string();
        self.says_by(&self.secret, check, &body).await
    }
}

fn verified(band: &str) -> Value {
    json!({ "band": band, "assurance": "verified" })
}

fn join() -> Value {
    json!({"type": "join", "mode": "text", "adult": true})
}

/// The name of the check that a visitor is sent to.
async fn is_sent(visitor: &mut Visitor, join: Value) -> String {
    visitor.say(join).await;
    let asked = visitor.hears("age_check_required").await;
    let check = asked["check"].as_str().unwrap().to_owned();
    let url = format!("https://age.example/start?site=7&check={check}");
    assert_eq!(asked["url"], url);
    check
}

#[tokio::test]
async fn one_whose_age_is_found_comes_in_and_nobody_else() {
    let service = service("found", true, 60_000).await;
    let mut ada = service.stage.visitor().await;
    let mut bob = service.stage.visitor().await;
    let check = is_sent(&mut ada, join()).await;
    assert_eq!(is_sent(&mut ada, join()).await, check, "until it is over");
    assert_ne!(is_sent(&mut bob, join()).await, check);
    assert_eq!(service.says(&check, verified("adult")).await, 204);
    assert_eq!(service.says(&check, verified("adult")).await, 409);
    ada.hears("age_checked").await;
    ada.say(join()).await;
    ada.hears("joined").await;

    // It has done what it was for: nobody else comes in by it.
    assert_eq!(service.says(&check, verified("adult")).await, 404);
    let mut eve = service.stage.visitor().await;
    let with = json!({"type": "join", "mode": "text", "adult": true, "age_check": check});
    assert_ne!(is_sent(&mut eve, with).await, check);
}

#[tokio::test]
async fn one_for_whom_nothing_is_vouched_stays_outside() {
    let service = service("nothing", true, 60_000).await;
    for age in [
        Value::Null,
        json!({ "band": "adult", "assurance": "estimated" }),
        verified("13-15"),
    ] {
        let mut visitor = service.stage.visitor().await;
        let check = is_sent(&mut visitor, join()).await;
        assert_eq!(service.says(&check, age).await, 204);
        visitor.hears("age_checked").await;
        visitor.say(join()).await;
        visitor.hears_error("age_not_assured").await;
    }
}

#[tokio::test]
async fn a_check_outlives_the_websocket_it_began_on() {
    let service = service("outlives", true, 60_000).await;
    let mut before = service.stage.visitor().await;
    let check = is_sent(&mut before, join()).await;
    drop(before);
    let with = json!({"type": "join", "mode": "text", "adult": true, "age_check": check});
    let mut meanwhile = service.stage.visitor().await;
    assert_eq!(is_sent(&mut meanwhile, with.clone()).await, check);
    assert_eq!(service.says(&check, verified("adult")).await, 204);
    let mut after = service.stage.visitor().await;
    after.say(with).await;
    after.hears("joined").await;
}

#[tokio::test]
async fn who_says_to_be_no_adult_may_be_found_to_be_of_another_band() {
    let service = service("younger", true, 60_000).await;
    let mut young = service.stage.visitor().await;
    let says_no = json!({"type": "join", "mode": "text", "adult": false});
    let check = is_sent(&mut young, says_no.clone()).await;
    assert_eq!(service.says(&check, verified("16-17")).await, 204);
    young.hears("age_checked").await;
    young.say(says_no).await;
    young.hears("joined").await;
    young.hears("waiting").await;

    let mut adult = service.stage.visitor().await;
    let check = is_sent(&mut adult, join()).await;
    service.says(&check, verified("adult")).await;
    adult.hears("age_checked").await;
    adult.say(join()).await;
    adult.hears("joined").await;
    adult.hears("waiting").await;
    // Bands do not meet: each of the two waits on.
    service.stage.get("/v1/online").await;
    for visitor in [&mut young, &mut adult] {
        assert_eq!(visitor.heard_already().await, None);
    }
}

#[tokio::test]
async fn a_token_says_who_it_is_and_the_check_how_old() {
    let service = service("token", false, 60_000).await;
    let mut visitor = service.stage.visitor().await;
    let once = tokens::token(json!({ "jti": "one", "sub": "ada" }));
    let with = json!({"type": "join", "mode": "text", "adult": true, "token": once});
    let check = is_sent(&mut visitor, with.clone()).await;
    assert_eq!(service.says(&check, verified("adult")).await, 204);
    visitor.hears("age_checked").await;
    visitor.say(with).await;
    visitor.hears("joined").await;
    // Without a token nobody is sent anywhere.
    let mut guest = service.stage.visitor().await;
    guest.say(join()).await;
    guest.hears_error("unauthorized").await;
}

#[tokio::test]
async fn what_the_service_has_not_signed_is_refused() {
    let service = service("unsigned", true, 60_000).await;
    let mut visitor = service.stage.visitor().await;
    let check = is_sent(&mut visitor, join()).await;
    let body = json!({ "age": verified("adult") }).to_string();
    assert_eq!(service.says_by(&new_secret(), &check, &body).await, 401);
    let own = &service.secret;
    for rubbish in [
        "",
        "{}x",
        "[]",
        r#"{"age":"adult"}"#,
        r#"{"age":null,"x":1}"#,
    ] {
        assert_eq!(
            service.says_by(own, &check, rubbish).await,
            400,
            "{rubbish}"
        );
    }
    assert_eq!(service.says_by(own, "nobody", &body).await, 404);
    let long = format!("{body}{}", " ".repeat(2_000));
    assert_eq!(service.says_by(own, &check, &long).await, 413);
    assert_eq!(service.says_by(own, &check, &body).await, 204);
}

#[tokio::test]
async fn who_takes_too_long_is_told_and_may_begin_again() {
    let service = service("late", true, 300).await;
    let mut visitor = service.stage.visitor().await;
    let check = is_sent(&mut visitor, join()).await;
    visitor.hears("age_checked").await;
    assert_eq!(service.says(&check, verified("adult")).await, 404);
    visitor.say(join()).await;
    visitor.hears_error("age_not_assured").await;
    assert_ne!(is_sent(&mut visitor, join()).await, check);
}
