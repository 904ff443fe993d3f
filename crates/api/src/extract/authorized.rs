//! The caller, with the scopes that the route's type names.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::{ApiState, admission, authenticator::Caller, problem::Problem, scope::Scopes};

/// A caller who holds every scope of `S`. It is the first argument of every handler behind a key.
#[derive(Debug)]
pub struct Authorized<S> {
    /// Who calls.
    pub caller: Caller,
    scopes: PhantomData<S>,
}

impl<S: Scopes> FromRequestParts<ApiState> for Authorized<S> {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &ApiState,
    ) -> Result<Self, Self::Rejection> {
        let caller = if let Some(known) = admission::known(&parts.extensions) {
            known?
        } else {
            let headers = &parts.headers;
            state.authenticator().authenticate(headers, None).await?
        };
        caller.require(S::WORDS)?;
        Ok(Self {
            caller,
            scopes: PhantomData,
        })
    }
}
