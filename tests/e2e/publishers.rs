//! Legs that only send or only receive, as WHIP and WHEP clients open them.

use webrtc::rtp_transceiver::rtp_transceiver_direction::RTCRtpTransceiverDirection as Direction;

use crate::leg_client::{Kit, LegClient, PATIENCE};
use crate::operator::{Asker, Leg, Operator, SDP, code};

async fn open(asker: &Asker<'_>, name: &str, direction: Direction) -> Leg {
    let kit = Kit {
        direction,
        ..Kit::default()
    };
    asker.open_with(name, &kit).await
}

/// What a player is answered that may not come.
async fn refused(asker: &Asker<'_>) -> (u16, String) {
    let kit = Kit {
        direction: Direction::Recvonly,
        ..Kit::default()
    };
    let client = LegClient::new("nobody", &kit).await;
    let answer = asker.send("POST", "/v1/legs", SDP, &client.offer().await);
    code(&answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_and_a_player_are_two_legs_of_one_session() {
    let operator = Operator::new();
    let backend = operator.backend();
    let ada = operator.with(&operator.token_for("ada"));
    let publisher = open(&ada, "ada", Direction::Sendonly).await;
    let mut bob = backend.open("bob").await;
    let too_early = backend.pair("it", [&publisher, &bob]);
    assert_eq!(code(&too_early), (409, "not_connected".to_owned()));

    let mut player = open(&ada, "nobody", Direction::Recvonly).await;
    assert_eq!(backend.pair("it", [&publisher, &bob]).status, 201);
    player.sees("bob").await;
    bob.sees("ada").await;
    let state = backend.state(&player);
    assert_eq!(state["direction"], "recvonly");
    assert_eq!(state["other"], "connected");
    assert_eq!(state["matched"], true);
    assert_eq!(backend.state(&bob)["other"], serde_json::Value::Null);

    // By the name of either leg; and who sees nobody any more is seen by nobody.
    assert_eq!(backend.pair("it", [&bob, &player]).status, 200);
    assert_eq!(ada.ask("DELETE", &player.location).status, 200);
    backend.until(&bob, |state| state["matched"] == false).await;
    let alone = backend.pair("it", [&publisher, &bob]);
    assert_eq!(code(&alone), (409, "not_connected".to_owned()));

    let mut another = open(&ada, "nobody", Direction::Recvonly).await;
    assert_eq!(backend.pair("it", [&publisher, &bob]).status, 201);
    another.sees("bob").await;
    // The player goes with its publisher.
    assert_eq!(ada.ask("DELETE", &publisher.location).status, 200);
    backend.until(&bob, |state| state["matched"] == false).await;
    assert_eq!(
        ada.ask("GET", &format!("{}/state", another.location))
            .status,
        404
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_receives_without_sending() {
    let operator = Operator::new();
    let backend = operator.backend();
    let ada = operator.with(&operator.token_for("ada"));
    let eve = operator.with(&operator.token_for("eve"));
    let no_publisher = (409, "no_publisher".to_owned());
    assert_eq!(refused(&ada).await, no_publisher, "before hers");
    let _both = open(&ada, "ada", Direction::Sendrecv).await;
    assert_eq!(refused(&ada).await, no_publisher, "that leg does both");
    let _publisher = open(&ada, "ada", Direction::Sendonly).await;
    assert_eq!(refused(&eve).await, no_publisher, "for somebody else");
    assert_eq!(refused(&backend).await, no_publisher, "for nobody by name");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_player_that_comes_again_takes_the_place_of_the_one_before() {
    let operator = Operator::new();
    let backend = operator.backend();
    let ada = operator.with(&operator.token_for("ada"));
    let publisher = open(&ada, "ada", Direction::Sendonly).await;
    let bob = backend.open("bob").await;
    let first = open(&ada, "nobody", Direction::Recvonly).await;
    let mut second = open(&ada, "nobody", Direction::Recvonly).await;
    let gone = ada.ask("GET", &format!("{}/state", first.location));
    assert_eq!(gone.status, 404);
    assert_eq!(backend.pair("it", [&publisher, &bob]).status, 201);
    second.sees("bob").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_is_told_how_well_a_match_goes() {
    let operator = Operator::new();
    let backend = operator.backend();
    let ada = operator.with(&operator.token_for("ada"));
    let publisher = open(&ada, "ada", Direction::Sendonly).await;
    let player = open(&ada, "nobody", Direction::Recvonly).await;
    let mut bob = backend.open("bob").await;
    let statistics = |leg: &Leg| -> serde_json::Value {
        let answer = backend.ask("GET", &format!("{}/statistics", leg.location));
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    };
    let nothing = serde_json::json!({ "sends": null, "receives": null });
    assert_eq!(statistics(&bob), nothing);
    assert_eq!(backend.pair("it", [&publisher, &bob]).status, 201);
    bob.sees("ada").await;
    let measured = async {
        while statistics(&player)["receives"].is_null() || statistics(&bob)["receives"].is_null() {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, measured).await.unwrap();
    let (of_bob, of_player) = (statistics(&bob), statistics(&player));
    assert!(of_bob["receives"]["pictures"].as_u64().unwrap() > 30);
    assert_eq!(of_bob["sends"]["up"]["lost"], 0);
    assert_eq!(of_player["sends"], statistics(&publisher)["sends"]);
    assert!(of_player["receives"]["down"]["packets"].as_u64().unwrap() > 100);
    assert_eq!(backend.ask("DELETE", "/v1/matches/it").status, 204);
    assert_eq!(statistics(&bob), nothing);
}
