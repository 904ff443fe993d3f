//! Which problems an operation can answer, for its documentation.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses, PartialSchema as _, ToSchema as _,
    openapi::{ContentBuilder, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder},
};

use super::{CONTENT_TYPE, ProblemDocument};

macro_rules! problem_sets {
    ($($(#[$meta:meta])* $name:ident { $($status:literal: $description:literal),+ $(,)? })+) => {$(
        $(#[$meta])*
        pub(crate) struct $name;
        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$(($status, $description)),+]
                    .into_iter()
                    .map(|(status, description): (u16, &str)| {
                        (status.to_string(), problem(status, description).into())
                    })
                    .collect()
            }
        }
    )+};
}

problem_sets! {
    /// What every operation can answer.
    Public {
        400: "The request is malformed.",
        500: "The gateway failed.",
        503: "The gateway cannot answer now; see `Retry-After`.",
    }
    /// What every operation behind a key can answer.
    Secured {
        400: "The request is malformed.",
        401: "The key is missing or not in force.",
        403: "The key lacks a scope.",
        429: "The tenant asks for more than it may at a time; see `Retry-After`.",
        500: "The gateway failed.",
        503: "The gateway, or the vendor, cannot answer now; see `Retry-After`.",
    }
    /// A query parameter or the cursor is wrong.
    BadQuery { 400: "A query parameter or the cursor is not valid." }
    /// The body is wrong.
    BadBody {
        400: "The body is not JSON.",
        413: "The body is too large.",
        415: "The body is not `application/json`.",
        422: "The body is not valid; `errors` says where.",
    }
    /// There is no such thing.
    NotFound { 404: "There is no such resource for this tenant." }
    /// `If-Match` fails.
    Stale { 412: "The resource has changed since the version that `If-Match` names." }
    /// The feed cannot go on from there.
    Gone { 410: "Events after this position are lost to the feed; the code says why." }
    /// The state does not fit.
    Conflict { 409: "The state of the resource does not allow it." }
    /// A POST that may be sent again under its key.
    Repeatable {
        409: "The state of the resource does not allow it, or the same request is under way.",
        422: "The body is not valid, or the `Idempotency-Key` belongs to another request.",
    }
    /// The vendor's plan has no room for it.
    Quota { 402: "The vendor's plan has not enough left; nothing was sent. `quota` holds the figures." }
    /// No accepted type fits.
    NotAcceptable { 406: "The resource does not exist in an accepted form." }
    /// The vendor lacks the capability.
    OptionalFeature { 501: "The vendor does not have this capability." }
    /// What a vendor owns is asked for.
    Live {
        404: "There is no such connection for this tenant, or the vendor does not have the thing.",
        409: "The connection is paused or needs new credentials, or the vendor is not ready.",
        501: "The vendor does not have this capability; `detail` names it.",
        502: "The vendor failed or refused.",
        504: "The vendor did not answer in time.",
    }
    /// The vendor refuses what was to be changed.
    Refused { 422: "The vendor does not take it as it is; nothing was done." }
    /// The vendor is asked while the caller waits.
    Vendor {
        502: "The vendor failed or refused.",
        504: "The vendor did not answer in time.",
    }
}

fn problem(status: u16, description: &str) -> Response {
    let schema = Ref::from_schema_name(ProblemDocument::name().into_owned());
    let mut response = ResponseBuilder::new().description(description).content(
        CONTENT_TYPE,
        ContentBuilder::new()
            .schema(Some(RefOr::Ref(schema)))
            .build(),
    );
    let text = || {
        HeaderBuilder::new()
            .schema(Some(String::schema()))
            .description(Some("How to authenticate."))
            .build()
    };
    if status == 401 {
        response = response.header("WWW-Authenticate", text());
    }
    response.build()
}
