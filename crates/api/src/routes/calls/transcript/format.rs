//! Which form of a transcript is asked for.

use http::{HeaderMap, header};

use crate::problem::{Problem, codes};

/// The forms of a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Text,
    Vtt,
    Srt,
}

/// The words of `format=`.
pub(super) const WORDS: &[&str] = &["json", "text", "vtt", "srt"];

/// In the order of preference, where the caller has none.
const ALL: [Format; 4] = [Format::Json, Format::Text, Format::Vtt, Format::Srt];

impl Format {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Text => "text/plain; charset=utf-8",
            Self::Vtt => "text/vtt; charset=utf-8",
            Self::Srt => "application/x-subrip; charset=utf-8",
        }
    }

    fn media_type(self) -> &'static str {
        self.content_type()
            .split(';')
            .next()
            .unwrap_or("application/json")
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        match word {
            "json" => Some(Self::Json),
            "text" => Some(Self::Text),
            "vtt" => Some(Self::Vtt),
            "srt" => Some(Self::Srt),
            _ => None,
        }
    }

    /// The form that `Accept` prefers; JSON where it says nothing.
    pub(super) fn negotiate(headers: &HeaderMap) -> Result<Self, Problem> {
        let accepted: Vec<&str> = headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|range| !range.is_empty())
            .collect();
        if accepted.is_empty() {
            return Ok(Self::Json);
        }
        let mut best: Option<(u16, Self)> = None;
        for format in ALL {
            let quality = quality(&accepted, format.media_type());
            if quality > 0 && best.is_none_or(|(known, _)| quality > known) {
                best = Some((quality, format));
            }
        }
        best.map(|(_, format)| format).ok_or_else(|| {
            Problem::new(
                codes::NOT_ACCEPTABLE,
                "a transcript can be had as application/json, text/plain, text/vtt or application/x-subrip",
            )
        })
    }
}

/// The quality, in thousandths, that the most specific matching range gives a type.
fn quality(accepted: &[&str], media_type: &str) -> u16 {
    let family = media_type.split('/').next().unwrap_or_default();
    let mut found: Option<(u8, u16)> = None;
    for range in accepted {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let specificity = if name == media_type {
            3
        } else if name == format!("{family}/*") {
            2
        } else if name == "*/*" {
            1
        } else {
            continue;
        };
        let quality = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(1_000, thousandths);
        if found.is_none_or(|(known, _)| specificity > known) {
            found = Some((specificity, quality));
        }
    }
    found.map_or(0, |(_, quality)| quality)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number lies between 0 and 1000"
)]
fn thousandths(text: &str) -> u16 {
    let number: f64 = text.parse().unwrap_or(0.0);
    if number.is_finite() {
        (number.clamp(0.0, 1.0) * 1_000.0).round() as u16
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn the_most_wanted_form_is_given() {
        let cases = [
            ("", Some(Format::Json)),
            ("*/*", Some(Format::Json)),
            ("text/vtt", Some(Format::Vtt)),
            ("text/*", Some(Format::Text)),
            ("application/x-subrip, */*;q=0.1", Some(Format::Srt)),
            ("text/plain;q=0.5, text/vtt;q=0.9", Some(Format::Vtt)),
            ("application/json;q=0, text/*", Some(Format::Text)),
            ("image/png", None),
            ("application/json;q=0", None),
        ];
        for (accept, expected) in cases {
            let mut headers = http::HeaderMap::new();
            if !accept.is_empty() {
                headers.insert("accept", accept.parse().unwrap());
            }
            assert_eq!(Format::negotiate(&headers).ok(), expected, "{accept}");
        }
    }
}
