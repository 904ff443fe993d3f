//! Agents and their settings (NN-07 to NN-09).

use callweave_model::{
    VendorValues,
    owned::{VoiceAgent, VoiceAgentChange},
    patch::Patch,
};
use callweave_provider::{
    CallContext, ProviderError, Result,
    listing::{ListQuery, Listing},
};
use serde_json::{Value, json};

use crate::{
    Neuro, VENDOR,
    client::{Call, object},
    error::bad_response,
    members::{integer, rest, text},
    wire::Row,
};

/// The operation that changes settings.
const CHANGE: &str = "NN-09";

impl Neuro {
    /// All agents of the company, by id and name: the vendor lists no more. It has no pages, so
    /// they are cut here.
    pub(super) async fn list_agents(
        &self,
        context: &CallContext<'_>,
        query: &ListQuery,
    ) -> Result<Listing<VoiceAgent>> {
        let wanted = query.search.as_deref().map(str::to_lowercase);
        let agents: Vec<VoiceAgent> = self
            .company_agents(context)
            .await?
            .into_iter()
            .filter(|agent| {
                let name = agent.name.as_deref().unwrap_or_default().to_lowercase();
                wanted.as_deref().is_none_or(|text| name.contains(text))
            })
            .map(|agent| VoiceAgent {
                name: agent.name,
                company_remote_id: Some(self.settings.company_uuid.clone()),
                ..unknown(agent.uuid)
            })
            .collect();
        let first: usize = match query.position.as_deref().map(str::parse) {
            None => 0,
            Some(Ok(position)) => position,
            Some(Err(_)) => {
                let detail = "is no place in this list";
                return Err(ProviderError::invalid_input(
                    VENDOR, "NN-07", "/cursor", detail,
                ));
            }
        };
        let limit = usize::try_from(query.limit.max(1)).unwrap_or(usize::MAX);
        let next = first.saturating_add(limit);
        let total = agents.len();
        Ok(Listing {
            items: agents.into_iter().skip(first).take(limit).collect(),
            next: (next < total).then(|| next.to_string()),
            total: u64::try_from(total).ok(),
        })
    }

    pub(super) async fn read_agent(
        &self,
        context: &CallContext<'_>,
        agent: &str,
    ) -> Result<VoiceAgent> {
        let query = [("agent_uuid", agent)];
        let call = Call::read("NN-08", "/agent-settings/general", &query);
        let answer = self.client.get(context, call).await?;
        let settings = object("NN-08", &answer)?;
        if settings.is_empty() {
            return Err(bad_response("NN-08", "the answer holds no settings"));
        }
        Ok(voice_agent(agent, settings))
    }

    pub(super) async fn change_agent(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        change: &VoiceAgentChange,
    ) -> Result<VoiceAgent> {
        let body = body(change)?;
        if body.is_empty() {
            return self.read_agent(context, agent).await;
        }
        let query = [("agent_uuid", agent)];
        let path = "/agent-settings/general";
        let call = Call::write(CHANGE, path, &query, Value::Object(body));
        let answer = self.client.put(context, call).await?;
        let told = voice_agent(agent, object(CHANGE, &answer)?);
        // The answer tells the changed settings only. What cannot be read any more (an agent that
        // went to another company) was changed all the same.
        Ok(match self.read_agent(context, agent).await {
            Ok(whole) => VoiceAgent {
                company_remote_id: whole.company_remote_id.or(told.company_remote_id),
                ..whole
            },
            Err(_) => told,
        })
    }
}

/// An agent of which nothing but its id is known.
fn unknown(uuid: String) -> VoiceAgent {
    VoiceAgent {
        remote_id: uuid,
        name: None,
        description: None,
        language: None,
        company_remote_id: None,
        timezone: None,
        retry_delay_ms: None,
        retry_count: None,
        channel_limit: None,
        transfer_channel_limit: None,
        voice_flag: None,
        speech_recognition: None,
        speech_synthesis: None,
        vendor_values: VendorValues::new(),
        extra: Row::new(),
    }
}

/// The settings as an agent of the canonical model.
fn voice_agent(uuid: &str, mut row: Row) -> VoiceAgent {
    let mut agent = unknown(text(&mut row, "agent_uuid").unwrap_or_else(|| uuid.to_owned()));
    if let Some(delay) = row.remove("delay").filter(|delay| !delay.is_null()) {
        agent.retry_delay_ms = delay.as_str().and_then(delay_ms);
        agent
            .vendor_values
            .insert("retry_delay_ms".to_owned(), delay);
    }
    agent.name = text(&mut row, "name");
    agent.description = text(&mut row, "description");
    agent.language = text(&mut row, "language");
    agent.company_remote_id = text(&mut row, "company_uuid");
    agent.timezone = text(&mut row, "timezone");
    agent.retry_count = integer(&mut row, "recall_count");
    agent.channel_limit = integer(&mut row, "total_channel_limit");
    agent.transfer_channel_limit = integer(&mut row, "routing_channel_limit");
    agent.voice_flag = text(&mut row, "flag");
    agent.speech_recognition = text(&mut row, "asr");
    agent.speech_synthesis = text(&mut row, "tts");
    agent.extra = rest(row);
    agent
}

/// `hh:mm` or `hh:mm:ss`. The unit of a bare number is not documented.
fn delay_ms(text: &str) -> Option<i64> {
    let parts: Vec<i64> = text
        .trim()
        .split(':')
        .map(|part| {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse().ok().filter(|_| digits && part.len() <= 4)
        })
        .collect::<Option<_>>()?;
    let (hours, minutes, seconds) = match parts.as_slice() {
        [hours, minutes] => (hours, minutes, &0),
        [hours, minutes, seconds] => (hours, minutes, seconds),
        _ => return None,
    };
    let whole = (0..60).contains(minutes) && (0..60).contains(seconds);
    whole.then_some(((hours * 60 + minutes) * 60 + seconds) * 1_000)
}

/// The settings that a change names, with the types that the vendor documents.
fn body(change: &VoiceAgentChange) -> Result<Row> {
    let VoiceAgentChange {
        retry_delay_ms,
        retry_count,
        channel_limit,
        transfer_channel_limit,
        voice_flag,
        language,
        speech_recognition,
        speech_synthesis,
        company_remote_id,
    } = change;
    // The document gives each a text or a number (neuro.txt L574-598). That null empties one is
    // known of the limit of transferred calls alone.
    for (pointer, cleared) in [
        (
            "/retry_delay_ms",
            matches!(retry_delay_ms.change(), Some(None)),
        ),
        ("/retry_count", matches!(retry_count.change(), Some(None))),
        (
            "/channel_limit",
            matches!(channel_limit.change(), Some(None)),
        ),
        ("/voice_flag", matches!(voice_flag.change(), Some(None))),
        ("/language", matches!(language.change(), Some(None))),
        (
            "/speech_recognition",
            matches!(speech_recognition.change(), Some(None)),
        ),
        (
            "/speech_synthesis",
            matches!(speech_synthesis.change(), Some(None)),
        ),
    ] {
        if cleared {
            return Err(refused(pointer, "cannot be cleared"));
        }
    }
    let mut body = Row::new();
    if let Some(delay) = retry_delay_ms.value() {
        body.insert("delay".to_owned(), json!(written_delay(*delay)?));
    }
    for (name, pointer, number) in [
        ("recall_count", "/retry_count", retry_count),
        ("total_channel_limit", "/channel_limit", channel_limit),
        (
            "routing_channel_limit",
            "/transfer_channel_limit",
            transfer_channel_limit,
        ),
    ] {
        if number.value().is_some_and(|number| *number < 0) {
            return Err(refused(pointer, "must not be negative"));
        }
        if let Some(number) = number.change() {
            body.insert(name.to_owned(), json!(number));
        }
    }
    for (name, text) in [
        ("flag", voice_flag),
        ("language", language),
        ("asr", speech_recognition),
        ("tts", speech_synthesis),
    ] {
        if let Some(text) = text.change() {
            body.insert(name.to_owned(), json!(text));
        }
    }
    match company_remote_id {
        Patch::Keep => {}
        Patch::Set(company) if crate::lookup::is_id(company) => {
            body.insert("company_uuid".to_owned(), json!(company));
        }
        Patch::Set(_) => return Err(refused("/company_remote_id", "must be a uuid")),
        Patch::Clear => {
            return Err(refused(
                "/company_remote_id",
                "cannot be cleared: an agent belongs to a company",
            ));
        }
    }
    Ok(body)
}

fn written_delay(delay: i64) -> Result<String> {
    const MINUTE: i64 = 60_000;
    const DAY: i64 = 24 * 60 * MINUTE;
    if !(0..DAY).contains(&delay) || delay % MINUTE != 0 {
        return Err(refused(
            "/retry_delay_ms",
            "must be whole minutes (a multiple of 60000), less than a day",
        ));
    }
    let minutes = delay / MINUTE;
    Ok(format!("{:02}:{:02}", minutes / 60, minutes % 60))
}

fn refused(pointer: &str, detail: &str) -> ProviderError {
    ProviderError::invalid_input(VENDOR, CHANGE, pointer, detail)
}

#[cfg(test)]
mod tests {
    use callweave_model::{owned::VoiceAgentChange, patch::Patch};
    use serde_json::{Value, json};

    use super::{body, delay_ms, voice_agent};

    #[test]
    fn trap_n14_a_delay_has_three_spellings_and_a_number_has_no_unit() {
        assert_eq!(delay_ms("00:05"), Some(300_000));
        assert_eq!(delay_ms("00:05:30"), Some(330_000));
        assert_eq!(delay_ms("26:00"), Some(93_600_000));
        for odd in ["", "5", "00:75", "-1:00", "a:b", "1:2:3:4", ":"] {
            assert_eq!(delay_ms(odd), None, "{odd}");
        }
        let Value::Object(row) = json!({"delay": 300}) else {
            return;
        };
        let agent = voice_agent("a", row);
        assert_eq!(agent.retry_delay_ms, None);
        assert_eq!(agent.vendor_values["retry_delay_ms"], json!(300));
    }

    #[test]
    fn trap_n18_values_are_sent_with_their_types() {
        let change = VoiceAgentChange {
            retry_delay_ms: Patch::Set(5_400_000),
            retry_count: Patch::Set(3),
            transfer_channel_limit: Patch::Clear,
            language: Patch::Set("ru-RU".to_owned()),
            ..VoiceAgentChange::default()
        };
        assert_eq!(
            Value::Object(body(&change).unwrap()),
            json!({
                "delay": "01:30", "recall_count": 3, "routing_channel_limit": null,
                "language": "ru-RU",
            })
        );
    }

    #[test]
    fn what_the_vendor_cannot_keep_is_refused_before_it_is_sent() {
        let delay = |ms| VoiceAgentChange {
            retry_delay_ms: Patch::Set(ms),
            ..VoiceAgentChange::default()
        };
        for odd in [-60_000, 61_000, 86_400_000] {
            let error = body(&delay(odd)).unwrap_err();
            assert_eq!(error.pointer.as_deref(), Some("/retry_delay_ms"), "{odd}");
        }
        for clear in [
            VoiceAgentChange {
                company_remote_id: Patch::Clear,
                ..VoiceAgentChange::default()
            },
            VoiceAgentChange {
                language: Patch::Clear,
                ..VoiceAgentChange::default()
            },
            VoiceAgentChange {
                retry_delay_ms: Patch::Clear,
                ..VoiceAgentChange::default()
            },
        ] {
            assert!(body(&clear).is_err_and(|error| error.unsent));
        }
    }
}
