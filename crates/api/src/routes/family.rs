//! Resources that differ by name alone: written once, registered and documented under each name.

use axum::{Extension, Router, routing::MethodRouter};
use serde_json::Value;
use utoipa::openapi::{
    Paths, RefOr,
    path::{Operation, PathItem},
    schema::Schema,
};
use utoipa_axum::router::OpenApiRouter;

use crate::ApiState;

/// What `routes!` makes.
type Documented = (Vec<(String, RefOr<Schema>)>, Paths, MethodRouter<ApiState>);

/// How a family calls its members in paths and words.
#[derive(Debug)]
pub(super) struct Family {
    /// The segment of the path that stands for the member.
    pub(super) segment: &'static str,
    /// The word for one, in identifiers; in texts it stands in braces.
    pub(super) one: &'static str,
    /// The word for several.
    pub(super) many: &'static str,
}

/// One member of a family.
#[derive(Debug)]
pub(super) struct Member<K> {
    /// What handlers find among the request's extensions.
    pub(super) kind: K,
    /// Its segment of the path.
    pub(super) segment: &'static str,
    /// The word for one.
    pub(super) one: &'static str,
    /// The word for several.
    pub(super) many: &'static str,
    /// Query parameters of the family that it does not take.
    pub(super) without: &'static [&'static str],
    /// What to send to make one.
    pub(super) example: fn() -> Value,
}

impl Family {
    /// The routes of a family under the names of one member.
    pub(super) fn routes<K: Clone + Send + Sync + 'static>(
        &self,
        member: &Member<K>,
        documented: Vec<Documented>,
    ) -> OpenApiRouter<ApiState> {
        let mut router = OpenApiRouter::from(Router::new());
        for (schemas, paths, methods) in documented {
            let mut named = Paths::new();
            for (path, mut item) in paths.paths {
                for operation in operations(&mut item) {
                    self.name(member, operation);
                }
                let path = path.replace(self.segment, member.segment);
                named.paths.insert(path, item);
            }
            let methods = methods.layer(Extension(member.kind.clone()));
            router = router.routes((schemas, named, methods));
        }
        router
    }

    fn name<K>(&self, member: &Member<K>, operation: &mut Operation) {
        let snake = |words: &str| words.replace(' ', "_");
        if let Some(id) = &mut operation.operation_id {
            *id = id
                .replace(self.many, &snake(member.many))
                .replace(self.one, &snake(member.one));
        }
        let (one, many) = (format!("{{{}}}", self.one), format!("{{{}}}", self.many));
        let say = |text: &mut String| {
            *text = text.replace(&many, member.many).replace(&one, member.one);
        };
        operation.summary.iter_mut().for_each(say);
        operation.description.iter_mut().for_each(say);
        for response in operation.responses.responses.values_mut() {
            if let RefOr::T(response) = response {
                say(&mut response.description);
            }
        }
        if let Some(parameters) = &mut operation.parameters {
            parameters.retain(|parameter| match parameter {
                RefOr::T(parameter) => !member.without.contains(&parameter.name.as_str()),
                RefOr::Ref(_) => true,
            });
            for parameter in parameters {
                if let RefOr::T(parameter) = parameter {
                    parameter.description.iter_mut().for_each(say);
                }
            }
        }
        let makes_one = operation.responses.responses.contains_key("201");
        if let Some(RefOr::T(body)) = operation.request_body.as_mut().filter(|_| makes_one) {
            for content in body.content.values_mut() {
                if let RefOr::T(content) = content {
                    content.example = Some((member.example)());
                }
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ]
    .into_iter()
    .flatten()
}
