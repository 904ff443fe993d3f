//! Who else's tokens are believed, as it is configured, and how their keys are fetched.

use std::{fs, sync::Arc};

use async_trait::async_trait;
use callweave_identity::{
    FetchError, Issuer, KeyFetcher, KeySource, OwnTokens, Tenant, TenantRule, Verifier,
};
use callweave_provider::{
    HttpClient,
    http_client::{OutgoingRequest, Safety},
    manifest::RateBudget,
};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

use crate::{
    config::{Auth, ConfigError, TrustedIssuer},
    egress::Outbound,
    key_ring::KeyRing,
};

/// A set of keys that is larger is none.
const LARGEST_SET: usize = 128 * 1024;
/// The one request now and then that a set of keys costs.
const BUDGET: RateBudget = RateBudget {
    requests_per_second: 10,
    concurrency: 4,
};

/// The verifier of this installation.
pub(crate) fn verifier(
    auth: &Auth,
    ring: &KeyRing,
    outbound: &Outbound,
) -> anyhow::Result<Verifier> {
    let wrong = |error: callweave_identity::IssuerError| {
        ConfigError::Contradiction(format!("auth.issuers: {error}"))
    };
    // Every key of the ring signs or has signed: a token outlives a rotation.
    let secrets: Vec<SecretSlice<u8>> = ring
        .text
        .expose_secret()
        .split(',')
        .map(str::trim)
        .filter(|key| !key.is_empty())
        .map(|key| key.as_bytes().to_vec().into())
        .collect();
    let own = OwnTokens::new(&auth.issuer, &auth.audience, &secrets).map_err(wrong)?;
    let issuers = auth
        .issuers
        .iter()
        .map(|entry| issuer(entry, outbound))
        .collect::<Result<_, ConfigError>>()?;
    let fetcher = Arc::new(Fetcher {
        outbound: outbound.clone(),
    });
    Ok(Verifier::new(own, issuers, fetcher).map_err(wrong)?)
}

fn issuer(entry: &TrustedIssuer, outbound: &Outbound) -> Result<Issuer, ConfigError> {
    let wrong = |detail: &str| {
        ConfigError::Contradiction(format!("auth.issuers: {:?}: {detail}", entry.issuer))
    };
    let read = |path: &std::path::Path| {
        fs::read_to_string(path).map_err(|error| wrong(&format!("{}: {error}", path.display())))
    };
    let keys = match (&entry.secret_file, &entry.public_key_file, &entry.jwks_url) {
        (Some(path), None, None) => KeySource::Secret(SecretString::from(
            read(path)?.trim_end_matches(['\n', '\r']),
        )),
        (None, Some(path), None) => KeySource::PublicKey(read(path)?),
        (None, None, Some(url)) => {
            outbound
                .check(url)
                .map_err(|error| wrong(&format!("jwks_url: {error}")))?;
            KeySource::Jwks(url.clone())
        }
        _ => {
            return Err(wrong(
                "needs one of secret_file, public_key_file and jwks_url",
            ));
        }
    };
    let tenant = match (&entry.tenant, &entry.tenant_claim) {
        (Some(name), None) => TenantRule::Fixed(Tenant::Name(name.clone())),
        (None, Some(claim)) => TenantRule::Claim(claim.clone()),
        _ => return Err(wrong("needs either tenant or tenant_claim")),
    };
    if let Some(word) = entry
        .scopes
        .iter()
        .find(|word| !callweave_api::scope::is_known(word))
    {
        return Err(wrong(&format!("there is no scope {word:?}")));
    }
    Ok(Issuer {
        name: entry.issuer.clone(),
        audience: entry.audience.clone(),
        algorithm: entry.algorithm.clone(),
        keys,
        tenant,
        scope_claim: entry.scope_claim.clone(),
        scopes: entry.scopes.clone(),
        longest_life: entry.longest_life,
    })
}

/// Fetches sets of keys the way vendors are reached: guarded, bounded, without redirects.
#[derive(Debug)]
struct Fetcher {
    outbound: Outbound,
}

#[async_trait]
impl KeyFetcher for Fetcher {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let client: Arc<dyn HttpClient> = self.outbound.plain("issuer", url, BUDGET);
        let request = http::Request::get(url)
            .header(http::header::ACCEPT, "application/json")
            .body(bytes::Bytes::new())
            .map_err(|error| FetchError(error.to_string()))?;
        let answer = client
            .send(OutgoingRequest {
                operation: "jwks",
                safety: Safety::Read,
                request,
            })
            .await
            .map_err(|error| FetchError(error.to_string()))?;
        if !answer.status.is_success() {
            return Err(FetchError(format!("status {}", answer.status.as_u16())));
        }
        if answer.body.len() > LARGEST_SET {
            return Err(FetchError("the answer is too large".to_owned()));
        }
        Ok(answer.body.to_vec())
    }
}
