//! What a vendor can do, method by method: told by the routes that its coverage table names.

use std::collections::BTreeSet;

use callweave_provider::Manifest;
use serde::Serialize;
use utoipa::ToSchema;

/// A method of a capability that a vendor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct VendorMethod {
    /// The capability and the method; what a vendor lacks answers 501 with such a name.
    #[schema(example = "rubrics.create")]
    pub(crate) name: &'static str,
    /// The route that reaches it.
    #[schema(example = "POST /v1/connections/{id}/rubrics")]
    pub(crate) route: &'static str,
}

macro_rules! methods {
    ($($name:literal: $route:literal,)+) => {
        /// Every method that only some vendors have, with its route.
        pub(crate) const METHODS: &[VendorMethod] =
            &[$(VendorMethod { name: $name, route: $route }),+];
    };
}

methods! {
    "account.notification_conditions": "GET /v1/connections/{id}/notification-conditions",
    "account.rpc": "POST /v1/connections/{id}/rpc",
    "account.search": "POST /v1/connections/{id}/vendor-calls/search",
    "account.usage": "GET /v1/connections/{id}/usage",
    "account.vendor_tokens.create": "POST /v1/connections/{id}/vendor-tokens",
    "account.vendor_tokens.delete": "DELETE /v1/connections/{id}/vendor-tokens/{tid}",
    "account.vendor_tokens.list": "GET /v1/connections/{id}/vendor-tokens",
    "agents.get": "GET /v1/connections/{id}/voice-agents/{aid}",
    "agents.inputs.create": "POST /v1/connections/{id}/voice-agents/{aid}/inputs",
    "agents.inputs.create_many": "POST /v1/connections/{id}/voice-agents/{aid}/inputs/bulk",
    "agents.inputs.delete": "DELETE /v1/connections/{id}/voice-agents/{aid}/inputs/{fid}",
    "agents.inputs.delete_many": "POST /v1/connections/{id}/voice-agents/{aid}/inputs/bulk-delete",
    "agents.inputs.list": "GET /v1/connections/{id}/voice-agents/{aid}/inputs",
    "agents.inputs.update": "PATCH /v1/connections/{id}/voice-agents/{aid}/inputs/{fid}",
    "agents.list": "GET /v1/connections/{id}/voice-agents",
    "agents.outputs.create": "POST /v1/connections/{id}/voice-agents/{aid}/outputs",
    "agents.outputs.create_many": "POST /v1/connections/{id}/voice-agents/{aid}/outputs/bulk",
    "agents.outputs.delete": "DELETE /v1/connections/{id}/voice-agents/{aid}/outputs/{fid}",
    "agents.outputs.delete_many": "POST /v1/connections/{id}/voice-agents/{aid}/outputs/bulk-delete",
    "agents.outputs.list": "GET /v1/connections/{id}/voice-agents/{aid}/outputs",
    "agents.outputs.update": "PATCH /v1/connections/{id}/voice-agents/{aid}/outputs/{fid}",
    "agents.schedule.create": "POST /v1/connections/{id}/voice-agents/{aid}/schedule",
    "agents.schedule.delete": "DELETE /v1/connections/{id}/voice-agents/{aid}/schedule/{sid}",
    "agents.schedule.list": "GET /v1/connections/{id}/voice-agents/{aid}/schedule",
    "agents.schedule.update": "PATCH /v1/connections/{id}/voice-agents/{aid}/schedule/{sid}",
    "agents.speech_keys.list": "GET /v1/connections/{id}/voice-agents/{aid}/speech-keys",
    "agents.speech_keys.update": "PATCH /v1/connections/{id}/voice-agents/{aid}/speech-keys/{kid}",
    "agents.update": "PATCH /v1/connections/{id}/voice-agents/{aid}",
    "dialogs.campaigns": "GET /v1/connections/{id}/voice-agents/{aid}/campaigns",
    "dialogs.queue.clear": "DELETE /v1/connections/{id}/voice-agents/{aid}/queue",
    "dialogs.queue.list": "GET /v1/connections/{id}/voice-agents/{aid}/queue",
    "dialogs.queue.remove": "DELETE /v1/connections/{id}/voice-agents/{aid}/queue/{did}",
    "dialogs.queue.resume": "POST /v1/connections/{id}/voice-agents/{aid}/queue/resume",
    "dialogs.queue.stop": "POST /v1/connections/{id}/voice-agents/{aid}/queue/stop",
    "documents.open": "GET /v1/calls/{id}/documents/{format}",
    "evaluations.create": "POST /v1/connections/{id}/evaluations",
    "evaluations.delete": "DELETE /v1/connections/{id}/evaluations/{eid}",
    "evaluations.get": "GET /v1/connections/{id}/evaluations/{eid}",
    "evaluations.list": "GET /v1/connections/{id}/evaluations",
    "evaluations.part": "GET /v1/connections/{id}/evaluations/{eid}/{part}",
    "evaluations.parts": "GET /v1/connections/{id}/evaluation-parts/{part}",
    "evaluations.replace": "PUT /v1/connections/{id}/evaluations/{eid}",
    "reports.file": "GET /v1/connections/{id}/reports/{rid}/files/{name}",
    "reports.get": "GET /v1/connections/{id}/reports/{rid}",
    "reports.list": "GET /v1/connections/{id}/reports",
    "rubrics.activate": "POST /v1/connections/{id}/rubrics/{rid}/activate",
    "rubrics.create": "POST /v1/connections/{id}/rubrics",
    "rubrics.deactivate": "POST /v1/connections/{id}/rubrics/{rid}/deactivate",
    "rubrics.delete": "DELETE /v1/connections/{id}/rubrics/{rid}",
    "rubrics.get": "GET /v1/connections/{id}/rubrics/{rid}",
    "rubrics.items.all": "GET /v1/connections/{id}/rubric-items",
    "rubrics.items.create": "POST /v1/connections/{id}/rubrics/{rid}/items",
    "rubrics.items.delete": "DELETE /v1/connections/{id}/rubrics/{rid}/items/{iid}",
    "rubrics.items.get": "GET /v1/connections/{id}/rubrics/{rid}/items/{iid}",
    "rubrics.items.list": "GET /v1/connections/{id}/rubrics/{rid}/items",
    "rubrics.items.update": "PATCH /v1/connections/{id}/rubrics/{rid}/items/{iid}",
    "rubrics.list": "GET /v1/connections/{id}/rubrics",
    "rubrics.score": "GET /v1/connections/{id}/rubrics/{rid}/score",
    "rubrics.scores": "GET /v1/connections/{id}/rubric-scores",
    "rubrics.toggle": "POST /v1/connections/{id}/rubrics/{rid}/toggle",
    "rubrics.update": "PATCH /v1/connections/{id}/rubrics/{rid}",
    "taxonomy.categories.create": "POST /v1/connections/{id}/categories",
    "taxonomy.categories.delete": "DELETE /v1/connections/{id}/categories/{tid}",
    "taxonomy.categories.get": "GET /v1/connections/{id}/categories/{tid}",
    "taxonomy.categories.list": "GET /v1/connections/{id}/categories",
    "taxonomy.categories.update": "PATCH /v1/connections/{id}/categories/{tid}",
    "taxonomy.folders.create": "POST /v1/connections/{id}/folders",
    "taxonomy.folders.delete": "DELETE /v1/connections/{id}/folders/{tid}",
    "taxonomy.folders.get": "GET /v1/connections/{id}/folders/{tid}",
    "taxonomy.folders.list": "GET /v1/connections/{id}/folders",
    "taxonomy.folders.update": "PATCH /v1/connections/{id}/folders/{tid}",
    "taxonomy.saved_searches.create": "POST /v1/connections/{id}/saved-searches",
    "taxonomy.saved_searches.delete": "DELETE /v1/connections/{id}/saved-searches/{tid}",
    "taxonomy.saved_searches.get": "GET /v1/connections/{id}/saved-searches/{tid}",
    "taxonomy.saved_searches.list": "GET /v1/connections/{id}/saved-searches",
    "taxonomy.saved_searches.update": "PATCH /v1/connections/{id}/saved-searches/{tid}",
    "taxonomy.tags.create": "POST /v1/connections/{id}/tags",
    "taxonomy.tags.delete": "DELETE /v1/connections/{id}/tags/{tid}",
    "taxonomy.tags.get": "GET /v1/connections/{id}/tags/{tid}",
    "taxonomy.tags.list": "GET /v1/connections/{id}/tags",
    "taxonomy.tags.update": "PATCH /v1/connections/{id}/tags/{tid}",
}

/// The methods that a vendor has.
pub(crate) fn methods_of(manifest: &Manifest) -> Vec<VendorMethod> {
    let reached: BTreeSet<&str> = manifest
        .coverage
        .iter()
        .flat_map(|operation| operation.gateway_routes)
        .copied()
        .collect();
    METHODS
        .iter()
        .filter(|method| reached.contains(method.route))
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::METHODS;
    use crate::openapi;

    /// The tags of routes that need a capability of the vendor.
    const TAGS: &[&str] = &[
        "rubrics",
        "taxonomies",
        "voice-agents",
        "evaluations",
        "reports",
        "vendor-account",
    ];

    #[test]
    fn every_route_that_needs_a_capability_is_a_method_of_one() {
        let document = serde_json::to_value(openapi()).unwrap();
        let (mut all, mut needing) = (BTreeSet::new(), BTreeSet::new());
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let route = format!("{} {path}", method.to_uppercase());
                if TAGS.iter().any(|tag| operation["tags"][0] == *tag) {
                    needing.insert(route.clone());
                }
                all.insert(route);
            }
        }
        let known: BTreeSet<String> = METHODS.iter().map(|method| method.route.into()).collect();
        let missing: Vec<_> = needing.difference(&known).collect();
        assert!(missing.is_empty(), "{missing:?}");
        let gone: Vec<_> = known.difference(&all).collect();
        assert!(gone.is_empty(), "{gone:?}");
        let names: BTreeSet<&str> = METHODS.iter().map(|method| method.name).collect();
        assert_eq!(names.len(), METHODS.len(), "a name stands twice");
    }
}
