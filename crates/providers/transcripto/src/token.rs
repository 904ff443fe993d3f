//! A token that was handed in, or a login where the installation waives its CAPTCHA.

use async_trait::async_trait;
use callweave_provider::{
    CallContext, ErrorKind, Grant, ProviderError, Result, TokenGrant,
    http_client::Safety,
    token::{Expiry, jwt_expiry},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::{
    Transcripto, VENDOR,
    client::Call,
    error::{bad_response, member},
};

#[async_trait]
impl TokenGrant for Transcripto {
    async fn login(&self, context: &CallContext<'_>) -> Result<Grant> {
        if let Some(token) = context.credentials.get("access_token") {
            return handed_in(context, token.expose_secret());
        }
        let call = Call {
            safety: Safety::Write,
            authorized: false,
            ..Call::ask("TR-01", "/auth/login", login_body(context)?)
        };
        let fetched = self.client.fetch(context, call).await?;
        let token = member(&fetched.members, "token");
        let token = token
            .as_ref()
            .and_then(|token| token.as_str())
            .map(str::trim);
        match token.filter(|token| !token.is_empty()) {
            Some(token) => Ok(grant(token)),
            None => Err(bad_response("TR-01", "the answer holds no token")),
        }
    }

    /// The vendor has no refresh.
    async fn refresh(
        &self,
        _context: &CallContext<'_>,
        _refresh_token: &SecretString,
    ) -> Result<Option<Grant>> {
        Ok(None)
    }
}

fn grant(token: &str) -> Grant {
    Grant {
        access_token: token.into(),
        expires: jwt_expiry(token),
        refresh_token: None,
        refresh_expires: Expiry::Unknown,
        remote_id: None,
    }
}

/// A token that was handed in lasts as long as it says; only its owner can bring another one.
fn handed_in(context: &CallContext<'_>, token: &str) -> Result<Grant> {
    let token = token.trim();
    let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
    match jwt_expiry(token) {
        Expiry::At(end) if end <= context.now => Err(refused("the access token has expired")),
        _ => Ok(grant(token)),
    }
}

fn login_body(context: &CallContext<'_>) -> Result<serde_json::Value> {
    let member = |name: &str| {
        context
            .credentials
            .get(name)
            .map(ExposeSecret::expose_secret)
    };
    let (Some(email), Some(password_hash)) = (member("email"), member("password_hash")) else {
        return Err(refused(
            "an access token, or e-mail and password hash, must be given",
        ));
    };
    Ok(json!({
        "email": email,
        "password_hash": password_hash,
        "captcha_token": member("captcha_token").unwrap_or_default(),
    }))
}

fn refused(message: &str) -> ProviderError {
    ProviderError::new(VENDOR, "TR-01", ErrorKind::InvalidCredentials).with_message(message)
}
