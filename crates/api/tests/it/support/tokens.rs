//! Tokens of the gateway's own and of one trusted issuer.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use callweave_identity::{
    FetchError, Issuer, KeyFetcher, KeySource, OwnTokens, Tenant, TenantRule, Verifier,
};

/// The secret that the trusted issuer shares with the gateway.
pub(crate) const SHARED: &str = "a shared secret of more than 32 bytes, for tests";

#[derive(Debug)]
struct Nothing;

#[async_trait]
impl KeyFetcher for Nothing {
    async fn fetch(&self, _url: &str) -> Result<Vec<u8>, FetchError> {
        Err(FetchError("nothing is fetched here".to_owned()))
    }
}

/// What makes the gateway's own tokens, as every replica of it would.
pub(crate) fn own() -> OwnTokens {
    OwnTokens::new("callweave", "callweave", &[vec![7; 32].into()]).unwrap()
}

pub(crate) fn verifier() -> Verifier {
    let issuer = Issuer {
        name: "https://login.example".to_owned(),
        audience: "callweave".to_owned(),
        algorithm: "HS256".to_owned(),
        keys: KeySource::Secret(SHARED.into()),
        tenant: TenantRule::Fixed(Tenant::Name("first".to_owned())),
        scope_claim: "scope".to_owned(),
        scopes: vec!["calls:read".to_owned()],
        longest_life: Duration::from_hours(1),
    };
    Verifier::new(own(), vec![issuer], Arc::new(Nothing)).unwrap()
}
