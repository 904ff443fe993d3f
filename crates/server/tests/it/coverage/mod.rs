//! Every operation that the vendors document, driven through the gateway's route that the coverage
//! table names, and found in the sandbox's log of requests.

use std::collections::{BTreeMap, BTreeSet};

use callweave_model::ids::{Ids as _, RandomIds};
use callweave_sandbox::Vendor;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    outside::{Api, Gateway, PATIENCE, Stage},
    support::{eventually, turn},
};

mod alovoice;
mod callgear;
mod dialogs;
mod large;
mod neuro;
mod submissions;
mod timeouts;
mod transcripto;

/// A gateway that syncs when it is told to, a connection to one vendor, and what was driven so far.
pub(crate) struct Drive {
    pub(crate) stage: Stage,
    pub(crate) gateway: Gateway,
    pub(crate) vendor: Vendor,
    pub(crate) connection: Uuid,
    routes: BTreeSet<String>,
    driven: BTreeMap<String, BTreeSet<String>>,
}

impl Drive {
    /// Starts a gateway and connects it.
    pub(crate) async fn start(vendor: Vendor, calls: u32) -> Self {
        Self::start_with(vendor, calls, &[]).await
    }

    /// The same with more configuration.
    pub(crate) async fn start_with(vendor: Vendor, calls: u32, more: &[(&str, &str)]) -> Self {
        let stage = Stage::new(calls).await;
        let rare = ("CALLWEAVE__SYNC__POLL_INTERVAL", "1h");
        let environment: Vec<_> = std::iter::once(rare).chain(more.iter().copied()).collect();
        let gateway = stage.gateway("all", &environment).await;
        let documented = gateway.api.get("/openapi.json").await;
        let mut routes = BTreeSet::new();
        for (path, methods) in documented["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                routes.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
        let base_url = stage.sandbox.vendor_url(vendor);
        let base_url = base_url.trim_end_matches(&format!("/{}", vendor.key()));
        let connection = stage.connect(&gateway.api, vendor, base_url).await;
        Self {
            stage,
            gateway,
            vendor,
            connection,
            routes,
            driven: BTreeMap::new(),
        }
    }

    pub(crate) fn api(&self) -> &Api {
        &self.gateway.api
    }

    /// Requests of an operation that the vendor has answered.
    fn answered(&self, operation: &str) -> u64 {
        let world = self.stage.sandbox.world();
        world.requests(Some(self.vendor), Some(operation)).total
    }

    /// The address that a route has with this connection and these ids.
    fn address(&self, route: &str, ids: &[(&str, &str)], query: &str) -> (Method, String) {
        let (method, path) = route.split_once(' ').unwrap();
        let mut path = path.to_owned();
        for (name, value) in ids {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        path = path.replace("{id}", &self.connection.to_string());
        assert!(!path.contains('{'), "{route}: an id is missing");
        (method.parse().unwrap(), path + query)
    }

    /// Notes that the route reaches the operations. Fails where the documentation lacks it.
    fn note(&mut self, operations: &[&str], route: &str) {
        assert!(self.routes.contains(route), "not documented: {route}");
        for operation in operations {
            let routes = self.driven.entry((*operation).to_owned()).or_default();
            routes.insert(route.to_owned());
        }
    }

    /// Sends one request and expects the operations in the vendor's log by its end.
    pub(crate) async fn step(
        &mut self,
        operations: &[&str],
        route: &str,
        ids: &[(&str, &str)],
        query: &str,
        body: Option<Value>,
    ) -> Value {
        let before: Vec<u64> = operations.iter().map(|id| self.answered(id)).collect();
        let (method, path) = self.address(route, ids, query);
        let answer = self.send(method, &path, body).await;
        for (operation, before) in operations.iter().zip(before) {
            let after = self.answered(operation);
            assert!(after > before, "{path} did not reach {operation}: {answer}");
        }
        self.note(operations, route);
        answer
    }

    /// A read.
    pub(crate) async fn read(
        &mut self,
        operations: &[&str],
        route: &str,
        ids: &[(&str, &str)],
    ) -> Value {
        self.step(operations, route, ids, "", None).await
    }

    /// A request that is answered before the operations follow in the background.
    pub(crate) async fn cause(
        &mut self,
        operations: &[&str],
        route: &str,
        ids: &[(&str, &str)],
        body: Option<Value>,
    ) -> Value {
        let before: Vec<u64> = operations.iter().map(|id| self.answered(id)).collect();
        let (method, path) = self.address(route, ids, "");
        let answer = self.send(method, &path, body).await;
        for (operation, before) in operations.iter().zip(before) {
            self.until_reached(operation, before).await;
        }
        self.note(operations, route);
        answer
    }

    async fn until_reached(&self, operation: &str, before: u64) {
        eventually(operation, PATIENCE, async || {
            if self.answered(operation) > before {
                Ok(())
            } else {
                Err("not reached".to_owned())
            }
        })
        .await;
    }

    /// The operations were reached when the connection was made.
    pub(crate) async fn made_with(&mut self, operations: &[&str]) {
        for operation in operations {
            self.until_reached(operation, 0).await;
        }
        self.note(operations, "POST /v1/connections");
    }

    /// The operations were reached by background work whose outcome this route serves.
    pub(crate) async fn served(&mut self, operations: &[&str], route: &str, ids: &[(&str, &str)]) {
        for operation in operations {
            self.until_reached(operation, 0).await;
        }
        let (method, path) = self.address(route, ids, "");
        self.send(method, &path, None).await;
        self.note(operations, route);
    }

    /// A request that has to succeed.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.api().request(method.clone(), path);
        if method == Method::POST {
            request = request.header("idempotency-key", RandomIds.next().to_string());
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let bytes = response.bytes().await.unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_slice(&bytes).unwrap_or(json!({"bytes": bytes.len()}))
    }

    /// The calls of the connection, as soon as there is one for which this holds.
    pub(crate) async fn call(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let path = format!(
            "/v1/calls?connection_id={}&limit=200&include=analyses",
            self.connection
        );
        eventually(what, PATIENCE, async || {
            let page = self.api().get(&path).await;
            let calls = page["data"].as_array().unwrap();
            let found = calls.iter().find(|call| holds(call));
            found
                .cloned()
                .ok_or_else(|| format!("{} calls", calls.len()))
        })
        .await
    }

    /// A job, as soon as it is in this state.
    pub(crate) async fn job(&self, id: &str, state: &str) -> Value {
        let path = format!("/v1/jobs/{id}");
        eventually(state, PATIENCE, async || {
            let job = self.api().get(&path).await;
            match job["state"].as_str() {
                Some(now) if now == state => Ok(job),
                _ => Err(job.to_string()),
            }
        })
        .await
    }

    /// Compares with the vendor's table: every operation was driven, by a route the table names, and
    /// every route of the table is one of the gateway's.
    pub(crate) fn finish(self, documented: &[String]) {
        let registry = callweave_registry::vendors();
        let factory = registry.get(self.vendor.key()).unwrap();
        let table = factory.manifest().coverage;
        let listed: BTreeSet<&str> = table.iter().map(|row| row.operation).collect();
        for operation in documented {
            assert!(
                listed.contains(operation.as_str()),
                "{operation} is not listed"
            );
        }
        for row in table {
            for route in row.gateway_routes {
                assert!(self.routes.contains(*route), "{}: {route}", row.operation);
                assert!(!route.contains("passthrough"), "{}", row.operation);
            }
            let driven = self.driven.get(row.operation);
            let driven = driven.unwrap_or_else(|| panic!("{} was not driven", row.operation));
            for route in driven {
                assert!(
                    row.gateway_routes.contains(&route.as_str()),
                    "the table does not say that {route} reaches {}",
                    row.operation
                );
            }
        }
        for operation in self.driven.keys() {
            assert!(
                listed.contains(operation.as_str()),
                "{operation} is not listed"
            );
        }
    }
}

/// The ids `XX-01` to `XX-<count>` of a vendor's document.
fn documented(prefix: &str, count: usize) -> Vec<String> {
    (1..=count)
        .map(|number| format!("{prefix}-{number:02}"))
        .collect()
}

/// The vendor's id of a resource.
fn remote_id(resource: &Value) -> String {
    resource["remote_id"].as_str().unwrap().to_owned()
}

/// The vendor's id of the first of a list.
fn first(list: &Value) -> String {
    remote_id(&list["data"][0])
}

/// Mono, 8 kHz: silence of so many seconds, as a WAV file.
fn recording(seconds: u32) -> Vec<u8> {
    let (rate, size) = (8_000_u32, 16_000 * seconds);
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + size).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend((rate * 2).to_le_bytes());
    file.extend(2_u16.to_le_bytes());
    file.extend(16_u16.to_le_bytes());
    file.extend(b"data");
    file.extend(size.to_le_bytes());
    file.resize(44 + usize::try_from(size).unwrap(), 0);
    file
}
