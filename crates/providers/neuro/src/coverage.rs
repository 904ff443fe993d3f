//! Every operation of the vendor's document and how the gateway reaches it.

use callweave_provider::manifest::Coverage;

/// One line of the table.
const fn op(
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

pub(crate) const COVERAGE: &[Coverage] = &[
    op(
        "NN-01",
        "POST /auth",
        &["POST /v1/connections", "POST /v1/connections/{id}/check"],
        &["connection.token"],
    ),
    op(
        "NN-02",
        "POST /auth/refresh",
        &["POST /v1/connections/{id}/sync"],
        &["connection.token"],
    ),
    op(
        "NN-03",
        "POST /dialog/dialog-initial",
        &["POST /v1/dialogs"],
        &["job.remote_ref", "remote_id"],
    ),
    op(
        "NN-04",
        "POST /dialog/dialogs-group-initial",
        &["POST /v1/dialog-batches"],
        &["job.remote_refs.batch", "job.remote_refs.task"],
    ),
    op(
        "NN-05",
        "GET /dialog/dialogs-group-initial-status",
        &["GET /v1/dialog-batches/{id}", "GET /v1/jobs/{id}"],
        &[
            "job.state",
            "job.error.vendor_code",
            "job.error.vendor_message",
        ],
    ),
    op(
        "NN-06",
        "GET /dialog/dialogs-group-initial-result",
        &["GET /v1/dialog-batches/{id}/dialogs"],
        &[
            "dialog_batch.dialogs[].state",
            "dialog_batch.dialogs[].message",
            "dialog_batch.dialogs[].dialog_remote_id",
            "remote_id",
        ],
    ),
    op(
        "NN-07",
        "GET /company-agents",
        &[
            "POST /v1/connections/{id}/check",
            "GET /v1/connections/{id}/voice-agents",
            "GET /v1/calls",
        ],
        &[
            "voice_agent.remote_id",
            "voice_agent.name",
            "parties[bot].remote_id",
            "parties[bot].name",
        ],
    ),
    op(
        "NN-08",
        "GET /agent-settings/general",
        &["GET /v1/connections/{id}/voice-agents/{aid}"],
        &[
            "voice_agent.remote_id",
            "voice_agent.name",
            "voice_agent.description",
            "voice_agent.language",
            "voice_agent.timezone",
            "voice_agent.retry_delay_ms",
            "voice_agent.retry_count",
            "voice_agent.channel_limit",
            "voice_agent.transfer_channel_limit",
            "voice_agent.voice_flag",
            "voice_agent.speech_recognition",
            "voice_agent.speech_synthesis",
            "voice_agent.vendor_values",
            "voice_agent.extra",
        ],
    ),
    op(
        "NN-09",
        "PUT /agent-settings/general",
        &["PATCH /v1/connections/{id}/voice-agents/{aid}"],
        &[
            "changes the settings of a voice agent",
            "voice_agent.company_remote_id",
        ],
    ),
    op(
        "NN-10",
        "GET /agent-settings/credentials",
        &["GET /v1/connections/{id}/voice-agents/{aid}/speech-keys"],
        &[
            "speech_key.remote_id",
            "speech_key.name",
            "speech_key.platform",
            "speech_key.key_type",
            "speech_key.agent_remote_id",
            "speech_key.has_value",
        ],
    ),
    op(
        "NN-11",
        "PUT /agent-settings/credentials/{credential_uuid}",
        &["PATCH /v1/connections/{id}/voice-agents/{aid}/speech-keys/{kid}"],
        &["changes a speech key"],
    ),
    op(
        "NN-12",
        "GET /agent-settings/time-slot",
        &["GET /v1/connections/{id}/voice-agents/{aid}/schedule"],
        &[
            "time_slot.remote_id",
            "time_slot.day",
            "time_slot.not_before",
            "time_slot.not_after",
        ],
    ),
    op(
        "NN-13",
        "POST /agent-settings/time-slot",
        &["POST /v1/connections/{id}/voice-agents/{aid}/schedule"],
        &["adds a rule", "time_slot.remote_id"],
    ),
    op(
        "NN-14",
        "PUT /agent-settings/time-slot",
        &["PATCH /v1/connections/{id}/voice-agents/{aid}/schedule/{sid}"],
        &["changes a rule"],
    ),
    op(
        "NN-15",
        "DELETE /agent-settings/time-slot",
        &["DELETE /v1/connections/{id}/voice-agents/{aid}/schedule/{sid}"],
        &["deletes a rule"],
    ),
    op(
        "NN-16",
        "GET /initial-entity",
        &["GET /v1/connections/{id}/voice-agents/{aid}/inputs"],
        &[
            "agent_field.remote_id",
            "agent_field.name",
            "agent_field.synthesized",
            "agent_field.agent_remote_id",
        ],
    ),
    op(
        "NN-17",
        "POST /initial-entity",
        &["POST /v1/connections/{id}/voice-agents/{aid}/inputs"],
        &["adds an input", "agent_field.remote_id"],
    ),
    op(
        "NN-18",
        "POST /initial-entity/bulk",
        &["POST /v1/connections/{id}/voice-agents/{aid}/inputs/bulk"],
        &["adds inputs", "bulk_outcome.done", "bulk_outcome.skipped"],
    ),
    op(
        "NN-19",
        "PUT /initial-entity",
        &["PATCH /v1/connections/{id}/voice-agents/{aid}/inputs/{fid}"],
        &["changes an input"],
    ),
    op(
        "NN-20",
        "DELETE /initial-entity",
        &["DELETE /v1/connections/{id}/voice-agents/{aid}/inputs/{fid}"],
        &["deletes an input"],
    ),
    op(
        "NN-21",
        "POST /initial-entity/bulk-delete",
        &["POST /v1/connections/{id}/voice-agents/{aid}/inputs/bulk-delete"],
        &[
            "deletes inputs",
            "bulk_outcome.done",
            "bulk_outcome.skipped",
        ],
    ),
    op(
        "NN-22",
        "GET /output-entity",
        &["GET /v1/connections/{id}/voice-agents/{aid}/outputs"],
        &[
            "agent_field.remote_id",
            "agent_field.name",
            "agent_field.agent_remote_id",
        ],
    ),
    op(
        "NN-23",
        "POST /output-entity",
        &["POST /v1/connections/{id}/voice-agents/{aid}/outputs"],
        &[
            "adds an output",
            "agent_field.field_type",
            "agent_field.position",
        ],
    ),
    op(
        "NN-24",
        "POST /output-entity/bulk {entities}",
        &["POST /v1/connections/{id}/voice-agents/{aid}/outputs/bulk"],
        &["adds outputs", "bulk_outcome.done", "bulk_outcome.skipped"],
    ),
    op(
        "NN-25",
        "PUT /output-entity",
        &["PATCH /v1/connections/{id}/voice-agents/{aid}/outputs/{fid}"],
        &["changes an output"],
    ),
    op(
        "NN-26",
        "DELETE /output-entity",
        &["DELETE /v1/connections/{id}/voice-agents/{aid}/outputs/{fid}"],
        &["deletes an output"],
    ),
    op(
        "NN-27",
        "POST /output-entity/bulk {output_entities_uuid}",
        &["POST /v1/connections/{id}/voice-agents/{aid}/outputs/bulk-delete"],
        &[
            "deletes outputs",
            "bulk_outcome.done",
            "bulk_outcome.skipped",
            "bulk_outcome.one_by_one",
        ],
    ),
    op(
        "NN-28",
        "GET /statistic/dialog",
        &["GET /v1/calls", "GET /v1/calls/{id}"],
        &[
            "remote_id",
            "remote_refs",
            "started_at",
            "status",
            "parties[customer].phone",
            "analyses[].fields",
            "analyses[].outcome",
        ],
    ),
    op(
        "NN-29",
        "POST /statistic/dialog-report",
        &["GET /v1/calls", "GET /v1/calls/{id}"],
        &["remote_id", "attempts[].remote_id", "analyses[].fields"],
    ),
    op(
        "NN-30",
        "GET /statistic/dialog-group",
        &["GET /v1/dialog-batches/{id}/dialogs", "GET /v1/calls"],
        &[
            "remote_id",
            "batch_remote_id",
            "started_at",
            "status",
            "parties[customer].phone",
            "analyses[].fields",
            "analyses[].outcome",
        ],
    ),
    op(
        "NN-31",
        "GET /statistic/download/call",
        &["GET /v1/calls/{id}/media/{media_id}"],
        &["media[]"],
    ),
    op(
        "NN-32",
        "GET /statistic/{call_uuid}/transcription",
        &["GET /v1/calls/{id}", "GET /v1/calls/{id}/transcript"],
        &["attempts[].dialog_events", "transcript.utterances"],
    ),
    op(
        "NN-33",
        "GET /queue/dialog",
        &[
            "GET /v1/connections/{id}/voice-agents/{aid}/queue",
            "GET /v1/calls/{id}",
        ],
        &[
            "queued_item.remote_id",
            "queued_item.phone",
            "queued_item.phone_raw",
            "queued_item.status",
            "queued_item.status_raw",
            "status",
        ],
    ),
    op(
        "NN-34",
        "GET /queue/call",
        &["GET /v1/connections/{id}/voice-agents/{aid}/queue"],
        &[
            "queued_item.remote_id",
            "queued_item.dialog_remote_id",
            "queued_item.phone",
            "queued_item.phone_raw",
            "queued_item.status",
            "queued_item.status_raw",
            "queued_item.added_at",
        ],
    ),
    op(
        "NN-35",
        "POST /queue/stop",
        &["POST /v1/connections/{id}/voice-agents/{aid}/queue/stop"],
        &["stops all dialogs of a voice agent"],
    ),
    op(
        "NN-36",
        "POST /queue/return",
        &["POST /v1/connections/{id}/voice-agents/{aid}/queue/resume"],
        &["returns the stopped dialogs of a voice agent to its queue"],
    ),
    op(
        "NN-37",
        "POST /queue/remove",
        &["DELETE /v1/connections/{id}/voice-agents/{aid}/queue"],
        &["deletes all dialogs from the queue of a voice agent"],
    ),
    op(
        "NN-38",
        "POST /queue/remove?dialog_uuid",
        &["DELETE /v1/connections/{id}/voice-agents/{aid}/queue/{did}"],
        &["deletes one dialog from the queue"],
    ),
    op(
        "NN-39",
        "GET /selection",
        &["GET /v1/connections/{id}/voice-agents/{aid}/campaigns"],
        &[
            "campaign.remote_id",
            "campaign.name",
            "campaign.started_at",
            "campaign.completed",
            "campaign.dialogs_count",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::COVERAGE;

    #[test]
    fn trap_n58_each_of_the_39_operations_stands_here_once_and_is_reached() {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for row in COVERAGE {
            *seen.entry(row.operation).or_default() += 1;
            assert!(!row.gateway_routes.is_empty(), "{}", row.operation);
            assert!(!row.fills.is_empty(), "{}", row.operation);
            for route in row.gateway_routes {
                let (method, path) = route.split_once(' ').unwrap();
                assert!(
                    ["GET", "POST", "PATCH", "PUT", "DELETE"].contains(&method),
                    "{route}"
                );
                assert!(
                    path.starts_with("/v1/") && !path.contains("passthrough"),
                    "{route}"
                );
            }
        }
        let documented: Vec<String> = (1..=39).map(|number| format!("NN-{number:02}")).collect();
        let told: Vec<&str> = seen.keys().copied().collect();
        assert_eq!(told, documented);
        assert!(seen.values().all(|count| *count == 1), "{seen:?}");
    }
}
