//! What callers write: read strictly, checked member by member.

use callweave_model::{
    ConnectionId, Timestamp,
    enums::{Direction, PartyRole},
    facts::{CallFacts, FactsPatch, PartyFacts},
    patch::Patch,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    problem::{FieldError, Problem, codes},
    scope,
};

/// One line of text: what [`Check::text`] takes.
pub(crate) const PRINTABLE: &str = r"^[^\u0000-\u001F\u007F-\u009F]+$";
/// The same, or nothing.
pub(crate) const PRINTABLE_OR_EMPTY: &str = r"^[^\u0000-\u001F\u007F-\u009F]*$";

/// What a call may carry of the CRM's own, in bytes of JSON.
const METADATA_LIMIT: usize = 64 * 1024;
const REFS_LIMIT: usize = 50;
const PARTIES_LIMIT: usize = 20;

/// One of the CRM's own objects.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExternalRef {
    /// Which system it lives in.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$",
        example = "crm"
    )]
    pub(crate) system: String,
    /// What it is there.
    #[serde(rename = "type")]
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$",
        example = "deal"
    )]
    pub(crate) ref_type: String,
    /// Its id there.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$",
        example = "4711"
    )]
    pub(crate) id: String,
}

/// Facts about a call that its vendor does not tell. They fill what is unknown and never replace
/// what the vendor told.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FactsInput {
    /// The start of the call.
    pub(crate) started_at: Option<Timestamp>,
    /// `inbound`, `outbound`, `internal`, `unknown` or `other`.
    #[schema(
        pattern = "^(inbound|outbound|internal|unknown|other)$",
        example = "inbound"
    )]
    pub(crate) direction: Option<String>,
    /// Who took part.
    #[schema(max_items = 20)]
    pub(crate) parties: Option<Vec<PartyInput>>,
}

/// What is known of a party.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartyInput {
    /// `agent`, `customer`, `bot`, `supervisor`, `ivr`, `third_party`, `unknown` or `other`.
    #[schema(
        pattern = "^(agent|customer|bot|supervisor|ivr|third_party|unknown|other)$",
        example = "customer"
    )]
    pub(crate) role: String,
    /// The name.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$"
    )]
    pub(crate) name: Option<String>,
    /// The phone, in any usual spelling.
    #[schema(
        min_length = 1,
        max_length = 40,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$",
        example = "+99990001122"
    )]
    pub(crate) phone: Option<String>,
    /// The CRM's id of the party.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$"
    )]
    pub(crate) external_id: Option<String>,
}

/// A call to be registered by its id, or imported whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallInput {
    /// The connection it belongs to.
    pub(crate) connection_id: ConnectionId,
    /// The vendor's id of a call to be registered. Either this or `call`.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$",
        example = "1760000000.101"
    )]
    pub(crate) remote_id: Option<String>,
    /// A call to be imported: members as `GET /v1/calls/{id}` shows them; `remote_id` is required,
    /// the rest is unknown where it is missing. Either this or `remote_id`.
    #[schema(value_type = Option<Object>)]
    pub(crate) call: Option<Map<String, Value>>,
    /// Facts that the vendor does not tell.
    pub(crate) facts: Option<FactsInput>,
    /// Anything to be kept with the call; up to 64 KiB.
    #[schema(value_type = Option<Object>)]
    pub(crate) client_metadata: Option<Map<String, Value>>,
    /// The CRM's own objects that belong to the call.
    #[schema(max_items = 50)]
    pub(crate) external_refs: Option<Vec<ExternalRef>>,
}

/// What may be changed of a call, as a JSON merge patch: members that are missing stay as they are,
/// `null` takes back what was given before. Each member is replaced whole.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallChange {
    /// Replaces what the CRM attached; up to 64 KiB.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) client_metadata: Patch<Map<String, Value>>,
    /// Replaces the CRM's own objects.
    #[serde(default)]
    #[schema(value_type = Option<Vec<ExternalRef>>, max_items = 50)]
    pub(crate) external_refs: Patch<Vec<ExternalRef>>,
    /// The start of the call, where the vendor does not tell it.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    pub(crate) started_at: Patch<Timestamp>,
    /// The direction, where the vendor does not tell it.
    #[serde(default)]
    #[schema(
        value_type = Option<String>,
        pattern = "^(inbound|outbound|internal|unknown|other)$",
        example = "inbound"
    )]
    pub(crate) direction: Patch<String>,
    /// Who took part, where the vendor does not tell it; replaces all parties given before.
    #[serde(default)]
    #[schema(value_type = Option<Vec<PartyInput>>, max_items = 20)]
    pub(crate) parties: Patch<Vec<PartyInput>>,
}

/// Collects what is wrong with a body.
#[derive(Debug, Default)]
pub(crate) struct Check {
    errors: Vec<FieldError>,
}

impl Check {
    /// Notes a wrong member.
    pub(crate) fn fail(&mut self, pointer: &str, detail: impl Into<String>) {
        self.errors
            .push(FieldError::body(pointer, "invalid_value", detail));
    }

    /// One line of text: 1 to `limit` characters without control characters.
    pub(crate) fn text(&mut self, pointer: &str, text: &str, limit: usize) {
        let length = text.chars().count();
        if length == 0 || length > limit {
            self.fail(pointer, format!("must be 1 to {limit} characters"));
        } else if text.chars().any(char::is_control) {
            self.errors.push(FieldError::body(
                pointer,
                "control_character",
                "must hold no control characters",
            ));
        }
    }

    /// The same for a member that may be missing.
    pub(crate) fn text_if_given(&mut self, pointer: &str, text: Option<&str>, limit: usize) {
        if let Some(text) = text {
            self.text(pointer, text, limit);
        }
    }

    /// An object of the caller's own, up to a size.
    pub(crate) fn object(&mut self, pointer: &str, object: Option<&Map<String, Value>>) {
        let size = object.map_or(0, |object| {
            serde_json::to_string(object).map_or(usize::MAX, |text| text.len())
        });
        if size > METADATA_LIMIT {
            self.fail(pointer, format!("must be at most {METADATA_LIMIT} bytes"));
        }
    }

    /// A member that must be there is missing.
    pub(crate) fn missing(&mut self, pointer: &str) {
        self.errors
            .push(FieldError::body(pointer, "missing", "is required"));
    }

    /// Scopes, each of them one that there is.
    pub(crate) fn scopes(&mut self, scopes: &[String]) {
        if scopes.is_empty() || scopes.len() > scope::MOST {
            self.fail("/scopes", format!("must be 1 to {} scopes", scope::MOST));
        }
        for (index, word) in scopes.iter().enumerate().take(scope::MOST) {
            if !scope::is_known(word) {
                self.fail(&format!("/scopes/{index}"), "there is no such scope");
            }
        }
    }

    pub(crate) fn refs(&mut self, refs: Option<&[ExternalRef]>) {
        self.refs_at("", refs);
    }

    /// The CRM's own objects, as a member of what stands at `base`.
    pub(crate) fn refs_at(&mut self, base: &str, refs: Option<&[ExternalRef]>) {
        let refs = refs.unwrap_or_default();
        if refs.len() > REFS_LIMIT {
            let pointer = format!("{base}/external_refs");
            self.fail(&pointer, format!("must be at most {REFS_LIMIT}"));
        }
        for (index, reference) in refs.iter().enumerate().take(REFS_LIMIT) {
            for (member, text) in [
                ("system", &reference.system),
                ("type", &reference.ref_type),
                ("id", &reference.id),
            ] {
                self.text(&format!("{base}/external_refs/{index}/{member}"), text, 200);
            }
        }
    }

    /// The facts of an input whose members stand below `base`.
    pub(crate) fn facts(&mut self, base: &str, input: FactsInput) -> CallFacts {
        if let Some(at) = input.started_at {
            self.instant(&format!("{base}/started_at"), at);
        }
        CallFacts {
            started_at: input.started_at,
            direction: input
                .direction
                .and_then(|word| self.direction(&format!("{base}/direction"), &word)),
            parties: self.parties(
                &format!("{base}/parties"),
                input.parties.unwrap_or_default(),
            ),
        }
    }

    /// The change of facts in a patch.
    pub(crate) fn facts_patch(
        &mut self,
        started_at: Patch<Timestamp>,
        direction: Patch<String>,
        parties: Patch<Vec<PartyInput>>,
    ) -> FactsPatch {
        if let Some(at) = started_at.value() {
            self.instant("/started_at", *at);
        }
        FactsPatch {
            started_at,
            direction: direction
                .map(|word| self.direction("/direction", &word))
                .map(|known| known.unwrap_or(Direction::Unknown)),
            parties: parties.map(|parties| self.parties("/parties", parties)),
        }
    }

    fn direction(&mut self, pointer: &str, word: &str) -> Option<Direction> {
        let parsed = Direction::parse(word);
        if parsed.is_none() {
            self.word(pointer, Direction::WORDS);
        }
        parsed
    }

    fn parties(&mut self, base: &str, parties: Vec<PartyInput>) -> Vec<PartyFacts> {
        if parties.len() > PARTIES_LIMIT {
            self.fail(base, format!("must be at most {PARTIES_LIMIT}"));
        }
        parties
            .into_iter()
            .take(PARTIES_LIMIT)
            .enumerate()
            .map(|(index, party)| self.party(&format!("{base}/{index}"), party))
            .collect()
    }

    /// An instant that can be an instant of a call.
    pub(crate) fn instant(&mut self, pointer: &str, at: Timestamp) {
        let year = at.as_jiff().to_zoned(jiff::tz::TimeZone::UTC).year();
        if !(1..=9999).contains(&year) {
            self.fail(pointer, "must lie in the years 1 to 9999");
        }
    }

    fn party(&mut self, base: &str, party: PartyInput) -> PartyFacts {
        let role = PartyRole::parse(&party.role).unwrap_or_else(|| {
            self.word(&format!("{base}/role"), PartyRole::WORDS);
            PartyRole::Unknown
        });
        self.text_if_given(&format!("{base}/name"), party.name.as_deref(), 200);
        self.text_if_given(&format!("{base}/phone"), party.phone.as_deref(), 40);
        self.text_if_given(
            &format!("{base}/external_id"),
            party.external_id.as_deref(),
            200,
        );
        PartyFacts {
            role,
            name: party.name,
            phone: party.phone,
            external_id: party.external_id,
        }
    }

    fn word(&mut self, pointer: &str, words: &[&str]) {
        self.fail(pointer, format!("must be one of {}", words.join(", ")));
    }

    /// Refuses the body when anything was wrong with it.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        let Some(first) = self.errors.first() else {
            return Ok(());
        };
        let detail = format!("{}: {}", first.pointer, first.detail);
        Err(Problem::new(codes::INVALID_BODY, detail).with_errors(self.errors))
    }
}
