//! Figures and the transparency export are counted from the audit log.

use std::sync::Arc;

use serde_json::json;
use visavis::moderation::{Actor, AuditLine, Deed, Label};
use visavis::store::Role;

use crate::desk_stage::DeskStage;

fn line(actor: Actor, deed: Deed, label: Label) -> AuditLine {
    AuditLine {
        actor,
        session: None,
        label,
        score: 0.5,
        version: Arc::from("m1"),
        deed,
        reason: "for a test, and, with commas".to_owned(),
    }
}

fn policy(shadow: bool) -> Actor {
    let version = Arc::from("p 1");
    Actor::Policy { version, shadow }
}

fn ada() -> Actor {
    Actor::Person(Arc::from("Ada L."))
}

/// A day's work.
async fn worked() -> (DeskStage, String) {
    let stage = DeskStage::new().await;
    let token = stage.person(Role::Admin);
    let lines = vec![
        line(policy(false), Deed::Blur, Label::PORN),
        line(policy(false), Deed::Blur, Label::PORN),
        line(policy(true), Deed::Ban, Label::PORN),
        line(policy(false), Deed::Policy, Label::NEUTRAL),
        line(policy(false), Deed::Warn, Label::NO_FACE),
        line(ada(), Deed::Unblur, Label::PORN),
        line(ada(), Deed::End, Label::REPORTED),
        line(Actor::Nobody, Deed::Refuse, Label::NEUTRAL),
        line(
            Actor::Visitor(visavis::id::SessionId(3)),
            Deed::Report,
            Label::REPORTED,
        ),
    ];
    stage.audit.append(lines).await.unwrap().unwrap();
    (stage, token)
}

#[tokio::test]
async fn a_day_counts_what_was_done_and_not_what_was_only_tried() {
    let (stage, token) = worked().await;
    let figures = stage.get(&token, "figures?days=2").await;
    assert_eq!(figures.status, 200, "{figures:?}");
    let [day] = &figures.body["days"].as_array().unwrap()[..] else {
        panic!("one day: {figures:?}");
    };
    assert_eq!(day["day"], figures.body["to"]);
    assert_eq!(
        day["counts"],
        json!({ "blur": 2, "warn": 1, "unblur": 1, "end": 1, "report": 1 })
    );
    let labels = &figures.body["labels"];
    assert_eq!(
        labels[0],
        json!({ "label": "porn", "by_machine": 2, "by_people": 0, "reversed": 1 })
    );
    let looking = &figures.body["looking"];
    assert_eq!(looking["visitor_seconds"], 0);
    assert!(looking["covered_ratio"].is_null(), "nobody was there");
    assert_eq!(looking["action"]["count"], 0);
    assert!(looking["action"]["p95_ms"].is_null());
    for wrong in ["figures?days=0", "figures?days=367", "figures?days=x"] {
        stage.get(&token, wrong).await.is_problem(400, "unreadable");
    }
}

#[tokio::test]
async fn a_month_is_exported_as_csv_and_as_json() {
    let (stage, token) = worked().await;
    let today = stage.get(&token, "figures").await.body["to"].clone();
    let month = today.as_str().unwrap().get(..7).unwrap().to_owned();
    let json = stage
        .get(&token, &format!("transparency?month={month}"))
        .await;
    assert_eq!(json.body["month"], month);
    let rows = json.body["rows"].as_array().unwrap();
    let blur = json!({ "action": "blur", "decided_by": "automated", "label": "porn", "count": 2 });
    assert!(rows.contains(&blur), "{rows:?}");
    assert_eq!(rows.len(), 5);
    let csv = stage
        .get(&token, &format!("transparency?month={month}&format=csv"))
        .await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let name = format!("attachment; filename=\"visavis-{month}.csv\"");
    assert_eq!(csv.header("content-disposition"), name);
    let lines: Vec<_> = csv.text.lines().collect();
    assert_eq!(lines[0], "month,action,decided_by,label,count");
    assert!(lines.contains(&&*format!("{month},end,person,reported,1")));
    assert_eq!(lines.len(), 6);
    let before = stage.get(&token, "transparency?month=1999-12").await;
    assert_eq!(before.body["rows"], json!([]));
    for wrong in ["2026-13", "november", "2026-1"] {
        let path = format!("transparency?month={wrong}");
        stage.get(&token, &path).await.is_problem(400, "unreadable");
    }
}
