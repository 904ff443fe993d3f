use callweave_sandbox::CallPatch;

use super::*;

/// A call that the vendor has recorded and not analysed.
pub(super) fn unanalysed(drive: &Drive) -> String {
    let patch: CallPatch = serde_json::from_value(json!({"extra": {"state": "new"}})).unwrap();
    let world = drive.stage.sandbox.world();
    world.add_record(Vendor::AloVoice, patch).remove(0)
}

#[tokio::test]
async fn every_operation_of_alovoice_is_reached() {
    let _turn = turn().await;
    let mut drive = Drive::start(Vendor::AloVoice, 4).await;
    let known = unanalysed(&drive);
    let body = json!({
        "connection_id": drive.connection,
        "source": {"type": "vendor_call", "call_remote_id": known},
    });
    let job = drive
        .cause(&["AV-01"], "POST /v1/analyses", &[], Some(body))
        .await;
    let job = job["id"].as_str().unwrap().to_owned();
    let ids = [("id", job.as_str())];
    drive.served(&["AV-02"], "GET /v1/jobs/{id}", &ids).await;
    let job = drive.job(&job, "completed").await;
    let call = job["call_ids"][0].as_str().unwrap();
    let media = drive.api().get(&format!("/v1/calls/{call}/media")).await;
    let media = media["data"][0]["id"].as_str().unwrap();
    drive
        .read(
            &["AV-03"],
            "GET /v1/calls/{id}/media/{media_id}",
            &[("id", call), ("media_id", media)],
        )
        .await;
    drive.finish(&documented("AV", 2));
}
