//! A visitor who only writes, over a WebSocket that waits: enough to give the server a life to log
//! and to end.

use std::net::TcpStream;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, WebSocket, client};

use crate::started::Started;

/// A visitor's WebSocket.
pub(crate) struct Talker {
    socket: WebSocket<TcpStream>,
    /// Everything that was heard, in order.
    pub(crate) heard: Vec<Value>,
}

impl Talker {
    /// Opens a WebSocket.
    pub(crate) fn connect(server: &Started) -> Self {
        let address = format!("ws://{}/v1/signal", server.http);
        let (socket, _) = client(address, server.connect()).unwrap();
        Self {
            socket,
            heard: Vec::new(),
        }
    }

    /// Joins by text.
    pub(crate) fn join(server: &Started) -> Self {
        let mut talker = Self::connect(server);
        talker.say(&json!({ "type": "join", "mode": "text", "adult": true }));
        talker.hear("joined");
        talker
    }

    /// Two who face each other.
    pub(crate) fn pair(server: &Started) -> [Self; 2] {
        let mut pair = [Self::join(server), Self::join(server)];
        for talker in &mut pair {
            talker.hear("matched");
        }
        pair
    }

    /// Sends one message.
    pub(crate) fn say(&mut self, message: &Value) {
        self.socket
            .send(Message::text(message.to_string()))
            .unwrap();
    }

    /// Reads until a message of this type comes, and gives it.
    pub(crate) fn hear(&mut self, kind: &str) -> Value {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    self.heard.push(message.clone());
                    if message["type"] == kind {
                        return message;
                    }
                }
                Ok(_) => {}
                Err(error) => panic!("no {kind} came, but {error}; heard {:?}", self.heard),
            }
        }
    }
}
