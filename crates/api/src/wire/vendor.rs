//! What a vendor is and can do.

use callweave_credentials::connector::COMMON_SETTINGS;
use callweave_provider::{
    Manifest,
    manifest::{Coverage, FieldSpec},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::methods::{VendorMethod, methods_of};

/// A vendor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Vendor {
    /// The key.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "acme")]
    key: &'static str,
    /// The name as people write it.
    name: &'static str,
    /// For somebody who has to choose.
    description: &'static str,
    /// How the vendor authenticates: `password, basic, static_token, jwt`.
    #[schema(example = "password")]
    auth_kind: &'static str,
    /// The members of `credentials`.
    credential_fields: Vec<VendorField>,
    /// The members of `settings`.
    setting_fields: Vec<VendorField>,
    /// What is implemented.
    capabilities: Vec<&'static str>,
    /// What of it, method by method; anything else answers 501.
    methods: Vec<VendorMethod>,
    /// Whether its calls tell when they started, so that a date range applies to all of them.
    calls_have_start_time: bool,
    /// How hard the vendor is driven at most.
    rate_budget: VendorRateBudget,
    /// Every documented operation of the vendor and how it is reached here.
    coverage: Vec<VendorOperation>,
}

/// One member of `credentials` or `settings`.
#[derive(Debug, Serialize, ToSchema)]
struct VendorField {
    /// The name of the member.
    name: &'static str,
    /// What a form shows beside it.
    label: &'static str,
    /// What it means and what it defaults to.
    description: &'static str,
    /// Must be given.
    required: bool,
    /// Is never shown again.
    secret: bool,
    /// `string, url, timezone, uuid, uuid_list, object, integer, boolean`.
    #[schema(example = "string")]
    kind: &'static str,
}

/// How hard a vendor is driven at most.
#[derive(Debug, Serialize, ToSchema)]
struct VendorRateBudget {
    /// Requests a second over a connection, as a mean.
    requests_per_second: u32,
    /// Requests at the same time over a connection.
    concurrency: u32,
}

/// One documented operation of a vendor.
#[derive(Debug, Serialize, ToSchema)]
struct VendorOperation {
    /// Its id, e.g. `CG-16`.
    #[schema(example = "CG-16")]
    operation: &'static str,
    /// The vendor's method and path.
    vendor_route: &'static str,
    /// The gateway's routes that reach it.
    gateway_routes: Vec<&'static str>,
    /// The canonical members it fills, or what it does.
    fills: Vec<&'static str>,
}

/// The vendors of this gateway.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VendorList {
    /// The vendors, by key.
    pub(crate) data: Vec<Vendor>,
}

impl From<&Manifest> for Vendor {
    fn from(manifest: &Manifest) -> Self {
        Self {
            key: manifest.vendor,
            name: manifest.display_name,
            description: manifest.description,
            auth_kind: manifest.auth_kind.as_str(),
            credential_fields: manifest.credential_fields.iter().map(Into::into).collect(),
            setting_fields: manifest
                .setting_fields
                .iter()
                .chain(COMMON_SETTINGS)
                .map(Into::into)
                .collect(),
            capabilities: manifest.capabilities.to_vec(),
            methods: methods_of(manifest),
            calls_have_start_time: manifest.calls_have_start_time,
            rate_budget: VendorRateBudget {
                requests_per_second: manifest.rate_budget.requests_per_second,
                concurrency: manifest.rate_budget.concurrency,
            },
            coverage: manifest.coverage.iter().map(Into::into).collect(),
        }
    }
}

impl From<&FieldSpec> for VendorField {
    fn from(field: &FieldSpec) -> Self {
        Self {
            name: field.name,
            label: field.label,
            description: field.description,
            required: field.required,
            secret: field.secret,
            kind: field.kind,
        }
    }
}

impl From<&Coverage> for VendorOperation {
    fn from(coverage: &Coverage) -> Self {
        Self {
            operation: coverage.operation,
            vendor_route: coverage.vendor_route,
            gateway_routes: coverage.gateway_routes.to_vec(),
            fills: coverage.fills.to_vec(),
        }
    }
}
