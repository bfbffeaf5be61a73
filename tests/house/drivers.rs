//! Only drivers touch the world: they await, read a clock, draw lots, open sockets and files.

use crate::expect_none;
use crate::source::Source;

/// The drivers, by path or by folder.
const DRIVERS: [&str; 10] = [
    "src/cli/",
    "src/config/load.rs",
    "src/control/handle.rs",
    "src/control/line.rs",
    "src/control/task.rs",
    "src/http/",
    "src/logging.rs",
    "src/main.rs",
    "src/media/driver.rs",
    "src/server/",
];

/// What only drivers write.
const WORLD: [&str; 15] = [
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
    "rand::rng()",
    "rand::random",
];

fn is_driver(path: &str) -> bool {
    DRIVERS
        .iter()
        .any(|driver| path == *driver || (driver.ends_with('/') && path.starts_with(driver)))
}

fn touches(file: &Source) -> Vec<&'static str> {
    // The tests of a core come last in its file, and may begin their virtual time anywhere.
    let code = file.code();
    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
    WORLD
        .into_iter()
        .filter(|word| code.contains(word))
        .collect()
}

fn touching_cores(file: &Source) -> Vec<String> {
    let is_core = file.is("rs") && file.path.starts_with("src/") && !is_driver(&file.path);
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
    let its_tests = Source::of("src/lobby/waiting.rs", "#[cfg(test)]\nInstant::now();");
    assert!(touching_cores(&its_tests).is_empty());
    let driver = Source::of("src/media/driver.rs", "let now = Instant::now();");
    assert!(touching_cores(&driver).is_empty());
}

#[test]
fn only_drivers_touch_the_world() {
    expect_none(touching_cores);
}
