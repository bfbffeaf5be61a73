//! The example for WHIP and WHEP, run: `aiortc` is a stack that shares no code with anything here.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::leg_client::PATIENCE;
use crate::operator::Operator;

/// A visitor of the example, ended with the test.
struct Visitor {
    child: Child,
    lines: Receiver<String>,
}

impl Visitor {
    fn new(operator: &Operator, sub: &str, picture: &str) -> Self {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let python = target.join("tools/aiortc/bin/python");
        assert!(python.exists(), "run scripts/install-test-tools first");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/whip-whep/visitor.py");
        let endpoint = format!("http://{}/v1/legs", operator.server.http);
        let token = operator.token_for(sub);
        let mut child = Command::new(python)
            .args([script, "--endpoint", &endpoint, "--token", &token])
            .args(["--picture", picture, "--seconds", "60"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (said, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // The test may have ended.
                let _ = said.send(line);
            }
        });
        Self { child, lines }
    }

    /// The rest of the next line that begins so.
    fn says(&self, what: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).expect("it is said in time");
            if let Some(rest) = line.strip_prefix(what) {
                return rest.to_owned();
            }
        }
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_client_that_nobody_here_wrote_publishes_and_plays() {
    let operator = Operator::new();
    let ada = Visitor::new(&operator, "ada", "testsrc2=size=320x240:rate=15");
    let bob = Visitor::new(&operator, "bob", "mandelbrot=size=160x120:rate=15");
    let legs = [&ada, &bob].map(|visitor| visitor.says("leg "));
    let backend = operator.backend();
    let body = json!({ "legs": legs }).to_string();
    let end = Instant::now() + PATIENCE;
    // Until both are connected.
    while backend
        .send("PUT", "/v1/matches/it", "application/json", &body)
        .status
        != 201
    {
        assert!(Instant::now() < end, "they are matched in time");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(ada.says("sees ").starts_with("160x120, "));
    assert!(bob.says("sees ").starts_with("320x240, "));
}
