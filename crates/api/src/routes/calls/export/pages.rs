//! An export, page by page: the next one is read when the last one was taken.

use std::io;

use bytes::Bytes;
use callweave_model::TenantId;
use callweave_store::calls::{CallFilter, CallPosition, CallText, Order};
use futures::{Stream, stream};
use serde_json::{Map, Value};

use super::rows::{self, Format};
use crate::{
    ApiState, Caller,
    admission::Permit,
    audit::Effect,
    problem::Problem,
    routes::calls::include::Include,
    wire::call::{Surroundings, document},
};

/// Calls of one page.
const PAGE: i64 = 200;
/// The same where each brings what was said.
const PAGE_OF_TRANSCRIPTS: i64 = 20;

/// What is exported, for whom.
pub(super) struct Export {
    pub(super) state: ApiState,
    pub(super) caller: Caller,
    pub(super) filter: CallFilter,
    pub(super) include: Include,
    pub(super) order: Order,
    pub(super) format: Format,
}

/// How far it has come.
struct Progress {
    export: Export,
    /// A place among the tenant's exports.
    _permit: Permit,
    after: Option<CallPosition>,
    begun: bool,
    done: bool,
    ending: Ending,
}

/// Sees to it that the end is written down, whichever it is.
struct Ending {
    state: ApiState,
    effect: Effect,
    about: Map<String, Value>,
    calls: u64,
    complete: bool,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let mut about = std::mem::take(&mut self.about);
        about.insert("calls".to_owned(), self.calls.into());
        about.insert("complete".to_owned(), self.complete.into());
        let about = Value::Object(about);
        let effect = self.effect.clone();
        let complete = self.complete;
        self.state.tasks().spawn(async move {
            effect
                .afterwards("calls.exported", "/v1/calls", complete, about)
                .await;
        });
    }
}

/// The bytes of an export. An error breaks the answer off, so that nobody takes it for whole.
pub(super) fn stream(
    export: Export,
    permit: Permit,
    effect: Effect,
    about: Map<String, Value>,
) -> impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static {
    let ending = Ending {
        state: export.state.clone(),
        effect,
        about,
        calls: 0,
        complete: false,
    };
    let begun = Progress {
        export,
        _permit: permit,
        after: None,
        begun: false,
        done: false,
        ending,
    };
    stream::try_unfold(begun, async |mut progress| {
        let bytes = progress.next().await?;
        Ok(bytes.map(|bytes| (bytes, progress)))
    })
}

impl Progress {
    async fn next(&mut self) -> Result<Option<Bytes>, io::Error> {
        if self.done {
            self.ending.complete = true;
            return Ok(None);
        }
        let Export { state, caller, .. } = &self.export;
        // A key that is revoked ends what it has begun.
        if !state
            .authenticator()
            .still_holds(caller, "calls:read")
            .await
        {
            return Err(broken("the key is not in force any more"));
        }
        let page = self.page().await.map_err(|problem| {
            tracing::warn!(
                problem.code = problem.code().code,
                "An export broke off: a page could not be read"
            );
            broken("a page could not be read")
        })?;
        let mut bytes = Vec::new();
        if !self.begun && self.export.format == Format::Csv {
            bytes.extend_from_slice(rows::HEADING.as_bytes());
        }
        self.begun = true;
        let limit = usize::try_from(self.page_size()).unwrap_or(usize::MAX);
        self.done = page.len() < limit;
        for call in page {
            self.after = Some(CallPosition {
                sort_at: call.sort_at,
                id: call.id,
            });
            self.ending.calls += 1;
            let tenant = self.export.caller.tenant;
            self.write(tenant, call, &mut bytes)?;
        }
        Ok(Some(bytes.into()))
    }

    const fn page_size(&self) -> i64 {
        if self.export.include.shown.transcript {
            PAGE_OF_TRANSCRIPTS
        } else {
            PAGE
        }
    }

    async fn page(&self) -> Result<Vec<CallText>, Problem> {
        let export = &self.export;
        let shown = export.include.shown;
        let mut tx = export.state.store().tenant(export.caller.tenant).await?;
        let mut calls = tx
            .list_call_texts(&export.filter, export.order, self.after, self.page_size())
            .await?;
        tx.attach_texts(&mut calls, shown.transcript, shown.analyses)
            .await?;
        tx.commit().await?;
        Ok(calls)
    }

    fn write(
        &self,
        tenant: TenantId,
        call: CallText,
        bytes: &mut Vec<u8>,
    ) -> Result<(), io::Error> {
        match self.export.format {
            Format::Ndjson => {
                let shown = self.export.include.shown;
                let document = document(tenant, &call, shown, Surroundings::default());
                let document = document.map_err(|_problem| broken("a call could not be read"))?;
                serde_json::to_writer(&mut *bytes, &document)?;
                bytes.push(b'\n');
            }
            Format::Csv => {
                let call = call.understood().map_err(io::Error::other)?;
                rows::write(&call, bytes);
            }
        }
        Ok(())
    }
}

fn broken(reason: &'static str) -> io::Error {
    io::Error::other(reason)
}
