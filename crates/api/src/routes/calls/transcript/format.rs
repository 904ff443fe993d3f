//! Which form of a transcript is asked for.

use http::HeaderMap;

use crate::{
    problem::{Problem, codes},
    routes::calls::accept::Accept,
};

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
        let preferred = Accept::of(headers).prefers(ALL.map(Self::media_type));
        let of_type = |media_type| ALL.into_iter().find(|form| form.media_type() == media_type);
        preferred.and_then(of_type).ok_or_else(|| {
            Problem::new(
                codes::NOT_ACCEPTABLE,
                "a transcript can be had as application/json, text/plain, text/vtt or application/x-subrip",
            )
        })
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
