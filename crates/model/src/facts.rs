//! Facts that the CRM knows and the vendor does not.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    call::{AnalyzedCall, Party},
    enums::{Direction, PartyRole, StartedAtSource},
    phone,
    time::Timestamp,
};

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

    /// These facts with newer ones over them, member by member.
    #[must_use]
    pub fn updated_by(mut self, newer: Self) -> Self {
        self.started_at = newer.started_at.or(self.started_at);
        self.direction = newer.direction.or(self.direction);
        if !newer.parties.is_empty() {
            self.parties = newer.parties;
        }
        self
    }

    /// Writes the facts into a call where the vendor told nothing (or where an earlier fact
    /// stands).
    pub fn fill(&self, call: &mut AnalyzedCall) {
        let from_client = matches!(
            call.started_at_source,
            StartedAtSource::None | StartedAtSource::Client | StartedAtSource::DerivedFromId
        );
        if let (Some(started_at), true) = (self.started_at, from_client) {
            call.started_at = Some(started_at);
            call.started_at_source = StartedAtSource::Client;
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
}
