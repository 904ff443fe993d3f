//! The way out: the one HTTP transport, as the connector asks for it.

use std::sync::Arc;

use anyhow::Context as _;
use callweave_credentials::connector::{Destination, Transport};
use callweave_model::{Clock, TenantId, ids::AccountId};
use callweave_provider::{HttpClient, manifest::RateBudget};
use callweave_provider_http::{
    ConnectionScope, HttpTransport, Limits, Pace, TransportConfig, check_certificates,
    egress::Guard,
};
use uuid::Uuid;

use crate::{
    config::{Egress, Vendors},
    request_log::RequestLog,
    traced::Traced,
};

/// Gives every vendor account its client.
#[derive(Clone, Debug)]
pub(crate) struct Outbound {
    transport: HttpTransport,
    guard: Guard,
    vendors: Vendors,
    log: RequestLog,
}

impl Outbound {
    /// The way out as it is configured.
    pub(crate) fn new(
        egress: &Egress,
        vendors: Vendors,
        clock: Arc<dyn Clock>,
        pace: Arc<dyn Pace>,
        log: RequestLog,
    ) -> anyhow::Result<Self> {
        let guard = Guard::new(egress.allow.iter().copied());
        let config = TransportConfig {
            connect_timeout: egress.connect_timeout,
            limits: Limits {
                total: egress.request_timeout,
                ..Limits::default()
            },
            ..TransportConfig::default()
        };
        let transport = HttpTransport::with_pace(config, guard.clone(), clock, pace)
            .context("start the HTTP client for vendors")?;
        Ok(Self {
            transport,
            guard,
            vendors,
            log,
        })
    }

    /// A client of an address that is no vendor's.
    pub(crate) fn plain(
        &self,
        what: &'static str,
        url: &str,
        rate_budget: RateBudget,
    ) -> Arc<dyn HttpClient> {
        // Nobody's account: each address has a pace and a pause of its own.
        let account = AccountId {
            tenant: TenantId(Uuid::nil()),
            namespace: Uuid::new_v5(&Uuid::NAMESPACE_URL, url.as_bytes()),
        };
        self.transport.for_connection(ConnectionScope {
            vendor: what,
            account,
            base_url: Some(url.to_owned()),
            ca_certificate: None,
            rate_budget,
            limits: None,
        })
    }

    /// Whether an address may be reached from here.
    pub(crate) fn check(&self, url: &str) -> Result<(), String> {
        self.guard.check_url(url).map_err(|error| error.to_string())
    }

    /// What is configured in place of what is known to be good for the vendor.
    const fn budget(&self, known: RateBudget) -> RateBudget {
        RateBudget {
            requests_per_second: or(self.vendors.requests_per_second, known.requests_per_second),
            concurrency: or(self.vendors.concurrency, known.concurrency),
        }
    }
}

const fn or(configured: u32, known: u32) -> u32 {
    if configured == 0 { known } else { configured }
}

impl Transport for Outbound {
    fn client(&self, destination: Destination<'_>) -> Arc<dyn HttpClient> {
        let client = self.transport.for_connection(ConnectionScope {
            vendor: destination.vendor,
            account: destination.account,
            base_url: destination.base_url.map(str::to_owned),
            ca_certificate: destination.ca_certificate.map(str::to_owned),
            rate_budget: self.budget(destination.budget),
            limits: None,
        });
        let client = self
            .log
            .watching(client, destination.vendor, destination.account);
        if self.vendors.forward_trace {
            Arc::new(Traced::new(client))
        } else {
            client
        }
    }

    fn check_url(&self, url: &str) -> Result<(), String> {
        self.check(url)
    }

    fn check_certificate(&self, pem: &str) -> Result<(), String> {
        check_certificates(pem).map_err(str::to_owned)
    }
}
