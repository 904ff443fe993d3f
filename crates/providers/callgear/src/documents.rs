//! The vendor's answers behind one scenario result, as they are kept.

use std::collections::BTreeMap;

use bytes::Bytes;
use callweave_provider::RawDocument;

/// The answers behind one scenario result, by operation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Documents {
    /// CG-18, the result by id.
    pub(crate) result: Bytes,
    /// The row of CG-16, where it told more than the result by id.
    pub(crate) listed: Option<Bytes>,
    /// CG-21.
    pub(crate) summary: Option<Bytes>,
    /// CG-23.
    pub(crate) phrases: Option<Bytes>,
    /// CG-37.
    pub(crate) transcription: Option<Bytes>,
    /// CG-25.
    pub(crate) success_points: Option<Bytes>,
    /// CG-27.
    pub(crate) tags: Option<Bytes>,
    /// CG-29.
    pub(crate) metrics: Option<Bytes>,
    /// CG-06.
    pub(crate) points: Option<Bytes>,
    /// CG-14, by tag id.
    pub(crate) definitions: BTreeMap<String, Bytes>,
}

impl Documents {
    /// As raw documents; `part` tells them from those of another result of the same record.
    pub(crate) fn to_raw(&self, part: &str) -> Vec<RawDocument> {
        let named = [
            ("CG-18", Some(&self.result)),
            ("CG-16", self.listed.as_ref()),
            ("CG-21", self.summary.as_ref()),
            ("CG-23", self.phrases.as_ref()),
            ("CG-37", self.transcription.as_ref()),
            ("CG-25", self.success_points.as_ref()),
            ("CG-27", self.tags.as_ref()),
            ("CG-29", self.metrics.as_ref()),
            ("CG-06", self.points.as_ref()),
        ];
        let mut raw: Vec<RawDocument> = named
            .into_iter()
            .filter_map(|(operation, body)| {
                Some(RawDocument::json(operation, body?.clone()).with_part(part))
            })
            .collect();
        raw.extend(self.definitions.iter().map(|(tag, body)| {
            let separator = if part.is_empty() { "" } else { "/" };
            RawDocument::json("CG-14", body.clone()).with_part(&format!("{part}{separator}{tag}"))
        }));
        raw
    }

    /// Out of raw documents of one `part`; `None` when the result itself is not among them.
    pub(crate) fn from_raw(raw: &[RawDocument], part: &str) -> Option<Self> {
        let body = |operation: &str| {
            raw.iter()
                .find(|document| document.operation == operation && document.part == part)
                .map(|document| document.body.clone())
        };
        let prefix = if part.is_empty() {
            String::new()
        } else {
            format!("{part}/")
        };
        let definitions = raw
            .iter()
            .filter(|document| document.operation == "CG-14")
            .filter_map(|document| {
                let tag = document.part.strip_prefix(&prefix)?;
                Some((tag.to_owned(), document.body.clone()))
            })
            .collect();
        Some(Self {
            result: body("CG-18")?,
            listed: body("CG-16"),
            summary: body("CG-21"),
            phrases: body("CG-23"),
            transcription: body("CG-37"),
            success_points: body("CG-25"),
            tags: body("CG-27"),
            metrics: body("CG-29"),
            points: body("CG-06"),
            definitions,
        })
    }

    /// The parts that hold a result, in order: for a record that has several.
    pub(crate) fn parts(raw: &[RawDocument]) -> Vec<&str> {
        raw.iter()
            .filter(|document| document.operation == "CG-18")
            .map(|document| document.part.as_str())
            .collect()
    }
}
