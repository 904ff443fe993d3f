//! Every code that the document names at an operation, played by the vendor and met by a caller.

use callweave_model::{
    enums::{Channel, FetchMode, MediaKind},
    owned::{
        ReportRequest, RubricChange, RubricDraft, RubricItemDraft, RubricKind, TermChange,
        TermDraft,
    },
    patch::Patch,
};
use callweave_provider::{
    CallContext, ErrorKind, Provider, ProviderError, RecordRef,
    documents::DocumentFormat,
    rubrics::{ItemForm, RubricFilter, Rubrics},
    submit::Submit,
    taxonomy::{TermFilter, TermKind},
};
use callweave_provider_testkit::live::Live;
use callweave_provider_transcripto::TranscriptoFactory;
use callweave_sandbox::{FaultKind, FaultSpec, Vendor};
use serde_json::{Map, json};

use crate::{
    sending::{audio, chat, of, recording, recording_url, upload, video},
    submitted::wav,
    support::list,
};

use ErrorKind::{
    Conflict, InvalidRequest, NotFound, NotReady, QuotaExceeded, Unauthorized, VendorFailure,
};

const DOCUMENTED: &[(&str, &[(i64, ErrorKind)])] = &[
    (
        "TR-03",
        &[
            (4001, InvalidRequest),
            (4024, InvalidRequest),
            (4025, InvalidRequest),
            (4026, InvalidRequest),
            (4044, QuotaExceeded),
            (4050, QuotaExceeded),
            (4091, Conflict),
            (4092, InvalidRequest),
        ],
    ),
    (
        "TR-04",
        &[
            (4001, InvalidRequest),
            (4002, InvalidRequest),
            (4024, InvalidRequest),
            (4044, QuotaExceeded),
            (4050, QuotaExceeded),
            (4092, InvalidRequest),
        ],
    ),
    (
        "TR-05",
        &[
            (4024, InvalidRequest),
            (4025, InvalidRequest),
            (4026, InvalidRequest),
            (4044, QuotaExceeded),
            (4050, QuotaExceeded),
            (4092, InvalidRequest),
        ],
    ),
    ("TR-06", &[(4017, InvalidRequest), (4044, QuotaExceeded)]),
    ("TR-07", &[(4050, QuotaExceeded)]),
    (
        "TR-08",
        &[
            (4060, InvalidRequest),
            (4061, InvalidRequest),
            (4062, InvalidRequest),
            (4602, QuotaExceeded),
        ],
    ),
    ("TR-02", &[(4034, QuotaExceeded)]),
    ("TR-10", &[(4001, InvalidRequest)]),
    ("TR-11", &[(4020, InvalidRequest), (4021, NotFound)]),
    ("TR-13", &[]),
    ("TR-14", &[(4033, NotFound)]),
    ("TR-15", &[(4045, InvalidRequest), (4054, Conflict)]),
    ("TR-16", &[(4053, NotFound), (4055, Conflict)]),
    ("TR-17", &[(4053, NotFound)]),
    ("TR-19", &[]),
    ("TR-20", &[(4045, InvalidRequest)]),
    ("TR-21", &[(4041, NotFound)]),
    ("TR-22", &[]),
    ("TR-23", &[]),
    ("TR-24", &[(4059, NotFound)]),
    ("TR-25", &[(4045, Conflict), (4059, NotFound)]),
    ("TR-26", &[(4045, InvalidRequest)]),
    ("TR-27", &[]),
    ("TR-28", &[(4066, NotFound)]),
    ("TR-29", &[]),
    ("TR-30", &[(4045, InvalidRequest)]),
    ("TR-31", &[(4053, NotFound)]),
    ("TR-32", &[(4053, NotFound)]),
    (
        "TR-33",
        &[
            (4001, InvalidRequest),
            (4002, InvalidRequest),
            (4003, InvalidRequest),
            (4041, NotFound),
            (4043, NotFound),
            (4044, NotFound),
            (5001, VendorFailure),
        ],
    ),
    (
        "TR-34",
        &[
            (4021, NotFound),
            (4045, InvalidRequest),
            (4056, InvalidRequest),
            (4057, NotReady),
            (4070, VendorFailure),
            (5002, VendorFailure),
        ],
    ),
    (
        "TR-35",
        &[
            (4021, NotFound),
            (4045, InvalidRequest),
            (4056, InvalidRequest),
            (4057, NotReady),
            (5002, VendorFailure),
        ],
    ),
    (
        "TR-36",
        &[
            (4021, NotFound),
            (4045, InvalidRequest),
            (4057, NotReady),
            (4061, InvalidRequest),
            (4062, NotReady),
            (5002, VendorFailure),
        ],
    ),
    (
        "TR-37",
        &[
            (4021, NotFound),
            (4045, InvalidRequest),
            (4057, NotReady),
            (4061, InvalidRequest),
            (4062, NotReady),
            (5002, VendorFailure),
        ],
    ),
    (
        "TR-38",
        &[
            (4021, NotFound),
            (4045, InvalidRequest),
            (4046, NotFound),
            (5002, VendorFailure),
        ],
    ),
];

/// What all operations share, and what nobody documents.
const EVERYWHERE: &[(i64, ErrorKind)] = &[
    (4012, Unauthorized),
    (4023, Unauthorized),
    (5000, VendorFailure),
    (5003, VendorFailure),
    (4999, InvalidRequest),
    (77, VendorFailure),
];

fn term(name: &str) -> TermDraft {
    TermDraft {
        name: name.to_owned(),
        criteria: Some(json!({})),
        ..TermDraft::default()
    }
}

fn script() -> RubricDraft {
    RubricDraft {
        kind: RubricKind::Script,
        name: "A".to_owned(),
        identifier: Some("a".to_owned()),
        text: Some("a".to_owned()),
        description: None,
        version: None,
        active: None,
        pass_threshold_pct: None,
        tags: None,
        filters: None,
    }
}

/// Drives the operation; what it gives is not looked at.
async fn drive(
    provider: &dyn Provider,
    context: &CallContext<'_>,
    operation: &str,
    ids: &Ids,
) -> Result<(), ProviderError> {
    match operation {
        "TR-03" | "TR-04" | "TR-05" | "TR-06" | "TR-07" => {
            let source = match operation {
                "TR-03" => recording("0191-a.wav"),
                "TR-04" => recording_url("https://files.example/a.wav"),
                "TR-05" => audio("0191-b.wav"),
                "TR-06" => video("https://video.example/a"),
                _ => chat("Hello"),
            };
            let file = source.has_file().then(|| upload(wav(3)));
            let submit = provider.submit().unwrap();
            Submit::submit(submit, context, &of(source), file)
                .await
                .map(drop)
        }
        "TR-11" => {
            let record = RecordRef::new("task", ids.call.clone());
            let submit = provider.submit().unwrap();
            submit.progress(context, &record).await.map(drop)
        }
        "TR-02" => provider.account().unwrap().usage(context).await.map(drop),
        "TR-10" => {
            let account = provider.account().unwrap();
            let found = account.search_calls(context, &Map::new(), &list(10)).await;
            found.map(drop)
        }
        "TR-08" | "TR-33" => drive_report(provider, context, operation, ids).await,
        "TR-34" | "TR-35" | "TR-36" | "TR-37" | "TR-38" => {
            drive_file(provider, context, operation, ids).await
        }
        "TR-13" | "TR-14" | "TR-15" | "TR-16" | "TR-17" | "TR-29" | "TR-30" | "TR-31" | "TR-32" => {
            drive_rubric(provider, context, operation).await
        }
        _ => drive_term(provider, context, operation).await,
    }
}

async fn drive_report(
    provider: &dyn Provider,
    context: &CallContext<'_>,
    operation: &str,
    ids: &Ids,
) -> Result<(), ProviderError> {
    let reports = provider.reports().unwrap();
    if operation == "TR-08" {
        let request = ReportRequest {
            from: "2026-01-01".to_owned(),
            to: "2026-01-02".to_owned(),
            report_type: None,
        };
        return reports.order_report(context, &request).await.map(drop);
    }
    reports
        .open_report_file(context, &ids.report, "a.pdf")
        .await
        .map(drop)
}

async fn drive_file(
    provider: &dyn Provider,
    context: &CallContext<'_>,
    operation: &str,
    ids: &Ids,
) -> Result<(), ProviderError> {
    if operation == "TR-38" {
        let media = callweave_model::call::Media::new(
            "audio",
            MediaKind::OriginalUpload,
            FetchMode::VendorFile,
        );
        let source = provider.media().unwrap();
        return source.open(context, &ids.call, &media).await.map(drop);
    }
    let (channel, format) = match operation {
        "TR-34" => (Channel::Voice, DocumentFormat::Docx),
        "TR-35" => (Channel::Voice, DocumentFormat::Txt),
        "TR-36" => (Channel::Video, DocumentFormat::Docx),
        _ => (Channel::Video, DocumentFormat::Txt),
    };
    let documents = provider.documents().unwrap();
    documents
        .open_document(context, &ids.call, channel, format)
        .await
        .map(drop)
}

async fn drive_rubric(
    provider: &dyn Provider,
    context: &CallContext<'_>,
    operation: &str,
) -> Result<(), ProviderError> {
    let rubrics = provider.rubrics().unwrap();
    let item = RubricItemDraft {
        text: "Q?".to_owned(),
    };
    let change = RubricChange {
        name: Patch::Set("B".to_owned()),
        ..RubricChange::default()
    };
    let scripts = RubricFilter {
        kind: Some(RubricKind::Script),
        active_only: false,
    };
    match operation {
        "TR-13" => rubrics
            .rubric_items(context, "checklist", ItemForm::Structured)
            .await
            .map(drop),
        "TR-14" => rubrics
            .rubric_items(context, "checklist-83", ItemForm::Structured)
            .await
            .map(drop),
        "TR-15" => rubrics
            .create_rubric_item(context, "checklist", &item)
            .await
            .map(drop),
        "TR-16" => rubrics
            .update_rubric_item(context, "checklist", "1", &item)
            .await
            .map(drop),
        "TR-17" => rubrics.delete_rubric_item(context, "checklist", "1").await,
        "TR-29" => Rubrics::rubrics(rubrics, context, &scripts, &list(10))
            .await
            .map(drop),
        "TR-30" => rubrics.create_rubric(context, &script()).await.map(drop),
        "TR-31" => rubrics
            .update_rubric(context, "script-11", &change)
            .await
            .map(drop),
        _ => rubrics.delete_rubric(context, "script-11").await,
    }
}

async fn drive_term(
    provider: &dyn Provider,
    context: &CallContext<'_>,
    operation: &str,
) -> Result<(), ProviderError> {
    use TermKind::{Category, Folder, SavedSearch};
    let taxonomy = provider.taxonomy().unwrap();
    let change = TermChange {
        name: Patch::Set("B".to_owned()),
        ..TermChange::default()
    };
    let bare = TermDraft {
        criteria: None,
        ..term("A")
    };
    let (all, first) = (TermFilter::default(), list(10));
    match operation {
        "TR-19" => taxonomy
            .terms(context, Folder, &all, &first)
            .await
            .map(drop),
        "TR-20" => taxonomy.create_term(context, Folder, &bare).await.map(drop),
        "TR-21" => taxonomy.delete_term(context, Folder, "70").await,
        "TR-22" => taxonomy
            .terms(context, Category, &all, &first)
            .await
            .map(drop),
        "TR-23" => taxonomy
            .create_term(context, Category, &bare)
            .await
            .map(drop),
        "TR-24" => taxonomy
            .update_term(context, Category, "101", &change)
            .await
            .map(drop),
        "TR-25" => taxonomy.delete_term(context, Category, "101").await,
        "TR-26" => taxonomy
            .create_term(context, SavedSearch, &term("A"))
            .await
            .map(drop),
        "TR-27" => taxonomy
            .terms(context, SavedSearch, &all, &first)
            .await
            .map(drop),
        "TR-28" => taxonomy.delete_term(context, SavedSearch, "42").await,
        other => panic!("{other} is not in this table"),
    }
}

/// What the sandbox has.
struct Ids {
    call: String,
    report: String,
}

#[tokio::test]
async fn trap_t04_every_documented_code_of_every_operation_is_met_as_what_it_means() {
    let live = Live::start(Vendor::Transcripto, &TranscriptoFactory, 60).await;
    let first = |kind: &str| {
        let records = live.ledger(Vendor::Transcripto, kind);
        let done = |facts: &serde_json::Value| facts["status"] == "completed";
        let found = records.into_iter().find(|(_, facts)| done(facts));
        found.unwrap().0
    };
    let ids = Ids {
        call: first("task"),
        report: first("report"),
    };
    let context = live.caller.context();
    for (operation, codes) in DOCUMENTED {
        for (code, kind) in codes.iter().chain(EVERYWHERE) {
            live.sandbox.world().clear_faults();
            live.sandbox.world().clear_requests();
            live.sandbox.world().add_fault(FaultSpec {
                vendor: Some(Vendor::Transcripto),
                operation: (*operation).to_owned(),
                kind: FaultKind::Replace {
                    status: 200,
                    body: json!({"success": false, "error_code": code, "error_message": "as documented"}),
                    content_type: None,
                    base64: false,
                },
                probability: None,
                count: None,
                skip: 0,
                seed: 0,
            });
            let outcome = drive(live.provider.as_ref(), &context, operation, &ids).await;
            let error = outcome.unwrap_err();
            assert_eq!(error.kind, *kind, "{operation} {code}");
            assert_eq!(error.operation, *operation);
            assert_eq!(error.vendor_code, Some(code.to_string()), "{operation}");
            assert_eq!(error.message.as_deref(), Some("as documented"));
            let asked = live
                .sandbox
                .world()
                .requests(Some(Vendor::Transcripto), Some(operation));
            let tries = if *operation == "TR-10" && *kind == InvalidRequest {
                2
            } else {
                1
            };
            assert!(
                asked.total <= tries,
                "{operation} {code}: {} requests",
                asked.total
            );
        }
    }
}
