//! What is served beside the signaling: the page, the client module, health and metrics.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use visavis::metrics::METRICS;

use crate::started::Started;

#[test]
fn each_page_and_everything_it_names_is_served() {
    let server = Started::with(&[]);
    for (path, what) in [
        ("/", "start"),
        ("/console", "sign-in"),
        ("/appeal", "ask"),
        ("/docs", "operations"),
    ] {
        is_whole(&server, path, what);
    }
}

/// A page, and what its source names.
fn is_whole(server: &Started, path: &str, what: &str) {
    let page = server.get(path);
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    assert!(page.body.contains(&format!("data-testid=\"{what}\"")));
    let named: Vec<_> = ["src=\"", "href=\""]
        .iter()
        .flat_map(|attribute| page.body.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .filter(|name| !name.starts_with('#') && !name.contains(':'))
        .collect();
    assert!(named.len() >= 2, "a script and a style at least: {named:?}");
    for name in named {
        let path = format!("/{}", name.trim_start_matches("./").trim_start_matches('/'));
        assert_eq!(server.get(&path).status, 200, "{path}");
    }
}

#[test]
fn the_client_module_is_served_with_its_type_and_tag() {
    let server = Started::with(&[]);
    let module = server.get("/client/visavis.js");
    assert_eq!(module.status, 200);
    assert_eq!(
        module.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    assert!(module.body.contains("export"), "{}", module.body);

    let tag = module.header("etag");
    let again = server.ask(
        "GET",
        "/client/visavis.js",
        &format!("if-none-match: {tag}\r\n"),
    );
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    let other = server.ask("GET", "/client/visavis.js", "if-none-match: \"other\"\r\n");
    assert_eq!(other.status, 200);
    let head = server.ask("HEAD", "/client/visavis.js", "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(
        server
            .ask("POST", "/client/visavis.js", "content-length: 0\r\n")
            .status,
        405
    );
}

#[test]
fn only_the_files_of_the_page_are_served() {
    let server = Started::with(&[]);
    for path in [
        "/package.json",
        "/client/../../Cargo.toml",
        "/..%2fCargo.toml",
        "//etc/passwd",
        "/client",
        "/client/",
        "/client/no-such.js",
        "/node_modules/typescript/package.json",
    ] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
}

#[test]
fn every_answer_says_what_a_page_may_do() {
    let server = Started::with(&[]);
    for path in ["/client/visavis.js", "/healthz", "/no-such-page"] {
        let answer = server.get(path);
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'self'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert!(
            answer
                .header("permissions-policy")
                .contains("camera=(self)")
        );
    }
}

#[test]
fn only_the_console_shows_pictures_that_it_fetched_and_it_asks_for_no_camera() {
    let server = Started::with(&[]);
    for path in ["/console", "/console/", "/console/console.js"] {
        let answer = server.get(path);
        assert_eq!(answer.status, 200, "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("img-src 'self' data: blob:"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(answer.header("permissions-policy").contains("camera=()"));
    }
    for path in ["/", "/consoles", "/v1/console/me"] {
        let answer = server.get(path);
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("img-src 'self' data:;"), "{path}: {policy}");
    }
}

#[test]
fn health_and_metrics_are_served() {
    let server = Started::with(&[]);
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.get("/readyz").status, 200);
    let metrics = server.get("/metrics");
    assert!(
        metrics
            .header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    for metric in METRICS.iter().filter(|metric| metric.label.is_empty()) {
        assert!(
            metrics.body.contains(&format!("# TYPE {}", metric.name)),
            "{}",
            metric.name
        );
    }
    // Its own; those before it may take a moment to close.
    let is_alone = || {
        let body = server.get("/metrics").body;
        body.contains("\nvisavis_http_connections 1\n")
    };
    let settled = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        is_alone()
    });
    assert!(settled, "{}", metrics.body);
}

#[test]
fn every_line_of_the_metrics_is_prometheus_text() {
    let server = Started::with(&[]);
    for line in server
        .get("/metrics")
        .body
        .lines()
        .filter(|line| !line.is_empty())
    {
        if line.starts_with("# HELP ") || line.starts_with("# TYPE ") {
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        // The names that every process has by custom are the exception.
        let is_ours = series.starts_with("visavis_") || series.starts_with("process_");
        assert!(is_ours, "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}

#[test]
fn connections_beyond_the_limit_are_closed() {
    let server = Started::with(&["--http-max-connections", "1"]);
    let mut first = server.connect();
    first
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
        .unwrap();
    let mut start = [0; 12];
    first.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");

    // Closed at once: nothing comes, or the connection is reset.
    let mut second = server.connect();
    let _ = second.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(second.read(&mut start).unwrap_or(0), 0);

    first
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answers = String::new();
    first.read_to_string(&mut answers).unwrap();
    assert!(
        answers.contains("visavis_http_refused_total 1\n"),
        "{answers}"
    );
    assert!(
        answers.contains("visavis_http_connections 1\n"),
        "{answers}"
    );
}

#[test]
fn a_client_that_sends_no_request_is_given_up() {
    let server = Started::with(&["--http-header-timeout-ms", "200"]);
    for start in ["", "PRI * HTTP/2.0", "GET /healthz HTTP/1.1\r\nhost: "] {
        let mut slow = server.connect();
        slow.write_all(start.as_bytes()).unwrap();
        let begun = Instant::now();
        let mut rest = Vec::new();
        let _ = slow.read_to_end(&mut rest);
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{start:?} held the connection"
        );
    }
}
