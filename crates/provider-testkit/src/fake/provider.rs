//! The provider of the fake vendor.

use async_trait::async_trait;
use callweave_model::{AnalyzedCall, call::Media, merge::Share};
use callweave_provider::{
    Account, CallContext, Change, Cursor, ErrorKind, Lookup, Manifest, Page, Provider, Pull,
    RawDocument, RecordRef, Result, TokenGrant, Walk,
    account::AccountAdmin,
    agents::Agents,
    change::Upsert,
    dialogs::Dialogs,
    documents::Documents,
    evaluations::Evaluations,
    media::{MediaBody, MediaContent, MediaSource, sniff},
    passthrough::Passthrough,
    reports::Reports,
    rubrics::Rubrics,
    submit::Submit,
    taxonomy::Taxonomy,
};
use serde_json::Value;

use super::{
    operation,
    vendor::{FakeVendor, Fate, KIND},
};

/// One connection to an account of the fake vendor.
#[derive(Debug)]
pub(super) struct FakeProvider {
    pub(super) manifest: &'static Manifest,
    pub(super) tokens: bool,
    pub(super) vendor: FakeVendor,
}

impl FakeProvider {
    pub(super) async fn enter(
        &self,
        operation: &'static str,
        context: &CallContext<'_>,
    ) -> Result<()> {
        self.enter_write(operation, context).await.map(drop)
    }

    /// The same for what takes place even where its answer is lost.
    pub(super) async fn enter_write(
        &self,
        operation: &'static str,
        context: &CallContext<'_>,
    ) -> Result<Fate> {
        self.vendor.enter(operation, context, self.tokens).await
    }
}

#[async_trait]
impl Provider for FakeProvider {
    fn manifest(&self) -> &'static Manifest {
        self.manifest
    }

    async fn check(&self, context: &CallContext<'_>) -> Result<Account> {
        self.enter(operation::CHECK, context).await?;
        Ok(Account {
            name: Some(self.vendor.lock().name.clone()),
        })
    }

    fn pull(&self) -> Option<&dyn Pull> {
        Some(self)
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        Some(self)
    }

    fn media(&self) -> Option<&dyn MediaSource> {
        Some(self)
    }

    fn documents(&self) -> Option<&dyn Documents> {
        self.tokens.then_some(self)
    }

    fn submit(&self) -> Option<&dyn Submit> {
        self.tokens.then_some(self)
    }

    fn dialogs(&self) -> Option<&dyn Dialogs> {
        self.tokens.then_some(self)
    }

    fn agents(&self) -> Option<&dyn Agents> {
        self.tokens.then_some(self)
    }

    fn rubrics(&self) -> Option<&dyn Rubrics> {
        self.tokens.then_some(self)
    }

    fn taxonomy(&self) -> Option<&dyn Taxonomy> {
        self.tokens.then_some(self)
    }

    fn evaluations(&self) -> Option<&dyn Evaluations> {
        self.tokens.then_some(self)
    }

    fn reports(&self) -> Option<&dyn Reports> {
        self.tokens.then_some(self)
    }

    fn account(&self) -> Option<&dyn AccountAdmin> {
        self.tokens.then_some(self)
    }

    fn passthrough(&self) -> Option<&dyn Passthrough> {
        self.tokens.then_some(self)
    }

    fn token_grant(&self) -> Option<&dyn TokenGrant> {
        self.tokens.then_some(self)
    }
}

#[async_trait]
impl Pull for FakeProvider {
    async fn streams(&self, context: &CallContext<'_>) -> Result<Vec<String>> {
        self.enter(operation::STREAMS, context).await?;
        Ok(self.vendor.lock().streams.clone())
    }

    async fn page(
        &self,
        context: &CallContext<'_>,
        stream: &str,
        walk: Walk,
        cursor: Option<&Cursor>,
    ) -> Result<Page> {
        self.enter(operation::PAGE, context).await?;
        let page = self.vendor.lock().page(stream, walk, cursor);
        page.map_err(|kind| self.vendor.error(operation::PAGE, kind))
    }

    fn full_walk_proves_absence(&self) -> bool {
        self.vendor.lock().proves_absence
    }
}

#[async_trait]
impl Lookup for FakeProvider {
    fn call_record_kind(&self) -> &'static str {
        KIND
    }

    async fn fetch(
        &self,
        context: &CallContext<'_>,
        record: &RecordRef,
        _hint: Option<&Value>,
    ) -> Result<Change> {
        self.enter(operation::FETCH, context).await?;
        let world = self.vendor.lock();
        Ok(match world.records.get(&record.remote_id) {
            Some(found) => found.whole(),
            None => Change::Gone {
                record: record.clone(),
                evidence: "no such call".to_owned(),
            },
        })
    }

    fn remap(&self, record: &RecordRef, raw: &[RawDocument]) -> Option<Change> {
        let call: AnalyzedCall = serde_json::from_slice(&raw.first()?.body).ok()?;
        let upsert = Upsert {
            raw: raw.to_vec(),
            ..Upsert::new(record.clone(), call, Share::Whole)
        };
        Some(Change::Upsert(Box::new(upsert)))
    }

    fn validate_call_id(&self, remote_id: &str) -> std::result::Result<(), String> {
        let fits = (1..=64).contains(&remote_id.len())
            && remote_id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if fits {
            Ok(())
        } else {
            Err("must be 1 to 64 letters, digits or hyphens".to_owned())
        }
    }
}

#[async_trait]
impl MediaSource for FakeProvider {
    async fn open(
        &self,
        context: &CallContext<'_>,
        call_remote_id: &str,
        media: &Media,
    ) -> Result<MediaBody> {
        self.enter(operation::MEDIA, context).await?;
        let key = (call_remote_id.to_owned(), media.remote_key.clone());
        let found = self.vendor.lock().media.get(&key).cloned();
        let bytes =
            found.ok_or_else(|| self.vendor.error(operation::MEDIA, ErrorKind::NotFound))?;
        Ok(MediaBody {
            content_type: sniff(&bytes)
                .unwrap_or("application/octet-stream")
                .to_owned(),
            length: u64::try_from(bytes.len()).ok(),
            content: MediaContent::Whole(bytes),
        })
    }
}
