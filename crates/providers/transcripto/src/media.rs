//! The original file of a call (TR-38).

use async_trait::async_trait;
use callweave_model::call::Media;
use callweave_provider::{
    CallContext, Result,
    media::{MediaBody, MediaSource},
};

use crate::{
    Transcripto,
    client::Call,
    file::{self, Expected},
};

#[async_trait]
impl MediaSource for Transcripto {
    async fn open(
        &self,
        context: &CallContext<'_>,
        call_remote_id: &str,
        _media: &Media,
    ) -> Result<MediaBody> {
        let query = [("file_type", "audio"), ("task_code", call_remote_id)];
        let call = Call::get("TR-38", "/get_file").with_query(&query);
        let answer = self.client.stream(context, call).await?;
        file::open("TR-38", answer, Expected::Sound, context).await
    }
}
