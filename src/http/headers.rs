//! The headers of every answer: what a page of ours may do in a browser, and nothing else.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// Only our own files run, connect and play; nobody may frame the page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; connect-src 'self'; \
    img-src 'self' data:; media-src 'self' blob: mediastream:; object-src 'none'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The console shows pictures that it has fetched with a token, and nothing else that the other pages
/// may: no camera, no sound.
const CONSOLE_SECURITY_POLICY: &str = "default-src 'self'; connect-src 'self'; \
    img-src 'self' data: blob:; media-src 'none'; object-src 'none'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const CONSOLE_PERMISSIONS_POLICY: &str = "camera=(), microphone=(), display-capture=(), \
    geolocation=(), payment=(), usb=()";

/// The page itself may ask for camera and microphone; what it does not use, nothing in it gets.
const PERMISSIONS_POLICY: &str = "camera=(self), microphone=(self), display-capture=(), \
    geolocation=(), payment=(), usb=()";

const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (PERMISSIONS, PERMISSIONS_POLICY),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Adds them.
pub(super) async fn secure(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_console = path == "/console" || path.starts_with("/console/");
    let mut response = next.run(request).await;
    let mut add = |name, value| {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    };
    for (name, value) in HEADERS {
        add(name, value);
    }
    if is_console {
        add(header::CONTENT_SECURITY_POLICY, CONSOLE_SECURITY_POLICY);
        add(PERMISSIONS, CONSOLE_PERMISSIONS_POLICY);
    }
    response
}
