//! Paths below a connection: what they hold, and how that is documented.

use utoipa::openapi::{
    KnownFormat, ObjectBuilder, Required, SchemaFormat,
    path::{Parameter, ParameterBuilder, ParameterIn},
    schema::Type,
};

use super::remote_id::PATTERN;

/// Declares paths below a connection by the vendor's ids in them.
macro_rules! paths {
    ($($(#[$meta:meta])* $name:ident { $($member:ident: $description:literal),* $(,)? })+) => {$(
        $(#[$meta])*
        #[derive(Debug, serde::Deserialize)]
        pub(crate) struct $name {
            $(pub(crate) $member: $crate::live::RemoteId,)*
        }

        impl utoipa::IntoParams for $name {
            fn into_params(
                _parameter_in: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
            ) -> Vec<utoipa::openapi::path::Parameter> {
                vec![
                    $crate::live::paths::connection(),
                    $($crate::live::paths::remote(stringify!($member), $description),)*
                ]
            }
        }
    )+};
}
pub(crate) use paths;

paths! {
    /// The connection alone.
    ConnectionPath {}
}

/// The id of the connection.
pub(crate) fn connection() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
    parameter("id", "The id of the connection.", schema)
}

/// An id of the vendor.
pub(crate) fn remote(name: &str, description: &str) -> Parameter {
    text(name, description, PATTERN)
}

/// Text that follows a pattern.
pub(crate) fn text(name: &str, description: &str, pattern: &str) -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(pattern));
    parameter(name, description, schema)
}

/// A word out of a fixed set.
pub(crate) fn word(name: &str, description: &str, words: &[&str]) -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words.iter().copied()));
    parameter(name, description, schema)
}

fn parameter(name: &str, description: &str, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}
