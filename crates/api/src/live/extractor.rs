//! The connection of a request, open.

use std::{marker::PhantomData, ops::Deref};

use axum::extract::FromRequestParts;
use callweave_model::ConnectionId;
use http::request::Parts;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    line::{Line, Manner},
    needs::Need,
};
use crate::{
    ApiState, Caller,
    extract::{ApiPath, Authorized, RequestId},
    problem::Problem,
    routes::find_connection,
    scope::Scopes,
};

/// The connection that the path names, open, for a caller who holds every scope of `S`. Its vendor
/// has `N`.
pub(crate) struct Live<S, N> {
    line: Line,
    caller: Caller,
    checked: PhantomData<fn() -> (S, N)>,
}

impl<S, N> Live<S, N> {
    /// Who calls.
    pub(crate) const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The same for a POST that only reads.
    pub(crate) fn searching(mut self) -> Self {
        self.line.manner = Manner::Searches;
        self
    }
}

impl<S, N> Deref for Live<S, N> {
    type Target = Line;

    fn deref(&self) -> &Line {
        &self.line
    }
}

/// The member of the path that every route below a connection has.
#[derive(Deserialize)]
struct Place {
    id: Uuid,
}

impl<S: Scopes, N: Need> FromRequestParts<ApiState> for Live<S, N> {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &ApiState,
    ) -> Result<Self, Self::Rejection> {
        let authorized = Authorized::<S>::from_request_parts(parts, state).await?;
        let ApiPath(place) = ApiPath::<Place>::from_request_parts(parts, state).await?;
        let RequestId(request_id) = RequestId::from_request_parts(parts, state).await?;
        let tenant = authorized.caller.tenant;
        let manner = Manner::of(&parts.method);
        let known = state.opened().find(tenant, ConnectionId(place.id));
        let line = if let Some(opened) = known {
            Line::over(state, opened, request_id, manner)
        } else {
            let moment = state.opened().moment();
            let mut tx = state.store().tenant(tenant).await?;
            let connection = find_connection(&mut tx, place.id).await?;
            tx.leave();
            let line = Line::open(state, connection, request_id, manner)?;
            state.opened().keep(moment, line.opened());
            line
        };
        line.need::<N>()?;
        Ok(Self {
            line,
            caller: authorized.caller,
            checked: PhantomData,
        })
    }
}
