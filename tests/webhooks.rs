//! Webhooks over real connections: what a receiver gets, and what one that misbehaves costs others.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::fs;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use visavis::config;
use visavis::http::webhook_keys::WebhookKeysError;
use visavis::http::webhooks::{WebhookError, Webhooks};

const EVER: Duration = Duration::from_secs(30);

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What a receiver does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Good,
    /// Answers 500 so many times, then is good.
    Failing(usize),
    Hanging,
    Endless,
    Redirecting,
    Gone,
}

#[derive(Clone)]
struct Receiver {
    manner: Manner,
    asked: Arc<AtomicUsize>,
    taken: mpsc::UnboundedSender<(String, String)>,
}

/// A receiver's URL and what it took: the id and the body of each.
struct Held {
    url: String,
    asked: Arc<AtomicUsize>,
    taken: mpsc::UnboundedReceiver<(String, String)>,
}

impl Held {
    async fn new(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, taken) = mpsc::unbounded_channel();
        let asked = Arc::new(AtomicUsize::new(0));
        let receiver = Receiver {
            manner,
            asked: Arc::clone(&asked),
            taken: sender,
        };
        let router = Router::new()
            .route("/hook", post(take))
            .route("/other", any(take))
            .with_state(receiver);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url: format!("http://{address}/hook"),
            asked,
            taken,
        }
    }

    async fn next(&mut self) -> (String, String) {
        let next = timeout(EVER, self.taken.recv()).await;
        next.expect("an event comes in time").unwrap()
    }

    async fn asked(&self, times: usize) {
        let asked = async {
            while self.asked.load(Ordering::Relaxed) < times {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(EVER, asked).await.expect("it is asked in time");
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> Response {
    let before = receiver.asked.fetch_add(1, Ordering::Relaxed);
    match receiver.manner {
        Manner::Failing(times) if before < times => {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        Manner::Hanging => pending().await,
        Manner::Redirecting => return Redirect::temporary("/other").into_response(),
        Manner::Gone => return StatusCode::GONE.into_response(),
        Manner::Good | Manner::Failing(_) | Manner::Endless => {}
    }
    let header = |name| headers.get(name).unwrap().to_str().unwrap();
    let (id, seconds) = (header("webhook-id"), header("webhook-timestamp"));
    let body = String::from_utf8(body.to_vec()).unwrap();
    let secret = STANDARD.decode(SECRET.replace("whsec_", "")).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    let signature = header("webhook-signature").strip_prefix("v1,").unwrap();
    let signature = STANDARD.decode(signature).unwrap();
    let signed = format!("{id}.{seconds}.{body}");
    hmac::verify(&key, signed.as_bytes(), &signature).expect("it is signed");
    receiver.taken.send((id.to_owned(), body)).unwrap();
    if receiver.manner == Manner::Endless {
        let more = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>("more and more"));
        return Body::from_stream(more).into_response();
    }
    StatusCode::NO_CONTENT.into_response()
}

/// A folder of its own, with the secret in it.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("webhooks-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("secret"), format!("{SECRET}\n")).unwrap();
    folder
}

fn settings(folder: &Path, targets: &[&Held]) -> config::Webhooks {
    config::Webhooks {
        urls: targets.iter().map(|held| held.url.clone()).collect(),
        secret: folder.join("secret"),
        ..config::Webhooks::default()
    }
}

fn start(folder: &Path, targets: &[&Held]) -> Webhooks {
    let webhooks = start_resting(folder, targets);
    webhooks.deliver();
    webhooks
}

fn start_resting(folder: &Path, targets: &[&Held]) -> Webhooks {
    let started = Webhooks::start(&settings(folder, targets), folder).unwrap();
    started.expect("there are targets")
}

async fn close(webhooks: Webhooks) {
    let closing = tokio::task::spawn_blocking(move || webhooks.close());
    closing.await.unwrap();
}

fn tell(webhooks: &Webhooks, numbers: std::ops::Range<u64>) {
    for number in numbers {
        webhooks.tell(number, "connected", format!(r#"{{"n":{number}}}"#));
    }
}

async fn expect(held: &mut Held, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let expected = (number.to_string(), format!(r#"{{"n":{number}}}"#));
        assert_eq!(held.next().await, expected);
    }
}

#[tokio::test]
async fn events_come_signed_and_in_order() {
    let mut held = Held::new(Manner::Good).await;
    let webhooks = start(&folder("order"), &[&held]);
    tell(&webhooks, 1..200);
    expect(&mut held, 1..200).await;
}

#[tokio::test]
async fn a_target_that_fails_gets_it_again_and_nothing_before_it() {
    let mut held = Held::new(Manner::Failing(2)).await;
    let webhooks = start(&folder("again"), &[&held]);
    tell(&webhooks, 1..4);
    expect(&mut held, 1..4).await;
    assert_eq!(held.asked.load(Ordering::Relaxed), 5);
}

#[tokio::test]
async fn a_restart_loses_nothing_and_sends_nothing_twice() {
    let folder = folder("restart");
    let mut held = Held::new(Manner::Failing(1)).await;
    let webhooks = start(&folder, &[&held]);
    tell(&webhooks, 1..50);
    // The first has failed by now, and waits for its turn.
    held.asked(1).await;
    close(webhooks).await;
    let again = start(&folder, &[&held]);
    expect(&mut held, 1..50).await;
    tell(&again, 50..51);
    expect(&mut held, 50..51).await;
    assert!(held.taken.try_recv().is_err(), "nothing comes twice");
}

#[tokio::test]
async fn what_one_server_has_left_another_on_the_same_store_delivers() {
    let folder = folder("left");
    let mut held = Held::new(Manner::Good).await;
    let older = start(&folder, &[&held]);
    let newer = start_resting(&folder, &[&held]);
    tell(&older, 1..100);
    expect(&mut held, 1..10).await;
    older.rest().await;
    tell(&newer, 100..120);
    newer.deliver();
    let mut taken = vec![];
    while taken.last() != Some(&119) {
        taken.push(held.next().await.0.parse().unwrap());
    }
    assert_eq!(taken, (10..120).collect::<Vec<u64>>());
    close(older).await;
}

#[tokio::test]
async fn a_target_that_hangs_or_talks_without_end_holds_up_nobody() {
    let hanging = Held::new(Manner::Hanging).await;
    let redirecting = Held::new(Manner::Redirecting).await;
    let mut endless = Held::new(Manner::Endless).await;
    let mut good = Held::new(Manner::Good).await;
    let targets = [&hanging, &redirecting, &endless, &good];
    let webhooks = start(&folder("others"), &targets);
    tell(&webhooks, 1..100);
    expect(&mut good, 1..100).await;
    hanging.asked(1).await;
    // It has said 200, and that is all that is heard.
    expect(&mut endless, 1..5).await;
    redirecting.asked(2).await;
    let mut redirecting = redirecting;
    assert!(redirecting.taken.try_recv().is_err(), "it is not followed");
}

#[tokio::test]
async fn who_is_gone_is_told_nothing_more() {
    let gone = Held::new(Manner::Gone).await;
    let mut good = Held::new(Manner::Good).await;
    let webhooks = start(&folder("gone"), &[&gone, &good]);
    tell(&webhooks, 1..2);
    gone.asked(1).await;
    expect(&mut good, 1..2).await;
    tell(&webhooks, 2..20);
    expect(&mut good, 2..20).await;
    assert_eq!(gone.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn only_what_is_asked_for_is_sent() {
    let mut held = Held::new(Manner::Good).await;
    let folder = folder("filter");
    let mut settings = settings(&folder, &[&held]);
    settings.events = vec!["closed".to_owned()];
    let webhooks = Webhooks::start(&settings, &folder).unwrap().unwrap();
    webhooks.deliver();
    tell(&webhooks, 1..3);
    webhooks.tell(3, "closed", "{}".to_owned());
    assert_eq!(held.next().await, ("3".to_owned(), "{}".to_owned()));
}

#[tokio::test]
async fn what_is_wrong_is_told_at_the_start() {
    let held = Held::new(Manner::Good).await;
    let folder = folder("wrong");
    let refused = |settings: &config::Webhooks| Webhooks::start(settings, &folder).unwrap_err();
    let mut wrong = settings(&folder, &[&held]);
    wrong.urls = vec!["ftp://host/".to_owned()];
    assert!(matches!(refused(&wrong), WebhookError::Target(_)));
    let mut wrong = settings(&folder, &[&held]);
    wrong.secret = folder.join("no such file");
    assert!(matches!(
        refused(&wrong),
        WebhookError::Secret(WebhookKeysError::File { .. })
    ));
    let mut wrong = settings(&folder, &[&held]);
    wrong.events = vec!["closed".to_owned(), "conected".to_owned()];
    let error = refused(&wrong);
    assert!(matches!(error, WebhookError::NoEvent(_)));
    assert!(
        error
            .to_string()
            .starts_with("conected is no event; there are opened, ")
    );
    fs::write(folder.join("secret"), "hunter2").unwrap();
    let wrong = settings(&folder, &[&held]);
    assert!(matches!(
        refused(&wrong),
        WebhookError::Secret(WebhookKeysError::NoSecret(_))
    ));
}

#[tokio::test]
async fn a_try_is_signed_and_says_of_each_target_whether_it_took_it() {
    let (mut good, redirecting) = (
        Held::new(Manner::Good).await,
        Held::new(Manner::Redirecting).await,
    );
    let folder = folder("trial");
    let mut settings = settings(&folder, &[&good, &redirecting]);
    settings.urls.push("http://127.0.0.1:1/nobody".to_owned());
    let trials = Webhooks::try_out(&settings).await.unwrap();
    let failures: Vec<_> = trials.into_iter().map(|trial| trial.failure).collect();
    assert_eq!(failures[0], None);
    assert_eq!(
        failures[1].as_deref(),
        Some("it answers 307 Temporary Redirect")
    );
    assert!(
        failures[2]
            .as_ref()
            .unwrap()
            .starts_with("it cannot be reached")
    );
    let (_, body) = good.next().await;
    assert_eq!(body, r#"{"leg":null,"type":"test"}"#);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is kept");
    settings.secret = folder.join("none");
    let no_secret = Webhooks::try_out(&settings).await;
    assert!(matches!(
        no_secret,
        Err(WebhookError::Secret(WebhookKeysError::File { .. }))
    ));
}
