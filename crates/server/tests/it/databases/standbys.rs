//! Reads at a streaming replica: they miss nothing, and nobody notices what becomes of it.

use callweave_sandbox::Vendor;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Clients, synced};
use crate::{
    base::Base,
    outside::{Api, Gateway, PATIENCE, Stage},
    support::{eventually, turn},
};

/// What of the API may be read at a standby.
const READS: [&str; 4] = [
    "/v1/calls?limit=5",
    "/v1/calls?limit=5&q=hello",
    "/v1/stats/calls",
    "/v1/stats/rubric-items",
];

/// Waits until a gateway says this of its standby; nothing where that has its reads.
async fn until_told(api: &Api, wanted: Option<&str>) {
    eventually("what is told of the standby", PATIENCE, async || {
        let told = api.get("/readyz").await;
        let figures = api.metrics().await;
        let in_use = figures.contains("callweave_standby_in_use 1");
        let detail = told["detail"].as_str();
        let fits = detail.is_some() == wanted.is_some()
            && detail
                .unwrap_or_default()
                .contains(wanted.unwrap_or_default());
        if fits && in_use == wanted.is_none() {
            Ok(())
        } else {
            Err(format!("{told}, in use: {in_use}"))
        }
    })
    .await;
}

/// How many reads had this outcome.
async fn reads(api: &Api, outcome: &str) -> u64 {
    let figures = api.metrics().await;
    let line = format!("callweave_standby_reads_total{{outcome=\"{outcome}\"}} ");
    let number = figures.lines().find_map(|known| known.strip_prefix(&line));
    number.map_or(0, |number| number.parse().unwrap())
}

/// A gateway that may read at a standby.
async fn reader(stage: &Stage, standby: &str) -> Gateway {
    let settings = [
        ("CALLWEAVE__DATABASE__READ_URL", standby),
        ("CALLWEAVE__DATABASE__READ_WAIT", "2s"),
    ];
    stage.gateway("api", &settings).await
}

/// A stage with a standby, and a gateway that reads there and has a connection.
async fn beside_standby() -> (Stage, Base, Gateway, Uuid) {
    let stage = Stage::on(Base::own().await, 20).await;
    let standby = stage.database.standby().await;
    let gateway = reader(&stage, standby.url()).await;
    let url = stage.sandbox.base_url();
    let connection = stage.connect(&gateway.api, Vendor::CallGear, &url).await;
    until_told(&gateway.api, None).await;
    (stage, standby, gateway, connection)
}

/// Imports a call.
async fn import(api: &Api, connection: Uuid, number: usize) -> (Uuid, String) {
    let name = format!("call-{number}");
    let body = json!({"connection_id": connection, "call": {
        "remote_id": name, "started_at": "2026-03-01T10:00:00Z"}});
    let (status, made) = api.send(Method::POST, "/v1/calls", Some(body)).await;
    assert_eq!(status, 201, "{made}");
    (made["id"].as_str().unwrap().parse().unwrap(), name)
}

/// Whether a call is listed, counted and shown.
async fn assert_found(api: &Api, id: Uuid, name: &str) {
    let listed = api.get(&format!("/v1/calls?remote_id={name}")).await;
    assert_eq!(listed["data"][0]["id"], id.to_string(), "{listed}");
    let counted = api.get(&format!("/v1/stats/calls?remote_id={name}")).await;
    assert_eq!(counted["total"]["calls"], 1, "{counted}");
    assert_eq!(api.get(&format!("/v1/calls/{id}")).await["remote_id"], name);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_at_a_standby_miss_nothing_that_was_written_elsewhere() {
    let _turn = turn().await;
    let stage = Stage::on(Base::own().await, 20).await;
    let standby = stage.database.standby().await;
    let writer = stage.gateway("all", &[]).await;
    let connection = synced(&stage, &writer.api, 20).await;
    let reader = reader(&stage, standby.url()).await;
    until_told(&reader.api, None).await;

    for path in READS {
        reader.api.get(path).await;
    }
    for number in 0..40 {
        let (id, name) = import(&writer.api, connection, number).await;
        assert_found(&reader.api, id, &name).await;
        // The version that is shown is the one that a change asks for.
        let path = format!("/v1/calls/{id}");
        let shown = reader.api.request(Method::GET, &path).send().await.unwrap();
        let tag = shown.headers()["etag"].to_str().unwrap().to_owned();
        let change = json!({"client_metadata": {"number": number.to_string()}});
        let changed = writer.api.request(Method::PATCH, &path);
        let changed = changed.header("if-match", tag).json(&change).send().await;
        assert_eq!(changed.unwrap().status(), 200);
        let shown = reader.api.get(&path).await;
        assert_eq!(shown["client_metadata"], change["client_metadata"]);
        if number % 8 == 0 {
            let (status, _) = writer.api.send(Method::DELETE, &path, None).await;
            assert_eq!(status, 204);
            let (status, _) = reader.api.send(Method::GET, &path, None).await;
            assert_eq!(status, 404);
        }
    }
    // What an event tells of is there.
    let events = writer.api.get("/v1/events?limit=200").await;
    for event in events["data"].as_array().unwrap() {
        if event["type"] == "call.updated" {
            let id: Uuid = event["subject"]["id"].as_str().unwrap().parse().unwrap();
            let (status, shown) = reader
                .api
                .send(
                    Method::GET,
                    &format!("/v1/calls/{id}?include=deleted"),
                    None,
                )
                .await;
            assert_eq!(status, 200, "{event}: {shown}");
        }
    }

    let served = reads(&reader.api, "served").await;
    assert!(served > 150, "{served}");
    let log = standby.log();
    assert!(log.contains("FROM calls AS call WHERE call.tenant_id"));
    assert!(log.contains("SET LOCAL ROLE callweave_app"));
    println!(
        "standby: {served} reads served, {} late, {} failed",
        reads(&reader.api, "late").await,
        reads(&reader.api, "failed").await
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_lags_or_is_away_is_left_aside() {
    let _turn = turn().await;
    let (_stage, standby, gateway, connection) = beside_standby().await;
    let api = &gateway.api;

    // It replays nothing more.
    let pool = standby.pool().await;
    let ask = async |statement: &str| {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .execute(&pool)
            .await
            .unwrap();
    };
    ask("SELECT pg_wal_replay_pause()").await;
    let (id, name) = import(api, connection, 1).await;
    assert_found(api, id, &name).await;
    until_told(api, Some("too far behind")).await;
    assert_found(api, id, &name).await;
    ask("SELECT pg_wal_replay_resume()").await;
    until_told(api, None).await;
    pool.close().await;

    // It goes away, and comes again.
    let clients = Clients::start(api, connection, 4);
    standby.crash().await;
    until_told(api, Some("cannot be reached")).await;
    let (id, name) = import(api, connection, 2).await;
    assert_found(api, id, &name).await;
    standby.restart().await;
    until_told(api, None).await;
    let before = reads(api, "served").await;
    assert_found(api, id, &name).await;
    assert!(reads(api, "served").await > before);
    let answers = clients.end().await;
    assert!(answers.iter().all(super::Answer::is_good), "{answers:?}");
    let slowest = answers.iter().map(|answer| answer.took).max();
    println!(
        "standby away and back: {} answers, all good, the slowest after {:?}",
        answers.len(),
        slowest.unwrap_or_default()
    );

    // What has become a primary of its own is none.
    let pool = standby.pool().await;
    sqlx::raw_sql("SELECT pg_promote()")
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
    until_told(api, Some("is no standby of this database")).await;
    assert_found(api, id, &name).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_makes_way_for_the_replay_is_served_by_the_primary() {
    let _turn = turn().await;
    let (stage, standby, gateway, connection) = beside_standby().await;
    let api = &gateway.api;
    let clients = Clients::start(api, connection, 4);
    let pool = standby.pool().await;
    eventually("a conflict with the replay", PATIENCE, async || {
        // The standby takes the lock as well, and ends whoever reads the table.
        for _ in 0..20 {
            stage
                .execute("BEGIN; LOCK TABLE calls; SELECT pg_current_xact_id(); COMMIT")
                .await;
        }
        let conflicts: i64 = sqlx::query_scalar(
            "SELECT confl_lock FROM pg_stat_database_conflicts WHERE datname = current_database()",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        (conflicts > 0)
            .then_some(())
            .ok_or_else(|| "none".to_owned())
    })
    .await;
    pool.close().await;
    let answers = clients.end().await;
    assert!(answers.iter().all(super::Answer::is_good), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_standby_has_no_reads_and_check_says_so() {
    let _turn = turn().await;
    let stage = Stage::on(Base::own().await, 1).await;
    let primary = stage.database.url();
    let gateway = reader(&stage, primary).await;
    until_told(&gateway.api, Some("is no standby of this database")).await;
    let listed: Value = gateway.api.get("/v1/calls").await;
    assert_eq!(listed["data"], json!([]));
    drop(gateway);

    let check = |url: &str| {
        let mut command = stage.command(primary, &[("CALLWEAVE__DATABASE__READ_URL", url)]);
        let output = command.arg("check").output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), said)
    };
    let (code, said) = check(primary);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("WRONG  standby: what database.read_url names"),
        "{said}"
    );
    let standby = stage.database.standby().await;
    let (code, said) = check(standby.url());
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("good   standby"), "{said}");
}
