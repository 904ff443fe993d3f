//! Logs to stderr, figures for `/metrics`, spans for a collector.

use std::{
    io::{self, IsTerminal as _},
    sync::Arc,
    thread,
};

use anyhow::Context as _;
use callweave_api::trace::{SpanLink, TraceParent};
use callweave_jobs::Traces;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::{
    Context,
    trace::{
        SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
        TracerProvider as _,
    },
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracerProvider},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry, fmt, layer::SubscriberExt as _, reload,
    util::SubscriberInitExt as _,
};

use crate::config::{Config, ConfigError, Log, LogFormat, Otlp};

/// Durations in seconds, from a cached answer to a slow vendor.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// What must be flushed at the end.
#[derive(Debug)]
pub(crate) struct Telemetry {
    spans: Option<SdkTracerProvider>,
    level: LogLevel,
}

/// What is logged, while the process runs.
#[derive(Clone, Debug)]
pub(crate) struct LogLevel(reload::Handle<EnvFilter, Registry>);

impl LogLevel {
    /// Logs what these directives say from now on.
    pub(crate) fn set(&self, log: &Log) -> anyhow::Result<()> {
        self.0.reload(filter(log)?).context("change what is logged")
    }
}

impl Telemetry {
    /// Changes what is logged.
    pub(crate) fn log_level(&self) -> LogLevel {
        self.level.clone()
    }

    /// Sends what is left.
    pub(crate) async fn flush(self) {
        let Some(spans) = self.spans else { return };
        // The exporter's client blocks.
        let flushed = tokio::task::spawn_blocking(move || spans.shutdown()).await;
        if !matches!(flushed, Ok(Ok(()))) {
            tracing::warn!("The last spans could not be sent to the collector");
        }
    }
}

/// Begins to log, and to send spans where a collector is configured.
pub(crate) fn start(config: &Config) -> anyhow::Result<Telemetry> {
    let spans = config
        .otlp
        .endpoint
        .as_deref()
        .map(|endpoint| exporter(endpoint, &config.otlp))
        .transpose()?;
    let level = start_logs(&config.log, spans.as_ref())?;
    Ok(Telemetry { spans, level })
}

fn exporter(endpoint: &str, otlp: &Otlp) -> anyhow::Result<SdkTracerProvider> {
    let base = endpoint.trim_end_matches('/');
    let address = match base.strip_suffix("/v1/traces") {
        Some(_) => base.to_owned(),
        None => format!("{base}/v1/traces"),
    };
    // A blocking client cannot be made where asynchronous work runs.
    let made = thread::spawn(move || {
        SpanExporter::builder()
            .with_http()
            .with_endpoint(address)
            .build()
    })
    .join();
    let exporter = match made {
        Ok(made) => {
            made.map_err(|error| ConfigError::Contradiction(format!("otlp.endpoint: {error}")))?
        }
        Err(_panic) => anyhow::bail!("the exporter of spans could not be made"),
    };
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(otlp.sample_ratio)));
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(sampler)
        .with_resource(Resource::builder().with_service_name("callweave").build())
        .build())
}

fn filter(log: &Log) -> anyhow::Result<EnvFilter> {
    let filter = EnvFilter::builder()
        .parse(&log.level)
        .map_err(|error| ConfigError::Contradiction(format!("log.level: {error}")))?;
    // What PostgreSQL says of a migration that finds its table there is no news.
    Ok(match "sqlx::postgres::notice=warn".parse() {
        Ok(quiet) => filter.add_directive(quiet),
        Err(_) => filter,
    })
}

fn start_logs(log: &Log, spans: Option<&SdkTracerProvider>) -> anyhow::Result<LogLevel> {
    let (filter, level) = reload::Layer::new(filter(log)?);
    let text = match log.format {
        LogFormat::Text => true,
        LogFormat::Json => false,
        LogFormat::Auto => io::stderr().is_terminal(),
    };
    let lines = if text {
        let colours = io::stderr().is_terminal();
        fmt::layer()
            .with_writer(io::stderr)
            .with_ansi(colours)
            .with_target(false)
            .boxed()
    } else {
        fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(true)
            .with_writer(io::stderr)
            .boxed()
    };
    let spans = spans
        .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("callweave")));
    Registry::default()
        .with(filter)
        .with(lines)
        .with(spans)
        .try_init()
        .context("start the log")?;
    Ok(LogLevel(level))
}

/// Begins to count.
pub(crate) fn start_metrics() -> anyhow::Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .and_then(PrometheusBuilder::install_recorder)
        .context("start the metrics")
}

/// Ties a request's span to the trace that its caller is in, where spans are sent, and says what the
/// span is called there.
pub(crate) fn span_link() -> SpanLink {
    Arc::new(|span, caller| {
        if let Some(caller) = caller {
            // Without a collector there is nothing to tie it to.
            let _ = span.set_parent(Context::new().with_remote_span_context(remote(caller)));
        }
        place(span)
    })
}

/// Ties the turns of jobs to the requests that made them, where spans are sent.
pub(crate) fn job_traces() -> Traces {
    Traces::new(
        |span| place(span).map(|place| place.to_string()),
        |span, trace| {
            if let Some(made) = TraceParent::parse(trace) {
                span.add_link(remote(made));
            }
        },
    )
}

/// What a span is called where spans are sent.
fn place(span: &Span) -> Option<TraceParent> {
    let context = span.context();
    let ours = context.span().span_context().clone();
    ours.is_valid().then(|| TraceParent {
        trace: u128::from_be_bytes(ours.trace_id().to_bytes()),
        span: u64::from_be_bytes(ours.span_id().to_bytes()),
        flags: ours.trace_flags().to_u8(),
    })
}

fn remote(place: TraceParent) -> SpanContext {
    SpanContext::new(
        TraceId::from(place.trace),
        SpanId::from(place.span),
        TraceFlags::new(place.flags),
        true,
        TraceState::default(),
    )
}
