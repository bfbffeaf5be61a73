//! Who stays outside is listed, and let in again by a person: written down first.

use serde_json::json;
use visavis::moderation::Label;
use visavis::store::{KeptOut, Role};

use crate::desk_stage::DeskStage;

#[tokio::test]
async fn bans_are_listed_under_names_that_tell_nothing_of_the_device() {
    let stage = DeskStage::new().await;
    let token = stage.person(Role::Moderator);
    let first = stage.keep_out(1, Label::PORN).await;
    let second = stage.keep_out(2, Label::KNOWN_PICTURE).await;
    let bans = stage.get(&token, "bans").await.body;
    assert_eq!(bans["count"], 2);
    let mut listed: Vec<_> = bans["bans"].as_array().unwrap().iter().collect();
    listed.sort_by_key(|ban| ban["label"].as_str().unwrap().to_owned());
    assert_eq!(listed[0]["id"], second);
    assert_eq!(listed[1]["id"], first);
    assert!(listed[0]["until_ms"].as_u64().unwrap() > 1_700_000_000_000);
    assert!(!bans.to_string().contains("0101010101010101"));
}

#[tokio::test]
async fn a_ban_is_lifted_with_a_reason_and_the_line_comes_first() {
    let stage = DeskStage::new().await;
    let token = stage.person(Role::Senior);
    let ban = stage.keep_out(1, Label::PORN).await;
    stage.keep_out(2, Label::PORN).await;
    let body = json!({ "reason": "mistake", "note": "a statue in a museum" });
    let lifted = stage.post(&token, &format!("bans/{ban}/lift"), body).await;
    assert_eq!(lifted.status, 204, "{lifted:?}");
    let [line] = &stage.log()[..] else {
        panic!("one line");
    };
    assert_eq!(line.actor, "person A senior");
    assert_eq!((&*line.action, &*line.label), ("readmit", "porn"));
    assert_eq!(
        line.reason,
        format!("ban {ban}: mistake: a statue in a museum")
    );
    assert_eq!(stage.get(&token, "bans").await.body["count"], 1);
    let (_, outside) = KeptOut::open(stage.folder()).unwrap();
    assert_eq!(outside.len(), 1, "also for a server that starts now");
    let again = stage
        .post(
            &token,
            &format!("bans/{ban}/lift"),
            json!({ "reason": "mistake" }),
        )
        .await;
    again.is_problem(404, "no_such_ban");
}

#[tokio::test]
async fn a_ban_stays_where_the_line_cannot_be_written() {
    let stage = DeskStage::new().await;
    let token = stage.person(Role::Senior);
    let ban = stage.keep_out(1, Label::PORN).await;
    let audit = stage.audit.clone();
    tokio::task::spawn_blocking(move || audit.close())
        .await
        .unwrap();
    let refused = stage
        .post(
            &token,
            &format!("bans/{ban}/lift"),
            json!({ "reason": "mistake" }),
        )
        .await;
    refused.is_problem(503, "not_written");
    assert_eq!(stage.get(&token, "bans").await.body["count"], 1);
}

#[tokio::test]
async fn a_lift_that_is_not_as_it_should_be_changes_nothing() {
    let stage = DeskStage::new().await;
    let token = stage.person(Role::Senior);
    let ban = stage.keep_out(1, Label::PORN).await;
    let path = format!("bans/{ban}/lift");
    let unknown = stage
        .post(&token, &path, json!({ "reason": "because" }))
        .await;
    unknown.is_problem(422, "unknown_reason");
    let long = json!({ "reason": "mistake", "note": "x".repeat(1_001) });
    stage
        .post(&token, &path, long)
        .await
        .is_problem(422, "long_note");
    for rubbish in ["", "{", "[]", r#"{"reason":"mistake","more":1}"#] {
        let refused = stage.post_text(&token, &path, rubbish).await;
        refused.is_problem(400, "unreadable");
    }
    let huge = "x".repeat(100_000);
    let refused = stage.post_text(&token, &path, &huge).await;
    refused.is_problem(400, "unreadable");
    for name in ["0123456789abcdef", "0", "+123456789abcdef", "..%2f"] {
        let refused = stage
            .post(
                &token,
                &format!("bans/{name}/lift"),
                json!({ "reason": "mistake" }),
            )
            .await;
        refused.is_problem(404, "no_such_ban");
    }
    assert_eq!(stage.get(&token, "bans").await.body["count"], 1);
    assert_eq!(stage.log(), []);
}
