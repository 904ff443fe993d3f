//! API keys: `cw_live_<id>_<secret>_<checksum>`, made here, compared here, kept as a hash.
//!
//! `id` is the key's id (128 bits, hexadecimal), `secret` 256 random bits, `checksum` the CRC-32 of
//! everything before it: a mistyped key is told from a guessed one without asking the database,
//! and leaked keys can be found by scanners.

use callweave_model::ApiKeyId;
use rand::CryptoRng;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::hex::hex;

/// What every key begins with.
pub const PREFIX: &str = "cw_live_";

const SECRET_DIGITS: usize = 64;

/// A key that was just made: the only moment at which its text exists.
#[derive(Debug)]
pub struct NewKey {
    /// The key as its owner gets it, once.
    pub text: SecretString,
    /// What is stored of its secret.
    pub secret_hash: Vec<u8>,
}

/// A key as somebody presented it; well-formed, not yet compared.
#[derive(Debug)]
pub struct PresentedKey {
    /// Which key it says it is.
    pub id: ApiKeyId,
    secret: SecretString,
}

/// Makes the key with this id.
pub fn generate(id: ApiKeyId, random: &mut impl CryptoRng) -> NewKey {
    let mut bytes = [0_u8; SECRET_DIGITS / 2];
    random.fill_bytes(&mut bytes);
    let secret = hex(&bytes);
    let unchecked = format!("{PREFIX}{}_{secret}", id.0.simple());
    NewKey {
        secret_hash: hash(&secret),
        text: format!("{unchecked}_{}", checksum(&unchecked)).into(),
    }
}

/// Reads a key; `None` when it is not one, or was mistyped.
pub fn parse(text: &str) -> Option<PresentedKey> {
    let (unchecked, sum) = text.rsplit_once('_')?;
    let (id, secret) = unchecked.strip_prefix(PREFIX)?.split_once('_')?;
    let digits = |text: &str, length: usize| {
        text.len() == length
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let fits = digits(id, 32) && digits(secret, SECRET_DIGITS) && sum == checksum(unchecked);
    if !fits {
        return None;
    }
    Some(PresentedKey {
        id: ApiKeyId(Uuid::parse_str(id).ok()?),
        secret: secret.into(),
    })
}

impl PresentedKey {
    /// Compares the secret with a stored hash, in constant time. Without a stored key the same
    /// work is done against nothing, so that the answer's time does not tell whether the id exists.
    pub fn matches(&self, stored: Option<&[u8]>) -> bool {
        let presented = hash(self.secret.expose_secret());
        let dummy = [0_u8; 32];
        let equal: bool = presented.ct_eq(stored.unwrap_or(&dummy)).into();
        equal && stored.is_some()
    }
}

fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

fn checksum(text: &str) -> String {
    format!("{:08x}", crc32fast::hash(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_and_matches_only_its_own_hash() {
        let id = ApiKeyId(Uuid::from_u128(7));
        let (one, other) = (
            generate(id, &mut rand::rng()),
            generate(id, &mut rand::rng()),
        );
        let read = parse(one.text.expose_secret()).unwrap();
        assert_eq!(read.id, id);
        assert!(read.matches(Some(&one.secret_hash)));
        assert!(!read.matches(Some(&other.secret_hash)));
        assert!(!read.matches(None));
        assert!(!read.matches(Some(b"short")));
        assert!(!format!("{one:?} {read:?}").contains(&one.text.expose_secret()[50..80]));
    }

    #[test]
    fn a_mistyped_key_is_no_key() {
        let key = generate(ApiKeyId(Uuid::from_u128(7)), &mut rand::rng());
        let text = key.text.expose_secret();
        let flipped = if text.ends_with('0') { "1" } else { "0" };
        let typos = [
            format!("{}{flipped}", &text[..text.len() - 1]),
            text.to_uppercase(),
            text.replacen("cw_live_", "cw_test_", 1),
            text[1..].to_owned(),
            format!("{text}_"),
            String::new(),
            "cw_live___".to_owned(),
        ];
        for typo in typos {
            assert!(parse(&typo).is_none(), "{typo}");
        }
    }
}
