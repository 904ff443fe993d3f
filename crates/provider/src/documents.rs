//! Documents that a vendor writes about one call.

use async_trait::async_trait;
use callweave_model::enums::Channel;

use crate::{CallContext, Provider, Result, media::MediaBody};

/// The file format of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentFormat {
    /// Office Open XML.
    Docx,
    /// Plain text.
    Txt,
}

/// Opens documents.
#[async_trait]
pub trait Documents: Provider {
    /// Opens the document of the call that the vendor knows as `call_remote_id`.
    async fn open_document(
        &self,
        context: &CallContext<'_>,
        call_remote_id: &str,
        channel: Channel,
        format: DocumentFormat,
    ) -> Result<MediaBody>;
}
