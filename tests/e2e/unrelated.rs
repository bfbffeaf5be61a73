//! The example for WHIP and WHEP, run: `aiortc` is a stack that shares no code with anything here.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{sleep, timeout};

use crate::leg_client::PATIENCE;
use crate::operator::Operator;

/// A visitor of the example, ended with the test.
struct Visitor {
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
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
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        Self {
            lines: BufReader::new(stdout).lines(),
            _child: child,
        }
    }

    /// The rest of the next line that begins so.
    async fn says(&mut self, what: &str) -> String {
        let said = async {
            loop {
                let line = self.lines.next_line().await.unwrap();
                let line = line.expect("it goes on");
                if let Some(rest) = line.strip_prefix(what) {
                    return rest.to_owned();
                }
            }
        };
        timeout(PATIENCE, said).await.expect("it is said in time")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_nobody_here_wrote_publishes_and_plays() {
    let operator = Operator::new();
    let mut ada = Visitor::new(&operator, "ada", "testsrc2=size=320x240:rate=15");
    let mut bob = Visitor::new(&operator, "bob", "mandelbrot=size=160x120:rate=15");
    let legs = [ada.says("leg ").await, bob.says("leg ").await];
    let backend = operator.backend();
    let body = json!({ "legs": legs }).to_string();
    let put = || backend.send("PUT", "/v1/matches/it", "application/json", &body);
    let matched = async {
        // Until both are connected.
        while put().status != 201 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, matched).await.expect("they are matched");
    assert!(ada.says("sees ").await.starts_with("160x120, "));
    assert!(bob.says("sees ").await.starts_with("320x240, "));
}
