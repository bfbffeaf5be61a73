//! What a backend, and a moderation of the operator's own, orders about a leg beside matches.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;
use webrtc::rtp_transceiver::rtp_transceiver_direction::RTCRtpTransceiverDirection as Direction;

use crate::backend::events;
use crate::leg_client::{Kit, LegClient, PATIENCE};
use crate::operator::{Asker, BUILT_IN, House, Leg, Operator, SDP, code};
use crate::started::Answer;
use crate::visitor::shows;

/// A policy that is only tried: no test client has a picture that can be decoded.
fn house() -> House {
    House::new(&BUILT_IN.replace("shadow = false", "shadow = true"))
}

fn post(asker: &Asker<'_>, leg: &Leg, what: &str, body: &Value) -> Answer {
    let path = format!("{}/{what}", leg.location);
    asker.send("POST", &path, "application/json", &body.to_string())
}

fn act(asker: &Asker<'_>, leg: &Leg, action: &str) -> Answer {
    let body = json!({ "action": action, "label": "weapons" });
    post(asker, leg, "actions", &body)
}

/// The first event of that name after a number.
fn heard(asker: &Asker<'_>, since: u64, wanted: &str) -> (u64, Value) {
    (1..50)
        .find_map(|count| {
            let (number, name, told) = events(asker, Some(since), count).pop()?;
            (name == wanted).then_some((number, told))
        })
        .unwrap()
}

/// The number of the newest event.
fn newest(asker: &Asker<'_>) -> u64 {
    events(asker, Some(7), 1)[0].0
}

fn written(operator: &Operator, deed: &str) -> u64 {
    let name = format!("visavis_moderation_decisions_total{{decision=\"{deed}\"}}");
    let answer = operator.server.get("/metrics");
    let row = answer.body.lines().find_map(|row| row.strip_prefix(&name));
    row.map_or(0, |value| value.trim().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_of_the_operators_acts_on_whoever_sends_by_a_leg() {
    let house = house();
    let operator = house.operator();
    let backend = operator.backend();
    let service = operator.with(&operator.token("moderate"));
    let ada = operator.with(&operator.token_for("ada")).open("ada").await;
    let mut bob = backend.open("bob").await;
    assert_eq!(backend.pair("it", [&ada, &bob]).status, 201);
    bob.sees("ada").await;
    let begin = newest(&backend);

    assert_eq!(act(&backend, &ada, "warn").status, 403);
    for action in ["warn", "blur"] {
        assert_eq!(act(&service, &ada, action).status, 202, "{action}");
    }
    backend
        .until(&ada, |state| state["blocked"] == "weapons")
        .await;
    let (warned, _) = heard(&backend, begin, "warned");
    let (mut blocked, mut told) = heard(&backend, warned, "blocked");
    assert_eq!(told["leg"], ada.name());
    if told["case"].is_null() {
        // The disk was slow: the code comes after.
        (blocked, told) = heard(&backend, blocked, "blocked");
    }
    assert!(told["case"].is_string(), "{told:?}");
    assert_eq!(act(&service, &ada, "unblur").status, 202);
    backend
        .until(&ada, |state| state["blocked"].is_null())
        .await;

    // Who is sent away stays away by every leg of theirs.
    let body = json!({ "action": "cooldown", "label": "weapons", "lasts_ms": 600_000 });
    assert_eq!(post(&service, &ada, "actions", &body).status, 202);
    let (ended, told) = heard(&backend, blocked, "ended");
    assert_eq!(told["retry_after_ms"], 600_000);
    let (newest, _) = heard(&backend, ended, "closed");
    let gone = act(&service, &ada, "warn");
    assert_eq!(code(&gone), (404, "no_such_leg".to_owned()));
    let again = operator.with(&operator.token_for("ada"));
    let client = LegClient::new("ada", &Kit::default()).await;
    let answer = again.send("POST", "/v1/legs", SDP, &client.offer().await);
    assert_eq!(answer.status, 201, "{}", answer.body);
    heard(&backend, newest, "ended");
    for deed in ["warn", "blur", "unblur", "cooldown"] {
        assert_eq!(written(&operator, deed), 1, "{deed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_action_that_is_none_is_refused_and_says_why() {
    let house = house();
    let operator = house.operator();
    let service = operator.with(&operator.token("publish,backend,moderate"));
    let ada = service.open("ada").await;
    for body in [
        json!({ "action": "ban", "label": "weapons" }),
        json!({ "action": "warn" }),
    ] {
        let answer = post(&service, &ada, "actions", &body);
        assert_eq!(code(&answer), (400, "unreadable".to_owned()), "{body}");
    }
    for body in [
        json!({ "action": "warn", "label": "No Word" }),
        json!({ "action": "warn", "label": "weapons", "lasts_ms": 5 }),
        json!({ "action": "cooldown", "label": "weapons", "lasts_ms": 9_999_999_999_u64 }),
    ] {
        let answer = post(&service, &ada, "actions", &body);
        assert_eq!(code(&answer), (400, "bad_action".to_owned()), "{body}");
    }
    assert_eq!(service.state(&ada)["connection"], "connected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_sees_one_leg_and_nobody_hears_of_it() {
    let house = house();
    let operator = house.operator();
    let backend = operator.backend();
    let watcher = operator.with(&operator.token("watch"));
    let ada = backend.open("ada").await;
    let mut bob = backend.open("bob").await;
    let begin = newest(&backend);
    let kit = Kit {
        direction: Direction::Recvonly,
        ..Kit::default()
    };
    let mut eve = LegClient::new("nobody", &kit).await;
    let path = format!("{}/watch", ada.location);
    let forbidden = backend.send("POST", &path, SDP, &eve.offer().await);
    assert_eq!(code(&forbidden), (403, "forbidden".to_owned()));
    let opened = watcher.send("POST", &path, SDP, &eve.offer().await);
    assert_eq!(opened.status, 201, "{}", opened.body);
    assert_eq!(written(&operator, "watch"), 1, "before there is an answer");
    eve.answer(&opened.body).await;
    eve.next_where(|packet| shows(packet, "ada")).await;

    // Also while she faces somebody, who sees her alone.
    assert_eq!(backend.pair("it", [&ada, &bob]).status, 201);
    bob.sees("ada").await;
    while eve.packets.try_recv().is_ok() {}
    eve.next_where(|packet| shows(packet, "ada")).await;
    let told = events(&backend, Some(begin), 3);
    let told: Vec<_> = told.iter().map(|(_, name, _)| name.as_str()).collect();
    assert!(
        told.iter()
            .all(|name| ["matched", "picture"].contains(name)),
        "{told:?}"
    );

    // It is no leg, and whoever may open legs may not touch it.
    let location = opened.header("location").to_owned();
    let name = location.strip_prefix("/v1/watches/").unwrap();
    assert_eq!(backend.ask("DELETE", &location).status, 403);
    let as_leg = backend.ask("DELETE", &format!("/v1/legs/{name}"));
    assert_eq!(code(&as_leg), (404, "no_such_leg".to_owned()));
    assert_eq!(watcher.ask("DELETE", &location).status, 200);
    assert_eq!(watcher.ask("DELETE", &location).status, 404);
    bob.sees("ada").await;
    let end = async {
        while written(&operator, "unwatch") == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, end)
        .await
        .expect("its end is written down");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_is_written_down_nobody_acts_and_nobody_watches() {
    let operator = Operator::new();
    let backend = operator.backend();
    let service = operator.with(&operator.token("admin"));
    let ada = backend.open("ada").await;
    let not_moderated = (409, "not_moderated".to_owned());
    assert_eq!(code(&act(&service, &ada, "end")), not_moderated);
    let kit = Kit {
        direction: Direction::Recvonly,
        ..Kit::default()
    };
    let eve = LegClient::new("nobody", &kit).await;
    let path = format!("{}/watch", ada.location);
    let refused = service.send("POST", &path, SDP, &eve.offer().await);
    assert_eq!(code(&refused), not_moderated);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_mutes_a_leg_by_either_name_of_its_session() {
    let operator = Operator::new();
    let backend = operator.backend();
    let ada = operator.with(&operator.token_for("ada"));
    let one_way = |direction| Kit {
        direction,
        ..Kit::default()
    };
    let publisher = ada.open_with("ada", &one_way(Direction::Sendonly)).await;
    let player = ada.open_with("ada", &one_way(Direction::Recvonly)).await;
    let mut bob = backend.open("bob").await;
    assert_eq!(backend.pair("it", [&publisher, &bob]).status, 201);
    bob.sees("ada").await;
    let mute = |leg: &Leg, body: &str| {
        let path = format!("{}/mute", leg.location);
        backend.send("PUT", &path, "application/json", body)
    };
    assert_eq!(mute(&player, r#"{"audio":true,"video":true}"#).status, 204);
    let muted = json!({ "audio": true, "video": true });
    assert_eq!(backend.state(&publisher)["muted"], muted);
    assert_eq!(backend.state(&player)["muted"], muted);
    assert_eq!(backend.state(&bob)["muted"]["video"], false);
    bob.client
        .next_where(|packet| packet.payload[..] == [0xf8, 0xff, 0xfe])
        .await;
    while bob.client.packets.try_recv().is_ok() {}
    assert_eq!(
        mute(&publisher, r#"{"audio":false,"video":false}"#).status,
        204
    );
    bob.sees("ada").await;
    let bad = mute(&publisher, r#"{"audio":true}"#);
    assert_eq!(code(&bad), (400, "unreadable".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leg_reports_whom_it_faces_once() {
    let house = house();
    let operator = house.operator();
    let backend = operator.backend();
    let ada = backend.open("ada").await;
    let bob = backend.open("bob").await;
    let begin = newest(&backend);
    let report = || post(&backend, &bob, "report", &json!({ "category": "nudity" }));
    let nobody = (409, "nobody_to_report".to_owned());
    assert_eq!(code(&report()), nobody);
    assert_eq!(backend.pair("it", [&ada, &bob]).status, 201);
    assert_eq!(report().status, 202);
    let (_, told) = heard(&backend, begin, "reported");
    assert_eq!(told["category"], "nudity", "{told:?}");
    assert_eq!(told["leg"], bob.name());
    assert_eq!(code(&report()), nobody);
    assert_eq!(backend.ask("GET", "/v1/matches/it").status, 200);
    let long = json!({ "category": "spam", "note": "x".repeat(10_000) });
    let too_long = post(&backend, &ada, "report", &long);
    assert_eq!(code(&too_long), (413, "too_long".to_owned()));
    // It is taken before it is on disk.
    let on_disk = async {
        while written(&operator, "report") == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, on_disk).await.unwrap();
    assert_eq!(written(&operator, "report"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_too_often_is_told_when_to_come_back_and_nobody_else_is() {
    let arguments = ["--http-token-burst=3", "--http-token-every-ms=60000"];
    let operator = Operator::with_arguments(&arguments);
    let (ada, bob) = (operator.token_for("ada"), operator.token_for("bob"));
    let ask = |token: &str| operator.with(token).ask("GET", "/v1/legs/none/state");
    for _ in 0..3 {
        assert_eq!(ask(&ada).status, 404);
    }
    // Another token of the same visitor's is no way around.
    for token in [&ada, &operator.token_for("ada")] {
        let slowed = ask(token);
        assert_eq!(code(&slowed), (429, "too_fast".to_owned()));
        assert_eq!(slowed.header("retry-after"), "60");
    }
    assert_eq!(ask(&bob).status, 404);
    let backend = operator.token("backend,publish");
    for _ in 0..20 {
        assert_eq!(ask(&backend).status, 404);
    }
}
