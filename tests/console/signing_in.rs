//! A token opens the desk, and nothing else does.

use visavis::store::Role;

use crate::desk_stage::{DeskStage, ask, serve};

#[tokio::test]
async fn a_token_says_who_somebody_is_and_what_they_may() {
    let stage = DeskStage::new().await;
    let token = stage.person(Role::Senior);
    let me = stage.get(&token, "me").await;
    assert_eq!(me.status, 200, "{me:?}");
    assert_eq!(me.body["name"], "A senior");
    assert_eq!(me.body["role"], "senior");
    let may = me.body["may"].as_array().unwrap();
    assert!(may.iter().any(|word| word == "lift_bans"), "{may:?}");
    assert!(!may.iter().any(|word| word == "reload_policy"), "{may:?}");
    assert_eq!(me.header("cache-control"), "no-store");
}

#[tokio::test]
async fn without_a_token_or_with_another_nothing_is_done_and_a_line_says_so() {
    let stage = DeskStage::new().await;
    stage.person(Role::Admin);
    for wrong in ["", "rubbish", "vvm_0000"] {
        let refused = stage.get(wrong, "me").await;
        refused.is_problem(401, "unknown_token");
        assert_eq!(refused.header("www-authenticate"), "Bearer");
    }
    let log = stage.log();
    let told: Vec<_> = log
        .iter()
        .map(|line| (&*line.actor, &*line.action, &*line.reason))
        .collect();
    assert_eq!(
        told,
        [("nobody", "refuse", "sign_in: GET /v1/console/me"); 3]
    );
}

#[tokio::test]
async fn who_was_removed_is_refused_from_the_next_request_on() {
    let stage = DeskStage::new().await;
    let token = stage.person(Role::Moderator);
    assert_eq!(stage.get(&token, "me").await.status, 200);
    stage.remove(Role::Moderator);
    stage
        .get(&token, "me")
        .await
        .is_problem(401, "unknown_token");
}

#[tokio::test]
async fn a_flood_of_rubbish_is_slowed_and_fills_no_log_while_others_go_on() {
    let stage = DeskStage::new().await;
    let token = stage.person(Role::Moderator);
    assert_eq!(stage.get(&token, "me").await.status, 200);
    let mut slowed = 0;
    for number in 0..60 {
        let answer = stage.get(&format!("rubbish {number}"), "bans").await;
        if answer.status == 429 {
            answer.is_problem(429, "too_many_attempts");
            assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
            slowed += 1;
        }
    }
    assert!(slowed >= 45, "{slowed} were slowed");
    assert!(stage.log().len() <= 15, "{} lines", stage.log().len());
    // Her own browser, from the same address.
    assert_eq!(stage.get(&token, "me").await.status, 200);
}

#[tokio::test]
async fn requests_without_a_token_fill_no_log_either() {
    let stage = DeskStage::new().await;
    for _ in 0..60 {
        stage
            .get("", "trail")
            .await
            .is_problem(401, "unknown_token");
    }
    assert!(stage.log().len() <= 20, "{} lines", stage.log().len());
}

#[tokio::test]
async fn where_nobody_looks_at_pictures_there_is_no_desk() {
    let address = serve(None).await;
    let answer = ask(address, "GET", "me", "vvm_0", None).await;
    answer.is_problem(404, "no_desk");
}
