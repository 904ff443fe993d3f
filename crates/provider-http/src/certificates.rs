//! Vendors whose certificate is signed by an authority of their own.

use std::{collections::HashMap, sync::Mutex};

use reqwest::{Certificate, Client};

use crate::{pace::lock, transport::BuildError};

/// More authorities than this are not kept; one that is needed again is read again.
const KEPT: usize = 64;
/// A bundle of a few certificates; more is no authority's certificate.
const LONGEST: usize = 64 * 1024;

/// Whether a text is one or more certificates in PEM.
pub fn check_certificates(pem: &str) -> Result<(), &'static str> {
    read(pem).map(drop)
}

fn read(pem: &str) -> Result<Vec<Certificate>, &'static str> {
    if pem.len() > LONGEST {
        return Err("is longer than certificates are");
    }
    match Certificate::from_pem_bundle(pem.as_bytes()) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err("must be a certificate in PEM, beginning with -----BEGIN CERTIFICATE-----"),
    }
}

/// The clients that trust another authority than the public ones, by its certificate.
#[derive(Debug, Default)]
pub(crate) struct Clients(Mutex<HashMap<String, Client>>);

impl Clients {
    /// The client that trusts this authority and no other; `None` where it cannot be read.
    pub(crate) fn of(
        &self,
        pem: &str,
        build: impl FnOnce(Vec<Certificate>) -> Result<Client, BuildError>,
    ) -> Option<Client> {
        let mut clients = lock(&self.0);
        if let Some(client) = clients.get(pem) {
            return Some(client.clone());
        }
        let client = build(read(pem).ok()?).ok()?;
        if clients.len() >= KEPT {
            clients.clear();
        }
        clients.insert(pem.to_owned(), client.clone());
        Some(client)
    }
}
