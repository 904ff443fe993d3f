//! Documents that a vendor writes about a call.

use super::Setup;
use crate::support::spoken;

#[tokio::test]
async fn a_document_is_fetched_while_it_is_read() {
    let setup = Setup::new().await;
    let call = setup
        .gateway
        .put(setup.id, vec![spoken("a", "2026-03-02T09:15:00Z")])
        .await[0];
    setup.vendor.owned(|owned| {
        owned
            .documents
            .insert(("a".to_owned(), "txt"), "Good day".into());
    });
    let at = |format: &str| format!("/v1/calls/{call}/documents/{format}");
    let text = setup.gateway.get(&at("txt")).await;
    assert_eq!((text.status, text.text().as_str()), (200, "Good day"));
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(
        text.header("content-disposition"),
        format!("attachment; filename=\"call-{call}.txt\"")
    );
    assert_eq!(text.header("cache-control"), "no-store");
    assert_eq!(
        setup.gateway.get(&at("docx")).await.code(),
        "vendor.not_found"
    );
    assert_eq!(
        setup.gateway.get(&at("pdf")).await.code(),
        "gateway.not_found"
    );
    let key = setup
        .gateway
        .key_of(setup.gateway.tenant, &["calls:read", "vendor:read"])
        .await;
    let key = format!("Bearer {key}");
    let refused = setup
        .gateway
        .get_with(&at("txt"), &[("authorization", &key)])
        .await;
    assert_eq!(refused.code(), "gateway.insufficient_scope");
    let path = format!("/v1/connections/{}", setup.id);
    setup.gateway.delete(&path).await;
    assert_eq!(setup.gateway.get(&at("txt")).await.status, 409);
}
