//! The policy is read again when an admin asks, written down first, and a wrong one is told.

use serde_json::json;
use visavis::store::Role;

use crate::desk_stage::{Answer, DeskStage};

/// Asks for it, and answers in the place of the server.
async fn reload(answer: Result<&str, &str>) -> (DeskStage, Answer) {
    let mut stage = DeskStage::new().await;
    let token = stage.person(Role::Admin);
    let mut reloads = stage.take_reloads();
    let server = async {
        let asked = reloads.recv().await.unwrap();
        let written = stage.log().len();
        let answer = answer.map(str::to_owned).map_err(str::to_owned);
        asked.send(answer).unwrap();
        written
    };
    let ask = stage.post(&token, "policy/reload", json!({}));
    let (written, told) = tokio::join!(server, ask);
    assert_eq!(written, 1, "the line is there before anything is read");
    (stage, told)
}

#[tokio::test]
async fn an_admin_has_the_policy_read_again_and_hears_its_version() {
    let (stage, told) = reload(Ok("mine 2")).await;
    assert_eq!(told.status, 200, "{told:?}");
    assert_eq!(told.body["version"], "mine 2");
    let log = stage.log();
    assert_eq!(
        (&*log[0].actor, &*log[0].action),
        ("person A admin", "policy")
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_policy_is_told() {
    let (_stage, told) = reload(Err("line 4: ban needs ban_ms")).await;
    told.is_problem(409, "wrong_policy");
    assert!(told.body["detail"].as_str().unwrap().contains("line 4"));
}
