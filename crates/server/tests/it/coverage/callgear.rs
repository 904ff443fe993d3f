use super::*;

#[tokio::test]
async fn every_operation_of_callgear_is_reached() {
    let _turn = turn().await;
    let mut drive = Drive::start(Vendor::CallGear, 12).await;
    drive.made_with(&["CG-33"]).await;
    rubrics(&mut drive).await;
    tags(&mut drive).await;
    evaluations(&mut drive).await;
    parts(&mut drive).await;
    account(&mut drive).await;
    drive.finish(&documented("CG", 36));
}

async fn rubrics(drive: &mut Drive) {
    let list = drive
        .read(&["CG-01"], "GET /v1/connections/{id}/rubrics", &[])
        .await;
    let known = first(&list);
    let body =
        json!({"kind": "scenario", "name": "Politeness", "text": "1. Was the agent polite?"});
    let made = drive
        .step(
            &["CG-02"],
            "POST /v1/connections/{id}/rubrics",
            &[],
            "",
            Some(body),
        )
        .await;
    let made = remote_id(&made);
    let rid = [("rid", made.as_str())];
    let one = "/v1/connections/{id}/rubrics/{rid}";
    drive.read(&["CG-03"], &format!("GET {one}"), &rid).await;
    let changed = drive
        .step(
            &["CG-04"],
            &format!("PATCH {one}"),
            &rid,
            "",
            Some(json!({"name": "Courtesy"})),
        )
        .await;
    assert_eq!(changed["name"], "Courtesy");
    let number: u64 = made.parse().unwrap();
    let toggled = json!({"vendor_body": {"scenario_id": number}});
    drive
        .step(
            &["CG-05"],
            &format!("POST {one}/toggle"),
            &rid,
            "",
            Some(toggled),
        )
        .await;
    let now = drive.read(&["CG-03"], &format!("GET {one}"), &rid).await;
    assert_eq!(now["active"], false);

    let rid = [("rid", known.as_str())];
    let items = drive
        .read(&["CG-06"], &format!("GET {one}/items"), &rid)
        .await;
    let item = first(&items);
    let iid = [("rid", known.as_str()), ("iid", item.as_str())];
    drive
        .read(&["CG-07"], &format!("GET {one}/items/{{iid}}"), &iid)
        .await;
    drive
        .step(
            &["CG-08"],
            &format!("GET {one}/items"),
            &rid,
            "?form=text",
            None,
        )
        .await;
    drive
        .read(&["CG-09"], "GET /v1/connections/{id}/rubric-items", &[])
        .await;
    drive
        .read(&["CG-10"], &format!("GET {one}/score"), &rid)
        .await;
    drive
        .read(&["CG-11"], "GET /v1/connections/{id}/rubric-scores", &[])
        .await;
}

async fn tags(drive: &mut Drive) {
    let list = "/v1/connections/{id}/tags";
    drive.read(&["CG-12"], &format!("GET {list}"), &[]).await;
    let body = json!({
        "name": "callback", "color": "special-2", "performer": "agent", "condition": "discussed",
    });
    let made = drive
        .step(&["CG-13"], &format!("POST {list}"), &[], "", Some(body))
        .await;
    let made = remote_id(&made);
    let tid = [("tid", made.as_str())];
    let one = format!("{list}/{{tid}}");
    drive.read(&["CG-14"], &format!("GET {one}"), &tid).await;
    let change = json!({"name": "promised to call back"});
    let changed = drive
        .step(&["CG-15"], &format!("PATCH {one}"), &tid, "", Some(change))
        .await;
    assert_eq!(changed["name"], "promised to call back");
}

async fn evaluations(drive: &mut Drive) {
    let list = "/v1/connections/{id}/evaluations";
    let page = drive.read(&["CG-16"], &format!("GET {list}"), &[]).await;
    let known = page["data"][0].clone();
    let draft = |name: &str| {
        json!({
            "remote_id": "990001",
            "application_remote_id": known["application_remote_id"],
            "call_remote_id": known["call_remote_id"],
            "rubric_remote_id": known["rubric_remote_id"],
            "rubric_name": name,
            "result": known["result"],
        })
    };
    let made = drive
        .step(
            &["CG-17"],
            &format!("POST {list}"),
            &[],
            "",
            Some(draft("By hand")),
        )
        .await;
    let made = remote_id(&made);
    let eid = [("eid", made.as_str())];
    let one = format!("{list}/{{eid}}");
    drive.read(&["CG-18"], &format!("GET {one}"), &eid).await;
    let replaced = draft("By hand, again");
    drive
        .step(&["CG-19"], &format!("PUT {one}"), &eid, "", Some(replaced))
        .await;
    drive.read(&["CG-20"], &format!("DELETE {one}"), &eid).await;
    let (method, path) = drive.address(&format!("GET {one}"), &eid, "");
    let (status, answer) = drive.api().send(method, &path, None).await;
    assert_eq!(status, 404, "{answer}");
}

async fn parts(drive: &mut Drive) {
    let page = drive
        .read(&["CG-16"], "GET /v1/connections/{id}/evaluations", &[])
        .await;
    let known = first(&page);
    let call = page["data"][0]["call_remote_id"].as_str().unwrap();
    for (part, of_one, of_all) in [
        ("summary", "CG-21", "CG-22"),
        ("transcript", "CG-23", "CG-24"),
        ("success-points", "CG-25", "CG-26"),
        ("tags", "CG-27", "CG-28"),
        ("agent-metrics", "CG-29", "CG-30"),
    ] {
        let route = "GET /v1/connections/{id}/evaluations/{eid}/{part}";
        drive
            .read(&[of_one], route, &[("eid", &known), ("part", part)])
            .await;
        let route = "GET /v1/connections/{id}/evaluation-parts/{part}";
        // The older edition has transcripts by call only.
        let query = if part == "transcript" {
            format!("?call_remote_id={call}")
        } else {
            String::new()
        };
        drive
            .step(&[of_all], route, &[("part", part)], &query, None)
            .await;
    }
}

async fn account(drive: &mut Drive) {
    let connection = "/v1/connections/{id}";
    let body = json!({"method": "get.calls", "params": {}});
    drive
        .step(
            &["CG-31"],
            &format!("POST {connection}/rpc"),
            &[],
            "",
            Some(body),
        )
        .await;
    let route = format!("GET {connection}/notification-conditions");
    drive.read(&["CG-32"], &route, &[]).await;
    let tokens = format!("{connection}/vendor-tokens");
    drive.read(&["CG-34"], &format!("GET {tokens}"), &[]).await;
    let name = json!({"name": "reports"});
    let made = drive
        .step(&["CG-35"], &format!("POST {tokens}"), &[], "", Some(name))
        .await;
    let made = remote_id(&made);
    drive
        .read(
            &["CG-36"],
            &format!("DELETE {tokens}/{{tid}}"),
            &[("tid", &made)],
        )
        .await;
    // Only the newer edition of the vendor's document has the list of transcripts.
    let newer = json!({"callgear_edition": 2026});
    let world = drive.stage.sandbox.world();
    world
        .set_options(newer.as_object().unwrap().clone())
        .unwrap();
    let route = format!("POST {connection}/vendor-calls/search");
    drive
        .step(&["CG-37"], &route, &[], "", Some(json!({})))
        .await;
}
