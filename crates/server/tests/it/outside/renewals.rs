//! Tokens over several processes.

use callweave_fault_proxy::Fault;
use callweave_sandbox::{FaultKind, FaultSpec, Vendor};
use rustix::process::Signal;

use super::{PATIENCE, Stage};
use crate::support::{eventually, turn};

/// A lease that tests can wait out.
const SHORT_LEASE: (&str, &str) = ("CALLWEAVE__VENDORS__TOKEN_LEASE", "2s");

/// Patience with a database that is away.
const SHORT_PATIENCE: (&str, &str) = ("CALLWEAVE__DATABASE__ACQUIRE_TIMEOUT", "200ms");

fn slow(operation: &str, ms: u64) -> FaultSpec {
    FaultSpec::always(Vendor::Neuro, operation, FaultKind::Slow { ms }).times(1)
}

#[tokio::test]
async fn case_043_three_processes_with_one_expired_token_cost_one_renewal() {
    let _turn = turn().await;
    let stage = Stage::new(1).await;
    let first = stage.gateway("api", &[]).await;
    let id = stage
        .connect(&first.api, Vendor::Neuro, &stage.sandbox.base_url())
        .await;
    let gateways = [
        first,
        stage.gateway("api", &[]).await,
        stage.gateway("api", &[]).await,
    ];
    assert_eq!(stage.tally(Vendor::Neuro), (1, 0, 0));
    stage.age_tokens().await;
    stage.sandbox.world().expire_tokens(Vendor::Neuro, false);
    let asked = (0..45).map(|number| gateways[number % 3].api.check(id));
    let answers = futures::future::join_all(asked).await;
    assert!(
        answers.iter().all(|answer| answer["ok"] == true),
        "{answers:?}"
    );
    assert_eq!(stage.tally(Vendor::Neuro), (1, 1, 0));
    for gateway in gateways {
        assert_eq!(gateway.running.stop().0, Some(0));
    }
}

#[tokio::test]
async fn case_049_a_caller_that_hangs_up_does_not_stop_the_renewal() {
    let _turn = turn().await;
    let stage = Stage::new(1).await;
    let gateway = stage.gateway("api", &[]).await;
    let id = stage
        .connect(&gateway.api, Vendor::Neuro, &stage.sandbox.base_url())
        .await;
    let restarted = stage.gateway("api", &[]).await;
    stage.age_tokens().await;
    stage.sandbox.world().add_fault(slow("NN-02", 1_500));
    {
        let call = restarted.api.check(id);
        tokio::pin!(call);
        tokio::select! {
            answer = &mut call => panic!("answered too soon: {answer}"),
            () = stage.struck(1) => {}
        }
        // The caller hangs up here, in the middle of the renewal.
    }
    eventually("the renewal", PATIENCE, async || {
        let token = &gateway.api.get(&format!("/v1/connections/{id}")).await["token"];
        let renewed = stage.tally(Vendor::Neuro) == (1, 1, 0) && token["state"] == "valid";
        if renewed {
            Ok(())
        } else {
            Err(token.to_string())
        }
    })
    .await;
    assert_eq!(restarted.api.check(id).await["ok"], true);
    assert_eq!(stage.tally(Vendor::Neuro), (1, 1, 0));
}

#[tokio::test]
async fn case_051_a_pair_that_arrives_while_the_database_is_away_is_saved_later() {
    let _turn = turn().await;
    let stage = Stage::new(1).await;
    let (wire, url) = stage.database_proxy().await;
    let outpost = stage.gateway("api", &[]).await;
    let id = stage
        .connect(&outpost.api, Vendor::Neuro, &stage.sandbox.base_url())
        .await;
    let gateway = stage
        .gateway_on(&url, "api", &[SHORT_LEASE, SHORT_PATIENCE])
        .await;
    stage.age_tokens().await;
    stage.sandbox.world().add_fault(slow("NN-02", 1_500));
    let api = gateway.api.clone();
    let path = format!("/v1/connections/{id}/check");
    let asking = tokio::spawn(async move {
        // What comes of it does not matter: its answer needs the database, too.
        let _answer = api.try_send(reqwest::Method::POST, &path, None).await;
    });
    stage.struck(1).await;
    wire.set(Fault::Refuse);
    asking.await.unwrap();
    eventually("the pair at the vendor", PATIENCE, async || {
        match stage.tally(Vendor::Neuro) {
            (1, 1, 0) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    wire.lift();
    eventually("the pair in the database", PATIENCE, async || {
        let token = &outpost.api.get(&format!("/v1/connections/{id}")).await["token"];
        if token["state"] == "valid" {
            Ok(())
        } else {
            Err(token.to_string())
        }
    })
    .await;
    outpost.api.check_until_good(id).await;
    gateway.api.check_until_good(id).await;
    assert_eq!(
        stage.tally(Vendor::Neuro),
        (1, 1, 0),
        "nothing was got twice"
    );
}

#[tokio::test]
async fn case_051_a_crash_before_the_pair_is_saved_costs_a_login_and_no_human() {
    let _turn = turn().await;
    let stage = Stage::new(1).await;
    let (wire, url) = stage.database_proxy().await;
    let outpost = stage.gateway("api", &[SHORT_LEASE]).await;
    let id = stage
        .connect(&outpost.api, Vendor::Neuro, &stage.sandbox.base_url())
        .await;
    let gateway = stage
        .gateway_on(&url, "api", &[SHORT_LEASE, SHORT_PATIENCE])
        .await;
    stage.age_tokens().await;
    stage.sandbox.world().add_fault(slow("NN-02", 1_500));
    let api = gateway.api.clone();
    let path = format!("/v1/connections/{id}/check");
    let asking = tokio::spawn(async move {
        let _answer = api.try_send(reqwest::Method::POST, &path, None).await;
    });
    stage.struck(1).await;
    wire.set(Fault::Refuse);
    asking.await.unwrap();
    gateway.running.kill();
    outpost.api.check_until_good(id).await;
    let (logins, refreshes, reused) = stage.tally(Vendor::Neuro);
    assert_eq!((logins, reused), (2, 0));
    assert_eq!(refreshes, 1, "the pair that was lost");
}

#[tokio::test]
async fn case_052_a_process_that_stood_still_is_fenced_and_its_pair_is_set_aside() {
    let _turn = turn().await;
    let stage = Stage::new(1).await;
    let zombie = stage.gateway("api", &[SHORT_LEASE]).await;
    let id = stage
        .connect(&zombie.api, Vendor::Neuro, &stage.sandbox.base_url())
        .await;
    let quick = stage.gateway("api", &[SHORT_LEASE]).await;
    // A third one has no token in memory.
    let asked = stage.gateway("api", &[SHORT_LEASE]).await;
    zombie.running.kill();
    let zombie = asked;
    stage.age_tokens().await;
    stage.sandbox.world().add_fault(slow("NN-02", 3_000));
    let api = zombie.api.clone();
    let late = tokio::spawn(async move { api.check(id).await });
    stage.struck(1).await;
    zombie.running.signal(Signal::STOP);
    quick.api.check_until_good(id).await;
    let (logins, _, reused) = stage.tally(Vendor::Neuro);
    assert_eq!(
        (logins, reused),
        (2, 0),
        "the refresh token may be spent: a login"
    );
    let row = async || -> (i64, Vec<u8>, bool) {
        let pool = stage.database.pool().await;
        sqlx::query_as("SELECT gen, sealed_token, sealed_orphan IS NOT NULL FROM tokens")
            .fetch_one(&pool)
            .await
            .unwrap()
    };
    // The answer is there when the zombie wakes up.
    eventually(
        "the late pair at the vendor",
        PATIENCE,
        async || match stage.tally(Vendor::Neuro).1 {
            1 => Ok(()),
            other => Err(other.to_string()),
        },
    )
    .await;
    let (generation, token, set_aside) = row().await;
    assert!(!set_aside);
    zombie.running.signal(Signal::CONT);
    assert_eq!(
        late.await.unwrap()["ok"],
        true,
        "with the other one's token"
    );
    let after = row().await;
    assert_eq!(
        (after.0, &after.1),
        (generation, &token),
        "not the current one"
    );
    assert!(after.2, "it is set aside");
    assert_eq!(zombie.api.check(id).await["ok"], true);
    assert_eq!(quick.api.check(id).await["ok"], true);

    // When the refresh token of the row is lost as well, the pair that was set aside serves, once.
    stage.age_tokens().await;
    stage.execute("UPDATE tokens SET intent_gen = gen").await;
    let fresh = stage.gateway("api", &[SHORT_LEASE]).await;
    fresh.api.check_until_good(id).await;
    assert_eq!(stage.tally(Vendor::Neuro), (2, 2, 0));
    assert!(!row().await.2, "used up");
}

#[tokio::test]
async fn the_owner_sees_how_it_stands_with_the_token() {
    let _turn = turn().await;
    let stage = Stage::new(1).await;
    let gateway = stage.gateway("api", &[]).await;
    let base_url = stage.sandbox.base_url();
    let id = stage.connect(&gateway.api, Vendor::Neuro, &base_url).await;
    let shown = gateway.api.get(&format!("/v1/connections/{id}")).await;
    let token = &shown["token"];
    assert_eq!(token["state"], "valid", "{token}");
    assert_eq!(token["handed_in"], false);
    let time = |member: &str| -> callweave_model::Timestamp {
        token[member].as_str().unwrap().parse().unwrap()
    };
    let (obtained, refreshes, ends) = (
        time("obtained_at"),
        time("refreshes_at"),
        time("expires_at"),
    );
    assert!(obtained < refreshes && refreshes < ends, "{token}");
    assert_eq!(gateway.api.status(id).await["token"], *token);
    let static_one = stage
        .connect(&gateway.api, Vendor::AloVoice, &base_url)
        .await;
    let shown = gateway
        .api
        .get(&format!("/v1/connections/{static_one}"))
        .await;
    assert!(shown["token"].is_null(), "{shown}");
    let handed_in = stage
        .connect(&gateway.api, Vendor::Transcripto, &base_url)
        .await;
    let shown = gateway
        .api
        .get(&format!("/v1/connections/{handed_in}"))
        .await;
    assert_eq!(shown["token"]["handed_in"], true, "{shown}");
    assert!(shown["token"]["refreshes_at"].is_null(), "{shown}");

    // A login that is refused: what is wrong, and what to do.
    stage.age_tokens().await;
    stage.execute("UPDATE tokens SET intent_gen = gen").await;
    let options = serde_json::json!({"reject_logins": true});
    let options = options.as_object().unwrap().clone();
    stage.sandbox.world().set_options(options).unwrap();
    let restarted = stage.gateway("api", &[]).await;
    for _ in 0..3 {
        let answer = restarted.api.check(id).await;
        assert_eq!(
            (&answer["ok"], &answer["state"]),
            (&false.into(), &"reauth_required".into())
        );
    }
    let status = restarted.api.status(id).await;
    assert_eq!(status["state"], "reauth_required");
    let reason = status["state_reason"].as_str().unwrap();
    assert!(
        reason.contains(&format!("PUT /v1/connections/{id}/credentials")),
        "{reason}"
    );
    let token = &status["token"];
    assert_eq!(token["state"], "reauth_required", "{token}");
    assert!(
        token["reason"].as_str().unwrap().contains("refused"),
        "{token}"
    );
    assert!(
        token["expires_at"].is_null() && token["refreshes_at"].is_null(),
        "{token}"
    );
    let rejected = stage
        .ledger(Vendor::Neuro)
        .iter()
        .filter(|entry| entry.action == callweave_sandbox::Action::LoginRejected)
        .count();
    assert_eq!(rejected, 1);
}
