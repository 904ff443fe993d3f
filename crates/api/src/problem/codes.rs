//! Every code of a problem document, with the words of its page.

use http::StatusCode;

/// A code: stable, and explained on a page of its own.
#[derive(Debug)]
pub struct Code {
    /// `gateway.*` is ours, `connection.*` needs its owner to act, `vendor.*` is the vendor's.
    pub code: &'static str,
    /// The usual HTTP status.
    pub status: StatusCode,
    /// One short sentence, the same for every occurrence.
    pub title: &'static str,
    /// The same request may succeed later.
    pub retryable: bool,
    /// What happened.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

macro_rules! codes {
    ($($name:ident = $code:literal, $status:ident, $retryable:literal, $title:literal, $meaning:literal, $remedy:literal;)+) => {
        $(
            #[doc = concat!("`", $code, "`: ", $title)]
            pub const $name: &Code = &Code {
                code: $code,
                status: StatusCode::$status,
                title: $title,
                retryable: $retryable,
                meaning: $meaning,
                remedy: $remedy,
            };
        )+
        /// Every code.
        pub const ALL: &[&Code] = &[$($name),+];
    };
}

codes! {
    INVALID_JSON = "gateway.invalid_json", BAD_REQUEST, false, "The body is not JSON.",
        "The request body could not be read as JSON.",
        "Send well-formed JSON in UTF-8; `errors` says where reading stopped.";
    INVALID_QUERY = "gateway.invalid_query", BAD_REQUEST, false, "The query is not valid.",
        "A query parameter is unknown, repeated, or has a value outside of what it may be.",
        "`errors` names each parameter and what it may be. Unknown parameters are refused on purpose: a mistyped filter would otherwise silently return everything.";
    INVALID_CURSOR = "gateway.invalid_cursor", BAD_REQUEST, false, "The cursor is not valid.",
        "The cursor was changed, belongs to another tenant, or was given together with other filters or another order than it was made for.",
        "Repeat the query without `cursor`, or with exactly the filters of the page that gave it. Only `limit` may change between pages.";
    BAD_REQUEST = "gateway.bad_request", BAD_REQUEST, false, "The request is not valid.",
        "The request could not be understood: a header or the path is malformed.",
        "`detail` says what is wrong.";
    UNAUTHENTICATED = "gateway.unauthenticated", UNAUTHORIZED, false, "The request carries no valid key.",
        "The `Authorization` header is missing, is not `Bearer <API key>`, or the key is unknown, expired or revoked. These cases are not told apart.",
        "Send `Authorization: Bearer cw_live_...` with a key that is in force. Make one with `callweave keys create` or `POST /v1/api-keys`.";
    INSUFFICIENT_SCOPE = "gateway.insufficient_scope", FORBIDDEN, false, "The key may not do this.",
        "The key is valid and lacks a scope that the operation needs.",
        "Use a key with the scopes that `detail` names.";
    NOT_FOUND = "gateway.not_found", NOT_FOUND, false, "There is no such resource.",
        "Nothing of this kind with this id exists for the tenant of the key, or it was deleted.",
        "Check the id. What belongs to another tenant answers the same.";
    METHOD_NOT_ALLOWED = "gateway.method_not_allowed", METHOD_NOT_ALLOWED, false, "The method is not allowed here.",
        "The path exists and does not take this method.",
        "The `Allow` header lists the methods it takes.";
    NOT_ACCEPTABLE = "gateway.not_acceptable", NOT_ACCEPTABLE, false, "None of the accepted types can be given.",
        "The `Accept` header, or `format`, asks for a form in which this resource does not exist.",
        "Ask for one of the types that `detail` names.";
    NO_TIMED_TRANSCRIPT = "gateway.no_timed_transcript", NOT_ACCEPTABLE, false, "The transcript has no times.",
        "Subtitles (VTT, SRT) were asked for and the vendor gave no times with the transcript. Times are not invented.",
        "Ask for `application/json` or `text/plain`.";
    CONFLICT = "gateway.conflict", CONFLICT, false, "The resource is in another state.",
        "The operation does not fit the state that the resource is in.",
        "`detail` says which state it is; read the resource again.";
    ERASED = "gateway.erased", CONFLICT, false, "It was erased and is not taken in again.",
        "The call, or somebody in it, was erased with `POST /v1/erasures`. What was erased stays away: a sync passes over it, and it cannot be registered, imported or added by hand.",
        "Nothing is to be done. `GET /v1/erasures` lists what kinds of subjects were erased and when.";
    CONNECTION_EXISTS = "gateway.connection_exists", CONFLICT, false, "The account is connected already.",
        "The tenant has a live connection to the same account at the same vendor. A second one would fetch everything twice.",
        "Use the connection that `detail` names, or delete it first.";
    ACCOUNT_DIFFERS = "gateway.account_differs", CONFLICT, false, "This leads to another account.",
        "The new credentials or settings lead to another account at the vendor than the connection was made for. The calls of two accounts are never mixed.",
        "Make a new connection for the other account.";
    CONFIRMATION_REQUIRED = "gateway.confirmation_required", BAD_REQUEST, false, "This has to be confirmed.",
        "The request would delete everything of its kind, let an agent call at any time, take it out of this connection's reach, or have the vendor do, and charge for, something twice. Nothing was done.",
        "If that is meant, send the request with the `confirm` that `detail` names.";
    REQUEST_UNDER_WAY = "gateway.request_under_way", CONFLICT, true, "The same request is under way.",
        "A request with the same `Idempotency-Key` and body was sent before and is not answered yet.",
        "Send it again after `Retry-After`; then it gets the answer of the first one.";
    IDEMPOTENCY_KEY_REQUIRED = "gateway.idempotency_key_required", BAD_REQUEST, false, "The request needs an Idempotency-Key.",
        "The vendor would charge for this, or dial a phone. Without a key that names the request, sending it again after a lost answer would do so twice.",
        "Send `Idempotency-Key` with a fresh value for each piece of work, and the same value when you send the same request again.";
    IDEMPOTENCY_KEY_REUSED = "gateway.idempotency_key_reused", UNPROCESSABLE_ENTITY, false, "The key belongs to another request.",
        "The `Idempotency-Key` was used within the last 24 hours for another operation or another body.",
        "Use a fresh key for each request, and the same key only to send the same request again.";
    EVENTS_EXPIRED = "gateway.events_expired", GONE, false, "Events after this position were deleted for their age.",
        "The reader was away for longer than events are kept, so the feed can no longer tell it everything that happened since.",
        "Take a fresh position (`GET /v1/events?after=latest`), read the calls that changed meanwhile (`GET /v1/calls?modified_after=...`), then go on from that position.";
    FEED_RESTARTED = "gateway.feed_restarted", GONE, false, "The position belongs to another database.",
        "The gateway's database is not the one that gave this position: a backup was restored, or another server took over. What happened in between may be missing or come again.",
        "Take a fresh position (`GET /v1/events?after=latest`), read all calls again (`GET /v1/calls`), then go on from that position.";
    STALE = "gateway.stale", PRECONDITION_FAILED, false, "The resource has changed meanwhile.",
        "`If-Match` names a version that is not the current one.",
        "Read the resource again, apply the change to what it is now, and send its current `ETag`.";
    BODY_TOO_LARGE = "gateway.body_too_large", PAYLOAD_TOO_LARGE, false, "The body is too large.",
        "The request body is larger than the gateway takes.",
        "Send less: 1 MiB, 16 MiB for a batch of dialogs; `detail` says how large a recording may be.";
    UNSUPPORTED_MEDIA_TYPE = "gateway.unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, false, "The body has a type that is not read here.",
        "The `Content-Type` is missing or not one that the operation reads.",
        "Send `Content-Type: application/json`.";
    RANGE_NOT_SATISFIABLE = "gateway.range_not_satisfiable", RANGE_NOT_SATISFIABLE, false, "The range lies outside of the file.",
        "The `Range` header asks for bytes that the file does not have.",
        "The `Content-Range` header says how long the file is.";
    INVALID_BODY = "gateway.invalid_body", UNPROCESSABLE_ENTITY, false, "The body is not valid.",
        "The body is JSON and does not say what the operation needs: a member is unknown, missing or has a wrong value.",
        "`errors` holds a JSON pointer and a reason for each.";
    UNKNOWN_VENDOR = "gateway.unknown_vendor", UNPROCESSABLE_ENTITY, false, "There is no such vendor.",
        "The gateway knows no vendor with this key.",
        "`GET /v1/vendors` lists the vendors.";
    INTERNAL = "gateway.internal", INTERNAL_SERVER_ERROR, false, "The gateway failed.",
        "Something went wrong inside the gateway. The log holds the reason under the request id.",
        "Report the request id to whoever runs the gateway.";
    INVALID_PASSTHROUGH_PATH = "gateway.invalid_passthrough_path", BAD_REQUEST, false, "The path cannot be passed through.",
        "The path behind `passthrough/` is not a plain relative path: it holds `..`, an empty segment, an encoded slash or percent sign, or a character that does not belong into a path.",
        "Give the vendor's path below the base URL of the connection, each segment percent-encoded once.";
    CAPABILITY_NOT_SUPPORTED = "gateway.capability_not_supported", NOT_IMPLEMENTED, false, "The vendor does not support this.",
        "The operation needs a capability that the vendor of the connection does not have.",
        "`GET /v1/vendors/{vendor}` lists the capabilities of each vendor.";
    UNAVAILABLE = "gateway.unavailable", SERVICE_UNAVAILABLE, true, "The gateway cannot answer now.",
        "The database cannot be reached, or took too long.",
        "Try again after `Retry-After`.";
    TOO_MANY_STREAMS = "gateway.too_many_streams", SERVICE_UNAVAILABLE, true, "Too many event streams are open.",
        "The tenant, or the process, has as many open event streams as it may have.",
        "Close streams that are not needed, or read `GET /v1/events` instead. The operator may raise `events.max_streams_per_tenant` and `events.max_streams`.";
    RATE_LIMITED = "gateway.rate_limited", TOO_MANY_REQUESTS, true, "The tenant asks for more than it may at a time.",
        "The tenant has made as many requests as it may in the window that `RateLimit-Policy` names, or as many requests or exports as it may have at a time are under way; or too many tries with wrong keys came from one address. Other tenants are not affected.",
        "Try again after `Retry-After`, and spread requests by `RateLimit`. The operator may grant a tenant more: `callweave tenants limits`.";
    OVERLOADED = "gateway.overloaded", SERVICE_UNAVAILABLE, true, "The gateway has too much to do.",
        "More requests are under way than the gateway takes on at a time, so this one was turned away before it began.",
        "Try again after `Retry-After`.";
    CREDENTIALS_REJECTED = "connection.credentials_rejected", UNPROCESSABLE_ENTITY, false, "The vendor refuses the credentials.",
        "The vendor says definitely that these credentials are wrong. The gateway does not try them again.",
        "Give the right ones: `PUT /v1/connections/{id}/credentials`, or `POST /v1/connections` once more.";
    REAUTH_REQUIRED = "connection.reauth_required", CONFLICT, false, "The connection needs new credentials.",
        "The vendor refused the credentials of this connection earlier, or they cannot be opened any more.",
        "Give new ones: `PUT /v1/connections/{id}/credentials`.";
    ADDRESS_NOT_ALLOWED = "connection.address_not_allowed", UNPROCESSABLE_ENTITY, false, "The address may not be reached from here.",
        "The address of the vendor lies in a range that the gateway does not call, such as a private network.",
        "Correct the address, or have the operator allow its range (`egress.allow`).";
    VENDOR_UNAUTHORIZED = "vendor.unauthorized", BAD_GATEWAY, false, "The vendor refuses the token.",
        "The vendor refused the token, and renewing it did not help.",
        "Check the connection: `POST /v1/connections/{id}/check`.";
    VENDOR_FORBIDDEN = "vendor.forbidden", BAD_GATEWAY, false, "The vendor does not allow this.",
        "The account at the vendor lacks the right to do this.",
        "Have the right granted at the vendor.";
    VENDOR_NOT_FOUND = "vendor.not_found", NOT_FOUND, false, "The vendor does not have it.",
        "The vendor does not know the thing that was asked for, or does not have it any more.",
        "Check whether it still exists at the vendor.";
    VENDOR_NOT_READY = "vendor.not_ready", CONFLICT, true, "The vendor does not have it ready.",
        "The vendor knows the thing and is still working on it.",
        "Try again later; the gateway looks again by itself.";
    VENDOR_REQUEST_REJECTED = "vendor.request_rejected", BAD_GATEWAY, false, "The vendor refused the request.",
        "The vendor refused the request as it is.",
        "`vendor` holds the vendor's own code and message.";
    VENDOR_CONFLICT = "vendor.conflict", CONFLICT, false, "It does not fit what the vendor has.",
        "The vendor has something that the request does not fit: a name that is taken, a file that was sent before, entries that others hang on.",
        "`vendor` holds the vendor's own code and message; `detail` says what is in the way.";
    VENDOR_RATE_LIMITED = "vendor.rate_limited", SERVICE_UNAVAILABLE, true, "The vendor asks to slow down.",
        "The vendor limits how often it may be asked; the gateway keeps to it.",
        "Try again after `Retry-After`.";
    VENDOR_QUOTA_EXCEEDED = "vendor.quota_exceeded", BAD_GATEWAY, false, "The plan at the vendor does not allow it.",
        "The plan at the vendor does not include this, or what it includes is used up. With status 402 the gateway saw that before anything was sent: `quota` says what is needed and what is left, without what other jobs will take.",
        "Change the plan at the vendor, or wait for its next period.";
    VENDOR_UNSUPPORTED = "vendor.unsupported", NOT_IMPLEMENTED, false, "The vendor does not offer this.",
        "The vendor answered that it does not offer this.",
        "Nothing can be done from here.";
    VENDOR_FAILURE = "vendor.failure", BAD_GATEWAY, true, "The vendor failed.",
        "The vendor answered that it failed on its side.",
        "Try again later. Stored data is served meanwhile.";
    OUTCOME_UNKNOWN = "vendor.outcome_unknown", BAD_GATEWAY, false, "Whether the vendor did it is not known.",
        "The request reached the vendor, or may have, and no answer came that says what became of it. The gateway does not send it again: the vendor might do it twice. The same `Idempotency-Key` gets this answer again.",
        "Look at the vendor's list whether it was done, and send it under a fresh `Idempotency-Key` only if it was not.";
    VENDOR_UNREACHABLE = "vendor.unreachable", GATEWAY_TIMEOUT, true, "The vendor cannot be reached.",
        "No complete answer came from the vendor in time.",
        "Try again later. Stored data is served meanwhile.";
    VENDOR_BAD_RESPONSE = "vendor.bad_response", BAD_GATEWAY, true, "The vendor's answer cannot be read.",
        "The vendor answered something that its documents do not describe: an HTML page, half a document, another shape.",
        "Try again later. If it stays, the vendor has changed its interface.";
    VENDOR_UNEXPECTED_REDIRECT = "vendor.unexpected_redirect", BAD_GATEWAY, false, "The vendor redirects.",
        "The vendor answered with a redirect. The gateway never follows one, because it would carry the credentials elsewhere.",
        "Set `base_url` of the connection to where the vendor redirects, if that address is right.";
}

/// The code with this text.
pub fn find(code: &str) -> Option<&'static Code> {
    ALL.iter().copied().find(|entry| entry.code == code)
}

/// The page of a code, as Markdown.
pub fn page(code: &Code) -> String {
    format!(
        "# `{code}`\n\n{title} Usual status: {status}. Worth retrying as it is: {retryable}.\n\n\
         ## What happened\n\n{meaning}\n\n## What to do\n\n{remedy}\n",
        code = code.code,
        title = code.title,
        status = code.status.as_u16(),
        retryable = if code.retryable { "yes" } else { "no" },
        meaning = code.meaning,
        remedy = code.remedy,
    )
}

/// The index of the pages, as Markdown.
pub fn index() -> String {
    let mut text = "# Problem codes\n\n\
         Every failure is an `application/problem+json` document (RFC 9457) with one of these codes.\n\n\
         | code | status | retry | |\n|---|---|---|---|\n"
        .to_owned();
    for code in ALL {
        text.extend([
            "| [`",
            code.code,
            "`](",
            code.code,
            ".md) | ",
            code.status.as_str(),
            " | ",
            if code.retryable { "yes" } else { "no" },
            " | ",
            code.title,
            " |\n",
        ]);
    }
    text
}
