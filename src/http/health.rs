//! What an operator's machinery asks: `/healthz`, `/readyz` and `/metrics`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;

use super::own_use;
use crate::control::Handle;

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

/// The three routes.
pub(super) fn routes(control: Handle, readiness: Readiness, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/healthz", get(healthz).with_state(control))
        .route("/readyz", get(readyz).with_state(readiness))
        .route("/metrics", get(render).with_state(metrics))
}

/// Not alive is what only a new process can heal.
async fn healthz(State(control): State<Handle>) -> (StatusCode, &'static str) {
    if control.is_alive() {
        (StatusCode::OK, "alive\n")
    } else {
        let message = "the control task has ended\n";
        (StatusCode::SERVICE_UNAVAILABLE, message)
    }
}

async fn readyz(State(readiness): State<Readiness>) -> (StatusCode, &'static str) {
    if readiness.is_open() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    }
}

async fn render(State(metrics): State<PrometheusHandle>) -> impl IntoResponse {
    own_use::read();
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
    use crate::lobby::{Door, Wish};
    use crate::media::Event;
    use crate::private::Private;
    use crate::{config, control};

    /// A control task whose media plane panics at the first command, and what keeps it listening.
    fn fragile() -> (Handle, mpsc::Sender<Event>) {
        let (events, inbox) = mpsc::channel(1);
        let panic = |_| panic!("a bug, for this test");
        (
            control::start(&config::Lobby::default(), panic, inbox),
            events,
        )
    }

    #[tokio::test]
    async fn a_server_without_its_control_task_is_not_alive() {
        let (control, _events) = fragile();
        assert_eq!(healthz(State(control.clone())).await.0, StatusCode::OK);

        let line = control.connect().await.unwrap();
        let offer = Private::new("an offer".to_owned());
        let door = Door::Video { offer };
        line.join(Wish {
            door,
            adult: true,
            interests: vec![],
            languages: vec![],
        })
        .await;
        // Returns when the task is gone: it cannot drain any more.
        control.drain(std::time::Duration::from_secs(3600)).await;
        assert_eq!(
            healthz(State(control)).await.0,
            StatusCode::SERVICE_UNAVAILABLE
        );
    }
}
