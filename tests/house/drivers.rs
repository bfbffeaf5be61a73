//! Only drivers touch the world: they await, read a clock, draw lots, open sockets and files.

use crate::expect_none;
use crate::source::{Source, tree};

/// The drivers, by path or by folder.
const DRIVERS: [&str; 45] = [
    "src/classify/attendant.rs",
    "src/classify/builtin.rs",
    "src/classify/credentials.rs",
    "src/classify/listening.rs",
    "src/classify/outpost.rs",
    "src/classify/service.rs",
    "src/classify/starting.rs",
    "src/classify/vendor.rs",
    "src/cli/",
    "src/control/casework.rs",
    "src/control/handle.rs",
    "src/control/line.rs",
    "src/control/settling.rs",
    "src/control/task.rs",
    "src/control/watch.rs",
    "src/destination.rs",
    "src/http/",
    "src/load/crowd.rs",
    "src/load/dialogue.rs",
    "src/load/herd.rs",
    "src/load/http_side.rs",
    "src/load/meter.rs",
    "src/load/server_process.rs",
    "src/load/threads.rs",
    "src/load/wire.rs",
    "src/media/driver.rs",
    "src/media/plane.rs",
    "src/media/socket.rs",
    "src/media/tcp_door.rs",
    "src/server/",
    "src/store/audit.rs",
    "src/store/audit_tally.rs",
    "src/store/audit_trail.rs",
    "src/store/case_table.rs",
    "src/store/cases.rs",
    "src/store/depot.rs",
    "src/store/elsewhere.rs",
    "src/store/evidence.rs",
    "src/store/kept_out.rs",
    "src/store/ledger.rs",
    "src/store/moderators.rs",
    "src/store/outbox.rs",
    "src/store/readmission.rs",
    "src/store/wall_clock.rs",
    "src/traces.rs",
];

/// What only drivers write.
const WORLD: [&str; 16] = [
    ".await",
    "Instant::now",
    "SystemTime::now",
    "elapsed()",
    "thread::spawn",
    "thread::Builder",
    "thread::sleep",
    "tokio::spawn",
    "tokio::time",
    "UdpSocket",
    "TcpListener",
    "TcpStream",
    "fs::",
    "Connection::open",
    "rand::rng()",
    "rand::random",
];

fn is_driver(path: &str) -> bool {
    DRIVERS
        .iter()
        .any(|driver| path == *driver || (driver.ends_with('/') && path.starts_with(driver)))
}

fn touches(file: &Source) -> Vec<&'static str> {
    let code = without_tests(&file.code());
    WORLD
        .into_iter()
        .filter(|word| code.contains(word))
        .collect()
}

/// Leaves out what is only compiled for tests: they may need some instant to begin with.
fn without_tests(code: &str) -> String {
    let mut parts = code.split("\n#[cfg(test)]\n");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // The item ends with its brace at the margin, or, `mod tests;`, with its semicolon.
        let item = part.find(['{', ';']).unwrap_or(part.len());
        let end = if part.get(item..=item) == Some(";") {
            item + 1
        } else {
            part.find("\n}").map_or(part.len(), |brace| brace + 2)
        };
        kept.push_str(part.get(end..).unwrap_or_default());
    }
    kept
}

fn touching_cores(file: &Source) -> Vec<String> {
    let is_core = file.is("rs")
        && file.path.starts_with("src/")
        && !file.path.ends_with("_tests.rs")
        && !is_driver(&file.path);
    if !is_core {
        return Vec::new();
    }
    touches(file)
        .into_iter()
        .map(|word| format!("{}: a core, and it says `{word}`", file.path))
        .collect()
}

#[test]
fn a_core_that_reads_a_clock_is_seen() {
    let core = Source::of(
        "src/lobby/waiting.rs",
        "let now = Instant::now();\nx.await; // fs::",
    );
    assert_eq!(touching_cores(&core).len(), 2);
    for allowed in ["src/media/driver.rs", "src/lobby/waiting_tests.rs"] {
        let file = Source::of(allowed, "let now = Instant::now();");
        assert!(touching_cores(&file).is_empty(), "{allowed}");
    }
}

#[test]
fn what_is_compiled_for_tests_alone_is_left_out() {
    let code = "a\n#[cfg(test)]\nmod far;\nb\n#[cfg(test)]\n#[expect(x)]\nmod tests {\n    c\n}\nd";
    assert_eq!(without_tests(code), "a\nb\nd");
}

#[test]
fn only_drivers_touch_the_world() {
    expect_none(touching_cores);
}

#[test]
fn every_driver_drives() {
    let tree = tree();
    for driver in DRIVERS {
        let drives = tree
            .iter()
            .filter(|file| {
                file.path == driver || (driver.ends_with('/') && file.path.starts_with(driver))
            })
            .any(|file| !touches(file).is_empty());
        assert!(drives, "{driver} is named as a driver and touches nothing");
    }
}
