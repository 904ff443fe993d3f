//! Voice agents: settings, calling rules, fields, speech keys (NN-07 to NN-27).
//!
//! Rules, fields and keys are changed by their own ids, whatever agent they belong to. So each
//! change looks first whether the agent that the caller named has the thing: ids of other agents,
//! and of other companies, are not found.

mod fields;
mod keys;
mod settings;
mod slots;

use async_trait::async_trait;
use callweave_model::owned::{
    AgentField, AgentFieldChange, AgentFieldDraft, BulkOutcome, SpeechKey, SpeechKeyChange,
    TimeSlot, TimeSlotChange, TimeSlotDraft, VoiceAgent, VoiceAgentChange,
};
use callweave_provider::{
    CallContext, ProviderError, Result,
    agents::{Agents, FieldSide, LastSlot},
    listing::{ListQuery, Listing},
};

use crate::{Neuro, VENDOR};

#[async_trait]
impl Agents for Neuro {
    async fn agents(
        &self,
        context: &CallContext<'_>,
        query: &ListQuery,
    ) -> Result<Listing<VoiceAgent>> {
        self.list_agents(context, query).await
    }

    async fn agent(&self, context: &CallContext<'_>, agent: &str) -> Result<VoiceAgent> {
        self.read_agent(context, checked("NN-08", agent)?).await
    }

    async fn update_agent(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        change: &VoiceAgentChange,
    ) -> Result<VoiceAgent> {
        self.change_agent(context, checked("NN-09", agent)?, change)
            .await
    }

    async fn schedule(&self, context: &CallContext<'_>, agent: &str) -> Result<Vec<TimeSlot>> {
        let slots = self.slots(context, checked("NN-12", agent)?).await?;
        Ok(slots.into_iter().map(|(slot, _)| slot).collect())
    }

    async fn create_slot(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        draft: &TimeSlotDraft,
    ) -> Result<TimeSlot> {
        self.add_slot(context, checked("NN-13", agent)?, draft)
            .await
    }

    async fn update_slot(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        slot: &str,
        change: &TimeSlotChange,
    ) -> Result<TimeSlot> {
        self.change_slot(context, checked("NN-14", agent)?, slot, change)
            .await
    }

    async fn delete_slot(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        slot: &str,
        last: LastSlot,
    ) -> Result<()> {
        self.remove_slot(context, checked("NN-15", agent)?, slot, last)
            .await
    }

    async fn fields(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        side: FieldSide,
    ) -> Result<Vec<AgentField>> {
        let words = fields::words(side);
        self.list_fields(context, checked(words.list, agent)?, words)
            .await
    }

    async fn create_field(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        side: FieldSide,
        draft: &AgentFieldDraft,
    ) -> Result<AgentField> {
        let words = fields::words(side);
        self.add_field(context, checked(words.add, agent)?, words, draft)
            .await
    }

    async fn create_fields(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        side: FieldSide,
        drafts: &[AgentFieldDraft],
    ) -> Result<BulkOutcome> {
        let words = fields::words(side);
        self.add_fields(context, checked(words.add_many, agent)?, words, drafts)
            .await
    }

    async fn update_field(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        side: FieldSide,
        field: &str,
        change: &AgentFieldChange,
    ) -> Result<AgentField> {
        let words = fields::words(side);
        self.change_field(context, checked(words.change, agent)?, words, field, change)
            .await
    }

    async fn delete_field(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        side: FieldSide,
        field: &str,
    ) -> Result<()> {
        let words = fields::words(side);
        self.remove_field(context, checked(words.delete, agent)?, words, field)
            .await
    }

    async fn delete_fields(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        side: FieldSide,
        fields: &[String],
    ) -> Result<BulkOutcome> {
        let words = fields::words(side);
        self.remove_fields(context, checked(words.delete_many, agent)?, words, fields)
            .await
    }

    async fn speech_keys(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        key_type: Option<&str>,
    ) -> Result<Vec<SpeechKey>> {
        self.list_keys(context, checked("NN-10", agent)?, key_type)
            .await
    }

    async fn update_speech_key(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        key: &str,
        change: &SpeechKeyChange,
    ) -> Result<SpeechKey> {
        self.change_key(context, checked("NN-11", agent)?, key, change)
            .await
    }
}

/// An agent's id that can be one: without it, some operations would mean something else.
pub(crate) fn checked<'a>(operation: &'static str, agent: &'a str) -> Result<&'a str> {
    if crate::lookup::is_id(agent) {
        Ok(agent)
    } else {
        Err(ProviderError::invalid_input(
            VENDOR,
            operation,
            "/agent",
            "must be the uuid of a voice agent",
        ))
    }
}
