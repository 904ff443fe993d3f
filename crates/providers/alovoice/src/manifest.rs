//! What AloVoice is and can do, as data.

use callweave_provider::{
    Manifest,
    manifest::{AuthKind, Coverage, FieldSpec, RateBudget},
};

use crate::VENDOR;

pub(crate) static MANIFEST: Manifest = Manifest {
    vendor: VENDOR,
    display_name: "AloVoice",
    description: "Analytics of recorded calls by rules: transcript by speaker and tags. There is \
                  no list: calls are looked up, and sent to be analysed, by the id that the \
                  telephone exchange gave them.",
    auth_kind: AuthKind::StaticToken,
    credential_fields: &[FieldSpec {
        name: "token",
        label: "Token",
        description: "The account's token, as it stands in the vendor's addresses.",
        required: true,
        secret: true,
        kind: "string",
    }],
    setting_fields: &[
        FieldSpec {
            name: "base_url",
            label: "Base URL",
            description: "Where the API is served. Default: https://cld.alovoice.uz",
            required: false,
            secret: false,
            kind: "url",
        },
        FieldSpec {
            name: "audio_path_template",
            label: "Path of recordings",
            description: "How a recording is addressed, from {path} (as the vendor links it), \
                          {call_id} and {token}. Default: {path}",
            required: false,
            secret: false,
            kind: "string",
        },
        FieldSpec {
            name: "timezone",
            label: "Time zone",
            description: "The IANA zone that this account's local times are meant in. The vendor \
                          sends Unix time only.",
            required: false,
            secret: false,
            kind: "timezone",
        },
    ],
    capabilities: &["lookup", "media", "submit", "passthrough"],
    calls_have_start_time: true,
    // The vendor names no limit; a 429 slows the rate down.
    rate_budget: RateBudget {
        requests_per_second: 50,
        concurrency: 4,
    },
    coverage: &[
        Coverage {
            operation: "AV-01",
            vendor_route: "GET /callsendai/{TOKEN}/{CALL_ID}",
            gateway_routes: &["POST /v1/analyses", "POST /v1/jobs/{id}/resubmit"],
            fills: &["begins the analysis of a call", "job.record"],
        },
        Coverage {
            operation: "AV-02",
            vendor_route: "GET /callgetairesult/{TOKEN}/{CALL_ID}",
            gateway_routes: &[
                "POST /v1/calls",
                "GET /v1/calls/{id}",
                "GET /v1/calls/{id}/transcript",
                "GET /v1/calls/{id}/analyses",
                "GET /v1/jobs/{id}",
                "POST /v1/connections/{id}/check",
            ],
            fills: &[
                "remote_id",
                "remote_refs.aicallid",
                "started_at",
                "parties",
                "media",
                "stats",
                "transcript.utterances",
                "analyses.requested_at",
                "analyses.detections",
            ],
        },
        Coverage {
            operation: "AV-03",
            vendor_route: "GET /stereo/{CALL_ID}",
            gateway_routes: &["GET /v1/calls/{id}/media/{media_id}"],
            fills: &["media"],
        },
    ],
};

#[cfg(test)]
mod tests {
    use super::MANIFEST;

    #[test]
    fn each_operation_stands_here_once_and_is_reached() {
        let mut told: Vec<&str> = MANIFEST.coverage.iter().map(|row| row.operation).collect();
        told.sort_unstable();
        // AV-03 is the path that a result links to; the document describes no such operation.
        assert_eq!(told, ["AV-01", "AV-02", "AV-03"]);
        for row in MANIFEST.coverage {
            assert!(
                !row.gateway_routes.is_empty() && !row.fills.is_empty(),
                "{}",
                row.operation
            );
            let mut routes = row.gateway_routes.iter();
            assert!(!routes.any(|route| route.contains("passthrough")));
        }
    }
}
