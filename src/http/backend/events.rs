//! `GET /v1/events`: the [`News`] as a stream that a browser or any HTTP client reads (server-sent
//! events; HTML, 9.2).

use std::collections::VecDeque;
use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::watch;

use super::news::{Caught, News, Numbered};
use super::{Backend, examples};

/// One reader, somewhere in the stream.
struct Reader {
    news: News,
    newest: watch::Receiver<u64>,
    /// The number of what was read last.
    last: u64,
    unread: VecDeque<Numbered>,
}

/// Hear what happens
///
/// Server-sent events about your legs, from now on, or from the number of `Last-Event-ID` on. The `event`
/// field names what happened, `data` is an `Event` as JSON, and `id` is its number. If that number is too
/// long ago, or of an earlier run of the server, there is one event `gap` with the number to go on from:
/// then ask for the state of your legs. Comments come now and then to keep the line open.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "Events",
    operation_id = "streamEvents",
    params(("Last-Event-ID" = Option<u64>, Header, description = "The number of the last event that you know")),
    responses((
        status = 200,
        description = "A stream that does not end; each `data` is an `Event`.",
        body = String,
        content_type = "text/event-stream",
        example = json!(examples::STREAM),
    )),
)]
pub(super) async fn stream(
    State(backend): State<Backend>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let newest = backend.news.newest();
    let last = headers
        .get("last-event-id")
        .and_then(|last| last.to_str().ok()?.parse().ok());
    let now = *newest.borrow();
    let reader = Reader {
        last: last.unwrap_or(now),
        news: backend.news,
        newest,
        unread: VecDeque::new(),
    };
    Sse::new(unfold(reader, Reader::next)).keep_alive(KeepAlive::default())
}

impl Reader {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if let Some((number, happened)) = self.unread.pop_front() {
                self.last = number;
                let event = Event::default().id(number.to_string());
                // A plain struct: there is nothing in it that JSON cannot say.
                let event = event.event(happened.word()).json_data(happened).ok()?;
                return Some((Ok(event), self));
            }
            self.newest.mark_unchanged();
            match self.news.since(self.last) {
                Caught::Gap(newest) => {
                    self.last = newest;
                    let event = Event::default().id(newest.to_string());
                    return Some((Ok(event.event("gap").data("{}")), self));
                }
                Caught::All(missed) if !missed.is_empty() => self.unread = missed.into(),
                Caught::All(_) => self.newest.changed().await.ok()?,
            }
        }
    }
}
