//! What is true of every JSON body: a text that holds U+0000 is refused, wherever it stands. And which
//! bodies may be left out.

use std::collections::BTreeSet;

use utoipa::openapi::{
    Components, OpenApi, Ref, RefOr, Required,
    schema::{AdditionalProperties, ArrayItems, Object, Schema, SchemaType, Type},
};

use super::operations;

/// A text without U+0000.
const KEEPABLE: &str = r"^[^\u0000]*$";

/// Gives the texts of bodies that follow no pattern of their own this one.
pub(super) fn bound(document: &mut OpenApi) {
    let mut named = Vec::new();
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            let Some(RefOr::T(body)) = &mut operation.request_body else {
                continue;
            };
            for content in body.content.values_mut() {
                if let RefOr::T(content) = content
                    && let Some(schema) = &mut content.schema
                {
                    walk(schema, &mut named);
                }
            }
        }
    }
    if let Some(components) = &mut document.components {
        follow(components, named);
    }
}

/// Says that what is passed through may come without a body: whether it needs one is up to the vendor.
pub(super) fn leave_to_vendors(document: &mut OpenApi) {
    let paths = document.paths.paths.iter_mut();
    for (_, item) in paths.filter(|(path, _)| path.contains("/passthrough/")) {
        for (_, operation) in operations(item) {
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                body.required = Some(Required::False);
            }
        }
    }
}

/// The same in the types that bodies name, and in those that these name.
fn follow(components: &mut Components, mut named: Vec<String>) {
    let mut seen = BTreeSet::new();
    while let Some(name) = named.pop() {
        if let Some(schema) = components.schemas.get_mut(&name)
            && seen.insert(name)
        {
            walk(schema, &mut named);
        }
    }
}

fn walk(schema: &mut RefOr<Schema>, named: &mut Vec<String>) {
    match schema {
        RefOr::Ref(reference) => named.extend(name_of(reference)),
        RefOr::T(schema) => walk_schema(schema, named),
    }
}

fn walk_schema(schema: &mut Schema, named: &mut Vec<String>) {
    match schema {
        Schema::Object(object) => walk_object(object, named),
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                walk(items, named);
            }
        }
        Schema::OneOf(some) => some.items.iter_mut().for_each(|item| walk(item, named)),
        Schema::AllOf(all) => all.items.iter_mut().for_each(|item| walk(item, named)),
        Schema::AnyOf(any) => any.items.iter_mut().for_each(|item| walk(item, named)),
        _ => {}
    }
}

fn walk_object(object: &mut Object, named: &mut Vec<String>) {
    if may_be_text(&object.schema_type)
        && object.pattern.is_none()
        && object.format.is_none()
        && object.enum_values.is_none()
    {
        object.pattern = Some(KEEPABLE.to_owned());
    }
    for member in object.properties.values_mut() {
        walk(member, named);
    }
    if let Some(names) = &mut object.property_names {
        walk_schema(names, named);
    }
    if let Some(AdditionalProperties::RefOr(values)) = object.additional_properties.as_deref_mut() {
        walk(values, named);
    }
}

fn may_be_text(types: &SchemaType) -> bool {
    match types {
        SchemaType::Type(only) => *only == Type::String,
        SchemaType::Array(some) => some.contains(&Type::String),
        SchemaType::AnyValue => false,
    }
}

fn name_of(reference: &Ref) -> Option<String> {
    let name = reference.ref_location.rsplit('/').next()?;
    Some(name.to_owned())
}
