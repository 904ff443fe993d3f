//! More requests than the database gets done.

use std::time::Duration;

use reqwest::Method;

use super::{Answer, ask, synced};
use crate::{outside::Stage, support::turn};

const REQUESTS: usize = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_085_five_hundred_requests_on_five_connections_are_turned_away_at_the_door() {
    let _turn = turn().await;
    let stage = Stage::new(5).await;
    let settings = [
        ("CALLWEAVE__DATABASE__MAX_CONNECTIONS", "5"),
        ("CALLWEAVE__SERVER__MAX_REQUESTS", "1000"),
        ("CALLWEAVE__LIMITS__CONCURRENCY", "0"),
    ];
    let gateway = stage.gateway("all", &settings).await;
    let api = &gateway.api;
    synced(&stage, api, 5).await;
    // What is asked for takes its time.
    stage
        .execute(
            "CREATE FUNCTION slowly() RETURNS boolean LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM pg_sleep(0.01); RETURN true; END $$; \
             CREATE POLICY slowly ON connections AS RESTRICTIVE FOR SELECT USING (slowly())",
        )
        .await;
    let requests = (0..REQUESTS).map(|_| ask(api, Method::GET, "/v1/connections", None));
    let answers = futures::future::join_all(requests).await;
    let (good, turned_away): (Vec<Answer>, Vec<Answer>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    for answer in &turned_away {
        let told = (answer.status, answer.code.as_str(), answer.retry_after);
        assert_eq!(told, (503, "gateway.overloaded", true), "{answer:?}");
    }
    let mut times: Vec<Duration> = good.iter().map(|answer| answer.took).collect();
    times.sort_unstable();
    let slowest = times[times.len() * 99 / 100 - 1];
    println!(
        "A pool of 5, {REQUESTS} requests at once: {} served, 99 % of them within {:.2} s, {} turned \
         away with 503, none failed",
        good.len(),
        slowest.as_secs_f64(),
        turned_away.len()
    );
    assert!(good.len() >= 50, "{}", good.len());
    assert!(!turned_away.is_empty());
    let figures = api.metrics().await;
    let shed = format!("callweave_http_shed_total {}", turned_away.len());
    assert!(figures.contains(&shed), "{figures}");
}
