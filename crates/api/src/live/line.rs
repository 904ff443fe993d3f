//! An open connection that can be asked.

use std::{sync::Arc, time::Duration};

use axum::response::Response;
use callweave_credentials::{
    connector::{Access, Operation},
    redact::Redactor,
};
use callweave_model::connection::ConnectionState;
use callweave_provider::{
    Provider, ProviderError, account::AccountAdmin, agents::Agents, dialogs::Dialogs,
    documents::Documents, evaluations::Evaluations, passthrough::Passthrough, reports::Reports,
    rubrics::Rubrics, taxonomy::Taxonomy,
};
use callweave_store::connections::Connection;
use http::Method;

use super::{
    failure,
    needs::Need,
    opened::OpenedConnection,
    pages::{PageQuery, Pages},
};
use crate::{
    ApiState,
    problem::{Problem, codes},
    respond,
};

/// How long a caller waits for the vendor. One question may take several requests.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a request does, for what its failure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It reads; there is no body.
    Reads,
    /// It reads; what is asked stands in the body.
    Searches,
    /// It changes; sent twice it is the same as sent once.
    Changes,
    /// It acts or creates: sent twice it may do so twice.
    Acts,
}

impl Manner {
    /// What requests of a method do.
    pub(crate) fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD => Self::Reads,
            Method::POST => Self::Acts,
            _ => Self::Changes,
        }
    }
}

/// An open connection that can be asked.
pub(crate) struct Line {
    state: ApiState,
    opened: Arc<OpenedConnection>,
    request_id: String,
    pub(super) manner: Manner,
}

macro_rules! capabilities {
    ($($(#[$meta:meta])* $name:ident: $capability:ident;)+) => {$(
        $(#[$meta])*
        pub(crate) fn $name(&self) -> Result<&dyn $capability, Problem> {
            self.provider()
                .$name()
                .ok_or_else(|| self.cannot(stringify!($name)))
        }
    )+};
}

impl Line {
    /// Opens a connection. One that its owner paused, or whose credentials were refused, is left
    /// alone.
    pub(crate) fn open(
        state: &ApiState,
        connection: Connection,
        request_id: String,
        manner: Manner,
    ) -> Result<Self, Problem> {
        match connection.state {
            ConnectionState::Paused => {
                return Err(Problem::new(
                    codes::CONFLICT,
                    "the connection is paused; resume it first",
                ));
            }
            ConnectionState::ReauthRequired => {
                return Err(Problem::new(
                    codes::REAUTH_REQUIRED,
                    "the vendor refused the credentials of this connection; replace them first",
                ));
            }
            _ => {}
        }
        let open = state.connector().open(&connection)?;
        let opened = Arc::new(OpenedConnection { connection, open });
        Ok(Self::over(state, opened, request_id, manner))
    }

    /// Goes over a connection that is open.
    pub(super) fn over(
        state: &ApiState,
        opened: Arc<OpenedConnection>,
        request_id: String,
        manner: Manner,
    ) -> Self {
        Self {
            state: state.clone(),
            opened,
            request_id,
            manner,
        }
    }

    /// The connection and what is open of it.
    pub(super) const fn opened(&self) -> &Arc<OpenedConnection> {
        &self.opened
    }

    /// Refuses with 501 what the vendor does not have.
    pub(crate) fn need<N: Need>(&self) -> Result<(), Problem> {
        self.require(N::met_by(self.provider()), N::NAME)
    }

    /// The same for what only the request says.
    pub(crate) fn require(&self, met: bool, capability: &'static str) -> Result<(), Problem> {
        if met {
            Ok(())
        } else {
            Err(self.cannot(capability))
        }
    }

    /// The connection.
    pub(crate) fn connection(&self) -> &Connection {
        &self.opened.connection
    }

    /// The state of the gateway.
    pub(crate) const fn state(&self) -> &ApiState {
        &self.state
    }

    /// The vendor, in the gateway's words.
    pub(crate) fn provider(&self) -> &dyn Provider {
        self.opened.open.provider().as_ref()
    }

    capabilities! {
        /// Scenarios, checklists, scripts.
        rubrics: Rubrics;
        /// Tags, categories, folders, saved searches.
        taxonomy: Taxonomy;
        /// Voice agents.
        agents: Agents;
        /// Queues and campaigns.
        dialogs: Dialogs;
        /// Reports.
        reports: Reports;
        /// Evaluations.
        evaluations: Evaluations;
        /// The account at the vendor.
        account: AccountAdmin;
        /// Documents about calls.
        documents: Documents;
        /// The vendor's own words.
        passthrough: Passthrough;
    }

    /// Runs an operation with a valid token; see [`super::ask`].
    pub(crate) async fn ask<'a, T>(
        &'a self,
        operation: impl Fn(Access) -> Operation<'a, T> + Send + Sync + 'a,
    ) -> Result<T, Problem> {
        match self.try_ask(operation).await? {
            Ok(answer) => Ok(answer),
            Err(error) => {
                failure::note(self, &error).await;
                Err(self.problem(&error))
            }
        }
    }

    /// The same, with the vendor's error as it is.
    pub(crate) async fn try_ask<'a, T>(
        &'a self,
        operation: impl Fn(Access) -> Operation<'a, T> + Send + Sync + 'a,
    ) -> Result<Result<T, ProviderError>, Problem> {
        let asked = Box::pin(self.opened.open.run(&self.request_id, operation));
        tokio::time::timeout(PATIENCE, asked)
            .await
            .map_err(|_elapsed| failure::too_late(self.manner))
    }

    /// What a failure means for the request.
    pub(crate) fn problem(&self, error: &ProviderError) -> Problem {
        failure::problem(self.manner, error)
    }

    /// What hides the connection's own secrets.
    pub(crate) async fn redactor(&self) -> Result<Redactor, Problem> {
        Ok(self.opened.open.redactor().await?)
    }

    /// The page of a list that a query asks for. `list` names the list, and what its path holds.
    pub(crate) fn pages(&self, list: &[&str], query: PageQuery) -> Result<Pages<'_>, Problem> {
        Pages::open(&self.state, self.connection(), list, query)
    }

    /// What was just made, with its address below the connection.
    pub(crate) fn created<T: serde::Serialize>(
        &self,
        path: &[&str],
        value: &T,
    ) -> Result<Response, Problem> {
        let mut location = format!("/v1/connections/{}", self.connection().id);
        for segment in path {
            location.push('/');
            location.push_str(&callweave_provider::address::encode(segment));
        }
        respond::created(&location, None, value)
    }

    fn cannot(&self, capability: &'static str) -> Problem {
        let vendor = self.provider().manifest().vendor;
        ProviderError::not_supported(vendor, capability).into()
    }
}
