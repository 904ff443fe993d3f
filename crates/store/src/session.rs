//! One transaction on one connection, with a bound on every wait.
//!
//! PostgreSQL ends a statement that takes too long and says so. A machine that went away, or a
//! wire that swallows everything, says nothing at all: whoever waits is told after a while, and the
//! connection is not used again.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{TryStreamExt as _, future::BoxFuture, stream, stream::BoxStream};
use sqlx::{
    AssertSqlSafe, Describe, Either, Error, Execute, Executor, PgConnection, Postgres, SqlStr,
    error::BoxDynError,
    pool::PoolConnection,
    postgres::{PgArguments, PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};
use tokio::{runtime::Handle, time::timeout};

use crate::refusals::Refusals;

/// How long answers are waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waits {
    /// The first one: whether anybody is there.
    pub(crate) opening: Duration,
    /// Any other.
    pub(crate) silence: Duration,
}

/// A transaction; dropped without commit, it is undone.
#[derive(Debug)]
pub(crate) struct Session {
    /// There until the end of this value.
    connection: Option<PoolConnection<Postgres>>,
    /// Between BEGIN and COMMIT.
    open: bool,
    /// The statement that ends it where it is still open at the end of this value.
    ending: &'static str,
    /// An answer did not come: nobody knows what comes next on this connection.
    lost: AtomicBool,
    /// How long an answer is waited for.
    silence: Duration,
    /// Prepared statements outlive the transaction.
    keep_statements: bool,
    refusals: Arc<Refusals>,
}

impl Session {
    /// Begins a transaction with settings of its own: statements that need no parameters, in the same
    /// message. Comes with the first row that they give, if any of them gives one.
    pub(crate) async fn begin(
        connection: PoolConnection<Postgres>,
        settings: &str,
        waits: Waits,
        keep_statements: bool,
        refusals: Arc<Refusals>,
    ) -> Result<(Self, Option<PgRow>), Error> {
        let mut session = Self {
            connection: Some(connection),
            open: true,
            ending: "ROLLBACK",
            lost: AtomicBool::new(false),
            silence: waits.opening,
            keep_statements,
            refusals,
        };
        let opening = AssertSqlSafe(format!("BEGIN;{settings}"));
        let row = sqlx::raw_sql(opening)
            .fetch_optional(session.executor())
            .await?;
        session.silence = waits.silence;
        Ok((session, row))
    }

    /// Where statements are carried out.
    pub(crate) fn executor(&mut self) -> Bounded<'_> {
        Bounded {
            connection: self.connection.as_deref_mut(),
            lost: &self.lost,
            silence: self.silence,
            keep_statements: self.keep_statements,
            refusals: &self.refusals,
        }
    }

    /// Ends a transaction that has only read: what it read holds however it ends, so that nobody waits
    /// for that.
    pub(crate) fn leave(mut self) {
        self.ending = "COMMIT";
    }

    /// Makes it last. After an error nobody knows whether it does.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        sqlx::raw_sql("COMMIT").execute(self.executor()).await?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        let runtime = Handle::try_current().ok();
        match runtime.filter(|_| !self.lost.load(Ordering::Relaxed)) {
            Some(runtime) => {
                let ending = self.open.then_some(self.ending);
                let settled = timeout(self.silence, settle(connection, ending));
                // One that does not answer is closed, and makes room for another.
                runtime.spawn(async move { drop(settled.await) });
            }
            None => drop(connection.detach()),
        }
    }
}

/// Ends what is not ended yet, and gives the connection back.
async fn settle(mut connection: PoolConnection<Postgres>, ending: Option<&'static str>) {
    if let Some(ending) = ending
        && sqlx::raw_sql(ending)
            .execute(&mut *connection)
            .await
            .is_err()
    {
        drop(connection.detach());
        return;
    }
    // What dropping does, but within the time that is given.
    connection.return_to_pool().await;
}

/// The connection of a [`Session`], for one statement.
#[derive(Debug)]
pub(crate) struct Bounded<'c> {
    connection: Option<&'c mut PgConnection>,
    lost: &'c AtomicBool,
    silence: Duration,
    keep_statements: bool,
    refusals: &'c Refusals,
}

impl<'c> Bounded<'c> {
    const fn prepared<E>(&self, query: E) -> Prepared<E> {
        Prepared {
            query,
            keep: self.keep_statements,
        }
    }

    fn open(self) -> Result<(&'c mut PgConnection, Watch<'c>), Error> {
        let watch = Watch {
            lost: self.lost,
            silence: self.silence,
            refusals: self.refusals,
        };
        Ok((self.connection.ok_or(Error::PoolClosed)?, watch))
    }
}

/// A statement that is prepared for once, or to be kept.
struct Prepared<E> {
    query: E,
    keep: bool,
}

impl<'q, E: Execute<'q, Postgres>> Execute<'q, Postgres> for Prepared<E> {
    fn sql(self) -> SqlStr {
        self.query.sql()
    }

    fn statement(&self) -> Option<&PgStatement> {
        self.query.statement()
    }

    fn take_arguments(&mut self) -> Result<Option<PgArguments>, BoxDynError> {
        self.query.take_arguments()
    }

    fn persistent(&self) -> bool {
        // The driver gives a statement a name even where it does not keep it.
        self.keep && self.query.persistent()
    }
}

/// Waits for answers.
#[derive(Clone, Copy)]
struct Watch<'c> {
    lost: &'c AtomicBool,
    silence: Duration,
    refusals: &'c Refusals,
}

impl Watch<'_> {
    async fn wait<T>(self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        if let Ok(answer) = timeout(self.silence, answer).await {
            return answer.inspect_err(|error| self.refusals.note(error));
        }
        self.lost.store(true, Ordering::Relaxed);
        Err(Error::Io(io::Error::new(
            io::ErrorKind::TimedOut,
            "the database does not answer",
        )))
    }
}

impl<'c> Executor<'c> for Bounded<'c> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let query = self.prepared(query);
        let (connection, watch) = match self.open() {
            Ok(open) => open,
            Err(error) => return Box::pin(stream::once(async { Err(error) })),
        };
        let rows = connection.fetch_many(query);
        Box::pin(stream::try_unfold(rows, move |mut rows| async move {
            let next = watch.wait(rows.try_next()).await?;
            Ok(next.map(|next| (next, rows)))
        }))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let query = self.prepared(query);
        Box::pin(async move {
            let (connection, watch) = self.open()?;
            watch.wait(connection.fetch_optional(query)).await
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let (connection, watch) = self.open()?;
            watch.wait(connection.prepare_with(sql, parameters)).await
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let (connection, watch) = self.open()?;
            watch.wait(connection.describe(sql)).await
        })
    }
}
