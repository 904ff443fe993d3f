//! The real way out, let through to this machine and not slowed down.

use std::{sync::Arc, time::Duration};

use callweave_credentials::connector::{Destination, Transport};
use callweave_model::SystemClock;
use callweave_provider::{HttpClient, manifest::RateBudget};
use callweave_provider_http::{
    ConnectionScope, HttpTransport, Limits, TransportConfig, egress::Guard,
};

#[derive(Debug)]
pub(super) struct Outbound {
    transport: HttpTransport,
    guard: Guard,
}

impl Outbound {
    pub(super) fn new() -> Self {
        let guard = Guard::new(["127.0.0.0/8".parse().unwrap()]);
        let config = TransportConfig {
            limits: Limits {
                total: Duration::from_secs(60),
                ..Limits::default()
            },
            ..TransportConfig::default()
        };
        let transport = HttpTransport::new(config, guard.clone(), Arc::new(SystemClock)).unwrap();
        Self { transport, guard }
    }
}

impl Transport for Outbound {
    fn client(&self, destination: Destination<'_>) -> Arc<dyn HttpClient> {
        self.transport.for_connection(ConnectionScope {
            vendor: destination.vendor,
            account: destination.account,
            base_url: destination.base_url.map(str::to_owned),
            ca_certificate: None,
            rate_budget: RateBudget {
                requests_per_second: 5_000,
                ..destination.budget
            },
            limits: None,
        })
    }

    fn check_url(&self, url: &str) -> Result<(), String> {
        self.guard.check_url(url).map_err(|error| error.to_string())
    }

    fn check_certificate(&self, _pem: &str) -> Result<(), String> {
        Ok(())
    }
}
