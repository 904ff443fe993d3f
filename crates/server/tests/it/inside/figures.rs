//! Figures about tokens, one printed line each.

use std::time::{Duration, Instant};

use callweave_provider::{Credentials, ErrorKind};
use callweave_sandbox::{FaultKind, FaultSpec, RequestEntry, Vendor};
use secrecy::ExposeSecret as _;

use super::Inside;
use crate::support::turn;

/// Accounts whose tokens end together.
const ACCOUNTS: usize = 200;
/// Callers of each account in each replica.
const CALLERS: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_044_r6_two_hundred_tokens_that_end_together_are_renewed_once_each() {
    let _turn = turn().await;
    let inside = Inside::new(1).await;
    let replicas = [inside.replica_with(20), inside.replica_with(20)];
    let mut connections = Vec::new();
    for number in 0..ACCOUNTS {
        let (mut settings, credentials) = inside.account(Vendor::Neuro);
        let company = uuid::Uuid::from_u128(number as u128 + 1).to_string();
        settings.0.insert("company_uuid".to_owned(), company.into());
        let connection = inside
            .connect(&replicas[0], Vendor::Neuro, settings, &credentials)
            .await;
        connections.push(connection);
    }
    let get_token = async |open: &callweave_credentials::connector::OpenConnection| {
        open.run("test", |access| {
            Box::pin(async move { Ok(access.context().access_token.cloned()) })
        })
        .await
    };
    let opened: Vec<_> = connections
        .iter()
        .map(|one| replicas[0].open(one))
        .collect();
    let first = futures::future::join_all(opened.iter().map(get_token)).await;
    assert!(first.iter().all(Result::is_ok), "{first:?}");
    assert_eq!(inside.tally(Vendor::Neuro).logins, ACCOUNTS);

    // An hour later all of them are over, at the vendor and here.
    inside.forward(Duration::from_mins(61));
    inside.fault(FaultSpec::always(
        Vendor::Neuro,
        "NN-02",
        FaultKind::Slow { ms: 30 },
    ));
    let fresh = [inside.replica_with(20), inside.replica_with(20)];
    let opened: Vec<_> = connections
        .iter()
        .flat_map(|connection| fresh.each_ref().map(|replica| replica.open(connection)))
        .collect();
    let began = Instant::now();
    let callers = opened
        .iter()
        .flat_map(|open| (0..CALLERS).map(move |_| open))
        .map(get_token);
    let outcomes = futures::future::join_all(callers).await;
    let took = began.elapsed();
    let errors = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    let tokens: std::collections::BTreeSet<String> = outcomes
        .iter()
        .flatten()
        .flatten()
        .map(|token| token.expose_secret().to_owned())
        .collect();
    let tally = inside.tally(Vendor::Neuro);
    let report = inside
        .sandbox
        .world()
        .requests(Some(Vendor::Neuro), Some("NN-02"));
    let at_once = most_at_once(&report.latest);
    println!(
        "R6 token storm: {} connections x {CALLERS} callers x 2 replicas: {} refreshes, {} spent \
         refresh tokens reused, {errors} caller errors, at most {at_once} at once, {:.1} s",
        connections.len(),
        tally.refreshes,
        tally.reused,
        took.as_secs_f64()
    );
    assert_eq!((tally.refreshes, tally.reused, errors), (ACCOUNTS, 0, 0));
    assert_eq!(tally.logins, ACCOUNTS, "nobody logged in again");
    assert_eq!(tokens.len(), ACCOUNTS, "both replicas use the same tokens");
    assert!(at_once <= 4, "{at_once} renewals at once");
    assert!(took < Duration::from_secs(60), "{took:?}");
    for connection in connections.iter().step_by(20) {
        // The vendor lets the token in and denies the company, which is none of its own.
        let error = fresh[1].check(connection).await.unwrap_err();
        assert_eq!(error.status, Some(403), "{error}");
    }
    assert_eq!(inside.tally(Vendor::Neuro), tally, "the tokens work");
}

/// How many of these requests ran at the same time at most.
fn most_at_once(requests: &[RequestEntry]) -> usize {
    let mut moments: Vec<(i64, i32)> = requests
        .iter()
        .flat_map(|request| {
            let began = request.at.as_millisecond();
            // A request that ends as the next one begins does not run beside it.
            let ended = began + (request.duration_ms - 1).max(0);
            [(began, 1), (ended, -1)]
        })
        .collect();
    moments.sort_unstable();
    let mut running = 0;
    let peak = moments.into_iter().map(|(_, change)| {
        running += change;
        running
    });
    usize::try_from(peak.max().unwrap_or(0)).unwrap()
}

#[tokio::test]
async fn case_046_r8_a_wrong_password_costs_one_login_in_a_day() {
    let inside = Inside::new(1).await;
    let replicas = [inside.replica(), inside.replica()];
    let (settings, right) = inside.account(Vendor::Neuro);
    let login = right.get("login").unwrap().expose_secret().to_owned();
    let wrong = Credentials::new([
        ("login".to_owned(), login.into()),
        ("password".to_owned(), "mistyped".to_owned().into()),
    ]);
    let connection = inside
        .connect(&replicas[0], Vendor::Neuro, settings, &wrong)
        .await;
    // Every five minutes both replicas want something of the vendor, and now and then one restarts.
    for round in 0..24 * 12 {
        for replica in &replicas {
            let error = replica.check(&connection).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidCredentials);
        }
        if round % 50 == 7 {
            let restarted = inside.replica();
            restarted.check(&connection).await.unwrap_err();
            restarted.store.close().await;
        }
        inside.forward(Duration::from_mins(5));
    }
    let tally = inside.tally(Vendor::Neuro);
    println!(
        "R8 login abuse: wrong password for 24 simulated hours, 2 replicas: {} login",
        tally.rejected_logins
    );
    assert_eq!((tally.rejected_logins, tally.logins), (1, 0));
    let stands = inside.stored(&replicas[0], connection.id).await;
    assert_eq!(stands.state.as_str(), "reauth_required");
    let reason = stands.state_reason.unwrap();
    assert!(reason.contains("the vendor refused the login"), "{reason}");
    assert!(reason.contains("/credentials"), "what to do: {reason}");
    assert_eq!(
        inside.event_types(connection.id).await,
        [
            "connection.created",
            "connection.state_changed",
            "connection.reauth_required"
        ]
    );
}
