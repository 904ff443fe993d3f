//! Addresses below a connection's base URL, and nowhere else.

use crate::url::encode;

/// A query string without the question mark, in the order given.
pub fn query(pairs: &[(&str, &str)]) -> String {
    let encoded: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    encoded.join("&")
}

/// The path (with query) that a vendor's link has below its own host, or `None` when the link
/// leads elsewhere or cannot be trusted: another scheme, host or port, `//host`, `..`, a
/// backslash, a control character, a fragment.
pub fn same_origin_path(base_url: &str, link: &str) -> Option<String> {
    let link = link.trim();
    let path = match origin_of(link) {
        Some(origin) if same_origin(origin, origin_of(base_url)?) => link.get(origin.len()..)?,
        Some(_) => return None,
        None => link,
    };
    let (only_path, query) = path.split_once('?').unwrap_or((path, ""));
    let unsafe_text = |text: &str| {
        text.contains(['\\', '#'])
            || text
                .chars()
                .any(|character| character.is_control() || character == ' ')
    };
    let unsafe_segment = |segment: &str| {
        let lower = segment.to_ascii_lowercase().replace("%2e", ".");
        matches!(lower.as_str(), "." | "..") || lower.contains("%2f") || lower.contains("%5c")
    };
    let segments = only_path.strip_prefix('/')?;
    let refused = segments.is_empty()
        || segments.starts_with('/')
        || unsafe_text(path)
        || segments.contains(':') && !segments.starts_with(|c: char| c.is_ascii_alphanumeric())
        || segments.split('/').any(unsafe_segment);
    if refused || path.len() > 2_048 {
        return None;
    }
    let ascii: String = only_path
        .chars()
        .map(|character| {
            if character.is_ascii() {
                character.to_string()
            } else {
                encode(character.encode_utf8(&mut [0; 4]))
            }
        })
        .collect();
    if !query.is_ascii() {
        return None;
    }
    let separator = if query.is_empty() { "" } else { "?" };
    Some(format!("{ascii}{separator}{query}"))
}

/// The address of a path that [`same_origin_path`] let through: below the base URL, without
/// naming the base URL's own path twice.
pub fn join(base_url: &str, path: &str) -> String {
    let base_url = base_url.trim_end_matches('/');
    let origin = origin_of(base_url).unwrap_or(base_url);
    let base_path = base_url.get(origin.len()..).unwrap_or_default();
    let named_already = !base_path.is_empty()
        && path
            .strip_prefix(base_path)
            .is_some_and(|rest| rest.starts_with('/'));
    if named_already {
        format!("{origin}{path}")
    } else {
        format!("{base_url}{path}")
    }
}

/// The host (with port) of an absolute URL, lower case; empty when there is none.
pub fn host_of(url: &str) -> String {
    origin_of(url)
        .and_then(|origin| origin.split_once("://"))
        .map(|(_, host)| host.to_ascii_lowercase())
        .unwrap_or_default()
}

/// `scheme://authority` of an absolute URL; also of `//authority`, which is never the same origin.
fn origin_of(url: &str) -> Option<&str> {
    let authority_at = if url.starts_with("//") {
        2
    } else {
        let (scheme, _) = url.split_once("://")?;
        let fits = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then_some(scheme.len() + 3)?
    };
    let authority = url.get(authority_at..)?;
    let end = authority
        .find(['/', '?', '#', '\\'])
        .unwrap_or(authority.len());
    url.get(..authority_at + end)
}

fn same_origin(one: &str, other: &str) -> bool {
    let normal = |origin: &str| {
        let lower = origin.to_ascii_lowercase();
        if lower.starts_with("https://") {
            lower
                .strip_suffix(":443")
                .map_or(lower.clone(), str::to_owned)
        } else {
            lower
                .strip_suffix(":80")
                .map_or(lower.clone(), str::to_owned)
        }
    };
    one.contains("://") && normal(one) == normal(other)
}

#[cfg(test)]
mod tests {
    use super::{host_of, join, same_origin_path};

    #[test]
    fn case_039_only_paths_of_the_same_host_are_let_through() {
        let base = "https://vendor.example/api/v1.0";
        let let_through = |link: &str| same_origin_path(base, link);
        assert_eq!(let_through("/stereo/17.5").as_deref(), Some("/stereo/17.5"));
        assert_eq!(
            let_through("HTTPS://Vendor.Example:443/a/b.mp3?x=1").as_deref(),
            Some("/a/b.mp3?x=1")
        );
        assert_eq!(
            let_through("/a/звук.mp3").as_deref(),
            Some("/a/%D0%B7%D0%B2%D1%83%D0%BA.mp3")
        );
        for refused in [
            "",
            "/",
            "stereo/17.5",
            "//evil.example/x",
            "///evil.example/x",
            "/../x",
            "/a/../../x",
            "/a/%2e%2E/x",
            "/a/%2f/x",
            "/a\\b",
            "\\\\evil\\x",
            "http://vendor.example/x",
            "https://vendor.example.evil.example/x",
            "https://vendor.example:8443/x",
            "https://vendor.example@evil.example/x",
            "http://127.0.0.1/",
            "file:///etc/passwd",
            "/a\u{0}b",
            "/a b",
            "/a#b",
            "javascript:alert(1)",
            "/:x",
        ] {
            assert_eq!(let_through(refused), None, "{refused:?}");
        }
    }

    #[test]
    fn a_path_is_joined_below_the_base() {
        assert_eq!(
            join("https://v.example", "/stereo/1"),
            "https://v.example/stereo/1"
        );
        assert_eq!(
            join("http://127.0.0.1:9/av/", "/stereo/1"),
            "http://127.0.0.1:9/av/stereo/1"
        );
        assert_eq!(
            join("http://127.0.0.1:9/av", "/av/stereo/1"),
            "http://127.0.0.1:9/av/stereo/1"
        );
        assert_eq!(host_of("https://V.example:8443/api"), "v.example:8443");
    }
}
