//! An upgrade in place: a newer server takes the port, and nobody is cut off who could be kept.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::crowded::two_pairs;
use crate::started::{Started, said, visavis};
use crate::talker::Talker;

const LONG: [&str; 2] = ["--server-drain-ms", "600000"];

/// One that takes the place of another.
fn take_over(old: &Started) -> Started {
    let http = format!("--http-listen={}", old.http);
    let mut command = visavis(&["serve", "--take-over", &http, "--media-listen=127.0.0.1:0"]);
    let quiet = ["--moderation-enabled=false", "--log-format", "json"];
    Started::run(command.args(quiet).args(LONG))
}

fn ends_well(server: Started) {
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn a_match_stays_where_it_is_and_everybody_else_comes_to_the_newer_one() {
    let old = Started::with(&LONG);
    let [mut one, mut other] = Talker::pair(&old);
    let mut waiting = Talker::join(&old);
    let mut late = Talker::connect(&old);
    let new = take_over(&old);
    assert_eq!(waiting.hear("bye")["reason"], "moved");
    late.say(&json!({ "type": "join", "mode": "text", "adult": true }));
    assert_eq!(late.hear("bye")["reason"], "moved");

    let mut waits = Talker::join(&new);
    waits.hear("waiting");
    one.say(&json!({ "type": "chat", "text": "still here" }));
    assert_eq!(other.hear("chat")["text"], "still here");
    one.say(&json!({ "type": "next" }));
    for talker in [&mut one, &mut other] {
        assert_eq!(talker.hear("bye")["reason"], "moved");
    }
    ends_well(old);
    let mut one = Talker::join(&new);
    for talker in [&mut one, &mut waits] {
        talker.hear("matched");
    }
    one.say(&json!({ "type": "leave" }));
    waits.hear("left");
    new.signal(Signal::TERM);
    ends_well(new);
}

#[test]
fn nobody_who_asks_meanwhile_is_refused() {
    let old = Started::with(&LONG);
    let [mut one, _other] = Talker::pair(&old);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let asker = scope.spawn(|| {
            let mut asks = 0;
            while !is_over.load(Ordering::Relaxed) {
                assert_eq!(old.get("/readyz").status, 200, "after {asks}");
                asks += 1;
            }
            asks
        });
        let second = take_over(&old);
        let third = take_over(&second);
        is_over.store(true, Ordering::Relaxed);
        let asks = asker.join().unwrap();
        assert!(asks > 10, "{asks} are too few to notice a gap");
        // By way of the second the third reaches the first, for as long as somebody is there.
        one.say(&json!({ "type": "leave" }));
        ends_well(second);
        third.signal(Signal::TERM);
        ends_well(third);
    });
}

#[test]
fn a_crowd_that_says_next_goes_along_and_loses_nothing() {
    let old = Started::with(&LONG);
    thread::scope(|scope| {
        let crowd = scope.spawn(|| {
            two_pairs(
                &old,
                &["--next-every=500ms", "--duration=8s", "--max-loss=0.01"],
            )
        });
        while !old.get("/metrics").body.contains("\nvisavis_matches 2\n") {
            thread::sleep(Duration::from_millis(20));
        }
        let new = take_over(&old);
        let (code, said, findings) = crowd.join().unwrap();
        assert_eq!(code, 0, "{said}");
        assert_eq!(findings["visitors_moved"], 4, "{said}");
        assert!(findings["server_cpu_us_per_packet"].is_null(), "{said}");
        new.signal(Signal::TERM);
        ends_well(new);
    });
    ends_well(old);
}

#[test]
fn where_nobody_is_it_starts_as_ever() {
    let first = Started::with(&LONG);
    let http = first.http;
    first.signal(Signal::TERM);
    let place = format!("--http-listen={http}");
    ends_well(first);
    let mut command = visavis(&["serve", "--take-over", &place, "--media-listen=127.0.0.1:0"]);
    let quiet = ["--moderation-enabled=false", "--log-format", "json"];
    let second = Started::run(command.args(quiet));
    assert_eq!(second.http, http);
    second.signal(Signal::TERM);
    ends_well(second);
}

#[test]
fn another_program_keeps_its_port_and_so_does_one_that_is_not_to_be_succeeded() {
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let of_a_stranger = format!("--http-listen={}", stranger.local_addr().unwrap());
    let old = Started::with(&LONG);
    let of_ours = format!("--http-listen={}", old.http);
    for (parameters, place) in [
        (&["serve", "--take-over"][..], of_a_stranger),
        (&["serve"], of_ours),
    ] {
        let rest = [
            &*place,
            "--media-listen=127.0.0.1:0",
            "--moderation-enabled=false",
        ];
        let (code, output, error) = said(visavis(parameters).args(rest));
        assert_eq!((code, &*output), (2, ""), "{error}");
        assert!(error.contains("no other program uses"), "{error}");
    }
    assert_eq!(old.get("/readyz").status, 200);
}
