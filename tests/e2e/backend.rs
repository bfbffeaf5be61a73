//! Legs and matches over HTTP: a backend that brings its own page and its own matchmaker.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;

use serde_json::{Value, json};
use webrtc::peer_connection::sdp::session_description::RTCSessionDescription;

use crate::described::description;
use crate::leg_client::{Kit, LegClient};
use crate::operator::{Asker, BUILT_IN, House, Operator, SDP, code, described};
use crate::visitor::Visitor;

const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// Events as they come, until the stream ends: the number of each, its name, and what it says.
pub(crate) fn hear(
    asker: &Asker<'_>,
    since: Option<u64>,
) -> impl Iterator<Item = (u64, String, Value)> + use<> {
    let since = since.map_or_else(String::new, |id| format!("last-event-id: {id}\r\n"));
    let mut stream = asker.server.connect();
    let head = format!(
        "GET /v1/events HTTP/1.1\r\nhost: x\r\n{}{since}\r\n",
        asker.authorization
    );
    stream.write_all(head.as_bytes()).unwrap();
    let (mut id, mut name, mut silence) = (0, String::new(), 0);
    BufReader::new(stream).lines().filter_map(move |line| {
        let line = line.unwrap();
        if let Some(number) = line.strip_prefix("id: ") {
            id = number.parse().unwrap();
        } else if let Some(word) = line.strip_prefix("event: ") {
            name = word.to_owned();
        } else if let Some(data) = line.strip_prefix("data: ") {
            let data = serde_json::from_str(data).unwrap();
            silence = 0;
            return Some((id, std::mem::take(&mut name), data));
        }
        // A sign of life, after 15 s without an event.
        silence += usize::from(line.starts_with(':'));
        assert!(silence < 3, "nothing comes after {id}");
        None
    })
}

/// Reads events until there are as many as wanted.
pub(crate) fn events(
    asker: &Asker<'_>,
    since: Option<u64>,
    wanted: usize,
) -> Vec<(u64, String, Value)> {
    let events: Vec<_> = hear(asker, since).take(wanted).collect();
    assert_eq!(events.len(), wanted, "the stream ended after {events:?}");
    events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_brings_together_whom_it_likes() {
    let operator = Operator::new();
    let backend = operator.backend();
    let mut ada = backend.open("ada").await;
    let mut bob = backend.open("bob").await;
    let mut eve = backend.open("eve").await;
    let made = backend.pair("first", [&ada, &bob]);
    assert_eq!(made.status, 201, "{}", made.body);
    ada.sees("bob").await;
    bob.sees("ada").await;

    assert_eq!(backend.pair("first", [&ada, &bob]).status, 200);
    assert_eq!(backend.pair("second", [&bob, &eve]).status, 201);
    bob.sees("eve").await;
    eve.sees("bob").await;
    let gone = backend.ask("GET", "/v1/matches/first");
    assert_eq!(code(&gone), (404, "no_such_match".to_owned()));
    backend.until(&ada, |state| state["matched"] == false).await;

    let second = backend.ask("GET", "/v1/matches/second");
    let shown: Value = serde_json::from_str(&second.body).unwrap();
    assert_eq!(
        shown,
        json!({ "match": "second", "legs": [bob.name(), eve.name()] })
    );
    assert_eq!(backend.ask("DELETE", "/v1/matches/second").status, 204);
    assert_eq!(backend.ask("DELETE", "/v1/matches/second").status, 404);
    backend.until(&eve, |state| state["matched"] == false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_hears_when_the_server_is_full_and_when_it_no_longer_is() {
    let operator = Operator::with_arguments(&["--lobby-max-sessions=2"]);
    let backend = operator.backend();
    let begin = events(&backend, Some(7), 1)[0].0;
    let ada = backend.open("ada").await;
    let _bob = backend.open("bob").await;
    let full = events(&backend, Some(begin), 5);
    let told = |events: &[(u64, String, Value)]| {
        let told = events.iter().find(|(_, name, _)| name == "capacity");
        told.expect("it is told").2.clone()
    };
    let expected = json!({ "leg": null, "type": "capacity", "state": "full", "online": 2 });
    assert_eq!(told(&full), expected);
    assert_eq!(backend.ask("DELETE", &ada.location).status, 200);
    let last = full.last().unwrap().0;
    let open = told(&events(&backend, Some(last), 2));
    assert_eq!(
        (&open["state"], &open["online"]),
        (&json!("open"), &json!(1))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_over_http_never_meets_who_comes_by_the_page() {
    let operator = Operator::new();
    let backend = operator.backend();
    let _ada = backend.open("ada").await;
    let token = operator.token("visit");
    let kit = Kit::default();
    let mut bob = Visitor::at_the_door(&operator.server, "bob", kit).await;
    let offer = bob.leg.offer().await;
    bob.socket
        .say(json!({
            "type": "join", "mode": "video", "offer": offer, "adult": true, "token": token,
        }))
        .await;
    bob.socket.hear("joined").await;
    let answer = bob.socket.hear("answer").await;
    bob.leg.answer(answer["sdp"].as_str().unwrap()).await;
    bob.socket.hear("waiting").await;
    assert!(bob.leg.take_packets().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leg_begins_ice_anew_and_its_match_goes_on() {
    let operator = Operator::new();
    let backend = operator.backend();
    let mut ada = backend.open("ada").await;
    let mut bob = backend.open("bob").await;
    backend.pair("it", [&ada, &bob]);
    bob.sees("ada").await;

    let offer = ada.client.offer_restart().await;
    let patch = |tag: &str| {
        let headers = format!(
            "{}content-type: {FRAGMENT}\r\nif-match: {tag}\r\n",
            backend.authorization
        );
        let path = &ada.location;
        let answer = backend.server.send("PATCH", path, &headers, Some(&offer));
        described("PATCH", path, answer)
    };
    let renewed = patch(&ada.etag);
    assert_eq!(renewed.status, 200, "{}", renewed.body);
    assert_ne!(renewed.header("etag"), ada.etag);
    let stale = patch(&ada.etag);
    assert_eq!(code(&stale), (412, "another_ice_session".to_owned()));
    let again = patch(renewed.header("etag"));
    assert_eq!(again.status, 204, "these credentials are known");

    // What a WHIP client does with a fragment: the old answer with the new credentials.
    let old = ada.client.connection.remote_description().await.unwrap();
    let answer = with_credentials_of(&renewed.body, &old);
    ada.client.answer(&answer).await;
    ada.client.reconnected().await;
    bob.sees("ada").await;
    ada.sees("bob").await;
}

fn with_credentials_of(fragment: &str, answer: &RTCSessionDescription) -> String {
    let new = |name: &str| {
        fragment
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap()
    };
    let lines = answer.sdp.lines().map(|line| {
        let name = ["a=ice-ufrag:", "a=ice-pwd:"].into_iter();
        let changed = name
            .into_iter()
            .find(|name| line.starts_with(name))
            .map(new);
        format!("{}\r\n", changed.unwrap_or(line))
    });
    lines.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_leg_is_gone_and_its_partner_is_alone() {
    let operator = Operator::new();
    let backend = operator.backend();
    let ada = backend.open("ada").await;
    let mut bob = backend.open("bob").await;
    backend.pair("it", [&ada, &bob]);
    bob.sees("ada").await;
    assert_eq!(backend.ask("DELETE", &ada.location).status, 200);
    assert_eq!(backend.ask("DELETE", &ada.location).status, 404);
    backend.until(&bob, |state| state["matched"] == false).await;
    assert_eq!(backend.ask("GET", "/v1/matches/it").status, 404);
    let late = backend.pair("it", [&ada, &bob]);
    assert_eq!(code(&late), (404, "no_such_leg".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_is_told_what_happens_and_what_it_missed() {
    let operator = Operator::new();
    let backend = operator.backend();
    // Of another run of the server: it cannot be told what came since.
    let gap = events(&backend, Some(7), 1);
    assert_eq!(gap[0].1, "gap");
    let first = gap[0].0;
    let mut ada = backend.open("ada").await;
    let mut bob = backend.open("bob").await;
    backend.pair("it", [&ada, &bob]);
    for (leg, partner) in [(&mut ada, "bob"), (&mut bob, "ada")] {
        leg.sees(partner).await;
        backend.until(leg, |state| state["matched"] == true).await;
    }
    assert_eq!(backend.ask("DELETE", &ada.location).status, 200);
    let all = events(&backend, Some(first), 12);
    let told: Vec<_> = all
        .iter()
        .map(|(_, name, data)| (name.as_str(), data["leg"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told[..4],
        [
            ("opened", ada.name()),
            ("connected", ada.name()),
            ("opened", bob.name()),
            ("connected", bob.name())
        ]
    );
    for expected in [
        ("matched", ada.name()),
        ("matched", bob.name()),
        ("picture", ada.name()),
        ("picture", bob.name()),
        ("closed", ada.name()),
        ("parted", bob.name()),
        ("quality", bob.name()),
    ] {
        assert!(told[4..].contains(&expected), "{expected:?} in {told:?}");
    }
    for (_, name, data) in &all {
        let is_named = matches!(name.as_str(), "matched" | "parted");
        assert_eq!(data["match"] == "it", is_named, "{data}");
    }
    let rest = events(&backend, Some(all[7].0), 4);
    assert_eq!(rest, all[8..]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_done_without_a_token_that_allows_it() {
    let operator = Operator::new();
    let backend = operator.backend();
    let ada = backend.open("ada").await;
    let nobody = operator.with("no.such.token");
    let visitor = operator.with(&operator.token("visit"));
    let publisher = operator.with(&operator.token("publish"));
    for (method, path) in [
        ("POST", "/v1/legs"),
        ("DELETE", ada.location.as_str()),
        ("PUT", "/v1/matches/x"),
        ("DELETE", "/v1/matches/x"),
    ] {
        let bare = operator.server.ask(method, path, "content-length: 0\r\n");
        assert_eq!(code(&bare), (401, "unauthorized".to_owned()), "{path}");
        assert_eq!(bare.header("www-authenticate"), "Bearer");
        assert_eq!(code(&nobody.ask(method, path)).0, 401, "{path}");
        assert_eq!(code(&visitor.ask(method, path)).0, 403, "{path}");
    }
    let forbidden = publisher.ask("GET", "/v1/matches/x");
    assert_eq!(code(&forbidden), (403, "forbidden".to_owned()));
    assert_eq!(backend.state(&ada)["connection"], "connected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rubbish_is_refused_with_a_word_and_leaves_nothing_behind() {
    let operator = Operator::new();
    let backend = operator.backend();
    let post = |kind, body: &str| code(&backend.send("POST", "/v1/legs", kind, body));
    assert_eq!(
        post("text/plain", "v=0"),
        (415, "wrong_media_type".to_owned())
    );
    assert_eq!(post(SDP, "rubbish"), (400, "malformed_offer".to_owned()));
    let large = "x".repeat(70_000);
    assert_eq!(post(SDP, &large), (413, "too_long".to_owned()));
    let put = |path: &str, body: &str| backend.send("PUT", path, "application/json", body);
    for body in ["", "{", "[]", "{\"legs\":[\"a\"]}", "{\"legs\":[1,2]}"] {
        let answer = put("/v1/matches/x", body);
        assert_eq!(code(&answer), (400, "unreadable".to_owned()), "{body}");
    }
    let unknown = put("/v1/matches/x", "{\"legs\":[\"a\",\"b\"]}");
    assert_eq!(code(&unknown), (404, "no_such_leg".to_owned()));
    let odd = put("/v1/matches/a%20b", "{\"legs\":[\"a\",\"b\"]}");
    assert_eq!(code(&odd), (400, "bad_name".to_owned()));
    let kind = backend.send("PUT", "/v1/matches/x", "text/plain", "{}");
    assert_eq!(code(&kind), (415, "wrong_media_type".to_owned()));
    let no_text = backend.ask("DELETE", "/v1/legs/%ff");
    assert_eq!(code(&no_text), (400, "unreadable".to_owned()));
    let wrong = backend.ask("POST", "/v1/matches/x");
    assert_eq!(code(&wrong), (405, "no_such_method".to_owned()));
    assert!(wrong.header("allow").contains("PUT"), "{wrong:?}");
    let path = PathBuf::from("/v1/legs").join("x".repeat(4000));
    assert_eq!(backend.ask("DELETE", path.to_str().unwrap()).status, 404);
    let online = operator.server.get("/v1/online");
    assert_eq!(online.body, "{\"online\":0}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_sent_away_is_away_by_every_leg_of_theirs() {
    let row = "[[row]]\nlabel = \"undecodable\"\naction = \"cooldown\"\ncooldown_ms = 3600000\n";
    let house = House::new(&format!("{BUILT_IN}\n{row}"));
    let operator = house.operator();
    let backend = operator.backend();
    let mut newest = events(&backend, Some(7), 1)[0].0;
    // No test client's picture can be decoded.
    for (sub, expected) in [
        ("eve", &["opened", "connected", "ended", "closed"][..]),
        ("eve", &["opened", "ended", "closed"][..]),
        ("ada", &["opened", "connected", "ended", "closed"][..]),
    ] {
        let asker = operator.with(&operator.token_for(sub));
        let client = LegClient::new(sub, &Kit::default()).await;
        let answer = asker.send("POST", "/v1/legs", SDP, &client.offer().await);
        assert_eq!(answer.status, 201, "{}", answer.body);
        client.answer(&answer.body).await;
        let told = events(&backend, Some(newest), expected.len());
        newest = told.last().unwrap().0;
        let told: Vec<_> = told.iter().map(|(_, name, _)| name.as_str()).collect();
        assert_eq!(told, expected, "{sub}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_offer_that_the_description_shows_opens_a_leg() {
    let operator = Operator::new();
    let backend = operator.backend();
    let shown = |pointer: &str| {
        let found = description().pointer(pointer).and_then(Value::as_str);
        found.unwrap().to_owned()
    };
    let body = "/requestBody/content/application~1sdp/example";
    let offer = shown(&format!("/paths/~1v1~1legs/post{body}"));
    let opened = backend.send("POST", "/v1/legs", SDP, &offer);
    assert_eq!(opened.status, 201, "{}", opened.body);
    let fragment = "requestBody/content/application~1trickle-ice-sdpfrag/example";
    let restart = shown(&format!("/paths/~1v1~1legs~1{{leg}}/patch/{fragment}"));
    let headers = format!(
        "{}content-type: {FRAGMENT}\r\nif-match: {}\r\n",
        backend.authorization,
        opened.header("etag")
    );
    let path = opened.header("location");
    let restarted = operator
        .server
        .send("PATCH", path, &headers, Some(&restart));
    assert_eq!(restarted.status, 200, "{}", restarted.body);
    described("PATCH", path, restarted);
}
