//! Types that are written once and named wherever they occur.

use utoipa::openapi::{Components, Ref, RefOr, schema::ArrayItems, schema::Schema};

/// Entries of lists over a type parameter come written out; where the type has a name, its name
/// stands there, so that generated clients have one type for it.
pub(super) fn name_items(components: &mut Components) {
    let named: Vec<(String, String)> = components
        .schemas
        .keys()
        .filter_map(|list| {
            let (_, item) = list.split_once('_')?;
            Some((list.clone(), item.to_owned()))
        })
        .collect();
    for (list, item) in named {
        let Some(known) = components.schemas.get(&item).cloned() else {
            continue;
        };
        let Some(RefOr::T(Schema::Object(list))) = components.schemas.get_mut(&list) else {
            continue;
        };
        let Some(RefOr::T(Schema::Array(data))) = list.properties.get_mut("data") else {
            continue;
        };
        if let ArrayItems::RefOrSchema(items) = &mut data.items
            && **items == known
        {
            **items = RefOr::Ref(Ref::from_schema_name(item));
        }
    }
}
