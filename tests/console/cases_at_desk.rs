//! Cases at the desk: who has one, who decides it, what everybody hears of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use visavis::codec::VideoCodec;
use visavis::id::SessionId;
use visavis::moderation::{CaseClass, Deed, DeviceKey, Label, Opening, Origin};
use visavis::store::{Exhibit, Filing, Role, Side};

use crate::desk_stage::DeskStage;

fn blurred(session: u64) -> Opening {
    Opening {
        session: SessionId(session),
        device: Some(DeviceKey([9; 16])),
        class: CaseClass::Conduct,
        label: Label::PORN,
        score: 0.9,
        severity: 3,
        origin: Origin::Machine,
        reporter: None,
        done: Some(Deed::Blur),
        lasts: None,
        policy: Arc::from("p1"),
        version: Arc::from("m1"),
    }
}

fn minor(session: u64) -> Opening {
    Opening {
        class: CaseClass::ChildSafety,
        label: Label::new("reported_minor").unwrap(),
        severity: 5,
        device: None,
        ..blurred(session)
    }
}

#[tokio::test]
async fn the_next_case_is_the_most_pressing_and_nobody_else_has_it_meanwhile() {
    let stage = DeskStage::new().await;
    let (ada, bo) = (stage.person(Role::Senior), stage.person(Role::Moderator));
    assert_eq!(stage.post(&ada, "next", json!({})).await.status, 204);
    stage.open_case(blurred(1)).await;
    let pressing = Opening {
        severity: 4,
        ..blurred(2)
    };
    let (id, code) = stage.open_case(pressing).await;
    let queue = stage.get(&ada, "queue").await.body;
    assert_eq!(
        (&queue["open"], &queue["cases"][0]["id"]),
        (&json!(2), &json!(id))
    );
    assert!(queue["cases"][0]["age_ms"].as_u64().unwrap() < 60_000);
    let case = stage.post(&ada, "next", json!({})).await.body;
    assert_eq!(case["id"], id);
    assert_eq!(case["code"], code);
    assert_eq!(case["lease"]["by"], "A senior");
    assert_eq!(case["machine_action"], "blur");
    assert_eq!(
        (&case["status"], &case["origin"]),
        (&json!("open"), &json!("machine"))
    );
    let taken = stage
        .post(&bo, &format!("cases/{id}/lease"), json!({}))
        .await;
    taken.is_problem(409, "taken");
    assert_eq!(taken.body["by"], "A senior");
    let decision = json!({ "action": "dismiss", "reason": "mistake" });
    let refused = stage
        .post(&bo, &format!("cases/{id}/decision"), decision)
        .await;
    refused.is_problem(409, "taken");
    let given = stage.delete(&ada, &format!("cases/{id}/lease")).await;
    assert_eq!(given.status, 204);
    let leased = stage
        .post(&bo, &format!("cases/{id}/lease"), json!({}))
        .await;
    assert_eq!(
        (leased.status, &leased.body["by"]),
        (200, &json!("A moderator"))
    );
}

#[tokio::test]
async fn a_decision_is_written_down_kept_and_done() {
    let stage = DeskStage::new().await;
    let ada = stage.person(Role::Moderator);
    let (id, _) = stage.open_case(blurred(1)).await;
    let path = format!("cases/{id}/decision");
    let decision =
        json!({ "action": "cooldown", "reason": "nudity", "note": "twice", "lasts_ms": 3_600_000 });
    let early = stage.post(&ada, &path, decision.clone()).await;
    early.is_problem(409, "not_leased");
    stage.post(&ada, "next", json!({})).await;
    for (wrong, status, code) in [
        (
            json!({ "action": "cooldown", "reason": "because" }),
            422,
            "unknown_reason",
        ),
        (
            json!({ "action": "forgive", "reason": "nudity" }),
            400,
            "unreadable",
        ),
        (
            json!({ "action": "ban", "reason": "nudity", "lasts_ms": 1 }),
            400,
            "unreadable",
        ),
        (json!({ "action": "warn" }), 400, "unreadable"),
    ] {
        stage
            .post(&ada, &path, wrong)
            .await
            .is_problem(status, code);
    }
    let decided = stage.post(&ada, &path, decision.clone()).await;
    assert_eq!(
        (decided.status, &decided.body["status"]),
        (200, &json!("closed"))
    );
    assert_eq!(stage.get(&ada, "bans").await.body["count"], 1);
    let case = stage.get(&ada, &format!("cases/{id}")).await.body;
    let [first] = &case["decisions"].as_array().unwrap()[..] else {
        panic!("one decision: {case}");
    };
    assert_eq!(
        (&first["by"], &first["action"]),
        (&json!("A moderator"), &json!("cooldown"))
    );
    assert_eq!(
        (&first["reason"], &first["note"]),
        (&json!("nudity"), &json!("twice"))
    );
    let trail = stage.get(&ada, &format!("cases/{id}/trail")).await.body;
    let lines = trail["lines"].as_array().unwrap();
    assert!(
        lines.iter().any(|line| line["action"] == "cooldown"),
        "{lines:?}"
    );
    stage
        .post(&ada, &path, decision)
        .await
        .is_problem(409, "closed");
}

#[tokio::test]
async fn a_lasting_ban_waits_for_somebody_senior_and_the_first_is_not_the_second() {
    let stage = DeskStage::new().await;
    let (ada, bo) = (stage.person(Role::Senior), stage.person(Role::Moderator));
    let cem = stage.person(Role::Admin);
    let (id, _) = stage.open_case(blurred(1)).await;
    stage.post(&ada, "next", json!({})).await;
    let year = json!({ "action": "ban", "reason": "nudity", "lasts_ms": 31_536_000_000_u64 });
    let path = format!("cases/{id}/decision");
    let first = stage.post(&ada, &path, year.clone()).await;
    assert_eq!(first.body["status"], "second_opinion", "{first:?}");
    let lease = format!("cases/{id}/lease");
    stage
        .post(&ada, &lease, json!({}))
        .await
        .is_problem(409, "same_person");
    stage
        .post(&bo, &lease, json!({}))
        .await
        .is_problem(403, "not_your_role");
    let log = stage.log();
    let refused = log.iter().find(|line| line.action == "refuse").unwrap();
    assert_eq!(refused.actor, "person A moderator");
    assert_eq!(stage.post(&cem, &lease, json!({})).await.status, 200);
    let second = stage.post(&cem, &path, year).await;
    assert_eq!(second.body["status"], "closed", "{second:?}");
}

#[tokio::test]
async fn what_may_show_a_child_is_for_one_role_and_each_look_is_written_down() {
    let stage = DeskStage::new().await;
    let (admin, safety) = (stage.person(Role::Admin), stage.person(Role::ChildSafety));
    let (id, _) = stage.open_case(minor(1)).await;
    let path = format!("cases/{id}");
    assert_eq!(stage.get(&admin, "queue").await.body["open"], 0);
    stage
        .get(&admin, &path)
        .await
        .is_problem(403, "not_your_role");
    let asked = stage.get(&admin, "queue?class=child_safety").await;
    asked.is_problem(403, "not_your_role");
    assert_eq!(
        stage.get(&safety, "queue?class=child_safety").await.body["open"],
        1
    );
    assert_eq!(stage.get(&safety, &path).await.status, 200);
    let actions: Vec<_> = stage.log().iter().map(|line| line.action.clone()).collect();
    assert_eq!(actions, ["refuse", "refuse", "view"]);
    let wrong = stage.get(&safety, "queue?class=other").await;
    wrong.is_problem(400, "unreadable");
}

#[tokio::test]
async fn a_case_is_handed_on_and_held_back_from_deletion() {
    let stage = DeskStage::new().await;
    let (bo, admin) = (stage.person(Role::Moderator), stage.person(Role::Admin));
    let (id, _) = stage.open_case(blurred(1)).await;
    stage.post(&bo, "next", json!({})).await;
    let path = format!("cases/{id}/escalate");
    let wrong = stage.post(&bo, &path, json!({ "to": "nobody" })).await;
    wrong.is_problem(400, "unreadable");
    let handed = stage
        .post(&bo, &path, json!({ "to": "senior", "note": "not sure" }))
        .await;
    assert_eq!(handed.status, 204, "{handed:?}");
    let hold = format!("cases/{id}/hold");
    stage
        .post(&bo, &hold, json!({ "on": true }))
        .await
        .is_problem(403, "not_your_role");
    assert_eq!(
        stage
            .post(&admin, &hold, json!({ "on": true }))
            .await
            .status,
        204
    );
    let case = stage.get(&admin, &format!("cases/{id}")).await.body;
    assert_eq!(
        (&case["status"], &case["legal_hold"]),
        (&json!("escalated"), &json!(true))
    );
    let none = stage.get(&admin, "cases/999").await;
    none.is_problem(404, "no_such_case");
}

#[tokio::test]
async fn whoever_listens_hears_that_the_queue_changed() {
    let stage = DeskStage::new().await;
    let token = stage.person(Role::Moderator);
    let mut stream = TcpStream::connect(stage.address()).await.unwrap();
    let request = format!(
        "GET /v1/console/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut heard = String::new();
    let mut buffer = [0; 1024];
    while !heard.contains("text/event-stream") {
        let count = stream.read(&mut buffer).await.unwrap();
        heard.push_str(&String::from_utf8_lossy(buffer.get(..count).unwrap()));
    }
    stage.open_case(blurred(1)).await;
    while !heard.contains("event: queue") {
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut buffer));
        let count = read.await.expect("an event in time").unwrap();
        heard.push_str(&String::from_utf8_lossy(buffer.get(..count).unwrap()));
    }
    assert!(!heard.contains("porn"), "an event tells nothing");
}

#[tokio::test]
async fn a_visitor_asks_once_for_another_look_and_somebody_else_decides() {
    let stage = DeskStage::new().await;
    let (ada, bo) = (stage.person(Role::Senior), stage.person(Role::Moderator));
    let (id, code) = stage.open_case(blurred(1)).await;
    let news = stage
        .ask_outside("GET", &format!("appeals/{code}"), None)
        .await;
    assert_eq!(news.body["automated"], true, "{news:?}");
    assert_eq!(
        (&news.body["status"], &news.body["action"]),
        (&json!("open"), &json!("blur"))
    );
    stage.post(&ada, "next", json!({})).await;
    let decision = json!({ "action": "cooldown", "reason": "nudity" });
    stage
        .post(&ada, &format!("cases/{id}/decision"), decision)
        .await;
    let appeal = json!({ "code": code.to_lowercase(), "text": "It was a poster." });
    let told = stage.ask_outside("POST", "appeals", Some(&appeal)).await;
    assert_eq!(told.status, 202, "{told:?}");
    let again = stage.ask_outside("POST", "appeals", Some(&appeal)).await;
    again.is_problem(409, "appealed");
    let lease = format!("cases/{id}/lease");
    stage
        .post(&ada, &lease, json!({}))
        .await
        .is_problem(409, "same_person");
    let case = stage.post(&bo, "next", json!({})).await.body;
    assert_eq!(case["appeal"]["text"], "It was a poster.");
    let dismiss = json!({ "action": "dismiss", "reason": "mistake" });
    stage
        .post(&bo, &format!("cases/{id}/decision"), dismiss)
        .await;
    let news = stage
        .ask_outside("GET", &format!("appeals/{code}"), None)
        .await;
    assert_eq!(
        (&news.body["status"], &news.body["action"]),
        (&json!("closed"), &json!("dismiss"))
    );
    assert_eq!(
        (&news.body["automated"], &news.body["appealed"]),
        (&json!(false), &json!(true))
    );
    assert!(
        !stage
            .log()
            .iter()
            .any(|line| line.reason.contains("poster"))
    );
}

#[tokio::test]
async fn codes_cannot_be_guessed_at_will_and_an_appeal_has_its_bounds() {
    let stage = DeskStage::new().await;
    let (_, code) = stage.open_case(blurred(1)).await;
    for text in [String::new(), "x".repeat(2_001)] {
        let appeal = json!({ "code": code, "text": text });
        let refused = stage.ask_outside("POST", "appeals", Some(&appeal)).await;
        refused.is_problem(422, "appeal_text");
    }
    let mut slowed = 0;
    for number in 0..40 {
        let path = format!("appeals/AAAA-{number:04}");
        let answer = stage.ask_outside("GET", &path, None).await;
        match answer.status {
            429 => slowed += 1,
            _ => answer.is_problem(404, "no_such_case"),
        }
    }
    assert!(slowed >= 15, "{slowed} were slowed");
    let appeal = json!({ "code": "AAAA", "text": "x" });
    let mut last = 0;
    for _ in 0..6 {
        last = stage
            .ask_outside("POST", "appeals", Some(&appeal))
            .await
            .status;
    }
    assert_eq!(last, 429);
}

fn with_pictures(opening: Opening) -> Filing {
    let codecs = [VideoCodec::Vp8, VideoCodec::Vp9, VideoCodec::H264];
    let picture = |(codec, ago): (VideoCodec, u64)| Exhibit {
        whose: Side::About,
        age: Duration::from_secs(ago),
        codec,
        scores: Vec::new(),
        picture: Bytes::from_static(b"keyframe"),
    };
    let exhibits = codecs.into_iter().zip([9, 6, 3]).map(picture).collect();
    Filing { opening, exhibits }
}

#[tokio::test]
async fn a_picture_comes_as_what_a_browser_can_show_and_stays_in_no_cache() {
    let stage = DeskStage::new().await;
    let ada = stage.person(Role::Moderator);
    let (id, _) = stage.open_with(with_pictures(blurred(1))).await;
    let case = pictures_of(&stage, &ada, &id).await;
    assert_eq!(case["evidence"][0]["codec"], "vp8");
    let kinds = [
        (
            "image/webp",
            &b"RIFF\x14\0\0\0WEBPVP8 \x08\0\0\0keyframe"[..],
        ),
        ("video/VP9", b"keyframe"),
        ("video/H264", b"keyframe"),
    ];
    for (n, (kind, bytes)) in (1..).zip(kinds) {
        let path = format!("cases/{id}/evidence/{n}");
        let picture = stage.get(&ada, &path).await;
        assert_eq!((picture.status, &*picture.bytes), (200, bytes));
        assert_eq!(picture.header("content-type"), kind);
        assert_eq!(picture.header("cache-control"), "no-store");
    }
    let none = stage.get(&ada, &format!("cases/{id}/evidence/9")).await;
    none.is_problem(404, "no_such_picture");
    let nonsense = stage.get(&ada, &format!("cases/{id}/evidence/x")).await;
    assert_eq!(nonsense.status, 400);
    let nobody = stage.get("", &format!("cases/{id}/evidence/1")).await;
    nobody.is_problem(401, "unknown_token");
}

#[tokio::test]
async fn a_picture_of_a_case_for_another_role_is_refused_and_written_down() {
    let stage = DeskStage::new().await;
    let ada = stage.person(Role::Admin);
    let (id, _) = stage.open_with(with_pictures(minor(1))).await;
    let path = format!("cases/{id}/evidence/1");
    stage
        .get(&ada, &path)
        .await
        .is_problem(403, "not_your_role");
    let line = stage.log().pop().unwrap();
    assert_eq!(
        (&*line.action, &*line.reason),
        ("refuse", "picture: a case for another role")
    );
}

/// What lies in a ZIP archive whose files are stored as they are, by name.
fn unpack(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let number = |at: usize, bytes: usize| -> usize {
        let part = archive[at..at + bytes].iter().rev();
        part.fold(0, |number, byte| number << 8 | usize::from(*byte))
    };
    let mut files = Vec::new();
    let mut at = 0;
    // Local headers, one behind the other (APPNOTE 4.3.7), up to the first central one.
    while archive[at..].starts_with(b"PK\x03\x04") {
        let (size, name, extra) = (number(at + 18, 4), number(at + 26, 2), number(at + 28, 2));
        let content = at + 30 + name + extra;
        let name = String::from_utf8(archive[at + 30..at + 30 + name].to_vec()).unwrap();
        files.push((name, archive[content..content + size].to_vec()));
        at = content + size;
    }
    files
}

#[tokio::test]
async fn a_case_about_a_child_is_taken_out_by_one_role_and_a_line_says_so() {
    let stage = DeskStage::new().await;
    let kim = stage.person(Role::ChildSafety);
    let (id, code) = stage.open_with(with_pictures(minor(1))).await;
    pictures_of(&stage, &kim, &id).await;
    let path = format!("cases/{id}/export");
    for role in [Role::Moderator, Role::Senior, Role::Admin] {
        let other = stage.person(role);
        let refused = stage.post(&other, &path, json!({})).await;
        refused.is_problem(403, "not_your_role");
    }
    let (ordinary, _) = stage.open_case(blurred(2)).await;
    let refused = stage
        .post(&kim, &format!("cases/{ordinary}/export"), json!({}))
        .await;
    refused.is_problem(403, "not_your_role");
    let answer = stage.post(&kim, &path, json!({})).await;
    assert_eq!(answer.header("content-type"), "application/zip");
    let files = unpack(&answer.bytes);
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "report.xml",
            "picture-1.webp.xml",
            "picture-1.webp",
            "picture-2.vp9.xml",
            "picture-2.vp9",
            "picture-3.h264.xml",
            "picture-3.h264"
        ]
    );
    let report = String::from_utf8(files[0].1.clone()).unwrap();
    assert!(
        report.contains(&format!("<espIdentifier>{code}</espIdentifier>")),
        "{report}"
    );
    assert!(report.contains("<incidentDateTime>20"), "{report}");
    let details = String::from_utf8(files[3].1.clone()).unwrap();
    assert!(
        details.contains("<originalFileHash hashType=\"SHA256\">"),
        "{details}"
    );
    assert_eq!(files[4].1, b"keyframe");
    let lines = stage.log();
    let line = lines.iter().find(|line| line.action == "export").unwrap();
    assert_eq!(
        line.reason,
        format!("case {id}: to be reported, with 3 pictures")
    );
}

/// A case once its three pictures are there.
async fn pictures_of(stage: &DeskStage, token: &str, id: &str) -> serde_json::Value {
    let coming = async {
        loop {
            let case = stage.get(token, &format!("cases/{id}")).await.body;
            if case["evidence"].as_array().unwrap().len() == 3 {
                return case;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let patience = Duration::from_secs(20);
    tokio::time::timeout(patience, coming).await.unwrap()
}
