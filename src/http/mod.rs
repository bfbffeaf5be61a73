//! What is served over HTTP.
//!
//! 1. [`listener`] accepts a connection, with the [`certificate`] if there is one.
//! 2. [`router`] finds the route: [`signal`], [`health`] with [`own_use`], or else a file of the [`assets`].
//! 3. [`headers`] are added to every answer.

mod assets;
pub mod certificate;
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
pub use health::Readiness;
use signal::Patience;

/// The route table.
pub fn router(
    (control, media): (Handle, Plane),
    readiness: Readiness,
    metrics: PrometheusHandle,
) -> Router {
    Router::new()
        .merge(signal::routes(control.clone(), Patience::default()))
        .merge(health::routes((control, media), readiness, metrics))
        .fallback(assets::serve)
        .layer(middleware::map_response(headers::secure))
}
