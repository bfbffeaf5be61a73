//! The log of a whole conversation over real legs holds nothing of either visitor.

use rustix::process::Signal;
use serde_json::json;

use crate::leg_client::Kit;
use crate::started::Started;
use crate::visitor::{Visitor, join_message, pair, sdp};

/// Joins, connects, and gives what nobody else may ever read: credentials and the token.
async fn join(server: &Started, name: &str) -> (Visitor, Vec<String>) {
    let mut visitor = Visitor::at_the_door(server, name, Kit::default()).await;
    let offer = visitor.leg.offer().await;
    visitor.socket.say(join_message(&offer)).await;
    let joined = visitor.socket.hear("joined").await;
    let answer = visitor.socket.hear("answer").await;
    visitor.leg.answer(sdp(&answer)).await;
    visitor.socket.hear("connection").await;
    let mut secrets = vec![joined["resume"].as_str().unwrap().to_owned()];
    for line in offer.lines().chain(sdp(&answer).lines()) {
        let named = ["a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:sha-256 "];
        secrets.extend(
            named
                .iter()
                .filter_map(|name| line.strip_prefix(name))
                .map(str::to_owned),
        );
    }
    (visitor, secrets)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_a_conversation_holds_nothing_of_either() {
    const TEXT: &str = "under the clock at noon";
    let server = Started::with(&[]);
    let (mut ada, mut secrets) = join(&server, "ada").await;
    let (mut bob, others) = join(&server, "bob").await;
    secrets.extend(others);
    assert!(
        secrets.len() >= 2 * (1 + 3 + 3),
        "too few to look for: {secrets:?}"
    );
    secrets.push(TEXT.to_owned());

    pair(&mut ada, &mut bob).await;
    ada.see("bob").await;
    bob.see("ada").await;
    ada.socket
        .say(json!({ "type": "chat", "text": TEXT }))
        .await;
    assert_eq!(bob.socket.hear("chat").await["text"], TEXT);
    ada.socket.say(json!({ "type": "leave" })).await;
    bob.socket.hear("left").await;
    bob.socket.say(json!({ "type": "leave" })).await;
    bob.socket.hear("bye").await;
    server.signal(Signal::TERM);

    // Looks for addresses by itself.
    let (_, log) = server.ended();
    for secret in &secrets {
        assert!(
            !log.contains(secret.as_str()),
            "{secret} is in the log:\n{log}"
        );
    }
    assert!(
        log.contains("match began") && log.contains("match ended"),
        "{log}"
    );
}
