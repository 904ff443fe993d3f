//! What can go wrong below.

/// The result of a store operation.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// A store operation failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// PostgreSQL cannot be reached, its pool is exhausted, it took too long, or another transaction
    /// was in the way: try again.
    #[error("the database cannot be reached")]
    Unavailable(#[source] sqlx::Error),
    /// A statement failed.
    #[error("a database statement failed")]
    Database(#[source] sqlx::Error),
    /// Migrations could not be applied.
    #[error("the database could not be migrated")]
    Migrate(#[source] Box<sqlx::migrate::MigrateError>),
    /// The database is not set up the way the gateway needs it.
    #[error("{0}")]
    Setup(String),
    /// It was erased, and is not taken in again.
    #[error("it was erased and is not taken in again")]
    Erased,
    /// The lease that covers this write is not held any more; nothing was written.
    #[error("the lease was lost")]
    Fenced,
    /// A row of our own is not what it must be.
    #[error("inconsistent row in {table}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// What does not fit.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    pub(crate) fn inconsistent(
        table: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Inconsistent {
            table,
            source: source.into(),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // The connection; a deadlock or another transaction in the way; an end from outside.
        let connection_class = |error: &dyn sqlx::error::DatabaseError| {
            error.code().is_some_and(|code| {
                ["08", "40", "57"]
                    .iter()
                    .any(|class| code.starts_with(class))
            })
        };
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Tls(_) => Self::Unavailable(error),
            sqlx::Error::Database(database) if connection_class(database.as_ref()) => {
                Self::Unavailable(error)
            }
            _ => Self::Database(error),
        }
    }
}
