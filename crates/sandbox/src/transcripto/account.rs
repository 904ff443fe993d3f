//! The account: plan and folders (TR-02, TR-19).

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header::ACCEPT_LANGUAGE};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    auth::Authorized,
    instants::Form,
    plan::{Quota, Resource, quota},
};
use crate::world::{Shared, World};

/// The user of the sandbox account.
pub(crate) const USER_ID: i64 = 83;

/// Days of the plan before and after the epoch of the sandbox.
const PLAN_BEGAN_DAYS: i64 = 88;
const PLAN_LASTS_DAYS: i64 = 152;

/// Not counted by anything that the API offers.
const TEXT: Quota = Quota {
    limit: 600_000,
    left: 600_000,
};
const IMAGES: Quota = Quota {
    limit: 10_000,
    left: 98,
};

/// TR-02: the plan. Its code is called `errorcode` here.
pub(crate) async fn tariff(
    State(world): State<Shared>,
    _: Authorized,
    headers: HeaderMap,
) -> Response {
    let (days_left, start, end) = period(&world);
    let of = |resource| quota(&world, resource);
    let (audio, calls) = (of(Resource::AudioMinutes), of(Resource::CallMinutes));
    let (video, chats) = (of(Resource::VideoMinutes), of(Resource::Chats));
    let reports = of(Resource::BusinessReports);
    let mut tariff = json!({
        "id": 4,
        "name": "Enterprise",
        "identifier": "enterprise",
        "days_left": days_left,
        "text_tokens": TEXT.left,
        "image_tokens": IMAGES.left,
        "limits": {
            "audio_minutes": audio.limit,
            "call_minutes": calls.limit,
            "text_tokens": TEXT.limit,
            "image_tokens": IMAGES.limit,
            "report_count": reports.limit,
            "video_minutes": video.limit,
            "chat_count": chats.limit,
        },
        "remaining_resources": {
            "available_audio_minutes": audio.left,
            "available_call_minutes": calls.left,
            "available_text_tokens": TEXT.left,
            "available_image_tokens": IMAGES.left,
            "available_report_count": reports.left,
            "available_video_minutes": video.left,
            "available_chat_count": chats.left,
        },
        "usage": {
            "used_audio_minutes": audio.used(),
            "used_call_minutes": calls.used(),
            "used_text_tokens": TEXT.used(),
            "used_image_tokens": IMAGES.used(),
            "used_report_count": reports.used(),
            "used_video_minutes": video.used(),
            "used_chat_count": chats.used(),
        },
        "transcription_enabled": true,
        "image_generation_enabled": true,
        "calls_enabled": true,
        "start_date": start,
        "end_date": end,
    });
    if let (Some(price), Some(members)) = (price(&headers), tariff.as_object_mut()) {
        members.insert("price".to_owned(), price);
    }
    Json(json!({ "success": true, "errorcode": 0, "tariff": tariff })).into_response()
}

/// TR-19: the folders.
pub(crate) async fn directories(State(world): State<Shared>, _: Authorized) -> Response {
    let directories = world.transcripto.lock().directories.clone();
    Json(json!({ "success": true, "error_code": 0, "directories": directories })).into_response()
}

/// The plan as the login answer shows it: fewer members than the plan itself.
pub(crate) fn short_tariff(world: &World) -> Value {
    let (days_left, start, end) = period(world);
    let audio = quota(world, Resource::AudioMinutes);
    let calls = quota(world, Resource::CallMinutes);
    json!({
        "id": 4,
        "name": "Enterprise",
        "identifier": "enterprise",
        "days_left": days_left,
        "start_date": start,
        "end_date": end,
        "remaining_resources": {
            "available_audio_minutes": audio.left,
            "available_call_minutes": calls.left,
            "available_text_tokens": TEXT.left,
            "available_image_tokens": IMAGES.left,
        },
        "usage": {
            "used_audio_minutes": audio.used(),
            "used_call_minutes": calls.used(),
            "used_text_tokens": TEXT.used(),
            "used_image_tokens": IMAGES.used(),
        },
        "transcription_enabled": true,
        "image_generation_enabled": true,
        "calls_enabled": true,
    })
}

/// Full days left, rounded up, and the two ends of the plan.
fn period(world: &World) -> (i64, String, String) {
    let days = |count: i64| SignedDuration::from_hours(24 * count);
    let epoch = world.epoch();
    let start = epoch.checked_sub(days(PLAN_BEGAN_DAYS)).unwrap_or(epoch);
    let end = start.checked_add(days(PLAN_LASTS_DAYS)).unwrap_or(epoch);
    let left_s = end.duration_since(world.now()).as_secs();
    let days_left = (left_s.max(0) + 86_399) / 86_400;
    (
        days_left,
        Form::ZuluMicros.write(start),
        Form::ZuluMicros.write(end),
    )
}

/// The price depends on the region, which is taken from the language.
fn price(headers: &HeaderMap) -> Option<Value> {
    let language = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
    let (currency, value) = if language.starts_with("ru") {
        ("RUB", 8_990.0)
    } else {
        ("USD", 99.9)
    };
    Some(json!({ "currency": currency, "value": value }))
}
