//! Opening the recording that a result links to. The document shows the link and says nothing of
//! how it is opened: it is tried as it is, or as the setting says.

use async_trait::async_trait;
use callweave_model::call::Media;
use callweave_provider::{
    CallContext, ErrorKind, Result,
    media::{MediaBody, MediaSource, NotMedia},
    url,
};

use crate::{
    AloVoice,
    client::AUDIO,
    error::{bad_response, error, transport},
};

#[async_trait]
impl MediaSource for AloVoice {
    async fn open(
        &self,
        context: &CallContext<'_>,
        call_remote_id: &str,
        media: &Media,
    ) -> Result<MediaBody> {
        let kept = media
            .remote_path
            .as_deref()
            .ok_or_else(|| error(AUDIO, ErrorKind::NotFound))?;
        let path = match &self.settings.audio_path_template {
            Some(template) => template
                .replace("{path}", kept)
                .replace("{call_id}", &url::encode(call_remote_id)),
            None => kept.to_owned(),
        };
        let answer = self.client.open(context, &path).await?;
        MediaBody::from_stream(answer)
            .await
            .map_err(|failure| match failure {
                NotMedia::SomethingElse => bad_response(AUDIO, "the answer is no recording"),
                NotMedia::Transport(source) => transport(AUDIO, source),
            })
    }
}
