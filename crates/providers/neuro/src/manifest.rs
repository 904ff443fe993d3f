//! What the gateway tells about this vendor.

use callweave_provider::manifest::{AuthKind, Coverage, FieldSpec, Manifest, RateBudget};

use crate::VENDOR;

pub(crate) static MANIFEST: Manifest = Manifest {
    vendor: VENDOR,
    display_name: "Neuro",
    description: "Voice agents that call people by themselves. The gateway reads their dialogs: \
                  outcomes, logs of what was said, recordings.",
    auth_kind: AuthKind::Basic,
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
        name: "login",
        label: "Login",
        description: "The login of a user with the right to use the API.",
        required: true,
        secret: false,
        kind: "string",
    },
    FieldSpec {
        name: "password",
        label: "Password",
        description: "The password of that user.",
        required: true,
        secret: true,
        kind: "string",
    },
];

const SETTINGS: &[FieldSpec] = &[
    FieldSpec {
        name: "base_url",
        label: "Address",
        description: "The address of the installation, e.g. https://neuro.example; the path \
                      /api/v2/ext is added where it is missing.",
        required: true,
        secret: false,
        kind: "url",
    },
    FieldSpec {
        name: "company_uuid",
        label: "Company",
        description: "The UUID of the company whose agents are read; the vendor does not list it.",
        required: true,
        secret: false,
        kind: "uuid",
    },
    FieldSpec {
        name: "agent_uuids",
        label: "Agents",
        description: "The UUIDs of the agents to read. Default: all agents of the company.",
        required: false,
        secret: false,
        kind: "uuid_list",
    },
    FieldSpec {
        name: "timezone",
        label: "Time zone",
        description: "The IANA zone of the times that the vendor writes without one, and in which \
                      reports are asked for. Default: UTC.",
        required: false,
        secret: false,
        kind: "timezone",
    },
    FieldSpec {
        name: "history_days",
        label: "History",
        description: "How many days back the first walk reads, 1 to 3650. Default: 3650.",
        required: false,
        secret: false,
        kind: "integer",
    },
];

const CALLS: &[&str] = &["GET /v1/calls", "GET /v1/calls/{id}"];

const COVERAGE: &[Coverage] = &[
    Coverage {
        operation: "NN-01",
        vendor_route: "POST /auth",
        gateway_routes: &["POST /v1/connections", "POST /v1/connections/{id}/check"],
        fills: &["connection.token"],
    },
    Coverage {
        operation: "NN-02",
        vendor_route: "POST /auth/refresh",
        gateway_routes: &["POST /v1/connections/{id}/sync"],
        fills: &["connection.token"],
    },
    Coverage {
        operation: "NN-07",
        vendor_route: "GET /company-agents",
        gateway_routes: &["POST /v1/connections/{id}/check", "GET /v1/calls"],
        fills: &["parties[bot].remote_id", "parties[bot].name"],
    },
    Coverage {
        operation: "NN-28",
        vendor_route: "GET /statistic/dialog",
        gateway_routes: CALLS,
        fills: &[
            "remote_id",
            "remote_refs",
            "started_at",
            "status",
            "parties[customer].phone",
            "analyses[].fields",
            "analyses[].outcome",
        ],
    },
    Coverage {
        operation: "NN-29",
        vendor_route: "POST /statistic/dialog-report",
        gateway_routes: CALLS,
        fills: &["remote_id", "attempts[].remote_id", "analyses[].fields"],
    },
    Coverage {
        operation: "NN-31",
        vendor_route: "GET /statistic/download/call",
        gateway_routes: &["GET /v1/calls/{id}/media/{media_id}"],
        fills: &["media[]"],
    },
    Coverage {
        operation: "NN-32",
        vendor_route: "GET /statistic/{call_uuid}/transcription",
        gateway_routes: &["GET /v1/calls/{id}", "GET /v1/calls/{id}/transcript"],
        fills: &["attempts[].dialog_events", "transcript.utterances"],
    },
];
