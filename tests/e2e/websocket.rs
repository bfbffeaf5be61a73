//! A visitor's WebSocket, message by message, as docs/signaling.md has them.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::leg_client::PATIENCE;

/// One WebSocket to the server.
pub(crate) struct WebSocket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What the server says when it is so, or when the partner does it, and not in answer to anything.
const ANY_TIME: [&str; 4] = ["waiting", "connection", "picture", "typing"];

impl WebSocket {
    pub(crate) async fn open(http: SocketAddr) -> Self {
        let (stream, _) = connect_async(format!("ws://{http}/v1/signal"))
            .await
            .expect("the server takes a WebSocket");
        Self(stream)
    }

    /// Sends a message.
    pub(crate) async fn say(&mut self, message: Value) {
        self.send_text(&message.to_string()).await;
    }

    /// Sends a message that has nothing but a type.
    pub(crate) async fn say_only(&mut self, kind: &str) {
        self.say(json!({ "type": kind })).await;
    }

    /// Sends text as it is.
    pub(crate) async fn send_text(&mut self, text: &str) {
        self.0
            .send(Message::text(text))
            .await
            .expect("the server reads on");
    }

    /// The next message of a type. What may come at [`ANY_TIME`] is passed over; anything else in
    /// between is a fault.
    pub(crate) async fn hear(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await.unwrap_or_else(|close| {
                panic!("the server closed with {close} instead of saying {kind}")
            });
            let said = message["type"].as_str().unwrap_or_default().to_owned();
            if said == kind {
                return message;
            }
            let any_time = ["waiting", "connection", "picture", "typing"];
            assert!(
                any_time.contains(&said.as_str()),
                "the server says {said} instead of {kind}"
            );
        }
    }

    /// The next message of either type.
    pub(crate) async fn hear_either(&mut self, kinds: [&str; 2]) -> Value {
        loop {
            let message = self.next().await.expect("the server keeps the WebSocket");
            let said = message["type"].as_str().unwrap_or_default().to_owned();
            if kinds.contains(&said.as_str()) {
                return message;
            }
            assert!(ANY_TIME.contains(&said.as_str()), "the server says {said}");
        }
    }

    /// The next two messages of these types, in any order.
    pub(crate) async fn hear_both(&mut self, kinds: [&str; 2]) -> [Value; 2] {
        [self.hear_either(kinds).await, self.hear_either(kinds).await]
    }

    /// The code of the error that comes next.
    pub(crate) async fn hear_error(&mut self) -> String {
        let error = self.hear("error").await;
        let sentence = error["message"].as_str().expect("an error is a sentence");
        assert!(!sentence.is_empty());
        error["code"]
            .as_str()
            .expect("an error has a code")
            .to_owned()
    }

    /// The code with which the server closes.
    pub(crate) async fn hear_close(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }

    /// The next message, or the code with which the server closed.
    async fn next(&mut self) -> Result<Value, u16> {
        loop {
            let message = timeout(PATIENCE, self.0.next())
                .await
                .expect("the server says something in time");
            match message {
                Some(Ok(Message::Text(text))) => {
                    return Ok(serde_json::from_str(&text).expect("the server speaks JSON"));
                }
                Some(Ok(Message::Close(frame))) => {
                    return Err(frame.map_or(1005, |frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                // Without a closing handshake: RFC 6455, 7.4.1.
                Some(Err(_)) | None => return Err(1006),
            }
        }
    }
}
