//! Opening recordings that a result links to.

use async_trait::async_trait;
use callweave_model::call::Media;
use callweave_provider::{
    CallContext, ErrorKind, Result, address,
    media::{MediaBody, MediaSource, NotMedia},
};

use crate::{
    CallGear,
    client::bad_response,
    error::{error, transport},
};

/// The links stand in the result; the operation that opens them is in no document.
const OPERATION: &str = "CG-18";

#[async_trait]
impl MediaSource for CallGear {
    async fn open(
        &self,
        context: &CallContext<'_>,
        _call_remote_id: &str,
        media: &Media,
    ) -> Result<MediaBody> {
        let base_url = self.client.base_url();
        let path = media
            .remote_path
            .as_deref()
            .and_then(|path| address::same_origin_path(base_url, path))
            .ok_or_else(|| error(OPERATION, ErrorKind::NotFound))?;
        let address = address::join(base_url, &path);
        let answer = self.client.open(context, OPERATION, &address).await?;
        MediaBody::from_stream(answer)
            .await
            .map_err(|failure| match failure {
                NotMedia::SomethingElse => bad_response(OPERATION, "the answer is no recording"),
                NotMedia::Transport(source) => transport(OPERATION, source),
            })
    }
}
