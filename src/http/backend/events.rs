//! `GET /v1/events`: the [`News`] as a stream that a browser or any HTTP client reads (server-sent
//! events; HTML, 9.2). [`Reader`] reads it for a newer server too.

use std::collections::VecDeque;
use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::unfold;
use futures_util::{Stream, StreamExt as _};
use tokio::sync::watch;

use super::news::{Caught, News, Numbered, Told};
use super::{Backend, examples};

/// One reader, somewhere in the stream.
pub(super) struct Reader {
    news: News,
    newest: watch::Receiver<u64>,
    /// Up to where there is something for this one, once that is known.
    until: watch::Receiver<Option<u64>>,
    /// The number of what was read last.
    last: u64,
    unread: VecDeque<Numbered>,
}

/// What a reader reads.
pub(super) enum Read {
    /// An event and its number.
    Event(u64, Told),
    /// Something is forgotten: the number to go on from.
    Gap(u64),
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
    let last = headers
        .get("last-event-id")
        .and_then(|last| last.to_str().ok()?.parse().ok());
    let until = backend.news.last_here();
    let reader = Reader::new(backend.news, last, until);
    let shown = |read| {
        Ok(match read {
            Read::Event(number, told) => Event::default()
                .id(number.to_string())
                .event(told.word)
                .data(told.data),
            Read::Gap(number) => Event::default()
                .id(number.to_string())
                .event("gap")
                .data("{}"),
        })
    };
    Sse::new(reader.read().map(shown)).keep_alive(KeepAlive::default())
}

impl Reader {
    /// One that goes on after the number `last`, or from now on.
    pub(super) fn new(news: News, last: Option<u64>, until: watch::Receiver<Option<u64>>) -> Self {
        let newest = news.newest();
        let now = *newest.borrow();
        Self {
            last: last.unwrap_or(now),
            news,
            newest,
            until,
            unread: VecDeque::new(),
        }
    }

    /// Everything, as it comes.
    pub(super) fn read(self) -> impl Stream<Item = Read> {
        unfold(self, Self::next)
    }

    async fn next(mut self) -> Option<(Read, Self)> {
        loop {
            if let Some((number, told)) = self.unread.pop_front() {
                self.last = number;
                return Some((Read::Event(number, told), self));
            }
            let until = *self.until.borrow_and_update();
            if until.is_some_and(|until| self.last >= until) {
                return None;
            }
            self.newest.mark_unchanged();
            match self.news.since(self.last) {
                Caught::Gap(newest) => {
                    self.last = newest;
                    return Some((Read::Gap(newest), self));
                }
                Caught::All(missed) if !missed.is_empty() => self.unread = missed.into(),
                Caught::All(_) => tokio::select! {
                    changed = self.newest.changed() => changed.ok()?,
                    changed = self.until.changed() => changed.ok()?,
                },
            }
        }
    }
}
