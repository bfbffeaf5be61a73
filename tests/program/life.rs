//! How the server begins and ends.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::started::{Started, visavis};

#[test]
fn it_ends_by_itself_after_either_signal() {
    for signal in [Signal::TERM, Signal::INT] {
        let server = Started::with(&["--server-drain-ms", "600000"]);
        assert_eq!(server.get("/readyz").status, 200);
        server.signal(signal);
        let begun = Instant::now();
        let (status, log) = server.ended();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "nobody was there to wait for"
        );
        assert!(log.contains("\"message\":\"ended\""), "{log}");
    }
}

#[test]
fn a_crash_leaves_no_dump_of_what_is_in_memory() {
    let plain = visavis(&[
        "--http-listen=127.0.0.1:0",
        "--media-listen=127.0.0.1:0",
        "--moderation-enabled=false",
        "--log-format=json",
    ]);
    // As far as the system lets anybody, dumps are wanted.
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -c unlimited || true; exec \"$0\" \"$@\""]);
    for (name, _) in plain.get_envs() {
        shell.env_remove(name);
    }
    let server = Started::run(shell.arg(plain.get_program()).args(plain.get_args()));
    server.signal(Signal::ABORT);
    let (status, _) = server.ended();
    assert_eq!(status.signal(), Some(Signal::ABORT.as_raw()));
    assert!(!status.core_dumped());
}

#[test]
fn a_port_is_free_again_when_it_has_ended() {
    let server = Started::with(&[]);
    let http = format!("--http-listen={}", server.http);
    server.get("/healthz");
    server.signal(Signal::TERM);
    server.ended();
    let mut again = visavis(&[
        &http,
        "--media-listen=127.0.0.1:0",
        "--moderation-enabled=false",
        "--log-format=json",
    ]);
    assert_eq!(Started::run(&mut again).get("/healthz").status, 200);
}

#[test]
fn the_log_is_one_json_object_per_line_where_told_so() {
    let server = Started::with(&[]);
    server.signal(Signal::TERM);
    let (_, log) = server.ended();
    assert!(log.lines().count() >= 2, "{log}");
    for line in log.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(
            entry["level"].is_string() && entry["message"].is_string(),
            "{line}"
        );
    }
}
