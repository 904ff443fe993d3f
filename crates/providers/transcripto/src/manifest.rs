//! What the gateway tells about this vendor.

use callweave_provider::manifest::{AuthKind, FieldSpec, Manifest, RateBudget};

use crate::{VENDOR, coverage::COVERAGE};

pub(crate) static MANIFEST: Manifest = Manifest {
    vendor: VENDOR,
    display_name: "Transcripto",
    description: "Transcribes and analyses calls, chats and mails. The gateway reads every task \
                  (transcript, summary, scores, tags, checklists, notes, files), takes in calls, \
                  sounds, videos and chats, and keeps checklists, scripts, categories, folders, \
                  searches and reports.",
    auth_kind: AuthKind::Jwt,
    credential_fields: CREDENTIALS,
    setting_fields: SETTINGS,
    capabilities: &[
        "pull",
        "lookup",
        "media",
        "tokens",
        "documents",
        "submit",
        "rubrics",
        "taxonomy",
        "reports",
        "account",
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
