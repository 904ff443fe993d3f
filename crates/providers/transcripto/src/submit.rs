//! Starting analyses (TR-03 to TR-07) and asking how far they are (TR-11).

use async_trait::async_trait;
use callweave_model::{Timestamp, enums::Direction};
use callweave_provider::{
    CallContext, ErrorKind, ProviderError, RecordRef, Result,
    http_client::UploadBody,
    multipart::Form,
    number::as_id,
    submit::{Cost, Found, Progress, Source, Submission, Submit, Submitted},
};
use serde_json::{Value, json};

use crate::{
    Transcripto, VENDOR,
    body::Body,
    client::{Call, Fetched},
    error::{bad_response, member},
    input::{filled, is_task_code, no_place, number, refuse},
    map::Stage,
    pull::TASK,
};

/// The shortest sound that the vendor takes.
const SHORTEST_MS: i64 = 2_000;

/// The longest address that is passed on.
const LONGEST_URL: usize = 4_096;

/// A chat up to this size counts once; how larger ones are counted is not told.
const ONE_CHAT: usize = 50 * 1_024;

#[async_trait]
impl Submit for Transcripto {
    fn sources(&self) -> &'static [&'static str] {
        &["recording", "recording_url", "audio", "chat", "video_url"]
    }

    /// Facts of the call that a source has no place for are not sent and not refused: they are
    /// the gateway's to keep. What would change how the vendor works must have its place.
    fn validate(&self, submission: &Submission) -> Result<()> {
        check_source(&submission.source)?;
        check_options(submission)?;
        if is_call(&submission.source) {
            call_type(submission.direction)?;
        }
        let is_sound =
            is_call(&submission.source) || matches!(submission.source, Source::Audio { .. });
        if is_sound
            && submission
                .duration_ms
                .is_some_and(|length| length < SHORTEST_MS)
        {
            return Err(refuse(
                operation(&submission.source),
                "/call/duration_ms",
                "the vendor takes no sound shorter than two seconds",
            ));
        }
        Ok(())
    }

    fn cost(&self, submission: &Submission) -> Option<Cost> {
        #[expect(clippy::cast_precision_loss, reason = "no call lasts that long")]
        let minutes = submission
            .duration_ms
            .map(|length| length as f64 / 60_000.0);
        let (resource, amount) = match &submission.source {
            Source::VendorCall { .. } => return None,
            Source::Recording { .. } | Source::RecordingUrl { .. } => ("call_minutes", minutes),
            Source::Audio { .. } => ("audio_minutes", minutes),
            Source::VideoUrl { .. } => ("video_minutes", minutes),
            Source::Chat { text, messages } => {
                let size = text.as_ref().map_or(0, String::len)
                    + messages
                        .iter()
                        .flatten()
                        .map(|piece| piece.to_string().len())
                        .sum::<usize>();
                ("chat_count", (size <= ONE_CHAT).then_some(1.0))
            }
        };
        Some(Cost { resource, amount })
    }

    async fn submit(
        &self,
        context: &CallContext<'_>,
        submission: &Submission,
        upload: Option<UploadBody>,
    ) -> Result<Submitted> {
        self.validate(submission)?;
        let operation = operation(&submission.source);
        let fields = self.fields(submission)?;
        let path = path(&submission.source);
        let fetched = match &submission.source {
            Source::Recording {
                file_name,
                content_type,
            }
            | Source::Audio {
                file_name,
                content_type,
            } => {
                let file = (file_name.as_str(), content_type.as_str());
                self.send_file(context, (operation, path), fields, file, upload)
                    .await?
            }
            _ => {
                let call = Call::change(operation, path, fields);
                self.client.fetch(context, call).await?
            }
        };
        let code = ["code", "task_code"]
            .into_iter()
            .find_map(|name| as_id(&member(&fetched.members, name)?));
        Ok(submitted(code.ok_or_else(|| {
            bad_response(operation, "the answer names no task")
        })?))
    }

    async fn find(
        &self,
        context: &CallContext<'_>,
        submission: &Submission,
        sent_at: Timestamp,
    ) -> Result<Found<Submitted>> {
        let found = self.trace(context, submission, sent_at).await?;
        Ok(match found {
            Found::Yes(code) => Found::Yes(submitted(code)),
            Found::No => Found::No,
            Found::Unknown => Found::Unknown,
        })
    }

    async fn progress(&self, context: &CallContext<'_>, record: &RecordRef) -> Result<Progress> {
        if record.kind != TASK || !is_task_code(&record.remote_id) {
            return Err(crate::input::unknown("TR-11"));
        }
        let task = self.task(context, &record.remote_id).await?;
        let text = |name: &str| {
            let value = member(&task.members, name)?;
            let text = value.as_str()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let status = text("status");
        Ok(match Stage::of(status.as_deref().unwrap_or_default()) {
            Stage::Done => Progress::Done,
            Stage::Failed => Progress::Failed {
                code: ["error_code", "errorcode"]
                    .into_iter()
                    .find_map(|name| as_id(&member(&task.members, name)?))
                    .filter(|code| code != "0"),
                message: text("error_message"),
            },
            Stage::Waiting | Stage::Processing | Stage::Transcribed => {
                Progress::Processing { state_raw: status }
            }
        })
    }
}

impl Transcripto {
    async fn send_file(
        &self,
        context: &CallContext<'_>,
        (operation, path): (&'static str, &str),
        fields: Body,
        (name, content_type): (&str, &str),
        upload: Option<UploadBody>,
    ) -> Result<Fetched> {
        let upload = upload.ok_or_else(|| {
            ProviderError::new(VENDOR, operation, ErrorKind::InvalidRequest)
                .with_source("the file is missing")
        })?;
        let seed = format!("{}{}", context.request_id, context.now.as_millis());
        let mut form = Form::new(&seed);
        for (field, value) in fields.members() {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            form = form.text(field, &text);
        }
        let form = form.file("file", name, content_type, upload);
        self.client.upload(context, operation, path, form).await
    }

    /// The members of the request, beside a file.
    fn fields(&self, submission: &Submission) -> Result<Body> {
        let mut fields = Body::default();
        let mut set = |name: &str, value: Option<Value>| fields.set_some(name, value);
        let folder = submission.folder_remote_id.as_deref();
        let folder = folder
            .map(|folder| {
                number(
                    operation(&submission.source),
                    "/call/folder_remote_id",
                    folder,
                )
            })
            .transpose()?;
        let agent = text_of(submission.agent_name.as_deref());
        let (date, datetime) = match submission.started_at {
            Some(started_at) => self.written(started_at),
            None => (None, None),
        };
        match &submission.source {
            Source::Recording { .. } | Source::RecordingUrl { .. } => {
                if let Source::RecordingUrl { url } = &submission.source {
                    set("file_url", Some(json!(url)));
                }
                set("directory_id", folder);
                set("operator_name", agent);
                set("client_id", text_of(submission.customer_id.as_deref()));
                set(
                    "call_type",
                    call_type(submission.direction)?.map(Value::from),
                );
                set("call_date", date);
                set("call_datetime", datetime);
                set(
                    "processing_type",
                    text_of(submission.processing_mode.as_deref()),
                );
            }
            Source::Audio { .. } | Source::VideoUrl { .. } => {
                if let Source::VideoUrl { url } = &submission.source {
                    set("file_path", Some(json!(url)));
                }
                set("directory_id", folder);
                set("file_lang", text_of(submission.language.as_deref()));
            }
            Source::Chat { text, messages } => {
                set("text", text.as_ref().map(|text| json!(text)));
                set("chunks", messages.as_ref().map(|pieces| json!(pieces)));
                set("operator_name", agent);
                set("call_date", date);
            }
            Source::VendorCall { .. } => {}
        }
        Ok(fields)
    }

    /// An instant as the vendor wants it, always with a zone, and its day in the same zone.
    pub(crate) fn written(&self, instant: Timestamp) -> (Option<Value>, Option<Value>) {
        let zoned = instant.as_jiff().to_zoned(self.settings.zone.clone());
        let datetime = zoned.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string();
        (Some(json!(zoned.date().to_string())), Some(json!(datetime)))
    }
}

fn submitted(code: String) -> Submitted {
    Submitted {
        record: RecordRef::new(TASK, code),
        hint: None,
    }
}

/// The operation that takes a source.
const fn operation(source: &Source) -> &'static str {
    match source {
        Source::Recording { .. } | Source::VendorCall { .. } => "TR-03",
        Source::RecordingUrl { .. } => "TR-04",
        Source::Audio { .. } => "TR-05",
        Source::VideoUrl { .. } => "TR-06",
        Source::Chat { .. } => "TR-07",
    }
}

/// Where a source goes.
const fn path(source: &Source) -> &'static str {
    match source {
        Source::Recording { .. } | Source::VendorCall { .. } => "/addtaskcall",
        Source::RecordingUrl { .. } => "/addtaskcallbyurl",
        Source::Audio { .. } => "/addtaskaudio",
        Source::VideoUrl { .. } => "/addtaskyoutube",
        Source::Chat { .. } => "/add_chat_analysis_task",
    }
}

const fn is_call(source: &Source) -> bool {
    matches!(
        source,
        Source::Recording { .. } | Source::RecordingUrl { .. }
    )
}

fn check_source(source: &Source) -> Result<()> {
    let operation = operation(source);
    match source {
        Source::VendorCall { .. } => Err(refuse(
            operation,
            "/source/type",
            "this vendor takes no call by its id",
        )),
        Source::Recording { file_name, .. } | Source::Audio { file_name, .. } => {
            filled(operation, "/source/file_name", Some(file_name)).map(drop)
        }
        Source::RecordingUrl { url } | Source::VideoUrl { url } => check_url(operation, url),
        Source::Chat { text, messages } => check_chat(text.as_deref(), messages.as_deref()),
    }
}

/// What tells the vendor how to work needs a place in the request.
fn check_options(submission: &Submission) -> Result<()> {
    let source = &submission.source;
    let operation = operation(source);
    let has_language = matches!(source, Source::Audio { .. } | Source::VideoUrl { .. });
    let has_folder = !matches!(source, Source::Chat { .. });
    for (pointer, text, has_place) in [
        ("/call/language", &submission.language, has_language),
        (
            "/processing_mode",
            &submission.processing_mode,
            is_call(source),
        ),
        (
            "/call/folder_remote_id",
            &submission.folder_remote_id,
            has_folder,
        ),
    ] {
        if text.is_some() {
            no_place(operation, &[(pointer, !has_place)])?;
            filled(operation, pointer, text.as_deref())?;
        }
    }
    match &submission.folder_remote_id {
        Some(folder) => number(operation, "/call/folder_remote_id", folder).map(drop),
        None => Ok(()),
    }
}

/// The vendor's word for a direction, where it is known.
fn call_type(direction: Option<Direction>) -> Result<Option<&'static str>> {
    match direction {
        None | Some(Direction::Unknown) => Ok(None),
        Some(Direction::Inbound) => Ok(Some("inbound")),
        Some(Direction::Outbound) => Ok(Some("outbound")),
        Some(_) => Err(refuse(
            "TR-03",
            "/call/direction",
            "this vendor takes inbound and outbound",
        )),
    }
}

fn text_of(text: Option<&str>) -> Option<Value> {
    text.map(str::trim)
        .filter(|text| !text.is_empty())
        .map(|text| json!(text))
}

/// An address that the vendor can fetch. Where it leads is the vendor's matter: nothing is fetched
/// from here.
fn check_url(operation: &'static str, url: &str) -> Result<()> {
    let uri: Option<http::Uri> = url.parse().ok();
    let fits = url.len() <= LONGEST_URL
        && uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty())
        });
    if fits {
        Ok(())
    } else {
        Err(refuse(
            operation,
            "/source/url",
            "must be an http or https address of at most 4096 characters",
        ))
    }
}

fn check_chat(text: Option<&str>, messages: Option<&[Value]>) -> Result<()> {
    match (text, messages) {
        (Some(text), None) => filled("TR-07", "/source/text", Some(text)).map(drop),
        (None, Some(pieces)) if !pieces.is_empty() => Ok(()),
        (None, Some(_)) => Err(refuse("TR-07", "/source/messages", "must not be empty")),
        _ => Err(refuse(
            "TR-07",
            "/source",
            "must hold either text or messages",
        )),
    }
}
