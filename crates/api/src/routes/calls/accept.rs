//! Which form of something the caller would rather have.

use http::{HeaderMap, header};

/// The ranges of `Accept`.
pub(super) struct Accept<'a>(Vec<&'a str>);

impl<'a> Accept<'a> {
    /// What a request accepts; whatever there is where it says nothing.
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let ranges = headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|range| !range.is_empty());
        Self(ranges.collect())
    }

    /// The form that is liked best, the first of those that are liked alike; `None` where none is
    /// accepted.
    pub(super) fn prefers<const N: usize>(&self, forms: [&'static str; N]) -> Option<&'static str> {
        let mut best: Option<(u16, &'static str)> = None;
        for form in forms {
            let quality = self.quality(form);
            if quality > 0 && best.is_none_or(|(known, _)| quality > known) {
                best = Some((quality, form));
            }
        }
        best.map(|(_, form)| form)
    }

    /// The quality, in thousandths, that the most specific matching range gives a type.
    fn quality(&self, media_type: &str) -> u16 {
        if self.0.is_empty() {
            return 1_000;
        }
        let family = media_type.split('/').next().unwrap_or_default();
        let mut found: Option<(u8, u16)> = None;
        for range in &self.0 {
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
