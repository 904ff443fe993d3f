//! Reports and their files.

use callweave_model::owned::{Report, ReportFile, ReportState};
use serde_json::{Map, json};

use super::Setup;

#[tokio::test]
async fn a_report_and_its_files_come_from_the_vendor() {
    let setup = Setup::new().await;
    let report = Report {
        remote_id: "r-1".to_owned(),
        state: ReportState::Ready,
        report_type: Some("standard".to_owned()),
        created_at: None,
        updated_at: None,
        files: vec![ReportFile {
            name: "march.pdf".to_owned(),
        }],
        error: None,
        extra: Map::new(),
    };
    setup.vendor.owned(|owned| {
        owned.reports.push(report);
        let mut put = |name: &str, content_type: &str, bytes: &'static [u8]| {
            let key = ("r-1".to_owned(), name.to_owned());
            owned
                .report_files
                .insert(key, (content_type.to_owned(), bytes.into()));
        };
        put("march.pdf", "application/pdf", b"%PDF-1.7");
        put("page.html", "text/html", b"<script>alert(1)</script>");
        put("odd \u{416}.svg", "image/svg+xml", b"<svg/>");
    });
    assert_eq!(setup.ids("reports").await, ["r-1"]);
    let shown = setup.get("reports/r-1").await.json();
    assert_eq!(shown["files"], json!([{"name": "march.pdf"}]));
    for (name, content_type, disposition) in [
        (
            "march.pdf",
            "application/pdf",
            "attachment; filename=\"march.pdf\"",
        ),
        (
            "page.html",
            "text/html; charset=utf-8",
            "attachment; filename=\"page.html\"",
        ),
    ] {
        let file = setup.get(&format!("reports/r-1/files/{name}")).await;
        assert_eq!(file.status, 200);
        assert_eq!(file.header("content-type"), content_type);
        assert_eq!(file.header("content-disposition"), disposition);
        assert_eq!(file.header("x-content-type-options"), "nosniff");
        assert!(file.header("content-security-policy").contains("sandbox"));
        assert_eq!(file.header("cache-control"), "no-store");
    }
    let file = setup.get("reports/r-1/files/march.pdf").await;
    assert_eq!(file.header("content-length"), "8");
    assert_eq!(&file.body[..], b"%PDF-1.7");
    let missing = setup.get("reports/r-1/files/other.pdf").await;
    assert_eq!(missing.code(), "vendor.not_found");
    let outside = setup.get("reports/r-1/files/..%2f..%2fetc").await;
    assert_eq!(outside.code(), "gateway.not_found");
}
