//! A query that an operation does not take is refused by every operation, also by those that take
//! none: a mistyped `confirm` must not pass unseen.

use std::{collections::HashSet, sync::Arc};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use utoipa::openapi::{OpenApi, path::ParameterIn};

use crate::{
    admission,
    extract::query::{NoQuery, refuse_other},
};

/// The operations that take no query: `GET /v1/vendors`.
#[derive(Clone, Debug)]
pub(crate) struct WithoutQuery(Arc<HashSet<String>>);

impl WithoutQuery {
    /// As they are documented. What goes on to a vendor is the vendor's to judge.
    pub(crate) fn of(document: &OpenApi) -> Self {
        let mut operations = HashSet::new();
        for (path, item) in &document.paths.paths {
            let methods = [
                ("GET", &item.get),
                ("HEAD", &item.get),
                ("PUT", &item.put),
                ("POST", &item.post),
                ("DELETE", &item.delete),
                ("PATCH", &item.patch),
            ];
            for (method, operation) in methods {
                let Some(operation) = operation else { continue };
                let parameters = operation.parameters.iter().flatten();
                let takes_query = parameters
                    .filter_map(|parameter| match parameter {
                        utoipa::openapi::RefOr::T(parameter) => Some(parameter),
                        utoipa::openapi::RefOr::Ref(_) => None,
                    })
                    .any(|parameter| parameter.parameter_in == ParameterIn::Query);
                if !takes_query && !path.contains("/passthrough/") {
                    operations.insert(format!("{method} {path}"));
                }
            }
        }
        Self(Arc::new(operations))
    }
}

/// Refuses a query where none is taken.
pub(crate) async fn refuse(
    State(without): State<WithoutQuery>,
    request: Request,
    next: Next,
) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let asked = request.extensions().get::<MatchedPath>();
    // Who calls comes first.
    if query.is_empty() || admission::caller(request.extensions()).is_none() {
        return next.run(request).await;
    }
    let takes_none = asked.is_some_and(|route| {
        let operation = format!("{} {}", request.method(), route.as_str());
        without.0.contains(&operation)
    });
    match refuse_other::<NoQuery>(query) {
        Err(problem) if takes_none => problem.into_response(),
        _ => next.run(request).await,
    }
}
