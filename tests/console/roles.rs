//! Each role may do what the table says, and no more.

use serde_json::json;
use visavis::moderation::Label;
use visavis::store::Role;

use crate::desk_stage::DeskStage;

/// Each route with the roles that it is for, as docs/console.md has it.
const ROUTES: [(&str, &str, &[Role]); 8] = [
    ("GET", "me", &Role::ALL),
    ("GET", "reasons", &Role::ALL),
    ("GET", "bans", &Role::ALL),
    (
        "POST",
        "bans/0123456789abcdef/lift",
        &[Role::Senior, Role::Admin],
    ),
    ("GET", "trail", &[Role::Senior, Role::Admin]),
    ("GET", "figures", &Role::ALL),
    (
        "GET",
        "transparency?month=2026-11",
        &[Role::Senior, Role::Admin],
    ),
    ("POST", "policy/reload", &[Role::Admin]),
];

#[tokio::test]
async fn a_role_may_what_the_table_says_and_a_line_names_who_tried_more() {
    let mut stage = DeskStage::new().await;
    let mut expected = Vec::new();
    for role in Role::ALL {
        let token = stage.person(role);
        for (method, path, roles) in ROUTES {
            if roles.contains(&role) && path == "policy/reload" {
                continue;
            }
            let answer = match method {
                "GET" => stage.get(&token, path).await,
                _ => {
                    stage
                        .post(&token, path, json!({ "reason": "mistake" }))
                        .await
                }
            };
            if roles.contains(&role) {
                assert_ne!(answer.status, 403, "{role} {path}: {answer:?}");
                assert_ne!(answer.status, 401, "{role} {path}: {answer:?}");
            } else {
                answer.is_problem(403, "not_your_role");
                expected.push((format!("person A {role}"), method));
            }
        }
    }
    let log = stage.log();
    let refused: Vec<_> = log.iter().filter(|line| line.action == "refuse").collect();
    assert_eq!(refused.len(), expected.len(), "{refused:?}");
    for (line, (actor, method)) in refused.iter().zip(&expected) {
        assert_eq!(&line.actor, actor);
        assert!(line.reason.contains(method), "{}", line.reason);
    }
    assert!(
        stage.reloads.try_recv().is_err(),
        "nobody who may not was heard"
    );
}

#[tokio::test]
async fn somebody_who_goes_on_trying_gets_few_lines() {
    let stage = DeskStage::new().await;
    let token = stage.person(Role::Moderator);
    let ban = stage.keep_out(1, Label::PORN).await;
    let path = format!("bans/{ban}/lift");
    for _ in 0..50 {
        let refused = stage
            .post(&token, &path, json!({ "reason": "mistake" }))
            .await;
        refused.is_problem(403, "not_your_role");
    }
    assert_eq!(stage.log().len(), 20);
}

#[tokio::test]
async fn an_address_that_is_none_is_told_so() {
    let stage = DeskStage::new().await;
    let token = stage.person(Role::Admin);
    let nothing = stage.get(&token, "no/such/thing").await;
    nothing.is_problem(404, "no_such_route");
    let wrong = stage.post(&token, "me", json!({})).await;
    wrong.is_problem(405, "no_such_method");
}
