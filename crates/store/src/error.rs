//! What can go wrong below.

/// The result of a store operation.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// A store operation failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// PostgreSQL cannot be reached, its pool is exhausted, it took too long, or it takes no writes:
    /// try again later.
    #[error("the database cannot be reached")]
    Unavailable(#[source] sqlx::Error),
    /// Another transaction was in the way, and this one was undone: try again at once.
    #[error("another transaction was in the way")]
    Contended(#[source] sqlx::Error),
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
    /// Whether the same may succeed when it is tried again.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Contended(_))
    }

    /// Whether a read may succeed at another server: what stands in its way is this one's state, and not how
    /// long the read takes.
    pub fn is_of_server(&self) -> bool {
        const CANCELED: &str = "57014";
        let (Self::Unavailable(source) | Self::Contended(source)) = self else {
            return false;
        };
        let code = source
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        code.as_deref() != Some(CANCELED)
    }

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
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Tls(_) => Self::Unavailable(error),
            sqlx::Error::Database(database) => match database.code().as_deref() {
                Some(code) if is_contention(code) => Self::Contended(error),
                Some(code) if is_passing(code) => Self::Unavailable(error),
                _ => Self::Database(error),
            },
            _ => Self::Database(error),
        }
    }
}

/// A deadlock, or a transaction that cannot be put in order with another.
fn is_contention(code: &str) -> bool {
    code.starts_with("40")
}

/// What says more about the server's state than about the statement: a lost connection, no space,
/// no memory, no places, a failing disk, an end from outside, a server that is read-only at the
/// moment.
fn is_passing(code: &str) -> bool {
    const READ_ONLY: &str = "25006";
    code == READ_ONLY
        || ["08", "53", "57", "58"]
            .iter()
            .any(|class| code.starts_with(class))
}
