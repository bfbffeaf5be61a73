//! [`Line`]: one WebSocket's connection to the control task.

use tokio::sync::{mpsc, oneshot};

use super::request::{Marks, Message, Request};
use crate::lobby::{Ask, Wish};
use crate::moderation::Actor;
use crate::private::Private;

/// One WebSocket, from its opening to its close.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SocketId(pub u64);

/// A WebSocket's connection to the control task. [`Line::hang_up`] ends it.
#[derive(Debug)]
pub struct Line {
    pub(super) socket: SocketId,
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) inbox: mpsc::Receiver<Message>,
    pub(super) held: oneshot::Receiver<()>,
}

impl Line {
    /// Its name, by which [`super::Handle::pair`] knows it.
    pub const fn name(&self) -> SocketId {
        self.socket
    }

    /// The visitor wants to begin a stay.
    pub async fn join(&self, wish: Wish, marks: Marks) {
        let socket = self.socket;
        self.send(Request::Join {
            socket,
            wish,
            marks,
        })
        .await;
    }

    /// The leg of this line receives for the session on another, whose own leg only sends.
    pub async fn attend(&self, publisher: SocketId, offer: Private<String>) {
        let socket = self.socket;
        self.send(Request::Attend {
            socket,
            publisher,
            offer,
        })
        .await;
    }

    /// The leg of this line sees what the session on another sends, unnoticed.
    pub async fn look_on(&self, at: SocketId, offer: Private<String>, by: Actor) {
        let socket = self.socket;
        self.send(Request::LookOn {
            socket,
            at,
            offer,
            by,
        })
        .await;
    }

    /// The visitor goes on with a stay.
    pub async fn resume(&self, token: Private<String>, offer: Option<Private<String>>) {
        let socket = self.socket;
        self.send(Request::Resume {
            socket,
            token,
            offer,
        })
        .await;
    }

    /// The visitor asks for something.
    pub async fn ask(&self, ask: Ask) {
        let socket = self.socket;
        self.send(Request::Ask { socket, ask }).await;
    }

    /// What the visitor is told, and what ends when the WebSocket is given up as too slow: to be
    /// waited for at once.
    pub const fn ears(&mut self) -> (&mut mpsc::Receiver<Message>, &mut oneshot::Receiver<()>) {
        (&mut self.inbox, &mut self.held)
    }

    /// The WebSocket is gone.
    pub async fn hang_up(self) {
        let socket = self.socket;
        self.send(Request::Disconnect { socket }).await;
    }

    /// The control task ends before its lines only when the process does.
    async fn send(&self, request: Request) {
        let _ = self.requests.send(request).await;
    }
}
