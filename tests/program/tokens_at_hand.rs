//! `visavis token`, and the door of a server that asks for one.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::started::{Started, said, visavis};
use crate::talker::Talker;

/// A folder for keys and tokens, gone with the test.
struct Drawer(PathBuf);

impl Drawer {
    fn new(name: &str) -> Self {
        let name = format!("visavis-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// A secret in a file, and the flag that names it.
    fn secret(&self, id: &str) -> String {
        let (code, secret, _) = said(&mut visavis(&["token", "secret"]));
        assert_eq!((code, secret.trim().len()), (0, 64));
        let file = self.file(id);
        std::fs::write(&file, secret).unwrap();
        format!("--access-keys={id}=HS256:{file}")
    }
}

impl Drop for Drawer {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn minted(flags: &[&str]) -> String {
    let (code, token, complaint) = said(visavis(&["token", "mint"]).args(flags));
    assert_eq!((code, complaint.as_str()), (0, ""));
    token.trim().to_owned()
}

#[test]
fn the_examples_of_the_help_work() {
    let drawer = Drawer::new("examples");
    let (_, help, _) = said(&mut visavis(&["token", "--help"]));
    let examples: Vec<_> = help
        .lines()
        .filter_map(|line| line.strip_prefix("  visavis token "))
        .collect();
    assert_eq!(examples.len(), 3, "{help}");
    for example in examples {
        let mut shell = std::process::Command::new("sh");
        let line = format!("\"$0\" token {example}");
        let program = env!("CARGO_BIN_EXE_visavis");
        shell.args(["-c", &line, program]).env_clear();
        let (code, output, complaint) = said(shell.current_dir(&drawer.0));
        assert_eq!((code, complaint.as_str()), (0, ""), "{example}: {output}");
        assert!(!example.starts_with("inspect") || output.contains("\"good\""));
    }
}

#[test]
fn a_token_says_what_it_was_told_to() {
    let drawer = Drawer::new("says");
    let key = drawer.secret("main");
    let token = minted(&[
        &key,
        "--sub=ada",
        "--grant=visit,watch",
        "--age=16-17=estimated",
        "--interests=chess",
        "--languages=en,fr",
        "--expires-in=2h",
        "--once",
    ]);
    let (code, shown, complaint) = said(visavis(&["token", "inspect", &token]).arg(&key));
    assert_eq!((code, complaint.as_str()), (0, ""));
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["verdict"], "good");
    assert_eq!(
        shown["header"],
        json!({ "alg": "HS256", "typ": "JWT", "kid": "main" })
    );
    let claims = &shown["claims"];
    assert_eq!(claims["sub"], "ada");
    assert_eq!(claims["grants"], json!(["visit", "watch"]));
    assert_eq!(
        claims["age"],
        json!({ "band": "16-17", "assurance": "estimated" })
    );
    assert_eq!(claims["attributes"]["languages"], json!(["en", "fr"]));
    let lasts = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
    assert_eq!(lasts, 7200);
    assert_eq!(claims["jti"].as_str().unwrap().len(), 32);
}

#[test]
fn a_token_that_is_not_good_is_shown_and_named() {
    let drawer = Drawer::new("named");
    let (key, other) = (drawer.secret("main"), drawer.secret("other"));
    for (token, verdict) in [
        (minted(&[&other]), "it names no key of this configuration"),
        (
            minted(&[&other]).replace("im90aGVy", "im1haW4i"),
            "it names no key",
        ),
        (
            minted(&[&key]) + "A",
            "it is not signed for us by the key that it names",
        ),
    ] {
        let (code, shown, complaint) = said(visavis(&["token", "inspect", &token]).arg(&key));
        assert_eq!(code, 1, "{shown}");
        assert!(complaint.contains(verdict), "{complaint}");
    }
    let (code, _, complaint) = said(visavis(&["token", "inspect", "nonsense"]).arg(&key));
    assert_eq!((code, complaint.as_str()), (1, "visavis: it is no token\n"));
    let (code, _, complaint) = said(visavis(&["token", "mint", "--grant", "visits"]).arg(&key));
    assert_eq!(code, 2);
    assert!(complaint.contains("out of visit, publish"), "{complaint}");
    let (code, _, complaint) = said(&mut visavis(&["token", "mint"]));
    assert_eq!(code, 1);
    assert!(complaint.contains("access.keys is empty"), "{complaint}");
}

#[test]
fn a_server_that_asks_for_a_token_takes_one_that_was_minted() {
    let drawer = Drawer::new("door");
    let key = drawer.secret("main");
    let server = Started::with(&[&key, "--access-guests=false"]);
    let join = |token: Option<&str>| {
        let mut join = json!({ "type": "join", "mode": "text", "adult": true });
        if let Some(token) = token {
            join["token"] = json!(token);
        }
        join
    };
    let mut talker = Talker::connect(&server);
    talker.say(&join(None));
    assert_eq!(talker.hear("error")["code"], "unauthorized");
    talker.say(&join(Some(&minted(&[&key, "--sub=ada"]))));
    talker.hear("joined");
    let metrics = server.get("/metrics").body;
    let counted = "visavis_access_refused_total{reason=\"no_token\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
}

#[test]
fn a_key_that_is_none_is_told_before_anything_is_started() {
    let drawer = Drawer::new("short");
    let file = drawer.file("short");
    std::fs::write(&file, "too short").unwrap();
    for (key, told) in [
        (
            format!("main=HS256:{file}"),
            "a secret of 32 characters or more",
        ),
        (
            format!("main=ES256:{file}"),
            "a public key of its algorithm in PEM",
        ),
        ("main=HS256:/no/such".to_owned(), "one that can be read"),
    ] {
        let (code, output, complaint) = said(&mut visavis(&["--access-keys", &key]));
        assert_eq!((code, output.as_str()), (2, ""));
        assert!(
            complaint.starts_with("visavis: access.keys = "),
            "{complaint}"
        );
        assert!(complaint.contains(told), "{complaint}");
    }
}

#[test]
fn a_listed_page_may_read_what_the_server_answers() {
    let server = Started::with(&["--access-origins=https://chat.example.org"]);
    let ask = |method, origin: &str, more: &str| {
        server.ask(method, "/v1/online", &format!("origin: {origin}\r\n{more}"))
    };
    let listed = ask("GET", "https://chat.example.org", "");
    let allowed = "access-control-allow-origin";
    assert_eq!(listed.header(allowed), "https://chat.example.org");
    assert_eq!((listed.status, listed.header("vary")), (200, "origin"));
    let stranger = ask("GET", "https://evil.example", "");
    assert_eq!((stranger.status, stranger.header(allowed)), (200, ""));
    assert_eq!(stranger.header("vary"), "origin");
    let asks = "access-control-request-method: GET\r\n";
    let preflight = ask("OPTIONS", "https://chat.example.org", asks);
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header(allowed), "https://chat.example.org");
    assert_eq!(preflight.header("access-control-allow-credentials"), "");
    assert_eq!(
        ask("OPTIONS", "https://evil.example", asks).header(allowed),
        ""
    );
}

#[test]
fn a_crowd_comes_in_by_a_token() {
    let drawer = Drawer::new("crowd");
    let key = drawer.secret("main");
    let server = Started::with(&[&key, "--access-guests=false"]);
    let url = format!("http://{}", server.http);
    let file = drawer.file("crowd.token");
    std::fs::write(&file, minted(&[&key, "--age=adult=verified"])).unwrap();
    let crowd = |more: &[&str]| {
        let mut load = visavis(&["load", "--pairs=1", "--ramp=0s", "--duration=1s"]);
        let (code, told, complaint) = said(load.args(["--video=0", "--url", &url]).args(more));
        (code, told + &complaint)
    };
    let (code, told) = crowd(&["--token", &format!("@{file}")]);
    assert_eq!(code, 0, "{told}");
    let (code, told) = crowd(&[]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("missing or not good"), "{told}");
}
