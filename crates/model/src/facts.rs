//! Facts that the CRM knows and the vendor does not.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    call::{AnalyzedCall, Party},
    enums::{Direction, PartyRole, StartedAtSource},
    patch::Patch,
    phone,
    time::Timestamp,
};

/// Where a call tells that its start was estimated.
const STARTED_AT: &str = "/started_at";

/// Facts about a call, given by the CRM. They fill what the vendor leaves unknown and never
/// replace what it told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallFacts {
    /// The start of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// The direction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Who took part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    pub parties: Vec<PartyFacts>,
}

/// What the CRM knows of a party.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartyFacts {
    /// The role: `agent` or `customer`, for example.
    pub role: PartyRole,
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub name: Option<String>,
    /// The phone, in any usual spelling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40)]
    pub phone: Option<String>,
    /// The CRM's id of the party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
}

impl CallFacts {
    /// Nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These facts after a patch, member by member; an array is replaced whole.
    #[must_use]
    pub fn patched(self, patch: FactsPatch) -> Self {
        Self {
            started_at: patch.started_at.over(self.started_at),
            direction: patch.direction.over(self.direction),
            parties: patch.parties.over(Some(self.parties)).unwrap_or_default(),
        }
    }

    /// Writes the facts into a call as its vendor tells it, where the vendor told nothing.
    pub fn fill(&self, call: &mut AnalyzedCall) {
        let open = matches!(
            call.started_at_source,
            StartedAtSource::None | StartedAtSource::Client | StartedAtSource::DerivedFromId
        );
        if let (Some(started_at), true) = (self.started_at, open) {
            call.started_at = Some(started_at);
            call.started_at_source = StartedAtSource::Client;
            call.estimated_fields
                .retain(|pointer| pointer != STARTED_AT);
        }
        if let (Some(direction), Direction::Unknown) = (self.direction, call.direction) {
            call.direction = direction;
        }
        for facts in &self.parties {
            let position = call
                .parties
                .iter()
                .position(|party| party.role == facts.role);
            let index = position.unwrap_or_else(|| {
                let next = i32::try_from(call.parties.len()).unwrap_or(i32::MAX);
                call.parties.push(Party::new(next, facts.role));
                call.parties.len() - 1
            });
            if let Some(party) = call.parties.get_mut(index) {
                facts.fill(party);
            }
        }
    }
}

/// A change of facts, as a JSON merge patch says it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FactsPatch {
    /// The start of the call.
    pub started_at: Patch<Timestamp>,
    /// The direction.
    pub direction: Patch<Direction>,
    /// Who took part, all of them.
    pub parties: Patch<Vec<PartyFacts>>,
}

impl FactsPatch {
    /// It changes nothing.
    pub fn is_keep(&self) -> bool {
        *self == Self::default()
    }
}

impl From<CallFacts> for FactsPatch {
    /// The facts that are given, over those that stand.
    fn from(facts: CallFacts) -> Self {
        Self {
            started_at: facts.started_at.into(),
            direction: facts.direction.into(),
            parties: if facts.parties.is_empty() {
                Patch::Keep
            } else {
                Patch::Set(facts.parties)
            },
        }
    }
}

/// What the vendor told of the members that facts fill, kept beside a filled call: facts may
/// change, and the vendor's word comes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    started_at: Option<Timestamp>,
    started_at_source: StartedAtSource,
    direction: Direction,
    parties: Vec<Party>,
    estimated_fields: Vec<String>,
}

impl Told {
    /// What the vendor told in a call that no fact has filled.
    pub fn of(call: &AnalyzedCall) -> Self {
        Self {
            started_at: call.started_at,
            started_at_source: call.started_at_source,
            direction: call.direction,
            parties: call.parties.clone(),
            estimated_fields: call.estimated_fields.clone(),
        }
    }

    /// Takes the facts out of a filled call again.
    pub fn restore(self, call: &mut AnalyzedCall) {
        call.started_at = self.started_at;
        call.started_at_source = self.started_at_source;
        call.direction = self.direction;
        call.parties = self.parties;
        call.estimated_fields = self.estimated_fields;
    }
}

impl PartyFacts {
    fn fill(&self, party: &mut Party) {
        if party.name.is_none() {
            party.name.clone_from(&self.name);
        }
        if party.phone_raw.is_none() {
            party.phone_raw.clone_from(&self.phone);
            party.phone = self.phone.as_deref().and_then(phone::to_e164);
        }
        if party.external_id.is_none() {
            party.external_id.clone_from(&self.external_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_fill_what_is_unknown_and_replace_nothing() {
        let facts = CallFacts {
            started_at: Some("2026-03-02T09:15:00Z".parse().unwrap()),
            direction: Some(Direction::Inbound),
            parties: vec![PartyFacts {
                role: PartyRole::Customer,
                name: Some("Vera".into()),
                phone: Some("+7 999 000-11-22".into()),
                external_id: None,
            }],
        };
        let mut call = AnalyzedCall::new("1");
        facts.fill(&mut call);
        assert_eq!(call.started_at_source, StartedAtSource::Client);
        assert_eq!(call.parties[0].phone.as_deref(), Some("+79990001122"));

        let mut told = AnalyzedCall::new("2");
        told.started_at = Some("2026-01-01T00:00:00Z".parse().unwrap());
        told.started_at_source = StartedAtSource::Vendor;
        told.direction = Direction::Outbound;
        let before = (told.started_at, told.direction);
        facts.fill(&mut told);
        assert_eq!((told.started_at, told.direction), before);
    }

    #[test]
    fn what_the_vendor_told_comes_back_when_a_fact_goes() {
        let mut call = AnalyzedCall::new("1");
        call.started_at = Some("2026-03-02T09:15:00Z".parse().unwrap());
        call.started_at_source = StartedAtSource::DerivedFromId;
        call.estimated_fields.push("/started_at".to_owned());
        call.parties.push(Party::new(0, PartyRole::Customer));
        let vendors = call.clone();
        let facts = CallFacts {
            started_at: Some("2026-03-02T09:14:58Z".parse().unwrap()),
            direction: Some(Direction::Inbound),
            parties: vec![PartyFacts {
                role: PartyRole::Customer,
                name: Some("Vera".into()),
                phone: None,
                external_id: None,
            }],
        };
        let told = Told::of(&call);
        facts.fill(&mut call);
        assert_eq!(call.started_at_source, StartedAtSource::Client);
        assert!(call.estimated_fields.is_empty());
        told.restore(&mut call);
        assert_eq!(call, vendors);
    }

    #[test]
    fn a_patch_sets_clears_and_keeps() {
        let facts = CallFacts {
            started_at: Some("2026-03-02T09:15:00Z".parse().unwrap()),
            direction: Some(Direction::Inbound),
            parties: Vec::new(),
        };
        let patch = FactsPatch {
            started_at: Patch::Clear,
            direction: Patch::Set(Direction::Outbound),
            parties: Patch::Keep,
        };
        let patched = facts.patched(patch);
        assert_eq!(patched.started_at, None);
        assert_eq!(patched.direction, Some(Direction::Outbound));
        assert!(FactsPatch::from(CallFacts::default()).is_keep());
    }
}
