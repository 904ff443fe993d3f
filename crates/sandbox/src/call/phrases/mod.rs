//! What people say, by language and subject. All companies and people are invented.
//!
//! Slots in braces are filled by the script: `{company}`, `{agent}`, `{client}`, `{day}`, `{time}`,
//! `{price}`, `{number}`.

use super::{Domain, Language};

mod en;
mod ru;
mod uz;

/// A question of the agent and the client's answer.
pub(crate) type Exchange = (&'static str, &'static str);

/// What is said in this language whatever the subject.
#[derive(Debug)]
pub(crate) struct Phrasebook {
    pub(crate) agents: &'static [&'static str],
    pub(crate) clients: &'static [&'static str],
    pub(crate) days: &'static [&'static str],
    /// With the agent's name in them.
    pub(crate) greetings: &'static [&'static str],
    /// Without the agent's name.
    pub(crate) short_greetings: &'static [&'static str],
    /// How the agent opens an outgoing call, before the client says yes.
    pub(crate) callbacks: &'static [&'static str],
    pub(crate) ask_name: &'static [&'static str],
    pub(crate) give_name: &'static [&'static str],
    pub(crate) nods: &'static [&'static str],
    pub(crate) holds: &'static [Exchange],
    pub(crate) small_talk: &'static [Exchange],
    pub(crate) agree_time: &'static [Exchange],
    pub(crate) contact: &'static [Exchange],
    pub(crate) recap: &'static [&'static str],
    pub(crate) goodbyes: &'static [&'static str],
    pub(crate) client_goodbyes: &'static [&'static str],
    pub(crate) complaints: &'static [&'static str],
    pub(crate) thanks: &'static [&'static str],
}

/// What is said about one subject.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) companies: &'static [&'static str],
    pub(crate) needs: &'static [&'static str],
    pub(crate) questions: &'static [Exchange],
    pub(crate) offers: &'static [Exchange],
    pub(crate) prices: &'static [Exchange],
    pub(crate) objections: &'static [Exchange],
    /// Lowest and highest price and the step between prices.
    pub(crate) price_range: (i64, i64, i64),
}

/// The words of the analyst, who writes Russian about Russian and Uzbek calls.
#[derive(Debug)]
pub(crate) struct Analyst {
    /// The checklist, one for each [`super::script::Phase`], in their order.
    pub(crate) points: [&'static str; 15],
    pub(crate) topics: [&'static str; 5],
    pub(crate) results: [&'static str; 3],
    pub(crate) interactions: [&'static str; 3],
    /// Slots: `{client}`, `{agent}`, `{company}`, `{topic}`, `{result}`.
    pub(crate) briefs: &'static [&'static str],
    /// Subject, result, kind and description, as they head the parts of a summary.
    pub(crate) labels: [&'static str; 4],
}

/// The phrases of this language.
pub(crate) const fn phrasebook(language: Language) -> &'static Phrasebook {
    match language {
        Language::Ru => &ru::PHRASEBOOK,
        Language::En => &en::PHRASEBOOK,
        Language::Uz => &uz::PHRASEBOOK,
    }
}

/// The phrases of this subject in this language.
pub(crate) const fn topic(language: Language, domain: Domain) -> &'static Topic {
    let [clinic, telecom, bank, delivery, real_estate] = match language {
        Language::Ru => &ru::TOPICS,
        Language::En => &en::TOPICS,
        Language::Uz => &uz::TOPICS,
    };
    match domain {
        Domain::Clinic => clinic,
        Domain::Telecom => telecom,
        Domain::Bank => bank,
        Domain::Delivery => delivery,
        Domain::RealEstate => real_estate,
    }
}

/// The analyst's words for calls in this language.
pub(crate) const fn analyst(language: Language) -> &'static Analyst {
    match language {
        Language::En => &en::ANALYST,
        Language::Ru | Language::Uz => &ru::ANALYST,
    }
}
