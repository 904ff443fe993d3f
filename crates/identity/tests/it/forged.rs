//! Cases 99 to 102: every kind of forged or odd token is refused, every good one is taken.

use std::sync::{Arc, atomic::Ordering};

use callweave_identity::{Rejected, Request, Tenant, Verifier};
use callweave_model::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    Keys, NOW, Published, SHARED, TENANT, claims, now, own, part, sign, verifier,
};

const KINDS: [(&str, Algorithm); 4] = [
    ("hs", Algorithm::HS256),
    ("rs", Algorithm::RS256),
    ("es", Algorithm::ES256),
    ("ed", Algorithm::EdDSA),
];

struct Bench {
    keys: Keys,
    verifier: Verifier,
    tried: usize,
}

impl Bench {
    fn new() -> Self {
        let keys = Keys::make();
        let verifier = verifier(&keys, &Arc::default());
        Self {
            keys,
            verifier,
            tried: 0,
        }
    }

    async fn refused(&mut self, what: &str, token: &str) -> Rejected {
        self.tried += 1;
        match self.verifier.verify(token, now()).await {
            Err(rejected) => rejected,
            Ok(claims) => panic!("{what} was accepted: {claims:?}"),
        }
    }

    /// A token of this issuer with changed claims, signed well.
    fn with(&self, name: &str, algorithm: Algorithm, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = claims(name);
        change(&mut claims);
        let header = json!({"alg": format!("{algorithm:?}"), "typ": "JWT"});
        sign(&header, &claims, &self.keys.signing(algorithm), algorithm)
    }

    /// A token of this issuer with another header, signed well.
    fn headed(&self, header: &Value) -> String {
        sign(
            header,
            &claims("ed"),
            &self.keys.signing(Algorithm::EdDSA),
            Algorithm::EdDSA,
        )
    }
}

#[tokio::test]
async fn good_tokens_of_every_algorithm_are_taken() {
    let bench = Bench::new();
    for (name, algorithm) in KINDS {
        let token = bench.with(name, algorithm, |_| {});
        let claims = bench.verifier.verify(&token, now()).await.unwrap();
        assert_eq!(claims.tenant, Tenant::Name("acme".to_owned()));
        assert_eq!(
            claims.scopes,
            ["calls:read"],
            "only what the operator allows"
        );
        assert_eq!(claims.api_key, None);
    }
    let array = bench.with("ed", Algorithm::EdDSA, |claims| {
        claims["aud"] = json!(["callweave"]);
        claims["scope"] = json!(["events:read"]);
    });
    let claims = bench.verifier.verify(&array, now()).await.unwrap();
    assert_eq!(claims.scopes, ["events:read"]);
}

#[tokio::test]
async fn our_own_tokens_come_back_as_they_were_made() {
    let bench = Bench::new();
    let request = Request {
        tenant: TENANT,
        api_key: Uuid::from_u128(9),
        scopes: &["calls:read".to_owned()],
        id: Uuid::from_u128(1),
        life: std::time::Duration::from_secs(600),
    };
    let token = bench.verifier.own().make(&request, now()).unwrap();
    let claims = bench.verifier.verify(&token, now()).await.unwrap();
    assert_eq!(claims.tenant, Tenant::Id(TENANT));
    assert_eq!(claims.api_key, Some(Uuid::from_u128(9)));
    assert_eq!(claims.scopes, ["calls:read"]);
    let later = Timestamp::from_millis((NOW + 631) * 1_000).unwrap();
    assert_eq!(
        bench.verifier.verify(&token, later).await,
        Err(Rejected::Time)
    );
    // A replica with other secrets knows none of it; the same secrets publish the same keys.
    assert_eq!(own().published(), bench.verifier.own().published());
    let published = own().published();
    assert_eq!(published["keys"][0]["crv"], "Ed25519");
    assert!(published["keys"][0].get("d").is_none(), "{published}");
}

#[tokio::test]
async fn case_099_algorithms_and_signatures_are_not_negotiable() {
    let mut bench = Bench::new();
    // Without a signature, in every spelling of "none".
    for name in ["hs", "rs", "es", "ed", "callweave"] {
        for none in ["none", "None", "NONE", "nOnE", ""] {
            let message = format!("{}.{}", part(&json!({"alg": none})), part(&claims(name)));
            bench.refused("no algorithm", &format!("{message}.")).await;
            bench
                .refused("no algorithm, some signature", &format!("{message}.AAAA"))
                .await;
        }
        let message = format!("{}.{}", part(&json!({"alg": "EdDSA"})), part(&claims(name)));
        bench
            .refused("empty signature", &format!("{message}."))
            .await;
    }
    // A public key taken for a shared secret.
    let publics = [
        bench.keys.rsa.public_key_pem(),
        bench.keys.ec.public_key_pem(),
        bench.keys.ed.public_key_pem(),
    ];
    for (name, pem) in ["rs", "es", "ed"].into_iter().zip(publics) {
        for secret in [pem.as_bytes(), pem.trim().as_bytes(), b""] {
            let key = EncodingKey::from_secret(secret);
            let token = sign(
                &json!({"alg": "HS256"}),
                &claims(name),
                &key,
                Algorithm::HS256,
            );
            let rejected = bench.refused("a public key as a secret", &token).await;
            assert_eq!(rejected, Rejected::Algorithm);
        }
    }
    // Every algorithm for every other issuer, and claimed algorithms that are not the real one.
    for (name, own) in KINDS {
        for (_, other) in KINDS.into_iter().filter(|(_, other)| *other != own) {
            let honest = json!({"alg": format!("{other:?}")});
            let lying = json!({"alg": format!("{own:?}")});
            let key = bench.keys.signing(other);
            let (honest, lying) = (
                sign(&honest, &claims(name), &key, other),
                sign(&lying, &claims(name), &key, other),
            );
            assert_eq!(
                bench.refused("another algorithm", &honest).await,
                Rejected::Algorithm
            );
            assert_eq!(
                bench.refused("a lie about it", &lying).await,
                Rejected::Signature
            );
        }
        let strangers = Keys::make();
        let header = json!({"alg": format!("{own:?}")});
        let key = match own {
            Algorithm::HS256 => {
                EncodingKey::from_secret(b"another shared secret of 32 bytes or so")
            }
            own => strangers.signing(own),
        };
        let token = sign(&header, &claims(name), &key, own);
        assert_eq!(
            bench.refused("a stranger's key", &token).await,
            Rejected::Signature
        );
    }
    // Changed after it was signed; two signatures; a signature cut short.
    let good = bench.with("ed", Algorithm::EdDSA, |_| {});
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let mut more = claims("ed");
    more["scope"] = json!("*");
    bench
        .refused(
            "other claims",
            &format!("{header}.{}.{signature}", part(&more)),
        )
        .await;
    bench
        .refused("two signatures", &format!("{good}.{signature}"))
        .await;
    bench
        .refused("a short signature", &good[..good.len() - 4])
        .await;
    bench
        .refused("a signature twice", &format!("{good}{signature}"))
        .await;
    bench.refused("padding", &format!("{good}==")).await;
    bench
        .refused(
            "JSON serialisation",
            &json!({"payload": part(&claims("ed")), "signatures": []}).to_string(),
        )
        .await;
    bench.refused("nothing", "..").await;
    bench
        .refused(
            "a huge one",
            &format!("{}.{}.x", "A".repeat(9_000), "A".repeat(10)),
        )
        .await;
    assert!(bench.tried >= 60, "{} kinds", bench.tried);
}

#[tokio::test]
async fn case_100_audience_issuer_subject_and_life_are_checked() {
    let mut bench = Bench::new();
    for (name, algorithm) in KINDS {
        for missing in ["aud", "iss", "sub", "exp"] {
            let token = bench.with(name, algorithm, |claims| {
                claims.as_object_mut().unwrap().remove(missing);
            });
            bench.refused(missing, &token).await;
        }
        let odd: [(&str, &str, Value); 14] = [
            ("aud", "another", json!("others")),
            ("aud", "strangers beside us", json!(["callweave", "others"])),
            ("aud", "nobody", json!([])),
            ("aud", "a number", json!(1)),
            ("iss", "a stranger", json!("https://stranger.example")),
            ("iss", "an array", json!([name])),
            ("sub", "empty", json!("")),
            ("sub", "a number", json!(1)),
            ("sub", "endless", json!("s".repeat(300))),
            ("exp", "past", json!(NOW - 60)),
            ("exp", "far in the future", json!(NOW + 7_300)),
            ("iat", "in the future", json!(NOW + 300)),
            ("nbf", "in the future", json!(NOW + 300)),
            ("scope", "a number", json!(1)),
        ];
        for (member, what, value) in odd {
            let token = bench.with(name, algorithm, |claims| claims[member] = value);
            bench.refused(&format!("{member}: {what}"), &token).await;
        }
    }
    assert!(bench.tried >= 60);
}

#[tokio::test]
async fn case_101_instants_are_whole_seconds() {
    let mut bench = Bench::new();
    for member in ["exp", "nbf", "iat"] {
        for value in [
            json!("1780000600"),
            json!(1_780_000_600.5),
            json!(-1),
            json!(18_446_744_073_709_551_615_u64),
            json!(1e30),
            json!(null),
            json!(true),
            json!([]),
            json!({}),
        ] {
            let token = bench.with("ed", Algorithm::EdDSA, |claims| {
                claims[member] = value.clone();
            });
            bench.refused(&format!("{member} {value}"), &token).await;
        }
    }
    // Twice the same claim: the second one must not win unseen.
    let twice = claims("ed")
        .to_string()
        .replace("\"exp\":", "\"exp\":1,\"exp\":");
    let message = format!("{}.{}", part(&json!({"alg": "EdDSA"})), base64_of(&twice));
    let key = bench.keys.signing(Algorithm::EdDSA);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::EdDSA).unwrap();
    bench
        .refused("a claim twice", &format!("{message}.{signature}"))
        .await;
}

#[tokio::test]
async fn case_102_nothing_in_a_header_leads_anywhere() {
    let mut bench = Bench::new();
    let published: Arc<Published> = Arc::default();
    bench.verifier = verifier(&bench.keys, &published);
    let attacker = Keys::make();
    let members = [
        ("jku", json!("https://attacker.example/keys")),
        ("x5u", json!("https://attacker.example/chain")),
        ("jwk", attacker.ed_jwk("a")),
        ("x5c", json!(["AAAA"])),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("kid", json!(1)),
        ("typ", json!("JWE")),
    ];
    for (member, value) in members {
        let mut header = json!({"alg": "EdDSA"});
        header[member] = value;
        let token = bench.headed(&header);
        assert_eq!(
            bench.refused(member, &token).await,
            Rejected::Header,
            "{member}"
        );
    }
    for kid in [
        "../../../../dev/null",
        "' OR 1=1 --",
        "\u{0}",
        "x'; DROP TABLE api_keys; --",
    ] {
        let mut own = claims("callweave");
        own["tenant"] = json!(TENANT);
        let header = json!({"alg": "EdDSA", "kid": kid});
        let token = sign(
            &header,
            &own,
            &attacker.signing(Algorithm::EdDSA),
            Algorithm::EdDSA,
        );
        assert_eq!(bench.refused(kid, &token).await, Rejected::Key);
    }
    // A key that nobody published, ten thousand times: one fetch.
    for number in 0..10_000 {
        let header = json!({"alg": "EdDSA", "kid": number.to_string()});
        let message = format!("{}.{}", part(&header), part(&claims("set")));
        bench
            .refused("an unknown key", &format!("{message}.AAAA"))
            .await;
    }
    assert_eq!(published.fetches.load(Ordering::SeqCst), 1);
}

#[test]
fn issuers_that_make_no_sense_are_refused() {
    use callweave_identity::KeySource;
    let keys = Keys::make();
    let make = |algorithm: &str, source: KeySource| {
        let issuer = crate::support::issuer("x", algorithm, source);
        Verifier::new(own(), vec![issuer], Arc::<Published>::default()).map(|_| ())
    };
    assert!(make("HS256", KeySource::Secret(SHARED.into())).is_ok());
    assert!(make("HS256", KeySource::Secret("short".into())).is_err());
    assert!(make("RS256", KeySource::Secret(SHARED.into())).is_err());
    assert!(make("HS256", KeySource::PublicKey(keys.rsa.public_key_pem())).is_err());
    assert!(make("RS256", KeySource::PublicKey(keys.ec.public_key_pem())).is_err());
    assert!(make("ES256", KeySource::PublicKey(keys.rsa.public_key_pem())).is_err());
    assert!(make("none", KeySource::PublicKey(keys.rsa.public_key_pem())).is_err());
    assert!(make("HS512", KeySource::Secret(SHARED.into())).is_err());
    let twice = vec![
        crate::support::issuer("x", "HS256", KeySource::Secret(SHARED.into())),
        crate::support::issuer("x", "HS256", KeySource::Secret(SHARED.into())),
    ];
    assert!(Verifier::new(own(), twice, Arc::<Published>::default()).is_err());
    let ours = vec![crate::support::issuer(
        "callweave",
        "HS256",
        KeySource::Secret(SHARED.into()),
    )];
    assert!(Verifier::new(own(), ours, Arc::<Published>::default()).is_err());
}

fn base64_of(text: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(text)
}
