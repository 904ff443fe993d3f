//! Requests whose body is not read before it is passed on.

use axum::{extract::FromRequestParts, response::Response};
use callweave_model::TenantId;
use callweave_store::idempotency::{Claim, RequestName};
use http::{HeaderMap, header, request::Parts};
use utoipa::{
    IntoParams,
    openapi::Required,
    openapi::path::{Parameter, ParameterIn},
};

use super::{HEADER, Kind, answered, keep, key_of, parameter, release, reused, unreadable};
use crate::{
    ApiState, Caller,
    middleware::header_text,
    problem::{Problem, codes},
};

/// The idempotency key of an operation that needs one, because the vendor charges or dials.
#[derive(Clone, Debug)]
pub(crate) struct RequiredKey(pub(crate) String);

impl FromRequestParts<ApiState> for RequiredKey {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        _state: &ApiState,
    ) -> Result<Self, Self::Rejection> {
        if !parts.headers.contains_key(HEADER) {
            return Err(Problem::new(
                codes::IDEMPOTENCY_KEY_REQUIRED,
                "the vendor charges for this, or dials: the header Idempotency-Key is required",
            ));
        }
        key_of(&parts.headers).map(Self)
    }
}

impl IntoParams for RequiredKey {
    fn into_params(_place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![parameter(Required::True)]
    }
}

/// Whether the body of a request is a form.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    header_text(headers, header::CONTENT_TYPE)
        .and_then(|text| text.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("multipart/form-data"))
}

/// What is known of a request with a file.
pub(crate) enum Claimed {
    /// Nothing: it is ours to carry out.
    Ours(Ticket),
    /// It was answered.
    Answered(Ticket, Vec<u8>),
}

/// A request with a file, by name.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    state: ApiState,
    tenant: TenantId,
    caller: Caller,
    key: String,
}

impl Ticket {
    /// Takes a request on by what stands before its file.
    pub(crate) async fn claim(
        state: &ApiState,
        caller: &Caller,
        key: &str,
        head: &[u8],
    ) -> Result<Claimed, Problem> {
        let ticket = Self {
            state: state.clone(),
            tenant: caller.tenant,
            caller: caller.clone(),
            key: key.to_owned(),
        };
        match super::claim(state, caller.tenant, ticket.name(), head, super::LOCK).await? {
            Claim::Ours => Ok(Claimed::Ours(ticket)),
            Claim::Answered(sealed) => Ok(Claimed::Answered(ticket, sealed)),
            Claim::UnderWay => Err(under_way()),
            Claim::Differs => Err(reused()),
            Claim::Unreadable => Err(unreadable()),
        }
    }

    /// Keeps the answer, with the hash of the file; a request that failed may be sent again.
    pub(crate) async fn finish(
        self,
        hash: Option<&[u8]>,
        answer: Result<Response, Problem>,
    ) -> Result<Response, Problem> {
        match answer {
            Ok(response) => {
                if let Some(hash) = hash {
                    let mut tx = self.state.store().tenant(self.tenant).await?;
                    tx.note_streamed(self.name(), hash).await?;
                    tx.commit().await?;
                }
                keep(&self.state, self.tenant, self.name(), Kind::Ours, response).await
            }
            Err(problem) => {
                release(&self.state, self.tenant, self.name()).await;
                Err(problem)
            }
        }
    }

    /// The kept answer, for a request that carried the same file.
    pub(crate) async fn replay(self, sealed: &[u8], hash: &[u8]) -> Result<Response, Problem> {
        let mut tx = self.state.store().tenant(self.tenant).await?;
        let first = tx.streamed_hash(self.name()).await?;
        tx.commit().await?;
        if first.is_some_and(|first| first != hash) {
            return Err(reused());
        }
        answered(&self.state, self.tenant, self.name(), sealed)
    }

    fn name(&self) -> RequestName<'_> {
        RequestName {
            api_key: self.caller.key,
            key: &self.key,
        }
    }
}

/// The first request with the key is still on its way.
pub(crate) fn under_way() -> Problem {
    Problem::new(
        codes::REQUEST_UNDER_WAY,
        "the first request with this key is not answered yet",
    )
    .with_retry_after(std::time::Duration::from_secs(1))
}
