//! Voice agents: their settings, calling rules, fields and speech keys.

use async_trait::async_trait;
use callweave_model::owned::{
    AgentField, AgentFieldChange, AgentFieldDraft, BulkOutcome, SpeechKey, SpeechKeyChange,
    TimeSlot, TimeSlotChange, TimeSlotDraft, VoiceAgent, VoiceAgentChange,
};

use crate::{
    CallContext, Provider, Result,
    listing::{ListQuery, Listing},
};

/// Which fields of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldSide {
    /// What a dialog is started with.
    Input,
    /// What a dialog brings back.
    Output,
}

/// Whether deleting the last rule, after which an agent may call at any time, is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastSlot {
    /// It is refused.
    Keep,
    /// The caller said that it is meant.
    MayGo,
}

/// Reads and changes voice agents.
#[async_trait]
pub trait Agents: Provider {
    /// The agents of the account.
    async fn agents(
        &self,
        context: &CallContext<'_>,
        query: &ListQuery,
    ) -> Result<Listing<VoiceAgent>>;

    /// One agent with its settings.
    async fn agent(&self, context: &CallContext<'_>, agent: &str) -> Result<VoiceAgent>;

    /// Changes settings and leaves alone what the change does not name.
    async fn update_agent(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        change: &VoiceAgentChange,
    ) -> Result<VoiceAgent>;

    /// When the agent may call; no rule at all means at any time.
    async fn schedule(&self, context: &CallContext<'_>, agent: &str) -> Result<Vec<TimeSlot>>;

    /// Adds a rule.
    async fn create_slot(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        draft: &TimeSlotDraft,
    ) -> Result<TimeSlot>;

    /// Changes a rule of this agent.
    async fn update_slot(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        slot: &str,
        change: &TimeSlotChange,
    ) -> Result<TimeSlot>;

    /// Deletes a rule of this agent. Refuses with [`crate::ErrorKind::InvalidInput`] when it is the
    /// last one and that is not meant.
    async fn delete_slot(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        slot: &str,
        last: LastSlot,
    ) -> Result<()>;

    /// The fields of an agent.
    async fn fields(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        side: FieldSide,
    ) -> Result<Vec<AgentField>>;

    /// Adds a field.
    async fn create_field(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        side: FieldSide,
        draft: &AgentFieldDraft,
    ) -> Result<AgentField>;

    /// Adds many fields.
    async fn create_fields(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        side: FieldSide,
        drafts: &[AgentFieldDraft],
    ) -> Result<BulkOutcome>;

    /// Changes a field of this agent.
    async fn update_field(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        side: FieldSide,
        field: &str,
        change: &AgentFieldChange,
    ) -> Result<AgentField>;

    /// Deletes a field of this agent.
    async fn delete_field(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        side: FieldSide,
        field: &str,
    ) -> Result<()>;

    /// Deletes many fields of this agent.
    async fn delete_fields(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        side: FieldSide,
        fields: &[String],
    ) -> Result<BulkOutcome>;

    /// The keys of speech services, without the keys themselves.
    async fn speech_keys(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        key_type: Option<&str>,
    ) -> Result<Vec<SpeechKey>>;

    /// Changes a speech key of this agent.
    async fn update_speech_key(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        key: &str,
        change: &SpeechKeyChange,
    ) -> Result<SpeechKey>;
}
