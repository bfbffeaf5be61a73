//! The files under `deploy/` and the documents for operators: that what they name is there, and that
//! what they say to type works.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use visavis::config::{KEYS, Sources, load};
use visavis::metrics::{METRICS, Shape};

use crate::started::{Started, said, visavis};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

/// The names in a query that look like a metric of ours.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let sign = |sign: char| !(sign.is_ascii_alphanumeric() || sign == '_');
    text.split(sign)
        .filter(|word| word.starts_with("visavis_") || word.starts_with("process_"))
        .map(str::to_owned)
        .collect()
}

/// Every name that `/metrics` may have.
fn exported() -> BTreeSet<String> {
    let names = METRICS.iter().flat_map(|metric| match metric.shape {
        Shape::Histogram => ["bucket", "sum", "count"]
            .map(|end| format!("{}_{end}", metric.name))
            .to_vec(),
        Shape::Counter | Shape::Gauge => vec![metric.name.to_owned()],
    });
    names.collect()
}

/// The queries of the dashboard.
fn queries() -> Vec<String> {
    let board: serde_json::Value = serde_json::from_str(&text("deploy/grafana.json")).unwrap();
    let panels = board["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array());
    targets
        .flatten()
        .map(|target| target["expr"].as_str().unwrap().to_owned())
        .collect()
}

/// The names and the queries of the alerts.
fn alerts() -> (Vec<String>, Vec<String>) {
    let rules = text("deploy/alerts.yaml");
    let after = |start: &str| -> Vec<String> {
        let lines = rules.lines().map(str::trim_start);
        lines
            .filter_map(|line| line.strip_prefix(start).map(str::to_owned))
            .collect()
    };
    (after("- alert: "), after("expr: "))
}

/// Every label that is asked for, with the metric that it is asked of.
fn labels_in(query: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut before = "";
    for (number, part) in query.split('{').enumerate() {
        if number > 0 {
            let sign = |sign: char| !(sign.is_ascii_alphanumeric() || sign == '_');
            let name = before.rsplit(sign).next().unwrap();
            for one in part.split('}').next().unwrap().split(',') {
                let label = one.split(['=', '!']).next().unwrap().trim();
                found.push((name.to_owned(), label.to_owned()));
            }
        }
        before = part;
    }
    found
}

#[test]
fn dashboard_and_alerts_ask_for_what_the_server_has() {
    let (_, rules) = alerts();
    let mut all = queries();
    assert!(all.len() > 30 && rules.len() > 10, "they were found");
    all.extend(rules);
    let exported = exported();
    for query in &all {
        for name in metrics_in(query) {
            assert!(exported.contains(&name), "{name} in: {query}");
        }
        for (name, label) in labels_in(query) {
            let base = METRICS
                .iter()
                .find(|metric| name.trim_end_matches("_bucket") == metric.name);
            let own = base.map_or("", |metric| metric.label);
            let known = ["instance", "job", own].contains(&label.as_str());
            assert!(known, "{name} has no label {label}: {query}");
        }
    }
}

#[test]
fn a_query_is_taken_apart() {
    let query = "sum by (code) (rate(visavis_refusals_total{code!=\"full\",job=\"x\"}[5m])) > up";
    assert_eq!(
        metrics_in(query).into_iter().collect::<Vec<_>>(),
        ["visavis_refusals_total"]
    );
    let of = |label: &str| ("visavis_refusals_total".to_owned(), label.to_owned());
    assert_eq!(labels_in(query), [of("code"), of("job")]);
}

#[test]
fn every_alert_is_explained() {
    let explained = text("docs/operating.md");
    let (names, _) = alerts();
    for name in &names {
        assert!(explained.contains(&format!("**{name}**")), "{name}");
    }
    let told = explained.matches("**Visavis").count();
    assert_eq!(told, names.len(), "an alert is explained that is not there");
}

#[test]
fn the_configuration_for_production_is_right() {
    let name = "config/production.toml";
    let file = Some((name.to_owned(), text(name)));
    let sources = Sources {
        file,
        ..Sources::default()
    };
    let config = load(&sources).unwrap().config;
    assert!(!config.access.guests && config.moderation.enabled);
    let (code, shown, complaint) = said(&mut visavis(&["--config", name, "check-config"]));
    assert_eq!((code, complaint.as_str()), (0, ""), "{shown}");
}

/// Every `VISAVIS_` variable of a file must be one of a key.
#[test]
fn every_variable_in_a_file_for_operators_is_one_of_a_key() {
    let mut variables = KEYS.iter().map(|key| key.variable()).collect::<Vec<_>>();
    variables.push("VISAVIS_CONFIG".to_owned());
    for file in [
        "Dockerfile",
        "compose.yaml",
        "kubernetes.yaml",
        "visavis@.service",
    ] {
        let text = text(&format!("deploy/{file}"));
        let sign = |sign: char| !(sign.is_ascii_uppercase() || sign == '_');
        for word in text.split(sign).filter(|word| word.starts_with("VISAVIS_")) {
            assert!(variables.iter().any(|name| name == word), "{file}: {word}");
        }
    }
}

#[test]
fn whoever_stops_the_server_waits_longer_than_matches_may_go_on() {
    let drain_s = |file: &str| -> u64 {
        let text = text(file);
        let (_, rest) = text.split_once("drain_ms = ").unwrap();
        rest.lines().next().unwrap().trim().parse::<u64>().unwrap() / 1000
    };
    let seconds = |file: &str, before: &str| -> u64 {
        let text = text(file);
        let (_, rest) = text.split_once(before).unwrap();
        let digits = rest.split(|sign: char| !sign.is_ascii_digit()).next();
        digits.unwrap().parse().unwrap()
    };
    let production = drain_s("config/production.toml");
    assert!(seconds("deploy/visavis@.service", "TimeoutStopSec=") > production);
    assert!(seconds("deploy/compose.yaml", "stop_grace_period: ") > production);
    let kubernetes = "deploy/kubernetes.yaml";
    let pause = seconds(kubernetes, "sleep:\n                seconds: ");
    let patience = seconds(kubernetes, "terminationGracePeriodSeconds: ");
    assert!(patience > drain_s(kubernetes) + pause);
    let manifest = text(kubernetes);
    let (_, rest) = manifest.split_once("visavis.toml: |\n").unwrap();
    let inside = rest.lines().take_while(|line| line.starts_with("    "));
    let toml: String = inside.map(|line| format!("{}\n", line.trim())).collect();
    let file = Some(("visavis.toml".to_owned(), toml));
    let sources = Sources {
        file,
        ..Sources::default()
    };
    assert!(!load(&sources).unwrap().config.access.guests);
}

/// Whether a program is on this machine.
fn has(program: &str) -> bool {
    let shell = format!("command -v {program}");
    let found = Command::new("sh").args(["-c", &shell]).output();
    found.is_ok_and(|output| output.status.success())
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    if !has("systemd-analyze") {
        return;
    }
    let folder = Folder::new("unit");
    let program = env!("CARGO_BIN_EXE_visavis");
    let unit = text("deploy/visavis@.service").replace("/usr/local/bin/visavis", program);
    let file = folder.0.join("visavis@3478.service");
    std::fs::write(&file, unit).unwrap();
    let mut analyze = Command::new("systemd-analyze");
    let output = analyze.arg("verify").arg(&file).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    // It also tells of other units of the machine.
    let of_ours: Vec<_> = told
        .lines()
        .filter(|line| line.contains("visavis"))
        .collect();
    assert!(of_ours.is_empty(), "{told}");
}

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("visavis-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The blocks of a document in this language, one after the other.
fn blocks(document: &str, language: &str) -> String {
    let fence = format!("```{language}\n");
    let after = document.split(&fence).skip(1);
    after.filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn what_the_documents_say_to_type_works() {
    for document in ["docs/access.md", "docs/deploying.md", "docs/operating.md"] {
        let script = blocks(&text(document), "sh");
        assert!(script.contains("visavis "), "{document}");
        if script.contains("openssl") && !has("openssl") {
            continue;
        }
        let folder = Folder::new(&document.replace('/', "-"));
        let program = Path::new(env!("CARGO_BIN_EXE_visavis"));
        let others = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{others}", program.parent().unwrap().display());
        let ended = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT";
        let mut shell = Command::new("bash");
        shell
            .args(["-euo", "pipefail", "-c", &format!("{ended}\n{script}")])
            .current_dir(&folder.0)
            .env_clear()
            .envs([
                ("PATH", path.as_str()),
                ("VISAVIS_MEDIA_LISTEN", "127.0.0.1:0"),
            ])
            .envs([
                ("VISAVIS_HTTP_LISTEN", "127.0.0.1:0"),
                ("VISAVIS_LOG_LEVEL", "error"),
            ]);
        let (code, output, complaint) = said(&mut shell);
        assert_eq!(code, 0, "{document}: {complaint}{output}");
    }
}

#[test]
fn a_token_of_the_documents_python_is_a_good_one() {
    if !has("python3") {
        return;
    }
    let mut script = blocks(&text("docs/access.md"), "python");
    script.push_str("\nprint(token(open('main.secret').read(), 'visitor-7'))\n");
    let folder = Folder::new("python");
    let (_, secret, _) = said(&mut visavis(&["token", "secret"]));
    std::fs::write(folder.0.join("main.secret"), secret).unwrap();
    let mut python = Command::new("python3");
    let (code, token, complaint) = said(python.args(["-c", &script]).current_dir(&folder.0));
    assert_eq!(code, 0, "{complaint}");
    let mut inspect = visavis(&["token", "inspect", "--access-keys=main=HS256:main.secret"]);
    let (code, shown, complaint) = said(inspect.arg(token.trim()).current_dir(&folder.0));
    assert_eq!((code, complaint.as_str()), (0, ""), "{shown}");
}

#[test]
fn a_server_is_asked_for_its_health() {
    let server = Started::with(&[]);
    let listen = format!("--http-listen={}", server.http);
    let (code, output, complaint) = said(&mut visavis(&["health", &listen]));
    assert_eq!(
        (code, output.as_str(), complaint.as_str()),
        (0, "ready\n", "")
    );
    let url = format!("http://{}/", server.http);
    assert_eq!(said(&mut visavis(&["health", &url])).0, 0);
    drop(server);
    let (code, _, complaint) = said(&mut visavis(&["health", &listen]));
    assert_eq!(code, 1);
    assert!(
        complaint.starts_with("visavis: nothing answers at http://127.0.0.1:"),
        "{complaint}"
    );
}

#[test]
fn the_doctor_says_what_to_change() {
    let folder = Folder::new("doctor");
    let secret = folder.0.join("main.secret");
    let (_, text, _) = said(&mut visavis(&["token", "secret"]));
    std::fs::write(&secret, text).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode;
    std::fs::set_permissions(&secret, mode(0o644)).unwrap();
    let key = format!("--access-keys=main=HS256:{}", secret.display());
    let ports = ["--http-listen=127.0.0.1:0", "--media-listen=127.0.0.1:0"];
    let doctor = |more: &[&str]| said(visavis(&["doctor"]).args(ports).args(more));

    let (code, told, complaint) = doctor(&[&key, "--access-guests=false"]);
    assert_eq!((code, complaint.as_str()), (0, ""), "{told}");
    assert!(told.contains("ok     moderation"), "{told}");
    assert!(
        told.contains("look   access          everybody on this machine can read"),
        "{told}"
    );
    assert!(told.contains("set media.advertise"), "{told}");
    std::fs::set_permissions(&secret, mode(0o600)).unwrap();
    let (_, told, _) = doctor(&[&key, "--access-guests=false"]);
    assert!(
        told.contains("ok     access          by token, 1 keys"),
        "{told}"
    );

    let (code, told, complaint) =
        doctor(&["--store-folder=/dev/null", "--access-keys=a=HS256:/no"]);
    assert_eq!(
        (code, complaint.as_str()),
        (1, "visavis: 2 things do not work\n")
    );
    assert!(
        told.contains("WRONG  store ") && told.contains("WRONG  access "),
        "{told}"
    );

    let models = folder.0.join("models.toml");
    std::fs::write(&models, "[[model]]\nname = \"weapons\"\n").unwrap();
    let models = format!("--classifier-models={}", models.display());
    let (code, told, _) = doctor(&[&models]);
    assert_eq!(code, 1);
    let line = told
        .lines()
        .find(|line| line.starts_with("WRONG  moderation"));
    assert!(line.unwrap().contains("line 1"), "{told}");
    let gone = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let gone = gone.local_addr().unwrap();
    let (code, told, _) = doctor(&[&format!("--ice-urls=stun:{gone}")]);
    assert_eq!(code, 1);
    assert!(
        told.contains(&format!("no answer from here: stun:{gone} (")),
        "{told}"
    );
    let (_, told, _) = doctor(&["--moderation-enabled=false"]);
    assert!(told.contains("look   moderation      off"), "{told}");

    let server = Started::with(&[]);
    let url = format!("--url=http://{}/", server.http);
    let (code, told, _) = doctor(&[&url]);
    assert_eq!(code, 0);
    assert!(told.contains("ok     from outside"), "{told}");
}

#[test]
fn a_network_that_opens_too_many_websockets_is_told_to_wait() {
    let server = Started::with(&[
        "--http-websocket-burst=2",
        "--http-websocket-every-ms=90000",
    ]);
    let upgrade = "upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let from = |address: &str| {
        let noted = format!("x-forwarded-for: {address}\r\n{upgrade}");
        let head =
            format!("GET /v1/signal HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\n{noted}\r\n");
        let mut stream = server.connect();
        std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
        let mut answer = vec![0; 12];
        std::io::Read::read_exact(&mut stream, &mut answer).unwrap();
        let status = String::from_utf8_lossy(&answer)
            .rsplit(" ")
            .next()
            .unwrap()
            .to_owned();
        (status, stream)
    };
    let one = "198.51.100.9";
    assert_eq!(from(one).0, "101");
    assert_eq!(from(one).0, "101");
    let (status, mut stream) = from(one);
    assert_eq!(status, "429");
    let mut rest = [0; 256];
    let read = std::io::Read::read(&mut stream, &mut rest).unwrap();
    let rest = String::from_utf8_lossy(&rest[..read]).to_lowercase();
    assert!(rest.contains("retry-after: 90"), "{rest}");
    assert_eq!(from("198.51.100.10").0, "101");
    // Whoever is on this machine is nobody's proxy, and not counted.
    assert!((0..5).all(|_| from("127.0.0.1").0 == "101"));
    let metrics = server.get("/metrics").body;
    assert!(metrics.contains("visavis_http_throttled_total 1"));
    server.signal(rustix::process::Signal::TERM);
    let (_, log) = server.ended();
    assert!(!log.contains("198.51"), "{log}");
}

#[test]
fn top_says_how_a_server_fares_and_of_anything_else_what_is_wrong() {
    let server = Started::with(&[]);
    let url = format!("http://{}", server.http);
    let (code, text, complaint) = said(&mut visavis(&["top", "--once", &url]));
    assert_eq!(code, 0, "{complaint}");
    let about = |line: &str| line.split("  ").next().unwrap().to_owned();
    let lines: Vec<_> = text.lines().map(about).collect();
    assert_eq!(lines.len(), 13, "{text}");
    assert_eq!((&*lines[0], &*lines[12]), ("visitors", "process"));
    assert!(text.contains("0 here, 0 look, 0 matches, 0 legs"), "{text}");
    // Without --once it wants a terminal, and this is none.
    let (code, _, complaint) = said(&mut visavis(&["top", &url]));
    assert_eq!(code, 1);
    assert!(complaint.contains("say --once"), "{complaint}");
    drop(server);
    let (code, _, complaint) = said(&mut visavis(&["top", "--once", &url]));
    assert_eq!(code, 1);
    assert!(complaint.contains("nothing answers at http"), "{complaint}");
}
