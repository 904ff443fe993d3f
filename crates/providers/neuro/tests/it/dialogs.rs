//! Dialogs over scripted answers: what is sent, and what odd answers mean.

use callweave_model::{enums::CallStatus, owned::DialogRequest};
use callweave_provider::{
    Change, ErrorKind, RecordRef, Retry,
    dialogs::{BatchProgress, DialogTarget, QueueKind, StartedBatch, StartedDialog},
    http_client::{Answer, Safety, TransportError},
    listing::ListQuery,
    submit::Found,
};
use callweave_provider_testkit::{CannedClient, answers};
use serde_json::{Value, json};

use crate::support::{AGENT, CALL, DIALOG, caller, provider};

const START: &str = "/api/v2/ext/dialog/dialog-initial";
const START_MANY: &str = "/api/v2/ext/dialog/dialogs-group-initial";
const STATUS: &str = "/api/v2/ext/dialog/dialogs-group-initial-status";
const RESULT: &str = "/api/v2/ext/dialog/dialogs-group-initial-result";
const BATCH: &str = "b0000000-0000-4000-8000-000000000001";

fn target() -> DialogTarget {
    DialogTarget {
        agent: AGENT.to_owned(),
        batch: None,
        campaign: None,
    }
}

fn request(value: Value) -> DialogRequest {
    serde_json::from_value(value).unwrap()
}

fn simple() -> DialogRequest {
    request(json!({"phone": "+99990001122"}))
}

fn started() -> Answer {
    answers::ok(&json!({"dialog_uuid": DIALOG}))
}

async fn start(client: &CannedClient, more: &Value, request: &DialogRequest) {
    let provider = provider(client, more);
    let dialogs = provider.dialogs().unwrap();
    let caller = caller();
    let dialog = dialogs.start(&caller.context(), &target(), request).await;
    assert_eq!(dialog.unwrap().record, RecordRef::new("dialog", DIALOG));
}

#[tokio::test]
async fn trap_n07_n54_every_value_is_sent_as_text() {
    let client = CannedClient::new().on("POST", START, started());
    let all = request(json!({
        "phone": "+9999 000-11-22", "script": "main_script", "script_entry_point": "hello",
        "inputs": {"name": "Anna", "amount": 12.5, "count": 3, "vip": true, "note": ""},
    }));
    start(&client, &json!({}), &all).await;
    let sent = &client.requests()[0];
    assert_eq!(sent.line(), format!("POST {START}?agent_uuid={AGENT}"));
    assert_eq!((sent.operation, sent.safety), ("NN-03", Safety::Write));
    assert_eq!(
        sent.json(),
        json!({
            "msisdn": "+99990001122", "script_name": "main_script", "script_entry_point": "hello",
            "name": "Anna", "amount": "12.5", "count": "3", "vip": "true", "note": "",
        })
    );
}

#[tokio::test]
async fn trap_n08_the_phone_goes_in_the_connections_form_and_field() {
    for (more, field, phone) in [
        (json!({}), "msisdn", "+79990001122"),
        (json!({"phone_format": "digits"}), "msisdn", "79990001122"),
        (
            json!({
                "phone_format": "national", "phone_country_code": "7", "phone_field": "phone",
            }),
            "phone",
            "9990001122",
        ),
    ] {
        let client = CannedClient::new().on("POST", START, started());
        let request = request(json!({"phone": "8 (999) 000-11-22", "script": "x"}));
        start(&client, &more, &request).await;
        assert_eq!(client.requests()[0].json()[field], phone, "{more}");
    }
    let client = CannedClient::new().on("POST", START, started());
    let scripted = request(json!({"phone": "+99990001122", "script": "x"}));
    start(&client, &json!({"script_field": "script"}), &scripted).await;
    assert_eq!(client.requests()[0].json()["script"], "x");
}

#[tokio::test]
async fn trap_n55_a_selection_is_made_only_with_its_name() {
    for (batch, campaign, query) in [
        (None, None, format!("agent_uuid={AGENT}")),
        (
            Some(BATCH),
            Some("Spring & sale"),
            format!(
                "agent_uuid={AGENT}&bulk_uuid={BATCH}&with_selection=true\
                 &selection_name=Spring%20%26%20sale"
            ),
        ),
    ] {
        let client = CannedClient::new().on("POST", START, started());
        let provider = provider(&client, &json!({}));
        let target = DialogTarget {
            batch: batch.map(str::to_owned),
            campaign: campaign.map(str::to_owned),
            ..target()
        };
        let dialogs = provider.dialogs().unwrap();
        let caller = caller();
        let dialog = dialogs.start(&caller.context(), &target, &simple()).await;
        let hint = dialog.unwrap().hint.unwrap();
        assert_eq!(client.lines(), [format!("POST {START}?{query}")]);
        assert_eq!(hint["agent_uuid"], AGENT);
        assert_eq!(hint.get("bulk_uuid").is_some(), batch.is_some());
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_with_its_place() {
    let client = CannedClient::new();
    let provider = provider(&client, &json!({}));
    let dialogs = provider.dialogs().unwrap();
    let refused = |target: &DialogTarget, value: Value, index| {
        let error = dialogs.validate_dialog(target, &request(value), index);
        let error = error.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput);
        assert!(error.unsent);
        error.pointer.unwrap()
    };
    for (value, pointer) in [
        (json!({"phone": "9990001122"}), "/phone"),
        (json!({"phone": "anna"}), "/phone"),
        (json!({"phone": "+99990001122", "script": " "}), "/script"),
        (
            json!({"phone": "+99990001122", "inputs": {"a/b": null}}),
            "/inputs/a~1b",
        ),
        (
            json!({"phone": "+99990001122", "inputs": {"list": [1]}}),
            "/inputs/list",
        ),
        (
            json!({"phone": "+99990001122", "inputs": {"msisdn": "+7"}}),
            "/inputs/msisdn",
        ),
        (
            json!({"phone": "+99990001122", "inputs": {"script_name": "x"}}),
            "/inputs/script_name",
        ),
        (
            json!({"phone": "+99990001122", "inputs": {" ": "x"}}),
            "/inputs/ ",
        ),
    ] {
        assert_eq!(refused(&target(), value.clone(), None), pointer);
        assert_eq!(
            refused(&target(), value, Some(3)),
            format!("/dialogs/3{pointer}")
        );
    }
    let good = json!({"phone": "+99990001122"});
    let odd = |agent: &str, batch: Option<&str>, campaign: Option<&str>| DialogTarget {
        agent: agent.to_owned(),
        batch: batch.map(str::to_owned),
        campaign: campaign.map(str::to_owned),
    };
    assert_eq!(refused(&odd("", None, None), good.clone(), None), "/agent");
    assert_eq!(
        refused(&odd("a/b", None, None), good.clone(), None),
        "/agent"
    );
    assert_eq!(
        refused(&odd(AGENT, Some(""), None), good.clone(), None),
        "/batch"
    );
    assert_eq!(
        refused(&odd(AGENT, None, Some(" ")), good, None),
        "/campaign"
    );
    assert!(dialogs.validate_dialog(&target(), &simple(), None).is_ok());
    assert!(client.requests().is_empty());
}

#[tokio::test]
async fn trap_n09_a_start_is_sent_once_and_what_became_of_it_is_told() {
    let odd = || answers::ok(&json!({"status": "accepted"}));
    for (client, kind, unsent) in [
        (
            CannedClient::new().fails("POST", START, || TransportError::Timeout),
            ErrorKind::Transport,
            false,
        ),
        (
            CannedClient::new().fails("POST", START, || TransportError::Connect(None)),
            ErrorKind::Transport,
            true,
        ),
        (
            CannedClient::new().on("POST", START, odd()),
            ErrorKind::BadResponse,
            false,
        ),
        (
            CannedClient::new().on("POST", START, answers::html(200)),
            ErrorKind::BadResponse,
            false,
        ),
        (
            CannedClient::new().on("POST", START, answers::json(500, &json!({}))),
            ErrorKind::VendorFailure,
            false,
        ),
        (
            CannedClient::new().on("POST", START, answers::json(409, &json!({"message": "?"}))),
            ErrorKind::InvalidRequest,
            false,
        ),
    ] {
        let provider = provider(&client, &json!({}));
        let dialogs = provider.dialogs().unwrap();
        let caller = caller();
        let started = dialogs.start(&caller.context(), &target(), &simple()).await;
        let error = started.unwrap_err();
        assert_eq!((error.kind, error.unsent), (kind, unsent));
        assert_eq!(client.requests().len(), 1);
        if kind == ErrorKind::BadResponse {
            assert_eq!(error.retry, Retry::Never);
        }
    }
}

#[tokio::test]
async fn trap_n06_a_group_is_taken_with_any_status_of_success() {
    for status in [200, 201, 202] {
        let ids = json!({"bulk_uuid": BATCH, "task_uuid": "t-1"});
        let client = CannedClient::new().on("POST", START_MANY, answers::json(status, &ids));
        let provider = provider(&client, &json!({}));
        let dialogs = provider.dialogs().unwrap();
        let caller = caller();
        let many = [simple(), request(json!({"phone": "+99990001123"}))];
        let batch = dialogs
            .start_batch(&caller.context(), &target(), &many)
            .await;
        let batch = batch.unwrap();
        assert_eq!((batch.batch.as_str(), batch.task.as_str()), (BATCH, "t-1"));
        let body = client.requests()[0].json();
        assert_eq!(
            body,
            json!([{"msisdn": "+99990001122"}, {"msisdn": "+99990001123"}]),
            "a real array"
        );
    }
    let client = CannedClient::new().on("POST", START_MANY, answers::ok(&json!({})));
    let provider = provider(&client, &json!({}));
    let dialogs = provider.dialogs().unwrap();
    let caller = caller();
    let context = caller.context();
    let odd = dialogs.start_batch(&context, &target(), &[simple()]).await;
    assert_eq!(odd.unwrap_err().kind, ErrorKind::BadResponse);
    for many in [vec![], vec![simple(); dialogs.batch_limit() + 1]] {
        let refused = dialogs.start_batch(&context, &target(), &many).await;
        assert_eq!(refused.unwrap_err().pointer.as_deref(), Some("/dialogs"));
    }
    assert_eq!(client.requests().len(), 1);
}

async fn progress(status: Value, result: Answer) -> BatchProgress {
    let client = CannedClient::new()
        .on("GET", STATUS, answers::ok(&status))
        .always("GET", RESULT, result);
    let provider = provider(&client, &json!({}));
    let batch = StartedBatch {
        agent: AGENT.to_owned(),
        batch: BATCH.to_owned(),
        task: "t-1".to_owned(),
    };
    let dialogs = provider.dialogs().unwrap();
    let caller = caller();
    let told = dialogs.batch_progress(&caller.context(), &batch).await;
    told.unwrap()
}

#[tokio::test]
async fn trap_n11_n13_only_success_is_done_and_its_result_may_be_late() {
    let items = || answers::ok(&json!([{"status": true, "dialog_uuid": DIALOG}]));
    for state in ["PENDING", "STARTED", "RETRY", "anything", ""] {
        let told = progress(json!({"state": state, "info": "3 of 9"}), items()).await;
        let BatchProgress::Running { state_raw, info } = told else {
            panic!("{state}: {told:?}")
        };
        assert_eq!(
            (state_raw.as_str(), info.as_deref()),
            (state, Some("3 of 9"))
        );
    }
    for state in ["FAILURE", "REVOKED", "failure"] {
        let told = progress(json!({"state": state, "info": null}), items()).await;
        assert!(matches!(told, BatchProgress::Failed { .. }), "{told:?}");
    }
    for late in [
        answers::json(404, &json!({"message": "no"})),
        answers::json(409, &json!({"message": "Result not found"})),
        answers::ok(&json!([])),
    ] {
        let told = progress(json!({"state": "SUCCESS"}), late).await;
        assert!(matches!(told, BatchProgress::Running { .. }), "{told:?}");
    }
    let told = progress(json!({"state": "success"}), items()).await;
    assert!(matches!(told, BatchProgress::Done(_)), "{told:?}");
}

#[tokio::test]
async fn case_029_trap_n12_each_dialog_of_a_group_is_told_one_by_one() {
    let told = progress(
        json!({"state": "SUCCESS", "info": "4 of 4"}),
        answers::ok(&json!([
            {"status": true, "msisdn": "+99990001122", "message": "", "dialog_uuid": DIALOG},
            {"status": false, "msisnd": "12", "message": "Invalid phone number", "dialog_uuid": null},
            {"status": "true", "phone": "+99990001123", "dialog_uuid": null},
            {"msisdn": "+99990001124", "dialog_uuid": "d-4"},
        ])),
    )
    .await;
    let BatchProgress::Done(items) = told else {
        panic!("{told:?}")
    };
    let accepted: Vec<bool> = items.iter().map(|item| item.accepted).collect();
    assert_eq!(accepted, [true, false, true, true]);
    let phones: Vec<_> = items
        .iter()
        .map(|item| item.phone_raw.as_deref().unwrap())
        .collect();
    assert_eq!(
        phones,
        ["+99990001122", "12", "+99990001123", "+99990001124"]
    );
    let records: Vec<bool> = items.iter().map(|item| item.record.is_some()).collect();
    assert_eq!(records, [true, false, false, true]);
    assert_eq!(items[1].message.as_deref(), Some("Invalid phone number"));
    assert_eq!(items[0].hint.as_ref().unwrap()["bulk_uuid"], BATCH);
    assert!(items[1].hint.is_none());
}

#[tokio::test]
async fn case_032_a_group_without_data_is_not_ready_and_no_error() {
    let path = "/api/v2/ext/statistic/dialog-group";
    for (answer, known) in [
        (
            answers::json(404, &json!({"message": "No data for dialog report"})),
            0,
        ),
        (answers::json(404, &json!([])), 0),
        (answers::ok(&json!([])), 0),
        (
            answers::ok(&json!([
                {"msisnd": "+99990001122", "dialog_uuid": "d-1", "date": "02-03-2026 09:00:00",
                 "result": "busy"},
                {"msisdn": "+99990001123", "dialog_uuid": "d-2", "date": "2026-03-02 09:01:00",
                 "result": "success", "city": "Boston"},
                {"msisdn": "+99990001122", "dialog_uuid": "d-1", "date": "2026-03-02T09:05:00",
                 "result": "success"},
                {"msisdn": "+99990001125", "date": "2026-03-02T09:05:00"},
            ])),
            3,
        ),
    ] {
        let client = CannedClient::new().on("GET", path, answer);
        let provider = provider(&client, &json!({}));
        let dialogs = provider.dialogs().unwrap();
        let caller = caller();
        let outcomes = dialogs.batch_outcomes(&caller.context(), BATCH).await;
        let outcomes = outcomes.unwrap();
        assert_eq!(outcomes.len(), known);
        if known == 0 {
            continue;
        }
        assert!(
            matches!(outcomes[0], Change::Quarantined { .. }),
            "it names no dialog"
        );
        let Change::Upsert(twice) = &outcomes[1] else {
            panic!("{:?}", outcomes[1])
        };
        assert_eq!(twice.record, RecordRef::new("dialog", "d-1"));
        assert_eq!(twice.call.attempts.len(), 2);
        assert_eq!(twice.call.status, CallStatus::Completed);
        assert_eq!(twice.call.batch_remote_id.as_deref(), Some(BATCH));
        assert_eq!(twice.call.parties[1].phone.as_deref(), Some("+99990001122"));
        assert!(
            twice.unfinished,
            "its calls, log and recording come with its lookup"
        );
        assert_eq!(twice.unmapped, Vec::<String>::new());
        let lookup = provider.lookup().unwrap();
        let Some(Change::Upsert(again)) = lookup.remap(&twice.record, &twice.raw) else {
            panic!("no remap")
        };
        assert_eq!(again.call.attempts, twice.call.attempts);
        assert_eq!(again.call.batch_remote_id, twice.call.batch_remote_id);
    }
}

#[tokio::test]
async fn trap_n49_deleting_one_never_becomes_deleting_all() {
    let client = CannedClient::new();
    let provider = provider(&client, &json!({}));
    let dialogs = provider.dialogs().unwrap();
    let caller = caller();
    for odd in ["", " ", "\u{0}", "a b", "&"] {
        let refused = dialogs.remove_queued(&caller.context(), AGENT, odd).await;
        assert_eq!(
            refused.unwrap_err().kind,
            ErrorKind::InvalidInput,
            "{odd:?}"
        );
    }
    for odd in ["", " "] {
        let refused = dialogs.clear_queue(&caller.context(), odd).await;
        assert_eq!(
            refused.unwrap_err().kind,
            ErrorKind::InvalidInput,
            "{odd:?}"
        );
    }
    assert!(client.requests().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn trap_n50_commands_send_an_empty_object_and_take_null() {
    for (answer, value) in [
        (answers::ok_bytes("null"), Value::Null),
        (answers::empty(200), Value::Null),
        (answers::ok(&json!({})), json!({})),
        (answers::empty(204), Value::Null),
    ] {
        let client =
            CannedClient::new().plays("POST", "/api/v2/ext/queue/*", move |_| answer.clone());
        let provider = provider(&client, &json!({}));
        let dialogs = provider.dialogs().unwrap();
        let caller = caller();
        let context = caller.context();
        assert_eq!(dialogs.stop_queue(&context, AGENT).await.unwrap(), value);
        assert_eq!(dialogs.resume_queue(&context, AGENT).await.unwrap(), value);
        assert_eq!(dialogs.clear_queue(&context, AGENT).await.unwrap(), value);
        let one = dialogs.remove_queued(&context, AGENT, DIALOG).await;
        assert_eq!(one.unwrap(), value);
        let base = "POST /api/v2/ext/queue";
        assert_eq!(
            client.lines(),
            [
                format!("{base}/stop?agent_uuid={AGENT}"),
                format!("{base}/return?agent_uuid={AGENT}"),
                format!("{base}/remove?agent_uuid={AGENT}"),
                format!("{base}/remove?agent_uuid={AGENT}&dialog_uuid={DIALOG}"),
            ]
        );
        let requests = client.requests();
        let operations: Vec<&str> = requests.iter().map(|sent| sent.operation).collect();
        assert_eq!(operations, ["NN-35", "NN-36", "NN-37", "NN-38"]);
        for sent in requests {
            assert_eq!((sent.safety, sent.json()), (Safety::Write, json!({})));
            assert_eq!(sent.headers["content-type"], "application/json");
        }
    }
    let page = CannedClient::new().plays("POST", "/api/v2/ext/queue/*", |_| answers::html(200));
    let provider = provider(&page, &json!({}));
    let dialogs = provider.dialogs().unwrap();
    let caller = caller();
    let odd = dialogs.stop_queue(&caller.context(), AGENT).await;
    assert_eq!(odd.unwrap_err().kind, ErrorKind::BadResponse);
}

#[tokio::test]
async fn trap_n46_a_queue_is_bare_or_wrapped() {
    let path = "/api/v2/ext/queue/call";
    let rows = json!([
        {"msisdn": "99990001122", "uuid": CALL, "result": "parked",
         "date_added": "02-03-2026 09:15:30", "dialog": {"msisdn": "99990001122", "uuid": DIALOG, "x": 1},
         "priority": 5},
        {"msisnd": "99990001123", "uuid": "c-2", "result": "created", "date_added": null},
    ]);
    for (body, total) in [
        (rows.clone(), None),
        (json!({"data": rows, "total_count": 2}), Some(2)),
        (json!({"data": rows, "total_count": "2"}), Some(2)),
    ] {
        let client = CannedClient::new().on("GET", path, answers::ok(&body));
        let moscow = json!({"timezone": "Europe/Moscow"});
        let provider = provider(&client, &moscow);
        let dialogs = provider.dialogs().unwrap();
        let caller = caller();
        let query = ListQuery::default();
        let kind = QueueKind::Calls;
        let page = dialogs
            .queue(&caller.context(), AGENT, kind, Some(BATCH), &query)
            .await;
        let page = page.unwrap();
        assert_eq!((page.total, page.next), (total, None));
        let first = &page.items[0];
        assert_eq!(first.dialog_remote_id.as_deref(), Some(DIALOG));
        assert_eq!(first.phone.as_deref(), Some("+99990001122"));
        assert_eq!(first.status, CallStatus::Other);
        assert_eq!(first.status_raw.as_deref(), Some("parked"));
        assert_eq!(
            first.added_at.unwrap().to_string(),
            "2026-03-02T06:15:30.000Z",
            "in the connection's zone"
        );
        assert_eq!(
            Value::Object(first.extra.clone()),
            json!({"date_added": "02-03-2026 09:15:30", "dialog": {"x": 1}, "priority": 5})
        );
        assert_eq!(page.items[1].status, CallStatus::Queued);
        assert!(page.items[1].extra.is_empty(), "{:?}", page.items[1].extra);
        assert_eq!(
            client.lines(),
            [format!(
                "GET {path}?agent_uuid={AGENT}&limit=50&offset=0&bulk_uuid={BATCH}"
            )]
        );
    }
}

#[tokio::test]
async fn trap_n36_pages_keep_their_limit() {
    let row = |number: u64| json!({"uuid": format!("d-{number}"), "result": "queued"});
    let client = CannedClient::new().plays("GET", "/api/v2/ext/queue/dialog*", move |sent| {
        let query = sent.uri.query().unwrap();
        let number = |name: &str| -> u64 {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(key, _)| *key == name)
                .unwrap()
                .1
                .parse()
                .unwrap()
        };
        let (limit, offset) = (number("limit"), number("offset"));
        assert_eq!(offset % limit, 0, "the vendor refuses anything else");
        let rows: Vec<Value> = (offset..7.min(offset + limit)).map(row).collect();
        answers::ok(&json!(rows))
    });
    let provider = provider(&client, &json!({}));
    let dialogs = provider.dialogs().unwrap();
    let caller = caller();
    let (mut met, mut position, mut limit) = (Vec::new(), None, 3);
    loop {
        let query = ListQuery {
            limit,
            position,
            search: None,
        };
        let kind = QueueKind::Dialogs;
        let page = dialogs
            .queue(&caller.context(), AGENT, kind, None, &query)
            .await;
        let page = page.unwrap();
        met.extend(page.items.into_iter().map(|item| item.remote_id));
        limit = 2; // a caller that changes its mind cannot shift the pages
        match page.next {
            Some(next) => position = Some(next),
            None => break,
        }
    }
    let all: Vec<String> = (0..7).map(|number| format!("d-{number}")).collect();
    assert_eq!(met, all);
}

#[tokio::test]
async fn case_034_trap_n34_campaigns_begin_day_first_in_the_connections_zone() {
    let body = json!([
        {"uuid": "s-1", "name": "Spring", "started_on": "05-03-2026 16:45:30",
         "is_completed": true, "dialogs_count": 0},
        {"uuid": "s-2", "name": "API", "started_on": "2026-03-05T16:45:30+05:00",
         "is_completed": "false", "dialogs_count": "12", "owner": "x"},
        {"uuid": "s-3", "started_on": "soon"},
    ]);
    let client = CannedClient::new().always("GET", "/api/v2/ext/selection", answers::ok(&body));
    let tashkent = json!({"timezone": "Asia/Tashkent"});
    let provider = provider(&client, &tashkent);
    let dialogs = provider.dialogs().unwrap();
    let caller = caller();
    let campaigns = dialogs.campaigns(&caller.context(), AGENT, None).await;
    let campaigns = campaigns.unwrap();
    let begun: Vec<Option<String>> = campaigns
        .iter()
        .map(|campaign| campaign.started_at.map(|at| at.to_string()))
        .collect();
    let instant = Some("2026-03-05T11:45:30.000Z".to_owned());
    assert_eq!(begun, [instant.clone(), instant, None]);
    assert_eq!(campaigns[0].extra["started_on"], "05-03-2026 16:45:30");
    assert_eq!(
        Value::Object(campaigns[1].extra.clone()),
        json!({"owner": "x"})
    );
    assert_eq!(campaigns[2].extra["started_on"], "soon");
    assert_eq!(
        (campaigns[1].completed, campaigns[1].dialogs_count),
        (Some(false), Some(12))
    );
    dialogs
        .campaigns(&caller.context(), AGENT, Some(true))
        .await
        .unwrap();
    assert_eq!(
        client.lines()[1],
        format!("GET /api/v2/ext/selection?agent_uuid={AGENT}&is_completed=true")
    );
}

/// Looks for the simple dialog two hours after it was sent.
async fn search(client: &CannedClient) -> Found<StartedDialog> {
    let provider = provider(client, &json!({}));
    let dialogs = provider.dialogs().unwrap();
    let caller = caller().at("2026-03-02T11:15:00Z");
    let sent_at = "2026-03-02T09:15:00Z".parse().unwrap();
    let found = dialogs
        .find_dialog(&caller.context(), &target(), &simple(), sent_at)
        .await;
    found.unwrap()
}

#[tokio::test]
async fn case_033_a_total_that_disagrees_proves_no_absence() {
    const QUEUE: &str = "/api/v2/ext/queue/dialog";
    const REPORT: &str = "/api/v2/ext/statistic/dialog-report";
    let report = |total: u64| answers::ok(&json!({"result": [], "total": total}));
    let queue = |total: u64| answers::ok(&json!({"data": [], "total_count": total}));
    for (queued, reported, found) in [
        (0, 0, Found::No),
        (0, 3, Found::Unknown),
        (2, 0, Found::Unknown),
    ] {
        let client = CannedClient::new()
            .always("GET", QUEUE, queue(queued))
            .always("POST", REPORT, report(reported));
        assert_eq!(
            search(&client).await,
            found,
            "{queued} queued, {reported} reported"
        );
    }
    // A queue of several pages that moves while it is read may hide a row between two of them.
    for moves in [false, true] {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let client = CannedClient::new()
            .plays("GET", "/api/v2/ext/queue/dialog*", move |sent| {
                let query = sent.uri.query().unwrap();
                let round = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) / 3;
                let first = if moves { round } else { 0 };
                let range = match query {
                    _ if query.contains("offset=0") => first..first + 100,
                    _ if query.contains("offset=100") => first + 100..first + 130,
                    _ => 0..0,
                };
                let row = |number| json!({"uuid": format!("d-{number}"), "msisdn": "+99990009999"});
                let rows: Vec<Value> = range.map(row).collect();
                answers::ok(&json!(rows))
            })
            .always("POST", REPORT, report(0));
        let found = if moves { Found::Unknown } else { Found::No };
        assert_eq!(search(&client).await, found, "moves: {moves}");
    }
}
