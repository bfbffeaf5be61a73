//! `GET /v1/ice-servers`: the operator's STUN and TURN servers, for whom the media port alone is not enough.
//! Whoever opens a leg over HTTP has them as `Link` headers too (RFC 9725, 4.6).

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::{Json, Router, middleware};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::description::{ACCESS_TOKEN, Possible, refuse, secure_or_open};
use super::entrance::{Entrance, seconds};
use super::problem_json::{Problem, tell_all_alike};
use crate::access::{COMING_IN, Grant, TurnCredentials, TurnKey};
use crate::config::{self, IceUrl};
use crate::private::Private;

/// The servers, and what opens them; cheap to clone. By default there are none.
#[derive(Clone, Default)]
pub struct IceServers(Arc<Known>);

#[derive(Default)]
struct Known {
    urls: Vec<IceUrl>,
    turn: Option<TurnKey>,
    lifetime: Duration,
}

/// Why the secret that is shared with TURN servers cannot be used.
#[derive(thiserror::Error, Debug)]
pub enum TurnSecretError {
    /// Its file.
    #[error("{}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why it cannot be read.
        #[source]
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("{} is empty", .0.display())]
    Empty(PathBuf),
}

/// What a browser finds its way by.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "ice_servers": [
        { "urls": ["stun:stun.example.org"] },
        {
            "urls": ["turn:turn.example.org?transport=udp", "turns:turn.example.org:443?transport=tcp"],
            "username": "1795737600:ea67165c2516dc5d",
            "credential": "9qpQvhpH1kgqgqQm3CRTCxxKzLQ=",
        },
    ],
    "lifetime_s": 43_200,
}))]
#[schema(as = IceServers)]
pub(super) struct IceServersJson {
    /// For `new RTCPeerConnection({ iceServers })`; empty where the operator names none.
    ice_servers: Vec<IceServerJson>,
    /// For so many seconds they open. A connection that is made by then stays.
    lifetime_s: u64,
}

/// One entry, as a browser takes it (`RTCIceServer`).
#[derive(Serialize, ToSchema)]
#[schema(as = IceServer)]
struct IceServerJson {
    urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<String>,
}

impl IceServers {
    /// By the configuration.
    ///
    /// # Errors
    /// It names a secret that cannot be used.
    pub fn read(config: &config::Ice) -> Result<Self, TurnSecretError> {
        let path = &config.turn_secret;
        let turn = match path.as_os_str().is_empty() {
            true => None,
            false => {
                let text = fs::read_to_string(path).map_err(|source| TurnSecretError::File {
                    path: path.clone(),
                    source,
                })?;
                match text.trim() {
                    "" => return Err(TurnSecretError::Empty(path.clone())),
                    secret => Some(TurnKey::new(secret)),
                }
            }
        };
        Ok(Self(Arc::new(Known {
            urls: config.urls.clone(),
            turn,
            lifetime: Duration::from_millis(config.lifetime_ms),
        })))
    }

    /// What opens the TURN servers to somebody from now on.
    pub fn user(&self, who: &str, now_s: u64) -> Option<TurnCredentials> {
        let ends_s = now_s.saturating_add(self.0.lifetime.as_secs());
        let key = self.0.turn.as_ref()?;
        Some(key.user(who, ends_s))
    }

    fn of_kind(&self, is_turn: bool) -> impl Iterator<Item = &IceUrl> {
        let urls = self.0.urls.iter();
        urls.filter(move |url| url.is_turn() == is_turn)
    }

    fn json(&self, who: &str, now_s: u64) -> IceServersJson {
        let entry = |is_turn, user: Option<TurnCredentials>| {
            let urls = self.of_kind(is_turn).map(|url| url.as_str().to_owned());
            let urls: Vec<_> = urls.collect();
            let (username, credential) = user.map(|user| (user.username, user.credential)).unzip();
            (!urls.is_empty()).then(|| IceServerJson {
                urls,
                username: username.map(Private::into_inner),
                credential: credential.map(Private::into_inner),
            })
        };
        let entries = [entry(false, None), entry(true, self.user(who, now_s))];
        IceServersJson {
            ice_servers: entries.into_iter().flatten().collect(),
            lifetime_s: self.0.lifetime.as_secs(),
        }
    }

    /// The same as `Link` headers, one for each server.
    pub(super) fn links(&self, who: &str, now_s: u64) -> HeaderMap {
        let user = self.user(who, now_s);
        let user = user.map(|user| {
            let (username, credential) = (user.username.reveal(), user.credential.reveal());
            format!(
                "; username=\"{username}\"; credential=\"{credential}\"; credential-type=\"password\""
            )
        });
        let link = |url: &IceUrl| {
            let user = user
                .as_deref()
                .filter(|_| url.is_turn())
                .unwrap_or_default();
            let text = format!("<{}>; rel=\"ice-server\"{user}", url.as_str());
            let mut link = HeaderValue::try_from(text).ok()?;
            link.set_sensitive(true);
            Some((header::LINK, link))
        };
        self.0.urls.iter().filter_map(link).collect()
    }
}

/// The route `/v1/ice-servers`.
pub(super) fn routes(entrance: Entrance) -> Router {
    let (router, _) = table().split_for_parts();
    router
        .layer(middleware::map_response(tell_all_alike))
        .with_state(entrance)
}

/// The same, described. Where guests are let in no token is asked for.
pub(super) fn described() -> OpenApi {
    let mut api = table().into_openapi();
    secure_or_open(&mut api, ACCESS_TOKEN, &COMING_IN.map(Grant::word));
    refuse(
        &mut api,
        &PROBLEMS,
        &["unauthorized", "forbidden", "too_fast"],
    );
    api
}

const PROBLEMS: [Possible; 3] = [
    Possible(401, "unauthorized", "there is no token, or not a good one"),
    Possible(403, "forbidden", "the token is for something else"),
    Possible(
        429,
        "too_fast",
        "you ask more often than the configuration lets you",
    ),
];

fn table() -> OpenApiRouter<Entrance> {
    OpenApiRouter::default().routes(routes!(list))
}

/// Where a browser may find a way
///
/// The operator's STUN and TURN servers, for whom neither UDP nor TCP reaches the media port. What opens
/// them is made for you and does so for a while. Ask before a connection is made, with the token that
/// you will come in with: it is not used up.
#[utoipa::path(
    get,
    path = "/v1/ice-servers",
    tag = "Visitors",
    operation_id = "getIceServers",
    responses((status = 200, description = "The servers; there may be none.", body = IceServersJson)),
)]
async fn list(
    State(entrance): State<Entrance>,
    request: Request,
) -> Result<([(HeaderName, &'static str); 1], Json<IceServersJson>), Problem> {
    let who = entrance.recognize(&request)?;
    let servers = entrance.ice_servers().json(who.reveal(), seconds());
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(servers)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(urls: &[&str]) -> IceServers {
        IceServers(Arc::new(Known {
            urls: urls.iter().map(|url| url.parse().unwrap()).collect(),
            turn: Some(TurnKey::new("a secret of both")),
            lifetime: Duration::from_secs(60),
        }))
    }

    #[test]
    fn only_turn_servers_are_told_who_comes() {
        let servers = servers(&[
            "turn:t.example.org",
            "stun:s.example.org",
            "turns:t.example.org",
        ]);
        let json = serde_json::to_value(servers.json("ada", 1_000)).unwrap();
        assert_eq!(json["lifetime_s"], 60);
        let [stun, turn] = [0, 1].map(|index| json["ice_servers"][index].clone());
        assert_eq!(stun, serde_json::json!({ "urls": ["stun:s.example.org"] }));
        let urls = serde_json::json!(["turn:t.example.org", "turns:t.example.org"]);
        assert_eq!(turn["urls"], urls);
        assert!(turn["username"].as_str().unwrap().starts_with("1060:"));
        assert!(turn["credential"].is_string());
    }

    #[test]
    fn each_server_is_one_link() {
        let servers = servers(&["stun:s.example.org", "turn:t.example.org?transport=tcp"]);
        let links = servers.links("ada", 1_740);
        let links: Vec<_> = links.get_all(header::LINK).iter().collect();
        assert_eq!(links[0], "<stun:s.example.org>; rel=\"ice-server\"");
        let turn = links[1].to_str().unwrap();
        let head = "<turn:t.example.org?transport=tcp>; rel=\"ice-server\"; username=\"1800:";
        assert!(turn.starts_with(head), "{turn}");
        assert!(turn.ends_with("\"; credential-type=\"password\""), "{turn}");
        assert_eq!(links.len(), 2);
    }

    #[test]
    fn where_no_server_is_named_nobody_is_told_of_one() {
        let none = IceServers::default();
        assert!(none.json("ada", 0).ice_servers.is_empty() && none.links("ada", 0).is_empty());
    }
}
