use super::*;

#[tokio::test]
async fn every_operation_of_transcripto_is_reached() {
    let _turn = turn().await;
    let mut drive = Drive::start(Vendor::Transcripto, 12).await;
    account(&mut drive).await;
    checklist(&mut drive).await;
    scripts(&mut drive).await;
    folders(&mut drive).await;
    categories(&mut drive).await;
    saved_searches(&mut drive).await;
    calls(&mut drive).await;
    work(&mut drive).await;
    reports(&mut drive).await;
    // A login, which the sandbox's installation takes with its own word for the CAPTCHA.
    let all = drive.stage.sandbox.world().credentials("http://unused");
    let known = &all["transcripto"];
    let login = json!({
        "email": known["email"],
        "password_hash": known["password_hash"],
        "captcha_token": known["captcha_token"],
    });
    let route = "PUT /v1/connections/{id}/credentials";
    drive.step(&["TR-01"], route, &[], "", Some(login)).await;
    drive.finish(&documented("TR", 38));
}

async fn account(drive: &mut Drive) {
    let usage = drive
        .read(&["TR-02"], "GET /v1/connections/{id}/usage", &[])
        .await;
    assert!(usage["resources"]["call_minutes"]["limit"].is_number());
}

const RUBRICS: &str = "/v1/connections/{id}/rubrics";

async fn checklist(drive: &mut Drive) {
    let all = drive
        .step(
            &["TR-13"],
            &format!("GET {RUBRICS}"),
            &[],
            "?kind=checklist",
            None,
        )
        .await;
    let mine = first(&all);
    let items = format!("{RUBRICS}/{{rid}}/items");
    let rid = [("rid", mine.as_str())];
    let body = json!({"text": "Did the agent say good-bye?"});
    let made = drive
        .step(&["TR-15"], &format!("POST {items}"), &rid, "", Some(body))
        .await;
    let made = remote_id(&made);
    let iid = [("rid", mine.as_str()), ("iid", made.as_str())];
    let one = format!("{items}/{{iid}}");
    let change = json!({"text": "Did the agent take leave?"});
    let changed = drive
        .step(&["TR-16"], &format!("PATCH {one}"), &iid, "", Some(change))
        .await;
    assert_eq!(changed["text"], "Did the agent take leave?");
    drive.read(&["TR-17"], &format!("DELETE {one}"), &iid).await;
    // The list of another user of the account.
    let other = [("rid", "checklist-1")];
    let route = format!("GET {RUBRICS}/{{rid}}");
    drive.read(&["TR-14"], &route, &other).await;
}

async fn scripts(drive: &mut Drive) {
    let body = json!({
        "kind": "script", "name": "Sales", "identifier": "sales_calls", "text": "1. Greet",
        "description": "How to sell", "version": "1",
    });
    let made = drive
        .step(&["TR-30"], &format!("POST {RUBRICS}"), &[], "", Some(body))
        .await;
    let made = remote_id(&made);
    let rid = [("rid", made.as_str())];
    let one = format!("{RUBRICS}/{{rid}}");
    drive.read(&["TR-29"], &format!("GET {one}"), &rid).await;
    let change = json!({"name": "Selling"});
    let changed = drive
        .step(&["TR-31"], &format!("PATCH {one}"), &rid, "", Some(change))
        .await;
    assert_eq!(changed["name"], "Selling");
    drive.read(&["TR-32"], &format!("DELETE {one}"), &rid).await;
}

async fn folders(drive: &mut Drive) {
    let list = "/v1/connections/{id}/folders";
    let body = json!({"name": "Retention"});
    let made = drive
        .step(&["TR-20"], &format!("POST {list}"), &[], "", Some(body))
        .await;
    let made = remote_id(&made);
    let tid = [("tid", made.as_str())];
    drive
        .read(&["TR-19"], &format!("GET {list}/{{tid}}"), &tid)
        .await;
    drive
        .read(&["TR-21"], &format!("DELETE {list}/{{tid}}"), &tid)
        .await;
}

async fn categories(drive: &mut Drive) {
    let list = "/v1/connections/{id}/categories";
    let body = json!({"name": "Complaints", "description": "What went wrong"});
    let made = drive
        .step(&["TR-23"], &format!("POST {list}"), &[], "", Some(body))
        .await;
    let made = remote_id(&made);
    let tid = [("tid", made.as_str())];
    let one = format!("{list}/{{tid}}");
    drive.read(&["TR-22"], &format!("GET {one}"), &tid).await;
    let change = json!({"name": "Grievances"});
    let changed = drive
        .step(&["TR-24"], &format!("PATCH {one}"), &tid, "", Some(change))
        .await;
    assert_eq!(changed["name"], "Grievances");
    drive.read(&["TR-25"], &format!("DELETE {one}"), &tid).await;
}

async fn saved_searches(drive: &mut Drive) {
    let list = "/v1/connections/{id}/saved-searches";
    let body = json!({"name": "Done", "criteria": {"status": ["completed"]}});
    let made = drive
        .step(&["TR-26"], &format!("POST {list}"), &[], "", Some(body))
        .await;
    let made = remote_id(&made);
    drive.read(&["TR-27"], &format!("GET {list}"), &[]).await;
    let tid = [("tid", made.as_str())];
    drive
        .read(&["TR-28"], &format!("DELETE {list}/{{tid}}"), &tid)
        .await;
}

async fn calls(drive: &mut Drive) {
    let route = "POST /v1/connections/{id}/vendor-calls/search";
    drive
        .step(&["TR-10"], route, &[], "", Some(json!({})))
        .await;
    drive.served(&["TR-09"], "GET /v1/calls", &[]).await;
    let call = drive
        .call("an analysed call with a scorecard", |call| {
            let analyses = call["analyses"].as_array();
            let cards = |analysis: &Value| {
                analysis["scorecards"]
                    .as_array()
                    .is_some_and(|cards| !cards.is_empty())
            };
            call["channel"] == "voice" && analyses.is_some_and(|all| all.iter().any(cards))
        })
        .await;
    let id = call["id"].as_str().unwrap();
    drive
        .served(&["TR-11", "TR-12"], "GET /v1/calls/{id}", &[("id", id)])
        .await;
    let route = "GET /v1/calls/{id}/analyses";
    drive.served(&["TR-18"], route, &[("id", id)]).await;
    documents(drive, id, &["TR-34", "TR-35"]).await;
    let media = call["media"][0]["id"].as_str().unwrap();
    let route = "GET /v1/calls/{id}/media/{media_id}";
    drive
        .read(&["TR-38"], route, &[("id", id), ("media_id", media)])
        .await;
}

async fn documents(drive: &mut Drive, call: &str, operations: &[&str; 2]) {
    let route = "GET /v1/calls/{id}/documents/{format}";
    for (operation, format) in operations.iter().zip(["docx", "txt"]) {
        let ids = [("id", call), ("format", format)];
        drive.read(&[operation], route, &ids).await;
    }
}

async fn work(drive: &mut Drive) {
    let connection = drive.connection;
    for (operation, kind, file) in [
        ("TR-03", "recording", "call.wav"),
        ("TR-05", "audio", "talk.wav"),
    ] {
        let before = drive.answered(operation);
        let form = reqwest::multipart::Form::new()
            .text("connection_id", connection.to_string())
            .text("type", kind);
        let form = if kind == "recording" {
            form.text("agent_name", "Nadia")
                .text("started_at", "2026-03-02T09:15:00Z")
        } else {
            form.text("language", "en")
        };
        let part = reqwest::multipart::Part::bytes(recording(3)).file_name(file);
        let response = drive
            .api()
            .request(Method::POST, "/v1/analyses")
            .header("idempotency-key", RandomIds.next().to_string())
            .multipart(form.part("file", part))
            .send()
            .await
            .unwrap();
        let status = response.status();
        let job: Value = response.json().await.unwrap();
        assert_eq!(status, 202, "{job}");
        assert_eq!(drive.answered(operation), before + 1, "{job}");
        drive.note(&[operation], "POST /v1/analyses");
        drive.job(job["id"].as_str().unwrap(), "completed").await;
    }
    let sources = [
        (
            "TR-04",
            json!({"type": "recording_url", "url": "https://records.example/2026/call.mp3"}),
        ),
        (
            "TR-06",
            json!({"type": "video_url", "url": "https://www.youtube.com/watch?v=abcdefghijk"}),
        ),
        (
            "TR-07",
            json!({"type": "chat", "text": "agent: Good day\ncustomer: Hello"}),
        ),
    ];
    for (operation, source) in sources {
        let facts = match operation {
            "TR-06" => json!({"language": "en"}),
            _ => {
                json!({"agent_name": "Nadia", "started_at": "2026-03-02T09:15:00Z", "direction": "inbound"})
            }
        };
        let mut body = json!({"connection_id": connection, "source": source, "call": facts});
        if operation == "TR-07" {
            body["call"].as_object_mut().unwrap().remove("direction");
        }
        let job = drive
            .cause(&[operation], "POST /v1/analyses", &[], Some(body))
            .await;
        let job = drive.job(job["id"].as_str().unwrap(), "completed").await;
        if operation == "TR-06" {
            let call = job["call_ids"][0].as_str().unwrap().to_owned();
            documents(drive, &call, &["TR-36", "TR-37"]).await;
        }
    }
}

async fn reports(drive: &mut Drive) {
    let list = "/v1/connections/{id}/reports";
    let body = json!({"from": "2026-03-01", "to": "2026-03-02"});
    let job = drive
        .cause(&["TR-08"], &format!("POST {list}"), &[], Some(body))
        .await;
    drive.job(job["id"].as_str().unwrap(), "completed").await;
    let page = drive.read(&["TR-09"], &format!("GET {list}"), &[]).await;
    let report = first(&page);
    let one = format!("GET {list}/{{rid}}");
    let report_of = [("rid", report.as_str())];
    let ready = drive.read(&["TR-11"], &one, &report_of).await;
    let name = ready["files"][0]["name"].as_str().unwrap();
    let route = format!("GET {list}/{{rid}}/files/{{name}}");
    let file = [("rid", report.as_str()), ("name", name)];
    drive.read(&["TR-33"], &route, &file).await;
}
