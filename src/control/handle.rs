//! [`Handle`]: how the rest of the program reaches the control task.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch};

use super::line::{Line, SocketId};
use super::pulse::LookFigures;
use super::request::{Begun, Demand, Measured, Order, Request, Ruled, Unordered};
use crate::config;
use crate::id::MatchId;
use crate::limits;
use crate::lobby::{ByeReason, Openness, Unpaired};
use crate::media::Muted;
use crate::moderation::{DeviceKey, Policy};
use crate::store::Outside;

/// How the rest of the program reaches the control task. The task ends when all are dropped.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) online: Arc<AtomicUsize>,
    pub(super) next_socket: Arc<AtomicU64>,
    pub(super) config: Arc<config::Lobby>,
    pub(super) figures: Arc<Mutex<LookFigures>>,
    pub(super) openness: watch::Receiver<Openness>,
}

impl Handle {
    /// Connects a new WebSocket; none if the control task has ended.
    pub async fn connect(&self) -> Option<Line> {
        let socket = SocketId(self.next_socket.fetch_add(1, Ordering::Relaxed));
        let (outbox, inbox) = mpsc::channel(limits::SIGNAL_QUEUE);
        let (hold, held) = oneshot::channel();
        let connect = Request::Connect {
            socket,
            outbox,
            hold,
        };
        self.requests.send(connect).await.ok()?;
        Some(Line {
            socket,
            requests: self.requests.clone(),
            inbox,
            held,
        })
    }

    /// Whether somebody may come in by video, now and whenever that changes.
    pub fn openness(&self) -> watch::Receiver<Openness> {
        self.openness.clone()
    }

    /// How the looking goes, since the start.
    pub fn look_figures(&self) -> LookFigures {
        self.figures.lock().clone()
    }

    /// Brings the sessions on two lines together, whoever they faced before; `begun` hears of the match
    /// before they do, and must not wait. None if the control task has ended.
    pub async fn pair(
        &self,
        sockets: [SocketId; 2],
        begun: impl FnOnce(MatchId) + Send + 'static,
    ) -> Option<Result<MatchId, Unpaired>> {
        let (done, told) = oneshot::channel();
        let begun = Begun(Box::new(begun));
        let pair = Demand::Pair {
            sockets,
            begun,
            done,
        };
        self.demand(pair).await?;
        told.await.ok()
    }

    /// Ends the match that the session on a line is in. Answers whether there was one; none if the
    /// control task has ended.
    pub async fn unpair(&self, socket: SocketId) -> Option<bool> {
        let (done, told) = oneshot::channel();
        let unpair = Demand::Unpair { socket, done };
        self.demand(unpair).await?;
        told.await.ok()
    }

    /// Whether a match goes on; none if the control task has ended.
    pub async fn goes_on(&self, match_id: MatchId) -> Option<bool> {
        let (done, told) = oneshot::channel();
        let find = Demand::Find { match_id, done };
        self.demand(find).await?;
        told.await.ok()
    }

    /// How well the match goes that the leg on a line is in; none if the control task has ended.
    pub async fn measure(&self, socket: SocketId) -> Option<Measured> {
        let (done, told) = oneshot::channel();
        let measure = Demand::Measure { socket, done };
        self.demand(measure).await?;
        told.await.ok()
    }

    /// A service of the operator's decides about the session on a line: the decision is written down and
    /// then done. None if the control task has ended.
    pub async fn order(&self, socket: SocketId, order: Order) -> Option<Result<(), Unordered>> {
        let (done, told) = oneshot::channel();
        let order = Demand::Order {
            socket,
            order,
            done,
        };
        self.demand(order).await?;
        told.await.ok()
    }

    /// Mutes what the session on a line sends, or no longer. Answers whether it is there; none if the
    /// control task has ended.
    pub async fn mute(&self, socket: SocketId, muted: Muted) -> Option<bool> {
        let (done, told) = oneshot::channel();
        let mute = Demand::Mute {
            socket,
            muted,
            done,
        };
        self.demand(mute).await?;
        told.await.ok()
    }

    async fn demand(&self, demand: Demand) -> Option<()> {
        self.requests.send(Request::Backend(demand)).await.ok()
    }

    /// How many sessions there are.
    pub fn online(&self) -> usize {
        self.online.load(Ordering::Relaxed)
    }

    /// Whether the control task runs. Once it does not, only a new process helps.
    pub fn is_alive(&self) -> bool {
        !self.requests.is_closed()
    }

    /// What the lobby goes by.
    pub fn rules(&self) -> &config::Lobby {
        &self.config
    }

    /// Another policy is in force from now on, where pictures are looked at.
    pub async fn replace_policy(&self, policy: Policy) {
        // An error means that the task has ended, and with it everything there was to decide.
        let _ = self.requests.send(Request::Replace { policy }).await;
    }

    /// A device that was kept out may come in again: that is written down already.
    pub async fn readmit(&self, device: DeviceKey) {
        // As above.
        let _ = self.requests.send(Request::Readmit { device }).await;
    }

    /// Another process on the same store keeps a device out: that is written down already.
    pub async fn keep_out(&self, outside: Outside) {
        // As above.
        let _ = self.requests.send(Request::KeptOut { outside }).await;
    }

    /// What a person has decided is done; that is written down already.
    pub(super) async fn rule(&self, ruled: Ruled) {
        // As above.
        let _ = self.requests.send(Request::Rule(ruled)).await;
    }

    /// Admits no more, tells everybody, and returns when nobody is left or the time is over. `bye` is
    /// what those are told who go.
    pub async fn drain(&self, within: Duration, bye: ByeReason) {
        let (done, drained) = oneshot::channel();
        let drain = Request::Drain { within, bye, done };
        if self.requests.send(drain).await.is_ok() {
            // An error means that the task has ended, and with it everything there was to drain.
            let _ = drained.await;
        }
    }
}
