//! What is served over HTTP.
//!
//! 1. [`listener`] accepts a connection, with the [`certificate`] if there is one.
//! 2. [`router`] finds the route: [`signal`], [`health`] with [`own_use`], the moderators'
//!    [`console`], or else a file of the [`assets`].
//! 3. [`headers`] are added to every answer.

mod assets;
pub mod certificate;
pub mod console;
mod headers;
pub mod health;
mod interpret;
pub mod listener;
pub mod message;
mod own_use;
pub mod signal;

use axum::{Router, middleware};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::control::Handle;
use crate::media::Plane;
use console::Console;
pub use health::Readiness;
use signal::Patience;

/// The route table. Without a console there is nobody to sign in: no picture is looked at.
pub fn router(
    (control, media): (Handle, Plane),
    readiness: Readiness,
    metrics: PrometheusHandle,
    console: Option<Console>,
) -> Router {
    Router::new()
        .merge(signal::routes(control.clone(), Patience::default()))
        .merge(health::routes((control, media), readiness, metrics))
        .merge(console::routes(console))
        .fallback(assets::serve)
        .layer(middleware::from_fn(headers::secure))
}
