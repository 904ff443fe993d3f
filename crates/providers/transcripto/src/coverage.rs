//! Which documented operations are reached, by which routes of the gateway, and what they fill.

use callweave_provider::manifest::Coverage;

/// The operations of the vendor's document.
pub(crate) const COVERAGE: &[Coverage] = &[
    row(
        "TR-01",
        "POST /auth/login",
        &[
            "POST /v1/connections",
            "PUT /v1/connections/{id}/credentials",
            "POST /v1/connections/{id}/check",
        ],
        &["connection.token"],
    ),
    row(
        "TR-02",
        "GET /user/tariff",
        &["GET /v1/connections/{id}/usage"],
        &[
            "plan_remote_id",
            "plan_name",
            "starts_at",
            "ends_at",
            "days_left",
            "resources",
            "enabled",
            "price",
            "currency",
            "extra",
        ],
    ),
    row("TR-03", "POST /addtaskcall", ANALYSES, SUBMITTED_CALL),
    row("TR-04", "POST /addtaskcallbyurl", ANALYSES, SUBMITTED_CALL),
    row("TR-05", "POST /addtaskaudio", ANALYSES, SUBMITTED_SOUND),
    row("TR-06", "POST /addtaskyoutube", ANALYSES, SUBMITTED_SOUND),
    row(
        "TR-07",
        "POST /add_chat_analysis_task",
        ANALYSES,
        &["job.record", "parties[agent].name", "started_at"],
    ),
    row(
        "TR-08",
        "POST /user/callreport",
        &["POST /v1/connections/{id}/reports"],
        &["job.record"],
    ),
    row(
        "TR-09",
        "POST /tasks/filter",
        &[
            "GET /v1/calls",
            "GET /v1/calls/{id}",
            "GET /v1/connections/{id}/reports",
            "POST /v1/connections/{id}/vendor-calls/search",
        ],
        &[
            "remote_id",
            "remote_refs",
            "parties[agent].name",
            "started_at",
            "direction",
            "folder_remote_id",
            "analyses[].scores[csat]",
            "reports[]",
        ],
    ),
    row(
        "TR-10",
        "GET /tasks/filter",
        &["POST /v1/connections/{id}/vendor-calls/search"],
        &["remote_id", "listed"],
    ),
    row(
        "TR-11",
        "GET /gettask",
        &[
            "GET /v1/calls/{id}",
            "GET /v1/calls/{id}/transcript",
            "GET /v1/jobs/{id}",
            "GET /v1/connections/{id}/reports/{rid}",
        ],
        &[
            "remote_refs",
            "channel",
            "duration_ms",
            "artifacts",
            "transcript",
            "vendor_updated_at",
            "media[]",
            "job.state",
            "report.state",
            "report.files",
        ],
    ),
    row(
        "TR-12",
        "GET /api/calls_analysis_v2/{task_code}",
        &["GET /v1/calls/{id}", "GET /v1/calls/{id}/analyses"],
        &[
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
    ),
    row(
        "TR-13",
        "GET /checklist",
        &[
            "GET /v1/connections/{id}/rubrics",
            "GET /v1/connections/{id}/rubrics/{rid}",
            "GET /v1/connections/{id}/rubrics/{rid}/items",
            "GET /v1/connections/{id}/rubrics/{rid}/items/{iid}",
            "GET /v1/connections/{id}/rubric-items",
        ],
        QUESTION,
    ),
    row(
        "TR-14",
        "GET /checklist/{user_id}",
        &[
            "GET /v1/connections/{id}/rubrics/{rid}",
            "GET /v1/connections/{id}/rubrics/{rid}/items",
            "GET /v1/connections/{id}/rubrics/{rid}/items/{iid}",
        ],
        QUESTION,
    ),
    row(
        "TR-15",
        "POST /checklist",
        &["POST /v1/connections/{id}/rubrics/{rid}/items"],
        QUESTION,
    ),
    row(
        "TR-16",
        "POST /checklist/{checklist_id}",
        &["PATCH /v1/connections/{id}/rubrics/{rid}/items/{iid}"],
        QUESTION,
    ),
    row(
        "TR-17",
        "POST /checklist/delete/{checklist_id}",
        &["DELETE /v1/connections/{id}/rubrics/{rid}/items/{iid}"],
        &["hides the question"],
    ),
    row(
        "TR-18",
        "GET /checklist/answer/{task_id}",
        &["GET /v1/calls/{id}/analyses"],
        &["analyses[].scorecards"],
    ),
    row(
        "TR-19",
        "GET /user/directories",
        &[
            "GET /v1/connections/{id}/folders",
            "GET /v1/connections/{id}/folders/{tid}",
            "POST /v1/connections/{id}/check",
        ],
        FOLDER,
    ),
    row(
        "TR-20",
        "POST /user/directories",
        &["POST /v1/connections/{id}/folders"],
        FOLDER,
    ),
    row(
        "TR-21",
        "DELETE /user/directories/delete/{directory_id}",
        &["DELETE /v1/connections/{id}/folders/{tid}"],
        &["deletes the folder"],
    ),
    row(
        "TR-22",
        "POST /user/call_categories/list",
        &[
            "GET /v1/connections/{id}/categories",
            "GET /v1/connections/{id}/categories/{tid}",
        ],
        CATEGORY,
    ),
    row(
        "TR-23",
        "POST /user/call_categories/create",
        &["POST /v1/connections/{id}/categories"],
        CATEGORY,
    ),
    row(
        "TR-24",
        "POST /user/call_categories/edit/{id}",
        &["PATCH /v1/connections/{id}/categories/{tid}"],
        CATEGORY,
    ),
    row(
        "TR-25",
        "POST /user/call_categories/delete/{id}",
        &["DELETE /v1/connections/{id}/categories/{tid}"],
        &["deletes the category"],
    ),
    row(
        "TR-26",
        "POST /tasks/filters/save",
        &[
            "POST /v1/connections/{id}/saved-searches",
            "PATCH /v1/connections/{id}/saved-searches/{tid}",
        ],
        &["name", "criteria"],
    ),
    row(
        "TR-27",
        "GET /tasks/filters/list",
        &[
            "GET /v1/connections/{id}/saved-searches",
            "GET /v1/connections/{id}/saved-searches/{tid}",
        ],
        &["remote_id", "name", "criteria", "created_at", "extra"],
    ),
    row(
        "TR-28",
        "POST /tasks/filters/delete/{filter_id}",
        &["DELETE /v1/connections/{id}/saved-searches/{tid}"],
        &["deletes the saved search"],
    ),
    row(
        "TR-29",
        "POST /user/call_check_scripts/list",
        &[
            "GET /v1/connections/{id}/rubrics",
            "GET /v1/connections/{id}/rubrics/{rid}",
        ],
        SCRIPT,
    ),
    row(
        "TR-30",
        "POST /user/call_check_scripts/create",
        &["POST /v1/connections/{id}/rubrics"],
        SCRIPT,
    ),
    row(
        "TR-31",
        "POST /user/call_check_scripts/edit/{script_id}",
        &[
            "PATCH /v1/connections/{id}/rubrics/{rid}",
            "POST /v1/connections/{id}/rubrics/{rid}/activate",
            "POST /v1/connections/{id}/rubrics/{rid}/deactivate",
        ],
        SCRIPT,
    ),
    row(
        "TR-32",
        "POST /user/call_check_scripts/delete/{script_id}",
        &["DELETE /v1/connections/{id}/rubrics/{rid}"],
        &["deletes the script"],
    ),
    row(
        "TR-33",
        "GET /user/callreport/file",
        &["GET /v1/connections/{id}/reports/{rid}/files/{name}"],
        &["the file"],
    ),
    row(
        "TR-34",
        "GET /get_file?file_type=docx_call",
        DOCUMENTS,
        &["the file"],
    ),
    row(
        "TR-35",
        "GET /get_file?file_type=txt_call",
        DOCUMENTS,
        &["the file"],
    ),
    row(
        "TR-36",
        "GET /get_file?file_type=docx_youtube",
        DOCUMENTS,
        &["the file"],
    ),
    row(
        "TR-37",
        "GET /get_file?file_type=txt_youtube",
        DOCUMENTS,
        &["the file"],
    ),
    row(
        "TR-38",
        "GET /get_file?file_type=audio",
        &["GET /v1/calls/{id}/media/{media_id}"],
        &["media[]"],
    ),
];

const ANALYSES: &[&str] = &["POST /v1/analyses", "POST /v1/jobs/{id}/resubmit"];

const DOCUMENTS: &[&str] = &["GET /v1/calls/{id}/documents/{format}"];

const SUBMITTED_CALL: &[&str] = &[
    "job.record",
    "parties[agent].name",
    "parties[customer].external_id",
    "direction",
    "started_at",
    "folder_remote_id",
    "media[]",
];

const SUBMITTED_SOUND: &[&str] = &["job.record", "folder_remote_id", "language"];

const QUESTION: &[&str] = &["remote_id", "rubric_remote_id", "text", "active", "extra"];

const FOLDER: &[&str] = &["remote_id", "name", "extra"];

const CATEGORY: &[&str] = &[
    "remote_id",
    "name",
    "description",
    "parent_remote_id",
    "children_count",
    "created_at",
    "updated_at",
    "extra",
];

const SCRIPT: &[&str] = &[
    "remote_id",
    "name",
    "identifier",
    "text",
    "description",
    "version",
    "active",
    "created_at",
    "updated_at",
    "extra",
];

const fn row(
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
    fn every_operation_of_the_document_is_reached_by_a_route_of_the_gateway() {
        let told: Vec<&str> = COVERAGE.iter().map(|row| row.operation).collect();
        let documented: Vec<String> = (1..=38).map(|number| format!("TR-{number:02}")).collect();
        assert_eq!(told, documented, "each of the 38 exactly once");
        for row in COVERAGE {
            assert!(!row.gateway_routes.is_empty(), "{}", row.operation);
            assert!(!row.fills.is_empty(), "{}", row.operation);
            for route in row.gateway_routes {
                let (method, path) = route.split_once(' ').unwrap();
                let known = ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method);
                assert!(
                    known && path.starts_with("/v1/"),
                    "{}: {route}",
                    row.operation
                );
            }
        }
    }
}
