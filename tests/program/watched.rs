//! A server whose visitors are looked at: real workers, a real audit log, a policy that changes.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use visavis::load::clip::CARD_HASH;

use crate::crowded::two_pairs;
use crate::started::{Started, said, visavis};

/// A folder of its own for one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("visavis-{name}-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        let _ = fs::remove_dir_all(&folder.0);
        fs::create_dir_all(&folder.0).unwrap();
        folder
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn watching(folder: &Folder, more: &[&str]) -> Started {
    let store = format!("--store-folder={}", folder.file("data"));
    let mut flags = vec!["--moderation-enabled=true", &store];
    flags.extend(more);
    Started::with(&flags)
}

/// A number of `/metrics`; zero until it is first counted.
fn metric(server: &Started, name: &str) -> u64 {
    let answer = server.get("/metrics");
    let row = answer.body.lines().find_map(|row| row.strip_prefix(name));
    row.map_or(0, |value| value.trim().parse().unwrap())
}

/// Waits until a number is so large.
fn reaches(server: &Started, name: &str, least: u64) {
    let end = Instant::now() + Duration::from_secs(20);
    while metric(server, name) < least {
        assert!(Instant::now() < end, "{name} never reaches {least}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn those_of_a_crowd_who_show_what_is_on_the_list_are_put_out() {
    let folder = Folder::new("card");
    let list = folder.file("known.txt");
    fs::write(&list, CARD_HASH).unwrap();
    let server = watching(&folder, &["--moderation-hash-list", &list]);
    let run = ["--unwanted=50%", "--duration=12s"];
    let (code, said, findings) = two_pairs(&server, &run);
    assert_eq!(code, 0, "{said}");
    let of_those = &findings["unwanted"];
    assert_eq!(of_those["visitors_showed"], 2, "{said}");
    assert_eq!(of_those["visitors_stopped"], 2, "{said}");
    assert!(
        of_those["to_stop_ms"]["p50"].as_f64().unwrap() > 0.0,
        "{said}"
    );
    let looks = &findings["looks"];
    assert!(looks["covered_ratio"].as_f64().unwrap() > 0.0, "{said}");
    assert!(looks["action_mean_ms"].as_f64().unwrap() > 0.0, "{said}");
    assert!(said.contains("2 of 2 who showed it were stopped"), "{said}");
}

#[test]
fn a_crowd_whose_card_nobody_knows_says_so() {
    let server = Started::with(&[]);
    let (code, said, findings) = two_pairs(&server, &["--unwanted=25%", "--duration=2s"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(findings["unwanted"]["visitors_stopped"], 0, "{said}");
    let seen = &findings["unwanted"]["pictures_seen_each"];
    assert!(seen.as_f64().unwrap() > 0.0, "{said}");
    assert!(said.contains(CARD_HASH), "{said}");
    assert!(findings["looks"].is_null(), "{said}");
}

#[test]
fn a_crowd_is_looked_at_before_it_meets() {
    let folder = Folder::new("crowd");
    let server = watching(&folder, &[]);
    let url = format!("--url=http://{}", server.http);
    let (code, text, complaint) = said(&mut visavis(&[
        "load",
        &url,
        "--pairs=2",
        "--ramp=0s",
        "--duration=4s",
        "--video=300k",
        "--max-loss=0.01",
    ]));
    assert_eq!(code, 0, "{text}{complaint}");
    assert_eq!(metric(&server, "visavis_screening_seconds_count"), 4);
    let judged = "visavis_classify_frames_total{outcome=\"judged\"}";
    assert!(metric(&server, judged) >= 4);
    server.signal(Signal::TERM);
    let (status, _) = server.ended();
    assert!(status.success());
    let store = format!("--store-folder={}", folder.file("data"));
    let (code, text, _) = said(&mut visavis(&["audit", "verify", &store]));
    assert_eq!(code, 0, "{text}");
}

#[test]
fn a_policy_is_read_again_on_a_hang_up_and_a_wrong_one_is_not_taken() {
    let folder = Folder::new("policy");
    let policy = folder.file("policy.toml");
    let built_in =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/policy.toml")).unwrap();
    fs::write(&policy, &built_in).unwrap();
    let server = watching(&folder, &["--moderation-policy", &policy]);
    let taken = "visavis_moderation_decisions_total{decision=\"policy\"}";
    fs::write(&policy, built_in.replace("built-in 1", "mine 1")).unwrap();
    server.signal(Signal::HUP);
    reaches(&server, taken, 1);
    fs::write(&policy, "version = 7").unwrap();
    server.signal(Signal::HUP);
    reaches(&server, "visavis_moderation_policies_refused_total", 1);
    assert_eq!(metric(&server, taken), 1);
    fs::write(&policy, built_in.replace("built-in 1", "mine 2")).unwrap();
    server.signal(Signal::HUP);
    reaches(&server, taken, 2);
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn a_moderator_signs_in_has_the_policy_read_again_and_guessing_is_slowed() {
    let folder = Folder::new("desk");
    let server = watching(&folder, &[]);
    let store = format!("--store-folder={}", folder.file("data"));
    let add = &["moderator", "add", "Ada", "--role=admin", &store];
    let (code, token, complaint) = said(&mut visavis(add));
    assert_eq!(code, 0, "{complaint}");
    let bearer = |token: &str| format!("authorization: Bearer {}\r\n", token.trim());
    let me = server.ask("GET", "/v1/console/me", &bearer(&token));
    assert_eq!(me.status, 200, "{me:?}");
    assert!(me.body.contains("\"name\":\"Ada\""), "{}", me.body);
    let headers = format!("{}content-length: 0\r\n", bearer(&token));
    let reloaded = server.ask("POST", "/v1/console/policy/reload", &headers);
    assert_eq!(reloaded.status, 200, "{reloaded:?}");
    assert!(reloaded.body.contains("built-in 1"), "{}", reloaded.body);
    let tried: Vec<_> = (0..12)
        .map(|number| bearer(&format!("vvm_{number}")))
        .map(|guess| server.ask("GET", "/v1/console/me", &guess).status)
        .collect();
    assert!(tried.ends_with(&[429]), "{tried:?}");
    let refused = "visavis_console_refused_total{reason=\"unknown_token\"}";
    assert_eq!(metric(&server, refused), 9, "hers was looked up as well");
    server.signal(Signal::TERM);
    let (_, log) = server.ended();
    assert!(!log.contains(token.trim()), "the token is in the log");
}

#[test]
fn a_folder_that_cannot_be_written_is_told_before_anything_starts() {
    let folder = Folder::new("blocked");
    let file = folder.file("a-file");
    fs::write(&file, "in the way").unwrap();
    let store = format!("--store-folder={file}");
    let (code, _, complaint) = said(&mut visavis(&[
        "--http-listen=127.0.0.1:0",
        "--media-listen=127.0.0.1:0",
        &store,
    ]));
    assert_eq!(code, 2, "{complaint}");
    assert!(complaint.contains("store.folder"), "{complaint}");
}
