//! The connection of a request about terms, and which terms it is about.

use std::ops::Deref;

use axum::{Extension, extract::FromRequestParts};
use callweave_provider::taxonomy::TermKind;
use http::request::Parts;

use crate::{
    ApiState,
    live::{Live, needs},
    problem::{Problem, codes},
    scope::Scopes,
};

/// The connection that the path names, open, whose vendor has terms of the kind.
pub(super) struct Terms<S> {
    live: Live<S, needs::Nothing>,
    pub(super) kind: TermKind,
}

impl<S> Deref for Terms<S> {
    type Target = Live<S, needs::Nothing>;

    fn deref(&self) -> &Self::Target {
        &self.live
    }
}

impl<S: Scopes> FromRequestParts<ApiState> for Terms<S> {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &ApiState,
    ) -> Result<Self, Self::Rejection> {
        let live = Live::<S, needs::Nothing>::from_request_parts(parts, state).await?;
        let Extension(kind) = Extension::<TermKind>::from_request_parts(parts, state)
            .await
            .map_err(|_missing| {
                tracing::error!("A route about terms does not say about which");
                Problem::new(codes::INTERNAL, "the request could not be carried out")
            })?;
        let known = live.provider().taxonomy();
        live.require(
            known.is_some_and(|taxonomy| taxonomy.kinds().contains(&kind)),
            kind.capability(),
        )?;
        Ok(Self { live, kind })
    }
}
