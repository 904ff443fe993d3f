//! Requests without an answer: never sent again by themselves.

use std::time::Duration;

use callweave_provider::{ErrorKind, Retry};
use callweave_provider_testkit::fake::{Finds, operation};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::Gateway;

fn sent(gateway: &Gateway) -> usize {
    gateway.vendor.main().owned(|owned| owned.work.len())
}

/// A gateway with one job whose submission arrived and whose answer was lost.
async fn lost() -> (Gateway, String) {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    gateway.vendor.main().lose_next(operation::SUBMIT);
    let id = gateway.analyse(connection, "c-1").await;
    (gateway, id)
}

#[tokio::test]
async fn a_submission_whose_answer_was_lost_is_found_and_not_sent_again() {
    let (gateway, id) = lost().await;
    gateway.work().await;
    let job = gateway.job(&id).await;
    assert_eq!(
        (&job["state"], &job["delivery"]),
        (&json!("outcome_unknown"), &json!("unknown"))
    );
    assert_eq!(job["error"]["code"], "vendor.unreachable");
    assert_eq!(job["attempts"][0]["outcome"], "unknown");
    gateway.hasten().await;
    gateway.work().await;
    let job = gateway.job(&id).await;
    assert_eq!(
        (&job["state"], &job["delivery"]),
        (&json!("submitted"), &json!("taken"))
    );
    assert_eq!(job["error"], json!(null));
    assert_eq!(sent(&gateway), 1);
    assert_eq!(
        gateway.job_events().await,
        ["job.accepted", "job.outcome_unknown", "job.submitted"]
    );
}

#[tokio::test]
async fn what_the_vendor_certainly_does_not_have_may_be_sent_again() {
    let (gateway, id) = lost().await;
    let vendor = gateway.vendor.main();
    vendor.owned(|owned| owned.finds = Finds::Nothing);
    gateway.work().await;
    gateway.hasten().await;
    gateway.work().await;
    let job = gateway.job(&id).await;
    assert_eq!(
        (&job["state"], &job["delivery"]),
        (&json!("failed"), &json!("none"))
    );
    assert_eq!(job["can_resubmit"], true);
    let again = gateway.resubmit(&id, "").await;
    assert_eq!(again.status, 202, "{:?}", again.body);
    assert_eq!(again.json()["state"], "accepted");
    gateway.work().await;
    let job = gateway.job(&id).await;
    assert_eq!(job["state"], "submitted");
    assert_eq!(job["attempts"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_vendor_that_is_still_at_work_is_not_believed_too_early() {
    let mut options = callweave_api::ApiOptions {
        key_cache: Duration::ZERO,
        ..callweave_api::ApiOptions::default()
    };
    options.jobs.settle = Duration::from_hours(1);
    let gateway = Gateway::start_with(options).await;
    let connection = gateway.connect("main").await;
    let vendor = gateway.vendor.main();
    vendor.lose_next(operation::SUBMIT);
    vendor.owned(|owned| owned.finds = Finds::Nothing);
    let id = gateway.analyse(connection, "c-1").await;
    for _ in 0..3 {
        gateway.hasten().await;
        gateway.work().await;
        assert_eq!(gateway.job_state(&id).await, "outcome_unknown");
    }
    vendor.owned(|owned| owned.finds = Finds::Truth);
    gateway.hasten().await;
    gateway.work().await;
    assert_eq!(gateway.job_state(&id).await, "submitted");
    assert_eq!(sent(&gateway), 1);
}

#[tokio::test]
async fn where_the_vendor_cannot_tell_somebody_must_decide() {
    let (gateway, id) = lost().await;
    let vendor = gateway.vendor.main();
    vendor.owned(|owned| owned.finds = Finds::CannotTell);
    for _ in 0..12 {
        gateway.hasten().await;
        gateway.work().await;
    }
    assert_eq!(gateway.job_state(&id).await, "outcome_unknown");
    assert_eq!(
        vendor.count(operation::FIND),
        6,
        "asked a few times, then left alone"
    );
    assert_eq!(sent(&gateway), 1);
    let cancel = gateway
        .post(&format!("/v1/jobs/{id}/cancel"), &json!({}))
        .await;
    assert_eq!(cancel.code(), "gateway.conflict");
    let refused = gateway.resubmit(&id, "").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (400, "gateway.confirmation_required")
    );
    assert!(refused.json()["detail"].as_str().unwrap().contains("twice"));
    gateway.work().await;
    assert_eq!(sent(&gateway), 1);
    let confirmed = gateway.resubmit(&id, "?confirm=may_duplicate").await;
    assert_eq!(confirmed.status, 202);
    gateway.work().await;
    assert_eq!(sent(&gateway), 2);
    assert_eq!(gateway.job_state(&id).await, "submitted");
    let ended = gateway.resubmit(&id, "?confirm=may_duplicate").await;
    assert_eq!(
        ended.code(),
        "gateway.conflict",
        "what is at work is not sent again"
    );
}

#[tokio::test]
async fn case_076_a_job_whose_worker_died_is_looked_for_and_not_sent() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let vendor = gateway.vendor.main();
    vendor.delay(operation::SUBMIT, Duration::from_hours(1));
    let id = gateway.analyse(connection, "c-1").await;
    // The worker dies after the mark, before the answer.
    let shutdown = CancellationToken::new();
    let dying = gateway.workers.jobs.turn(&shutdown);
    let marked = async {
        while gateway.job_state(&id).await != "submitting" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        ended = dying => panic!("{ended:?}"),
        () = marked => {}
    }
    vendor.delay(operation::SUBMIT, Duration::ZERO);
    vendor.owned(|owned| owned.finds = Finds::CannotTell);
    assert_eq!(gateway.work().await, 0, "its lease still holds");
    gateway
        .execute("UPDATE job_queue SET lease_until = now() - interval '1 s'")
        .await;
    assert_eq!(gateway.work().await, 1);
    let job = gateway.job(&id).await;
    assert_eq!(job["state"], "outcome_unknown");
    assert_eq!(job["attempts"][0]["outcome"], "unknown");
    for _ in 0..8 {
        gateway.hasten().await;
        gateway.work().await;
    }
    assert_eq!(sent(&gateway), 0);
    assert_eq!(vendor.count(operation::SUBMIT), 1);
}

#[tokio::test]
async fn case_077_a_worker_that_lost_its_lease_writes_nothing_any_more() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let vendor = gateway.vendor.main();
    vendor.delay(operation::SUBMIT, Duration::from_millis(1_500));
    let id = gateway.analyse(connection, "c-1").await;
    let shutdown = CancellationToken::new();
    let (zombie, ()) = tokio::join!(gateway.workers.jobs.turn(&shutdown), async {
        while gateway.job_state(&id).await != "submitting" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Another replica takes it over while the first one waits for its answer.
        gateway
            .execute("UPDATE job_queue SET lease_until = now() - interval '1 s'")
            .await;
        vendor.owned(|owned| owned.finds = Finds::CannotTell);
        assert_eq!(gateway.work().await, 1);
        assert_eq!(gateway.job_state(&id).await, "outcome_unknown");
    });
    assert!(zombie.unwrap());
    let job = gateway.job(&id).await;
    assert_eq!(
        job["state"], "outcome_unknown",
        "the late answer is not written"
    );
    vendor.owned(|owned| owned.finds = Finds::Truth);
    gateway.hasten().await;
    gateway.work().await;
    assert_eq!(
        gateway.job_state(&id).await,
        "submitted",
        "it is found instead"
    );
    assert_eq!(sent(&gateway), 1);
}

#[tokio::test]
async fn what_did_not_reach_the_vendor_is_sent_later() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let vendor = gateway.vendor.main();
    let pause = Retry::After(Duration::from_secs(7));
    vendor.fail_next_with(operation::SUBMIT, ErrorKind::RateLimited, pause);
    let id = gateway.analyse(connection, "c-1").await;
    assert_eq!(gateway.work().await, 1, "the pause is kept");
    let job = gateway.job(&id).await;
    assert_eq!(
        (&job["state"], &job["delivery"]),
        (&json!("accepted"), &json!("none"))
    );
    assert_eq!(job["attempts"][0]["outcome"], "not_sent");
    assert_eq!(sent(&gateway), 0);
    gateway.hasten().await;
    gateway.work().await;
    assert_eq!(gateway.job_state(&id).await, "submitted");
    assert_eq!(sent(&gateway), 1);
    assert_eq!(
        gateway.job_events().await,
        ["job.accepted", "job.submitted"]
    );
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_and_the_work_sent_once() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let vendor = gateway.vendor.main();
    vendor.fail_next(operation::SUBMIT, ErrorKind::Unauthorized);
    let id = gateway.analyse(connection, "c-1").await;
    gateway.work().await;
    assert_eq!(gateway.job_state(&id).await, "submitted");
    assert_eq!(sent(&gateway), 1);
}

#[tokio::test]
async fn a_login_that_fails_sends_nothing_and_is_tried_later() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let vendor = gateway.vendor.main();
    vendor.fail_next(operation::SUBMIT, ErrorKind::Unauthorized);
    vendor.fail_next(operation::REFRESH, ErrorKind::Transport);
    vendor.fail_next(operation::LOGIN, ErrorKind::Transport);
    let id = gateway.analyse(connection, "c-1").await;
    gateway.work().await;
    let job = gateway.job(&id).await;
    assert_eq!(
        (&job["state"], &job["delivery"]),
        (&json!("accepted"), &json!("none"))
    );
    assert_eq!(sent(&gateway), 0);
    gateway
        .execute("UPDATE tokens SET not_before = NULL, logins = '{}'")
        .await;
    gateway.hasten().await;
    gateway.work().await;
    assert_eq!(gateway.job_state(&id).await, "submitted");
    assert_eq!(sent(&gateway), 1);
}

#[tokio::test]
async fn a_refusal_ends_the_job_with_the_vendors_words() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let vendor = gateway.vendor.main();
    vendor.fail_next(operation::SUBMIT, ErrorKind::InvalidRequest);
    let id = gateway.analyse(connection, "c-1").await;
    gateway.work().await;
    let job = gateway.job(&id).await;
    assert_eq!(
        (&job["state"], &job["delivery"]),
        (&json!("failed"), &json!("none"))
    );
    assert_eq!(job["error"]["code"], "vendor.request_rejected");
    assert_eq!(job["error"]["operation"], operation::SUBMIT);
    assert_eq!(gateway.work().await, 0);
    assert_eq!(
        gateway.resubmit(&id, "").await.status,
        202,
        "nothing was taken"
    );
}

#[tokio::test]
async fn an_analysis_that_fails_at_the_vendor_needs_a_word_to_be_sent_again() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let vendor = gateway.vendor.main();
    let id = gateway.analyse(connection, "c-1").await;
    gateway.work().await;
    vendor.delete("c-1");
    gateway.hasten().await;
    gateway.work().await;
    let job = gateway.job(&id).await;
    assert_eq!(
        (&job["state"], &job["delivery"]),
        (&json!("failed"), &json!("taken"))
    );
    assert_eq!(job["error"]["vendor_message"], "the sound is too bad");
    assert_eq!(
        gateway.resubmit(&id, "").await.code(),
        "gateway.confirmation_required"
    );
    assert_eq!(
        gateway.resubmit(&id, "?confirm=may_duplicate").await.status,
        202
    );
}
