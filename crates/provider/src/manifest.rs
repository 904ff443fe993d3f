//! What a vendor is and can do, as data: served by `GET /v1/vendors`, checked by tests.

/// Everything the gateway tells about a vendor.
#[derive(Clone, Copy, Debug)]
pub struct Manifest {
    /// The key: lower-case letters, digits and `_`; plain text everywhere.
    pub vendor: &'static str,
    /// The vendor's name as people write it.
    pub display_name: &'static str,
    /// One or two sentences for somebody who has to choose.
    pub description: &'static str,
    /// How the vendor authenticates.
    pub auth_kind: AuthKind,
    /// The members of `credentials`. More than one set may lead in; see the labels.
    pub credential_fields: &'static [FieldSpec],
    /// The members of `settings`.
    pub setting_fields: &'static [FieldSpec],
    /// What is implemented.
    pub capabilities: &'static [&'static str],
    /// The filters a date-range query can push down to this vendor's calls: whether calls carry a
    /// start time at all.
    pub calls_have_start_time: bool,
    /// How hard the vendor may be driven when it says nothing else.
    pub rate_budget: RateBudget,
    /// Which documented operations are reached, and by which route of the gateway.
    pub coverage: &'static [Coverage],
}

/// How a vendor authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthKind {
    /// User and password for a token.
    Password,
    /// HTTP Basic for a token.
    Basic,
    /// A token that does not change.
    StaticToken,
    /// A JWT, handed in or by login.
    Jwt,
}

impl AuthKind {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Basic => "basic",
            Self::StaticToken => "static_token",
            Self::Jwt => "jwt",
        }
    }
}

/// One member of `credentials` or `settings`.
#[derive(Clone, Copy, Debug)]
pub struct FieldSpec {
    /// The name of the member.
    pub name: &'static str,
    /// What a form shows beside it.
    pub label: &'static str,
    /// What it means and what it defaults to.
    pub description: &'static str,
    /// Must be given.
    pub required: bool,
    /// Is never shown again.
    pub secret: bool,
    /// `string, url, timezone, uuid, uuid_list, object, integer, boolean`.
    pub kind: &'static str,
}

/// How hard a vendor may be driven.
#[derive(Clone, Copy, Debug)]
pub struct RateBudget {
    /// Requests a second over a connection, as a mean.
    pub requests_per_second: u32,
    /// Requests at the same time over a connection.
    pub concurrency: u32,
}

/// One documented vendor operation and how the gateway reaches it.
#[derive(Clone, Copy, Debug)]
pub struct Coverage {
    /// The operation id, e.g. `CG-16`.
    pub operation: &'static str,
    /// The vendor's method and path, as its document names them.
    pub vendor_route: &'static str,
    /// The gateway's routes that reach it; empty while there are none.
    pub gateway_routes: &'static [&'static str],
    /// The canonical members it fills, or what it does.
    pub fills: &'static [&'static str],
}
