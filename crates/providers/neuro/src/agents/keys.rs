//! Keys of speech services (NN-10, NN-11). The vendor shows them in clear; from here they go
//! nowhere but back to it.

use callweave_model::owned::{SpeechKey, SpeechKeyChange};
use callweave_provider::{CallContext, ErrorKind, ProviderError, Result, address};
use serde_json::{Value, json};

use crate::{
    Neuro, VENDOR,
    client::{Call, object},
    error::{bad_response, not_there},
    members::{masked_rest, text},
    wire::{self, Row},
};

impl Neuro {
    pub(super) async fn list_keys(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        key_type: Option<&str>,
    ) -> Result<Vec<SpeechKey>> {
        let rows = self.key_rows(context, agent, key_type).await?;
        Ok(rows.into_iter().filter_map(speech_key).collect())
    }

    /// The vendor takes a key as a whole, so what the change leaves alone goes back as it came.
    pub(super) async fn change_key(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        key: &str,
        change: &SpeechKeyChange,
    ) -> Result<SpeechKey> {
        let row = self
            .key_rows(context, agent, None)
            .await
            .map_err(ProviderError::before_sending)?
            .into_iter()
            .find(|row| wire::id(Some(row), &["uuid"]).as_deref() == Some(key))
            .ok_or_else(|| not_there("NN-11", "the agent has no such speech key"))?;
        let body = json!({
            "uuid": key,
            "name": merged(&row, "name", change.name.as_ref()),
            "platform": merged(&row, "platform", change.platform.as_ref()),
            "agent_uuid": agent,
            "key_type": merged(&row, "key_type", change.key_type.as_ref()),
        });
        let Value::Object(mut body) = body else {
            return Err(bad_response("NN-11", "the key cannot be written"));
        };
        if let Some(value) = value(&row, change)? {
            body.insert("value".to_owned(), value);
        }
        let path = format!("/agent-settings/credentials/{}", address::encode(key));
        let call = Call::write("NN-11", &path, &[], Value::Object(body));
        // The vendor's words may repeat the key.
        let answer = self.client.put(context, call).await.map_err(silent)?;
        speech_key(object("NN-11", &answer)?)
            .ok_or_else(|| bad_response("NN-11", "the changed key has no id"))
    }

    async fn key_rows(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        key_type: Option<&str>,
    ) -> Result<Vec<Row>> {
        let mut query = vec![("agent_uuid", agent)];
        query.extend(key_type.map(|kind| ("key_type", kind)));
        let call = Call::read("NN-10", "/agent-settings/credentials", &query);
        let answer = self.client.get(context, call).await?;
        Ok(wire::rows("NN-10", &answer.body)?.rows)
    }
}

fn merged(row: &Row, name: &str, changed: Option<&String>) -> Value {
    match changed {
        Some(text) => json!(text),
        None => row.get(name).cloned().unwrap_or_default(),
    }
}

/// The key that is to stand there: the new one, or the one that stands there already. One that the
/// vendor masks itself is not sent back, or the mask would take its place.
fn value(row: &Row, change: &SpeechKeyChange) -> Result<Option<Value>> {
    match &change.value {
        Some(value) if value.trim().is_empty() => Err(ProviderError::invalid_input(
            VENDOR,
            "NN-11",
            "/value",
            "must not be empty",
        )),
        Some(value) => Ok(Some(json!(value))),
        None => Ok(row
            .get("value")
            .filter(|value| value.as_str().is_some_and(|text| !text.contains("**")))
            .cloned()),
    }
}

/// A key without the key; `None` where it has no id.
fn speech_key(mut row: Row) -> Option<SpeechKey> {
    let value = row.remove("value").unwrap_or_default();
    Some(SpeechKey {
        remote_id: text(&mut row, "uuid")?,
        name: text(&mut row, "name"),
        platform: text(&mut row, "platform"),
        key_type: text(&mut row, "key_type"),
        agent_remote_id: text(&mut row, "agent_uuid"),
        has_value: match &value {
            Value::Null => false,
            Value::String(text) => !text.trim().is_empty(),
            _ => true,
        },
        // What the vendor adds to a key may be another form of it.
        extra: masked_rest(row),
    })
}

fn silent(mut error: ProviderError) -> ProviderError {
    error.message = None;
    error.vendor_code = None;
    if error.kind != ErrorKind::Transport {
        error.source = None;
    }
    error
}
