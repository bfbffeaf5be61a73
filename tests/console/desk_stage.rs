//! [`DeskStage`]: the console's routes on a real socket, with a store of its own, and a small HTTP
//! client.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use visavis::config;
use visavis::control::{self, Casework};
use visavis::http::console::{Console, Parts, Reload, routes};
use visavis::moderation::{DeviceKey, Label, Opening};
use visavis::store::{
    AuditLog, Cases, Depot, Evidence, Filing, Keeping, KeptOut, Moderators, Outside, Role, Search,
    Stored, Vault,
};

use crate::described::{Said, expect_described};

/// A console for people with every role.
pub(crate) struct DeskStage {
    address: SocketAddr,
    folder: PathBuf,
    pub(crate) audit: AuditLog,
    pub(crate) kept_out: KeptOut,
    cases: Cases,
    /// What is asked of whoever reads the policy.
    pub(crate) reloads: mpsc::Receiver<Reload>,
}

impl DeskStage {
    pub(crate) async fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("visavis-desk-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let audit = AuditLog::open(&folder).unwrap();
        let (kept_out, _) = KeptOut::open(&folder).unwrap();
        let keeping = Keeping {
            conduct: Duration::from_secs(1_000_000),
            child_safety: Duration::from_secs(1_000_000),
        };
        let cases = Cases::open(&folder, keeping).unwrap();
        let vault = Vault::read(&Vault::new_key().unwrap()).unwrap();
        let depot = Depot::folder(&folder.join("evidence")).unwrap();
        let evidence = Evidence::start(cases.clone(), vault, depot).await.unwrap();
        let (asks, reloads) = mpsc::channel(1);
        let (_, events) = mpsc::channel(1);
        let control = control::start(&config::Lobby::default(), |_| {}, events, None);
        let (store, log, outside) = (cases.clone(), audit.clone(), kept_out.clone());
        let console = Console::new(Parts {
            casework: Casework::new(store, log, outside, control.clone()).with_evidence(evidence),
            moderators: Moderators::open(&folder).unwrap(),
            audit: audit.clone(),
            kept_out: kept_out.clone(),
            control,
            reasons: vec!["mistake".to_owned(), "nudity".to_owned()],
            reloads: asks,
        });
        let address = serve(Some(console)).await;
        Self {
            address,
            folder,
            audit,
            kept_out,
            cases,
            reloads,
        }
    }

    /// The other end of what is asked of whoever reads the policy.
    pub(crate) fn take_reloads(&mut self) -> mpsc::Receiver<Reload> {
        std::mem::replace(&mut self.reloads, mpsc::channel(1).1)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Somebody new with this role: their token.
    pub(crate) fn person(&self, role: Role) -> String {
        let mut moderators = Moderators::open(&self.folder).unwrap();
        let token = moderators.add(&format!("A {role}"), role).unwrap();
        token.into_inner()
    }

    /// Nobody is called so any more.
    pub(crate) fn remove(&self, role: Role) {
        let moderators = Moderators::open(&self.folder).unwrap();
        moderators.remove(&format!("A {role}")).unwrap();
    }

    /// A case begins: its name and its code.
    pub(crate) async fn open_case(&self, opening: Opening) -> (String, String) {
        self.open_with(opening.into()).await
    }

    /// The same, with pictures.
    pub(crate) async fn open_with(&self, filing: Filing) -> (String, String) {
        let receipts = self.cases.add([filing]).await.unwrap().unwrap();
        (receipts[0].id.0.to_string(), receipts[0].code.clone())
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Keeps a device out for an hour: the name of the ban.
    pub(crate) async fn keep_out(&self, device: u8, label: Label) -> String {
        let outside = Outside {
            device: DeviceKey([device; 16]),
            rest: Duration::from_secs(3_600),
            label,
        };
        self.kept_out.keep(outside).await.unwrap().unwrap();
        visavis::store::BanId::of(&DeviceKey([device; 16])).to_string()
    }

    /// Everything in the log, the oldest line first.
    pub(crate) fn log(&self) -> Vec<Stored> {
        let mut lines = self.audit.trail(&Search::default()).unwrap().lines;
        lines.reverse();
        lines
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        ask(self.address, "GET", path, token, None).await
    }

    pub(crate) async fn delete(&self, token: &str, path: &str) -> Answer {
        ask(self.address, "DELETE", path, token, None).await
    }

    /// A visitor asks, who has no token, under `/v1/`.
    pub(crate) async fn ask_outside(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let body = body.map(Value::to_string);
        ask_at(
            self.address,
            (method, &format!("/v1/{path}")),
            "",
            body.as_deref(),
        )
        .await
    }

    pub(crate) async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        ask(self.address, "POST", path, token, Some(&body.to_string())).await
    }

    pub(crate) async fn post_text(&self, token: &str, path: &str, body: &str) -> Answer {
        ask(self.address, "POST", path, token, Some(body)).await
    }
}

impl Drop for DeskStage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The routes alone, as the server has them.
pub(crate) async fn serve(console: Option<Console>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = routes(console).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Value,
    pub(crate) text: String,
    /// As it came.
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    /// One header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields
            .find(|(field, _)| *field == name)
            .map_or("", |(_, value)| value)
    }

    /// It must be this problem.
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(
            (self.status, self.body["code"].as_str()),
            (status, Some(code)),
            "{self:?}"
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], json!(status));
        assert!(!self.body["detail"].as_str().unwrap().is_empty());
    }
}

/// One request under `/v1/console/`; with an empty token it has none.
pub(crate) async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    token: &str,
    body: Option<&str>,
) -> Answer {
    let path = format!("/v1/console/{path}");
    ask_at(address, (method, &path), token, body).await
}

async fn ask_at(
    address: SocketAddr,
    (method, path): (&str, &str),
    token: &str,
    body: Option<&str>,
) -> Answer {
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
    request.push_str("connection: close\r\n");
    if !token.is_empty() {
        request.push_str(&format!("authorization: Bearer {token}\r\n"));
    }
    if let Some(body) = body {
        let length = body.len();
        request.push_str("content-type: application/json\r\n");
        request.push_str(&format!("content-length: {length}\r\n\r\n{body}"));
    } else {
        request.push_str("\r\n");
    }
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let bytes = answer.split_off(end.unwrap() + 4);
    let head = String::from_utf8(answer).unwrap();
    let answer = Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        text: String::from_utf8_lossy(&bytes).into_owned(),
        head,
        bytes,
    };
    let said = Said {
        status: answer.status,
        kind: answer.header("content-type"),
        body: &answer.text,
    };
    expect_described(method, path, &said);
    answer
}
