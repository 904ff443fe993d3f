//! The open enums of the model.

use crate::open_enum::open_enum;

open_enum! {
    /// The medium of the conversation.
    Channel { Voice = "voice", Chat = "chat", Email = "email", Video = "video", AudioFile = "audio_file" }
}
open_enum! {
    /// Who talks with the customer, or how the recording came.
    CallKind { HumanCall = "human_call", AiAgentCall = "ai_agent_call", Upload = "upload" }
}
open_enum! {
    /// The direction of the call as the company sees it. Never inferred.
    Direction { Inbound = "inbound", Outbound = "outbound", Internal = "internal", Unknown = "unknown" }
}
open_enum! {
    /// What became of the call itself (not of its analysis).
    CallStatus {
        Queued = "queued", Dialing = "dialing", InProgress = "in_progress", Completed = "completed",
        NoAnswer = "no_answer", Busy = "busy", Failed = "failed", Canceled = "canceled",
        Voicemail = "voicemail", Unknown = "unknown",
    }
}
open_enum! {
    /// Where `started_at` comes from.
    StartedAtSource {
        Vendor = "vendor", Client = "client", DerivedFromId = "derived_from_id",
        Estimated = "estimated", None = "none",
    }
}
open_enum! {
    /// Where a duration comes from.
    DurationSource { Vendor = "vendor", Media = "media", Transcript = "transcript", Estimated = "estimated", None = "none" }
}
open_enum! {
    /// The role a party plays in the conversation.
    PartyRole {
        Agent = "agent", Customer = "customer", Bot = "bot", Supervisor = "supervisor", Ivr = "ivr",
        ThirdParty = "third_party", Unknown = "unknown",
    }
}
open_enum! {
    /// Which side a party stands on.
    Affiliation { Internal = "internal", External = "external", Unknown = "unknown" }
}
open_enum! {
    /// What a party is.
    PartyType { Person = "person", Bot = "bot", Organization = "organization" }
}
open_enum! {
    /// What a media object holds.
    MediaKind {
        RecordingStereo = "recording_stereo", RecordingMono = "recording_mono",
        RecordingLeg = "recording_leg", Screen = "screen", OriginalUpload = "original_upload",
    }
}
open_enum! {
    /// How the gateway gets the bytes of a media object.
    FetchMode {
        RedirectlessProxy = "redirectless_proxy", InlineBase64 = "inline_base64", VendorFile = "vendor_file",
    }
}
open_enum! {
    /// How far an artifact of a call has come.
    ArtifactState {
        NotSupported = "not_supported", NotRequested = "not_requested", Pending = "pending",
        Processing = "processing", Ready = "ready", Failed = "failed", Expired = "expired",
        Deleted = "deleted",
    }
}
open_enum! {
    /// Where a transcript comes from.
    TranscriptSource { VendorAsr = "vendor_asr", Client = "client" }
}
open_enum! {
    /// Whether a transcript has utterances or only text.
    TranscriptFormat { Utterances = "utterances", PlainText = "plain_text" }
}
open_enum! {
    /// The tone of a call, a party or a segment.
    SentimentLabel { Positive = "positive", Neutral = "neutral", Negative = "negative", Mixed = "mixed" }
}
open_enum! {
    /// What a sentiment speaks of.
    SentimentScope { Call = "call", Party = "party", Segment = "segment" }
}
open_enum! {
    /// The kind of an analysis.
    AnalysisKind {
        ScenarioScoring = "scenario_scoring", RuleTagging = "rule_tagging", LlmAnalysis = "llm_analysis",
        DialogOutcome = "dialog_outcome", Manual = "manual",
    }
}
open_enum! {
    /// Where the moment of an analysis comes from.
    AnalyzedAtSource { Vendor = "vendor", Estimated = "estimated", None = "none" }
}
open_enum! {
    /// Who scored.
    ScoreSource { Ai = "ai", Human = "human", Mixed = "mixed" }
}
open_enum! {
    /// The answer to one item of a scorecard.
    ItemResult {
        Met = "met", NotMet = "not_met", Partial = "partial", NotApplicable = "not_applicable",
        Unknown = "unknown",
    }
}
open_enum! {
    /// What kind of thing was detected.
    DetectionType { Tag = "tag", Rule = "rule", Keyword = "keyword", Category = "category", Metric = "metric" }
}
open_enum! {
    /// Whose words a detection looks at.
    Performer { Agent = "agent", Customer = "customer", Any = "any", Unknown = "unknown" }
}
open_enum! {
    /// Whether the detection states a presence or an absence.
    Condition { Discussed = "discussed", NotDiscussed = "not_discussed" }
}
open_enum! {
    /// Whether a detection belongs to the whole call or to a span of it.
    DetectionScope { Call = "call", Span = "span" }
}
open_enum! {
    /// An event inside the conversation.
    EventType {
        Hold = "hold", Silence = "silence", Profanity = "profanity", Interruption = "interruption",
        NonTalk = "non_talk", EmotionPeak = "emotion_peak", Transfer = "transfer", Dtmf = "dtmf",
        BotAction = "bot_action",
    }
}
open_enum! {
    /// The kind of a summary.
    SummaryType {
        Brief = "brief", Detailed = "detailed", Bullets = "bullets", Title = "title",
        Reason = "reason", Outcome = "outcome", Headline = "headline",
    }
}
open_enum! {
    /// The markup of a summary.
    TextFormat { Plain = "plain", Markdown = "markdown", Html = "html" }
}
open_enum! {
    /// The kind of an action item.
    ActionKind { NextAction = "next_action", Commitment = "commitment", Recommendation = "recommendation" }
}
open_enum! {
    /// The name of a score, in the field's own words.
    ScoreName {
        Csat = "csat", Politeness = "politeness", Empathy = "empathy",
        ScriptAlignment = "script_alignment", LeadScore = "lead_score", Quality = "quality",
    }
}
open_enum! {
    /// What came out of the conversation.
    OutcomeValue {
        Success = "success", Partial = "partial", Failure = "failure", Callback = "callback",
        Transferred = "transferred", NoContact = "no_contact", Unknown = "unknown",
    }
}
open_enum! {
    /// Whether the text still holds personal data.
    PiiState { Unknown = "unknown", Present = "present", Redacted = "redacted" }
}
open_enum! {
    /// Where a number of the interaction statistics comes from.
    StatSource { Vendor = "vendor", Derived = "derived" }
}
