//! Forged and broken tokens at the router: each kind is refused, and told nothing.

use std::{collections::BTreeSet, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use callweave_identity::{OwnTokens, Request};
use callweave_model::{Clock as _, SystemClock, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    Gateway,
    tokens::{SHARED, own},
};

/// What is wrong with a token, and the token.
type Forged = (String, String);

/// An Ed25519 key in PKCS #8 (RFC 8410), up to the key itself.
const PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

fn seconds() -> i64 {
    SystemClock.now().as_millis() / 1_000
}

/// What the trusted issuer says of a caller it knows.
fn honest() -> Value {
    let now = seconds();
    json!({"iss": "https://login.example", "aud": "callweave", "sub": "agent-7", "iat": now, "nbf": now,
        "exp": now + 300, "scope": "calls:read"})
}

fn part(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn sign(
    header: impl AsRef<[u8]>,
    claims: impl AsRef<[u8]>,
    key: &EncodingKey,
    algorithm: Algorithm,
) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

/// Signed by the trusted issuer, whatever it says.
fn issued(header: &Value, claims: &Value) -> String {
    issued_text(&header.to_string(), &claims.to_string())
}

fn issued_text(header: &str, claims: &str) -> String {
    let key = EncodingKey::from_secret(SHARED.as_bytes());
    sign(header, claims, &key, Algorithm::HS256)
}

fn good() -> String {
    issued(&json!({"alg": "HS256", "typ": "JWT"}), &honest())
}

/// Takes a token apart: what is signed, and the signature.
fn taken_apart(token: &str) -> (String, String) {
    let (message, signature) = token.rsplit_once('.').unwrap();
    (message.to_owned(), signature.to_owned())
}

fn named(what: impl Into<String>, token: impl Into<String>) -> Forged {
    (what.into(), token.into())
}

/// Without a signature, with a wrong one, with one by another secret or algorithm.
fn signatures() -> Vec<Forged> {
    let claims = honest().to_string();
    let (message, signature) = taken_apart(&good());
    let mut forged = Vec::new();
    for none in ["none", "None", "NONE", "nOnE", ""] {
        let unsigned = format!(
            "{}.{}",
            part(json!({"alg": none}).to_string()),
            part(&claims)
        );
        forged.push(named(
            format!("algorithm {none:?}, no signature"),
            format!("{unsigned}."),
        ));
        forged.push(named(
            format!("algorithm {none:?}, a signature"),
            format!("{unsigned}.{signature}"),
        ));
    }
    for (what, secret) in [
        ("another secret", "another shared secret of 32 bytes or so"),
        ("the secret with a line feed", &format!("{SHARED}\n")),
        ("the secret in capitals", &SHARED.to_uppercase()),
        ("the issuer's name as the secret", "https://login.example"),
        ("an empty secret", ""),
    ] {
        let key = EncodingKey::from_secret(secret.as_bytes());
        forged.push(named(
            what,
            sign(r#"{"alg":"HS256"}"#, &claims, &key, Algorithm::HS256),
        ));
    }
    for (algorithm, told) in [
        (Algorithm::HS384, "HS384"),
        (Algorithm::HS512, "HS512"),
        (Algorithm::HS384, "HS256"),
        (Algorithm::HS512, "HS256"),
    ] {
        let key = EncodingKey::from_secret(SHARED.as_bytes());
        let header = json!({"alg": told}).to_string();
        forged.push(named(
            format!("{algorithm:?} told as {told}"),
            sign(header, &claims, &key, algorithm),
        ));
    }
    let other = taken_apart(&issued(&json!({"alg": "HS256"}), &honest())).1;
    let short = &signature[..signature.len() - 2];
    let mut claimed = honest();
    claimed["scope"] = json!("*");
    let (header, _) = message.split_once('.').unwrap();
    forged.extend([
        named("an empty signature", format!("{message}.")),
        named(
            "the signature of another token",
            format!("{message}.{other}"),
        ),
        named("a signature cut short", format!("{message}.{short}")),
        named(
            "a signature twice",
            format!("{message}.{signature}{signature}"),
        ),
        named("a padded signature", format!("{message}.{signature}=")),
        named(
            "a signature with other spare bits",
            format!("{message}.{}", respelled(&signature)),
        ),
        named(
            "claims changed after signing",
            format!("{header}.{}.{signature}", part(claimed.to_string())),
        ),
        named(
            "a header changed after signing",
            format!(
                "{}.{}.{signature}",
                part(r#"{"alg":"HS256"}"#),
                part(&claims)
            ),
        ),
    ]);
    forged
}

/// The same bytes, were the bits beyond them not looked at.
fn respelled(signature: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (kept, last) = signature.split_at(signature.len() - 1);
    let digit = DIGITS
        .iter()
        .position(|digit| *digit == last.as_bytes()[0])
        .unwrap();
    format!("{kept}{}", char::from(DIGITS[digit ^ 1]))
}

/// Signed well, under a header that nobody here follows or that is none.
fn headers() -> Vec<Forged> {
    let members = [
        ("alg", json!("hs256")),
        ("alg", json!("RS256")),
        ("alg", json!("ES256")),
        ("alg", json!("EdDSA")),
        ("alg", json!(1)),
        ("alg", Value::Null),
        ("alg", json!(["HS256"])),
        ("jku", json!("https://attacker.example/keys")),
        ("x5u", json!("https://attacker.example/chain")),
        ("jwk", json!({"kty": "oct", "k": part("attacker")})),
        ("x5c", json!(["AAAA"])),
        ("x5t", json!("AAAA")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A128GCM")),
        ("kid", json!(1)),
        ("typ", json!("JWE")),
        ("typ", json!(1)),
    ];
    let mut forged: Vec<Forged> = members
        .into_iter()
        .map(|(member, value)| {
            let mut header = json!({"alg": "HS256"});
            header[member] = value.clone();
            named(
                format!("header {member} {value}"),
                issued(&header, &honest()),
            )
        })
        .collect();
    for (what, header) in [
        ("a header without an algorithm", "{}"),
        ("a header that is a list", r#"["HS256"]"#),
        ("a header that is no JSON", "HS256"),
        ("an empty header", ""),
    ] {
        forged.push(named(what, issued_text(header, &honest().to_string())));
    }
    forged
}

/// Signed well by the trusted issuer, for somebody else, for another time, or about nobody.
fn claims() -> Vec<Forged> {
    let now = seconds();
    let wrong = [
        ("iss", json!("https://stranger.example")),
        ("iss", json!("https://login.example/")),
        ("iss", json!("HTTPS://LOGIN.EXAMPLE")),
        ("iss", json!(["https://login.example"])),
        ("aud", json!("others")),
        ("aud", json!("Callweave")),
        ("aud", json!(["callweave", "others"])),
        ("aud", json!([])),
        ("aud", json!(1)),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("sub", json!("s".repeat(300))),
        ("exp", json!(now - 60)),
        ("exp", json!(now + 7_300)),
        ("exp", json!((now + 300).to_string())),
        ("exp", json!(0.5)),
        ("exp", json!(-1)),
        ("exp", json!(u64::MAX)),
        ("exp", json!(1e30)),
        ("exp", Value::Null),
        ("iat", json!(now + 300)),
        ("iat", json!("yesterday")),
        ("nbf", json!(now + 300)),
        ("nbf", json!(true)),
        ("scope", json!(1)),
        ("scope", json!([1])),
    ];
    let header = json!({"alg": "HS256"});
    let mut forged: Vec<Forged> = wrong
        .into_iter()
        .enumerate()
        .map(|(number, (member, value))| {
            let mut claims = honest();
            claims[member] = value;
            named(
                format!("claim {member} ({number})"),
                issued(&header, &claims),
            )
        })
        .collect();
    for missing in ["iss", "aud", "sub", "exp"] {
        let mut claims = honest();
        claims.as_object_mut().unwrap().remove(missing);
        forged.push(named(
            format!("no claim {missing}"),
            issued(&header, &claims),
        ));
    }
    let twice = honest()
        .to_string()
        .replace("\"exp\":", "\"exp\":1,\"exp\":");
    for (what, claims) in [
        ("a claim twice", twice.as_str()),
        ("claims that are a list", "[]"),
        ("claims that are no JSON", "iss"),
        ("no claims", ""),
    ] {
        forged.push(named(what, issued_text(&header.to_string(), claims)));
    }
    forged
}

/// Not in compact form.
fn shapes() -> Vec<Forged> {
    let good = good();
    let (message, signature) = taken_apart(&good);
    let (header, payload) = message.split_once('.').unwrap();
    let flat = json!({"protected": header, "payload": payload, "signature": signature});
    vec![
        named("two signatures", format!("{good}.{signature}")),
        named("no signature part", message.clone()),
        named("only dots", ".."),
        named("JSON serialisation", flat.to_string()),
        named(
            "a space within",
            message.replacen('.', ". ", 1) + "." + &signature,
        ),
        named(
            "a padded header",
            format!("{header}==.{payload}.{signature}"),
        ),
        named(
            "a huge one",
            format!("{}.{payload}.{signature}", "A".repeat(9_000)),
        ),
    ]
}

/// What a token of the gateway's own says of a key, with every scope.
fn wide(gateway: &Gateway, key: Uuid) -> String {
    let now = seconds();
    json!({"iss": "callweave", "aud": "callweave", "sub": key.to_string(), "iat": now, "nbf": now,
        "exp": now + 300, "tenant": gateway.tenant.0.to_string(), "scope": "*"})
    .to_string()
}

/// Tokens that say they are the gateway's own, and that somebody else has signed, or nobody.
fn said_to_be_ours(gateway: &Gateway, key: Uuid) -> Vec<Forged> {
    let claims = wide(gateway, key);
    let published = own().published();
    let public = published["keys"][0]["x"].as_str().unwrap();
    let kid = published["keys"][0]["kid"].as_str().unwrap();
    let attacker = EncodingKey::from_ed_der(&[PKCS8.as_slice(), &[9; 32]].concat());
    let mut forged = Vec::new();
    for (what, header) in [
        ("its id told", json!({"alg": "EdDSA", "kid": kid})),
        ("no id told", json!({"alg": "EdDSA"})),
        (
            "a path as its id",
            json!({"alg": "EdDSA", "kid": "../../dev/null"}),
        ),
        (
            "SQL as its id",
            json!({"alg": "EdDSA", "kid": "' OR 1=1 --"}),
        ),
    ] {
        let token = sign(header.to_string(), &claims, &attacker, Algorithm::EdDSA);
        forged.push(named(format!("ours by another key, {what}"), token));
    }
    for (what, secret) in [
        ("a public key", public.as_bytes().to_vec()),
        (
            "the bytes of a public key",
            URL_SAFE_NO_PAD.decode(public).unwrap(),
        ),
        ("the published set", published.to_string().into_bytes()),
    ] {
        let header = json!({"alg": "HS256", "kid": kid}).to_string();
        let token = sign(
            header,
            &claims,
            &EncodingKey::from_secret(&secret),
            Algorithm::HS256,
        );
        forged.push(named(format!("ours by {what} taken for a secret"), token));
    }
    let unsigned = part(json!({"alg": "none", "kid": kid}).to_string());
    forged.extend([
        named(
            "ours without a signature",
            format!("{unsigned}.{}.", part(&claims)),
        ),
        named(
            "ours, said by the trusted issuer",
            issued_text(r#"{"alg":"HS256"}"#, &claims),
        ),
    ]);
    forged
}

/// Tokens that gateways have made: for another time, of another one, about another key.
fn made_by_gateways(gateway: &Gateway, key: Uuid) -> Vec<Forged> {
    let now = SystemClock.now();
    let at = |hours: i64| Timestamp::from_millis(now.as_millis() + hours * 3_600_000).unwrap();
    let scopes = ["calls:read".to_owned()];
    let request = Request {
        tenant: gateway.tenant.0,
        api_key: key,
        scopes: &scopes,
        id: Uuid::from_u128(1),
        life: Duration::from_mins(5),
    };
    let nobody = Request {
        api_key: Uuid::from_u128(2),
        ..request.clone()
    };
    let another = Request {
        tenant: Uuid::from_u128(3),
        ..request.clone()
    };
    let endless = Request {
        life: Duration::from_hours(25),
        ..request.clone()
    };
    let stranger = OwnTokens::new("callweave", "callweave", &[vec![8; 32].into()]).unwrap();
    let elsewhere = OwnTokens::new("callweave", "elsewhere", &[vec![7; 32].into()]).unwrap();
    let mut forged: Vec<Forged> = [
        ("of another gateway", &stranger, &request, now),
        ("for another audience", &elsewhere, &request, now),
        ("over", &own(), &request, at(-1)),
        ("not begun", &own(), &request, at(1)),
        ("overlong", &own(), &endless, now),
        ("for a key that is not there", &own(), &nobody, now),
        ("for the key of another tenant", &own(), &another, now),
    ]
    .into_iter()
    .map(|(what, tokens, request, now)| {
        named(format!("ours, {what}"), tokens.make(request, now).unwrap())
    })
    .collect();
    let (message, signature) = taken_apart(&own().make(&request, now).unwrap());
    let (header, _) = message.split_once('.').unwrap();
    let claims = part(wide(gateway, key));
    forged.push(named(
        "ours, widened after signing",
        format!("{header}.{claims}.{signature}"),
    ));
    forged
}

#[tokio::test]
async fn sixty_and_more_kinds_of_forged_tokens_open_nothing() {
    let gateway = Gateway::start().await;
    let key = gateway.key_of(gateway.tenant, &["calls:read"]).await;
    let key = callweave_api::keys::parse(&key).unwrap().id;
    let ask = async |token: &str| {
        let header = format!("Bearer {token}");
        gateway
            .send(
                http::Method::GET,
                "/v1/calls",
                None,
                &[("authorization", &header)],
            )
            .await
    };
    assert_eq!(
        ask(&good()).await.status,
        200,
        "what is forged here is otherwise good"
    );

    let forged = [
        signatures(),
        headers(),
        claims(),
        shapes(),
        said_to_be_ours(&gateway, key.0),
        made_by_gateways(&gateway, key.0),
    ]
    .concat();
    let mut kinds = BTreeSet::new();
    let mut answers = BTreeSet::new();
    for (what, token) in forged {
        let answer = ask(&token).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text());
        assert_eq!(answer.json()["code"], "gateway.unauthenticated", "{what}");
        answers.insert(answer.json()["detail"].to_string());
        assert!(kinds.insert(what.clone()), "{what} stands twice");
    }
    assert!(kinds.len() >= 60, "{} kinds", kinds.len());
    // Neither says what was wrong: what is shaped as a token is answered alike.
    assert_eq!(answers.len(), 2, "{answers:?}");
}
