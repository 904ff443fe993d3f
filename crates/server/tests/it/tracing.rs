//! Spans as a collector gets them: one trace from a request to its vendor, and from the turns of a
//! job back to the request that made it.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use callweave_sandbox::Vendor;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::any_value::Value as Attribute,
    trace::v1::{Span, Status, status::StatusCode},
};
use prost::Message as _;
use reqwest::Method;
use serde_json::json;

use crate::{
    outside::{PATIENCE, Stage},
    support::{eventually, turn},
};

/// A collector of spans over HTTP, as `otlp.endpoint` means it.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

impl Collector {
    /// Listens; gives its address.
    async fn start() -> (Self, String) {
        let collector = Self::default();
        let take = async |State(Collector(spans)): State<Self>, body: Bytes| {
            let request = ExportTraceServiceRequest::decode(body).unwrap();
            let mut spans = spans.lock().unwrap();
            for resource in request.resource_spans {
                spans.extend(
                    resource
                        .scope_spans
                        .into_iter()
                        .flat_map(|scope| scope.spans),
                );
            }
        };
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(collector.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (collector, address)
    }

    fn spans(&self, name: &str) -> Vec<Span> {
        let spans = self.0.lock().unwrap();
        spans
            .iter()
            .filter(|span| span.name == name)
            .cloned()
            .collect()
    }
}

fn attribute(span: &Span, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|pair| pair.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        Attribute::StringValue(text) => Some(text.clone()),
        other => Some(format!("{other:?}")),
    }
}

fn id(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The trace that a test's own request belongs to.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_jobs_turns_and_its_vendor_requests_hang_together_and_point_to_the_request() {
    let _turn = turn().await;
    let (collector, endpoint) = Collector::start().await;
    let stage = Stage::new(4).await;
    let spans = [
        ("CALLWEAVE__OTLP__ENDPOINT", endpoint.as_str()),
        ("CALLWEAVE__LOG__LEVEL", "info"),
    ];
    let api = stage.gateway("api", &spans).await;
    let url = stage.sandbox.base_url();
    let connection = stage.connect(&api.api, Vendor::Transcripto, &url).await;
    let body = json!({
        "connection_id": connection,
        "source": {"type": "chat", "text": "agent: Good day\ncustomer: Hello"},
        "call": {"agent_name": "Nadia", "started_at": "2026-03-02T09:15:00Z"},
    });
    let response = api
        .api
        .request(Method::POST, "/v1/analyses")
        .header("idempotency-key", "traced")
        .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 202);
    let place = response.headers()["traceparent"]
        .to_str()
        .unwrap()
        .to_owned();
    let request_span = place.split('-').nth(2).unwrap().to_owned();
    let job: serde_json::Value = response.json().await.unwrap();
    let job = job["id"].as_str().unwrap().to_owned();

    // Another process does the work.
    let worker = stage.gateway("worker", &spans).await;
    eventually("the job", PATIENCE, async || {
        let job = api.api.get(&format!("/v1/jobs/{job}")).await;
        if job["state"] == "completed" {
            Ok(())
        } else {
            Err(job.to_string())
        }
    })
    .await;
    assert_eq!(worker.running.stop().0, Some(0), "what is left is sent");
    assert_eq!(api.running.stop().0, Some(0));

    let requests = collector.spans("http.request");
    let made = requests
        .iter()
        .find(|span| id(&span.span_id) == request_span);
    let made = made.unwrap_or_else(|| panic!("no span {request_span} in {requests:#?}"));
    assert_eq!(id(&made.trace_id), TRACE, "the caller's trace goes on");

    let turns: Vec<Span> = collector
        .spans("job.turn")
        .into_iter()
        .filter(|span| attribute(span, "job.id").as_deref() == Some(&job))
        .collect();
    assert!(!turns.is_empty());
    for turn in &turns {
        assert_ne!(id(&turn.trace_id), TRACE, "a trace of its own");
        let links: Vec<(String, String)> = turn
            .links
            .iter()
            .map(|link| (id(&link.trace_id), id(&link.span_id)))
            .collect();
        assert_eq!(links, [(TRACE.to_owned(), request_span.clone())]);
    }
    let vendor = collector.spans("vendor.request");
    let of_turns = vendor.iter().filter(|span| {
        turns
            .iter()
            .any(|turn| turn.trace_id == span.trace_id && turn.span_id == span.parent_span_id)
    });
    let operations: Vec<String> = of_turns
        .filter_map(|span| attribute(span, "operation"))
        .collect();
    assert!(!operations.is_empty(), "{vendor:#?}");
    // So do the turns of a sync, and what a request itself asks a vendor.
    let syncs = collector.spans("sync.turn");
    let in_sync = |span: &&Span| syncs.iter().any(|turn| turn.trace_id == span.trace_id);
    assert!(vendor.iter().any(|span| in_sync(&span)), "{syncs:#?}");
    let in_request = |span: &&Span| {
        requests
            .iter()
            .any(|one| one.span_id == span.parent_span_id)
    };
    assert!(
        vendor.iter().any(|span| in_request(&span)),
        "connecting logs in"
    );
    println!(
        "{} turns of a job, {} requests to its vendor within them: {}",
        turns.len(),
        operations.len(),
        operations.join(", ")
    );
    assert_discreet(&collector, &stage.api_key);
}

/// Ids and routes, nothing of what was said, and no key; and nothing failed.
fn assert_discreet(collector: &Collector, key: &str) {
    let all = format!("{:?}", collector.0.lock().unwrap());
    for secret in ["Nadia", "Good day", key] {
        assert!(!all.contains(secret), "{secret}");
    }
    let failed = Some(Status {
        code: StatusCode::Error.into(),
        ..Status::default()
    });
    let requests = collector.spans("http.request");
    assert!(requests.iter().all(|span| span.status != failed));
}
