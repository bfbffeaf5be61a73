//! The end of a server that has visitors: they are told, and matches may go on for a while.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::started::Started;
use crate::talker::Talker;

#[test]
fn a_match_may_go_on_while_nobody_new_comes_in() {
    let server = Started::with(&["--server-drain-ms", "600000"]);
    let [mut one, mut other] = Talker::pair(&server);
    server.signal(Signal::TERM);
    for talker in [&mut one, &mut other] {
        assert_eq!(talker.hear("going_away")["drain_ms"], 600_000);
    }
    assert_eq!(server.get("/readyz").status, 503);
    assert_eq!(server.get("/healthz").status, 200);

    let mut late = Talker::connect(&server);
    late.say(&json!({ "type": "join", "mode": "text", "adult": true }));
    assert_eq!(late.hear("error")["code"], "draining");

    one.say(&json!({ "type": "chat", "text": "one more thing" }));
    assert_eq!(other.hear("chat")["text"], "one more thing");

    one.say(&json!({ "type": "leave" }));
    other.hear("left");
    assert_eq!(other.hear("bye")["reason"], "shutdown");
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn who_stays_until_the_end_is_told() {
    let server = Started::with(&["--server-drain-ms", "300"]);
    let [mut one, mut other] = Talker::pair(&server);
    let begun = Instant::now();
    server.signal(Signal::INT);
    for talker in [&mut one, &mut other] {
        assert_eq!(talker.hear("bye")["reason"], "shutdown");
    }
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(
        begun.elapsed() >= Duration::from_millis(300),
        "it did not wait for the match"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(60),
        "it took {:?}",
        begun.elapsed()
    );
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let server = Started::with(&["--server-drain-ms", "600000"]);
    let [mut one, mut other] = Talker::pair(&server);
    server.signal(Signal::INT);
    one.hear("going_away");
    server.signal(Signal::INT);
    other.hear("bye");
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0), "{log}");
}
