//! What the gateway tells about this vendor.

use callweave_provider::manifest::{AuthKind, Coverage, FieldSpec, Manifest, RateBudget};

use crate::VENDOR;

pub(crate) static MANIFEST: Manifest = Manifest {
    vendor: VENDOR,
    display_name: "Transcripto",
    description: "Transcribes and analyses calls, chats and mails. The gateway reads every task: \
                  transcript, summary, scores, tags, checklists, notes, the original file.",
    auth_kind: AuthKind::Jwt,
    credential_fields: CREDENTIALS,
    setting_fields: SETTINGS,
    capabilities: &["pull", "lookup", "media", "tokens"],
    calls_have_start_time: true,
    rate_budget: RateBudget {
        requests_per_second: 50,
        concurrency: 8,
    },
    coverage: COVERAGE,
};

const CREDENTIALS: &[FieldSpec] = &[
    FieldSpec {
        name: "access_token",
        label: "Access token",
        description: "A JWT from the vendor's own login. Either this, or e-mail and password hash.",
        required: false,
        secret: true,
        kind: "string",
    },
    FieldSpec {
        name: "email",
        label: "E-mail",
        description: "The user's e-mail address, for installations whose login needs no CAPTCHA.",
        required: false,
        secret: false,
        kind: "string",
    },
    FieldSpec {
        name: "password_hash",
        label: "Password hash",
        description: "The hash of the user's password, as the vendor computes it.",
        required: false,
        secret: true,
        kind: "string",
    },
    FieldSpec {
        name: "captcha_token",
        label: "CAPTCHA token",
        description: "What the installation takes in the place of a solved CAPTCHA, if it waives it.",
        required: false,
        secret: true,
        kind: "string",
    },
];

const SETTINGS: &[FieldSpec] = &[
    FieldSpec {
        name: "base_url",
        label: "Address",
        description: "The address that the vendor gave this customer, e.g. https://tr.example.",
        required: true,
        secret: false,
        kind: "url",
    },
    FieldSpec {
        name: "timezone",
        label: "Time zone",
        description: "The IANA zone of times that the vendor writes without one. Default: UTC.",
        required: false,
        secret: false,
        kind: "timezone",
    },
    FieldSpec {
        name: "language",
        label: "Language",
        description: "The language of the vendor's texts, as in Accept-Language, e.g. en or ru.",
        required: false,
        secret: false,
        kind: "string",
    },
];

const COVERAGE: &[Coverage] = &[
    Coverage {
        operation: "TR-01",
        vendor_route: "POST /auth/login",
        gateway_routes: &["POST /v1/connections", "POST /v1/connections/{id}/check"],
        fills: &["connection.token"],
    },
    Coverage {
        operation: "TR-09",
        vendor_route: "POST /tasks/filter",
        gateway_routes: &["GET /v1/calls", "GET /v1/calls/{id}"],
        fills: &[
            "remote_id",
            "remote_refs",
            "parties[agent].name",
            "started_at",
            "direction",
            "folder_remote_id",
            "analyses[].scores[csat]",
        ],
    },
    Coverage {
        operation: "TR-11",
        vendor_route: "GET /gettask",
        gateway_routes: &["GET /v1/calls/{id}", "GET /v1/calls/{id}/transcript"],
        fills: &[
            "remote_refs",
            "channel",
            "duration_ms",
            "artifacts",
            "transcript",
            "vendor_updated_at",
            "media[]",
        ],
    },
    Coverage {
        operation: "TR-12",
        vendor_route: "GET /api/calls_analysis_v2/{task_code}",
        gateway_routes: &["GET /v1/calls/{id}", "GET /v1/calls/{id}/analyses"],
        fills: &[
            "started_at",
            "direction",
            "duration_ms",
            "language",
            "analyses[].summaries",
            "analyses[].sentiments",
            "analyses[].scores",
            "analyses[].action_items",
            "analyses[].detections",
            "analyses[].insights",
            "analyses[].scorecards",
            "analyses[].topics",
            "analyses[].extra",
        ],
    },
    Coverage {
        operation: "TR-18",
        vendor_route: "GET /checklist/answer/{task_id}",
        gateway_routes: &["GET /v1/calls/{id}/analyses"],
        fills: &["analyses[].scorecards"],
    },
    Coverage {
        operation: "TR-19",
        vendor_route: "GET /user/directories",
        gateway_routes: &["POST /v1/connections/{id}/check"],
        fills: &[],
    },
    Coverage {
        operation: "TR-38",
        vendor_route: "GET /get_file?file_type=audio",
        gateway_routes: &["GET /v1/calls/{id}/media/{media_id}"],
        fills: &["media[]"],
    },
];
