//! How it stands with the token that a connection's vendor gave out.

use callweave_credentials::broker::{Standing, TokenState};
use callweave_model::Timestamp;
use callweave_provider::{Manifest, manifest::AuthKind};
use callweave_store::connections::Connection;
use serde::Serialize;
use utoipa::ToSchema;

/// How it stands with the vendor's token. The token itself is never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionToken)]
pub(crate) struct TokenDocument {
    /// `missing, valid, renewing, expired, cooling, reauth_required`. A missing or expired token is
    /// got by the next request that needs one; `cooling` waits after a failed renewal;
    /// `reauth_required` waits for other credentials.
    #[schema(example = "valid")]
    state: &'static str,
    /// Why it is in that state, where that is no good one.
    reason: Option<String>,
    /// Its owner handed it in: the gateway cannot get another one.
    handed_in: bool,
    /// When it was got.
    obtained_at: Option<Timestamp>,
    /// When it ends.
    expires_at: Option<Timestamp>,
    /// When the gateway renews it if it is in use then.
    refreshes_at: Option<Timestamp>,
    /// It is not renewed before that.
    not_before: Option<Timestamp>,
}

/// An operation of the vendor that refused a token which had just been renewed for it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ForbiddenEndpoint {
    /// The operation, as the vendor's coverage lists it.
    #[schema(example = "CG-16")]
    pub(crate) operation: String,
    /// No token is renewed for it before that.
    pub(crate) until: Timestamp,
}

impl TokenDocument {
    /// `None` for a vendor whose credentials are used as they are.
    pub(crate) fn of(
        connection: &Connection,
        manifest: Option<&Manifest>,
        now: Timestamp,
    ) -> Option<Self> {
        if manifest?.auth_kind == AuthKind::StaticToken {
            return None;
        }
        let standing = Standing::of(connection, now);
        Some(Self {
            state: TokenState::as_str(standing.state),
            reason: standing.reason,
            handed_in: standing.handed_in,
            obtained_at: standing.obtained_at,
            expires_at: standing.expires_at,
            refreshes_at: standing.refreshes_at,
            not_before: standing.not_before,
        })
    }
}
