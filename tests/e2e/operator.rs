//! An operator with a backend of their own: a server with a key, tokens, legs over HTTP and their matches.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::described::{Said, expect_described};
use crate::leg_client::{Kit, LegClient, PATIENCE};
use crate::started::{Answer, Started, said, visavis};
use crate::visitor::shows;

pub(crate) const SDP: &str = "application/sdp";

/// A server with a key, and tokens that the key has signed.
pub(crate) struct Operator {
    pub(crate) server: Started,
    pub(crate) key: String,
    pub(crate) secret: PathBuf,
}

impl Operator {
    pub(crate) fn new() -> Self {
        Self::with_arguments(&[])
    }

    /// The same, with more for its command line.
    pub(crate) fn with_arguments(more: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("visavis-backend-{}-{number}.secret", std::process::id());
        let secret = std::env::temp_dir().join(name);
        let (code, text, _) = said(&mut visavis(&["token", "secret"]));
        assert_eq!(code, 0);
        std::fs::write(&secret, text).unwrap();
        let key = format!("--access-keys=main=HS256:{}", secret.display());
        let server = Started::with(&[&[&key, "--access-guests=false"], more].concat());
        Self {
            server,
            key,
            secret,
        }
    }

    /// A token that allows this.
    pub(crate) fn token(&self, grants: &str) -> String {
        self.mint(&["--grant", grants])
    }

    /// A token with which somebody sends and receives, under one name.
    pub(crate) fn token_for(&self, sub: &str) -> String {
        self.mint(&["--grant", "publish", "--sub", sub])
    }

    fn mint(&self, wanted: &[&str]) -> String {
        let arguments = [&["token", "mint", &self.key], wanted].concat();
        let (code, token, wrong) = said(&mut visavis(&arguments));
        assert_eq!(code, 0, "{wrong}");
        token.trim().to_owned()
    }

    /// Its own backend's.
    pub(crate) fn backend(&self) -> Asker<'_> {
        self.with(&self.token("publish,backend"))
    }

    pub(crate) fn with(&self, token: &str) -> Asker<'_> {
        Asker {
            server: &self.server,
            authorization: format!("authorization: Bearer {token}\r\n"),
        }
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.secret);
    }
}

/// The policy that is built in.
pub(crate) const BUILT_IN: &str = include_str!("../../config/policy.toml");

/// A folder for a server that moderates, with a policy of the test's own; gone with the test.
pub(crate) struct House(PathBuf);

impl House {
    pub(crate) fn new(policy: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("visavis-house-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("policy.toml"), policy).unwrap();
        Self(folder)
    }

    /// A server in it.
    pub(crate) fn operator(&self) -> Operator {
        let folder = self.0.display();
        Operator::with_arguments(&[
            &format!("--moderation-policy={folder}/policy.toml"),
            &format!("--store-folder={folder}/store"),
        ])
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whoever asks by HTTP.
pub(crate) struct Asker<'a> {
    pub(crate) server: &'a Started,
    pub(crate) authorization: String,
}

impl Asker<'_> {
    pub(crate) fn send(&self, method: &str, path: &str, kind: &str, body: &str) -> Answer {
        let headers = format!("{}content-type: {kind}\r\n", self.authorization);
        let answer = self.server.send(method, path, &headers, Some(body));
        described(method, path, answer)
    }

    pub(crate) fn ask(&self, method: &str, path: &str) -> Answer {
        let answer = self.server.ask(method, path, &self.authorization);
        described(method, path, answer)
    }

    pub(crate) fn pair(&self, name: &str, legs: [&Leg; 2]) -> Answer {
        let body = json!({ "legs": legs.map(Leg::name) }).to_string();
        let path = format!("/v1/matches/{name}");
        self.send("PUT", &path, "application/json", &body)
    }

    pub(crate) fn state(&self, leg: &Leg) -> Value {
        let answer = self.ask("GET", &format!("{}/state", leg.location));
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Waits until a leg's state is as wanted.
    pub(crate) async fn until(&self, leg: &Leg, wanted: impl Fn(&Value) -> bool) {
        let seen = async {
            while !wanted(&self.state(leg)) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, seen)
            .await
            .expect("the leg gets there in time");
    }

    /// Opens a leg and waits until it is connected.
    pub(crate) async fn open(&self, name: &str) -> Leg {
        self.open_with(name, &Kit::default()).await
    }

    /// The same, with what the test wants it to bring.
    pub(crate) async fn open_with(&self, name: &str, kit: &Kit) -> Leg {
        let client = LegClient::new(name, kit).await;
        let answer = self.send("POST", "/v1/legs", SDP, &client.offer().await);
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert_eq!(answer.header("content-type"), SDP);
        client.answer(&answer.body).await;
        let leg = Leg {
            location: answer.header("location").to_owned(),
            etag: answer.header("etag").to_owned(),
            client,
        };
        self.until(&leg, |state| state["connection"] == "connected")
            .await;
        leg
    }
}

/// An answer that the API's description has.
pub(crate) fn described(method: &str, path: &str, answer: Answer) -> Answer {
    let said = Said {
        status: answer.status,
        kind: answer.header("content-type"),
        body: &answer.body,
    };
    expect_described(method, path, &said);
    answer
}

/// A leg by its address.
pub(crate) struct Leg {
    pub(crate) location: String,
    pub(crate) etag: String,
    pub(crate) client: LegClient,
}

impl Leg {
    pub(crate) fn name(&self) -> &str {
        self.location.strip_prefix("/v1/legs/").unwrap()
    }

    pub(crate) async fn sees(&mut self, name: &str) {
        self.client.next_where(|packet| shows(packet, name)).await;
    }
}

pub(crate) fn code(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(problem["status"], answer.status);
    (answer.status, problem["code"].as_str().unwrap().to_owned())
}
