//! STUN and TURN servers of the operator's, as a browser and as a WHIP client are told of them.

use std::path::PathBuf;

use serde_json::Value;

use crate::leg_client::{Kit, LegClient};
use crate::operator::{Operator, SDP, code, described};
use crate::started::{Answer, Started};

const STUN: &str = "stun:stun.example.org";
const TURN: &str = "turns:turn.example.org:443?transport=tcp";

/// The secret of a TURN server in a file, gone with the test.
struct Secret(PathBuf);

impl Secret {
    fn new(name: &str) -> Self {
        let file = format!("visavis-turn-{}-{name}.secret", std::process::id());
        let file = std::env::temp_dir().join(file);
        std::fs::write(&file, "a secret of both\n").unwrap();
        Self(file)
    }

    fn flags(&self) -> [String; 2] {
        [
            format!("--ice-urls={STUN},{TURN}"),
            format!("--ice-turn-secret={}", self.0.display()),
        ]
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn operator(secret: &Secret) -> Operator {
    let flags = secret.flags();
    Operator::with_arguments(&[&flags[0], &flags[1], "--ice-lifetime-ms=60000"])
}

/// What a list has for the TURN server: the user's name without its time, and their password.
fn user(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let list: Value = serde_json::from_str(&answer.body).unwrap();
    let [stun, turn] = [0, 1].map(|index| list["ice_servers"][index].clone());
    assert_eq!(
        (&stun["urls"][0], &turn["urls"][0]),
        (&STUN.into(), &TURN.into())
    );
    assert!(stun.get("username").is_none() && list["lifetime_s"] == 60);
    let username = turn["username"].as_str().unwrap();
    let (_, name) = username.split_once(':').unwrap();
    (name.to_owned(), turn["credential"].to_string())
}

#[test]
fn whoever_may_come_in_is_told_and_has_a_name_of_their_own() {
    let secret = Secret::new("names");
    let operator = operator(&secret);
    let list = |token: &str| operator.with(token).ask("GET", "/v1/ice-servers");
    let answer = list(&operator.token_for("ada"));
    assert_eq!(answer.header("cache-control"), "no-store");
    let (ada, password) = user(&answer);
    assert_eq!(user(&list(&operator.token_for("ada"))).0, ada);
    assert_ne!(user(&list(&operator.token_for("bob"))).0, ada);
    assert!(!answer.body.contains("ada") && password.len() > 20);
    for grant in ["visit", "watch", "backend"] {
        assert_eq!(list(&operator.token(grant)).status, 200, "{grant}");
    }
    let moderator = list(&operator.token("moderate"));
    assert_eq!(code(&moderator), (403, "forbidden".to_owned()));
    for refused in [list("rubbish"), operator.server.get("/v1/ice-servers")] {
        let refused = described("GET", "/v1/ice-servers", refused);
        assert_eq!(code(&refused), (401, "unauthorized".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_opens_a_leg_is_told_in_its_headers() {
    let secret = Secret::new("links");
    let operator = operator(&secret);
    let ada = operator.with(&operator.token_for("ada"));
    let (name, _) = user(&ada.ask("GET", "/v1/ice-servers"));
    let client = LegClient::new("ada", &Kit::default()).await;
    let opened = ada.send("POST", "/v1/legs", SDP, &client.offer().await);
    assert_eq!(opened.status, 201, "{}", opened.body);
    let links: Vec<_> = opened.headers("link").collect();
    let [stun, turn] = links.as_slice() else {
        panic!("{links:?}");
    };
    assert_eq!(*stun, format!("<{STUN}>; rel=\"ice-server\""));
    let begins = format!("<{TURN}>; rel=\"ice-server\"; username=\"");
    let user = format!(":{name}\"; credential=\"");
    assert!(turn.starts_with(&begins) && turn.contains(&user), "{turn}");
}

#[test]
fn guests_are_told_as_often_as_their_network_may_come() {
    let secret = Secret::new("guests");
    let [urls, turn] = secret.flags();
    let server = Started::with(&[&urls, &turn, "--http-websocket-burst=3"]);
    let ask = |from: &str| {
        let from = format!("x-forwarded-for: {from}\r\n");
        let answer = server.ask("GET", "/v1/ice-servers", &from);
        described("GET", "/v1/ice-servers", answer)
    };
    for _ in 0..3 {
        assert_eq!(ask("192.0.2.1").status, 200);
    }
    let refused = ask("192.0.2.1");
    assert_eq!(code(&refused), (429, "too_fast".to_owned()));
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(ask("192.0.2.2").status, 200);
}

#[test]
fn where_there_is_no_server_the_list_is_empty() {
    let server = Started::with(&[]);
    let answer = described("GET", "/v1/ice-servers", server.get("/v1/ice-servers"));
    let list: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(
        (answer.status, &list["ice_servers"]),
        (200, &Value::Array(vec![]))
    );
}
