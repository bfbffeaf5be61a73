//! What is served over HTTP.
//!
//! 1. [`listener`] accepts a connection, with the [`certificate`] if there is one.
//! 2. [`router`] finds the route: [`signal`] past the [`entrance`], [`ice_servers`], [`age_checks`], [`opinions`], a [`backend`]'s with its
//!    [`problem_json`]s, [`health`] with [`own_use`], the moderators' [`console`], or else a file of the
//!    [`assets`].
//! 3. [`webhooks`] tell a backend the other way round, signed by [`webhook_keys`].
//! 4. The [`description`] is made of the same tables as the routes.
//! 5. [`headers`] are added to every answer; [`origins`] says which other pages may read it.

pub mod age_checks;
mod assets;
mod backend;
mod captcha;
pub mod certificate;
pub mod challenges;
pub mod console;
pub mod description;
pub mod entrance;
mod headers;
pub mod health;
pub mod ice_servers;
mod interpret;
pub mod listener;
pub mod message;
mod opinions;
mod origins;
mod own_use;
mod prefixes;
mod problem_json;
pub mod signal;
mod throttle;
pub mod webhook_keys;
pub mod webhooks;
mod whence;

use axum::{Router, middleware};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::classify::afterwards::Afterwards;
use crate::control::Handle;
use crate::media::Plane;
pub use backend::Handover;
use console::Console;
use entrance::Entrance;
pub use health::Readiness;
use signal::Patience;
use webhooks::Webhooks;

/// The route table, and what a server needs that takes the place. Without a console there is nobody to sign
/// in: no picture is looked at.
pub fn router(
    (control, media): (Handle, Plane),
    readiness: Readiness,
    metrics: PrometheusHandle,
    console: Option<Console>,
    (entrance, webhooks, afterwards): (Entrance, Option<Webhooks>, Option<Afterwards>),
) -> (Router, Handover) {
    let (backend, handover) = backend::routes(control.clone(), &entrance, webhooks);
    let router = Router::new()
        .merge(signal::routes(
            control.clone(),
            entrance.clone(),
            Patience::default(),
        ))
        .merge(ice_servers::routes(entrance.clone()))
        .merge(age_checks::routes(entrance.clone()))
        .merge(opinions::routes(entrance.clone(), afterwards))
        .merge(backend)
        .merge(health::routes((control, media), readiness, metrics))
        .merge(description::routes())
        .fallback(assets::serve)
        .layer(middleware::from_fn_with_state(
            entrance.origins().clone(),
            origins::share,
        ))
        // No page but its own has any business there.
        .merge(console::routes(console))
        .layer(middleware::from_fn(headers::secure));
    (router, handover)
}
