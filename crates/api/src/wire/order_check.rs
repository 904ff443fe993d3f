//! What orders must be like: checked whole, then taken apart.

use callweave_jobs::{AnalysisOrder, Attachment};
use callweave_model::{
    enums::PartyRole,
    facts::{CallFacts, PartyFacts},
    owned::{DialogRequest, ReportRequest},
};
use callweave_provider::{
    dialogs::DialogTarget,
    submit::{Source, Submission},
};
use serde_json::{Map, Value, json};

use super::{
    input::{Check, ExternalRef, FactsInput},
    order::{AnalysisInput, BatchDialogInput, CallInput, FileHead, SourceInput},
};
use crate::problem::Problem;

/// The longest chat, in pieces and in characters.
const MESSAGES_LIMIT: usize = 10_000;
const CHAT_LIMIT: usize = 500_000;
/// A week, in milliseconds: no call is longer.
const LONGEST_CALL: i64 = 7 * 24 * 3_600_000;

impl AnalysisInput {
    /// Checks the analysis and takes it apart; `file` comes along with a form.
    pub(crate) fn check(self, file: Option<FileHead>) -> Result<AnalysisOrder, Problem> {
        let mut check = Check::default();
        check.text_if_given("/processing_mode", self.processing_mode.as_deref(), 100);
        let source = check.source(self.source, file);
        let attachment = check.attachment("", self.client_metadata, self.external_refs);
        let call = check.call(self.call);
        check.finish()?;
        let Some(source) = source else {
            return Err(Problem::invalid_member("/source", "is not a source"));
        };
        Ok(AnalysisOrder {
            submission: Submission {
                source,
                started_at: call.facts.started_at,
                direction: call.facts.direction,
                agent_name: call.agent_name,
                customer_id: call.customer_id,
                folder_remote_id: call.folder_remote_id,
                language: call.language,
                processing_mode: self.processing_mode,
                duration_ms: call.duration_ms,
                force: self.force,
            },
            attachment: Attachment {
                facts: call.facts,
                ..attachment
            },
        })
    }
}

/// A call whose members were checked.
struct CheckedCall {
    agent_name: Option<String>,
    customer_id: Option<String>,
    folder_remote_id: Option<String>,
    language: Option<String>,
    duration_ms: Option<i64>,
    facts: CallFacts,
}

impl Check {
    fn source(&mut self, input: SourceInput, file: Option<FileHead>) -> Option<Source> {
        let SourceInput {
            source_type,
            call_remote_id,
            url,
            text,
            messages,
            size_bytes,
        } = input;
        let word = source_type.as_str();
        let takes = |member: &str| match word {
            "vendor_call" => member == "call_remote_id",
            "recording_url" | "video_url" => member == "url",
            "chat" => matches!(member, "text" | "messages"),
            _ => member == "size_bytes",
        };
        for (member, given) in [
            ("call_remote_id", call_remote_id.is_some()),
            ("url", url.is_some()),
            ("text", text.is_some()),
            ("messages", messages.is_some()),
            ("size_bytes", size_bytes.is_some()),
        ] {
            if given && !takes(member) {
                let detail = format!("does not belong to a source of type `{word}`");
                self.fail(&format!("/source/{member}"), detail);
            }
        }
        match (word, file) {
            ("vendor_call", None) => {
                let call_remote_id =
                    self.required("/source/call_remote_id", call_remote_id, 200)?;
                Some(Source::VendorCall { call_remote_id })
            }
            ("recording_url", None) => {
                let url = self.required("/source/url", url, 4_096)?;
                Some(Source::RecordingUrl { url })
            }
            ("video_url", None) => {
                let url = self.required("/source/url", url, 4_096)?;
                Some(Source::VideoUrl { url })
            }
            ("chat", None) => self.chat(text, messages),
            ("recording", Some(file)) => Some(Source::Recording {
                file_name: file.file_name,
                content_type: file.content_type,
            }),
            ("audio", Some(file)) => Some(Source::Audio {
                file_name: file.file_name,
                content_type: file.content_type,
            }),
            ("recording" | "audio", None) => {
                let detail = "comes with a file: send `multipart/form-data` with a part `file`";
                self.fail("/source/type", detail);
                None
            }
            ("vendor_call" | "recording_url" | "video_url" | "chat", Some(_)) => {
                self.fail(
                    "/source/type",
                    "with a file it must be `recording` or `audio`",
                );
                None
            }
            _ => {
                let words = "vendor_call, recording, recording_url, audio, video_url, chat";
                self.fail("/source/type", format!("must be one of {words}"));
                None
            }
        }
    }

    fn chat(&mut self, text: Option<String>, messages: Option<Vec<Value>>) -> Option<Source> {
        match (&text, &messages) {
            (Some(text), None) if !text.is_empty() && text.chars().count() <= CHAT_LIMIT => {}
            (Some(_), None) => {
                self.fail(
                    "/source/text",
                    format!("must be 1 to {CHAT_LIMIT} characters"),
                );
                return None;
            }
            (None, Some(pieces)) if (1..=MESSAGES_LIMIT).contains(&pieces.len()) => {}
            (None, Some(_)) => {
                self.fail("/source/messages", format!("must be 1 to {MESSAGES_LIMIT}"));
                return None;
            }
            _ => {
                self.fail(
                    "/source",
                    "exactly one of `text` and `messages` must be given",
                );
                return None;
            }
        }
        Some(Source::Chat { text, messages })
    }

    fn required(&mut self, pointer: &str, text: Option<String>, limit: usize) -> Option<String> {
        let Some(text) = text else {
            self.missing(pointer);
            return None;
        };
        self.text(pointer, &text, limit);
        Some(text)
    }

    fn call(&mut self, input: CallInput) -> CheckedCall {
        for (member, text, limit) in [
            ("agent_name", &input.agent_name, 200),
            ("customer_id", &input.customer_id, 200),
            ("folder_remote_id", &input.folder_remote_id, 200),
            ("language", &input.language, 35),
        ] {
            self.text_if_given(&format!("/call/{member}"), text.as_deref(), limit);
        }
        if let Some(length) = input.duration_ms
            && !(1..=LONGEST_CALL).contains(&length)
        {
            self.fail("/call/duration_ms", format!("must be 1 to {LONGEST_CALL}"));
        }
        let mut facts = self.facts(
            "/call",
            FactsInput {
                started_at: input.started_at,
                direction: input.direction,
                parties: input.parties,
            },
        );
        if let Some(name) = input.agent_name.clone() {
            tell_of(&mut facts, PartyRole::Agent, |agent| {
                agent.name.get_or_insert(name);
            });
        }
        if let Some(id) = input.customer_id.clone() {
            tell_of(&mut facts, PartyRole::Customer, |customer| {
                customer.external_id.get_or_insert(id);
            });
        }
        CheckedCall {
            agent_name: input.agent_name,
            customer_id: input.customer_id,
            folder_remote_id: input.folder_remote_id,
            language: input.language,
            duration_ms: input.duration_ms,
            facts,
        }
    }

    /// What the CRM attaches to the call of a job.
    pub(crate) fn attachment(
        &mut self,
        base: &str,
        client_metadata: Option<Map<String, Value>>,
        external_refs: Option<Vec<ExternalRef>>,
    ) -> Attachment {
        self.object(&format!("{base}/client_metadata"), client_metadata.as_ref());
        self.refs_at(base, external_refs.as_deref());
        Attachment {
            facts: CallFacts::default(),
            client_metadata: client_metadata.map(Value::Object),
            external_refs: external_refs.map(|refs| json!(refs)),
        }
    }

    /// A dialog whose members stand below `base`.
    pub(crate) fn dialog(
        &mut self,
        base: &str,
        input: BatchDialogInput,
    ) -> (DialogRequest, Attachment) {
        let length = input.phone.chars().count();
        if length < 3 {
            self.fail(&format!("{base}/phone"), "must be 3 to 40 characters");
        } else {
            self.text(&format!("{base}/phone"), &input.phone, 40);
        }
        self.text_if_given(&format!("{base}/script"), input.script.as_deref(), 200);
        self.text_if_given(
            &format!("{base}/script_entry_point"),
            input.script_entry_point.as_deref(),
            200,
        );
        for (name, value) in &input.inputs {
            let plain = value.is_string() || value.is_number() || value.is_boolean();
            if !plain || name.is_empty() {
                let name = name.replace('~', "~0").replace('/', "~1");
                let detail = "must be a text, a number or a boolean, under a name";
                self.fail(&format!("{base}/inputs/{name}"), detail);
            }
        }
        let mut attachment = self.attachment(base, input.client_metadata, input.external_refs);
        attachment.facts.parties.push(PartyFacts {
            role: PartyRole::Customer,
            name: None,
            phone: Some(input.phone.clone()),
            external_id: None,
        });
        let request = DialogRequest {
            phone: input.phone,
            script: input.script,
            script_entry_point: input.script_entry_point,
            inputs: input.inputs,
        };
        (request, attachment)
    }

    /// Where dialogs go.
    pub(crate) fn target(
        &mut self,
        agent: String,
        batch: Option<String>,
        campaign: Option<String>,
    ) -> DialogTarget {
        self.text("/agent", &agent, 200);
        self.text_if_given("/batch", batch.as_deref(), 200);
        self.text_if_given("/campaign", campaign.as_deref(), 200);
        DialogTarget {
            agent,
            batch,
            campaign,
        }
    }

    /// The order of a report.
    pub(crate) fn report(&mut self, request: &ReportRequest) {
        for (pointer, day) in [("/from", &request.from), ("/to", &request.to)] {
            if day.len() != 10 || day.parse::<jiff::civil::Date>().is_err() {
                self.fail(pointer, "must be a day, YYYY-MM-DD");
            }
        }
        self.text_if_given("/report_type", request.report_type.as_deref(), 100);
    }
}

/// Tells of the party in a role, which is added where there is none.
fn tell_of(facts: &mut CallFacts, role: PartyRole, tell: impl FnOnce(&mut PartyFacts)) {
    if let Some(party) = facts.parties.iter_mut().find(|party| party.role == role) {
        tell(party);
        return;
    }
    let mut party = PartyFacts {
        role,
        name: None,
        phone: None,
        external_id: None,
    };
    tell(&mut party);
    facts.parties.push(party);
}
