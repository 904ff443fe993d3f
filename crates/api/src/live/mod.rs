//! The one way from a request to what a vendor owns: nothing of it is stored here.
//!
//! [`Live`] is the first argument of every handler below a connection: it checks the caller's
//! scopes, finds and opens the connection, and refuses with 501 what its vendor cannot do before
//! the body is read. [`ask!`] sends the question with a valid token and turns what goes wrong into
//! a problem; [`Pages`] carries the adapter's position in a cursor of our own.

mod bounds;
mod extractor;
mod failure;
mod line;
pub(crate) mod needs;
mod opened;
mod pages;
pub(crate) mod paths;
mod remote_id;

pub(crate) use bounds::OwnedJson;
pub(crate) use extractor::Live;
pub(crate) use line::{Line, Manner};
pub(crate) use opened::Opened;
pub(crate) use pages::{PageQuery, PlainPage, SEARCH};
pub(crate) use paths::{ConnectionPath, paths};
pub(crate) use remote_id::{PATTERN as REMOTE_ID, RemoteId};

/// Asks the vendor: `ask!(live, rubrics.rubric(&id))` calls [`Provider`]'s capability `rubrics`
/// with a valid token in front of the arguments, and returns early with a problem when it fails.
///
/// [`Provider`]: callweave_provider::Provider
macro_rules! ask {
    ($live:ident, rubrics.$($call:tt)*) => {
        $crate::live::ask!(@ $live, rubrics, callweave_provider::rubrics::Rubrics, $($call)*)
    };
    ($live:ident, taxonomy.$($call:tt)*) => {
        $crate::live::ask!(@ $live, taxonomy, callweave_provider::taxonomy::Taxonomy, $($call)*)
    };
    ($live:ident, agents.$($call:tt)*) => {
        $crate::live::ask!(@ $live, agents, callweave_provider::agents::Agents, $($call)*)
    };
    ($live:ident, dialogs.$($call:tt)*) => {
        $crate::live::ask!(@ $live, dialogs, callweave_provider::dialogs::Dialogs, $($call)*)
    };
    ($live:ident, reports.$($call:tt)*) => {
        $crate::live::ask!(@ $live, reports, callweave_provider::reports::Reports, $($call)*)
    };
    ($live:ident, evaluations.$($call:tt)*) => {
        $crate::live::ask!(@ $live, evaluations, callweave_provider::evaluations::Evaluations, $($call)*)
    };
    ($live:ident, account.$($call:tt)*) => {
        $crate::live::ask!(@ $live, account, callweave_provider::account::AccountAdmin, $($call)*)
    };
    ($live:ident, documents.$($call:tt)*) => {
        $crate::live::ask!(@ $live, documents, callweave_provider::documents::Documents, $($call)*)
    };
    // The trait is named: some have a method of the capability's own name.
    (@ $live:ident, $capability:ident, $trait:path, $method:ident($($argument:expr),* $(,)?)) => {{
        let source = $live.$capability()?;
        $live
            .ask(|access| {
                Box::pin(async {
                    let granted = access;
                    <_ as $trait>::$method(source, &granted.context(), $($argument),*).await
                })
            })
            .await?
    }};
}
pub(crate) use ask;
