//! What an OpenTelemetry collector is told of a stay, and what it is not.

use std::collections::HashMap;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use crate::operator::{Operator, described};
use crate::started::has_address;

/// Longer than spans are gathered before they are sent.
const EVER: Duration = Duration::from_secs(30);

/// A collector, which takes everything.
struct Collector {
    url: String,
    taken: UnboundedReceiver<ExportTraceServiceRequest>,
    spans: Vec<Span>,
}

async fn take(State(taken): State<UnboundedSender<ExportTraceServiceRequest>>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    // The test may be over.
    let _ = taken.send(request);
}

impl Collector {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        let (sender, taken) = unbounded_channel();
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(sender);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            taken,
            spans: Vec::new(),
        }
    }

    /// Waits until there are so many spans of these names.
    async fn has(&mut self, wanted: &[(&str, usize)]) {
        let count =
            |spans: &[Span], name: &str| spans.iter().filter(|span| span.name == name).count();
        while wanted
            .iter()
            .any(|(name, least)| count(&self.spans, name) < *least)
        {
            let more = timeout(EVER, self.taken.recv()).await;
            let more = more.unwrap_or_else(|_| panic!("{:?}", names(&self.spans)));
            let resources = more.unwrap().resource_spans.into_iter();
            let scopes = resources.flat_map(|of| of.scope_spans);
            self.spans.extend(scopes.flat_map(|of| of.spans));
        }
    }
}

fn names(spans: &[Span]) -> Vec<&str> {
    spans.iter().map(|span| span.name.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_hears_how_long_each_step_took_and_nothing_of_a_visitor() {
    let mut collector = Collector::new().await;
    let url = format!("--traces-url={}", collector.url);
    let operator = Operator::with_arguments(&[&url, "--traces-sample-percent=100"]);
    let backend = operator.backend();
    let ada = operator.with(&operator.token_for("ada")).open("ada").await;
    let mut bob = backend.open("bob").await;
    assert_eq!(backend.pair("it", [&ada, &bob]).status, 201);
    bob.sees("ada").await;
    assert_eq!(backend.ask("DELETE", "/v1/matches/it").status, 204);
    for leg in [&ada, &bob] {
        assert_eq!(backend.ask("DELETE", &leg.location).status, 200);
    }
    // A request within a trace of the backend's own.
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let headers = format!(
        "{}traceparent: 00-{trace}-b7ad6b7169203331-01\r\n",
        backend.authorization
    );
    let gone = operator.server.ask("GET", "/v1/matches/it", &headers);
    assert_eq!(described("GET", "/v1/matches/it", gone).status, 404);

    collector
        .has(&[
            ("stay", 2),
            ("connect", 2),
            ("match", 2),
            ("POST /v1/legs", 2),
            ("GET /v1/matches/{match}", 1),
        ])
        .await;
    let spans = &collector.spans;
    let stays: HashMap<_, _> = spans
        .iter()
        .filter(|span| span.name == "stay")
        .map(|stay| (&stay.span_id, stay))
        .collect();
    for span in spans {
        if ["connect", "match", "wait", "picture"].contains(&span.name.as_str()) {
            let stay = stays[&span.parent_span_id];
            assert_eq!(span.trace_id, stay.trace_id);
            assert!(span.start_time_unix_nano >= stay.start_time_unix_nano);
            assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
        }
        let text = format!("{span:?}");
        let private = ["ada", "bob", ada.name(), bob.name()];
        assert!(!private.iter().any(|word| text.contains(word)), "{text}");
        assert!(!has_address(&text), "{text}");
    }
    let asked = spans
        .iter()
        .find(|span| span.name.starts_with("GET /v1/matches"));
    assert_eq!(hex::encode(&asked.unwrap().trace_id), trace);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_not_there_harms_nobody() {
    let operator = Operator::with_arguments(&[
        "--traces-url=http://127.0.0.1:1/v1/traces",
        "--traces-sample-percent=100",
    ]);
    let backend = operator.backend();
    let ada = backend.open("ada").await;
    assert_eq!(backend.ask("DELETE", &ada.location).status, 200);
    let lost = async {
        loop {
            let body = operator.server.get("/metrics").body;
            if body.contains("visavis_trace_spans_total{result=\"lost\"}") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(EVER, lost).await.expect("it is counted");
}
