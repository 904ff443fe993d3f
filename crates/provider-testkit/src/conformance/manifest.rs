//! The manifest says what is implemented, in words that can be relied on.

use std::collections::BTreeSet;

use callweave_provider::{ProviderFactory, manifest::FieldSpec};

use super::Case;
use crate::CannedClient;

const KINDS: &[&str] = &[
    "string",
    "url",
    "timezone",
    "uuid",
    "uuid_list",
    "string_list",
    "object",
    "integer",
    "boolean",
];

/// Words in the name of a credential that is certainly secret.
const SECRET_WORDS: &[&str] = &["password", "secret", "token", "jwt", "api_key"];

pub(super) fn check(factory: &dyn ProviderFactory, case: &Case) {
    let manifest = factory.manifest();
    assert!(
        is_key(manifest.vendor),
        "the key {:?} is no key",
        manifest.vendor
    );
    assert!(
        !manifest.display_name.trim().is_empty(),
        "the vendor needs a name"
    );
    assert!(
        manifest.description.len() > 10,
        "the vendor needs a description"
    );
    assert!(
        manifest.rate_budget.requests_per_second > 0,
        "a rate of 0 moves nothing"
    );
    assert!(
        manifest.rate_budget.concurrency > 0,
        "a concurrency of 0 moves nothing"
    );
    fields("credential", manifest.credential_fields);
    fields("setting", manifest.setting_fields);
    for field in manifest.credential_fields {
        let telling = SECRET_WORDS.iter().any(|word| field.name.contains(word));
        assert!(
            field.secret || !telling,
            "the credential {} must be secret",
            field.name
        );
    }
    for field in manifest.setting_fields {
        assert!(
            !field.secret,
            "the setting {} is secret: make it a credential",
            field.name
        );
    }
    coverage(factory);
    capabilities(factory, case);
}

fn fields(what: &str, specs: &[FieldSpec]) {
    let mut names = BTreeSet::new();
    for spec in specs {
        assert!(is_key(spec.name), "the {what} {:?} is no name", spec.name);
        assert!(
            names.insert(spec.name),
            "the {what} {} stands twice",
            spec.name
        );
        assert!(
            KINDS.contains(&spec.kind),
            "the {what} {} is of no kind: {}",
            spec.name,
            spec.kind
        );
        assert!(
            !spec.label.is_empty(),
            "the {what} {} needs a label",
            spec.name
        );
        assert!(
            !spec.description.is_empty(),
            "the {what} {} needs a description",
            spec.name
        );
    }
}

fn coverage(factory: &dyn ProviderFactory) {
    let mut seen = BTreeSet::new();
    let rows = factory.manifest().coverage;
    assert!(!rows.is_empty(), "the vendor documents operations");
    for row in rows {
        let fits = row
            .operation
            .split_once('-')
            .is_some_and(|(vendor, number)| {
                vendor.len() == 2
                    && vendor.bytes().all(|byte| byte.is_ascii_uppercase())
                    && number.len() >= 2
                    && number.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
        assert!(fits, "{} is no operation id", row.operation);
        assert!(seen.insert(row.operation), "{} stands twice", row.operation);
        assert!(
            !row.vendor_route.is_empty(),
            "{} needs the vendor's route",
            row.operation
        );
    }
}

fn capabilities(factory: &dyn ProviderFactory, case: &Case) {
    let manifest = factory.manifest();
    let provider = case.provider(factory, CannedClient::new().shared());
    assert_eq!(provider.manifest().vendor, manifest.vendor, "two manifests");
    let mut seen = BTreeSet::new();
    for capability in manifest.capabilities {
        assert!(is_key(capability), "{capability:?} is no capability");
        assert!(seen.insert(*capability), "{capability} stands twice");
    }
    for (name, implemented) in [
        ("pull", provider.pull().is_some()),
        ("lookup", provider.lookup().is_some()),
        ("media", provider.media().is_some()),
        ("tokens", provider.token_grant().is_some()),
        ("documents", provider.documents().is_some()),
        ("submit", provider.submit().is_some()),
        ("dialogs", provider.dialogs().is_some()),
        ("agents", provider.agents().is_some()),
        ("rubrics", provider.rubrics().is_some()),
        ("taxonomy", provider.taxonomy().is_some()),
        ("evaluations", provider.evaluations().is_some()),
        ("reports", provider.reports().is_some()),
        ("account", provider.account().is_some()),
        ("passthrough", provider.passthrough().is_some()),
    ] {
        let told = manifest.capabilities.contains(&name);
        assert_eq!(
            told, implemented,
            "{name}: the manifest says {told}, the code {implemented}"
        );
    }
}

fn is_key(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.len() <= 64
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
