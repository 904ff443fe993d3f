//! Documenting a query by its table.

use utoipa::openapi::{
    ArrayBuilder, KnownFormat, ObjectBuilder, RefOr, Required, Schema, SchemaFormat,
    path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle},
    schema::Type,
};

use super::{Kind, Param, read::VALUES};
use crate::wire::input::PRINTABLE;

const UUID: &str = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$";
pub(crate) const KEY: &str = "^[a-z][a-z0-9_]{0,63}$";
const CURSOR: &str = "^[A-Za-z0-9_-]{55}$";
const POSITION: &str = "^([A-Za-z0-9_-]{66}|oldest|latest)$";
const EVENT_TYPE: &str = r"^[a-z_]{1,40}\.([a-z_]{1,40}|\*)$";
const LIVE_CURSOR: &str = "^[A-Za-z0-9_-]{23,8000}$";

/// The parameters of a table, as OpenAPI tells them.
pub(crate) fn parameters(params: &[Param]) -> Vec<Parameter> {
    params.iter().map(parameter).collect()
}

fn parameter(param: &Param) -> Parameter {
    let mut builder = ParameterBuilder::new()
        .name(param.name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(param.description))
        .schema(Some(schema(param.kind)));
    match param.kind {
        Kind::Words(_) | Kind::Keys | Kind::Uuids | Kind::EventTypes => {
            builder = builder
                .style(Some(ParameterStyle::Form))
                .explode(Some(false));
        }
        Kind::Texts(_) => {
            builder = builder
                .style(Some(ParameterStyle::Form))
                .explode(Some(true));
        }
        _ => {}
    }
    builder.build()
}

fn schema(kind: Kind) -> RefOr<Schema> {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let many = |item: ObjectBuilder| {
        ArrayBuilder::new()
            .items(item)
            .min_items(Some(1))
            .max_items(Some(VALUES))
            .into()
    };
    match kind {
        Kind::Word(words) => text().enum_values(Some(words.iter().copied())).into(),
        Kind::Words(words) => many(text().enum_values(Some(words.iter().copied()))),
        Kind::Key => text().pattern(Some(KEY)).into(),
        Kind::Keys => many(text().pattern(Some(KEY))),
        Kind::Uuids => many(
            text()
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
                .pattern(Some(UUID)),
        ),
        Kind::Text(limit) => text()
            .pattern(Some(PRINTABLE))
            .min_length(Some(1))
            .max_length(Some(limit))
            .into(),
        Kind::Texts(limit) => many(
            text()
                .pattern(Some(PRINTABLE))
                .min_length(Some(1))
                .max_length(Some(limit)),
        ),
        Kind::Instant => text()
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into(),
        Kind::Integer(min, max) => ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(min))
            .maximum(Some(max))
            .into(),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "limits of our own tables, all of them small"
        )]
        Kind::Number(min, max) => ObjectBuilder::new()
            .schema_type(Type::Number)
            .minimum(Some(min as i64))
            .maximum(Some(max as i64))
            .into(),
        Kind::Boolean => ObjectBuilder::new().schema_type(Type::Boolean).into(),
        Kind::Cursor => text().pattern(Some(CURSOR)).into(),
        Kind::Position => text().pattern(Some(POSITION)).into(),
        Kind::EventTypes => many(text().pattern(Some(EVENT_TYPE))),
        Kind::LiveCursor => text().pattern(Some(LIVE_CURSOR)).into(),
    }
}
