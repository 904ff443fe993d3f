//! Voice agents over scripted answers: what is sent, and what odd answers mean.

use callweave_model::owned::{
    AgentFieldDraft, BulkOutcome, SpeechKeyChange, TimeSlotChange, VoiceAgentChange,
};
use callweave_model::patch::Patch;
use callweave_provider::{
    ErrorKind, ProviderError, Retry,
    agents::{FieldSide, LastSlot},
    http_client::Safety,
};
use callweave_provider_testkit::{CannedClient, answers};
use serde_json::{Value, json};

use crate::support::{AGENT, caller, provider};

const GENERAL: &str = "/api/v2/ext/agent-settings/general";
const KEYS: &str = "/api/v2/ext/agent-settings/credentials";
const SLOTS: &str = "/api/v2/ext/agent-settings/time-slot";
const INPUTS: &str = "/api/v2/ext/initial-entity";
const OUTPUTS: &str = "/api/v2/ext/output-entity";
const OUTPUTS_MANY: &str = "/api/v2/ext/output-entity/bulk";

#[tokio::test]
async fn settings_keep_every_member_whatever_its_type() {
    let settings = json!({
        "agent_uuid": AGENT, "name": "Reminder", "description": null, "delay": "00:05:30",
        "recall_count": "3", "trunk_name": "t", "flag": "ru", "record_path": "/r",
        "routing_channel_limit": null, "total_channel_limit": {"odd": 1}, "pool_name": "p",
        "language": "ru-RU", "asr": "yandex", "tts": "alena@yandex", "speed": null, "pitch": 1.5,
        "emotion": "good", "record_storage_time": "90", "timezone": "Europe/Moscow",
        "asr_key_uuid": "k-1", "api_token": "hush",
    });
    let client = CannedClient::new().on("GET", GENERAL, answers::ok(&settings));
    let provider = provider(&client, &json!({}));
    let agents = provider.agents().unwrap();
    let agent = agents.agent(&caller().context(), AGENT).await.unwrap();
    assert_eq!(agent.retry_delay_ms, Some(330_000));
    assert_eq!(agent.vendor_values["retry_delay_ms"], "00:05:30");
    assert_eq!(
        (agent.retry_count, agent.transfer_channel_limit),
        (Some(3), None)
    );
    assert_eq!(agent.speech_synthesis.as_deref(), Some("alena@yandex"));
    assert_eq!(
        Value::Object(agent.extra),
        json!({
            "trunk_name": "t", "record_path": "/r", "total_channel_limit": {"odd": 1},
            "pool_name": "p", "speed": null, "pitch": 1.5, "emotion": "good",
            "record_storage_time": "90", "asr_key_uuid": "k-1", "api_token": "***",
        }),
        "trap N-15: names of the document's table are kept, secrets masked"
    );
}

#[tokio::test]
async fn trap_n16_an_agent_that_went_to_another_company_was_changed_all_the_same() {
    let answer = json!({"delay": 300, "company_uuid": "c-2", "recall_count": 3});
    let client = CannedClient::new()
        .on("PUT", GENERAL, answers::ok(&answer))
        .on("GET", GENERAL, answers::json(403, &json!({})));
    let provider = provider(&client, &json!({}));
    let agents = provider.agents().unwrap();
    let change = VoiceAgentChange {
        company_remote_id: Patch::Set("c-2".to_owned()),
        ..VoiceAgentChange::default()
    };
    let agent = agents
        .update_agent(&caller().context(), AGENT, &change)
        .await;
    let agent = agent.unwrap();
    assert_eq!(agent.company_remote_id.as_deref(), Some("c-2"));
    assert_eq!(agent.remote_id, AGENT);
    let sent = &client.requests()[0];
    assert_eq!(
        (sent.json(), sent.safety),
        (json!({"company_uuid": "c-2"}), Safety::Write)
    );
    assert_eq!(sent.line(), format!("PUT {GENERAL}?agent_uuid={AGENT}"));
}

fn slots(count: usize) -> CannedClient {
    let slot = |number: usize| {
        json!({"time_slot_uuid": format!("s-{number}"), "day": number, "not_before": "09:00:00",
               "not_after": "18:00:30"})
    };
    let slots: Vec<Value> = (0..count).map(slot).collect();
    CannedClient::new().always("GET", SLOTS, answers::ok(&json!(slots)))
}

#[tokio::test]
async fn trap_n22_n23_rules_are_changed_whole_and_deleted_by_a_body() {
    for status in [200, 201] {
        let changed = json!({"time_slot_uuid": "s-1", "day": 5, "not_before": "10:00",
                             "not_after": "18:00:30"});
        let client = slots(2)
            .on("PUT", SLOTS, answers::json(status, &changed))
            .on("DELETE", SLOTS, answers::empty(204));
        let provider = provider(&client, &json!({}));
        let agents = provider.agents().unwrap();
        let caller = caller();
        let context = caller.context();
        let change = TimeSlotChange {
            day: Some(5),
            not_before: Some("10:00".to_owned()),
            not_after: None,
        };
        let slot = agents
            .update_slot(&context, AGENT, "s-1", &change)
            .await
            .unwrap();
        assert_eq!(
            (slot.day, slot.not_after.as_deref()),
            (Some(5), Some("18:00"))
        );
        assert_eq!(slot.extra["not_after"], "18:00:30", "finer than HH:MM");
        agents
            .delete_slot(&context, AGENT, "s-1", LastSlot::Keep)
            .await
            .unwrap();
        let requests = client.requests();
        assert_eq!(
            requests[1].json(),
            json!({"time_slot_uuid": "s-1", "day": 5, "not_before": "10:00",
                   "not_after": "18:00:30"}),
            "what stays is sent as it was"
        );
        let deleted = &requests[3];
        assert_eq!(deleted.line(), format!("DELETE {SLOTS}"));
        assert_eq!(deleted.json(), json!({"time_slot_uuid": "s-1"}));
        assert_eq!(deleted.headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn trap_n21_the_last_rule_goes_only_where_that_is_meant() {
    let client = slots(1).on("DELETE", SLOTS, answers::empty(204));
    let provider = provider(&client, &json!({}));
    let agents = provider.agents().unwrap();
    let caller = caller();
    let context = caller.context();
    let foreign = agents
        .delete_slot(&context, AGENT, "s-9", LastSlot::MayGo)
        .await;
    assert_eq!(foreign.unwrap_err().kind, ErrorKind::NotFound);
    let refused = agents
        .delete_slot(&context, AGENT, "s-0", LastSlot::Keep)
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::InvalidInput);
    assert!(refused.message.unwrap().contains("at any time"));
    assert!(client.lines().iter().all(|line| line.starts_with("GET")));
    agents
        .delete_slot(&context, AGENT, "s-0", LastSlot::MayGo)
        .await
        .unwrap();
    client.assert_all_used();
}

fn outputs() -> CannedClient {
    let listed = json!({"data": [
        {"output_entity_uuid": "o-1", "name": "a", "agent_uuid": AGENT},
        {"output_entity_uuid": "o-2", "name": "b", "agent_uuid": AGENT},
        {"output_entity_uuid": "o-3", "name": "c", "agent_uuid": AGENT},
    ]});
    CannedClient::new().always("GET", OUTPUTS, answers::ok(&listed))
}

async fn delete_outputs(
    client: &CannedClient,
    ids: &[&str],
) -> callweave_provider::Result<BulkOutcome> {
    let provider = provider(client, &json!({}));
    let agents = provider.agents().unwrap();
    let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    let caller = caller();
    agents
        .delete_fields(&caller.context(), AGENT, FieldSide::Output, &ids)
        .await
}

fn ids(outcome: &BulkOutcome) -> Vec<&str> {
    outcome
        .done
        .iter()
        .map(|field| field.remote_id.as_str())
        .collect()
}

#[tokio::test]
async fn trap_n25_n27_many_outputs_go_at_the_documented_path() {
    let answer = json!({
        "deleted_entities": [{"output_entity_uuid": "o-1", "name": "a", "number_cell": 0,
                              "entity_type": "string", "agent_uuid": AGENT}],
        "skipped": ["o-2"],
    });
    let client = outputs().on("POST", OUTPUTS_MANY, answers::ok(&answer));
    let outcome = delete_outputs(&client, &["o-1", "o-2", "o-9", "o-1"])
        .await
        .unwrap();
    assert_eq!(ids(&outcome), ["o-1"]);
    assert_eq!(outcome.done[0].position, Some(0));
    assert!(!outcome.one_by_one);
    assert_eq!(outcome.skipped[0], "o-2");
    assert_eq!(
        outcome.skipped[1]["remote_id"], "o-9",
        "of another agent: not sent"
    );
    let sent = &client.requests()[1];
    assert_eq!(
        sent.line(),
        format!("POST {OUTPUTS_MANY}?agent_uuid={AGENT}")
    );
    assert_eq!((sent.operation, sent.safety), ("NN-27", Safety::Write));
    assert_eq!(sent.json(), json!({"output_entities_uuid": ["o-1", "o-2"]}));
    let nothing = outputs();
    let outcome = delete_outputs(&nothing, &["o-9"]).await.unwrap();
    assert!(outcome.done.is_empty() && outcome.skipped.len() == 1);
    assert_eq!(
        nothing.requests().len(),
        1,
        "nothing of this agent, nothing sent"
    );
}

#[tokio::test]
async fn trap_n25_an_answer_that_does_not_tell_what_was_deleted_is_an_error() {
    for answer in [
        answers::ok(&json!({"added_entities": [], "skipped": []})),
        answers::ok(&json!({})),
        answers::ok(&json!(null)),
        answers::html(200),
        answers::empty(204),
    ] {
        let client = outputs().on("POST", OUTPUTS_MANY, answer);
        let error = delete_outputs(&client, &["o-1"]).await.unwrap_err();
        assert_eq!(
            (error.kind, error.retry),
            (ErrorKind::BadResponse, Retry::Never)
        );
        assert_eq!(
            client.requests().len(),
            2,
            "nothing is deleted one by one after that"
        );
    }
    let client = outputs().on("POST", OUTPUTS_MANY, answers::json(500, &json!({})));
    let error = delete_outputs(&client, &["o-1"]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::VendorFailure);
    assert_eq!(client.requests().len(), 2, "it may have been done");
}

#[tokio::test]
async fn trap_n25_where_the_bulk_is_refused_outputs_go_one_by_one_and_that_is_said() {
    for status in [404, 405, 409] {
        let refusal = answers::json(status, &json!({"message": "entities must be a list"}));
        let client = outputs()
            .on("POST", OUTPUTS_MANY, refusal)
            .plays("DELETE", OUTPUTS, |sent| {
                if sent.json()["output_entity_uuid"] == "o-2" {
                    answers::json(409, &json!({"message": "in use"}))
                } else {
                    answers::empty(204)
                }
            });
        let outcome = delete_outputs(&client, &["o-1", "o-2", "o-3"])
            .await
            .unwrap();
        assert!(outcome.one_by_one, "{status}");
        assert_eq!(ids(&outcome), ["o-1", "o-3"]);
        assert_eq!(
            outcome.skipped,
            [json!({"remote_id": "o-2", "reason": "in use"})]
        );
        assert_eq!(client.requests()[2].line(), format!("DELETE {OUTPUTS}"));
        assert_eq!(client.requests()[2].operation, "NN-26");
    }
}

#[tokio::test]
async fn trap_n24_n28_fields_go_to_the_hyphenated_path_with_what_was_given() {
    let made = |number: Value| {
        json!({"output_entity_uuid": "o-4", "name": "d", "agent_uuid": AGENT,
               "entity_type": "datetime", "number_cell": number})
    };
    for (number, position) in [
        (json!(4), Some(4)),
        (json!("4"), Some(4)),
        (json!(null), None),
    ] {
        let client = outputs().on("POST", OUTPUTS, answers::json(201, &made(number)));
        let provider = provider(&client, &json!({}));
        let agents = provider.agents().unwrap();
        let draft = AgentFieldDraft {
            name: "d".to_owned(),
            synthesized: None,
            field_type: Some("datetime".to_owned()),
            position: Some(4),
        };
        let caller = caller();
        let side = FieldSide::Output;
        let field = agents
            .create_field(&caller.context(), AGENT, side, &draft)
            .await;
        let field = field.unwrap();
        assert_eq!(
            (field.position, field.field_type.as_deref()),
            (position, Some("datetime"))
        );
        assert_eq!(
            client.requests()[0].json(),
            json!({"name": "d", "entity_type": "datetime", "number_cell": 4})
        );
    }
}

#[tokio::test]
async fn members_that_a_side_does_not_have_are_refused() {
    let client = CannedClient::new();
    let provider = provider(&client, &json!({}));
    let agents = provider.agents().unwrap();
    let caller = caller();
    let context = caller.context();
    let draft = |name: &str, spoken, kind: Option<&str>, position| AgentFieldDraft {
        name: name.to_owned(),
        synthesized: spoken,
        field_type: kind.map(str::to_owned),
        position,
    };
    let pointer = |error: ProviderError| error.pointer.unwrap();
    for (side, draft, at) in [
        (
            FieldSide::Input,
            draft("a", None, Some("string"), None),
            "field_type",
        ),
        (
            FieldSide::Input,
            draft("a", None, None, Some(1)),
            "position",
        ),
        (
            FieldSide::Output,
            draft("a", Some(true), None, None),
            "synthesized",
        ),
        (FieldSide::Output, draft(" ", None, None, None), "name"),
    ] {
        let one = agents.create_field(&context, AGENT, side, &draft).await;
        assert_eq!(pointer(one.unwrap_err()), format!("/{at}"));
        let many = agents.create_fields(&context, AGENT, side, &[draft]).await;
        assert_eq!(pointer(many.unwrap_err()), format!("/items/0/{at}"));
    }
    let placed = [draft("a", None, None, Some(1))];
    let many = agents
        .create_fields(&context, AGENT, FieldSide::Output, &placed)
        .await;
    assert_eq!(pointer(many.unwrap_err()), "/items/0/position");
    let none = agents
        .create_fields(&context, AGENT, FieldSide::Output, &[])
        .await;
    assert_eq!(pointer(none.unwrap_err()), "/items");
    assert!(client.requests().is_empty());
}

#[tokio::test]
async fn a_bulk_of_new_fields_must_say_what_was_added() {
    let path = "/api/v2/ext/initial-entity/bulk";
    let client = CannedClient::new().on("POST", path, answers::ok(&json!({"skipped": []})));
    let provider = provider(&client, &json!({}));
    let agents = provider.agents().unwrap();
    let draft = AgentFieldDraft {
        name: "city".to_owned(),
        synthesized: Some(true),
        field_type: None,
        position: None,
    };
    let caller = caller();
    let side = FieldSide::Input;
    let added = agents
        .create_fields(&caller.context(), AGENT, side, &[draft])
        .await;
    assert_eq!(added.unwrap_err().kind, ErrorKind::BadResponse);
    assert_eq!(
        client.requests()[0].json(),
        json!({"entities": [{"name": "city", "synthesis": true}]}),
        "trap N-26: a real array"
    );
}

#[tokio::test]
async fn a_field_of_another_agent_is_neither_changed_nor_deleted() {
    let listed = json!([{"initial_entity_uuid": "i-1", "name": "a", "synthesis": "false"}]);
    let client = CannedClient::new().always("GET", INPUTS, answers::ok(&listed));
    let provider = provider(&client, &json!({}));
    let agents = provider.agents().unwrap();
    let caller = caller();
    let context = caller.context();
    let change = serde_json::from_value(json!({"name": "b"})).unwrap();
    let side = FieldSide::Input;
    let changed = agents
        .update_field(&context, AGENT, side, "i-2", &change)
        .await;
    assert_eq!(changed.unwrap_err().kind, ErrorKind::NotFound);
    let deleted = agents.delete_field(&context, AGENT, side, "i-2").await;
    let error = deleted.unwrap_err();
    assert_eq!(
        (error.kind, error.operation),
        (ErrorKind::NotFound, "NN-20")
    );
    assert!(error.unsent);
    assert!(client.lines().iter().all(|line| line.starts_with("GET")));
}

fn keys(value: &str) -> Value {
    json!({"data": [{
        "uuid": "k-1", "name": "asr key", "platform": "yandex", "agent_uuid": AGENT,
        "key_type": "asr", "value": value, "service_account": {"private": "hush-2"},
    }]})
}

#[tokio::test]
async fn trap_n17_speech_keys_are_never_shown() {
    let client = CannedClient::new().always("GET", KEYS, answers::ok(&keys("hush-1")));
    let provider = provider(&client, &json!({}));
    let agents = provider.agents().unwrap();
    let caller = caller();
    let keys = agents
        .speech_keys(&caller.context(), AGENT, Some("asr"))
        .await;
    let keys = keys.unwrap();
    assert!(keys[0].has_value);
    let shown = format!("{keys:?} {}", serde_json::to_string(&keys).unwrap());
    assert!(!shown.contains("hush") && shown.contains("service_account"));
    assert_eq!(
        client.lines(),
        [format!("GET {KEYS}?agent_uuid={AGENT}&key_type=asr")]
    );
}

#[tokio::test]
async fn trap_n17_a_key_is_changed_whole_and_its_refusal_repeats_nothing() {
    let path = "/api/v2/ext/agent-settings/credentials/k-1";
    let rename = SpeechKeyChange {
        name: Some("renamed".to_owned()),
        ..SpeechKeyChange::default()
    };
    let renew = SpeechKeyChange {
        value: Some("hush-3".to_owned()),
        ..SpeechKeyChange::default()
    };
    for (known, change, sent) in [
        ("hush-1", &rename, Some("hush-1")),
        ("hush-1", &renew, Some("hush-3")),
        // A vendor that masks the key itself must not get the mask for a key.
        ("hu****", &rename, None),
    ] {
        let answer = keys("hush-3")["data"][0].clone();
        let client = CannedClient::new()
            .always("GET", KEYS, answers::ok(&keys(known)))
            .on("PUT", path, answers::ok(&answer));
        let provider = provider(&client, &json!({}));
        let agents = provider.agents().unwrap();
        let caller = caller();
        let key = agents
            .update_speech_key(&caller.context(), AGENT, "k-1", change)
            .await;
        assert!(!format!("{:?}", key.unwrap()).contains("hush"));
        let body = client.requests()[1].json();
        assert_eq!(body.get("value").and_then(Value::as_str), sent);
        assert_eq!(
            (&body["uuid"], &body["agent_uuid"]),
            (&json!("k-1"), &json!(AGENT))
        );
        assert_eq!(body["platform"], "yandex");
    }
    let words = json!({"message": "cannot use key hush-3 of yandex"});
    let client = CannedClient::new()
        .always("GET", KEYS, answers::ok(&keys("hush-1")))
        .on("PUT", path, answers::json(409, &words));
    let provider = provider(&client, &json!({}));
    let agents = provider.agents().unwrap();
    let caller = caller();
    let context = caller.context();
    let refused = agents
        .update_speech_key(&context, AGENT, "k-1", &renew)
        .await;
    assert!(!format!("{:?}", refused.unwrap_err()).contains("hush"));
    let foreign = agents
        .update_speech_key(&context, AGENT, "k-2", &renew)
        .await;
    assert_eq!(foreign.unwrap_err().kind, ErrorKind::NotFound);
    let empty = SpeechKeyChange {
        value: Some(" ".to_owned()),
        ..SpeechKeyChange::default()
    };
    let refused = agents
        .update_speech_key(&context, AGENT, "k-1", &empty)
        .await;
    assert_eq!(refused.unwrap_err().pointer.as_deref(), Some("/value"));
}
