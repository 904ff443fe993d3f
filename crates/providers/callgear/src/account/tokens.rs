//! The account's tokens: listed masked, made once, deleted unless the connection works with them.

use callweave_model::{
    Timestamp,
    owned::{VendorToken, VendorTokenDraft},
};
use callweave_provider::{
    CallContext, ErrorKind, ProviderError, Result, address, token::Expiry, when,
};
use jiff::tz::TimeZone;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::{
    CallGear,
    client::bad_response,
    error::{error, invalid, may_have_happened, once},
    masking::{hint, mask_members},
    members::Members,
    token::expiry,
};

/// The longest id of a token.
const LONGEST_ID: usize = 200;

/// A token record with the token itself.
struct Listed {
    shown: VendorToken,
    value: Option<String>,
}

impl CallGear {
    pub(super) async fn tokens(&self, context: &CallContext<'_>) -> Result<Vec<VendorToken>> {
        let listed = self.listed_tokens(context).await?;
        Ok(listed.into_iter().map(|token| token.shown).collect())
    }

    pub(super) async fn new_token(
        &self,
        context: &CallContext<'_>,
        draft: &VendorTokenDraft,
    ) -> Result<VendorToken> {
        const OPERATION: &str = "CG-35";
        if draft.name.trim().is_empty() {
            return Err(invalid(OPERATION, "/name", "must not be empty"));
        }
        let body = json!({"name": draft.name});
        let answer = self.client.post(context, OPERATION, "/tokens", &body);
        let made = answer.await?.and_then(|record| listed(context, record));
        let made = made.filter(|made| made.value.is_some()).ok_or_else(|| {
            let told = "the vendor took it and did not tell the token";
            once(bad_response(OPERATION, told))
        })?;
        let mut shown = made.shown;
        shown.token = made.value;
        Ok(shown)
    }

    /// The list tells which token is which, and without it none is deleted. Where the outcome is
    /// not known, the list is looked at again.
    pub(super) async fn remove_token(&self, context: &CallContext<'_>, id: &str) -> Result<()> {
        const OPERATION: &str = "CG-36";
        let not_found = || error(OPERATION, ErrorKind::NotFound).before_sending();
        let plain = !id.is_empty() && id.len() <= LONGEST_ID && !id.contains(char::is_control);
        if !plain {
            return Err(not_found());
        }
        let known = self.find_token(context, id).await;
        let known = known.map_err(ProviderError::before_sending)?;
        let known = known.ok_or_else(not_found)?;
        if known.shown.in_use || known.value.is_none() {
            let detail = if known.shown.in_use {
                "this connection works with this token"
            } else {
                "whether this connection works with this token cannot be told"
            };
            let refused = error(OPERATION, ErrorKind::Conflict).with_message(detail);
            return Err(refused.before_sending());
        }
        let path = format!("/tokens/{}", address::encode(id));
        match self.client.delete(context, OPERATION, &path).await {
            // It was there a moment ago.
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            Err(error) if may_have_happened(&error) => match self.find_token(context, id).await {
                Ok(None) => Ok(()),
                _ => Err(error),
            },
            outcome => outcome,
        }
    }

    async fn find_token(&self, context: &CallContext<'_>, id: &str) -> Result<Option<Listed>> {
        let listed = self.listed_tokens(context).await?;
        Ok(listed.into_iter().find(|token| token.shown.remote_id == id))
    }

    async fn listed_tokens(&self, context: &CallContext<'_>) -> Result<Vec<Listed>> {
        const OPERATION: &str = "CG-34";
        match self.client.one(context, OPERATION, "/tokens").await? {
            Value::Array(rows) => Ok(rows
                .into_iter()
                .filter_map(|record| listed(context, record))
                .collect()),
            _ => Err(bad_response(OPERATION, "the answer is not a list")),
        }
    }
}

/// A record as the vendor lists it; `None` where it has no id.
fn listed(context: &CallContext<'_>, record: Value) -> Option<Listed> {
    let mut members = Members::of(record)?;
    let value = members
        .text("access_token")
        .filter(|token| !token.is_empty());
    let in_use = value.as_deref().is_some_and(|value| {
        let ours = context.access_token.map(ExposeSecret::expose_secret);
        ours == Some(value)
    });
    let remote_id = members.id("id")?;
    let created = members.take("created_at", |member| Some(member.clone()));
    let expires = members.take("expires_in", |member| Some(member.clone()));
    let created_text = created.as_ref().and_then(Value::as_str);
    let created_at = created_text.and_then(instant);
    let expires_at = match expiry(expires.as_ref(), created_text, context.now) {
        Expiry::At(end) => Some(end),
        Expiry::After(lifetime) => created_at.map(|created| created.plus(lifetime)),
        Expiry::Unknown => None,
    };
    let name = members.text("name").filter(|name| !name.is_empty());
    let active = members.take("is_active", Value::as_bool);
    let mut extra = members.rest();
    mask_members(&mut extra);
    // Both times come without a zone; what was read as UTC is told as it came.
    for (name, member) in [("created_at", created), ("expires_in", expires)] {
        if let Some(member) = member.filter(|member| !member.is_null()) {
            extra.insert(name.to_owned(), member);
        }
    }
    let shown = VendorToken {
        remote_id,
        name,
        token_hint: value.as_deref().map(hint),
        token: None,
        expires_at,
        created_at,
        active,
        in_use,
        extra,
    };
    Some(Listed { shown, value })
}

fn instant(text: &str) -> Option<Timestamp> {
    when::read(text, &TimeZone::UTC).map(|read| read.instant)
}
