use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use callweave_model::{Clock as _, SystemClock};
use callweave_provider::{http_client::TransportError, manifest::RateBudget};
use callweave_provider_http::{HttpTransport, MemoryPace, Pace};

use crate::support::{BUDGET, Server, account, answer, get, guard, scope, short, transport};

#[tokio::test]
async fn case_009_after_a_429_nothing_is_sent_until_the_pause_is_over() {
    let server = Server::answering(answer("429 Slow", "retry-after: 7\r\n", "{}")).await;
    let pace = Arc::new(MemoryPace::default());
    let replica = || {
        let shared: Arc<dyn Pace> = Arc::<MemoryPace>::clone(&pace);
        HttpTransport::with_pace(short(), guard(), Arc::new(SystemClock), shared).unwrap()
    };
    let (one, two) = (replica(), replica());
    let scope = || scope(&server.url(""), BUDGET);
    let answer = one
        .for_connection(scope())
        .send(get(&server.url("/")))
        .await
        .unwrap();
    assert_eq!(
        answer.status.as_u16(),
        429,
        "the answer itself is handed on"
    );
    for transport in [&one, &two] {
        let client = transport.for_connection(scope());
        let error = client.send(get(&server.url("/"))).await.unwrap_err();
        let TransportError::RateLimited { after: Some(left) } = error else {
            panic!("{error:?}");
        };
        assert!(
            left > Duration::from_secs(6) && left <= Duration::from_secs(7),
            "{left:?}"
        );
        assert!(matches!(
            client.stream(get(&server.url("/"))).await,
            Err(TransportError::RateLimited { .. })
        ));
    }
    assert_eq!(server.requests(), 1);
    let mut other = scope();
    other.account = account(2);
    one.for_connection(other)
        .send(get(&server.url("/")))
        .await
        .unwrap();
    assert_eq!(server.requests(), 2, "another account is not held back");
}

/// The pause that an account is left with after a 429 with these headers.
async fn pause_after(headers: &str) -> Duration {
    let server = Server::answering(answer("429 Slow", headers, "")).await;
    let client = server.client();
    client.send(get(&server.url("/"))).await.unwrap();
    let error = client.send(get(&server.url("/"))).await.unwrap_err();
    let TransportError::RateLimited { after: Some(left) } = error else {
        panic!("{headers:?}: {error:?}");
    };
    assert_eq!(server.requests(), 1, "{headers:?}");
    left
}

#[tokio::test]
async fn case_010_a_429_pauses_for_what_it_names_within_a_second_and_an_hour() {
    let date = |ahead: i64| {
        let at = jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(ahead);
        jiff::fmt::rfc2822::to_string(&at.to_zoned(jiff::tz::TimeZone::UTC)).unwrap()
    };
    let now = SystemClock.now().as_millis() / 1_000;
    let hour = Duration::from_hours(1);
    let second = Duration::from_secs(1);
    for (named, least, most) in [
        ("7".to_owned(), 6 * second, 7 * second),
        ("1e9".to_owned(), Duration::from_secs(3_595), hour),
        (date(now + 100), 90 * second, 100 * second),
        (date(now + 1_000_000), Duration::from_secs(3_595), hour),
        (date(now - 1_000), Duration::ZERO, second),
        ("-5".to_owned(), Duration::ZERO, second),
        ("0".to_owned(), Duration::ZERO, second),
    ] {
        let left = pause_after(&format!("retry-after: {named}\r\n")).await;
        assert!(left >= least && left <= most, "{named}: {left:?}");
    }
}

#[tokio::test]
async fn case_010_a_429_without_a_readable_time_pauses_by_our_own_rule() {
    for header in [
        "",
        "retry-after: soon\r\n",
        "retry-after: NaN\r\n",
        "retry-after: inf\r\n",
        "retry-after: \r\n",
        "retry-after: 99999999999999999999999 s\r\n",
    ] {
        let left = pause_after(header).await;
        assert!(left <= Duration::from_secs(1), "{header:?}: {left:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_noted_pause_is_never_shortened_and_ends() {
    let pace = MemoryPace::default();
    pace.note(account(1), Duration::from_mins(1)).await;
    pace.note(account(1), Duration::from_secs(5)).await;
    assert_eq!(
        pace.remaining(account(1)).await,
        Some(Duration::from_mins(1))
    );
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(pace.remaining(account(1)).await, None);
}

#[tokio::test]
async fn the_rate_and_the_requests_at_once_are_bounded_over_all_clients_of_a_connection() {
    let server = Server::start(|_, mut peer| async move {
        while peer.request().await.is_some() {
            tokio::time::sleep(Duration::from_millis(60)).await;
            peer.write(answer("200 OK", "", "{}").as_bytes()).await;
        }
    })
    .await;
    let transport = transport(short());
    let budget = RateBudget {
        requests_per_second: 100,
        concurrency: 2,
    };
    let began = Instant::now();
    let url = server.url("/");
    let all = (0..8).map(|_| {
        let client = transport.for_connection(scope(&server.url(""), budget));
        let url = url.clone();
        async move { client.send(get(&url)).await }
    });
    let outcomes = futures::future::join_all(all).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert!(
        began.elapsed() >= Duration::from_millis(240),
        "{:?}",
        began.elapsed()
    );
    assert!(server.connections() <= 2, "{}", server.connections());
}

#[tokio::test]
async fn a_wait_longer_than_the_queue_allows_is_refused_unsent() {
    let server = Server::answering(answer("200 OK", "", "{}")).await;
    let budget = RateBudget {
        requests_per_second: 1,
        concurrency: 1,
    };
    let client = transport(short()).for_connection(scope(&server.url(""), budget));
    client.send(get(&server.url("/"))).await.unwrap();
    let error = client.send(get(&server.url("/"))).await.unwrap_err();
    assert!(
        matches!(error, TransportError::RateLimited { after: Some(_) }),
        "{error:?}"
    );
    assert_eq!(server.requests(), 1);
}
