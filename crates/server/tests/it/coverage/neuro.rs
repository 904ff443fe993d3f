use super::*;

#[tokio::test]
async fn every_operation_of_neuro_is_reached() {
    let _turn = turn().await;
    let mut drive = Drive::start(Vendor::Neuro, 12).await;
    drive.made_with(&["NN-01"]).await;
    let agents = drive
        .read(&["NN-07"], "GET /v1/connections/{id}/voice-agents", &[])
        .await;
    let agent = first(&agents);
    settings(&mut drive, &agent).await;
    schedule(&mut drive, &agent).await;
    inputs(&mut drive, &agent).await;
    outputs(&mut drive, &agent).await;
    dialogs(&mut drive, &agent).await;
    queue(&mut drive, &agent).await;
    statistic(&mut drive).await;
    // An access token that is over is renewed with the refresh token.
    drive.stage.age_tokens().await;
    drive
        .stage
        .sandbox
        .world()
        .expire_tokens(Vendor::Neuro, false);
    drive
        .cause(&["NN-02"], "POST /v1/connections/{id}/sync", &[], None)
        .await;
    drive.finish(&documented("NN", 39));
}

const AGENT: &str = "/v1/connections/{id}/voice-agents/{aid}";

async fn settings(drive: &mut Drive, agent: &str) {
    let aid = [("aid", agent)];
    drive.read(&["NN-08"], &format!("GET {AGENT}"), &aid).await;
    let change = json!({"retry_count": 4});
    let changed = drive
        .step(
            &["NN-09"],
            &format!("PATCH {AGENT}"),
            &aid,
            "",
            Some(change),
        )
        .await;
    assert_eq!(changed["retry_count"], 4);
    let route = format!("GET {AGENT}/speech-keys");
    let keys = drive.read(&["NN-10"], &route, &aid).await;
    assert_eq!(keys["data"][0]["has_value"], true);
    assert_eq!(keys["data"][0]["value"], Value::Null);
    let key = first(&keys);
    let kid = [("aid", agent), ("kid", key.as_str())];
    let change = json!({"name": "recognition"});
    let route = format!("PATCH {AGENT}/speech-keys/{{kid}}");
    drive.step(&["NN-11"], &route, &kid, "", Some(change)).await;
    let route = format!("GET {AGENT}/campaigns");
    drive.read(&["NN-39"], &route, &aid).await;
}

async fn schedule(drive: &mut Drive, agent: &str) {
    let aid = [("aid", agent)];
    let list = format!("{AGENT}/schedule");
    drive.read(&["NN-12"], &format!("GET {list}"), &aid).await;
    let slot = json!({"day": 2, "not_before": "07:00", "not_after": "08:00"});
    let made = drive
        .step(&["NN-13"], &format!("POST {list}"), &aid, "", Some(slot))
        .await;
    let made = remote_id(&made);
    let sid = [("aid", agent), ("sid", made.as_str())];
    let change = json!({"not_after": "08:30"});
    let route = format!("PATCH {list}/{{sid}}");
    let changed = drive.step(&["NN-14"], &route, &sid, "", Some(change)).await;
    assert_eq!(changed["not_after"], "08:30");
    let route = format!("DELETE {list}/{{sid}}");
    drive.read(&["NN-15"], &route, &sid).await;
}

/// The ids of the fields with these names.
async fn named(
    drive: &mut Drive,
    operation: &str,
    list: &str,
    agent: &str,
    names: &[&str],
) -> Vec<String> {
    let route = format!("GET {list}");
    let fields = drive.read(&[operation], &route, &[("aid", agent)]).await;
    let fields = fields["data"].as_array().unwrap().iter();
    let wanted = fields.filter(|field| names.contains(&field["name"].as_str().unwrap()));
    wanted.map(remote_id).collect()
}

async fn inputs(drive: &mut Drive, agent: &str) {
    let aid = [("aid", agent)];
    let list = format!("{AGENT}/inputs");
    let body = json!({"name": "debt", "synthesized": false});
    let made = drive
        .step(&["NN-17"], &format!("POST {list}"), &aid, "", Some(body))
        .await;
    let body = json!({"items": [{"name": "city"}, {"name": "street"}]});
    let route = format!("POST {list}/bulk");
    drive.step(&["NN-18"], &route, &aid, "", Some(body)).await;
    let many = named(drive, "NN-16", &list, agent, &["city", "street"]).await;
    assert_eq!(many.len(), 2);
    let made = remote_id(&made);
    let fid = [("aid", agent), ("fid", made.as_str())];
    let route = format!("PATCH {list}/{{fid}}");
    let change = json!({"name": "sum_owed"});
    drive.step(&["NN-19"], &route, &fid, "", Some(change)).await;
    let route = format!("DELETE {list}/{{fid}}");
    drive.read(&["NN-20"], &route, &fid).await;
    let route = format!("POST {list}/bulk-delete");
    let body = json!({"remote_ids": many});
    drive.step(&["NN-21"], &route, &aid, "", Some(body)).await;
    let left = named(
        drive,
        "NN-16",
        &list,
        agent,
        &["city", "street", "sum_owed"],
    )
    .await;
    assert!(left.is_empty());
}

async fn outputs(drive: &mut Drive, agent: &str) {
    let aid = [("aid", agent)];
    let list = format!("{AGENT}/outputs");
    let body = json!({"name": "promise", "field_type": "string"});
    let made = drive
        .step(&["NN-23"], &format!("POST {list}"), &aid, "", Some(body))
        .await;
    let body = json!({"items": [{"name": "mood"}, {"name": "reason"}]});
    let route = format!("POST {list}/bulk");
    drive.step(&["NN-24"], &route, &aid, "", Some(body)).await;
    let many = named(drive, "NN-22", &list, agent, &["mood", "reason"]).await;
    assert_eq!(many.len(), 2);
    let made = remote_id(&made);
    let fid = [("aid", agent), ("fid", made.as_str())];
    let route = format!("PATCH {list}/{{fid}}");
    let change = json!({"name": "promised"});
    drive.step(&["NN-25"], &route, &fid, "", Some(change)).await;
    let route = format!("DELETE {list}/{{fid}}");
    drive.read(&["NN-26"], &route, &fid).await;
    let route = format!("POST {list}/bulk-delete");
    let body = json!({"remote_ids": many});
    drive.step(&["NN-27"], &route, &aid, "", Some(body)).await;
    let left = named(
        drive,
        "NN-22",
        &list,
        agent,
        &["mood", "reason", "promised"],
    )
    .await;
    assert!(left.is_empty());
}

async fn dialogs(drive: &mut Drive, agent: &str) {
    let body = json!({
        "connection_id": drive.connection, "agent": agent, "phone": "+998900000001", "inputs": {},
    });
    let job = drive
        .cause(&["NN-03"], "POST /v1/dialogs", &[], Some(body))
        .await;
    let body = json!({
        "connection_id": drive.connection, "agent": agent,
        "dialogs": [
            {"phone": "+998900000002", "inputs": {}},
            {"phone": "+998900000003", "inputs": {}},
        ],
    });
    let batch = drive
        .cause(
            &["NN-04", "NN-05", "NN-06"],
            "POST /v1/dialog-batches",
            &[],
            Some(body),
        )
        .await;
    // What the job's work asked for is what these two routes tell.
    drive.driven.remove("NN-05");
    drive.driven.remove("NN-06");
    let id = batch["id"].as_str().unwrap();
    drive
        .served(&["NN-05"], "GET /v1/dialog-batches/{id}", &[("id", id)])
        .await;
    let route = "GET /v1/dialog-batches/{id}/dialogs";
    drive.served(&["NN-06"], route, &[("id", id)]).await;
    drive.job(job["id"].as_str().unwrap(), "completed").await;
    drive.job(id, "completed").await;
    drive.served(&["NN-30"], route, &[("id", id)]).await;
}

async fn queue(drive: &mut Drive, agent: &str) {
    let aid = [("aid", agent)];
    let list = format!("{AGENT}/queue");
    let route = format!("GET {list}");
    drive
        .step(&["NN-33"], &route, &aid, "?kind=dialogs", None)
        .await;
    drive
        .step(&["NN-34"], &route, &aid, "?kind=calls", None)
        .await;
    let route = format!("POST {list}/stop");
    drive.read(&["NN-35"], &route, &aid).await;
    let route = format!("POST {list}/resume");
    drive.read(&["NN-36"], &route, &aid).await;
    let body = json!({
        "connection_id": drive.connection, "agent": agent, "phone": "+998900000004", "inputs": {},
    });
    let job = drive.send(Method::POST, "/v1/dialogs", Some(body)).await;
    let id = job["id"].as_str().unwrap();
    let path = format!("/v1/jobs/{id}");
    let dialog = eventually("the dialog is taken", PATIENCE, async || {
        let job = drive.api().get(&path).await;
        let dialog = job["remote_ref"]["id"].as_str().map(str::to_owned);
        dialog.ok_or_else(|| job.to_string())
    })
    .await;
    let route = format!("DELETE {list}/{{did}}");
    let did = [("aid", agent), ("did", dialog.as_str())];
    drive.read(&["NN-38"], &route, &did).await;
    let route = format!("DELETE {list}");
    drive
        .step(&["NN-37"], &route, &aid, "?confirm=all", None)
        .await;
}

async fn statistic(drive: &mut Drive) {
    drive
        .served(&["NN-28", "NN-29"], "GET /v1/calls", &[])
        .await;
    let call = drive
        .call("a call with a recording", |call| {
            let media = call["media"].as_array();
            media.is_some_and(|media| !media.is_empty())
        })
        .await;
    let id = call["id"].as_str().unwrap();
    let route = "GET /v1/calls/{id}/transcript";
    drive.served(&["NN-32"], route, &[("id", id)]).await;
    let media = call["media"][0]["id"].as_str().unwrap();
    let route = "GET /v1/calls/{id}/media/{media_id}";
    drive
        .read(&["NN-31"], route, &[("id", id), ("media_id", media)])
        .await;
}
