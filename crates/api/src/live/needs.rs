//! What routes need of a vendor, as types.

use callweave_provider::Provider;

/// What a route needs of a vendor, as a type parameter of [`super::Live`].
pub(crate) trait Need: Send + Sync + 'static {
    /// Its name, as a problem tells it.
    const NAME: &'static str;

    /// Whether a provider has it.
    fn met_by(provider: &dyn Provider) -> bool;
}

macro_rules! needs {
    ($($(#[$meta:meta])* $name:ident = $word:literal, |$provider:ident| $met:expr;)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;
        impl Need for $name {
            const NAME: &'static str = $word;

            fn met_by($provider: &dyn Provider) -> bool {
                $met
            }
        }
    )+};
}

needs! {
    /// Nothing that can be told ahead.
    Nothing = "", |_provider| true;
    /// Scenarios, checklists, scripts.
    Rubrics = "rubrics", |provider| provider.rubrics().is_some();
    /// Voice agents.
    Agents = "agents", |provider| provider.agents().is_some();
    /// Queues and campaigns of voice agents.
    Dialogs = "dialogs", |provider| provider.dialogs().is_some();
    /// Reports.
    Reports = "reports", |provider| provider.reports().is_some();
    /// The vendor's own evaluations.
    Evaluations = "evaluations", |provider| provider.evaluations().is_some();
    /// The account at the vendor.
    Account = "account", |provider| provider.account().is_some();
    /// Documents about calls.
    Documents = "documents", |provider| provider.documents().is_some();
    /// The vendor's own words.
    Passthrough = "passthrough", |provider| provider.passthrough().is_some();
}
