//! Nothing of a visitor is in the log: no address, SDP, token or text.

use rustix::process::Signal;
use serde_json::{Value, json};
use str0m::Rtc;
use str0m::media::{Direction, MediaKind};

use crate::started::{Started, has_address};
use crate::talker::Talker;

/// A browser's offer, with credentials of its own.
fn offer() -> String {
    let mut rtc = Rtc::new(std::time::Instant::now());
    rtc.add_local_candidate(
        str0m::Candidate::host("203.0.113.77:50077".parse().unwrap(), "udp").unwrap(),
    );
    let mut changes = rtc.sdp_api();
    for kind in [MediaKind::Audio, MediaKind::Video] {
        changes.add_media(kind, Direction::SendRecv, None, None, None);
    }
    changes.apply().unwrap().0.to_sdp_string()
}

/// The values of an SDP's credentials.
fn credentials(sdp: &str) -> Vec<String> {
    let named = ["a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:sha-256 "];
    let of = |line: &str| {
        named
            .iter()
            .find_map(|name| line.strip_prefix(name).map(str::to_owned))
    };
    sdp.lines().filter_map(of).collect()
}

#[test]
fn an_address_in_a_text_is_seen() {
    for text in [
        "from 127.0.0.1:80.",
        "[10.1.2.3]",
        "\"ip\":\"2001:db8::1\"",
        "[::1]:80",
    ] {
        assert!(has_address(text), "{text}");
    }
    for text in [
        "0.1.0 after 1.25 s",
        "2026-11-24T12:22:10.5Z",
        "visavis::control::task",
    ] {
        assert!(!has_address(text), "{text}");
    }
}

#[test]
fn nothing_of_a_visitor_is_in_the_log() {
    const TEXT: &str = "meet me at the fountain";
    const NOTE: &str = "he wore a false beard";
    const INTEREST: &str = "beekeeping";
    let server = Started::with(&["--log-level", "info", "--lobby-grace-ms", "50"]);
    let mut secrets = vec![TEXT.to_owned(), NOTE.to_owned(), INTEREST.to_owned()];

    let [mut one, mut other] = Talker::pair(&server);
    one.say(&json!({ "type": "chat", "text": TEXT }));
    assert_eq!(other.hear("chat")["text"], TEXT);
    one.say(&json!({ "type": "interests", "interests": [INTEREST] }));
    one.say(&json!({ "type": "report", "category": "other", "note": NOTE }));
    one.hear("reported");
    one.say(&json!({ "type": "no such", "text": TEXT }));
    one.hear("error");
    one.say(&json!({ "type": "next" }));
    other.hear("left");

    let mut seen = Talker::connect(&server);
    let offered = offer();
    seen.say(&json!({ "type": "join", "mode": "video", "adult": true, "offer": offered }));
    let answered = seen.hear("answer")["sdp"].as_str().unwrap().to_owned();
    let mut broken = Talker::connect(&server);
    let altered = offered.replace("opus", "abacus");
    broken.say(&json!({ "type": "join", "mode": "video", "adult": true, "offer": altered }));
    broken.hear("error");

    for talker in [&one, &other, &seen] {
        let tokens = talker
            .heard
            .iter()
            .filter_map(|message| message["resume"].as_str());
        secrets.extend(tokens.map(str::to_owned));
    }
    secrets.extend(credentials(&offered));
    secrets.extend(credentials(&answered));
    assert!(
        secrets.len() >= 3 + 3 + 6,
        "too few to look for: {secrets:?}"
    );
    drop((one, seen, broken));
    other.say(&json!({ "type": "leave" }));
    other.hear("bye");
    server.signal(Signal::TERM);
    let (_, log) = server.ended();

    for secret in &secrets {
        assert!(
            !log.contains(secret.as_str()),
            "{secret} is in the log:\n{log}"
        );
    }
    let told = |what: &str| log.lines().any(|line| message(line).contains(what));
    assert!(
        told("match began") && told("match ended"),
        "the log tells nothing:\n{log}"
    );
}

fn message(line: &str) -> String {
    let entry: Value = serde_json::from_str(line).unwrap();
    entry["message"].as_str().unwrap().to_owned()
}
