//! The vendors this build knows.

use std::{collections::BTreeMap, sync::Arc};

use crate::ProviderFactory;

/// The vendors this build knows, by key.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    factories: BTreeMap<&'static str, Arc<dyn ProviderFactory>>,
}

impl Registry {
    /// No vendors.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one vendor more.
    #[must_use]
    pub fn with(mut self, factory: impl ProviderFactory + 'static) -> Self {
        self.factories
            .insert(factory.manifest().vendor, Arc::new(factory));
        self
    }

    /// The vendor with this key.
    pub fn get(&self, vendor: &str) -> Option<&Arc<dyn ProviderFactory>> {
        self.factories.get(vendor)
    }

    /// Every vendor, by key.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn ProviderFactory>> {
        self.factories.values()
    }
}
