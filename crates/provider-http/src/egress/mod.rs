//! Where the gateway may connect to: public addresses, and networks the operator allowed.
//!
//! The guard stands at two places. [`Guard::check_url`] judges what is written in an address, when
//! somebody enters it and again before each request. [`Guard`] as a DNS resolver judges every
//! address a name leads to, inside the connector, so that the address that was judged is the
//! address that is dialled (no second look-up that could answer differently).

mod address;
mod resolver;

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;
use reqwest::Url;

pub use resolver::{NameLookup, SystemLookup};

/// Why an address may not be reached. Prints no part of the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// It cannot be read as a URL.
    #[error("the address is not a valid URL")]
    Malformed,
    /// It holds white space, control characters or backslashes, which readers understand
    /// differently.
    #[error("the address holds characters that do not belong there")]
    ForbiddenCharacter,
    /// Neither http nor https.
    #[error("the address must begin with http:// or https://")]
    Scheme,
    /// It carries a user name or a password.
    #[error("the address must not carry a user name or password")]
    UserInfo,
    /// It names no host, or port 0.
    #[error("the address needs a host and a usable port")]
    Host,
    /// It leads, or its name leads, to an address that is not allowed.
    #[error("the address leads into a network that is not allowed")]
    Forbidden,
    /// Its name leads nowhere.
    #[error("the name of the host cannot be resolved")]
    Unresolved,
}

/// Decides which addresses may be reached: public ones, and networks of an allow-list.
#[derive(Clone, Debug)]
pub struct Guard {
    allowed: Arc<[IpNet]>,
    lookup: Arc<dyn NameLookup>,
}

impl Guard {
    /// A guard that allows public addresses and these networks, and asks the system's resolver.
    pub fn new(allowed: impl IntoIterator<Item = IpNet>) -> Self {
        Self::with_lookup(allowed, Arc::new(SystemLookup))
    }

    /// The same with another source of names, for tests.
    pub fn with_lookup(
        allowed: impl IntoIterator<Item = IpNet>,
        lookup: Arc<dyn NameLookup>,
    ) -> Self {
        Self {
            allowed: allowed.into_iter().collect(),
            lookup,
        }
    }

    /// Whether this address may be dialled.
    pub fn allows(&self, address: IpAddr) -> bool {
        let canonical = address.to_canonical();
        address::is_public(canonical)
            || self
                .allowed
                .iter()
                .any(|network| network.contains(&canonical) || network.contains(&address))
    }

    /// Judges an address as it is written, without resolving its name; for the moment in which
    /// somebody enters it.
    pub fn check_url(&self, text: &str) -> Result<(), EgressError> {
        if text.chars().any(|character| {
            character.is_control() || character.is_whitespace() || character == '\\'
        }) {
            return Err(EgressError::ForbiddenCharacter);
        }
        let url = Url::parse(text).map_err(|_error| EgressError::Malformed)?;
        // `http:/host` and `http:///host` are mended by some readers and refused by others.
        let after_scheme = text
            .get(url.scheme().len()..)
            .and_then(|rest| rest.strip_prefix("://"));
        if after_scheme.is_none_or(|rest| rest.starts_with('/')) {
            return Err(EgressError::Malformed);
        }
        self.check_parsed(&url)
    }

    /// The same for an address that was parsed.
    pub(crate) fn check_parsed(&self, url: &Url) -> Result<(), EgressError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EgressError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::UserInfo);
        }
        let host = url.host_str().ok_or(EgressError::Host)?;
        let empty_label = host.trim_end_matches('.').split('.').any(str::is_empty);
        if empty_label || url.port() == Some(0) {
            return Err(EgressError::Host);
        }
        let permitted = match literal(host) {
            Some(address) => self.allows(address),
            None => !self.never_public(host),
        };
        if permitted {
            Ok(())
        } else {
            Err(EgressError::Forbidden)
        }
    }

    /// A name that by its definition leads to no public address. Where the operator allowed a
    /// network, such names are in use there and DNS decides.
    fn never_public(&self, host: &str) -> bool {
        self.allowed.is_empty() && address::is_special_name(host)
    }
}

/// The address that a host of a parsed URL spells out. The parser has turned decimal, octal,
/// hexadecimal, short and full-width spellings into the dotted form already.
fn literal(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host)
        .trim_end_matches('.')
        .parse()
        .ok()
}
