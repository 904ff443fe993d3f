//! A transcript as text and as subtitles.

use callweave_model::{Transcript, Utterance, call::Party};

/// Lines of `Role: words`; the vendor's text where there are no utterances.
pub(super) fn text(transcript: &Transcript, parties: &[Party]) -> String {
    if transcript.utterances.is_empty() {
        return transcript.text.clone().unwrap_or_default();
    }
    let mut text = String::new();
    for utterance in &transcript.utterances {
        if let Some(speaker) = speaker(utterance, parties) {
            text.push_str(&speaker);
            text.push_str(": ");
        }
        text.push_str(&one_line(&utterance.text));
        text.push('\n');
    }
    text
}

/// `WebVTT`. `None` when an utterance has no times.
pub(super) fn vtt(transcript: &Transcript, parties: &[Party]) -> Option<String> {
    let mut text = "WEBVTT\n".to_owned();
    for utterance in &transcript.utterances {
        let (start, end) = times(utterance)?;
        let words = escape(&one_line(&utterance.text));
        let cue = match speaker(utterance, parties) {
            Some(speaker) => format!("<v {}>{words}", escape(&speaker)),
            None => words,
        };
        text.extend([
            "\n",
            &clock(start, '.'),
            " --> ",
            &clock(end, '.'),
            "\n",
            &cue,
            "\n",
        ]);
    }
    Some(text)
}

/// SubRip. `None` when an utterance has no times.
pub(super) fn srt(transcript: &Transcript, parties: &[Party]) -> Option<String> {
    let mut text = String::new();
    for (index, utterance) in transcript.utterances.iter().enumerate() {
        let (start, end) = times(utterance)?;
        let words = one_line(&utterance.text);
        let cue = match speaker(utterance, parties) {
            Some(speaker) => format!("{speaker}: {words}"),
            None => words,
        };
        text.extend([
            &(index + 1).to_string(),
            "\n",
            &clock(start, ','),
            " --> ",
            &clock(end, ','),
            "\n",
            &cue,
            "\n\n",
        ]);
    }
    Some(text)
}

/// Whether every utterance, and at least one, has its times.
pub(super) fn is_timed(transcript: &Transcript) -> bool {
    !transcript.utterances.is_empty()
        && transcript
            .utterances
            .iter()
            .all(|utterance| times(utterance).is_some())
}

fn times(utterance: &Utterance) -> Option<(i64, i64)> {
    let start = utterance.start_ms?.max(0);
    Some((start, utterance.end_ms?.max(start)))
}

/// The name of the speaker, else the role, else the channel.
fn speaker(utterance: &Utterance, parties: &[Party]) -> Option<String> {
    let party = utterance
        .party_index
        .and_then(|index| parties.iter().find(|party| party.index == index));
    match (party, utterance.channel) {
        (Some(party), _) => Some(match &party.name {
            Some(name) => one_line(name),
            None => capitalised(party.role.as_str()),
        }),
        (None, Some(channel)) => Some(format!("Channel {channel}")),
        (None, None) => None,
    }
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

/// Line breaks end a cue, and other control characters have no place in one.
fn one_line(text: &str) -> String {
    text.split(char::is_control)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn clock(millis: i64, separator: char) -> String {
    let (seconds, rest) = (millis / 1_000, millis % 1_000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}{separator}{rest:03}")
}

#[cfg(test)]
mod tests {
    use callweave_model::enums::PartyRole;

    use super::*;

    fn spoken() -> (Transcript, Vec<Party>) {
        let utterance = |party: i32, start: i64, text: &str| Utterance {
            party_index: Some(party),
            start_ms: Some(start),
            end_ms: Some(start + 1_500),
            text: text.to_owned(),
            ..Utterance::default()
        };
        let mut customer = Party::new(1, PartyRole::Customer);
        customer.name = Some("Vera <b>".to_owned());
        let utterances = vec![
            utterance(0, 0, "Good day"),
            utterance(1, 3_661_040, "a --> b\n\n1 & 2"),
        ];
        (
            Transcript::of_utterances("1", utterances),
            vec![Party::new(0, PartyRole::Agent), customer],
        )
    }

    #[test]
    fn subtitles_carry_times_and_speakers_and_no_markup_of_others() {
        let (transcript, parties) = spoken();
        assert_eq!(
            vtt(&transcript, &parties).unwrap(),
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n<v Agent>Good day\n\n\
             01:01:01.040 --> 01:01:02.540\n<v Vera &lt;b&gt;>a --&gt; b 1 &amp; 2\n"
        );
        assert_eq!(
            srt(&transcript, &parties).unwrap(),
            "1\n00:00:00,000 --> 00:00:01,500\nAgent: Good day\n\n\
             2\n01:01:01,040 --> 01:01:02,540\nVera <b>: a --> b 1 & 2\n\n"
        );
        assert_eq!(
            text(&transcript, &parties),
            "Agent: Good day\nVera <b>: a --> b 1 & 2\n"
        );
    }

    #[test]
    fn without_times_there_are_no_subtitles() {
        let (mut transcript, parties) = spoken();
        assert!(is_timed(&transcript));
        transcript.utterances[1].end_ms = None;
        assert!(!is_timed(&transcript));
        assert!(vtt(&transcript, &parties).is_none() && srt(&transcript, &parties).is_none());
        transcript.utterances.clear();
        transcript.text = Some("Operator: hello".to_owned());
        assert_eq!(text(&transcript, &parties), "Operator: hello");
    }
}
