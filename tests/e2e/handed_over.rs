//! A newer server takes the place: a backend's legs that stayed with the older one are within its reach still.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::backend::hear;
use crate::leg_client::PATIENCE;
use crate::operator::{Asker, Leg, Operator, code};
use crate::started::{Started, visavis};

const LONG: &str = "--server-drain-ms=600000";

/// Has another one take the place of an operator's server, which is given.
fn take_over(operator: &mut Operator) -> Started {
    let http = format!("--http-listen={}", operator.server.http);
    let mut command = visavis(&["serve", "--take-over", &http, "--media-listen=127.0.0.1:0"]);
    let same = [&operator.key, "--access-guests=false", LONG];
    let quiet = ["--moderation-enabled=false", "--log-format", "json"];
    let newer = Started::run(command.args(same).args(quiet));
    std::mem::replace(&mut operator.server, newer)
}

fn ends_well(server: Started) {
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0), "{log}");
}

async fn is_gone(backend: &Asker<'_>, leg: &Leg) {
    let gone = async {
        while backend
            .ask("GET", &format!("{}/state", leg.location))
            .status
            != 404
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stays_with_the_older_server_is_asked_for_at_the_newer_one() {
    let mut operator = Operator::with_arguments(&[LONG]);
    let backend = operator.backend();
    let [mut ada, bob, cy, dee, eve] = [
        backend.open("ada").await,
        backend.open("bob").await,
        backend.open("cy").await,
        backend.open("dee").await,
        backend.open("eve").await,
    ];
    assert_eq!(backend.pair("it", [&ada, &bob]).status, 201);
    assert_eq!(backend.pair("two", [&cy, &dee]).status, 201);
    let mut before = hear(&backend, Some(0));
    let (last, gap, _) = before.next().unwrap();
    assert_eq!(gap, "gap");

    let old = take_over(&mut operator);
    let backend = operator.backend();
    let late: Vec<_> = before.map(|(_, name, _)| name).collect();
    assert!(!late.contains(&"closed".to_owned()), "{late:?}");
    let mut events = hear(&backend, Some(last));
    assert_eq!(events.next().unwrap().1, "gap");
    is_gone(&backend, &eve).await;
    assert_eq!(backend.state(&ada)["matched"], true);
    assert_eq!(backend.ask("GET", "/v1/matches/it").status, 200);
    let mute = format!("{}/mute", bob.location);
    let muted = r#"{"audio":false,"video":false}"#;
    let done = backend.send("PUT", &mute, "application/json", muted);
    assert_eq!(done.status, 204, "{}", done.body);
    ada.sees("bob").await;
    let moved = backend.pair("three", [&ada, &cy]);
    assert_eq!(code(&moved), (409, "moved".to_owned()));
    let (flo, mut gil) = (backend.open("flo").await, backend.open("gil").await);
    let mixed = backend.pair("three", [&ada, &flo]);
    assert_eq!(code(&mixed), (404, "no_such_leg".to_owned()));

    // Whoever has the name leaves, wherever they are.
    assert_eq!(backend.pair("it", [&flo, &gil]).status, 201);
    gil.sees("flo").await;
    assert_eq!(backend.ask("DELETE", "/v1/matches/two").status, 204);
    let mut left = vec![ada.name(), bob.name(), cy.name(), dee.name()];
    while !left.is_empty() {
        let (_, name, told): (_, String, Value) = events.next().unwrap();
        // It may be full for a moment; it is not about to end.
        assert_ne!(told["state"], "draining", "{told}");
        left.retain(|leg| name != "closed" || told["leg"] != *leg);
    }
    ends_well(old);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_older_server_dies_with_its_legs_one_gap_says_so() {
    let mut operator = Operator::with_arguments(&[LONG]);
    let backend = operator.backend();
    let (ada, bob) = (backend.open("ada").await, backend.open("bob").await);
    assert_eq!(backend.pair("it", [&ada, &bob]).status, 201);
    let old = take_over(&mut operator);
    let backend = operator.backend();
    let mut events = hear(&backend, Some(0));
    assert_eq!(events.next().unwrap().1, "gap");
    assert_eq!(backend.state(&ada)["matched"], true);
    old.signal(Signal::KILL);
    let told = events
        .map(|(_, name, _)| name)
        .find(|name| name != "capacity");
    assert_eq!(told.unwrap(), "gap");
    is_gone(&backend, &ada).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_of_three_reaches_the_oldest() {
    let mut operator = Operator::with_arguments(&[LONG]);
    let backend = operator.backend();
    let (ada, bob) = (backend.open("ada").await, backend.open("bob").await);
    assert_eq!(backend.pair("it", [&ada, &bob]).status, 201);
    let oldest = take_over(&mut operator);
    let second = take_over(&mut operator);
    let backend = operator.backend();
    let mut events = hear(&backend, Some(0));
    assert_eq!(events.next().unwrap().1, "gap");
    assert_eq!(backend.state(&bob)["matched"], true);
    assert_eq!(backend.ask("DELETE", "/v1/matches/it").status, 204);
    assert!(events.any(|(_, name, _)| name == "closed"));
    is_gone(&backend, &bob).await;
    ends_well(second);
    ends_well(oldest);
}
