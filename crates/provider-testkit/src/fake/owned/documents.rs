//! Documents that the fake vendor writes about calls.

use async_trait::async_trait;
use callweave_model::enums::Channel;
use callweave_provider::{
    CallContext, Result,
    documents::{DocumentFormat, Documents},
    media::{MediaBody, MediaContent},
};

use crate::fake::{operation::DOCUMENTS, provider::FakeProvider};

#[async_trait]
impl Documents for FakeProvider {
    async fn open_document(
        &self,
        context: &CallContext<'_>,
        call_remote_id: &str,
        _channel: Channel,
        format: DocumentFormat,
    ) -> Result<MediaBody> {
        self.enter(DOCUMENTS, context).await?;
        let (ending, content_type) = match format {
            DocumentFormat::Docx => (
                "docx",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            ),
            DocumentFormat::Txt => ("txt", "text/plain"),
        };
        self.owned(DOCUMENTS, |owned| {
            let bytes = owned.documents.get(&(call_remote_id.to_owned(), ending))?;
            Some(MediaBody {
                content_type: content_type.to_owned(),
                length: None,
                content: MediaContent::Whole(bytes.clone()),
            })
        })
    }
}
