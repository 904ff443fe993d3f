//! What CallGear is and can do, as data.

use callweave_provider::{
    Manifest,
    manifest::{AuthKind, Coverage, FieldSpec, RateBudget},
};

use crate::VENDOR;

const SYNC: &str = "POST /v1/connections/{id}/sync";
const CALLS: &str = "GET /v1/calls";
const CALL: &str = "GET /v1/calls/{id}";
const TRANSCRIPT: &str = "GET /v1/calls/{id}/transcript";
const ANALYSES: &str = "GET /v1/calls/{id}/analyses";
const CHECK: &str = "POST /v1/connections/{id}/check";
const CONNECT: &str = "POST /v1/connections";
const CREDENTIALS: &str = "PUT /v1/connections/{id}/credentials";

pub(crate) static MANIFEST: Manifest = Manifest {
    vendor: VENDOR,
    display_name: "CallGear",
    description: "AI call analysis by scenarios: checklists, tags, transcripts with word times, \
                  holds and silences. Results carry no date, phone, direction or agent.",
    auth_kind: AuthKind::Password,
    credential_fields: &[
        FieldSpec {
            name: "username",
            label: "User name",
            description: "The login of the account. Names the account; it is shown again.",
            required: true,
            secret: false,
            kind: "string",
        },
        FieldSpec {
            name: "password",
            label: "Password",
            description: "The password of the login.",
            required: true,
            secret: true,
            kind: "string",
        },
    ],
    setting_fields: SETTING_FIELDS,
    capabilities: &["pull", "lookup", "media", "tokens"],
    calls_have_start_time: false,
    // The vendor names no limit. What a request takes bounds the rate long before this does, and a
    // 429 slows it down.
    rate_budget: RateBudget {
        requests_per_second: 200,
        concurrency: 8,
    },
    coverage: COVERAGE,
};

const SETTING_FIELDS: &[FieldSpec] = &[
    setting(
        "base_url",
        "Base URL",
        "Where the API is served. Default: https://cg-dub-ca-api.callgear.ae/api/v1.0",
        "url",
    ),
    setting(
        "auth_style",
        "Token placement",
        "How the token goes along: bearer (default), cookie, access_token or key (headers).",
        "string",
    ),
    setting(
        "channel_roles",
        "Roles by audio channel",
        "Who speaks on which channel, for results that tell no role. \
         Default: {\"0\": \"agent\", \"1\": \"customer\"}; such roles are marked as derived.",
        "object",
    ),
    setting(
        "timezone",
        "Time zone",
        "The IANA zone that this account's local times are meant in. Results carry no times of \
         day; token lifetimes are read as UTC.",
        "timezone",
    ),
    setting(
        "start_base",
        "Index of the first row",
        "0 or 1. Default: 0, and 1 where the vendor refuses 0.",
        "integer",
    ),
    setting(
        "page_size",
        "Rows a page",
        "From 1 to 100. Default: 50.",
        "integer",
    ),
    setting(
        "reread_rows",
        "Rows to read again",
        "How many of the newest results an incremental walk reads again, to find changed ones. \
         Default: 100.",
        "integer",
    ),
    setting(
        "refetch_days",
        "Days until a result is fetched again",
        "Lists tell less than results, so a result is fetched again after so many days although its \
         row looks the same. 0: never. Default: 7.",
        "integer",
    ),
    setting(
        "transcript_source",
        "Transcript operation",
        "auto (default), phrase_and_words or transcription: which one to ask first.",
        "string",
    ),
    setting(
        "app_id",
        "Application id",
        "When given, results of any other application are refused.",
        "integer",
    ),
];

const fn setting(
    name: &'static str,
    label: &'static str,
    description: &'static str,
    kind: &'static str,
) -> FieldSpec {
    FieldSpec {
        name,
        label,
        description,
        required: false,
        secret: false,
        kind,
    }
}

const fn reached(
    operation: &'static str,
    vendor_route: &'static str,
    gateway_routes: &'static [&'static str],
    fills: &'static [&'static str],
) -> Coverage {
    Coverage {
        operation,
        vendor_route,
        gateway_routes,
        fills,
    }
}

const COVERAGE: &[Coverage] = &[
    reached(
        "CG-06",
        "GET /scenarios/{scenario_id}/points",
        &[SYNC, CALL, ANALYSES],
        &[
            "analyses.scorecards.items_total",
            "analyses.scorecards.items.remote_id",
            "analyses.scorecards.items.result",
        ],
    ),
    reached(
        "CG-12",
        "GET /tags",
        &[CHECK, CONNECT],
        &["connection.state"],
    ),
    reached(
        "CG-14",
        "GET /tags/{id}",
        &[SYNC, CALL, ANALYSES],
        &[
            "analyses.detections.name",
            "analyses.detections.performer",
            "analyses.detections.condition",
            "analyses.detections.color",
            "analyses.detections.description",
        ],
    ),
    reached(
        "CG-16",
        "GET /scenario_result",
        &[SYNC, CALLS],
        &["remote_id", "analyses.remote_id"],
    ),
    reached(
        "CG-18",
        "GET /scenario_result/{id}",
        &[SYNC, CALL, ANALYSES, TRANSCRIPT],
        &[
            "remote_id",
            "remote_refs.app_id",
            "analyses.remote_id",
            "analyses.rubric_ref",
            "analyses.scorecards",
            "analyses.events",
            "analyses.detections",
            "analyses.summaries",
            "stats",
            "parties",
            "media",
            "transcript.utterances",
        ],
    ),
    reached(
        "CG-21",
        "GET /scenario_result/{id}/summary",
        &[SYNC, CALL, ANALYSES],
        &["analyses.summaries", "rollup.summary"],
    ),
    reached(
        "CG-23",
        "GET /scenario_result/{id}/phrase_and_words",
        &[SYNC, CALL, TRANSCRIPT],
        &["transcript.utterances", "parties", "stats"],
    ),
    reached(
        "CG-25",
        "GET /scenario_result/{id}/success_points",
        &[SYNC, CALL, ANALYSES],
        &["analyses.scorecards.items"],
    ),
    reached(
        "CG-27",
        "GET /scenario_result/{id}/tags",
        &[SYNC, CALL, ANALYSES],
        &[
            "analyses.detections.name",
            "analyses.detections.color",
            "rollup.tags",
        ],
    ),
    reached(
        "CG-29",
        "GET /scenario_result/{id}/employees_metrics",
        &[SYNC, CALL, ANALYSES],
        &["analyses.events"],
    ),
    reached(
        "CG-33",
        "POST /api-login",
        &[CONNECT, CREDENTIALS],
        &["connection.token.expires_at"],
    ),
    reached("CG-36", "DELETE /tokens/{id}", &[CREDENTIALS], &[]),
    reached(
        "CG-37",
        "GET /transcription",
        &[SYNC, CALL, TRANSCRIPT],
        &["transcript.utterances", "parties", "stats"],
    ),
];
