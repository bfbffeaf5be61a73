//! What an operator's machinery asks: `/healthz`, `/readyz` and `/metrics`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use metrics_exporter_prometheus::PrometheusHandle;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::own_use;
use crate::control::Handle;
use crate::media::Plane;

/// Whether new visitors are welcome; cheap to clone, one value for all clones.
#[derive(Clone, Default, Debug)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From now on they are.
    pub fn open(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// From now on they are not: the server is about to end.
    pub fn close(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    fn is_open(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the routes look at.
#[derive(Clone)]
struct Vitals {
    control: Handle,
    media: Plane,
    readiness: Readiness,
    metrics: PrometheusHandle,
}

/// The three routes.
pub(super) fn routes(
    (control, media): (Handle, Plane),
    readiness: Readiness,
    metrics: PrometheusHandle,
) -> Router {
    let (router, _) = table().split_for_parts();
    router.with_state(Vitals {
        control,
        media,
        readiness,
        metrics,
    })
}

/// The same, described.
pub(super) fn described() -> OpenApi {
    table().into_openapi()
}

fn table() -> OpenApiRouter<Vitals> {
    OpenApiRouter::default()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(render))
}

impl FromRef<Vitals> for (Handle, Plane) {
    fn from_ref(vitals: &Vitals) -> Self {
        (vitals.control.clone(), vitals.media.clone())
    }
}

impl FromRef<Vitals> for Readiness {
    fn from_ref(vitals: &Vitals) -> Self {
        vitals.readiness.clone()
    }
}

impl FromRef<Vitals> for (Plane, PrometheusHandle) {
    fn from_ref(vitals: &Vitals) -> Self {
        (vitals.media.clone(), vitals.metrics.clone())
    }
}

/// Whether the server is alive
///
/// Not alive is what only a new process can heal.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "Health",
    operation_id = "getHealth",
    responses(
        (status = 200, description = "It is.", body = String, example = json!("alive\n")),
        (status = 503, description = "It is not; the body says what has ended.", body = String,
            example = json!("a media thread has ended\n")),
    ),
)]
async fn healthz(State((control, media)): State<(Handle, Plane)>) -> (StatusCode, &'static str) {
    let dead = |what| (StatusCode::SERVICE_UNAVAILABLE, what);
    if !control.is_alive() {
        dead("the control task has ended\n")
    } else if !media.is_alive() {
        dead("a media thread has ended\n")
    } else {
        (StatusCode::OK, "alive\n")
    }
}

/// Whether new visitors are welcome
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "Health",
    operation_id = "getReadiness",
    responses(
        (status = 200, description = "They are.", body = String, example = json!("ready\n")),
        (status = 503, description = "The server is about to end.", body = String,
            example = json!("draining\n")),
    ),
)]
async fn readyz(State(readiness): State<Readiness>) -> (StatusCode, &'static str) {
    if readiness.is_open() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    }
}

/// Counters and gauges
///
/// In the text format of Prometheus. `docs/operating.md` says what to watch.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "Health",
    operation_id = "getMetrics",
    responses((status = 200, description = "Every metric.", body = String,
        content_type = "text/plain")),
)]
async fn render(State((media, metrics)): State<(Plane, PrometheusHandle)>) -> impl IntoResponse {
    own_use::read(media.candidates());
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        metrics.render(),
    )
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::age::AgeBand;
    use crate::control::Marks;
    use crate::lobby::{ByeReason, Door, Wish};
    use crate::media::Event;
    use crate::private::Private;
    use crate::{config, control};

    fn media() -> Plane {
        let config = config::Media {
            listen: ([127, 0, 0, 1], 0).into(),
            shards: 2,
            ..config::Media::default()
        };
        Plane::start(&config, None).unwrap().0
    }

    /// A control task whose media plane panics at the first command, and what keeps it listening.
    fn fragile() -> (Handle, mpsc::Sender<Event>) {
        let (events, inbox) = mpsc::channel(1);
        let panic = |_| panic!("a bug, for this test");
        (
            control::start(&config::Lobby::default(), panic, inbox, None),
            events,
        )
    }

    #[tokio::test]
    async fn a_server_without_its_control_task_is_not_alive() {
        let (control, _events) = fragile();
        let media = media();
        let vitals = (control.clone(), media.clone());
        assert_eq!(healthz(State(vitals.clone())).await.0, StatusCode::OK);

        let line = control.connect().await.unwrap();
        let offer = Private::new("an offer".to_owned());
        let door = Door::Video { offer };
        line.join(
            Wish {
                door,
                band: Some(AgeBand::Adult),
                interests: vec![],
                languages: vec![],
            },
            Marks::default(),
        )
        .await;
        // Returns when the task is gone: it cannot drain any more.
        let hour = std::time::Duration::from_secs(3600);
        control.drain(hour, ByeReason::Shutdown).await;
        let (status, why) = healthz(State(vitals)).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(why.contains("control task"));
        media.shutdown();
    }

    #[tokio::test]
    async fn a_server_without_its_media_threads_is_not_alive() {
        let ((control, _events), media) = (fragile(), media());
        let vitals = (control, media.clone());
        assert_eq!(healthz(State(vitals.clone())).await.0, StatusCode::OK);
        media.shutdown();
        let (status, why) = healthz(State(vitals)).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(why.contains("media thread"));
    }
}
