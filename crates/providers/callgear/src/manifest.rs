//! What CallGear is and can do, as data.

use callweave_provider::{
    Manifest,
    manifest::{AuthKind, FieldSpec, RateBudget},
};

use crate::VENDOR;

mod coverage;

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
    capabilities: &[
        "pull",
        "lookup",
        "media",
        "tokens",
        "rubrics",
        "taxonomy",
        "evaluations",
        "account",
        "passthrough",
    ],
    calls_have_start_time: false,
    // The vendor names no limit. What a request takes bounds the rate long before this does, and a
    // 429 slows it down.
    rate_budget: RateBudget {
        requests_per_second: 200,
        concurrency: 8,
    },
    coverage: coverage::COVERAGE,
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
    setting(
        "rpc_methods",
        "Procedures",
        "Which methods may be called by rpc: names parted by commas, a * at the end of one stands \
         for any ending, e.g. get.*. Default: none.",
        "string",
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
