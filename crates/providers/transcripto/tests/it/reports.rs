//! Reports: ordered, listed, fetched.

use std::time::Duration;

use callweave_model::{
    Timestamp,
    owned::{Report, ReportRequest, ReportState},
};
use callweave_provider::{
    ErrorKind, Provider,
    http_client::Safety,
    listing::ListQuery,
    media::{MediaBody, MediaContent},
    reports::Reports,
    submit::Found,
};
use callweave_provider_testkit::{CannedClient, answers, live::Live};
use callweave_provider_transcripto::TranscriptoFactory;
use callweave_sandbox::{FaultKind, FaultSpec, SandboxConfig, Vendor};
use futures::TryStreamExt as _;
use serde_json::{Map, Value, json};

use crate::support::{CODE, LIST_PATH, TASK_PATH, caller, list, provider, refused};

const FILE_PATH: &str = "/user/callreport/file";

fn reports(provider: &dyn Provider) -> &dyn Reports {
    provider.reports().unwrap()
}

fn request(from: &str, to: &str, report_type: Option<&str>) -> ReportRequest {
    ReportRequest {
        from: from.to_owned(),
        to: to.to_owned(),
        report_type: report_type.map(str::to_owned),
    }
}

fn january(report_type: Option<&str>) -> ReportRequest {
    request("2026-01-01", "2026-01-31", report_type)
}

async fn bytes(body: MediaBody) -> Vec<u8> {
    let MediaContent::Stream(pieces) = body.content else {
        panic!("no stream")
    };
    let pieces: Vec<_> = pieces.try_collect().await.unwrap();
    pieces.concat()
}

async fn opened(delay: Duration) -> Live {
    let config = SandboxConfig {
        calls_per_vendor: 60,
        analysis_delay: delay,
        ..SandboxConfig::default()
    };
    Live::open(
        Vendor::Transcripto,
        &TranscriptoFactory,
        config,
        &Map::new(),
    )
    .await
}

#[tokio::test]
async fn trap_t43_a_report_is_ordered_waited_for_and_fetched() {
    let mut live = opened(Duration::from_hours(4)).await;
    let provider = live.provider.clone();
    let reports = reports(provider.as_ref());
    let context = live.caller.context();
    let id = reports
        .order_report(&context, &january(None))
        .await
        .unwrap();
    let sent = &live.ledger(Vendor::Transcripto, "submission")[&id];
    let fields = json!({"start_date": "2026-01-01", "end_date": "2026-01-31"});
    assert_eq!(sent["given"]["fields"], fields);
    let waiting = reports.report(&context, &id).await.unwrap();
    assert_eq!(waiting.state, ReportState::Pending);
    assert_eq!(
        (waiting.files.len(), waiting.report_type.as_deref()),
        (0, Some("standard"))
    );
    let early = reports
        .open_report_file(&context, &id, "report_1.pdf")
        .await;
    assert_eq!(early.unwrap_err().kind, ErrorKind::NotReady);

    live.move_clock(300 * 60_000);
    let context = live.caller.context();
    let done = reports.report(&context, &id).await.unwrap();
    assert_eq!(done.state, ReportState::Ready);
    assert_eq!(done.error, None);
    let name = &done.files[0].name;
    live.sandbox.world().clear_requests();
    let body = reports.open_report_file(&context, &id, name).await.unwrap();
    assert_eq!(body.content_type, "application/pdf");
    assert!(bytes(body).await.starts_with(b"%PDF"));
    let page = reports
        .open_report_file(&context, &id, &name.replace(".pdf", ".html"))
        .await
        .unwrap();
    assert_eq!(page.content_type, "text/html");
    assert!(bytes(page).await.starts_with(b"<!doctype html>"));
    let missing = reports
        .open_report_file(&context, &id, "other.pdf")
        .await
        .unwrap_err();
    assert_eq!(
        (missing.kind, missing.vendor_code.as_deref()),
        (ErrorKind::NotFound, Some("4043"))
    );
    let asked = live
        .sandbox
        .world()
        .requests(Some(Vendor::Transcripto), Some("TR-33"));
    assert_eq!(asked.total, 3);
}

#[tokio::test]
async fn every_report_is_listed_once_and_no_call_is_one() {
    let live = opened(Duration::ZERO).await;
    let reports = reports(live.provider.as_ref());
    let context = live.caller.context();
    for report_type in [None, Some("business")] {
        reports
            .order_report(&context, &january(report_type))
            .await
            .unwrap();
    }
    let known = live.ledger(Vendor::Transcripto, "report");
    for limit in [1, 3, 100] {
        let (mut query, mut met) = (list(limit), Vec::<Report>::new());
        loop {
            let page = Reports::reports(reports, &context, &query).await.unwrap();
            met.extend(page.items);
            assert!(met.len() < 50);
            match page.next {
                Some(next) => {
                    query = ListQuery {
                        position: Some(next),
                        ..list(limit)
                    }
                }
                None => break,
            }
        }
        let mut ids: Vec<&String> = met.iter().map(|report| &report.remote_id).collect();
        ids.sort();
        assert_eq!(ids, known.keys().collect::<Vec<_>>(), "limit {limit}");
        assert!(
            met.iter()
                .any(|report| report.report_type.as_deref() == Some("business"))
        );
        assert!(met.iter().all(|report| report.created_at.is_some()));
    }
    let call = live
        .ledger(Vendor::Transcripto, "task")
        .into_keys()
        .next()
        .unwrap();
    for id in [
        call.as_str(),
        "00000000-0000-4000-8000-000000000000",
        "..",
        "a/b",
    ] {
        let error = reports.report(&context, id).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "{id}");
    }
}

#[tokio::test]
async fn trap_t06_business_reports_are_counted_and_run_out() {
    let live = opened(Duration::ZERO).await;
    let reports = reports(live.provider.as_ref());
    let context = live.caller.context();
    live.option("transcripto_plan_left", json!(1));
    reports
        .order_report(&context, &january(Some("business")))
        .await
        .unwrap();
    let error = reports
        .order_report(&context, &january(Some("business")))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.vendor_code.as_deref()),
        (ErrorKind::QuotaExceeded, Some("4602"))
    );
    reports
        .order_report(&context, &january(None))
        .await
        .unwrap();
    let cost = |report_type| {
        reports
            .report_cost(&january(report_type))
            .map(|cost| (cost.resource, cost.amount))
    };
    assert_eq!(cost(None), None);
    assert_eq!(cost(Some("standard")), None);
    assert_eq!(cost(Some("business")), Some(("report_count", Some(1.0))));
    assert_eq!(cost(Some("daily")), Some(("report_count", None)));
}

#[tokio::test]
async fn a_lost_order_is_known_not_to_have_arrived_or_stays_unknown() {
    for (kind, arrived) in [
        (FaultKind::LostResponse, 1),
        (FaultKind::Close { after_bytes: None }, 0),
    ] {
        let mut live = opened(Duration::ZERO).await;
        live.sandbox.world().add_fault(FaultSpec {
            vendor: Some(Vendor::Transcripto),
            operation: "TR-08".to_owned(),
            kind,
            probability: None,
            count: Some(1),
            skip: 0,
            seed: 0,
        });
        let sent_at = live.caller.now;
        let reports = reports(live.provider.as_ref());
        let ordered = reports
            .order_report(&live.caller.context(), &january(None))
            .await;
        assert_eq!(ordered.unwrap_err().kind, ErrorKind::Transport);
        assert_eq!(
            live.ledger(Vendor::Transcripto, "submission").len(),
            arrived
        );
        let early = reports
            .find_report(&live.caller.context(), &january(None), sent_at)
            .await;
        assert_eq!(early.unwrap(), Found::Unknown);
        live.caller.now = sent_at.plus(Duration::from_mins(10));
        let context = live.caller.context();
        let other = reports
            .find_report(&context, &january(Some("business")), sent_at)
            .await;
        assert_eq!(other.unwrap(), Found::No, "only standard ones came in");
        let found = reports
            .find_report(&context, &january(None), sent_at)
            .await
            .unwrap();
        let expected = if arrived == 1 {
            Found::Unknown
        } else {
            Found::No
        };
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn dates_are_checked_before_anything_is_sent() {
    let client = CannedClient::new();
    let provider = provider(&client);
    let caller = caller();
    for (request, pointer) in [
        (request("2026-1-01", "2026-01-31", None), "/from"),
        (request("2026-02-30", "2026-03-31", None), "/from"),
        (request("2026-01-01", "20260131", None), "/to"),
        (request("2026-01-01", "2026-01-31T00:00:00Z", None), "/to"),
        (request("2026-02-01", "2026-01-31", None), "/to"),
        (
            request("2026-01-01", "2026-01-31", Some(" ")),
            "/report_type",
        ),
    ] {
        let reports = reports(provider.as_ref());
        let error = reports.validate_report(&request).unwrap_err();
        assert_eq!(error.pointer.as_deref(), Some(pointer));
        let error = reports
            .order_report(&caller.context(), &request)
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput);
    }
    assert!(client.requests().is_empty());
}

fn task(changes: &Value) -> Value {
    let mut task = json!({
        "success": true, "error_code": 0, "id": 7, "type": "callreport", "status": "completed",
        "file_name": "report_7.pdf", "created_at": "2026-03-01T09:00:00Z", "updated_at": null,
        "error_message": null, "report_type": "standard", "task_code": CODE, "task_length": 0,
        "task_result": null,
    });
    task.as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    task
}

fn of_task(changes: &Value) -> CannedClient {
    CannedClient::new().always("GET", TASK_PATH, answers::ok(&task(changes)))
}

async fn read(changes: Value) -> Report {
    let provider = provider(&of_task(&changes));
    let caller = caller();
    reports(provider.as_ref())
        .report(&caller.context(), CODE)
        .await
        .unwrap()
}

#[tokio::test]
async fn trap_t43_names_are_taken_wherever_they_stand_and_never_made_up() {
    let names = |report: &Report| -> Vec<String> {
        report.files.iter().map(|file| file.name.clone()).collect()
    };
    let report =
        read(json!({"html_file": "report_7.html", "file_names": ["a.pdf", "b c.pdf"]})).await;
    assert_eq!(
        names(&report),
        ["report_7.pdf", "a.pdf", "b c.pdf", "report_7.html"]
    );
    assert_eq!(
        Value::Object(report.extra),
        json!({"id": 7, "status": "completed", "task_length": 0}),
        "the vendor's word for the state stays"
    );
    let report = read(json!({"file_name": "../../etc/passwd", "files": {"pdf": 1}})).await;
    assert_eq!(names(&report), Vec::<String>::new());
    assert_eq!(report.extra["file_name"], "../../etc/passwd");
    let report = read(json!({"status": "processing"})).await;
    assert_eq!(
        (report.state, report.files.len()),
        (ReportState::Processing, 0)
    );
    assert_eq!(report.extra["file_name"], "report_7.pdf");
    let report =
        read(json!({"status": "error", "error_message": "no calls", "error_code": 5003})).await;
    assert_eq!(
        (report.state, report.error.as_deref()),
        (ReportState::Failed, Some("no calls"))
    );
    assert_eq!(report.extra["error_code"], 5003);
}

#[tokio::test]
async fn trap_t42_the_file_is_asked_for_without_a_token_and_only_for_a_report_of_the_account() {
    let pdf = answers::typed(200, "application/pdf", "%PDF-1.4 and so on");
    let client = of_task(&json!({})).always("GET", FILE_PATH, pdf);
    let provider = provider(&client);
    let caller = caller();
    let context = caller.context();
    let reports = reports(provider.as_ref());
    reports
        .open_report_file(&context, CODE, "a b.pdf")
        .await
        .unwrap();
    let requests = client.requests();
    assert_eq!(
        requests[1].line(),
        format!("GET {FILE_PATH}?task_code={CODE}&filename=a%20b.pdf")
    );
    assert!(!requests[1].headers.contains_key("authorization"));
    assert!(requests[0].headers.contains_key("authorization"));
    assert!(
        requests
            .iter()
            .all(|request| request.safety == Safety::Read)
    );

    for name in [
        "",
        "..",
        "a/b.pdf",
        "a\\b.pdf",
        "../x.pdf",
        "a\nb.pdf",
        &"a".repeat(300),
    ] {
        let error = reports
            .open_report_file(&context, CODE, name)
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "{name:?}");
    }
    assert_eq!(client.requests().len(), 2, "nothing more was asked for");

    let foreign = CannedClient::new().always("GET", TASK_PATH, answers::ok(&refused(4021)));
    let provider = crate::support::provider(&foreign);
    let error = crate::reports::reports(provider.as_ref())
        .open_report_file(&context, CODE, "a.pdf")
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(foreign.requests().len(), 1, "the key is not tried");
}

#[tokio::test]
async fn trap_t44_a_failure_in_the_place_of_a_report_is_a_failure() {
    for (answer, name, kind) in [
        (answers::ok(&refused(4041)), "a.pdf", ErrorKind::NotFound),
        (answers::ok(&refused(4044)), "a.html", ErrorKind::NotFound),
        (
            answers::ok(&refused(4002)),
            "a.pdf",
            ErrorKind::InvalidRequest,
        ),
        (
            answers::ok(&refused(5001)),
            "a.pdf",
            ErrorKind::VendorFailure,
        ),
        (
            answers::typed(200, "text/html", refused(4043).to_string()),
            "a.html",
            ErrorKind::NotFound,
        ),
        (answers::html(200), "a.pdf", ErrorKind::BadResponse),
        (
            answers::typed(200, "application/pdf", "<html>"),
            "a.pdf",
            ErrorKind::BadResponse,
        ),
        (
            answers::typed(200, "text/html", ""),
            "a.html",
            ErrorKind::BadResponse,
        ),
        (answers::html(502), "a.html", ErrorKind::VendorFailure),
    ] {
        let client = of_task(&json!({})).always("GET", FILE_PATH, answer);
        let provider = provider(&client);
        let caller = caller();
        let error = reports(provider.as_ref())
            .open_report_file(&caller.context(), CODE, name)
            .await
            .unwrap_err();
        assert_eq!(error.kind, kind, "{name}");
        assert!(
            !format!("{error} {error:?}").contains(CODE),
            "the code is a key"
        );
    }
}

#[tokio::test]
async fn odd_lists_and_orders_are_told() {
    let client = CannedClient::new()
        .always(
            "POST",
            LIST_PATH,
            answers::ok(&json!({"tasks": [{"id": 1}]})),
        )
        .always(
            "POST",
            "/user/callreport",
            answers::ok(&json!({"success": true, "error_code": 0})),
        );
    let provider = provider(&client);
    let caller = caller();
    let context = caller.context();
    let reports = reports(provider.as_ref());
    let error = Reports::reports(reports, &context, &list(5))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadResponse);
    let error = reports
        .order_report(&context, &january(None))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadResponse);
    let sent_at: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
    let found = reports
        .find_report(&context, &january(None), sent_at)
        .await
        .unwrap();
    assert_eq!(
        found,
        Found::Unknown,
        "a row that cannot be read may be the one"
    );
}
