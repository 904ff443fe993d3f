//! The tokens of an account as what they are: secrets that must not be told on.

use callweave_store::StoreError;
use secrecy::SecretString;

use super::{Account, Broker, renewal::token_place};
use crate::sealed::TokenPair;

impl Broker {
    /// The tokens of an account that are known now: the one in use here, and the stored pair.
    pub(crate) async fn secrets(&self, account: &Account) -> Result<Vec<SecretString>, StoreError> {
        let mut secrets: Vec<SecretString> = self
            .inner
            .cached(account)
            .map(|token| token.access)
            .into_iter()
            .collect();
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
        Ok(secrets)
    }
}
