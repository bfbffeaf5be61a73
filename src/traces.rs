//! [`Trail`]: how long each step of a stay, or of a request, took, as a trace for an OpenTelemetry
//! collector. Steps are told when they are over, off the path of whatever they measure: a queue of its own,
//! which drops what a slow collector does not take. **Nothing of a visitor is in it**: numbers of ours,
//! words of ours, times.
//!
//! Without a collector, and in a stay that is not sampled, a trail is nothing and costs nothing.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{
    SpanBuilder, SpanKind, TraceContextExt as _, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{self as sdk, Sampler, SdkTracer, SdkTracerProvider, SpanData};
use tracing::{info, warn};

use crate::config;
use crate::metrics::SPANS;

/// How long a collector may take for what is left at the end.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// The process's, once it was started with a collector.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// Sends what is left when the server ends.
#[derive(Debug)]
pub struct Flusher(SdkTracerProvider);

/// Starts the telling, if the configuration names a collector. Once a process.
///
/// # Errors
/// The system refuses.
pub fn start(config: &config::Traces) -> Result<Option<Flusher>, ExporterBuildError> {
    let Some(url) = config.url.get() else {
        return Ok(None);
    };
    let exporter = SpanExporter::builder().with_http().with_endpoint(url);
    let exporter = Told {
        inner: exporter.build()?,
        is_failing: AtomicBool::new(false),
    };
    let resource = Resource::builder_empty().with_attributes([
        KeyValue::new("service.name", "visavis"),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
    ]);
    let ratio = f64::from(config.sample_percent) / 100.0;
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio)));
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(sampler)
        .with_resource(resource.build())
        .build();
    let _ = TRACER.set(provider.tracer("visavis"));
    Ok(Some(Flusher(provider)))
}

impl Flusher {
    /// Sends what is left: from a thread that may wait.
    pub fn close(&self) {
        if self.0.shutdown_with_timeout(LAST_WORDS).is_err() {
            warn!("not all traces were sent");
        }
    }
}

/// A trace that goes on until this is dropped; nothing, where nobody is told.
#[derive(Clone, Default, Debug)]
pub struct Trail(Option<Live>);

#[derive(Clone, Debug)]
struct Live {
    context: Context,
    /// When it began, by both clocks: within a trace all times are counted from there.
    began: Instant,
    wall: SystemTime,
}

/// Begins a trace of ours.
pub fn begin(name: &'static str, now: Instant) -> Trail {
    let Some(tracer) = TRACER.get() else {
        return Trail(None);
    };
    root(tracer, tracer.span_builder(name), &Context::new(), now)
}

/// Goes on with the trace that a backend's request belongs to (W3C Trace Context), or begins one.
pub fn follow(
    name: impl Into<Cow<'static, str>>,
    traceparent: Option<&str>,
    now: Instant,
) -> Trail {
    let Some(tracer) = TRACER.get() else {
        return Trail(None);
    };
    let carrier = traceparent.map(|text| ("traceparent".to_owned(), text.to_owned()));
    let carrier: HashMap<_, _> = carrier.into_iter().collect();
    let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
    let builder = tracer.span_builder(name).with_kind(SpanKind::Server);
    root(tracer, builder, &parent, now)
}

#[expect(clippy::disallowed_methods, reason = "the driver's clock")]
fn root(tracer: &SdkTracer, builder: SpanBuilder, parent: &Context, began: Instant) -> Trail {
    let now = SystemTime::now();
    let ago = Instant::now().saturating_duration_since(began);
    let wall = now.checked_sub(ago).unwrap_or(now);
    let builder = builder.with_start_time(wall);
    let context = parent.with_span(builder.start_with_context(tracer, parent));
    let is_sampled = context.span().span_context().is_sampled();
    Trail(is_sampled.then_some(Live {
        context,
        began,
        wall,
    }))
}

impl Trail {
    /// A step that is over. `facts` are asked for only where somebody is told.
    pub fn step<const N: usize>(
        &self,
        name: &'static str,
        [from, to]: [Instant; 2],
        facts: impl FnOnce() -> [KeyValue; N],
    ) {
        let (Some(live), Some(tracer)) = (&self.0, TRACER.get()) else {
            return;
        };
        let builder = tracer
            .span_builder(name)
            .with_start_time(live.wall(from))
            .with_attributes(facts());
        let span = builder.start_with_context(tracer, &live.context);
        let context = live.context.with_span(span);
        context.span().end_with_timestamp(live.wall(to));
    }

    /// Something about the whole.
    pub fn note(&self, key: &'static str, value: impl Into<opentelemetry::Value>) {
        if let Some(live) = &self.0 {
            live.context.span().set_attribute(KeyValue::new(key, value));
        }
    }
}

impl Live {
    /// When an instant was, by the clock that collectors read.
    fn wall(&self, at: Instant) -> SystemTime {
        self.wall + at.saturating_duration_since(self.began)
    }
}

/// Says once when a collector begins to refuse, and once when it takes again.
#[derive(Debug)]
struct Told {
    inner: SpanExporter,
    is_failing: AtomicBool,
}

impl sdk::SpanExporter for Told {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len() as u64;
        let result = self.inner.export(batch).await;
        let was_failing = self.is_failing.swap(result.is_err(), Ordering::Relaxed);
        match &result {
            Ok(()) => {
                SPANS.counter_of("sent").increment(count);
                if was_failing {
                    info!("the collector takes traces again");
                }
            }
            // What is wrong has its address in it, and that has no place in a log.
            Err(_) => {
                SPANS.counter_of("lost").increment(count);
                if !was_failing {
                    warn!("the collector takes no traces: is traces.url right, and is it there?");
                }
            }
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
