//! Scopes: what a caller may do. A route names its scopes as a type, so none can forget them.

use utoipa::openapi::{ArrayBuilder, ObjectBuilder, schema::Type};

/// What a route needs, as a type parameter of [`crate::extract::Authorized`].
pub trait Scopes: Send + Sync + 'static {
    /// All of these must be held.
    const WORDS: &'static [&'static str];
}

macro_rules! scopes {
    ($($(#[$meta:meta])* $name:ident = $($word:literal)&*;)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
        impl Scopes for $name {
            const WORDS: &'static [&'static str] = &[$($word),*];
        }
    )+};
}

scopes! {
    /// A caller, whatever it may do.
    Anything = ;
    /// Read calls and analyses.
    CallsRead = "calls:read";
    /// Register, import and annotate calls.
    CallsWrite = "calls:write";
    /// Delete calls.
    CallsErase = "calls:erase";
    /// Read transcripts.
    TranscriptsRead = "transcripts:read";
    /// Read recordings.
    MediaRead = "media:read";
    /// Read the vendor's own documents of a call; they hold transcripts too.
    DocumentsRead = "calls:read" & "transcripts:read";
    /// Read connections.
    ConnectionsRead = "connections:read";
    /// Make and change connections.
    ConnectionsWrite = "connections:write";
    /// Read what a vendor owns.
    VendorRead = "vendor:read";
    /// Read what a vendor owns and what was said in it.
    VendorTalkRead = "vendor:read" & "transcripts:read";
    /// Change what a vendor owns.
    VendorWrite = "vendor:write";
    /// Call a vendor's own operations.
    Passthrough = "passthrough";
    /// Read jobs.
    JobsRead = "jobs:read";
    /// Start, cancel and resubmit jobs.
    JobsWrite = "jobs:write";
    /// Make and revoke API keys.
    KeysManage = "keys:manage";
    /// Read the feed of events.
    EventsRead = "events:read";
    /// Read the audit log.
    AuditRead = "audit:read";
}

/// Every scope word with its meaning; `*` stands for all of them.
pub const ALL: &[(&str, &str)] = &[
    ("calls:read", "Read calls and their analyses"),
    ("transcripts:read", "Read transcripts"),
    ("media:read", "Read recordings"),
    ("calls:write", "Register, import and annotate calls"),
    ("calls:erase", "Delete calls"),
    ("connections:read", "Read connections"),
    ("connections:write", "Make and change connections"),
    ("vendor:read", "Read what a vendor owns"),
    ("vendor:write", "Change what a vendor owns"),
    ("passthrough", "Call a vendor's own operations"),
    ("jobs:read", "Read jobs"),
    ("jobs:write", "Start and cancel jobs"),
    ("events:read", "Read events"),
    ("webhooks:read", "Read webhook endpoints"),
    ("webhooks:write", "Make and change webhook endpoints"),
    ("keys:manage", "Make and revoke API keys"),
    ("audit:read", "Read the audit log"),
    ("*", "Everything"),
];

/// The most scopes that one key or token has.
pub(crate) const MOST: usize = 30;

/// A list of scopes, for the documentation.
pub(crate) fn words(description: &str) -> ArrayBuilder {
    let word = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(ALL.iter().map(|(word, _)| *word)));
    ArrayBuilder::new()
        .items(word)
        .min_items(Some(1))
        .max_items(Some(MOST))
        .description(Some(description))
}

/// Whether this is a scope word.
pub fn is_known(word: &str) -> bool {
    ALL.iter().any(|(known, _)| *known == word)
}

/// Whether held scopes cover a needed one.
pub fn covers(held: &[String], needed: &str) -> bool {
    held.iter().any(|word| word == "*" || word == needed)
}
