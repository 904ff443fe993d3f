//! Links to recordings.

use callweave_model::{
    AnalyzedCall,
    call::Media,
    enums::{ArtifactState, FetchMode, MediaKind},
};
use callweave_provider::address;
use serde_json::Value;

use super::Reading;
use crate::settings::Settings;

/// Members under which an object may carry its link.
const LINK_MEMBERS: [&str; 7] = ["url", "link", "href", "src", "source", "path", "file"];
/// Words in a query that make it a credential, which must not be kept as a path.
const SECRET_WORDS: [&str; 6] = ["token", "sign", "key", "auth", "secret", "credential"];

/// Adds recordings on the vendor's own host to the call. The document names the member and not its
/// form, so a text, a list and objects with a link are understood. Gives the member back whole
/// where anything in it is no such link: other hosts are never called.
pub(crate) fn translate(
    settings: &Settings,
    reading: &Reading,
    call: &mut AnalyzedCall,
) -> Option<Value> {
    let sources = reading.payload.audio_sources.as_ref()?;
    let (mut paths, mut all_understood) = (Vec::new(), true);
    collect(sources, &settings.base_url, &mut paths, &mut all_understood);
    for path in paths {
        if call.media.iter().any(|known| known.remote_key == path) {
            continue;
        }
        call.media.push(media(path));
    }
    (!all_understood).then(|| sources.clone())
}

fn collect(value: &Value, base_url: &str, paths: &mut Vec<String>, all_understood: &mut bool) {
    match value {
        Value::Null => {}
        Value::String(link) => match address::same_origin_path(base_url, link) {
            Some(path) if !holds_secret(&path) => paths.push(path),
            _ => *all_understood = false,
        },
        Value::Array(items) => {
            for item in items {
                collect(item, base_url, paths, all_understood);
            }
        }
        Value::Object(members) => {
            let link = LINK_MEMBERS.iter().find_map(|name| members.get(*name));
            match link {
                Some(Value::String(link)) => {
                    *all_understood &= members.len() == 1;
                    collect(&Value::from(link.as_str()), base_url, paths, all_understood);
                }
                _ => *all_understood = false,
            }
        }
        _ => *all_understood = false,
    }
}

fn holds_secret(path: &str) -> bool {
    let query = path
        .split_once('?')
        .map_or("", |(_, query)| query)
        .to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| query.contains(word))
}

fn media(path: String) -> Media {
    let file_name = path
        .split('?')
        .next()
        .and_then(|path| path.rsplit('/').next())
        .filter(|name| name.contains('.'))
        .map(str::to_owned);
    let mut media = Media::new(path.clone(), MediaKind::Other, FetchMode::RedirectlessProxy);
    media.file_name = file_name;
    media.remote_path = Some(path);
    media.availability = ArtifactState::Ready;
    media
}
