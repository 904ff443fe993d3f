//! Case 103: published keys that are late, gone, rotated, or nonsense.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use callweave_identity::{Claims, Rejected, Verifier};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::support::{Keys, Published, claims, now, sign, verifier};

fn token(keys: &Keys, id: &str) -> String {
    let header = json!({"alg": "EdDSA", "kid": id});
    sign(
        &header,
        &claims("set"),
        &keys.signing(Algorithm::EdDSA),
        Algorithm::EdDSA,
    )
}

async fn verify(verifier: &Verifier, keys: &Keys, id: &str) -> Result<Claims, Rejected> {
    verifier.verify(&token(keys, id), now()).await
}

#[tokio::test(start_paused = true)]
async fn case_103_the_last_good_set_is_used_for_a_day_and_no_longer() {
    let (keys, published) = (Keys::make(), Arc::<Published>::default());
    let verifier = verifier(&keys, &published);
    assert_eq!(
        verify(&verifier, &keys, "one").await,
        Err(Rejected::KeysUnavailable)
    );
    tokio::time::advance(Duration::from_secs(61)).await;
    published.publish(&json!({"keys": [keys.ed_jwk("one")]}));
    assert!(verify(&verifier, &keys, "one").await.is_ok());
    *published.body.lock().unwrap() = None;
    for _ in 0..23 {
        tokio::time::advance(Duration::from_secs(3_600)).await;
        assert!(verify(&verifier, &keys, "one").await.is_ok());
    }
    tokio::time::advance(Duration::from_secs(7_200)).await;
    assert_eq!(
        verify(&verifier, &keys, "one").await,
        Err(Rejected::KeysUnavailable)
    );
}

#[tokio::test(start_paused = true)]
async fn case_103_a_rotation_is_picked_up_within_a_minute() {
    let (old, new, published) = (Keys::make(), Keys::make(), Arc::<Published>::default());
    let verifier = verifier(&old, &published);
    published.publish(&json!({"keys": [old.ed_jwk("old")]}));
    assert!(verify(&verifier, &old, "old").await.is_ok());
    published.publish(&json!({"keys": [new.ed_jwk("new")]}));
    assert_eq!(verify(&verifier, &new, "new").await, Err(Rejected::Key));
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(verify(&verifier, &new, "new").await.is_ok());
    assert_eq!(
        verify(&verifier, &old, "old").await,
        Err(Rejected::Key),
        "withdrawn"
    );
    assert_eq!(published.fetches.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn case_103_a_bad_set_is_ignored() {
    let (keys, published) = (Keys::make(), Arc::<Published>::default());
    let verifier = verifier(&keys, &published);
    published.publish(&json!({"keys": [keys.ed_jwk("one")]}));
    assert!(verify(&verifier, &keys, "one").await.is_ok());
    let shared = json!({"kty": "oct", "k": "c2VjcmV0", "kid": "one"});
    let bad: [Value; 6] = [
        json!({"keys": [keys.ed_jwk("one"), Keys::make().ed_jwk("one")]}),
        json!({"keys": []}),
        json!({"keys": [shared]}),
        json!([]),
        json!("keys"),
        json!({"keys": vec![keys.ed_jwk("one"); 101]}),
    ];
    for set in bad {
        published.publish(&set);
        tokio::time::advance(Duration::from_mins(11)).await;
        let before = published.fetches.load(Ordering::SeqCst);
        assert!(verify(&verifier, &keys, "one").await.is_ok(), "{set}");
        assert_eq!(published.fetches.load(Ordering::SeqCst), before + 1);
    }
}
