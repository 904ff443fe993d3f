//! Documents about one call or one video (TR-34 to TR-37).

use async_trait::async_trait;
use callweave_model::enums::Channel;
use callweave_provider::{
    CallContext, ErrorKind, ProviderError, Result,
    documents::{DocumentFormat, Documents},
    media::MediaBody,
};

use crate::{
    Transcripto, VENDOR,
    client::Call,
    file::{self, Expected},
    input::{is_task_code, unknown},
};

#[async_trait]
impl Documents for Transcripto {
    async fn open_document(
        &self,
        context: &CallContext<'_>,
        call_remote_id: &str,
        channel: Channel,
        format: DocumentFormat,
    ) -> Result<MediaBody> {
        let (operation, file_type, expected) = document(channel, format)?;
        if !is_task_code(call_remote_id) {
            return Err(unknown(operation));
        }
        let query = [("file_type", file_type), ("task_code", call_remote_id)];
        let call = Call::get(operation, "/get_file").with_query(&query);
        let answer = self.client.stream(context, call).await?;
        file::open(operation, answer, expected, context).await
    }
}

/// The operation that writes this document; the vendor writes about calls and videos only. A task
/// of a type that nobody knows is asked for as a call.
fn document(
    channel: Channel,
    format: DocumentFormat,
) -> Result<(&'static str, &'static str, Expected)> {
    let video = match channel {
        Channel::Voice | Channel::Other => false,
        Channel::Video => true,
        _ => {
            let error = ProviderError::new(VENDOR, "TR-34", ErrorKind::Unsupported);
            return Err(error.with_message("the vendor writes documents of calls and videos only"));
        }
    };
    Ok(match (video, format) {
        (false, DocumentFormat::Docx) => ("TR-34", "docx_call", Expected::Docx),
        (false, DocumentFormat::Txt) => ("TR-35", "txt_call", Expected::Text),
        (true, DocumentFormat::Docx) => ("TR-36", "docx_youtube", Expected::Docx),
        (true, DocumentFormat::Txt) => ("TR-37", "txt_youtube", Expected::Text),
    })
}
