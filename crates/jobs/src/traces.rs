//! The traces that jobs were made in, where spans are sent to a collector.

use std::{fmt, sync::Arc};

use tracing::Span;

type Here = Arc<dyn Fn(&Span) -> Option<String> + Send + Sync>;
type Link = Arc<dyn Fn(&Span, &str) + Send + Sync>;

/// Ties the turns of a job to the request that made it: hours may lie between them, so a turn begins
/// a trace of its own and points to the other one. By default nothing is tied.
#[derive(Clone, Default)]
pub struct Traces(Option<(Here, Link)>);

impl Traces {
    /// `here` says what a span is called there; `link` has a span point to one that is called so.
    pub fn new(
        here: impl Fn(&Span) -> Option<String> + Send + Sync + 'static,
        link: impl Fn(&Span, &str) + Send + Sync + 'static,
    ) -> Self {
        Self(Some((Arc::new(here), Arc::new(link))))
    }

    /// What the span under way is called.
    pub(crate) fn here(&self) -> Option<String> {
        let (here, _) = self.0.as_ref()?;
        here(&Span::current())
    }

    /// Has a span point to one of before.
    pub(crate) fn link(&self, span: &Span, trace: &str) {
        if let Some((_, link)) = &self.0 {
            link(span, trace);
        }
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Traces")
            .field(&self.0.is_some())
            .finish()
    }
}
