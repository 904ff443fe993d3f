//! Recordings that go through the gateway to the vendor.

use std::time::Duration;

use callweave_api::ApiOptions;
use callweave_provider::ErrorKind;
use callweave_provider_testkit::fake::operation;
use serde_json::{Value, json};

use crate::support::{Form, Gateway, quick_jobs};

const KIB: usize = 1024;

#[tokio::test]
async fn a_recording_goes_to_the_vendor_as_it_comes() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let vendor = gateway.vendor.main();
    let answer = Form::new(connection, 300 * KIB)
        .field("started_at", "2026-03-02T09:15:00Z")
        .field("agent_name", "Nadia Example")
        .field(
            "external_refs",
            r#"[{"system": "crm", "type": "deal", "id": "1"}]"#,
        )
        .send(&gateway)
        .await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let job = answer.json();
    assert_eq!(
        (&job["state"], &job["source"]),
        (&json!("submitted"), &json!("recording"))
    );
    assert_eq!(
        answer.header("location"),
        format!("/v1/jobs/{}", job["id"].as_str().unwrap())
    );
    let work = vendor.owned(|owned| owned.work.clone());
    assert_eq!(work.len(), 1);
    assert_eq!(work[0].bytes, Some(300 * KIB as u64));
    assert_eq!(
        work[0].submission.agent_name.as_deref(),
        Some("Nadia Example")
    );
    let sent = serde_json::to_value(&work[0].submission.source).unwrap();
    let name = sent["file_name"].as_str().unwrap();
    let (unique, ending) = name.rsplit_once('.').unwrap();
    assert!(unique.parse::<uuid::Uuid>().is_ok(), "{name}");
    assert_eq!(ending, "wav");
    assert_eq!(sent["content_type"], "audio/wav");
    let call = gateway
        .get(job["links"]["call"].as_str().unwrap())
        .await
        .json();
    assert_eq!(call["external_refs"][0]["id"], "1");
    assert_eq!(call["kind"], "upload");
    let whole = json!({
        "connection_id": connection, "source": {"type": "audio", "size_bytes": 5 * KIB},
        "client_metadata": {"a": 1},
    });
    let form = Form::new(connection, 5 * KIB).whole(&whole);
    let answer = form.send(&gateway).await;
    assert_eq!(answer.json()["type"], "transcribe", "{:?}", answer.body);
    assert_eq!(vendor.owned(|owned| owned.work.len()), 2);
}

#[tokio::test]
async fn a_small_form_that_comes_at_once_is_read() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let answer = Form::new(connection, 4).send_at_once(&gateway).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let bytes = gateway.vendor.main().owned(|owned| owned.work[0].bytes);
    assert_eq!(bytes, Some(4));
}

#[tokio::test]
async fn fields_that_were_not_filled_in_say_nothing() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let mut form = Form::new(connection, 4)
        .field("agent_name", "")
        .field("submission", "");
    form.after = vec![("language", String::new()), ("type", String::new())];
    let answer = form.send(&gateway).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let whole = json!({"connection_id": connection});
    let mut form = Form::new(connection, 4).whole(&whole);
    form.after = vec![("language", String::new()), ("type", "audio".to_owned())];
    let refused = form.send(&gateway).await;
    assert_eq!((refused.status, refused.pointer().as_str()), (422, "/file"));
}

#[tokio::test]
async fn the_parts_of_a_form_come_in_any_order() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let vendor = gateway.vendor.main();
    let whole = json!({"connection_id": connection, "call": {"agent_name": "Nadia Example"}});
    let fields = [
        ("connection_id", connection.to_string()),
        ("agent_name", "Nadia Example".to_owned()),
    ];
    // Small files are held in memory, larger ones lie on the disk meanwhile.
    for (number, size) in [3, 700 * KIB].into_iter().enumerate() {
        for (before, after) in [
            (vec![], fields.to_vec()),
            (fields[..1].to_vec(), fields[1..].to_vec()),
            (vec![], vec![("submission", whole.to_string())]),
        ] {
            let mut form = Form::new(connection, size);
            (form.fields, form.after) = (before, after);
            let answer = form.send(&gateway).await;
            assert_eq!(answer.status, 202, "{:?}", answer.body);
            let work = vendor.owned(|owned| owned.work.pop()).unwrap();
            assert_eq!(work.bytes, Some(size as u64), "{number}");
            assert_eq!(work.submission.agent_name.as_deref(), Some("Nadia Example"));
        }
    }
    // It is the same request in whichever order its parts come.
    let send = async |first: bool, agent: &str| {
        let mut form = Form::new(connection, KIB);
        form.key = "k".to_owned();
        let fields = vec![
            ("connection_id", connection.to_string()),
            ("agent_name", agent.to_owned()),
        ];
        (form.fields, form.after) = if first {
            (fields, vec![])
        } else {
            (vec![], fields)
        };
        form.send(&gateway).await
    };
    assert_eq!(send(true, "Nadia").await.status, 202);
    let again = send(false, "Nadia").await;
    assert_eq!(
        (again.status, again.header("idempotency-replayed")),
        (202, "true")
    );
    assert_eq!(
        send(false, "Vera").await.code(),
        "gateway.idempotency_key_reused"
    );

    let mut twice = Form::new(connection, KIB);
    twice.after = vec![("file", "more".to_owned())];
    let twice = twice.send(&gateway).await;
    assert_eq!((twice.status, twice.pointer().as_str()), (422, "/file"));
    let mut nobody = Form::new(connection, KIB);
    nobody.fields.clear();
    let nobody = nobody.send(&gateway).await;
    assert_eq!(
        (nobody.status, nobody.pointer().as_str()),
        (422, "/connection_id")
    );
    let many = (0..101).map(|_| ("language", String::new()));
    let mut endless = Form::new(connection, KIB);
    endless.after = many.collect();
    assert_eq!(endless.send(&gateway).await.status, 413);
}

#[tokio::test]
async fn a_caller_who_breaks_off_a_form_of_fields_leaves_nothing() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let mut form = Form::new(connection, 500 * KIB).broken();
    form.key = "k".to_owned();
    let broken = form.send(&gateway).await;
    assert_eq!(
        (broken.status, broken.code().as_str()),
        (400, "gateway.bad_request")
    );
    assert!(gateway.get("/v1/jobs").await.ids().is_empty());
    assert_eq!(gateway.vendor.main().owned(|owned| owned.broken_uploads), 0);
    let mut form = Form::new(connection, 500 * KIB);
    form.key = "k".to_owned();
    assert_eq!(form.send(&gateway).await.json()["state"], "submitted");
}

#[tokio::test]
async fn the_same_upload_is_answered_again_and_another_file_refused() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let send = async |size: usize, agent: &str| {
        let mut form = Form::new(connection, size).field("agent_name", agent);
        form.key = "k".to_owned();
        form.send(&gateway).await
    };
    let first = send(10 * KIB, "Nadia").await;
    assert_eq!(first.status, 202);
    let again = send(10 * KIB, "Nadia").await;
    assert_eq!((again.status, &again.body), (202, &first.body));
    assert_eq!(again.header("idempotency-replayed"), "true");
    for other in [send(11 * KIB, "Nadia").await, send(10 * KIB, "Vera").await] {
        assert_eq!(
            (other.status, other.code().as_str()),
            (422, "gateway.idempotency_key_reused")
        );
    }
    let mut nameless = Form::new(connection, KIB);
    nameless.key = String::new();
    assert_eq!(nameless.send(&gateway).await.status, 400);
    assert_eq!(gateway.vendor.main().owned(|owned| owned.work.len()), 1);
    assert_eq!(gateway.get("/v1/jobs").await.ids().len(), 1);
}

#[tokio::test]
async fn a_caller_who_breaks_off_has_sent_nothing_and_may_try_again() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let vendor = gateway.vendor.main();
    let whole = json!({"connection_id": connection});
    let mut form = Form::new(connection, 200 * KIB).whole(&whole).broken();
    form.key = "k".to_owned();
    let broken = form.send(&gateway).await;
    assert_eq!(
        (broken.status, broken.code().as_str()),
        (400, "gateway.bad_request")
    );
    assert_eq!(
        vendor.owned(|owned| (owned.work.len(), owned.broken_uploads)),
        (0, 1)
    );
    let jobs = gateway.get("/v1/jobs").await.json();
    let job = &jobs["data"][0];
    assert_eq!(
        (&job["state"], &job["delivery"]),
        (&json!("failed"), &json!("none"))
    );
    assert!(
        job["error"]["detail"]
            .as_str()
            .unwrap()
            .contains("does not have it"),
        "{job}"
    );
    assert_eq!(job["can_resubmit"], false);
    let id = job["id"].as_str().unwrap();
    assert_eq!(gateway.resubmit(id, "").await.code(), "gateway.conflict");
    let mut form = Form::new(connection, 200 * KIB).whole(&whole);
    form.key = "k".to_owned();
    let whole = form.send(&gateway).await;
    assert_eq!(
        (whole.status, &whole.json()["state"]),
        (202, &json!("submitted"))
    );
    assert_eq!(vendor.owned(|owned| owned.work.len()), 1);
}

#[tokio::test]
async fn an_upload_whose_answer_is_lost_is_looked_for() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let vendor = gateway.vendor.main();
    vendor.lose_next(operation::SUBMIT);
    let answer = Form::new(connection, 100 * KIB).send(&gateway).await;
    assert_eq!(
        (answer.status, &answer.json()["state"]),
        (202, &json!("outcome_unknown"))
    );
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    gateway.hasten().await;
    gateway.work().await;
    assert_eq!(gateway.job_state(&id).await, "submitted");
    assert_eq!(vendor.owned(|owned| owned.work.len()), 1);
}

#[tokio::test]
async fn a_vendor_that_refuses_early_does_not_keep_the_caller_from_its_answer() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let vendor = gateway.vendor.main();
    vendor.owned(|owned| owned.reads_at_most = Some(64 * KIB as u64));
    let answer = Form::new(connection, 5_000 * KIB).send(&gateway).await;
    let job = answer.json();
    assert_eq!((answer.status, &job["state"]), (202, &json!("failed")));
    assert_eq!(job["error"]["code"], "vendor.request_rejected");
    assert_eq!(job["delivery"], "none");
}

#[tokio::test]
async fn the_token_is_proved_before_the_file_comes() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let vendor = gateway.vendor.main();
    // The token that is kept is refused from now on.
    vendor.fail_next(operation::CHECK, ErrorKind::Unauthorized);
    let answer = Form::new(connection, KIB).send(&gateway).await;
    assert_eq!(answer.json()["state"], "submitted", "{:?}", answer.body);
    assert_eq!(vendor.count(operation::SUBMIT), 1);
    vendor.refuse(operation::CHECK, true);
    let answer = Form::new(connection, KIB).send(&gateway).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (502, "vendor.forbidden")
    );
    assert_eq!(vendor.count(operation::SUBMIT), 1, "the file did not leave");
    assert_eq!(gateway.get("/v1/jobs").await.ids().len(), 1);
}

#[tokio::test]
async fn what_is_too_large_or_no_whole_form_never_arrives() {
    let gateway = Gateway::start_with(ApiOptions {
        key_cache: Duration::ZERO,
        upload_limit: 100 * KIB as u64,
        jobs: quick_jobs(),
        ..ApiOptions::default()
    })
    .await;
    let connection = gateway.connect("main").await;
    let vendor = gateway.vendor.main();
    let too_large = Form::new(connection, 101 * KIB).send(&gateway).await;
    assert_eq!(
        (too_large.status, too_large.code().as_str()),
        (413, "gateway.body_too_large")
    );
    let announced = Form::new(connection, KIB)
        .field("size_bytes", "102401")
        .send(&gateway)
        .await;
    assert_eq!(announced.status, 413);
    for size in ["1023", "1025"] {
        let other = Form::new(connection, KIB)
            .field("size_bytes", size)
            .send(&gateway)
            .await;
        assert_eq!(
            (other.status, other.pointer().as_str()),
            (422, "/source/size_bytes")
        );
    }
    let whole = json!({"connection_id": connection});
    let mut trailing = Form::new(connection, KIB).whole(&whole);
    trailing.after.push(("agent_name", "Nadia".to_owned()));
    let trailing = trailing.send(&gateway).await;
    assert_eq!(
        (trailing.status, trailing.pointer().as_str()),
        (422, "/file")
    );
    let odd = Form::new(connection, KIB)
        .field("odd", "1")
        .send(&gateway)
        .await;
    assert_eq!((odd.status, odd.pointer().as_str()), (422, "/odd"));
    let url = Form::new(connection, KIB)
        .field("type", "recording_url")
        .send(&gateway)
        .await;
    assert_eq!((url.status, url.pointer().as_str()), (422, "/source/type"));
    assert!(
        vendor.owned(|owned| owned.work.is_empty()),
        "nothing arrived whole"
    );
    let jobs = gateway.get("/v1/jobs").await.json();
    let states: Vec<&Value> = jobs["data"].as_array().unwrap().iter().collect();
    assert!(states.iter().all(|job| job["state"] == "failed"), "{jobs}");
    let fits = Form::new(connection, 100 * KIB).send(&gateway).await;
    assert_eq!(fits.json()["state"], "submitted");
}

#[tokio::test]
async fn an_upload_whose_process_died_is_not_sent_by_another() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let vendor = gateway.vendor.main();
    vendor.delay(operation::SUBMIT, Duration::from_hours(1));
    let form = Form::new(connection, KIB);
    tokio::select! {
        answer = form.send(&gateway) => panic!("{answer:?}"),
        () = async {
            while gateway.get("/v1/jobs?state=submitting").await.ids().is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        } => {}
    }
    let id = gateway.get("/v1/jobs").await.ids()[0].clone();
    gateway
        .execute("UPDATE job_queue SET lease_epoch = lease_epoch + 1, lease_until = NULL, due_at = now()")
        .await;
    gateway.work().await;
    assert_eq!(
        gateway.job_state(&id).await,
        "failed",
        "the vendor does not have it"
    );
    assert_eq!(vendor.count(operation::SUBMIT), 1);
}
