//! Bringing the schema up to date while others work with it, and working with one that is newer.
//!
//! A release only adds to the schema what the release before can live with, and takes away only
//! what no release since a named one uses: such a migration is called `contract_since_NNNN_...`,
//! after the last migration that a program must know to go on.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use sqlx::migrate::{MigrateError, Migration};
use tokio::time::sleep;
use tracing::{info, warn};

use crate::{Result, Store, StoreError};

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// How the description of a migration begins that takes something away.
const CONTRACTS: &str = "contract";

/// How long the answer to one statement of a migration is waited for.
const LONGEST: Duration = Duration::from_hours(6);
/// Before a lock is asked for again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often in a row a migration may find its tables in use.
const ATTEMPTS: u32 = 120;

/// Whoever uses a table that a migration waits for is followed by all who come later, so the wait
/// is short. A program that vanishes in the middle gives its locks back after a while.
const LIMITS: &str = "SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = 0; \
    SET LOCAL idle_in_transaction_session_timeout = '15s'";

/// The table in which what was applied is kept, as the driver's own migrator makes it.
const BOOK: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations ( \
    version bigint PRIMARY KEY, description text NOT NULL, \
    installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL, \
    checksum bytea NOT NULL, execution_time bigint NOT NULL)";

/// A schema beside what this program knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Migrations that are to be applied.
    pub missing: Vec<i64>,
    /// Migrations of a later release that this program can live with.
    pub newer: Vec<i64>,
}

/// A migration that was applied.
#[derive(Debug, sqlx::FromRow)]
struct Applied {
    version: i64,
    description: String,
    checksum: Vec<u8>,
    success: bool,
}

/// What became of a step.
enum Step {
    /// One migration was applied.
    Applied,
    /// Another process is at it.
    Elsewhere,
    /// There is nothing left to do.
    Done,
}

impl Store {
    /// Applies what migrations are missing, each in a transaction of its own, and gives the
    /// gateway's role its rights. Safe to run from several replicas at once, behind a transaction
    /// pooler too: the lock is the transaction's.
    pub async fn migrate(&self) -> Result<()> {
        let (mut refused, mut told) = (0, false);
        loop {
            match self.migrate_on().await {
                Ok(Step::Done) => return Ok(()),
                Ok(Step::Applied) => {
                    refused = 0;
                    continue;
                }
                Ok(Step::Elsewhere) if told => {}
                Ok(Step::Elsewhere) => {
                    told = true;
                    info!("Another process applies migrations");
                }
                Err(error) if is_in_the_way(&error) && refused < ATTEMPTS => {
                    refused += 1;
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "A migration finds its tables in use; trying again"
                    );
                }
                Err(error) => return Err(error),
            }
            sleep(PAUSE).await;
        }
    }

    async fn migrate_on(&self) -> Result<Step> {
        let mut tx = self.begin_within("", LONGEST).await?;
        sqlx::raw_sql(LIMITS).execute(tx.executor()).await?;
        let ours: bool = sqlx::query_scalar(
            "SELECT pg_try_advisory_xact_lock(hashtext('callweave_migrations'))",
        )
        .fetch_one(tx.executor())
        .await?;
        if !ours {
            return Ok(Step::Elsewhere);
        }
        sqlx::raw_sql(BOOK).execute(tx.executor()).await?;
        let applied: Vec<Applied> = sqlx::query_as(
            "SELECT version, description, checksum, success FROM _sqlx_migrations ORDER BY version",
        )
        .fetch_all(tx.executor())
        .await?;
        let missing = stand(&applied, MIGRATOR.iter())?.missing;
        let next = MIGRATOR
            .iter()
            .find(|known| missing.first() == Some(&known.version));
        let step = if let Some(next) = next {
            let began = Instant::now();
            sqlx::raw_sql(next.sql.clone())
                .execute(tx.executor())
                .await
                .map_err(|error| failed(next.version, error))?;
            sqlx::query(
                "INSERT INTO _sqlx_migrations \
                     (version, description, success, checksum, execution_time) \
                 VALUES ($1, $2, true, $3, $4)",
            )
            .bind(next.version)
            .bind(next.description.as_ref())
            .bind(next.checksum.as_ref())
            .bind(i64::try_from(began.elapsed().as_nanos()).unwrap_or(i64::MAX))
            .execute(tx.executor())
            .await?;
            Step::Applied
        } else {
            sqlx::raw_sql(include_str!("../sql/role.sql"))
                .execute(tx.executor())
                .await?;
            Step::Done
        };
        tx.commit().await?;
        Ok(step)
    }

    /// Compares the schema with what this program knows; refuses one that later releases have taken
    /// something from that this program needs.
    pub async fn standing(&self) -> Result<Standing> {
        // As the owner of the tables, whom no tenant is: the list of migrations is nobody's.
        let mut tx = self.begin("").await?;
        let known: Option<String> =
            sqlx::query_scalar("SELECT to_regclass('public._sqlx_migrations')::text")
                .fetch_one(tx.executor())
                .await?;
        let applied: Vec<Applied> = if known.is_some() {
            sqlx::query_as("SELECT version, description, checksum, success FROM _sqlx_migrations")
                .fetch_all(tx.executor())
                .await?
        } else {
            Vec::new()
        };
        tx.commit().await?;
        stand(&applied, MIGRATOR.iter())
    }

    /// Whether migrations are missing.
    pub async fn needs_migration(&self) -> Result<bool> {
        Ok(!self.standing().await?.missing.is_empty())
    }
}

/// What is missing of the known migrations, and what was applied beyond them.
fn stand<'a>(applied: &[Applied], known: impl Iterator<Item = &'a Migration>) -> Result<Standing> {
    let refuse = |error| Err(StoreError::Migrate(Box::new(error)));
    if let Some(half) = applied.iter().find(|one| !one.success) {
        return refuse(MigrateError::Dirty(half.version));
    }
    let mut unknown: BTreeMap<i64, &Applied> =
        applied.iter().map(|one| (one.version, one)).collect();
    let (mut missing, mut newest) = (Vec::new(), 0);
    for migration in known {
        newest = newest.max(migration.version);
        match unknown.remove(&migration.version) {
            None => missing.push(migration.version),
            Some(found) if *found.checksum != *migration.checksum => {
                return refuse(MigrateError::VersionMismatch(migration.version));
            }
            Some(_) => {}
        }
    }
    for later in unknown.values() {
        if let Some(since) = contracts_since(&later.description)
            && since > newest
        {
            return Err(StoreError::Setup(format!(
                "the schema is of a later release that this one cannot work with: migration {} \
                 takes away what releases before migration {since} use, and the newest one known \
                 here is {newest}",
                later.version
            )));
        }
    }
    Ok(Standing {
        missing,
        newer: unknown.into_keys().collect(),
    })
}

/// The migration that a program must know to go on where this one was applied, if it takes
/// something away.
fn contracts_since(description: &str) -> Option<i64> {
    let rest = description.strip_prefix(CONTRACTS)?;
    let since = rest.trim_start().strip_prefix("since ");
    let number = since.and_then(|rest| rest.split(' ').next()?.parse().ok());
    // One that does not say is for those only who know it.
    Some(number.unwrap_or(i64::MAX))
}

fn failed(version: i64, error: sqlx::Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Database(error) if !is_lock_timeout(&error) => {
            StoreError::Migrate(Box::new(MigrateError::ExecuteMigration(error, version)))
        }
        other => other,
    }
}

/// Whether a table was in use by somebody else.
fn is_in_the_way(error: &StoreError) -> bool {
    match error {
        StoreError::Contended(_) => true,
        StoreError::Database(error) => is_lock_timeout(error),
        _ => false,
    }
}

fn is_lock_timeout(error: &sqlx::Error) -> bool {
    const LOCK_NOT_AVAILABLE: &str = "55P03";
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.as_deref() == Some(LOCK_NOT_AVAILABLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(version: i64, description: &str) -> Applied {
        let known = MIGRATOR.iter().find(|known| known.version == version);
        Applied {
            version,
            description: description.to_owned(),
            checksum: known
                .map(|known| known.checksum.to_vec())
                .unwrap_or_default(),
            success: true,
        }
    }

    fn all() -> Vec<Applied> {
        MIGRATOR
            .iter()
            .map(|known| applied(known.version, &known.description))
            .collect()
    }

    #[test]
    fn a_schema_that_later_releases_added_to_is_lived_with() {
        let mut applied_here = all();
        let last = applied_here.pop().unwrap();
        applied_here.push(applied(9001, "add a column"));
        applied_here.push(applied(9002, "contract since 0003 drop a column"));
        let standing = stand(&applied_here, MIGRATOR.iter()).unwrap();
        assert_eq!(standing.missing, [last.version]);
        assert_eq!(standing.newer, [9001, 9002]);
    }

    #[test]
    fn a_schema_that_lacks_what_this_release_uses_is_refused() {
        for description in [
            "contract since 9000 drop a column",
            "contract",
            "contract drop a column",
        ] {
            let mut applied_here = all();
            applied_here.push(applied(9002, description));
            let refused = stand(&applied_here, MIGRATOR.iter());
            let refused = refused.map_err(|error| error.to_string());
            assert!(
                matches!(&refused, Err(text) if text.contains("migration 9002 takes away")),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn a_migration_that_was_changed_or_broke_off_is_refused() {
        let mut changed = all();
        changed.first_mut().unwrap().checksum = vec![0];
        let mut half = all();
        half.last_mut().unwrap().success = false;
        for applied in [changed, half] {
            let refused = stand(&applied, MIGRATOR.iter());
            assert!(
                matches!(refused, Err(StoreError::Migrate(_))),
                "{refused:?}"
            );
        }
    }

    /// What an expansion never does to what was there before.
    const TAKES_AWAY: [&[&str]; 6] = [
        &["DROP TABLE "],
        &["DROP COLUMN "],
        &["DROP FUNCTION "],
        &["RENAME "],
        &["SET NOT NULL "],
        &["ALTER COLUMN ", " TYPE "],
    ];

    /// Whether one of these statements does, the bodies of functions aside.
    fn takes_away(sql: &str) -> bool {
        let outside: String = sql.split("$$").step_by(2).collect();
        let lines: Vec<&str> = outside
            .lines()
            .map(|line| line.split("--").next().unwrap())
            .collect();
        lines.join(" ").split(';').any(|statement| {
            let words: Vec<&str> = statement.split_whitespace().collect();
            let text = words.join(" ").to_uppercase() + " ";
            let does = |words: &&[&str]| words.iter().all(|part| text.contains(part));
            TAKES_AWAY.iter().any(does)
        })
    }

    #[test]
    fn a_migration_that_takes_something_away_says_since_when_nobody_uses_it() {
        assert!(takes_away("ALTER TABLE a\n    DROP COLUMN b;"));
        assert!(takes_away("ALTER TABLE a ALTER COLUMN b SET NOT NULL;"));
        assert!(!takes_away(
            "ALTER TABLE a ADD COLUMN b text; -- no\n-- DROP TABLE c;"
        ));
        for migration in MIGRATOR.iter() {
            let since = contracts_since(&migration.description);
            assert!(
                since.is_some() || !takes_away(migration.sql.as_str()),
                "migration {} takes something away: name it contract_since_NNNN_...",
                migration.version
            );
            assert!(since.is_none_or(|since| since < migration.version));
        }
    }
}
