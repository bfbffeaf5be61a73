//! A running binary on ports that the system chose, and a small HTTP client to look at it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take before a test gives it up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The binary with arguments, and nothing of this process's environment that it would read.
pub(crate) fn visavis(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_visavis"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("VISAVIS_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// What the binary says and how it ends, for arguments with which it ends by itself.
pub(crate) fn said(command: &mut Command) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// A running server.
pub(crate) struct Started {
    child: Child,
    /// Where its HTTP side listens.
    pub(crate) http: SocketAddr,
    /// What it said until it was ready.
    pub(crate) welcome: String,
    output: BufReader<ChildStdout>,
}

impl Started {
    /// Starts it on free ports of loopback and waits until it says that it is ready. Nobody looks at
    /// pictures, where the arguments do not say otherwise.
    pub(crate) fn with(arguments: &[&str]) -> Self {
        let mut command = visavis(&["--http-listen=127.0.0.1:0", "--media-listen=127.0.0.1:0"]);
        if !arguments
            .iter()
            .any(|flag| flag.starts_with("--moderation"))
        {
            command.arg("--moderation-enabled=false");
        }
        Self::run(command.args(arguments).args(["--log-format", "json"]))
    }

    /// Starts a command with the JSON welcome, which names the port.
    pub(crate) fn run(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut welcome = String::new();
        output.read_line(&mut welcome).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&welcome).unwrap();
        let port = ready["page"][0]
            .as_str()
            .unwrap()
            .rsplit(':')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        Self {
            child,
            http: SocketAddr::from(([127, 0, 0, 1], port)),
            welcome,
            output,
        }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
    }

    /// Waits for its end; gives how it ended and its log, in which no alarm and no address may be.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let mut log = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "it says nothing more on standard output");
        for alarm in ["ERROR", "WARN", "panicked"] {
            assert!(
                !log.contains(alarm),
                "an orderly life raises no alarm:\n{log}"
            );
        }
        assert!(!has_address(&log), "an address is in the log:\n{log}");
        (self.child.wait().unwrap(), log)
    }

    /// Asks for a page.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    /// Sends one request with more headers, each ended by CRLF.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        self.send(method, path, headers, None)
    }

    /// The same with a body.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: Option<&str>,
    ) -> Answer {
        let mut stream = self.connect();
        let host = self.http;
        let head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
        let length = body.map_or_else(String::new, |body| {
            format!("content-length: {}\r\n", body.len())
        });
        let body = body.unwrap_or_default();
        stream
            .write_all(format!("{head}{headers}{length}\r\n{body}").as_bytes())
            .unwrap();
        Answer::read(stream)
    }

    /// A bare connection to it.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect_timeout(&self.http, PATIENCE).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // A test that fails must not leave it behind; one that waited for its end has nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether an IP address, with or without a port, stands in a text.
pub(crate) fn has_address(text: &str) -> bool {
    text.split(|sign: char| !sign.is_alphanumeric() && sign != '.' && sign != ':')
        .map(|word| word.trim_end_matches('.'))
        .any(|word| word.parse::<IpAddr>().is_ok() || word.parse::<SocketAddr>().is_ok())
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    /// Reads one until the connection is closed.
    pub(crate) fn read(mut stream: impl Read) -> Self {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self {
            status,
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// One header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers(name).next().unwrap_or("")
    }

    /// Every header of a name.
    pub(crate) fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.filter_map(move |(field, value)| (field == name).then_some(value))
    }
}
