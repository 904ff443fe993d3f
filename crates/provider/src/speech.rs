//! Transcripts that come as one labelled text: `Operator: ... Customer: ...`.

use callweave_model::{call::Party, enums::PartyRole, transcript::Utterance};

/// Labels that vendors put before a turn, lower case, and whose turn they mark.
const LABELS: &[(&str, PartyRole)] = &[
    ("operator", PartyRole::Agent),
    ("agent", PartyRole::Agent),
    ("manager", PartyRole::Agent),
    ("оператор", PartyRole::Agent),
    ("менеджер", PartyRole::Agent),
    ("сотрудник", PartyRole::Agent),
    ("operator xodim", PartyRole::Agent),
    ("client", PartyRole::Customer),
    ("customer", PartyRole::Customer),
    ("caller", PartyRole::Customer),
    ("human", PartyRole::Customer),
    ("клиент", PartyRole::Customer),
    ("абонент", PartyRole::Customer),
    ("покупатель", PartyRole::Customer),
    ("mijoz", PartyRole::Customer),
    ("bot", PartyRole::Bot),
    ("бот", PartyRole::Bot),
    ("робот", PartyRole::Bot),
];

/// The most bytes between the beginning of a line and the colon after a label.
const LONGEST_LABEL: usize = 120;

/// Splits a labelled text into utterances without times, adding a party for every role it meets.
///
/// Returns nothing when the text has fewer than two labels: then it is no dialogue.
pub fn split_labelled(text: &str, parties: &mut Vec<Party>) -> Vec<Utterance> {
    let turns = labelled_turns(text);
    if turns.len() < 2 {
        return Vec::new();
    }
    turns
        .into_iter()
        .enumerate()
        .map(|(seq, (role, words))| Utterance {
            seq: i32::try_from(seq).unwrap_or(i32::MAX),
            party_index: Some(party_of(role, parties)),
            text: words.trim().to_owned(),
            ..Utterance::default()
        })
        .collect()
}

/// The index of the first party with this role; one is added, marked as derived, where there is
/// none yet.
pub fn party_of(role: PartyRole, parties: &mut Vec<Party>) -> i32 {
    if let Some(party) = parties.iter().find(|party| party.role == role) {
        return party.index;
    }
    let index = i32::try_from(parties.len()).unwrap_or(i32::MAX);
    let mut party = Party::new(index, role);
    party.role_derived = true;
    parties.push(party);
    index
}

/// Finds labels at line starts and after sentence ends.
fn labelled_turns(text: &str) -> Vec<(PartyRole, &str)> {
    let mut marks: Vec<(usize, usize, PartyRole)> = Vec::new();
    for (colon, _) in text.match_indices(':') {
        let Some(before) = text.get(..colon) else {
            continue;
        };
        let from = before.floor_char_boundary(before.len().saturating_sub(LONGEST_LABEL));
        let near = before.get(from..).unwrap_or_default();
        let line = match near.rfind(['\n', '.', '!', '?', '…', ';']) {
            Some(at) => {
                let end = near.get(at..).and_then(|rest| rest.chars().next());
                from + at + end.map_or(1, char::len_utf8)
            }
            None if from == 0 => 0,
            None => continue,
        };
        let Some(candidate) = before.get(line..) else {
            continue;
        };
        // A time in brackets after the label holds colons of its own: `bot(10:15:02): ...`.
        let open = candidate.matches(['(', '[']).count();
        if open != candidate.matches([')', ']']).count() {
            continue;
        }
        let word = candidate
            .trim()
            .split(['(', '['])
            .next()
            .unwrap_or_default()
            .trim()
            .to_lowercase();
        if let Some((_, role)) = LABELS.iter().find(|(label, _)| *label == word) {
            marks.push((line, colon + 1, *role));
        }
    }
    let mut turns = Vec::with_capacity(marks.len());
    for (position, (_, start, role)) in marks.iter().enumerate() {
        let end = marks
            .get(position + 1)
            .map_or(text.len(), |(next, _, _)| *next);
        if let Some(words) = text.get(*start..end) {
            turns.push((*role, words));
        }
    }
    turns
}

#[cfg(test)]
mod tests {
    use callweave_model::enums::PartyRole;

    use super::split_labelled;

    #[test]
    fn a_labelled_text_becomes_turns_in_three_languages() {
        for text in [
            "Operator: Hello, this is Anna. Customer: Hi: I need help.\nOperator: Sure.",
            "Оператор: Добрый день. Клиент: Здравствуйте: вопрос.\nОператор: Да.",
            "Operator: Assalomu alaykum.\nMijoz: Salom: savol bor.\nOperator: Ha.",
        ] {
            let mut parties = Vec::new();
            let turns = split_labelled(text, &mut parties);
            assert_eq!(turns.len(), 3, "{text}");
            assert_eq!(parties[0].role, PartyRole::Agent);
            assert_eq!(parties[1].role, PartyRole::Customer);
            assert!(
                turns[1].text.contains(':'),
                "a colon inside a turn is text: {text}"
            );
            assert_eq!(turns[2].party_index, Some(0));
        }
    }

    #[test]
    fn a_time_in_brackets_belongs_to_the_label() {
        let mut parties = Vec::new();
        let text = "bot(10:15:02): Good day; human(10:15:09): Good day. bot: Bye";
        let turns = split_labelled(text, &mut parties);
        let words: Vec<&str> = turns.iter().map(|turn| turn.text.as_str()).collect();
        assert_eq!(words, ["Good day;", "Good day.", "Bye"]);
        assert_eq!(parties[0].role, PartyRole::Bot);
    }

    #[test]
    fn case_036_colons_without_a_line_are_no_dialogue_and_no_work() {
        let mut parties = Vec::new();
        assert!(split_labelled(&"ж:".repeat(100_000), &mut parties).is_empty());
    }

    #[test]
    fn a_text_without_labels_is_no_dialogue() {
        let mut parties = Vec::new();
        assert!(split_labelled("Note: call back at 10:30.", &mut parties).is_empty());
        assert!(parties.is_empty());
    }
}
