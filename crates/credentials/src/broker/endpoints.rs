//! Endpoints that refuse even a fresh token: it is their rights, not the token. They are left
//! alone for a while, so that one of them does not cost a renewal each time it is asked.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use callweave_model::TenantId;
use tokio::time::Instant;
use uuid::Uuid;

use super::Account;

/// How long no token is renewed for an endpoint, the first time and each further time.
const RESTS: [Duration; 2] = [Duration::from_mins(15), Duration::from_hours(24)];
/// After so long without a refusal an endpoint begins anew.
const FORGOTTEN: Duration = Duration::from_hours(48);

type Key = (TenantId, Uuid, &'static str);

/// The endpoints that rest.
#[derive(Debug, Default)]
pub(super) struct Endpoints {
    resting: Mutex<HashMap<Key, Rest>>,
}

#[derive(Debug)]
struct Rest {
    since: Instant,
    length: Duration,
}

impl Endpoints {
    /// No token is renewed for this operation at the moment.
    pub(super) fn rests(&self, account: &Account, operation: &'static str) -> bool {
        self.resting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key(account, operation))
            .is_some_and(|rest| rest.since.elapsed() < rest.length)
    }

    /// The operation refused a token that was renewed for it.
    pub(super) fn refused(&self, account: &Account, operation: &'static str) {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.retain(|_, rest| rest.since.elapsed() < FORGOTTEN);
        let [first, further] = RESTS;
        resting
            .entry(key(account, operation))
            .and_modify(|rest| {
                // Callers that were under way together count once.
                if rest.since.elapsed() >= rest.length {
                    *rest = Rest {
                        since: Instant::now(),
                        length: further,
                    };
                }
            })
            .or_insert_with(|| Rest {
                since: Instant::now(),
                length: first,
            });
    }
}

const fn key(account: &Account, operation: &'static str) -> Key {
    (account.tenant, account.namespace, operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn case_047_an_endpoint_rests_a_quarter_of_an_hour_and_then_a_day() {
        let account = Account {
            tenant: TenantId(Uuid::nil()),
            namespace: Uuid::nil(),
            credentials_version: 1,
        };
        let endpoints = Endpoints::default();
        let mut renewals = 0;
        for _ in 0..24 * 60 {
            if !endpoints.rests(&account, "X-01") {
                renewals += 1;
                endpoints.refused(&account, "X-01");
                endpoints.refused(&account, "X-01");
            }
            assert!(
                !endpoints.rests(&account, "X-02"),
                "others are not concerned"
            );
            tokio::time::advance(Duration::from_mins(1)).await;
        }
        assert_eq!(renewals, 2, "in a day");
        tokio::time::advance(Duration::from_hours(24)).await;
        assert!(!endpoints.rests(&account, "X-01"));
    }
}
