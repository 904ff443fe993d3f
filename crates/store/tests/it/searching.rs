//! Words are found on a walk and in their index, and it makes no difference which.

use callweave_store::{
    Plans,
    calls::{CallFilter, CallPosition, Order},
};

use crate::support::{Home, at, call, fetched, home, noon, tenant};

/// Whether the call with a number holds a word.
type Holds = fn(u64) -> bool;

const OFTEN: &str = "+998900000003";
const EVER: &str = "+998900000001";
const SELDOM: &str = "+998900000007";

/// Calls of which every one holds a word that all do, every third another, every hundredth a third.
async fn many(home: &Home) {
    let first = at("2025-06-30T22:00:00Z");
    let batch: Vec<_> = (0..400_u64)
        .map(|number| {
            let hours = std::time::Duration::from_secs(number * 19 * 3_600);
            let mut words = "Always".to_owned();
            if number % 3 == 0 {
                words.push_str(" Thirds");
            }
            if number % 100 == 7 {
                words.push_str(" Редко");
            }
            let started = first.plus(hours).to_string();
            let mut call = call(&number.to_string(), &started, &words);
            if number % 2 == 0 {
                call.parties[0].name = Some("Boris".into());
            }
            call.parties[1].phone = Some(if number % 3 == 0 { OFTEN } else { EVER }.into());
            if number % 100 == 7 {
                call.parties[1].phone = Some(SELDOM.into());
            }
            fetched(call, noon())
        })
        .collect();
    for part in batch.chunks(100) {
        home.apply(part).await;
    }
}

async fn pages(home: &Home, filter: &CallFilter, order: Order, limit: i64) -> Vec<String> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let mut tx = home.store.reader(home.tenant, Plans::Kept).await.unwrap();
        let page = tx.list_calls(filter, order, after, limit).await.unwrap();
        tx.leave();
        let Some(last) = page.last() else { break };
        after = Some(CallPosition {
            sort_at: last.sort_at,
            id: last.id,
        });
        found.extend(page.iter().map(|call| call.call.remote_id.clone()));
    }
    found
}

/// Whether exactly those of [`many`] are found that hold what is sought, and have the agent that is: in both orders, on
/// pages of these lengths.
async fn assert_found(home: &Home, filter: &CallFilter, holds: Holds, limits: &[i64]) {
    let mut expected: Vec<String> = (0..400_u64)
        .filter(|number| holds(*number) && (filter.agent.is_none() || number % 2 == 0))
        .map(|number| number.to_string())
        .collect();
    for limit in limits {
        let found = pages(home, filter, Order::Asc, *limit).await;
        assert_eq!(found, expected, "{filter:?} {limit}");
    }
    expected.reverse();
    let found = pages(home, filter, Order::Desc, 50).await;
    assert_eq!(found, expected, "{filter:?}");
}

#[tokio::test]
async fn words_of_every_frequency_are_found_in_both_orders_and_on_every_page() {
    let home = home().await;
    many(&home).await;
    let cases: [(&str, Holds); 4] = [
        ("always", |_| true),
        ("THIRD", |number| number % 3 == 0),
        ("ред", |number| number % 100 == 7),
        ("never", |_| false),
    ];
    for (word, holds) in cases {
        for agent in [None, Some("Boris".to_owned())] {
            let filter = CallFilter {
                words: vec![word.to_lowercase()],
                agent,
                ..CallFilter::default()
            };
            assert_found(&home, &filter, holds, &[3, 50]).await;
        }
    }
}

#[tokio::test]
async fn phones_of_every_frequency_are_found_in_both_orders_and_on_every_page() {
    let home = home().await;
    many(&home).await;
    let cases: [(&[&str], &[&str], Holds); 6] = [
        (&[OFTEN], &[], |number| number % 3 == 0 && number % 100 != 7),
        (&[SELDOM], &[], |number| number % 100 == 7),
        (&["998900000007", SELDOM], &["always"], |number| {
            number % 100 == 7
        }),
        (&[SELDOM, OFTEN], &["ред"], |number| number % 100 == 7),
        (&[EVER], &["ред"], |_| false),
        (&["+998900000009"], &[], |_| false),
    ];
    for (phones, words, holds) in cases {
        for agent in [None, Some("Boris".to_owned())] {
            let filter = CallFilter {
                phones: phones.iter().map(|phone| (*phone).to_owned()).collect(),
                words: words.iter().map(|word| (*word).to_owned()).collect(),
                agent,
                ..CallFilter::default()
            };
            assert_found(&home, &filter, holds, &[3]).await;
        }
    }
}

#[tokio::test]
async fn case_106_a_phone_finds_nothing_of_another_tenant_and_stands_in_its_index() {
    let home = home().await;
    many(&home).await;
    let stranger = tenant(&home.store, "stranger").await;
    let pool = home.pool().await;
    for (tenant, phones, seen) in [
        (home.tenant, "{+998900000007}", 4_i64),
        (home.tenant, "", 0),
        (stranger, "{+998900000007}", 0),
    ] {
        let mut tx = pool.begin().await.unwrap();
        sqlx::query(
            "SELECT set_config('role', 'callweave_search', true), set_config('app.tenant', $1, true), \
                 set_config('app.phones', $2, true), set_config('enable_seqscan', 'off', true), \
                 set_config('enable_indexscan', 'off', true)",
        )
        .bind(tenant.to_string())
        .bind(phones)
        .execute(&mut *tx)
        .await
        .unwrap();
        let count: i64 = sqlx::query_scalar("SELECT count(id) FROM calls")
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        assert_eq!(count, seen, "{phones}");
        let plan: Vec<String> = sqlx::query_scalar("EXPLAIN SELECT id FROM calls")
            .fetch_all(&mut *tx)
            .await
            .unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains("Index Cond: (phones && "), "{plan}");
    }
}

#[tokio::test]
async fn case_106_a_search_finds_nothing_of_another_tenant() {
    let home = home().await;
    many(&home).await;
    let stranger = tenant(&home.store, "stranger").await;
    let filter = CallFilter {
        words: vec!["редко".into()],
        ..CallFilter::default()
    };
    let mut tx = home.store.tenant(stranger).await.unwrap();
    let found = tx.list_calls(&filter, Order::Desc, None, 50).await.unwrap();
    assert!(found.is_empty());
    tx.commit().await.unwrap();
    // The role of the index sees what its transaction's words and tenant let it see, and nothing else.
    let pool = home.pool().await;
    for (tenant, words, seen) in [
        (home.tenant, "'редко'", 4_i64),
        (home.tenant, "", 0),
        (stranger, "'редко'", 0),
    ] {
        let mut tx = pool.begin().await.unwrap();
        sqlx::query(
            "SELECT set_config('role', 'callweave_search', true), set_config('app.tenant', $1, true), \
                 set_config('app.words', $2, true)",
        )
        .bind(tenant.to_string())
        .bind(words)
        .execute(&mut *tx)
        .await
        .unwrap();
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM call_search")
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        assert_eq!(count, seen, "{words}");
        let calls: i64 = sqlx::query_scalar("SELECT count(id) FROM calls")
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        assert_eq!(calls, 0, "no phone is looked for");
        let other = sqlx::query("SELECT body FROM calls")
            .execute(&mut *tx)
            .await;
        assert!(other.is_err(), "it reads nothing but words and phones");
    }
}

#[tokio::test]
async fn words_are_looked_up_in_their_index() {
    let home = home().await;
    many(&home).await;
    let pool = home.pool().await;
    let mut tx = pool.begin().await.unwrap();
    sqlx::query(
        "SELECT set_config('role', 'callweave_search', true), set_config('app.tenant', $1, true), \
             set_config('app.words', '''редко''', true), set_config('enable_seqscan', 'off', true)",
    )
    .bind(home.tenant.to_string())
    .execute(&mut *tx)
    .await
    .unwrap();
    let plan: Vec<String> = sqlx::query_scalar("EXPLAIN SELECT call_id FROM call_search")
        .fetch_all(&mut *tx)
        .await
        .unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("Index Cond: (words @@ "), "{plan}");
}
