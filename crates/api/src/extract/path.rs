//! Path parameters.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::{
    ApiState,
    problem::{Problem, codes},
};

/// The parameters of the path. What cannot be an id is not the id of anything: 404.
#[derive(Debug)]
pub(crate) struct ApiPath<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<ApiState> for ApiPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &ApiState,
    ) -> Result<Self, Self::Rejection> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(_rejection) => Err(Problem::new(
                codes::NOT_FOUND,
                "the path holds something that is no id here; ids are UUIDs",
            )),
        }
    }
}
