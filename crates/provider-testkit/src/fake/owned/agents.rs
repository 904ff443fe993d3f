//! Voice agents of the fake vendor.

use async_trait::async_trait;
use callweave_model::{
    VendorValues,
    owned::{
        AgentField, AgentFieldChange, AgentFieldDraft, BulkOutcome, SpeechKey, SpeechKeyChange,
        TimeSlot, TimeSlotChange, TimeSlotDraft, VoiceAgent, VoiceAgentChange,
    },
};
use callweave_provider::{
    CallContext, Result,
    agents::{Agents, FieldSide, LastSlot},
    listing::{ListQuery, Listing},
};
use serde_json::{Map, json};

use super::{Owned, OwnedAgent, take};
use crate::fake::{operation::AGENTS, provider::FakeProvider};

/// An agent of which little is known.
pub(super) fn named(id: &str, name: &str) -> VoiceAgent {
    VoiceAgent {
        remote_id: id.to_owned(),
        name: Some(name.to_owned()),
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
        extra: Map::new(),
    }
}

fn find<'a>(owned: &'a mut Owned, agent: &str) -> Option<&'a mut OwnedAgent> {
    let mut agents = owned.agents.iter_mut();
    agents.find(|known| known.agent.remote_id == agent)
}

fn field(id: String, agent: &str, draft: &AgentFieldDraft) -> AgentField {
    AgentField {
        remote_id: id,
        name: draft.name.clone(),
        agent_remote_id: Some(agent.to_owned()),
        synthesized: draft.synthesized,
        field_type: draft.field_type.clone(),
        position: draft.position,
        extra: Map::new(),
    }
}

#[async_trait]
impl Agents for FakeProvider {
    async fn agents(
        &self,
        context: &CallContext<'_>,
        query: &ListQuery,
    ) -> Result<Listing<VoiceAgent>> {
        self.enter(AGENTS, context).await?;
        self.owned(AGENTS, |owned| {
            let all: Vec<VoiceAgent> = owned
                .agents
                .iter()
                .map(|known| known.agent.clone())
                .collect();
            owned.page(&all, query)
        })
    }

    async fn agent(&self, context: &CallContext<'_>, agent: &str) -> Result<VoiceAgent> {
        self.enter(AGENTS, context).await?;
        self.owned(AGENTS, |owned| {
            find(owned, agent).map(|known| known.agent.clone())
        })
    }

    async fn update_agent(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        change: &VoiceAgentChange,
    ) -> Result<VoiceAgent> {
        self.enter(AGENTS, context).await?;
        self.owned(AGENTS, |owned| {
            let known = &mut find(owned, agent)?.agent;
            if let Some(count) = change.retry_count.change() {
                known.retry_count = count.copied();
            }
            if let Some(company) = change.company_remote_id.change() {
                known.company_remote_id = company.cloned();
            }
            Some(known.clone())
        })
    }

    async fn schedule(&self, context: &CallContext<'_>, agent: &str) -> Result<Vec<TimeSlot>> {
        self.enter(AGENTS, context).await?;
        self.owned(AGENTS, |owned| {
            find(owned, agent).map(|known| known.schedule.clone())
        })
    }

    async fn create_slot(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        draft: &TimeSlotDraft,
    ) -> Result<TimeSlot> {
        self.enter(AGENTS, context).await?;
        self.owned(AGENTS, |owned| {
            let slot = TimeSlot {
                remote_id: owned.next_id(),
                day: Some(draft.day),
                not_before: Some(draft.not_before.clone()),
                not_after: Some(draft.not_after.clone()),
                extra: Map::new(),
            };
            find(owned, agent)?.schedule.push(slot.clone());
            Some(slot)
        })
    }

    async fn update_slot(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        slot: &str,
        change: &TimeSlotChange,
    ) -> Result<TimeSlot> {
        self.enter(AGENTS, context).await?;
        self.owned(AGENTS, |owned| {
            let mut slots = find(owned, agent)?.schedule.iter_mut();
            let known = slots.find(|known| known.remote_id == slot)?;
            known.day = change.day.or(known.day);
            if let Some(time) = &change.not_after {
                known.not_after = Some(time.clone());
            }
            Some(known.clone())
        })
    }

    async fn delete_slot(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        slot: &str,
        last: LastSlot,
    ) -> Result<()> {
        let slots = self.schedule(context, agent).await?;
        let is_last = slots.len() == 1 && slots.iter().any(|known| known.remote_id == slot);
        if is_last && last == LastSlot::Keep {
            let detail = "it is the last rule: without one the agent may call at any time";
            return Err(self.refused(AGENTS, "/confirm", detail));
        }
        self.owned(AGENTS, |owned| {
            let slots = &mut find(owned, agent)?.schedule;
            take(slots, |known| known.remote_id == slot).map(drop)
        })
    }

    async fn fields(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        side: FieldSide,
    ) -> Result<Vec<AgentField>> {
        self.enter(AGENTS, context).await?;
        self.owned(AGENTS, |owned| {
            find(owned, agent).map(|known| known.fields(side).clone())
        })
    }

    async fn create_field(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        side: FieldSide,
        draft: &AgentFieldDraft,
    ) -> Result<AgentField> {
        self.enter(AGENTS, context).await?;
        self.owned(AGENTS, |owned| {
            let made = field(owned.next_id(), agent, draft);
            find(owned, agent)?.fields(side).push(made.clone());
            Some(made)
        })
    }

    async fn create_fields(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        side: FieldSide,
        drafts: &[AgentFieldDraft],
    ) -> Result<BulkOutcome> {
        self.enter(AGENTS, context).await?;
        self.owned(AGENTS, |owned| {
            let (mut done, mut skipped) = (Vec::new(), Vec::new());
            for draft in drafts {
                let made = field(owned.next_id(), agent, draft);
                let known = find(owned, agent)?.fields(side);
                if known.iter().any(|other| other.name == made.name) {
                    skipped.push(json!({"name": draft.name, "reason": "the name is taken"}));
                } else {
                    known.push(made.clone());
                    done.push(made);
                }
            }
            Some(outcome(done, skipped))
        })
    }

    async fn update_field(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        side: FieldSide,
        field: &str,
        change: &AgentFieldChange,
    ) -> Result<AgentField> {
        self.enter(AGENTS, context).await?;
        self.owned(AGENTS, |owned| {
            let mut fields = find(owned, agent)?.fields(side).iter_mut();
            let known = fields.find(|known| known.remote_id == field)?;
            if let Some(name) = &change.name {
                known.name.clone_from(name);
            }
            Some(known.clone())
        })
    }

    async fn delete_field(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        side: FieldSide,
        field: &str,
    ) -> Result<()> {
        self.enter(AGENTS, context).await?;
        self.owned(AGENTS, |owned| {
            let fields = find(owned, agent)?.fields(side);
            take(fields, |known| known.remote_id == field).map(drop)
        })
    }

    async fn delete_fields(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        side: FieldSide,
        fields: &[String],
    ) -> Result<BulkOutcome> {
        self.enter(AGENTS, context).await?;
        self.owned(AGENTS, |owned| {
            let (mut done, mut skipped) = (Vec::new(), Vec::new());
            let known = find(owned, agent)?.fields(side);
            for id in fields {
                match take(known, |field| field.remote_id == *id) {
                    Some(field) => done.push(field),
                    None => skipped.push(json!({"remote_id": id, "reason": "unknown"})),
                }
            }
            Some(outcome(done, skipped))
        })
    }

    async fn speech_keys(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        key_type: Option<&str>,
    ) -> Result<Vec<SpeechKey>> {
        self.enter(AGENTS, context).await?;
        self.owned(AGENTS, |owned| {
            let keys = find(owned, agent)?.speech_keys.iter();
            let fits = |key: &&SpeechKey| {
                key_type.is_none_or(|wanted| key.key_type.as_deref() == Some(wanted))
            };
            Some(keys.map(|(key, _)| key).filter(fits).cloned().collect())
        })
    }

    async fn update_speech_key(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        key: &str,
        change: &SpeechKeyChange,
    ) -> Result<SpeechKey> {
        self.enter(AGENTS, context).await?;
        self.owned(AGENTS, |owned| {
            let mut keys = find(owned, agent)?.speech_keys.iter_mut();
            let (known, value) = keys.find(|(known, _)| known.remote_id == key)?;
            if let Some(new) = &change.value {
                value.clone_from(new);
                known.has_value = true;
            }
            if let Some(name) = &change.name {
                known.name = Some(name.clone());
            }
            Some(known.clone())
        })
    }
}

fn outcome(done: Vec<AgentField>, skipped: Vec<serde_json::Value>) -> BulkOutcome {
    BulkOutcome {
        done,
        skipped,
        one_by_one: false,
    }
}
