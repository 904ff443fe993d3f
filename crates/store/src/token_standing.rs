//! How it stands with an account's token, as it is read with a connection.

use callweave_model::Timestamp;

use crate::convert;

/// How it stands with an account's token, without the token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenStanding {
    /// Rises with every renewal.
    pub gen_number: i64,
    /// There is a token.
    pub is_there: bool,
    /// It is one of the credentials: nobody but the owner brings another one.
    pub handed_in: bool,
    /// The version of the credentials it was got with, or that were refused.
    pub cred_version: i32,
    /// When the token was got.
    pub obtained_at: Option<Timestamp>,
    /// When the access token ends.
    pub expires_at: Option<Timestamp>,
    /// When the refresh token ends.
    pub refresh_expires_at: Option<Timestamp>,
    /// A renewal is under way.
    pub leased: bool,
    /// No renewal before that.
    pub not_before: Option<Timestamp>,
    /// Why the last renewal failed.
    pub failure_reason: Option<String>,
    /// The credentials were refused for this reason.
    pub rejected_reason: Option<String>,
}

/// [`TokenStanding`] as it is joined to a connection.
#[derive(sqlx::FromRow)]
pub(crate) struct StandingRow {
    #[sqlx(rename = "token_gen")]
    gen_number: Option<i64>,
    #[sqlx(rename = "token_is_there")]
    is_there: bool,
    #[sqlx(rename = "token_handed_in")]
    handed_in: bool,
    #[sqlx(rename = "token_cred_version")]
    cred_version: Option<i32>,
    #[sqlx(rename = "token_obtained_at")]
    obtained_at: Option<convert::DbTime>,
    #[sqlx(rename = "token_expires_at")]
    expires_at: Option<convert::DbTime>,
    #[sqlx(rename = "token_refresh_expires_at")]
    refresh_expires_at: Option<convert::DbTime>,
    #[sqlx(rename = "token_leased")]
    leased: bool,
    #[sqlx(rename = "token_not_before")]
    not_before: Option<convert::DbTime>,
    #[sqlx(rename = "token_failure_reason")]
    failure_reason: Option<String>,
    #[sqlx(rename = "token_rejected_reason")]
    rejected_reason: Option<String>,
}

impl From<StandingRow> for Option<TokenStanding> {
    fn from(row: StandingRow) -> Self {
        Some(TokenStanding {
            gen_number: row.gen_number?,
            is_there: row.is_there,
            handed_in: row.handed_in,
            cred_version: row.cred_version?,
            obtained_at: convert::model_option(row.obtained_at),
            expires_at: convert::model_option(row.expires_at),
            refresh_expires_at: convert::model_option(row.refresh_expires_at),
            leased: row.leased,
            not_before: convert::model_option(row.not_before),
            failure_reason: row.failure_reason,
            rejected_reason: row.rejected_reason,
        })
    }
}
