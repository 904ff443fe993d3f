//! What the gateway tells about this vendor.

use callweave_provider::manifest::{AuthKind, FieldSpec, Manifest, RateBudget};

use crate::{VENDOR, coverage::COVERAGE};

pub(crate) static MANIFEST: Manifest = Manifest {
    vendor: VENDOR,
    display_name: "Neuro",
    description: "Voice agents that call people by themselves. The gateway starts their dialogs, \
                  reads what came of them (outcomes, logs of what was said, recordings) and \
                  keeps their settings, rules and fields.",
    auth_kind: AuthKind::Basic,
    credential_fields: CREDENTIALS,
    setting_fields: SETTINGS,
    capabilities: &[
        "pull",
        "lookup",
        "media",
        "tokens",
        "dialogs",
        "agents",
        "passthrough",
    ],
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
        description: "The UUIDs of the agents whose dialogs are read. Default: all agents of the \
                      company.",
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
    FieldSpec {
        name: "phone_format",
        label: "Form of phones",
        description: "How phones of dialogs to be started are sent: e164 (+99990001122), digits \
                      (99990001122) or national (without the country code). Default: e164.",
        required: false,
        secret: false,
        kind: "string",
    },
    FieldSpec {
        name: "phone_country_code",
        label: "Country code",
        description: "The country calling code, e.g. 7 or 998, of phones that are given without \
                      one, and the one that the national form leaves out. Default: none; a phone \
                      without a country is then refused.",
        required: false,
        secret: false,
        kind: "string",
    },
    FieldSpec {
        name: "phone_field",
        label: "Input for the phone",
        description: "The input of the agents that takes the phone: msisdn or phone. Default: \
                      msisdn.",
        required: false,
        secret: false,
        kind: "string",
    },
    FieldSpec {
        name: "script_field",
        label: "Input for the script",
        description: "The input of the agents that takes the script's name: script_name or \
                      script. Default: script_name.",
        required: false,
        secret: false,
        kind: "string",
    },
];
