//! The demo page, the client module and the moderators' console, the API's description: the files of `web/`, embedded when the program is compiled.

use axum::body::Body;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

/// The files of `web/` but what only its development needs.
#[derive(RustEmbed)]
#[folder = "web/"]
#[exclude = "node_modules/*"]
#[exclude = "test/*"]
#[exclude = "package*.json"]
#[exclude = "tsconfig*.json"]
#[exclude = "*.d.ts"]
#[exclude = "*.md"]
#[exclude = ".*"]
struct Files;

/// Answers every path that no other route has. A path that is not a file's name is not found:
/// there is no directory to escape from.
pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let name = uri.path().trim_start_matches('/');
    let name = match name {
        "" => "index.html",
        "console" | "console/" => "console/index.html",
        "appeal" | "appeal/" => "appeal/index.html",
        "docs" | "docs/" => "docs/index.html",
        name => name,
    };
    let Some(file) = Files::get(name) else {
        return (StatusCode::NOT_FOUND, "no such page\n").into_response();
    };
    if method != Method::GET && method != Method::HEAD {
        let allow = [(header::ALLOW, "GET, HEAD")];
        return (StatusCode::METHOD_NOT_ALLOWED, allow, "only to be read\n").into_response();
    }
    answer(name, file, &headers)
}

fn answer(name: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = tag(&file);
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let known = known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    // A browser asks each time whether its copy is still right: page and module must be of one
    // version.
    let kept = [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    (
        kept,
        [(header::CONTENT_TYPE, content_type(name))],
        Body::from(file.data),
    )
        .into_response()
}

/// Names a file's content, so that a browser need not fetch again what has not changed.
fn tag(file: &EmbeddedFile) -> String {
    let digest = file.metadata.sha256_hash();
    let short: String = digest
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{short}\"")
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_visitor_needs_is_embedded() {
        let names: Vec<_> = Files::iter().collect();
        assert!(
            names.iter().any(|name| name == "client/visavis.js"),
            "{names:?}"
        );
        for name in names {
            assert_ne!(content_type(&name), "application/octet-stream", "{name}");
            let left_out = ["node_modules/", "test/", "package", "tsconfig", "."];
            assert!(
                !left_out.iter().any(|start| name.starts_with(start)),
                "{name}"
            );
        }
    }
}
