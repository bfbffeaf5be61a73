//! A service of the operator's own, asked by HTTP: here a small one that checks what it is sent, as an
//! example of an adapter, and others that are late, broken or talk nonsense.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use visavis::classify::Judged;
use visavis::classify::afterwards::{Afterword, Signed, Unheard};
use visavis::classify::opinion::signature;
use visavis::classify::vendor::{ServiceSetError, ServiceSettings, ask_as_well};
use visavis::codec::VideoCodec;
use visavis::moderation::{Label, Outcome, Score, Verdict};

use crate::show::{EVER, frame, keyframe};

const SECRET: &str = "a secret of more than 16 bytes";

/// What a service does with a picture.
#[derive(Clone, Copy)]
enum Manner {
    /// Checks the signature, decodes the picture and answers in its own words.
    Adapter,
    Silent,
    Failing,
    Nonsense,
    /// Answers that more is to come.
    Later,
}

/// Counts what came.
#[derive(Clone)]
struct Seen(Manner, Arc<AtomicUsize>, mpsc::UnboundedSender<String>);

async fn look(State(seen): State<Seen>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    seen.1.fetch_add(1, Ordering::Relaxed);
    let said = match seen.0 {
        Manner::Adapter => return adapter(&headers, &body),
        Manner::Silent => std::future::pending().await,
        Manner::Failing => return (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
        Manner::Nonsense => "no answer".to_owned(),
        Manner::Later => {
            let key = headers.get("idempotency-key").unwrap();
            seen.2.send(key.to_str().unwrap().to_owned()).unwrap();
            return (StatusCode::ACCEPTED, String::new());
        }
    };
    (StatusCode::OK, said)
}

/// What an adapter for a vendor does, but for asking the vendor.
fn adapter(headers: &HeaderMap, body: &[u8]) -> (StatusCode, String) {
    let header = |name| headers.get(name).unwrap().to_str().unwrap();
    let seconds = header("visavis-timestamp").parse().unwrap();
    let signed = signature(SECRET.as_bytes(), seconds, header("idempotency-key"), body);
    if header("visavis-signature") != signed {
        return (StatusCode::FORBIDDEN, String::new());
    }
    assert_eq!(header("content-type"), "image/webp");
    let picture = visavis::classify::still::picture(body).unwrap();
    assert_eq!(picture.luma.width(), 320);
    let said = r#"{"labels": {"nudity": 0.75, "dog": 0.5}}"#;
    (StatusCode::OK, said.to_owned())
}

/// A service, and the settings to ask it by.
async fn service(name: &str, manner: Manner, secret: &str) -> (ServiceSettings, Arc<AtomicUsize>) {
    let (settings, count, _) = service_with_keys(name, manner, secret).await;
    (settings, count)
}

/// The same, and the names of the pictures of which more is to come.
async fn service_with_keys(
    name: &str,
    manner: Manner,
    secret: &str,
) -> (
    ServiceSettings,
    Arc<AtomicUsize>,
    mpsc::UnboundedReceiver<String>,
) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let (later, keys) = mpsc::unbounded_channel();
    let router = Router::new().route("/look", post(look)).with_state(Seen(
        manner,
        Arc::clone(&count),
        later,
    ));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (settings(name, address, secret), count, keys)
}

fn settings(name: &str, address: SocketAddr, secret: &str) -> ServiceSettings {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("service-{name}"));
    fs::write(&path, format!("{secret}\n")).unwrap();
    ServiceSettings {
        url: format!("http://{address}/look"),
        secret: path,
        labels: vec!["nudity=porn".to_owned()],
        deadline: EVER,
        at_once: 4,
    }
}

fn judged(leg: u64) -> Judged {
    let score = Score::new(Label::PORN, 0.25).unwrap();
    Judged {
        frame: frame(leg, keyframe()),
        verdict: Verdict::judged(vec![score], Arc::from("test"), Duration::ZERO),
    }
}

/// What becomes of these.
async fn completed(settings: &ServiceSettings, given: Vec<Judged>) -> Vec<Judged> {
    let (sender, receiver) = mpsc::channel(16);
    let mut answers = ask_as_well(settings, receiver).unwrap().judged;
    let many = given.len();
    let mut all = Vec::new();
    for judged in given {
        sender.send(judged).await.unwrap();
    }
    for _ in 0..many {
        let next = tokio::time::timeout(EVER, answers.recv()).await;
        all.push(next.unwrap().unwrap());
    }
    all
}

#[tokio::test]
async fn what_a_service_says_comes_beside_what_the_workers_say() {
    let (settings, count) = service("beside", Manner::Adapter, SECRET).await;
    for judged in completed(&settings, vec![judged(1), judged(2), judged(3)]).await {
        assert_eq!(judged.verdict.outcome, Outcome::Judged);
        assert!((judged.verdict.score_of(&Label::PORN) - 0.75).abs() < 1e-6);
        assert_eq!(&*judged.verdict.version, "test service");
        assert_eq!(judged.verdict.scores.len(), 2, "its other word is not ours");
    }
    assert_eq!(count.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn what_is_no_picture_or_cannot_be_shown_is_not_sent() {
    let (settings, count) = service("kept", Manner::Adapter, SECRET).await;
    let mut broken = judged(1);
    broken.verdict = Verdict::undecodable(Arc::from("test"), Duration::ZERO);
    let mut other = judged(2);
    other.frame.codec = VideoCodec::H264;
    let mut outcomes: Vec<_> = completed(&settings, vec![broken, other])
        .await
        .into_iter()
        .map(|judged| (judged.frame.leg.0, judged.verdict.outcome))
        .collect();
    outcomes.sort_by_key(|(leg, _)| *leg);
    assert_eq!(
        outcomes,
        [(1, Outcome::Undecodable), (2, Outcome::Unavailable)]
    );
    assert_eq!(count.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn without_an_answer_the_workers_scores_stay_and_nobody_passes() {
    for (name, manner, secret, expected) in [
        ("silent", Manner::Silent, SECRET, Outcome::Late),
        ("failing", Manner::Failing, SECRET, Outcome::Unavailable),
        ("nonsense", Manner::Nonsense, SECRET, Outcome::Unavailable),
        (
            "forged",
            Manner::Adapter,
            "another secret, wrong",
            Outcome::Unavailable,
        ),
    ] {
        let (mut settings, _) = service(name, manner, secret).await;
        if expected == Outcome::Late {
            settings.deadline = Duration::from_millis(100);
        }
        let [judged] = &completed(&settings, vec![judged(1)]).await[..] else {
            panic!("one came");
        };
        assert_eq!(judged.verdict.outcome, expected, "{name}");
        assert!(judged.verdict.score_of(&Label::PORN) > 0.2);
        assert!(judged.verdict.score_of(&Label::NO_VERDICT) > 0.9);
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_or_too_slow_keeps_nobody_waiting() {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let missing = settings("missing", nowhere, SECRET);
    let gone = completed(&missing, vec![judged(1)]).await;
    assert_eq!(gone[0].verdict.outcome, Outcome::Unavailable);

    let (mut settings, count) = service("slow", Manner::Silent, SECRET).await;
    settings.deadline = Duration::from_millis(200);
    let given = (0..6).map(judged).collect();
    let outcomes = completed(&settings, given).await;
    let late = |judged: &&Judged| judged.verdict.outcome == Outcome::Late;
    assert_eq!(outcomes.iter().filter(late).count(), 4, "as many at once");
    assert_eq!(count.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn settings_of_a_service_that_cannot_be_are_refused() {
    let right = settings("right", SocketAddr::from(([127, 0, 0, 1], 9)), SECRET);
    let refused = |settings: &ServiceSettings| {
        let (_, receiver) = mpsc::channel(1);
        ask_as_well(settings, receiver).unwrap_err()
    };
    for url in ["ftp://host/", "/look", "https://", ""] {
        let url = url.to_owned();
        let wrong = ServiceSettings {
            url,
            ..right.clone()
        };
        assert!(matches!(refused(&wrong), ServiceSetError::Destination(_)));
    }
    let wrong = ServiceSettings {
        secret: "/nowhere".into(),
        ..right.clone()
    };
    assert!(matches!(refused(&wrong), ServiceSetError::Secret { .. }));
    let short = settings("short", SocketAddr::from(([127, 0, 0, 1], 9)), "short");
    assert!(matches!(refused(&short), ServiceSetError::Short(_)));
    let wrong = ServiceSettings {
        labels: Vec::new(),
        ..right
    };
    assert!(matches!(refused(&wrong), ServiceSetError::Labels(_)));
}

#[expect(
    clippy::disallowed_methods,
    reason = "a signature is of a time by both clocks"
)]
fn now() -> (Instant, u64) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    (Instant::now(), since.unwrap().as_secs())
}

#[tokio::test]
async fn what_a_service_says_later_is_of_the_picture_and_the_workers_word_is_enough_until_then() {
    let (settings, _, mut keys) = service_with_keys("later", Manner::Later, SECRET).await;
    let (sender, receiver) = mpsc::channel(16);
    let mut asked = ask_as_well(&settings, receiver).unwrap();
    let given = judged(7);
    let taken = given.frame.taken;
    sender.send(given).await.unwrap();
    let judged = asked.judged.recv().await.unwrap();
    assert_eq!(judged.verdict.outcome, Outcome::Judged);
    assert_eq!(judged.verdict.scores.len(), 1, "the workers' alone");

    let (key, body) = (keys.recv().await.unwrap(), br#"{"labels": {"nudity": 1}}"#);
    let say = |key: &str, name: &str| {
        let (instant, seconds) = now();
        let signature = &signature(SECRET.as_bytes(), seconds, name, body);
        let signed = Signed { seconds, signature };
        asked.afterwards.say(key, signed, body, (instant, seconds))
    };
    assert_eq!(say(&key, "another"), Err(Unheard::Unsigned));
    assert_eq!(say("another", "another"), Err(Unheard::Unknown));
    assert_eq!(say(&key, &key), Ok(()));
    assert_eq!(say(&key, &key), Err(Unheard::Unknown), "all is said");
    let awaited = asked.afterwords.recv().await.unwrap();
    assert!(matches!(awaited, Afterword::Awaited(leg) if leg.0 == 7));
    let Some(Afterword::Said(opined)) = asked.afterwords.recv().await else {
        panic!("it was said");
    };
    assert_eq!((opined.frame.leg.0, opined.frame.taken), (7, taken));
    assert!(!opined.frame.data.is_empty());
    assert_eq!(opined.scores, [Score::new(Label::PORN, 1.0).unwrap()]);
}
