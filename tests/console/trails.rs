//! The audit log is read back a page at a time.

use std::sync::Arc;

use visavis::moderation::{Actor, AuditLine, Deed, Label};
use visavis::store::Role;

use crate::desk_stage::DeskStage;

fn line(number: usize) -> AuditLine {
    AuditLine {
        actor: Actor::Person(Arc::from(if number.is_multiple_of(2) {
            "Ada"
        } else {
            "Bo"
        })),
        session: None,
        label: Label::PORN,
        score: 0.5,
        version: Arc::from(""),
        deed: if number.is_multiple_of(3) {
            Deed::Warn
        } else {
            Deed::Blur
        },
        reason: format!("line {number}"),
    }
}

#[tokio::test]
async fn the_log_is_walked_from_the_newest_line_to_the_first() {
    let stage = DeskStage::new().await;
    let token = stage.person(Role::Senior);
    stage
        .audit
        .append((1..=250).map(line).collect())
        .await
        .unwrap()
        .unwrap();
    let mut path = "trail".to_owned();
    let mut walked = Vec::new();
    loop {
        let page = stage.get(&token, &path).await;
        assert_eq!(page.status, 200, "{page:?}");
        let lines = page.body["lines"].as_array().unwrap().clone();
        walked.extend(lines.iter().map(|line| line["sequence"].as_u64().unwrap()));
        match page.body["next"].as_u64() {
            Some(next) => path = format!("trail?before={next}"),
            None => break,
        }
    }
    assert_eq!(walked, (1..=250).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn lines_are_found_by_who_and_by_what() {
    let stage = DeskStage::new().await;
    let token = stage.person(Role::Admin);
    stage
        .audit
        .append((1..=12).map(line).collect())
        .await
        .unwrap()
        .unwrap();
    let found = stage
        .get(&token, "trail?actor=person%20Ada&action=warn")
        .await;
    let lines = found.body["lines"].as_array().unwrap();
    let reasons: Vec<_> = lines.iter().map(|line| &line["reason"]).collect();
    assert_eq!(reasons, ["line 12", "line 6"]);
    assert!(found.body["next"].is_null());
    let first = &lines[0];
    assert_eq!(first["actor"], "person Ada");
    assert_eq!(first["label"], "porn");
    assert!(first["time_ms"].as_u64().unwrap() > 1_700_000_000_000);
    let none = stage.get(&token, "trail?actor=person%20Zoe").await;
    assert_eq!(none.body["lines"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn an_empty_log_has_no_lines_and_a_wrong_question_is_refused() {
    let stage = DeskStage::new().await;
    let token = stage.person(Role::Senior);
    let empty = stage.get(&token, "trail").await;
    assert_eq!((empty.status, empty.body["next"].is_null()), (200, true));
    for wrong in ["trail?before=yesterday", "trail?limit=5"] {
        stage.get(&token, wrong).await.is_problem(400, "unreadable");
    }
}
