//! What is true of every parameter.

use serde_json::{Value, json};
use utoipa::openapi::{
    RefOr,
    path::{Operation, Parameter, ParameterBuilder, ParameterIn},
    schema::{Schema, SchemaType, Type},
};

/// An id of the gateway's own, as the examples of bodies have it.
const ID: &str = "0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d";
/// An id at a vendor.
const REMOTE_ID: &str = "4711";

/// Completes the parameters of an operation.
pub(super) fn complete(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            never_null(parameter);
            fill_path(parameter);
        }
    }
}

/// A parameter that is not there is left out: text of a header or an address cannot be `null`.
fn never_null(parameter: &mut Parameter) {
    let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema else {
        return;
    };
    if let SchemaType::Array(types) = &mut schema.schema_type {
        types.retain(|known| *known != Type::Null);
        if let [only] = types.as_slice() {
            schema.schema_type = SchemaType::Type(only.clone());
        }
    }
}

/// Gives a parameter of the path an example: it cannot be left out, and tools that try an
/// operation begin with it.
fn fill_path(parameter: &mut Parameter) {
    let told = serde_json::to_value(&*parameter).unwrap_or_default();
    if parameter.parameter_in == ParameterIn::Path && told.get("example").is_none() {
        let example = example(&parameter.name, told.get("schema"));
        *parameter = ParameterBuilder::from(parameter.clone())
            .example(Some(example))
            .build();
    }
}

fn example(name: &str, schema: Option<&Value>) -> Value {
    let of_schema = |pointer: &str| schema?.pointer(pointer);
    let told = ["/examples/0", "/example", "/enum/0"];
    if let Some(value) = told.into_iter().find_map(of_schema) {
        return value.clone();
    }
    match name {
        "vendor" => json!("acme"),
        "path" => json!("calls/4711"),
        "name" => json!("report.pdf"),
        _ if of_schema("/format").is_some_and(|format| format == "uuid") => json!(ID),
        _ => json!(REMOTE_ID),
    }
}
