//! What the command line says, and what a mistake is told: one line, exit code 2, nothing started.

use std::net::{TcpListener, UdpSocket};

use crate::started::{said, visavis};

/// Checks that the binary refuses these arguments, and gives the one line.
fn refusal(arguments: &[&str]) -> String {
    let (code, output, complaint) = said(&mut visavis(arguments));
    assert_eq!((code, output.as_str()), (2, ""), "{complaint}");
    assert_eq!(
        complaint.matches('\n').count(),
        1,
        "not one line: {complaint}"
    );
    complaint.trim_end().to_owned()
}

#[test]
fn the_help_is_the_golden_help() {
    const GOLDEN: &str = "tests/golden/help.txt";
    let help = visavis::cli::help();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, &help).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap();
    assert_eq!(
        golden, help,
        "UPDATE_GOLDEN=1 cargo test --test program writes it anew"
    );
    let (code, output, _) = said(&mut visavis(&["--help"]));
    assert_eq!(code, 0);
    assert!(
        output.contains("--media-listen") && output.contains("Examples:"),
        "{output}"
    );
}

#[test]
fn the_version_is_the_packages() {
    let (code, output, _) = said(&mut visavis(&["--version"]));
    assert_eq!(
        (code, output),
        (0, format!("visavis {}\n", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn an_unknown_flag_is_told_the_nearest_in_one_line() {
    let line = refusal(&["--media-shard", "2"]);
    assert!(
        line.starts_with("visavis: unexpected argument '--media-shard' found"),
        "{line}"
    );
    assert!(line.contains("'--media-shards'"), "{line}");
}

#[test]
fn a_wrong_value_is_named_with_its_origin() {
    let line = refusal(&["--lobby-grace-ms=-1"]);
    assert_eq!(
        line,
        "visavis: lobby.grace_ms = -1 (flag --lobby-grace-ms) must be \
         a whole number of milliseconds from 0 to 600000"
    );
    let (code, _, complaint) = said(visavis(&[]).env("VISAVIS_MEDIA_LISTEN", "everywhere"));
    assert_eq!(code, 2);
    assert!(
        complaint.contains("environment variable VISAVIS_MEDIA_LISTEN"),
        "{complaint}"
    );
}

#[test]
fn a_mistake_in_the_file_is_told_its_line() {
    let file = Scratch::new("mistake.toml", "[media]\nshards = 1\nport = 3478\n");
    let line = refusal(&["--config", file.path()]);
    let told = format!("visavis: media.port ({}, line 3) is not a key", file.path());
    assert!(line.starts_with(&told), "{line}");
    let line = refusal(&["--config", "no-such.toml"]);
    assert!(
        line.starts_with("visavis: --config no-such.toml must be a file"),
        "{line}"
    );
}

#[test]
fn check_config_prints_what_is_in_force_and_why() {
    let file = Scratch::new("in_force.toml", "[media]\nshards = 2\nsilence_ms = 7000\n");
    let mut command = visavis(&["check-config", "--media-silence-ms", "8000"]);
    command
        .env("VISAVIS_CONFIG", file.path())
        .env("VISAVIS_LOBBY_GRACE_MS", "9000");
    let (code, output, complaint) = said(&mut command);
    assert_eq!((code, complaint.as_str()), (0, ""));
    let line = |start: &str| output.lines().find(|line| line.starts_with(start)).unwrap();
    assert!(line("shards = 2 ").ends_with(&format!("# {}, line 2", file.path())));
    assert!(line("silence_ms = 8000 ").ends_with("# flag --media-silence-ms"));
    assert!(line("grace_ms = 9000 ").ends_with("# environment variable VISAVIS_LOBBY_GRACE_MS"));
    assert!(line("requeue_ms = 3000 ").ends_with("# default"));
}

#[test]
fn a_port_in_use_is_named_before_anything_is_started() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert_eq!(
        refusal(&["--http-listen", &address, "--media-listen", "127.0.0.1:0"]),
        format!(
            "visavis: http.listen = \"{address}\" (flag --http-listen) must be \
             an address and port that no other program uses"
        )
    );
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line = refusal(&["--media-listen", &address, "--http-listen", "127.0.0.1:0"]);
    assert!(
        line.starts_with(&format!("visavis: media.listen = \"{address}\"")),
        "{line}"
    );
}

#[test]
fn an_address_of_another_machine_is_named() {
    let line = refusal(&["--http-listen", "192.0.2.1:8080"]);
    assert!(
        line.ends_with("must be an address of this machine"),
        "{line}"
    );
}

#[test]
fn a_certificate_that_cannot_be_read_is_named() {
    let line = refusal(&["--tls-cert", "no-such.pem", "--tls-key", "no-such.pem"]);
    let told = "visavis: tls.cert = \"no-such.pem\" (flag --tls-cert) must be a PEM file";
    assert!(line.starts_with(told), "{line}");
    let file = Scratch::new("no_certificate.pem", "nothing\n");
    let line = refusal(&["--tls-cert", file.path(), "--tls-key", file.path()]);
    assert!(
        line.ends_with("must be a PEM file with a certificate: there is none in it"),
        "{line}"
    );
}

/// A file that is gone after the test.
pub(crate) struct Scratch(String);

impl Scratch {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let path = format!(
            "{}/{}-{name}",
            env!("CARGO_TARGET_TMPDIR"),
            std::process::id()
        );
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
