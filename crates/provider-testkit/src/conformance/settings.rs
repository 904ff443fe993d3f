//! Settings are strict, and building a provider asks nobody anything.

use callweave_provider::{ProviderFactory, Settings};
use serde_json::json;

use super::Case;
use crate::CannedClient;

pub(super) fn check(factory: &dyn ProviderFactory, case: &Case) {
    let client = CannedClient::new();
    let build = |settings: Settings| factory.build(settings, client.shared());
    let _provider = case.provider(factory, client.shared());

    let mut unknown = case.settings.clone();
    unknown.0.insert("no_such_setting".to_owned(), json!(1));
    match build(unknown) {
        Ok(_) => panic!("an unknown setting is taken"),
        Err(error) => assert_eq!(error.pointer, "/no_such_setting", "{error}"),
    }
    for field in factory.manifest().setting_fields {
        let mut missing = case.settings.clone();
        missing.0.remove(field.name);
        let outcome = build(missing);
        assert!(
            outcome.is_err() == field.required,
            "the manifest says that {} is {}required",
            field.name,
            if field.required { "" } else { "not " }
        );
        let mut wrong = case.settings.clone();
        wrong
            .0
            .insert(field.name.to_owned(), json!([[{"not": "this"}]]));
        match build(wrong) {
            Ok(_) => panic!("the setting {} takes anything", field.name),
            Err(error) => assert!(
                error.pointer.starts_with(&format!("/{}", field.name)),
                "the error about {} points at {:?}",
                field.name,
                error.pointer
            ),
        }
    }
    for field in factory
        .manifest()
        .setting_fields
        .iter()
        .filter(|field| field.kind == "url")
    {
        for address in [
            "ftp://vendor.example",
            "http://user:pass@vendor.example",
            "vendor",
            "",
        ] {
            let mut wrong = case.settings.clone();
            wrong.0.insert(field.name.to_owned(), json!(address));
            assert!(
                build(wrong).is_err(),
                "the setting {} takes {address:?}",
                field.name
            );
        }
    }
    assert!(
        client.requests().is_empty(),
        "building a provider asks the vendor"
    );
    account_key(factory, case);
}

fn account_key(factory: &dyn ProviderFactory, case: &Case) {
    let key = || factory.account_key(&case.settings, &case.caller.credentials);
    assert!(!key().is_empty(), "the account needs a name");
    assert_eq!(key(), key(), "the account's name changes");
    for secret in &case.secrets {
        assert!(
            !key().contains(secret.as_str()),
            "the account's name holds a secret"
        );
    }
}
