//! What a running gateway tells about itself.

use std::{fs, time::Duration};

use callweave_sandbox::Vendor;
use rustix::process::Signal;

use crate::{
    outside::{PATIENCE, Stage},
    support::{Place, Running, eventually, free_address, http, turn},
};

/// What dashboards, alerts and people look for.
const FIGURES: [&str; 33] = [
    // Requests: rate, errors, duration by route.
    "callweave_http_requests_total{method=\"GET\",route=\"/v1/calls\",status=\"200\"}",
    "callweave_http_requests_total{method=\"GET\",route=\"/v1/calls/{id}\",status=\"404\"}",
    "callweave_http_request_seconds_bucket{method=\"GET\",route=\"/v1/calls\",le=\"0.1\"}",
    "callweave_http_connections ",
    // Vendors: by operation and outcome.
    "callweave_vendor_requests_total{vendor=\"callgear\",operation=\"CG-",
    "outcome=\"2xx\"}",
    "callweave_vendor_request_seconds_bucket{vendor=\"callgear\",operation=\"CG-",
    "callweave_vendor_retries_total{vendor=\"callgear\",operation=\"CG-",
    "callweave_token_renewals_total{vendor=\"neuro\",outcome=\"ok\"}",
    // Syncs.
    "callweave_sync_turns_total{vendor=\"callgear\",outcome=\"done\"}",
    "callweave_sync_turn_seconds_count{vendor=\"callgear\"}",
    "callweave_sync_pages_total{vendor=\"callgear\"}",
    "callweave_sync_records_total{vendor=\"callgear\"}",
    "callweave_sync_changes_total{vendor=\"callgear\",change=\"created\"} 5",
    "callweave_unmapped_members_total{vendor=\"callgear\"} 0",
    "callweave_records_quarantined_total{vendor=\"callgear\"} 0",
    "callweave_sync_lag_seconds ",
    "callweave_sync_wait_seconds ",
    "callweave_sync_connections{state=\"all\"} 2",
    // Work that waits.
    "callweave_job_queue{state=\"due\"} 0",
    "callweave_job_wait_seconds ",
    // The process and its database.
    "callweave_database_connections{pool=\"requests\"}",
    "callweave_database_waiting{pool=\"workers\"} 0",
    "callweave_background_up{work=\"sync\"} 1",
    "callweave_build_info{version=\"",
    "process_resident_memory_bytes ",
    "callweave_database_refuses_changes 0",
    // What alerts wait for begins at zero: they see no increase otherwise.
    "callweave_http_shed_total 0",
    "callweave_transactions_repeated_total 0",
    "callweave_secrets_unreadable_total{kind=\"token\"} 0",
    "callweave_background_restarts_total{work=\"sync\"} 0",
    "callweave_token_renewals_total{vendor=\"transcripto\",outcome=\"failed\"} 0",
    "state=\"failed\"} 0",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_figure_of_operation_is_told() {
    let _turn = turn().await;
    let stage = Stage::new(5).await;
    // The first one only connects; its token is over when the second one wants it.
    let first = stage.gateway("api", &[]).await;
    for vendor in [Vendor::CallGear, Vendor::Neuro] {
        stage
            .connect(&first.api, vendor, &stage.sandbox.base_url())
            .await;
    }
    assert_eq!(first.running.stop().0, Some(0));
    stage.age_tokens().await;
    stage.sandbox.world().add_fault(
        callweave_sandbox::FaultSpec::always(
            Vendor::CallGear,
            "CG-16",
            callweave_sandbox::FaultKind::Status { status: 503 },
        )
        .times(1),
    );
    let gateway = stage.gateway("all", &[]).await;
    let api = &gateway.api;
    let nothing = "/v1/calls/00000000-0000-0000-0000-000000000000";
    eventually("every figure", PATIENCE, async || {
        api.get("/v1/calls").await;
        let (status, _) = api.send(reqwest::Method::GET, nothing, None).await;
        assert_eq!(status, 404);
        let told = api.metrics().await;
        let missing: Vec<&str> = FIGURES
            .into_iter()
            .filter(|figure| !told.contains(figure))
            .collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(format!("{missing:#?} in {told}"))
        }
    })
    .await;
}

#[tokio::test]
async fn the_log_level_is_read_again_on_sighup() {
    let _turn = turn().await;
    let place = Place::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "[log]\nlevel = \"error\"\n").unwrap();
    let address = free_address();
    let mut command = place.command();
    command.args(["serve", "--listen", &address, "--config"]);
    let running = Running::start(command.arg(file.path()));
    let get = async |path: &str| {
        let response = http().get(format!("http://{address}{path}")).send().await;
        let response = response.map_err(|error| error.to_string())?;
        if response.status() == 200 {
            response.text().await.map_err(|error| error.to_string())
        } else {
            Err(response.status().to_string())
        }
    };
    eventually("ready", Duration::from_secs(60), async || {
        get("/readyz").await
    })
    .await;
    let read_again = async |text: &str, times: u32| {
        fs::write(file.path(), text).unwrap();
        running.signal(Signal::HUP);
        let told = format!("callweave_log_level_read_total {times}");
        eventually("the signal", PATIENCE, async || {
            let figures = get("/metrics").await?;
            figures.contains(&told).then_some(()).ok_or(figures)
        })
        .await;
    };
    read_again("[log]\nlevel = \"info,callweave_api=debug\"\n", 1).await;
    get("/livez").await.unwrap();
    // Nonsense changes nothing.
    read_again("[log]\nlevel = 7\n", 2).await;
    get("/livez").await.unwrap();
    let (code, said) = running.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("Logs at the level that is configured now"),
        "{said}"
    );
    assert!(
        said.contains("The log level could not be read again"),
        "{said}"
    );
    let answered = said.lines().filter(|line| line.contains("\"Answered\""));
    let from = said.find("Logs at the level").unwrap();
    let first = said.find("\"Answered\"").unwrap();
    assert!(from < first, "nothing before: {said}");
    assert!(answered.count() >= 2, "{said}");
}
