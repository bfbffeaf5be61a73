//! [`Origins`]: whose pages may speak with the server. A browser names the page's origin; programs
//! that are no browsers name none, and are let in or not by their token alone.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem_json::Problem;
use crate::config::PageOrigin;

/// Whose pages may speak with the server, besides its own; cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Origins(Arc<[PageOrigin]>);

/// What another page may be told for how long, in seconds: Chromium keeps it for two hours at most.
const PREFLIGHT_LIFE: HeaderValue = HeaderValue::from_static("7200");

impl Origins {
    pub(super) fn new(listed: &[PageOrigin]) -> Self {
        Self(listed.into())
    }

    /// Whether a request may open a WebSocket, which browsers allow to any page.
    pub(super) fn admit(&self, headers: &HeaderMap) -> bool {
        match origin_of(headers) {
            None => true,
            Some(origin) => self.lists(origin) || is_own(origin, headers),
        }
    }

    fn lists(&self, origin: &HeaderValue) -> bool {
        let same = |listed: &PageOrigin| listed.as_str().as_bytes() == origin.as_bytes();
        self.0.iter().any(|listed| listed.is_any() || same(listed))
    }
}

/// Refuses a WebSocket to the page of a stranger.
pub(super) fn refused() -> Response {
    let detail = "this page may not use the server (access.origins)";
    Problem::new(StatusCode::FORBIDDEN, "origin", detail).into_response()
}

/// Tells a browser that the page of a listed origin may read the answer (CORS). It is never told
/// to bring cookies along: there are none.
pub(super) async fn share(
    State(origins): State<Origins>,
    request: Request,
    next: Next,
) -> Response {
    let origin = origin_of(request.headers()).filter(|origin| origins.lists(origin));
    let Some(origin) = origin.cloned() else {
        let mut response = next.run(request).await;
        if !origins.0.is_empty() {
            vary(&mut response);
        }
        return response;
    };
    let asks_first = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if asks_first {
        preflight()
    } else {
        next.run(request).await
    };
    response.headers_mut().insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("location, etag, link, retry-after"),
    );
    response
        .headers_mut()
        .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    vary(&mut response);
    response
}

/// No cache may give the answer for one page to another.
fn vary(response: &mut Response) {
    let origin = HeaderValue::from_static("origin");
    response.headers_mut().append(header::VARY, origin);
}

fn preflight() -> Response {
    const ALLOWED: [(HeaderName, HeaderValue); 3] = [
        (
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, HEAD, POST, PATCH, DELETE"),
        ),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("authorization, content-type, if-match"),
        ),
        (header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_LIFE),
    ];
    (StatusCode::NO_CONTENT, ALLOWED).into_response()
}

fn origin_of(headers: &HeaderMap) -> Option<&HeaderValue> {
    headers.get(header::ORIGIN)
}

/// Whether the page came from the host that the request goes to.
fn is_own(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let origin = origin.to_str().unwrap_or_default();
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let from = origin.split_once("://").map(|(_, host)| host);
    match (from, host) {
        (Some(from), Some(host)) => from.eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(origin: Option<&'static str>, host: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        headers
    }

    #[test]
    fn the_own_page_and_the_listed_ones_may_open_a_websocket() {
        let listed = Origins::new(&["https://chat.example.org".parse().unwrap()]);
        for (origin, host) in [
            (None, "relay.example.org"),
            (Some("http://localhost:8080"), "localhost:8080"),
            (Some("https://Relay.example.org"), "relay.example.org"),
            (Some("https://chat.example.org"), "relay.example.org"),
        ] {
            assert!(listed.admit(&headers(origin, host)), "{origin:?}");
        }
        for stranger in [
            "null",
            "",
            "https://evil.example",
            "https://chat.example.org.evil.example",
            "https://chat.example.org:8443",
            "http://chat.example.org",
            "https://relay.example.org:444",
            "relay.example.org",
        ] {
            let headers = headers(Some(stranger), "relay.example.org");
            assert!(!listed.admit(&headers), "{stranger}");
        }
    }

    #[test]
    fn a_star_lets_every_page_in() {
        let any = Origins::new(&["*".parse().unwrap()]);
        assert!(any.admit(&headers(Some("https://evil.example"), "relay.example.org")));
    }
}
