//! `visavis load`: a crowd of simulated visitors meets in a real server.

use serde_json::Value;

use crate::started::{Started, said, visavis};

/// Runs two pairs against a server; gives the exit code, what was said, and the findings.
pub(crate) fn two_pairs(server: &Started, more: &[&str]) -> (i32, String, Value) {
    two_pairs_by("http", server, more)
}

fn two_pairs_by(scheme: &str, server: &Started, more: &[&str]) -> (i32, String, Value) {
    let url = format!("{scheme}://{}", server.http);
    let findings = std::env::temp_dir().join(format!("findings-{}.json", server.http.port()));
    let mut command = visavis(&["load", "--pairs=2", "--ramp=0s"]);
    if !more.iter().any(|flag| flag.starts_with("--duration")) {
        command.arg("--duration=2s");
    }
    command.args(["--url", &url, "--video=300k", "--json"]);
    let (code, said, complaint) = said(command.arg(&findings).args(more));
    let text = std::fs::read_to_string(&findings).unwrap();
    std::fs::remove_file(&findings).unwrap();
    (
        code,
        said + &complaint,
        serde_json::from_str(&text).unwrap(),
    )
}

fn said_of(arguments: &[&str]) -> (i32, String, String) {
    said(&mut visavis(arguments))
}

#[test]
fn a_crowd_meets_and_loses_nothing() {
    let server = Started::with(&[]);
    let (code, said, findings) = two_pairs(&server, &["--max-loss=0.01"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(findings["visitors_matched"], 4, "{said}");
    assert_eq!(findings["packets_bad"], 0, "{said}");
    // Four voices, 50 packets a second, and four pictures.
    let received = findings["packets_received"].as_u64().unwrap();
    assert!(received > 2 * 4 * 50, "{said}");
    for figure in ["server_cpu_us_per_packet", "server_rss_bytes_per_leg"] {
        assert!(findings[figure].as_f64().unwrap() > 0.0, "{figure}: {said}");
    }
    let latency = &findings["added_latency_ms"];
    assert!(latency["p50"].as_f64().unwrap() > 0.0, "{said}");
    assert!(said.contains("added latency"), "{said}");
}

#[test]
fn a_report_is_one_page_with_a_figure_for_each_measure() {
    let server = Started::with(&[]);
    let path = std::env::temp_dir().join(format!("report-{}.html", server.http.port()));
    let report = format!("--report={}", path.display());
    let (code, said, _) = two_pairs(&server, &[&report, "--next-every=200ms"]);
    assert_eq!(code, 0, "{said}");
    let page = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    for title in [
        "Packets",
        "Loss",
        "Added latency",
        "Next to first picture",
        "Processor",
        "Server memory",
    ] {
        assert!(page.contains(&format!("<h3>{title}</h3>")), "{title}");
    }
    assert_eq!(page.matches("<svg ").count(), 6);
    // One point for each second of each line.
    assert!(page.contains("received at 2 s: "), "{page}");
    for outside in ["<script", "src=", "href=", "url(", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    for row in ["WARNING", "added latency", "coming in over", "seed"] {
        let told = page.contains(&format!("<th scope=\"row\">{row}</th>"));
        assert_eq!(told, said.contains(row) || row != "WARNING", "{row}");
    }
}

#[test]
fn what_a_bad_line_loses_is_repaired_and_what_it_delays_is_late() {
    let server = Started::with(&[]);
    let line = ["--loss=5%", "--delay=10ms", "--jitter=5ms", "--duration=4s"];
    let (code, said, findings) = two_pairs(&server, &line);
    assert_eq!(code, 0, "{said}");
    let figure = |name: &str| findings[name].as_f64().unwrap();
    // Each picture's packet passes two lines; four visitors send 30 pictures of two packets.
    assert!(figure("packets_repaired") > 40.0, "{said}");
    assert!(figure("picture_loss_ratio") < 0.01, "{said}");
    // Voices are not sent again: one in ten is missing.
    assert!(figure("loss_ratio") > 0.01, "{said}");
    assert_eq!(findings["packets_bad"], 0, "{said}");
    let p50 = findings["added_latency_ms"]["p50"].as_f64().unwrap();
    assert!((20.0..200.0).contains(&p50), "{said}");
}

#[test]
fn two_threads_carry_one_crowd_and_say_what_they_cost() {
    let server = Started::with(&[]);
    let (code, said, findings) = two_pairs(&server, &["--threads=2", "--max-loss=0.01"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(findings["visitors_matched"], 4, "{said}");
    assert_eq!(findings["packets_bad"], 0, "{said}");
    assert!(findings["packets_received"].as_u64().unwrap() > 2 * 4 * 50);
    for figure in ["own_cpu_us_per_packet", "own_load_ratio"] {
        assert!(findings[figure].as_f64().unwrap() > 0.0, "{figure}: {said}");
    }
    assert!(said.contains("busiest thread"), "{said}");
    // A machine that is too busy is told; this one may be.
    let is_told = said.contains("WARNING");
    assert_eq!(findings["own_bottleneck"].is_string(), is_told, "{said}");
}

#[test]
fn a_server_with_a_certificate_of_its_own_is_loaded_only_when_told_to() {
    let server = Started::with(&["--self-signed"]);
    let (code, said, findings) = two_pairs_by("https", &server, &["--insecure"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(findings["visitors_matched"], 4, "{said}");
    // Its metrics are read the same way.
    assert!(findings["server_cpu_us_per_packet"].is_f64(), "{said}");
    let url = format!("--url=https://{}", server.http);
    let (code, _, complaint) = said_of(&["load", "--pairs=1", "--duration=1s", &url]);
    assert_eq!(code, 1);
    assert!(complaint.contains("certificate"), "{complaint}");
}

#[test]
fn a_threshold_that_is_passed_is_the_exit_code() {
    let server = Started::with(&[]);
    let (code, said, _) = two_pairs(&server, &["--max-p99-ms=0"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("more than 0"), "{said}");
}

#[test]
fn a_crowd_does_the_work_that_it_is_asked_for() {
    let server = Started::with(&["--challenge-free-joins=0", "--challenge-least-bits=10"]);
    let (code, said, findings) = two_pairs(&server, &[]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(findings["visitors_matched"], 4, "{said}");
}

#[test]
fn a_crowd_without_a_server_says_why() {
    let (code, _, complaint) = said(&mut visavis(&["load", "--url=http://127.0.0.1:9"]));
    assert_eq!(code, 1);
    assert!(complaint.contains("not one pair met"), "{complaint}");
}
