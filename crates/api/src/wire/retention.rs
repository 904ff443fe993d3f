//! How long the tenant keeps what.

use callweave_store::retention::{Kind, Rules};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most days: a hundred years.
pub(crate) const LONGEST: u32 = 36_500;

/// How many days each kind of thing is kept. `null`: as the operator configured it (events, jobs), or
/// for good.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[schema(as = Retention)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_field_names,
    reason = "a number in the API says its unit"
)]
pub(crate) struct RetentionDocument {
    /// Calls, with all that belongs to them, from their start on; where a vendor tells none, from
    /// their first sight on.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 36_500, example = 1095)]
    calls_days: Option<u32>,
    /// What was said: transcripts, what dialogs heard, and the vendors' documents, which hold both.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 36_500, example = 180)]
    transcripts_days: Option<u32>,
    /// The vendors' documents.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 36_500, example = 90)]
    documents_days: Option<u32>,
    /// Events; at most as long as the operator configured.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 36_500, example = 30)]
    events_days: Option<u32>,
    /// Jobs that have ended; at most as long as the operator configured.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 36_500, example = 90)]
    jobs_days: Option<u32>,
}

impl RetentionDocument {
    /// Each member with its kind's days.
    pub(crate) const fn members(&self) -> [(&'static str, Option<u32>); 5] {
        [
            ("calls_days", self.calls_days),
            ("transcripts_days", self.transcripts_days),
            ("documents_days", self.documents_days),
            ("events_days", self.events_days),
            ("jobs_days", self.jobs_days),
        ]
    }

    /// As the store has it.
    pub(crate) fn rules(&self) -> Rules {
        let mut rules = Rules::default();
        for (kind, (_, days)) in Kind::ALL.into_iter().zip(self.members()) {
            rules.set(kind, days);
        }
        rules
    }
}

impl From<&Rules> for RetentionDocument {
    fn from(rules: &Rules) -> Self {
        Self {
            calls_days: rules.days(Kind::Calls),
            transcripts_days: rules.days(Kind::Transcripts),
            documents_days: rules.days(Kind::Documents),
            events_days: rules.days(Kind::Events),
            jobs_days: rules.days(Kind::Jobs),
        }
    }
}
