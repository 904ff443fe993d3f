//! Typed ids. Ids of what vendors own are derived, so that a second import gives the same id.

use uuid::Uuid;

macro_rules! typed_id {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}

typed_id! {
    /// A tenant: one company whose data nobody else sees.
    TenantId,
    /// One account at one vendor.
    ConnectionId,
    /// An analysed call.
    CallId,
    /// One vendor run over one call.
    AnalysisId,
    /// A recording or another file of a call.
    MediaId,
    /// An API key of the gateway.
    ApiKeyId,
    /// Work passed to a vendor.
    JobId,
}

impl TenantId {
    /// The namespace in which the ids of one vendor account's calls are derived.
    ///
    /// `account_key` names the account at the vendor (host, login, company), never a secret, so a
    /// connection that is deleted and made again finds its calls under their old ids.
    pub fn namespace(self, vendor: &str, account_key: &str) -> Uuid {
        Uuid::new_v5(&self.0, format!("{vendor}\u{1f}{account_key}").as_bytes())
    }
}

/// One vendor account of a tenant, whichever connection leads to it: what has to do with the
/// account at its vendor (tokens, the pace, pauses) belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId {
    /// Whose account.
    pub tenant: TenantId,
    /// The account; see [`TenantId::namespace`].
    pub namespace: Uuid,
}

impl std::fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.namespace.fmt(formatter)
    }
}

impl CallId {
    /// The id of the call that the vendor knows as `remote_id`.
    pub fn derive(namespace: Uuid, remote_id: &str) -> Self {
        Self(Uuid::new_v5(
            &namespace,
            format!("call\u{1f}{remote_id}").as_bytes(),
        ))
    }
}

impl AnalysisId {
    /// The id of the vendor's run `remote_id` over a call.
    pub fn derive(call: CallId, remote_id: &str) -> Self {
        Self(Uuid::new_v5(
            &call.0,
            format!("analysis\u{1f}{remote_id}").as_bytes(),
        ))
    }
}

impl MediaId {
    /// The id of a media object of a call; `remote_key` tells it from the call's other media.
    pub fn derive(call: CallId, remote_key: &str) -> Self {
        Self(Uuid::new_v5(
            &call.0,
            format!("media\u{1f}{remote_key}").as_bytes(),
        ))
    }
}

/// Makes ids that sort by time of making; tests hand in their own.
pub trait Ids: Send + Sync + std::fmt::Debug {
    /// A fresh id.
    fn next(&self) -> Uuid;
}

/// UUIDv7 from the machine's clock and random source.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "the one place that draws ids")]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

#[cfg(test)]
mod tests {
    use super::{CallId, TenantId};
    use uuid::Uuid;

    #[test]
    fn the_same_account_and_remote_id_give_the_same_call_id() {
        let tenant = TenantId(Uuid::from_u128(7));
        let one = CallId::derive(tenant.namespace("acme", "host/login"), "42");
        let two = CallId::derive(tenant.namespace("acme", "host/login"), "42");
        let other = CallId::derive(tenant.namespace("acme", "host/other"), "42");
        assert_eq!(one, two);
        assert_ne!(one, other);
    }
}
