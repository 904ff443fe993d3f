//! From the bytes of a vendor's answers to a canonical call, as a sync does it with each record.

use std::{hint::black_box, sync::Arc};

use anyhow::{Context as _, Result, bail};
use callweave_model::{AnalyzedCall, Timestamp};
use callweave_provider::{
    CallContext, Change, Credentials, Provider, RecordRef, Settings, quality,
};
use futures::executor::block_on;
use secrecy::SecretString;
use serde_json::Value;

use crate::{
    Operation,
    exchange::{Exchange, SECRET},
};

/// One record is fetched and translated.
#[derive(Debug)]
pub(crate) struct Normalise {
    provider: Arc<dyn Provider>,
    record: RecordRef,
    hint: Option<Value>,
    credentials: Credentials,
    access_token: SecretString,
    now: Timestamp,
}

impl Normalise {
    pub(crate) fn new(exchange: &Exchange) -> Result<Self> {
        let vendors = callweave_registry::vendors();
        let factory = vendors.get(&exchange.vendor).context("an unknown vendor")?;
        let http = Arc::new(exchange.replayed()?);
        // As in the recorded requests, whatever the vendor calls its secrets.
        let secrets = factory
            .manifest()
            .credential_fields
            .iter()
            .map(|field| (field.name.to_owned(), SecretString::from(SECRET)));
        Ok(Self {
            provider: factory.build(Settings(exchange.settings.clone()), http)?,
            record: exchange.record(),
            hint: exchange.hint.clone(),
            credentials: Credentials::new(secrets),
            access_token: SecretString::from(SECRET),
            now: exchange.now,
        })
    }

    /// The call, with what is wrong with the form of its documents, as the engine takes it in.
    pub(crate) fn call(&self) -> Result<AnalyzedCall> {
        let context = CallContext {
            access_token: Some(&self.access_token),
            credentials: &self.credentials,
            now: self.now,
            request_id: "gates",
        };
        let lookup = self.provider.lookup().context("a vendor that looks up")?;
        match block_on(lookup.fetch(&context, &self.record, self.hint.as_ref()))? {
            Change::Upsert(mut upsert) => {
                upsert.call.flags.extend(quality::flags(&upsert.raw));
                Ok(upsert.call)
            }
            other => bail!("the record became no call: {other:?}"),
        }
    }
}

impl Operation for Normalise {
    fn run(&self) -> Result<()> {
        black_box(self.call()?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::vendors;

    #[test]
    fn the_documents_are_those_of_whole_calls() {
        for vendor in vendors() {
            let exchange = Exchange::of(vendor).unwrap();
            let call = Normalise::new(&exchange).unwrap().call().unwrap();
            let transcript = call.transcript.unwrap();
            assert!(transcript.utterances.len() >= 10, "{}", exchange.vendor);
            assert!(!call.analyses.is_empty(), "{}", exchange.vendor);
        }
    }
}
