//! [`Handover`]: a newer server takes the place of this one, or this one took an older one's. Legs and matches
//! that came over HTTP stay where they are; whoever has the place is asked about them, and passes it on.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::routing::get;
use futures_util::StreamExt as _;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use serde::{Deserialize, Serialize};
use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::events::{Read, Reader};
use super::incumbent::Incumbent;
use super::news::{News, Told};

/// How long the last of it may take to be told, and the newer server to ask what happens and to hear that.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where it asks for that. No network leads there.
pub(super) const EVENTS: &str = "/handover/events";

/// What it is told, one to a line.
#[derive(Serialize, Deserialize)]
pub(super) enum Line {
    /// Something happened.
    Event(Told),
    /// More than can be told.
    Gap,
}

/// What a server of the same user's needs that takes the place, or gave it; cheap to clone.
#[derive(Clone)]
pub struct Handover {
    news: News,
    incumbent: Incumbent,
    /// A backend's requests, and the events.
    router: Router,
    /// The newer server hears what happens.
    followed: Arc<Notify>,
}

impl Handover {
    pub(super) fn new(news: News, incumbent: Incumbent, backend: Router) -> Self {
        let followed = Arc::<Notify>::default();
        let state = (news.clone(), Arc::clone(&followed));
        let events = Router::new().route(EVENTS, get(events)).with_state(state);
        Self {
            news,
            incumbent,
            router: backend.merge(events),
            followed,
        }
    }

    /// The server before can be reached over a stream, and what happens there is told here.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn follow(&self, stream: UnixStream) -> io::Result<()> {
        let followed = self.incumbent.follow(stream, self.news.clone());
        timeout(PATIENCE, followed).await?.map_err(io::Error::other)
    }

    /// This server has the place, and the webhooks are its own to deliver.
    pub fn deliver(&self) {
        self.news.deliver();
    }

    /// Whoever hears events here hears the newer server from now on, and it tells the webhooks.
    pub async fn begin(&self) {
        self.news.hand_over().await;
    }

    /// Waits until what became of the last legs is told: whoever kept one may not have come to saying so.
    pub async fn all_is_told(&self) {
        let _ = timeout(PATIENCE, self.news.all_is_told()).await;
    }

    /// The newer server is gone.
    pub fn take_back(&self) {
        self.news.take_back();
    }

    /// Answers the newer server over a stream, until nobody is left here and it has heard of that.
    pub async fn serve(self, stream: UnixStream, nobody_is_left: impl Future<Output = ()>) {
        let service = TowerToHyperService::new(self.router);
        let builder = http2::Builder::new(TokioExecutor::new());
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let end = async {
            nobody_is_left.await;
            // It may not even have asked yet.
            if timeout(PATIENCE, self.followed.notified()).await.is_err() {
                self.news.take_back();
            }
        };
        tokio::select! {
            // It is gone itself.
            _ = &mut connection => return self.news.take_back(),
            () = end => {}
        }
        self.news.end();
        connection.as_mut().graceful_shutdown();
        let _ = timeout(PATIENCE, connection).await;
    }

    /// Waits until nothing is left with the server before.
    pub async fn incumbent_is_gone(&self) {
        self.incumbent.gone().await;
    }
}

/// What happens from the handover on.
async fn events(State((news, followed)): State<(News, Arc<Notify>)>) -> Body {
    let reader = Reader::new(news.clone(), news.follow(), news.last());
    followed.notify_one();
    let line = |read| {
        let line = match read {
            Read::Event(_, told) => Line::Event(told),
            Read::Gap(_) => Line::Gap,
        };
        let mut line = serde_json::to_string(&line)?;
        line.push('\n');
        io::Result::Ok(Bytes::from(line))
    };
    Body::from_stream(reader.read().map(line))
}
