//! Real worker processes, and others in their place that die, hang or talk nonsense.

use std::ffi::OsString;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::mpsc::Receiver;
use visavis::classify::looking::pipeline;
use visavis::classify::protocol::{PROTOCOL, REPLY_BYTES, Reply, Request, decode, encode, length};
use visavis::classify::settings::{ModelSource, ModelSpec};
use visavis::classify::{Builtin, Classifier as _, Judged, Settings};
use visavis::codec::VideoCodec;
use visavis::moderation::{Label, Outcome};

use crate::show::{EVER, frame, keyframe, now};

/// A new empty folder of this test's.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A command of the shell in a worker's place.
fn shell(script: &str) -> Option<(PathBuf, Vec<OsString>)> {
    Some(("/bin/sh".into(), vec!["-c".into(), script.into()]))
}

/// The real worker, which first writes its process id to a file, one line for each life.
fn real(pids: &Path) -> Option<(PathBuf, Vec<OsString>)> {
    let (pids, program) = (pids.display(), env!("CARGO_BIN_EXE_visavis"));
    shell(&format!("echo $$ >> {pids}; exec {program} worker"))
}

/// Says that it is ready to look with no model at all, and then does what the script says.
fn pretender(script: &str) -> Settings {
    let ready = Reply::Ready {
        protocol: PROTOCOL,
        pipeline: pipeline(&[]),
    };
    let bytes = encode(&ready, &[])
        .iter()
        .map(|byte| format!("\\{byte:03o}"))
        .collect::<String>();
    Settings {
        models: Vec::new(),
        deadline: Duration::from_millis(500),
        command: shell(&format!("printf '{bytes}'; {script}")),
        ..Settings::default()
    }
}

fn start(settings: &Settings) -> (Builtin, Receiver<Judged>) {
    Builtin::start(settings).unwrap()
}

fn hand(builtin: &Builtin, leg: u64, data: &[u8]) {
    assert!(builtin.judge(frame(leg, data)).is_none(), "there is room");
}

async fn next(verdicts: &mut Receiver<Judged>) -> Judged {
    tokio::time::timeout(EVER, verdicts.recv())
        .await
        .unwrap()
        .unwrap()
}

fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Field 19 of proc(5)'s stat.
fn niceness(pid: &str) -> i32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    fields.split_whitespace().nth(16).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_worker_judges_a_real_picture_and_gives_up_what_it_does_not_need() {
    let own_file = folder("confined").join("own");
    let _open = fs::File::create(&own_file).unwrap();
    let pids = own_file.with_file_name("pids");
    let settings = Settings {
        deadline: EVER,
        command: real(&pids),
        ..Settings::default()
    };
    let (builtin, mut verdicts) = start(&settings);
    builtin.ready().await.unwrap();
    hand(&builtin, 1, keyframe());
    hand(&builtin, 2, b"not a picture");
    let Judged { frame, verdict } = next(&mut verdicts).await;
    assert_eq!(frame.leg.0, 1);
    assert_eq!(verdict.outcome, Outcome::Judged);
    assert!(verdict.score_of(&Label::PORN) < 0.1);
    assert!(
        verdict.score_of(&Label::NO_FACE) > 0.5,
        "a drawing is no face"
    );
    assert_eq!(verdict.version, builtin.version());
    assert_eq!(
        next(&mut verdicts).await.verdict.outcome,
        Outcome::Undecodable
    );

    let [pid] = &lines(&pids)[..] else {
        panic!("one life");
    };
    let told = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap();
    let status = told("status");
    assert!(status.contains("\nSeccomp:\t2\n"), "{status}");
    assert!(status.contains("\nNoNewPrivs:\t1\n"));
    let limits = told("limits");
    let limit = |name: &str| {
        let value = limits
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap();
        value.split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(limit("Max open files"), "3");
    assert_eq!(limit("Max core file size"), "0");
    assert_eq!(limit("Max file size"), "0");
    assert_ne!(limit("Max address space"), "unlimited");
    assert_eq!(niceness(pid), (niceness("self") + 3).min(19));
    for variable in told("environ").split_terminator('\0') {
        let name = variable.split('=').next().unwrap();
        // The shell that wrote the id down sets the others.
        assert!(
            ["RTEN_NUM_THREADS", "PWD", "OLDPWD", "SHLVL", "_"].contains(&name),
            "{name}"
        );
    }
    for descriptor in fs::read_dir(format!("/proc/{pid}/fd")).unwrap() {
        let held = fs::read_link(descriptor.unwrap().path()).unwrap();
        assert_ne!(held, own_file, "the server's");
    }
}

#[tokio::test]
async fn another_list_of_known_pictures_is_in_force_from_the_next_picture_on() {
    let list = folder("replaced").join("list.txt");
    let settings = Settings {
        deadline: EVER,
        models: Vec::new(),
        command: Some((env!("CARGO_BIN_EXE_visavis").into(), vec!["worker".into()])),
        ..Settings::default()
    };
    let (builtin, mut verdicts) = start(&settings);
    let before = builtin.version();
    hand(&builtin, 1, keyframe());
    let verdict = next(&mut verdicts).await.verdict;
    assert!(verdict.score_of(&Label::KNOWN_PICTURE) < 0.5);

    let picture = visavis::classify::decode::decode(VideoCodec::Vp8, keyframe()).unwrap();
    let (fingerprint, _) = visavis::classify::pdq::fingerprint(&picture.luma).unwrap();
    fs::write(&list, format!("{fingerprint}\n")).unwrap();
    assert_eq!(builtin.known_list().read(Some(&list)).unwrap(), 1);
    let begin = now();
    while builtin.version() == before {
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(now() - begin < EVER);
    }
    hand(&builtin, 1, keyframe());
    let verdict = next(&mut verdicts).await.verdict;
    assert!(verdict.score_of(&Label::KNOWN_PICTURE) > 0.5);
    assert!(verdict.version.contains(" known@"), "{}", verdict.version);

    fs::write(&list, "rubbish").unwrap();
    assert!(builtin.known_list().read(Some(&list)).is_err());
    hand(&builtin, 1, keyframe());
    let verdict = next(&mut verdicts).await.verdict;
    assert!(verdict.score_of(&Label::KNOWN_PICTURE) > 0.5, "as before");
}

#[tokio::test]
async fn a_killed_worker_is_replaced_and_the_next_picture_is_judged() {
    let pids = folder("killed").join("pids");
    let settings = Settings {
        deadline: EVER,
        models: Vec::new(),
        command: real(&pids),
        ..Settings::default()
    };
    let (builtin, mut verdicts) = start(&settings);
    for life in 1..4 {
        hand(&builtin, 1, keyframe());
        assert_eq!(next(&mut verdicts).await.verdict.outcome, Outcome::Judged);
        let lives = lines(&pids);
        assert_eq!(lives.len(), life);
        let pid = lives.last().unwrap().parse().unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    }
}

#[tokio::test]
async fn a_worker_that_hangs_delays_nobody_beyond_the_deadline() {
    let lives = folder("hanging").join("lives");
    let script = format!("echo life >> {}; exec /bin/sleep 1000", lives.display());
    let (builtin, mut verdicts) = start(&pretender(&script));
    builtin.ready().await.unwrap();
    let begin = now();
    for leg in 0..5 {
        hand(&builtin, leg, keyframe());
    }
    for _ in 0..5 {
        assert_eq!(next(&mut verdicts).await.verdict.outcome, Outcome::Late);
    }
    let took = now() - begin;
    assert!(took >= Duration::from_millis(500), "{took:?}");
    assert!(took < EVER, "{took:?}");
    // It is found out, killed and replaced.
    while lines(&lives).len() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(now() - begin < EVER);
    }
}

#[tokio::test]
async fn rubbish_instead_of_answers_leaves_every_picture_with_a_verdict() {
    for script in [
        "echo rubbish that is no message at all",
        // An endless flood.
        "while :; do echo flood; done",
        // A length and then nothing.
        "printf '\\100\\000\\000\\000'; exec /bin/sleep 1000",
        "exit 1",
    ] {
        let (builtin, mut verdicts) = start(&pretender(script));
        for leg in 0..3 {
            hand(&builtin, leg, keyframe());
        }
        for _ in 0..3 {
            let outcome = next(&mut verdicts).await.verdict.outcome;
            assert_ne!(outcome, Outcome::Judged, "{script}");
        }
    }
}

#[tokio::test]
async fn a_picture_that_two_workers_died_of_is_tried_no_third_time() {
    let lives = folder("deadly").join("lives");
    let greeting = [Request::Hello { protocol: PROTOCOL }, Request::Begin];
    let told: usize = greeting
        .iter()
        .map(|request| encode(request, &[]).len())
        .sum();
    // It dies once anything comes after the greeting.
    let script = format!(
        "/usr/bin/head -c {} > /dev/null; echo death >> {}",
        told + 1,
        lives.display()
    );
    let settings = Settings {
        deadline: EVER,
        ..pretender(&script)
    };
    let (builtin, mut verdicts) = start(&settings);
    hand(&builtin, 1, keyframe());
    assert_eq!(
        next(&mut verdicts).await.verdict.outcome,
        Outcome::Undecodable
    );
    assert_eq!(lines(&lives).len(), 2);
    hand(&builtin, 1, keyframe());
    assert_eq!(
        next(&mut verdicts).await.verdict.outcome,
        Outcome::Undecodable
    );
    assert_eq!(lines(&lives).len(), 2, "not tried at all");
}

#[tokio::test]
async fn without_a_program_every_picture_is_answered() {
    let settings = Settings {
        deadline: Duration::from_millis(100),
        command: Some(("/nowhere/to/be/found".into(), Vec::new())),
        ..Settings::default()
    };
    let (builtin, mut verdicts) = start(&settings);
    hand(&builtin, 1, keyframe());
    assert_eq!(
        next(&mut verdicts).await.verdict.outcome,
        Outcome::Unavailable
    );
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_in_words() {
    let refusal = |settings: &Settings| match Builtin::start(settings) {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    };
    let list = folder("lists").join("list.txt");
    fs::write(&list, "abc\n").unwrap();
    let hash_list = Some(list);
    assert!(
        refusal(&Settings {
            hash_list,
            ..Settings::default()
        })
        .contains("list.txt")
    );
    let mut models = ModelSpec::bundled();
    models[0].sha256 = Some("00".to_owned());
    let text = refusal(&Settings {
        models: models.clone(),
        ..Settings::default()
    });
    assert!(text.contains("has the hash f7a156d0"), "{text}");
    models[0].source = ModelSource::File("/nowhere/model.onnx".into());
    assert!(
        refusal(&Settings {
            models,
            ..Settings::default()
        })
        .contains("/nowhere/model.onnx")
    );

    // What only a worker finds out.
    let mut models = ModelSpec::bundled();
    models.truncate(1);
    models[0].side = 100;
    let (builtin, _verdicts) = start(&Settings {
        models,
        command: Some((env!("CARGO_BIN_EXE_visavis").into(), vec!["worker".into()])),
        ..Settings::default()
    });
    let reason = builtin.ready().await.unwrap_err();
    assert!(
        reason.contains("not one picture of [1, 3, 100, 100]"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_model_from_a_file_looks_as_the_bundled_one_does() {
    let file = folder("models").join("face.onnx");
    fs::write(&file, visavis::classify::settings::Bundled::Face.bytes()).unwrap();
    let mut models = ModelSpec::bundled();
    models.remove(0);
    models[0].source = ModelSource::File(file);
    let settings = Settings {
        models,
        deadline: EVER,
        command: Some((env!("CARGO_BIN_EXE_visavis").into(), vec!["worker".into()])),
        ..Settings::default()
    };
    let (builtin, mut verdicts) = start(&settings);
    hand(&builtin, 1, keyframe());
    let verdict = next(&mut verdicts).await.verdict;
    assert!(verdict.score_of(&Label::NO_FACE) > 0.5, "{verdict:?}");
    assert!(verdict.version.ends_with("blazeface@68af8a38"));
}

fn worker() -> Child {
    Command::new(env!("CARGO_BIN_EXE_visavis"))
        .arg("worker")
        // As a server starts it: it would refuse variables that begin like its own.
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_worker_ends_when_nobody_asks_any_more() {
    let mut worker = worker();
    drop(worker.stdin.take());
    assert!(worker.wait().unwrap().success());
}

#[test]
fn a_worker_of_another_version_says_so_and_ends() {
    let mut worker = worker();
    let mut input = worker.stdin.take().unwrap();
    input
        .write_all(&encode(&Request::Hello { protocol: 999 }, &[]))
        .unwrap();
    let mut output = worker.stdout.take().unwrap();
    let mut prefix = [0; 4];
    output.read_exact(&mut prefix).unwrap();
    let mut message = vec![0; length(prefix, REPLY_BYTES).unwrap()];
    output.read_exact(&mut message).unwrap();
    let (reply, _) = decode::<Reply>(&message).unwrap();
    let reason = format!("the server speaks protocol 999, the worker {PROTOCOL}");
    assert_eq!(reply, Reply::Refused { reason });
    // The end of its input: until then it waits for another word.
    drop(input);
    assert!(!worker.wait().unwrap().success());
}

#[test]
fn a_worker_that_is_told_an_endless_message_ends() {
    let mut worker = worker();
    let mut input = worker.stdin.take().unwrap();
    input.write_all(&[0xff; 4]).unwrap();
    assert!(!worker.wait().unwrap().success());
}
