//! Worker machines: real sockets on loopback, real processes behind them, and others in their place.

use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::task::JoinHandle;
use visavis::classify::credentials::{self, Credentials};
use visavis::classify::listening::Listening;
use visavis::classify::looking::pipeline;
use visavis::classify::outpost::Outpost;
use visavis::classify::protocol::{PROTOCOL, Reply, Request, encode};
use visavis::classify::{Builtin, Classifier as _, Judged, Settings};
use visavis::moderation::Outcome;

use crate::show::{EVER, frame, keyframe, now};

/// A folder of this test's with an authority and certificates.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("machines-{name}"));
        let _ = fs::remove_dir_all(&folder);
        credentials::make(&folder).unwrap();
        Self(folder)
    }

    fn credentials(&self, whose: &str) -> Credentials {
        Credentials {
            certificate: self.0.join(format!("{whose}.pem")),
            key: self.0.join(format!("{whose}-key.pem")),
            authority: self.0.join("authority.pem"),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A server without workers of its own and without models.
    fn server(&self, deadline: Duration) -> Server {
        let listening = Some(Listening {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            credentials: self.credentials("server"),
        });
        let settings = Settings {
            workers: 0,
            deadline,
            models: Vec::new(),
            listening,
            ..Settings::default()
        };
        let (builtin, verdicts) = Builtin::start(&settings).unwrap();
        Server { builtin, verdicts }
    }

    /// A machine with one process for each server.
    fn machine(&self, servers: &[&Server], script: &str) -> JoinHandle<()> {
        machine(self.credentials("worker"), servers, script)
    }
}

fn machine(credentials: Credentials, servers: &[&Server], script: &str) -> JoinHandle<()> {
    let address = |server: &&Server| server.builtin.far().unwrap().to_string();
    let arguments: Vec<OsString> = vec!["-c".into(), script.into()];
    let outpost = Outpost {
        servers: servers.iter().map(address).collect(),
        credentials,
        workers: 1,
        command: ("/bin/sh".into(), arguments),
    };
    tokio::spawn(async move { outpost.work().await.unwrap() })
}

struct Server {
    builtin: Builtin,
    verdicts: Receiver<Judged>,
}

impl Server {
    fn hand(&self, leg: u64) {
        let full = self.builtin.judge(frame(leg, keyframe()));
        assert!(full.is_none(), "there is room");
    }

    async fn next(&mut self) -> Outcome {
        let next = tokio::time::timeout(EVER, self.verdicts.recv());
        next.await.unwrap().unwrap().verdict.outcome
    }
}

/// The real worker, whose input is written down.
fn real(heard: &Path) -> String {
    let program = env!("CARGO_BIN_EXE_visavis");
    format!("/usr/bin/tee -a {} | {program} worker", heard.display())
}

/// What a server says before the first frame.
fn greeting() -> usize {
    let greeting = [Request::Hello { protocol: PROTOCOL }, Request::Begin];
    let length = |request| encode(request, &[]).len();
    greeting.iter().map(length).sum()
}

/// Says that it is ready, waits for a frame, and then does what the script says.
fn pretender(script: &str) -> String {
    let ready = Reply::Ready {
        protocol: PROTOCOL,
        pipeline: pipeline(&[]),
    };
    let ready = encode(&ready, &[])
        .iter()
        .map(|byte| format!("\\{byte:03o}"))
        .collect::<String>();
    let first = greeting() + 1;
    format!("printf '{ready}'; /usr/bin/head -c {first} > /dev/null; {script}")
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

async fn until(what: impl Fn() -> bool) {
    let begin = now();
    while !what() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(now() - begin < EVER);
    }
}

#[tokio::test]
async fn two_machines_share_the_pictures_of_two_servers() {
    let place = Place::new("shared");
    let mut servers = [place.server(EVER), place.server(EVER)];
    let heard = [place.file("first"), place.file("second")];
    let [one, other] = &servers;
    let _machines = heard
        .each_ref()
        .map(|heard| place.machine(&[one, other], &real(heard)));
    let two_frames = u64::try_from(2 * (greeting() + keyframe().len())).unwrap();
    let mut leg = 0;
    let begin = now();
    // As soon as both are there, each has its turn.
    while heard.iter().any(|heard| length(heard) < two_frames) {
        for server in &mut servers {
            leg += 1;
            server.hand(leg);
            assert_eq!(server.next().await, Outcome::Judged);
        }
        assert!(now() - begin < EVER);
    }
}

#[tokio::test]
async fn what_a_lost_machine_looked_at_goes_to_another() {
    let place = Place::new("lost");
    let mut server = place.server(EVER);
    let got = place.file("got");
    let hanging = format!("echo got >> {}; exec /bin/sleep 1000", got.display());
    let lost = place.machine(&[&server], &pretender(&hanging));
    server.hand(1);
    until(|| length(&got) > 0).await;
    let _other = place.machine(&[&server], &real(&place.file("heard")));
    server.hand(2);
    assert_eq!(server.next().await, Outcome::Judged);
    lost.abort();
    assert_eq!(server.next().await, Outcome::Judged, "the first one's");
}

#[tokio::test]
async fn without_another_machine_a_lost_one_leaves_no_verdict() {
    let place = Place::new("alone");
    let mut server = place.server(Duration::from_secs(2));
    let got = place.file("got");
    let hanging = format!("echo got >> {}; exec /bin/sleep 1000", got.display());
    let lost = place.machine(&[&server], &pretender(&hanging));
    server.hand(1);
    until(|| length(&got) > 0).await;
    lost.abort();
    let outcome = server.next().await;
    assert!(
        [Outcome::Late, Outcome::Unavailable].contains(&outcome),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_machine_that_hangs_delays_nobody_and_its_process_is_replaced() {
    let place = Place::new("hanging");
    let mut server = place.server(Duration::from_millis(300));
    let lives = place.file("lives");
    let hanging = format!("echo life >> {}; exec /bin/sleep 1000", lives.display());
    let _machine = place.machine(&[&server], &pretender(&hanging));
    let begin = now();
    let mut leg = 0;
    // It is found out, killed and replaced.
    while length(&lives) < 10 {
        leg += 1;
        server.hand(leg);
        assert_ne!(server.next().await, Outcome::Judged);
        assert!(now() - begin < EVER);
    }
}

#[tokio::test]
async fn a_machine_that_answers_rubbish_is_sent_away_and_another_looks() {
    let place = Place::new("rubbish");
    let mut server = place.server(EVER);
    let got = place.file("got");
    let rubbish = format!("echo got >> {}; echo no message at all", got.display());
    let _machine = place.machine(&[&server], &pretender(&rubbish));
    server.hand(1);
    until(|| length(&got) > 0).await;
    let _other = place.machine(&[&server], &real(&place.file("heard")));
    let outcome = server.next().await;
    assert!(
        [Outcome::Judged, Outcome::Undecodable].contains(&outcome),
        "whoever came first: {outcome:?}"
    );
    let begin = now();
    let mut leg = 1;
    loop {
        leg += 1;
        server.hand(leg);
        if server.next().await == Outcome::Judged {
            break;
        }
        assert!(now() - begin < EVER);
    }
}

#[tokio::test]
async fn whoever_has_no_certificate_of_a_worker_is_not_let_in() {
    let place = Place::new("certificates");
    let mut server = place.server(Duration::from_millis(200));
    let lives = place.file("lives");
    let script = format!("echo life >> {}", lives.display());
    let strangers = Place::new("strangers");
    let of_another_authority = Credentials {
        authority: place.file("authority.pem"),
        ..strangers.credentials("worker")
    };
    let _stranger = machine(of_another_authority, &[&server], &script);
    // A server's certificate is none for a worker.
    let _posing = machine(place.credentials("server"), &[&server], &script);
    for leg in 0..5 {
        server.hand(leg);
        assert_eq!(server.next().await, Outcome::Unavailable);
    }
    assert!(!lives.exists(), "no line was opened");

    // And a machine goes to no server of another authority.
    let trusting_others = Credentials {
        authority: strangers.file("authority.pem"),
        ..place.credentials("worker")
    };
    let _other = machine(trusting_others, &[&server], &script);
    for leg in 5..10 {
        server.hand(leg);
        assert_eq!(server.next().await, Outcome::Unavailable);
    }
    assert!(!lives.exists());

    let _right = place.machine(&[&server], &script);
    until(|| lives.exists()).await;
}

#[test]
fn certificates_are_made_once() {
    let place = Place::new("once");
    let before = fs::read(place.file("authority.pem")).unwrap();
    assert!(credentials::make(&place.0).is_err());
    assert_eq!(fs::read(place.file("authority.pem")).unwrap(), before);
}
