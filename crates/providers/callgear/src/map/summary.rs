//! The summary of a dialogue and the sections that its labels mark.

use std::collections::BTreeMap;

use bytes::Bytes;
use callweave_model::{
    analysis::Summary,
    enums::{SummaryType, TextFormat},
};

use super::{LeftOver, Reading};
use crate::{documents::Documents, wire};

/// Labels of the vendor's template, lower case, and the sections they begin.
const LABELS: &[(&str, &str)] = &[
    ("main topic", "topic"),
    ("main topic of the conversation", "topic"),
    ("topic", "topic"),
    ("основная тема", "topic"),
    ("главная тема", "topic"),
    ("тема", "topic"),
    ("тема разговора", "topic"),
    ("result", "result"),
    ("final result", "result"),
    ("outcome", "result"),
    ("результат", "result"),
    ("итог", "result"),
    ("interaction type", "interaction_type"),
    ("type of interaction", "interaction_type"),
    ("тип взаимодействия", "interaction_type"),
    ("тип обращения", "interaction_type"),
    ("brief description", "description"),
    ("brief content", "description"),
    ("description", "description"),
    ("краткое описание", "description"),
    ("краткое содержание", "description"),
    ("описание", "description"),
];

/// The summary of a result, verbatim, with its sections where it has labels.
pub(crate) fn translate(
    reading: &Reading,
    documents: &Documents,
    left_over: &mut LeftOver,
) -> Option<Summary> {
    let own = reading.payload.dialog_summary.clone();
    let text = own
        .filter(|text| !text.trim().is_empty())
        .or_else(|| of_part(documents.summary.as_ref(), left_over))
        .filter(|text| !text.trim().is_empty())?;
    Some(Summary {
        summary_type: SummaryType::Brief,
        language: None,
        format: TextFormat::Plain,
        sections: sections(&text),
        text,
    })
}

fn of_part(body: Option<&Bytes>, left_over: &mut LeftOver) -> Option<String> {
    let is_list = body?.trim_ascii_start().first() == Some(&b'[');
    let payload = if is_list {
        let rows: Vec<Option<wire::Payload>> = left_over.read("CG-21", body)?;
        rows.into_iter().flatten().next()?
    } else {
        left_over.read::<wire::Payload>("CG-21", body)?
    };
    payload.flat().dialog_summary
}

/// The sections, where at least two labels stand at line starts; lines without a label go on with
/// the section before.
fn sections(text: &str) -> BTreeMap<String, String> {
    let mut sections: BTreeMap<String, String> = BTreeMap::new();
    let mut current: Option<&str> = None;
    for line in text.lines() {
        let labelled = line.split_once([':', '：']).and_then(|(label, rest)| {
            let plain = label
                .trim_matches(|c: char| !c.is_alphanumeric())
                .to_lowercase();
            let (_, section) = LABELS.iter().find(|(known, _)| *known == plain)?;
            Some((*section, rest))
        });
        let (section, words) = match (labelled, current) {
            (Some((section, rest)), _) => (section, rest),
            (None, Some(section)) => (section, line),
            (None, None) => continue,
        };
        current = Some(section);
        let part = sections.entry(section.to_owned()).or_default();
        if !part.is_empty() && !words.trim().is_empty() {
            part.push('\n');
        }
        part.push_str(words.trim());
    }
    if sections.len() < 2 {
        sections.clear();
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::sections;

    #[test]
    fn trap_c48_labels_mark_sections_in_both_languages() {
        let english = sections(
            "Main topic: Opening hours\nResult: Answered\nInteraction Type: Inquiry\n\
             Brief Description: The caller asks: when?\nThe agent tells.",
        );
        assert_eq!(english["topic"], "Opening hours");
        assert_eq!(
            english["description"],
            "The caller asks: when?\nThe agent tells."
        );
        let russian = sections(
            "Основная тема: Часы работы\nРезультат: Ответили\nТип взаимодействия: Вопрос\n\
             Краткое описание: Спросили и ответили.",
        );
        assert_eq!(russian.len(), 4);
        assert_eq!(russian["result"], "Ответили");
        assert!(sections("Just a note: call back.\nResult: none").is_empty());
        assert!(sections("").is_empty());
    }
}
