//! The HTTP API as OpenAPI 3.1, out of the tables that the router is made of: what is not in a table has
//! no route, and what is in one is described.
//!
//! Each handler says by its attribute what it takes and answers, and by `x-problems` with which codes it
//! refuses; who may ask for it says the table that puts the guard before it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware::map_response;
use axum::response::IntoResponse;
use serde_json::{Value, json};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{AllOfBuilder, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, Header, ObjectBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder,
};
use utoipa::{Modify, OpenApi as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem_json::{PROBLEM_JSON, ProblemJson, tell_all_alike};
use super::{age_checks, backend, console, health, ice_servers, opinions, signal, webhooks};

/// An access token, by the name that the description has for it.
pub(super) const ACCESS_TOKEN: &str = "access_token";

/// A moderator's token.
pub(super) const MODERATOR_TOKEN: &str = "moderator_token";

/// Where a handler names the codes with which it refuses.
const CODES: &str = "x-problems";

/// A problem that may be answered: its status, its code, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Possible(
    pub(super) u16,
    pub(super) &'static str,
    pub(super) &'static str,
);

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "visavis",
        description = include_str!("description.md"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/", description = "the server that this description comes from")),
    tags(
        (name = "Legs", description = "A visitor's WebRTC connection, opened by one `POST` after the manner of \
            WHIP (RFC 9725). It lives across matches."),
        (name = "Matches", description = "Who faces whom, as your own matchmaker decides. A match is a table \
            write: no connection is made anew."),
        (name = "Moderation", description = "What your visitors complain about, and what a moderation of your own \
            sees and decides, beside what the server does by itself."),
        (name = "Events", description = "What happens to your legs, as a stream or posted to URLs of yours."),
        (name = "Visitors", description = "What the shipped page uses: the WebSocket by which a visitor comes \
            in and is matched by the server."),
        (name = "Console", description = "What the moderators' page does. A program of yours may do the same, with \
            the token of a person."),
        (name = "Appeals", description = "What a visitor may do about a case of theirs, with its code."),
        (name = "Health", description = "What an operator's machinery asks. Keep it from strangers, as you \
            would any such page."),
        (name = "Description", description = "This description."),
    ),
    components(schemas(ProblemJson)),
    modifiers(&Tokens),
)]
struct Api;

/// What a request shows to be let in.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, api: &mut OpenApi) {
        let mut access = Http::new(HttpAuthScheme::Bearer);
        access.bearer_format = Some("JWT".to_owned());
        access.description = Some(
            "An access token: a JWT that your backend signs with a key of `access.keys`. The scopes of \
             an operation are the grants that the token must have. `visavis token mint --grant \
             publish,backend` makes one."
                .to_owned(),
        );
        let mut moderator = Http::new(HttpAuthScheme::Bearer);
        moderator.description = Some(
            "The token of a person at the desk, shown once by `visavis moderator add NAME --role ROLE`. \
             The scopes of an operation are the roles that may ask for it."
                .to_owned(),
        );
        let components = api.components.get_or_insert_default();
        for (name, scheme) in [(ACCESS_TOKEN, access), (MODERATOR_TOKEN, moderator)] {
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
    }
}

/// The whole description.
pub fn document() -> OpenApi {
    let mut api = Api::openapi();
    for group in [
        backend::described(),
        signal::described(),
        ice_servers::described(),
        age_checks::described(),
        opinions::described(),
        console::described(),
        health::described(),
        described(),
    ] {
        api.merge(group);
    }
    api.webhooks = Some(webhooks::described());
    api
}

/// The whole description, as it is served and printed.
pub fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        // Strings and numbers in maps: there is nothing in it that JSON cannot say.
        document().to_pretty_json().unwrap_or_default() + "\n"
    });
    &TEXT
}

/// The route `/v1/openapi.json`.
pub(super) fn routes() -> Router {
    let (router, _) = table().split_for_parts();
    router.layer(map_response(tell_all_alike))
}

fn described() -> OpenApi {
    table().into_openapi()
}

fn table() -> OpenApiRouter {
    OpenApiRouter::default().routes(routes!(openapi))
}

/// This description
///
/// As OpenAPI 3.1. `visavis openapi` prints the same, and `/docs` shows it.
#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    tag = "Description",
    operation_id = "getDescription",
    responses((status = 200, description = "the description", body = Value, content_type = "application/json")),
)]
async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], text())
}

/// Everything in a group asks for a token with one of these grants or roles.
pub(super) fn secure(api: &mut OpenApi, token: &str, scopes: &[&str]) {
    for operation in operations(api) {
        let requirement = SecurityRequirement::new(token, scopes.iter().copied());
        operation.security = Some(vec![requirement]);
    }
}

/// The same, where the configuration may let in who has no token.
pub(super) fn secure_or_open(api: &mut OpenApi, token: &str, scopes: &[&str]) {
    for operation in operations(api) {
        let requirement = SecurityRequirement::new(token, scopes.iter().copied());
        operation.security = Some(vec![requirement, SecurityRequirement::default()]);
    }
}

/// Writes down for each operation the codes that its handler names, and those that all have.
///
/// # Panics
/// A handler names a code that is in no table: whoever reads the description would be told less.
pub(super) fn refuse(api: &mut OpenApi, table: &[Possible], all: &[&str]) {
    for operation in operations(api) {
        let extensions = operation.extensions.take().unwrap_or_default();
        let named = extensions.get(CODES).and_then(Value::as_array);
        let named = named.into_iter().flatten().filter_map(Value::as_str);
        let mut by_status: BTreeMap<u16, Vec<Possible>> = BTreeMap::new();
        for code in all.iter().copied().chain(named) {
            let found = table.iter().find(|possible| possible.1 == code);
            let Some(possible) = found else {
                panic!("{code} is in no table of problems");
            };
            by_status.entry(possible.0).or_default().push(*possible);
        }
        for (status, possible) in by_status {
            let response = response(status, &possible);
            let responses = &mut operation.responses.responses;
            responses.insert(status.to_string(), RefOr::T(response));
        }
    }
}

/// One status with the codes that it may have here.
fn response(status: u16, possible: &[Possible]) -> Response {
    let title = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default();
    let lines: Vec<_> = possible
        .iter()
        .map(|Possible(_, code, when)| format!("`{code}`: {when}"))
        .collect();
    let codes = possible.iter().map(|Possible(_, code, _)| *code);
    let numbers = ObjectBuilder::new().schema_type(Type::Integer);
    let words = ObjectBuilder::new().schema_type(Type::String);
    let narrower = ObjectBuilder::new()
        .property("status", numbers.enum_values(Some([status])))
        .property("code", words.enum_values(Some(codes)));
    let schema = AllOfBuilder::new()
        .item(Ref::from_schema_name("Problem"))
        .item(narrower);
    let examples = possible.iter().map(|Possible(_, code, when)| {
        let problem = json!({
            "type": "about:blank", "title": title, "status": status, "code": code, "detail": when,
        });
        (*code, ExampleBuilder::new().value(Some(problem)).build())
    });
    let content = ContentBuilder::new()
        .schema(Some(schema))
        .examples_from_iter(examples);
    let mut response = ResponseBuilder::new()
        .description(lines.join("\n\n"))
        .content(PROBLEM_JSON, content.build());
    if let Some((name, header)) = header_of(status) {
        response = response.header(name, header);
    }
    response.build()
}

/// What a refusal with a status has beside its body.
fn header_of(status: u16) -> Option<(&'static str, Header)> {
    let header = |name, about, schema: ObjectBuilder| {
        let header = HeaderBuilder::new()
            .description(Some(about))
            .schema(Some(schema));
        Some((name, header.build()))
    };
    match status {
        401 => header(
            "WWW-Authenticate",
            "Which kind of token is asked for (RFC 6750)",
            ObjectBuilder::new()
                .schema_type(Type::String)
                .enum_values(Some(["Bearer"])),
        ),
        429 | 503 => header(
            "Retry-After",
            "After how many seconds to ask again, where that is known",
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(1)),
        ),
        _ => None,
    }
}

/// Every operation of a description.
fn operations(api: &mut OpenApi) -> impl Iterator<Item = &mut Operation> {
    api.paths.paths.values_mut().flat_map(|path| {
        let PathItem {
            get,
            put,
            post,
            delete,
            patch,
            ..
        } = path;
        [get, put, post, delete, patch].into_iter().flatten()
    })
}
