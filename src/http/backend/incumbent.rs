//! [`Incumbent`]: the server whose place this one took. Legs that came to it stay with it until their matches
//! end, and what is asked about them here is asked there.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::StreamExt as _;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::warn;

use super::handover::{EVENTS, Line};
use super::news::News;
use crate::http::problem_json::Problem;
use crate::limits;

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A name for a URL of it: nobody looks it up.
const NAME: &str = "http://incumbent";

/// What of a request it needs to see.
const HEADERS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    HeaderName::from_static("traceparent"),
];

/// The server before, if there is one; cheap to clone.
#[derive(Clone)]
pub(super) struct Incumbent {
    line: Arc<OnceLock<SendRequest<Full<Bytes>>>>,
    is_there: watch::Sender<bool>,
}

impl Default for Incumbent {
    fn default() -> Self {
        Self {
            line: Arc::default(),
            is_there: watch::Sender::new(false),
        }
    }
}

impl Incumbent {
    /// Can be reached over a stream from now on, and what happens there is news here until it is gone.
    ///
    /// # Errors
    /// It does not answer.
    pub(super) async fn follow(&self, stream: UnixStream, news: News) -> hyper::Result<()> {
        let io = TokioIo::new(stream);
        let (line, connection) = http2::handshake(TokioExecutor::new(), io).await?;
        let is_there = self.is_there.clone();
        is_there.send_replace(true);
        tokio::spawn(async move {
            // It ends when the other server does.
            let _ = connection.await;
            is_there.send_replace(false);
        });
        let line = self.line.get_or_init(|| line);
        let asked = line.clone().send_request(to(Method::GET, EVENTS)?);
        tokio::spawn(tell(asked.await?.into_body(), news));
        Ok(())
    }

    /// Waits until nothing is left with it.
    pub(super) async fn gone(&self) {
        // This one holds a sender.
        let _ = self.is_there.subscribe().wait_for(|is| !is).await;
    }

    fn is_there(&self) -> bool {
        *self.is_there.borrow()
    }

    /// Its answer to a request; none, if it has nothing of that name, or is gone.
    async fn answer(&self, request: hyper::Request<Full<Bytes>>) -> Option<Response> {
        let mut line = self.line.get()?.clone();
        let asked = timeout(PATIENCE, line.send_request(request)).await;
        let (head, body) = asked.ok()?.ok()?.into_parts();
        let mut response = Response::new(Body::new(body));
        (*response.status_mut(), *response.headers_mut()) = (head.status, head.headers);
        (response.status() != StatusCode::NOT_FOUND).then_some(response)
    }
}

/// Asks there for what is not here. A match that is made here under a name that one has there ends that.
pub(super) async fn look_there_too(
    State(incumbent): State<Incumbent>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if !incumbent.is_there() {
        return Ok(next.run(request).await);
    }
    let (head, body) = request.into_parts();
    let body = to_bytes(body, limits::SIGNAL_MESSAGE_BYTES).await;
    let body = body.map_err(|_| {
        let detail = "the body is too long";
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_long", detail)
    })?;
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let there = |method| {
        let mut there = to(method, path).ok()?;
        *there.body_mut() = Full::new(body.clone());
        for name in &HEADERS {
            if let Some(value) = head.headers.get(name) {
                there.headers_mut().insert(name, value.clone());
            }
        }
        Some(there)
    };
    let of_match = head.extensions.get::<MatchedPath>();
    let of_match = of_match.is_some_and(|path| path.as_str() == "/v1/matches/{match}");
    let takes_name = of_match && head.method == Method::PUT;
    let (asked, ending) = (there(head.method.clone()), there(Method::DELETE));
    let here = next.run(Request::from_parts(head, body.into())).await;
    if here.status() == StatusCode::NOT_FOUND
        && let Some(asked) = asked
    {
        return Ok(incumbent.answer(asked).await.unwrap_or(here));
    }
    if takes_name
        && here.status() == StatusCode::CREATED
        && let Some(ending) = ending
    {
        incumbent.answer(ending).await;
    }
    Ok(here)
}

fn to(method: Method, path: &str) -> hyper::Result<hyper::Request<Full<Bytes>>> {
    let mut request = hyper::Request::new(Full::default());
    *request.method_mut() = method;
    *request.uri_mut() = format!("{NAME}{path}").parse().unwrap_or_default();
    Ok(request)
}

/// Tells what happens there, as lines that come until nothing does any more.
async fn tell(body: hyper::body::Incoming, news: News) {
    let mut chunks = Body::new(body).into_data_stream();
    let mut unread = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let Ok(chunk) = chunk else {
            // It has died, and what happened to its legs nobody tells.
            warn!("the server before is gone, and had legs");
            return news.skip();
        };
        unread.extend_from_slice(&chunk);
        while let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = unread.drain(..=end).collect();
            match serde_json::from_slice(&line) {
                Ok(Line::Event(told)) => news.pass_on(told),
                Ok(Line::Gap) => news.skip(),
                Err(_) => {
                    warn!("the server before tells what cannot be read");
                    news.skip();
                }
            }
        }
        if unread.len() > limits::SIGNAL_MESSAGE_BYTES {
            return;
        }
    }
}
