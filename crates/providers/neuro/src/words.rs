//! The vendor's words for what became of a dialog. Every account writes its own; what is not in
//! these tables stays as it is.

use callweave_model::enums::{CallStatus, OutcomeValue, PartyRole};

/// Output entities that tell the result of a dialog, the surest first.
pub(crate) const RESULT_KEYS: &[&str] = &[
    "result",
    "call_result",
    "dialog_result",
    "call_status",
    "dialog_status",
    "status",
    "outcome",
    "результат",
    "статус",
];

const STATUSES: &[(CallStatus, &[&str])] = &[
    (
        CallStatus::Completed,
        &[
            "done",
            "success",
            "successful",
            "completed",
            "complete",
            "finished",
            "ok",
            "answered",
            "answer",
            "talked",
            "успех",
            "успешно",
            "завершен",
            "завершён",
            "состоялся",
        ],
    ),
    (
        CallStatus::NoAnswer,
        &[
            "no answer",
            "noanswer",
            "not answered",
            "unanswered",
            "недозвон",
            "нет ответа",
            "не ответил",
            "no contact",
        ],
    ),
    (CallStatus::Busy, &["busy", "занято", "занят"]),
    (
        CallStatus::Voicemail,
        &[
            "voicemail",
            "voice mail",
            "answering machine",
            "answerphone",
            "amd",
            "autoresponder",
            "автоответчик",
        ],
    ),
    (
        CallStatus::Failed,
        &[
            "failed",
            "fail",
            "failure",
            "error",
            "unreachable",
            "congestion",
            "invalid number",
            "ошибка",
            "недоступен",
        ],
    ),
    (
        CallStatus::Canceled,
        &[
            "canceled",
            "cancelled",
            "stopped",
            "removed",
            "отменен",
            "отменён",
        ],
    ),
    (
        CallStatus::Queued,
        &["queued", "created", "pending", "в очереди"],
    ),
    (CallStatus::Dialing, &["dialing", "ringing", "calling"]),
    (
        CallStatus::InProgress,
        &["active", "in progress", "processing", "talking", "started"],
    ),
];

const OUTCOMES: &[(OutcomeValue, &[&str])] = &[
    (
        OutcomeValue::Success,
        &[
            "success",
            "successful",
            "agreed",
            "agree",
            "agreement",
            "accepted",
            "confirmed",
            "confirmation",
            "positive",
            "успех",
            "успешно",
            "согласие",
            "согласен",
            "подтверждено",
        ],
    ),
    (OutcomeValue::Partial, &["partial", "partially", "частично"]),
    (
        OutcomeValue::Failure,
        &[
            "refused",
            "refusal",
            "refuse",
            "declined",
            "decline",
            "rejected",
            "disagree",
            "negative",
            "failed",
            "fail",
            "failure",
            "error",
            "отказ",
            "не согласен",
        ],
    ),
    (
        OutcomeValue::Callback,
        &[
            "callback",
            "call back",
            "recall",
            "call later",
            "перезвон",
            "перезвонить",
        ],
    ),
    (
        OutcomeValue::Transferred,
        &[
            "transfer",
            "transferred",
            "redirected",
            "перевод",
            "перевод на оператора",
        ],
    ),
];

/// The status that a result word tells, where it is one of the known words.
pub(crate) fn status(raw: &str) -> Option<CallStatus> {
    find(STATUSES, raw)
}

/// How far a dialog or a call in the queue is. A stopped one waits until it is returned.
pub(crate) fn queue_status(raw: Option<&str>) -> CallStatus {
    match raw.map(|raw| raw.trim().to_lowercase()).as_deref() {
        None | Some("") => CallStatus::Unknown,
        Some("stopped") => CallStatus::Queued,
        Some(word) => status(word).unwrap_or(CallStatus::Other),
    }
}

/// What came out of the dialog, by its result word.
pub(crate) fn outcome(raw: &str) -> OutcomeValue {
    if let Some(value) = find(OUTCOMES, raw) {
        return value;
    }
    match status(raw) {
        Some(CallStatus::NoAnswer | CallStatus::Busy | CallStatus::Voicemail) => {
            OutcomeValue::NoContact
        }
        // The dialog ended or is under way; what came of it is not told.
        Some(_) => OutcomeValue::Unknown,
        None => OutcomeValue::Other,
    }
}

fn find<T: Copy>(table: &[(T, &[&str])], raw: &str) -> Option<T> {
    let word = raw.trim().to_lowercase().replace(['_', '-'], " ");
    table
        .iter()
        .find(|(_, words)| words.contains(&word.as_str()))
        .map(|(value, _)| *value)
}

/// Nobody can have spoken: there is nothing to transcribe.
pub(crate) const fn without_talk(status: CallStatus) -> bool {
    matches!(
        status,
        CallStatus::NoAnswer | CallStatus::Busy | CallStatus::Canceled | CallStatus::Failed
    )
}

/// Who speaks, by a word of the log: an action's name or a speaker's.
pub(crate) fn speaker(word: &str) -> Option<PartyRole> {
    const CUSTOMER: &[&str] = &[
        "human",
        "client",
        "customer",
        "caller",
        "user",
        "abonent",
        "listen",
        "recogni",
        "asr",
        "hear",
        "stt",
        "detect",
        "клиент",
        "абонент",
        "человек",
    ];
    const BOT: &[&str] = &[
        "bot",
        "robot",
        "agent",
        "assistant",
        "say",
        "synth",
        "tts",
        "play",
        "prompt",
        "speak",
        "voice",
        "бот",
        "робот",
    ];
    let word = word.to_lowercase();
    let holds = |words: &[&str]| words.iter().any(|part| word.contains(part));
    if holds(CUSTOMER) {
        Some(PartyRole::Customer)
    } else if holds(BOT) {
        Some(PartyRole::Bot)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use callweave_model::enums::{CallStatus, OutcomeValue, PartyRole};

    use super::{outcome, queue_status, speaker, status};

    #[test]
    fn trap_n48_known_words_are_translated_and_others_stay() {
        assert_eq!(status("NO_ANSWER"), Some(CallStatus::NoAnswer));
        assert_eq!(status("Автоответчик"), Some(CallStatus::Voicemail));
        assert_eq!(status("lukewarm"), None);
        assert_eq!(outcome("done"), OutcomeValue::Unknown);
        assert_eq!(outcome("Отказ"), OutcomeValue::Failure);
        assert_eq!(outcome("busy"), OutcomeValue::NoContact);
        assert_eq!(outcome("lukewarm"), OutcomeValue::Other);
    }

    #[test]
    fn trap_n48_a_stopped_dialog_is_still_in_the_queue() {
        for (raw, status) in [
            ("created", CallStatus::Queued),
            ("queued", CallStatus::Queued),
            ("stopped", CallStatus::Queued),
            ("active", CallStatus::InProgress),
            ("done", CallStatus::Completed),
            ("parked", CallStatus::Other),
            ("", CallStatus::Unknown),
        ] {
            assert_eq!(queue_status(Some(raw)), status, "{raw}");
        }
    }

    #[test]
    fn trap_n45_the_speaker_is_read_from_the_action() {
        assert_eq!(speaker("bot_say"), Some(PartyRole::Bot));
        assert_eq!(speaker("nv.listen"), Some(PartyRole::Customer));
        assert_eq!(speaker("human"), Some(PartyRole::Customer));
        assert_eq!(speaker("hangup"), None);
    }
}
