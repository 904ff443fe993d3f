//! Tags, categories, folders and saved searches.

use serde_json::json;

use super::Setup;

#[tokio::test]
async fn each_kind_has_terms_of_its_own() {
    let setup = Setup::new().await;
    let kinds = ["tags", "categories", "folders", "saved-searches"];
    for (index, kind) in kinds.iter().enumerate() {
        let made = setup.post(kind, &json!({"name": kind})).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let id = (index + 1).to_string();
        assert_eq!(made.header("location"), setup.at(&format!("{kind}/{id}")));
        assert_eq!(setup.ids(kind).await, [id.as_str()]);
        let shown = setup.get(&format!("{kind}/{id}")).await.json();
        assert_eq!(shown["name"], *kind);
    }
    assert_eq!(setup.get("tags/2").await.status, 404, "of another kind");
    let changed = setup
        .patch("tags/1", &json!({"name": "new", "description": "d"}))
        .await
        .json();
    assert_eq!(
        (&changed["name"], &changed["description"]),
        (&json!("new"), &json!("d"))
    );
    let cleared = setup.patch("tags/1", &json!({"description": null})).await;
    assert_eq!(cleared.json()["description"], json!(null));
    assert_eq!(setup.delete("tags/1").await.status, 204);
    assert_eq!(setup.get("tags/1").await.code(), "vendor.not_found");
}

#[tokio::test]
async fn a_method_that_a_kind_lacks_is_named() {
    let setup = Setup::new().await;
    setup.post("folders", &json!({"name": "f"})).await;
    let answer = setup.patch("folders/1", &json!({"name": "g"})).await;
    assert_eq!(answer.status, 501);
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("`taxonomy.folders.update`"), "{detail}");
}

#[tokio::test]
async fn categories_are_a_tree() {
    let setup = Setup::new().await;
    setup.post("categories", &json!({"name": "top"})).await;
    setup
        .post(
            "categories",
            &json!({"name": "below", "parent_remote_id": "1"}),
        )
        .await;
    assert_eq!(setup.ids("categories").await, ["1", "2"]);
    assert_eq!(setup.ids("categories?parent=1").await, ["2"]);
    assert_eq!(setup.ids("categories?parent=top").await, ["1"]);
    let flat = setup.get("tags?parent=1").await;
    assert_eq!((flat.status, flat.pointer().as_str()), (400, "/parent"));
    let misplaced = setup
        .post("tags", &json!({"name": "t", "parent_remote_id": "1"}))
        .await;
    assert_eq!(misplaced.pointer(), "/parent_remote_id");
}

#[tokio::test]
async fn criteria_of_a_saved_search_are_the_vendors() {
    let setup = Setup::new().await;
    let criteria = json!({"status": ["completed"], "page": 3, "nothing": null});
    let body = json!({"name": "s", "criteria": criteria});
    let made = setup.post("saved-searches", &body).await.json();
    assert_eq!(made["criteria"], criteria);
    let list = json!({"name": "s", "criteria": [1]});
    assert_eq!(
        setup.post("saved-searches", &list).await.pointer(),
        "/criteria"
    );
}
