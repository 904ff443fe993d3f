//! The tokens of an account as what they are: secrets that must not be told on.

use callweave_store::StoreError;
use secrecy::SecretString;

use super::{Account, Broker, renewal::token_place};
use crate::sealed::TokenPair;

/// The secrets of an account, and the generation of the token that was in use here then.
pub(crate) struct Known {
    pub(crate) generation: Option<i64>,
    pub(crate) secrets: Vec<SecretString>,
}

impl Broker {
    /// The tokens of an account that are known now: the one in use here, and the stored pair.
    pub(crate) async fn secrets(&self, account: &Account) -> Result<Known, StoreError> {
        let token = self.inner.cached(account);
        let generation = token.as_ref().map(|token| token.generation);
        let mut secrets: Vec<SecretString> = token.map(|token| token.access).into_iter().collect();
        let mut tx = self.inner.store.tenant(account.tenant).await?;
        let row = tx.load_token(account.namespace).await?;
        tx.commit().await?;
        let stored = row.sealed_token.as_deref();
        // One that cannot be opened is not in use either.
        let pair = stored.and_then(|sealed| {
            TokenPair::open(&self.inner.vault, &token_place(account), sealed).ok()
        });
        if let Some(pair) = pair {
            secrets.push(pair.access);
            secrets.extend(pair.refresh);
        }
        Ok(Known {
            generation,
            secrets,
        })
    }

    /// The generation of the token in use here.
    pub(crate) fn generation(&self, account: &Account) -> Option<i64> {
        self.inner.cached(account).map(|token| token.generation)
    }

    /// Whether a token is at hand that has time left.
    pub(crate) fn is_ready(&self, account: &Account) -> bool {
        self.inner
            .cached(account)
            .is_some_and(|token| !token.is_over())
    }
}
