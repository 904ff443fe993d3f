//! Login and refresh.

use std::time::Duration;

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use callweave_provider::{
    CallContext, ErrorKind, Grant, ProviderError, Result, TokenGrant, http_client::Safety,
    token::Expiry,
};
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::{
    Neuro, VENDOR,
    client::{Authorization, Call},
    error::bad_response,
};

/// The life of an access token, as the document says it.
const ACCESS_LIFE: Duration = Duration::from_hours(1);

/// The life of a refresh token, as the document says it.
const REFRESH_LIFE: Duration = Duration::from_hours(24);

#[async_trait]
impl TokenGrant for Neuro {
    async fn login(&self, context: &CallContext<'_>) -> Result<Grant> {
        let call = Call {
            operation: "NN-01",
            safety: Safety::Write,
            path: "/auth",
            query: &[],
            body: None,
            authorization: Authorization::Value(basic(context)?),
        };
        let answer = self.client.post(context, call).await?;
        read_pair("NN-01", &answer.body)
    }

    async fn refresh(
        &self,
        context: &CallContext<'_>,
        refresh_token: &SecretString,
    ) -> Result<Option<Grant>> {
        let call = Call {
            operation: "NN-02",
            safety: Safety::Write,
            path: "/auth/refresh",
            query: &[],
            body: Some(json!({"refresh_token": refresh_token.expose_secret()})),
            authorization: Authorization::None,
        };
        let answer = self.client.post(context, call).await?;
        read_pair("NN-02", &answer.body).map(Some)
    }
}

fn basic(context: &CallContext<'_>) -> Result<HeaderValue> {
    let missing = || {
        ProviderError::new(VENDOR, "NN-01", ErrorKind::InvalidCredentials)
            .with_message("login and password must be given")
    };
    let login = context.credentials.get("login").ok_or_else(missing)?;
    let password = context.credentials.get("password").ok_or_else(missing)?;
    let pair = format!("{}:{}", login.expose_secret(), password.expose_secret());
    let mut value =
        HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair))).map_err(|source| {
            ProviderError::new(VENDOR, "NN-01", ErrorKind::InvalidCredentials).with_source(source)
        })?;
    value.set_sensitive(true);
    Ok(value)
}

fn read_pair(operation: &'static str, body: &[u8]) -> Result<Grant> {
    let unreadable = || bad_response(operation, "the answer holds no token");
    let value: Value = serde_json::from_slice(body).map_err(|_error| unreadable())?;
    let text = |name: &str| {
        let found = value.get(name).and_then(Value::as_str).map(str::trim);
        found.filter(|token| !token.is_empty())
    };
    let token = text("token")
        .or_else(|| text("access_token"))
        .ok_or_else(unreadable)?;
    Ok(Grant {
        access_token: token.into(),
        expires: Expiry::After(ACCESS_LIFE),
        refresh_token: text("refresh_token").map(Into::into),
        refresh_expires: Expiry::After(REFRESH_LIFE),
        remote_id: None,
    })
}
