//! Which operation of the vendor's document is reached by which route, and what it fills.
//!
//! Members of `GET /v1/calls` stand by their own path; `rubric`, `item`, `score`, `term`,
//! `evaluation`, `part`, `condition`, `token` and `found` name what the live routes answer with.

use callweave_provider::manifest::Coverage;

const SYNC: &str = "POST /v1/connections/{id}/sync";
const CALLS: &str = "GET /v1/calls";
const CALL: &str = "GET /v1/calls/{id}";
const TRANSCRIPT: &str = "GET /v1/calls/{id}/transcript";
const ANALYSES: &str = "GET /v1/calls/{id}/analyses";
const CHECK: &str = "POST /v1/connections/{id}/check";
const CONNECT: &str = "POST /v1/connections";
const CREDENTIALS: &str = "PUT /v1/connections/{id}/credentials";
const PART: &str = "GET /v1/connections/{id}/evaluations/{eid}/{part}";
const PARTS: &str = "GET /v1/connections/{id}/evaluation-parts/{part}";
const GET_RUBRIC: &str = "GET /v1/connections/{id}/rubrics/{rid}";
const PATCH_RUBRIC: &str = "PATCH /v1/connections/{id}/rubrics/{rid}";
const GET_TAG: &str = "GET /v1/connections/{id}/tags/{tid}";
const PATCH_TAG: &str = "PATCH /v1/connections/{id}/tags/{tid}";
const GET_EVALUATION: &str = "GET /v1/connections/{id}/evaluations/{eid}";
const PUT_EVALUATION: &str = "PUT /v1/connections/{id}/evaluations/{eid}";
const DELETE_EVALUATION: &str = "DELETE /v1/connections/{id}/evaluations/{eid}";
const ACTIVATE: &str = "POST /v1/connections/{id}/rubrics/{rid}/activate";
const DEACTIVATE: &str = "POST /v1/connections/{id}/rubrics/{rid}/deactivate";
const TOGGLE: &str = "POST /v1/connections/{id}/rubrics/{rid}/toggle";
const ITEMS: &str = "GET /v1/connections/{id}/rubrics/{rid}/items";
const ITEM: &str = "GET /v1/connections/{id}/rubrics/{rid}/items/{iid}";
const SCORE: &str = "GET /v1/connections/{id}/rubrics/{rid}/score";
const ALL_ITEMS: &str = "GET /v1/connections/{id}/rubric-items";
const ALL_SCORES: &str = "GET /v1/connections/{id}/rubric-scores";
const DELETE_TOKEN: &str = "DELETE /v1/connections/{id}/vendor-tokens/{tid}";
const GET_TOKENS: &str = "GET /v1/connections/{id}/vendor-tokens";
const POST_TOKEN: &str = "POST /v1/connections/{id}/vendor-tokens";
const RPC: &str = "POST /v1/connections/{id}/rpc";
const CONDITIONS: &str = "GET /v1/connections/{id}/notification-conditions";
const SEARCH: &str = "POST /v1/connections/{id}/vendor-calls/search";
const GET_RUBRICS: &str = "GET /v1/connections/{id}/rubrics";
const POST_RUBRIC: &str = "POST /v1/connections/{id}/rubrics";
const GET_TAGS: &str = "GET /v1/connections/{id}/tags";
const POST_TAG: &str = "POST /v1/connections/{id}/tags";
const GET_EVALUATIONS: &str = "GET /v1/connections/{id}/evaluations";
const POST_EVALUATION: &str = "POST /v1/connections/{id}/evaluations";

const RUBRIC_MEMBERS: &[&str] = &[
    "rubric.remote_id",
    "rubric.name",
    "rubric.text",
    "rubric.active",
    "rubric.pass_threshold_pct",
    "rubric.tags",
    "rubric.filters",
    "rubric.extra",
];
const ITEM_MEMBERS: &[&str] = &[
    "item.remote_id",
    "item.rubric_remote_id",
    "item.text",
    "item.extra",
];
const SCORE_MEMBERS: &[&str] = &[
    "score.rubric_remote_id",
    "score.pass_threshold_pct",
    "score.score_raw",
];
const TERM_MEMBERS: &[&str] = &[
    "term.remote_id",
    "term.name",
    "term.description",
    "term.performer",
    "term.condition",
    "term.color",
    "term.vendor_values",
    "term.extra",
];
const EVALUATION_MEMBERS: &[&str] = &[
    "evaluation.remote_id",
    "evaluation.call_remote_id",
    "evaluation.rubric_remote_id",
    "evaluation.rubric_name",
    "evaluation.application_remote_id",
    "evaluation.result",
    "evaluation.extra",
];
const TOKEN_MEMBERS: &[&str] = &[
    "token.remote_id",
    "token.name",
    "token.token_hint",
    "token.expires_at",
    "token.created_at",
    "token.active",
    "token.in_use",
    "token.extra",
];

pub(super) const COVERAGE: &[Coverage] = &[
    reached(
        "CG-01",
        "GET /scenarios",
        &[GET_RUBRICS, ALL_ITEMS, ALL_SCORES],
        RUBRIC_MEMBERS,
    ),
    reached("CG-02", "POST /scenarios", &[POST_RUBRIC], RUBRIC_MEMBERS),
    reached(
        "CG-03",
        "GET /scenarios/{id}",
        &[GET_RUBRIC, PATCH_RUBRIC, ACTIVATE, DEACTIVATE],
        RUBRIC_MEMBERS,
    ),
    reached(
        "CG-04",
        "PUT /scenarios/{id}",
        &[PATCH_RUBRIC, ACTIVATE, DEACTIVATE],
        RUBRIC_MEMBERS,
    ),
    reached(
        "CG-05",
        "POST /toggle_scenario",
        &[TOGGLE],
        &["rubric.active"],
    ),
    reached(
        "CG-06",
        "GET /scenarios/{scenario_id}/points",
        &[ITEMS, SYNC, CALL, ANALYSES],
        &[
            "item.remote_id",
            "item.rubric_remote_id",
            "item.text",
            "item.extra",
            "analyses.scorecards.items_total",
            "analyses.scorecards.items.remote_id",
            "analyses.scorecards.items.result",
        ],
    ),
    reached(
        "CG-07",
        "GET /scenarios/{scenario_id}/points/{point_id}",
        &[ITEM],
        ITEM_MEMBERS,
    ),
    reached(
        "CG-08",
        "GET /scenarios/{scenario_id}/text_points",
        &[ITEMS],
        &["item.rubric_remote_id", "item.text", "item.extra"],
    ),
    reached("CG-09", "GET /scenarios/points", &[ALL_ITEMS], ITEM_MEMBERS),
    reached(
        "CG-10",
        "GET /scenarios/{scenario_id}/scenario_score",
        &[SCORE],
        SCORE_MEMBERS,
    ),
    reached(
        "CG-11",
        "GET /scenarios/scenario_score",
        &[ALL_SCORES],
        SCORE_MEMBERS,
    ),
    reached(
        "CG-12",
        "GET /tags",
        &[GET_TAGS, CHECK, CONNECT],
        &[
            "term.remote_id",
            "term.name",
            "term.description",
            "term.performer",
            "term.condition",
            "term.color",
            "term.vendor_values",
            "term.extra",
            "connection.state",
        ],
    ),
    reached("CG-13", "POST /tags", &[POST_TAG], TERM_MEMBERS),
    reached(
        "CG-14",
        "GET /tags/{id}",
        &[GET_TAG, PATCH_TAG, SYNC, CALL, ANALYSES],
        &[
            "term.remote_id",
            "term.name",
            "term.description",
            "term.performer",
            "term.condition",
            "term.color",
            "term.vendor_values",
            "term.extra",
            "analyses.detections.name",
            "analyses.detections.performer",
            "analyses.detections.condition",
            "analyses.detections.color",
            "analyses.detections.description",
        ],
    ),
    reached("CG-15", "PUT /tags/{id}", &[PATCH_TAG], TERM_MEMBERS),
    reached(
        "CG-16",
        "GET /scenario_result",
        &[GET_EVALUATIONS, PARTS, SYNC, CALLS],
        &[
            "evaluation.remote_id",
            "evaluation.call_remote_id",
            "evaluation.rubric_remote_id",
            "evaluation.rubric_name",
            "evaluation.application_remote_id",
            "evaluation.result",
            "evaluation.extra",
            "remote_id",
            "analyses.remote_id",
        ],
    ),
    reached(
        "CG-17",
        "POST /scenario_result",
        &[POST_EVALUATION],
        EVALUATION_MEMBERS,
    ),
    reached(
        "CG-18",
        "GET /scenario_result/{id}",
        &[GET_EVALUATION, SYNC, CALL, ANALYSES, TRANSCRIPT],
        &[
            "evaluation.remote_id",
            "evaluation.call_remote_id",
            "evaluation.rubric_remote_id",
            "evaluation.rubric_name",
            "evaluation.application_remote_id",
            "evaluation.result",
            "evaluation.extra",
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
        "CG-19",
        "PUT /scenario_result/{id}",
        &[PUT_EVALUATION],
        EVALUATION_MEMBERS,
    ),
    reached(
        "CG-20",
        "DELETE /scenario_result/{id}",
        &[DELETE_EVALUATION],
        &["evaluation is gone"],
    ),
    reached(
        "CG-21",
        "GET /scenario_result/{id}/summary",
        &[PART, PARTS, SYNC, CALL, ANALYSES],
        &[
            "part.evaluation_remote_id",
            "part.text",
            "analyses.summaries",
            "rollup.summary",
        ],
    ),
    reached(
        "CG-22",
        "GET /scenario_result/summary",
        &[PARTS],
        &[
            "part.evaluation_remote_id",
            "part.call_remote_id",
            "part.text",
        ],
    ),
    reached(
        "CG-23",
        "GET /scenario_result/{id}/phrase_and_words",
        &[PART, PARTS, SYNC, CALL, TRANSCRIPT],
        &[
            "part.evaluation_remote_id",
            "part.utterance",
            "part.start_ms",
            "part.end_ms",
            "transcript.utterances",
            "parties",
            "stats",
        ],
    ),
    reached(
        "CG-24",
        "GET /scenario_result/phrase_and_words",
        &[PARTS],
        &[
            "part.evaluation_remote_id",
            "part.call_remote_id",
            "part.utterance",
            "part.start_ms",
            "part.end_ms",
        ],
    ),
    reached(
        "CG-25",
        "GET /scenario_result/{id}/success_points",
        &[PART, PARTS, SYNC, CALL, ANALYSES],
        &[
            "part.evaluation_remote_id",
            "part.call_remote_id",
            "part.name",
            "part.start_ms",
            "part.end_ms",
            "analyses.scorecards.items",
        ],
    ),
    reached(
        "CG-26",
        "GET /scenario_result/success_points",
        &[PARTS],
        &["part.name", "part.start_ms", "part.end_ms"],
    ),
    reached(
        "CG-27",
        "GET /scenario_result/{id}/tags",
        &[PART, PARTS, SYNC, CALL, ANALYSES],
        &[
            "part.evaluation_remote_id",
            "part.call_remote_id",
            "part.name",
            "part.start_ms",
            "part.end_ms",
            "part.color",
            "analyses.detections.name",
            "analyses.detections.color",
            "rollup.tags",
        ],
    ),
    reached(
        "CG-28",
        "GET /scenario_result/tags",
        &[PARTS],
        &["part.name", "part.start_ms", "part.end_ms", "part.color"],
    ),
    reached(
        "CG-29",
        "GET /scenario_result/{id}/employees_metrics",
        &[PART, PARTS, SYNC, CALL, ANALYSES],
        &[
            "part.evaluation_remote_id",
            "part.call_remote_id",
            "part.name",
            "part.start_ms",
            "part.end_ms",
            "analyses.events",
        ],
    ),
    reached(
        "CG-30",
        "GET /scenario_result/employees_metrics",
        &[PARTS],
        &["part.name", "part.start_ms", "part.end_ms"],
    ),
    reached("CG-31", "POST /rpc", &[RPC], &["the vendor's answer"]),
    reached(
        "CG-32",
        "GET /notification_conditions",
        &[CONDITIONS],
        &[
            "condition.remote_id",
            "condition.name",
            "condition.data_type",
            "condition.operators",
            "condition.values",
            "condition.extra",
        ],
    ),
    reached(
        "CG-33",
        "POST /api-login",
        &[CONNECT, CREDENTIALS],
        &["connection.token.expires_at"],
    ),
    reached(
        "CG-34",
        "GET /tokens",
        &[GET_TOKENS, DELETE_TOKEN],
        TOKEN_MEMBERS,
    ),
    reached(
        "CG-35",
        "POST /tokens",
        &[POST_TOKEN],
        &[
            "token.remote_id",
            "token.name",
            "token.token_hint",
            "token.expires_at",
            "token.created_at",
            "token.active",
            "token.in_use",
            "token.extra",
            "token.token",
        ],
    ),
    reached(
        "CG-36",
        "DELETE /tokens/{id}",
        &[DELETE_TOKEN, CREDENTIALS],
        &["token is gone"],
    ),
    reached(
        "CG-37",
        "GET /transcription",
        &[SEARCH, PART, PARTS, SYNC, CALL, TRANSCRIPT],
        &[
            "part.evaluation_remote_id",
            "part.call_remote_id",
            "found.remote_id",
            "found.listed",
            "part.utterance",
            "part.start_ms",
            "part.end_ms",
            "transcript.utterances",
            "parties",
            "stats",
        ],
    ),
];

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

#[cfg(test)]
mod tests {
    use super::COVERAGE;

    #[test]
    fn every_documented_operation_stands_here_once_with_a_route() {
        let told: Vec<&str> = COVERAGE.iter().map(|row| row.operation).collect();
        let documented: Vec<String> = (1..=37).map(|number| format!("CG-{number:02}")).collect();
        assert_eq!(told, documented);
        for row in COVERAGE {
            assert!(!row.gateway_routes.is_empty(), "{}", row.operation);
            assert!(!row.fills.is_empty(), "{}", row.operation);
            for route in row.gateway_routes {
                let (method, path) = route.split_once(' ').unwrap();
                assert!(
                    method.bytes().all(|byte| byte.is_ascii_uppercase()),
                    "{route}"
                );
                assert!(
                    path.starts_with("/v1/") && !path.contains("passthrough"),
                    "{route}"
                );
            }
        }
    }
}
