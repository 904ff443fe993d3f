//! Encryption at rest: XChaCha20-Poly1305 with the row a secret belongs to as associated data, so
//! that a ciphertext copied to another row, column or tenant does not open.

use std::{collections::BTreeMap, fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use callweave_model::TenantId;
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use rand::RngCore as _;

const ENVELOPE_VERSION: u8 = 1;
const NONCE_LENGTH: usize = 24;

/// A key ring cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// There is no key at all.
    #[error("no encryption key is configured; make one with `callweave encryption generate-key`")]
    Empty,
    /// An entry is not `id:base64`.
    #[error("encryption key number {0} is not of the form id:base64")]
    Malformed(usize),
    /// A key has the wrong length.
    #[error("encryption key {0:?} must be 32 bytes, base64")]
    Length(String),
    /// An id occurs twice.
    #[error("encryption key id {0:?} occurs twice")]
    Duplicate(String),
}

/// A secret cannot be opened or sealed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The key it was sealed with is not configured.
    #[error("the encryption key {0:?} is not configured")]
    UnknownKey(String),
    /// It was changed, cut off, or belongs to another row.
    #[error("a stored secret is corrupt or belongs elsewhere")]
    Corrupt,
}

/// Where a secret is stored; part of what is authenticated.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The tenant.
    pub tenant: TenantId,
    /// The row.
    pub row: uuid::Uuid,
}

impl Place {
    fn associated_data(&self) -> Vec<u8> {
        format!(
            "callweave/1|{}|{}|{}|{}",
            self.table, self.column, self.tenant, self.row
        )
        .into_bytes()
    }
}

/// The keys, the first one active. Cheap to clone; does not print them.
#[derive(Clone)]
pub struct Vault {
    active: String,
    ciphers: Arc<BTreeMap<String, XChaCha20Poly1305>>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Vault")
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

/// A fresh key as `id:base64-of-32-bytes`.
pub fn generate_key(id: &str) -> String {
    let mut key = [0_u8; 32];
    rand::rng().fill_bytes(&mut key);
    format!("{id}:{}", STANDARD.encode(key))
}

impl Vault {
    /// Reads `id:base64-of-32-bytes`, comma separated, the first one active.
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        let mut ciphers = BTreeMap::new();
        let mut active = None;
        let entries = text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        for (number, entry) in entries.enumerate() {
            let (id, encoded) = entry
                .split_once(':')
                .ok_or(KeyRingError::Malformed(number + 1))?;
            let id_fits = !id.is_empty()
                && id.len() <= 64
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            if !id_fits {
                return Err(KeyRingError::Malformed(number + 1));
            }
            let key = STANDARD
                .decode(encoded.trim())
                .ok()
                .filter(|key| key.len() == 32);
            let cipher = key
                .and_then(|key| XChaCha20Poly1305::new_from_slice(&key).ok())
                .ok_or_else(|| KeyRingError::Length(id.to_owned()))?;
            if ciphers.insert(id.to_owned(), cipher).is_some() {
                return Err(KeyRingError::Duplicate(id.to_owned()));
            }
            active.get_or_insert_with(|| id.to_owned());
        }
        let active = active.ok_or(KeyRingError::Empty)?;
        Ok(Self {
            active,
            ciphers: Arc::new(ciphers),
        })
    }

    /// The id of the active key.
    pub fn active_key(&self) -> &str {
        &self.active
    }

    /// Whether there is a key with this id.
    pub fn has(&self, key: &str) -> bool {
        self.ciphers.contains_key(key)
    }

    /// What everything begins with that the active key has sealed.
    pub fn prefix(&self) -> Vec<u8> {
        Self::prefix_of(&self.active)
    }

    /// What everything begins with that this key has sealed.
    pub fn prefix_of(key: &str) -> Vec<u8> {
        // No id is so long that it would be cut.
        let length = u8::try_from(key.len()).unwrap_or(u8::MAX);
        [&[ENVELOPE_VERSION, length], key.as_bytes()].concat()
    }

    /// Seals a secret for its place.
    pub fn seal(&self, place: &Place, secret: &[u8]) -> Result<Vec<u8>, VaultError> {
        let cipher = self
            .ciphers
            .get(&self.active)
            .ok_or_else(|| VaultError::UnknownKey(self.active.clone()))?;
        let mut nonce = [0_u8; NONCE_LENGTH];
        rand::rng().fill_bytes(&mut nonce);
        let data = place.associated_data();
        let sealed = cipher
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: secret,
                    aad: &data,
                },
            )
            .map_err(|_opaque| VaultError::Corrupt)?;
        let mut envelope = self.prefix();
        envelope.extend_from_slice(&nonce);
        envelope.extend_from_slice(&sealed);
        Ok(envelope)
    }

    /// Opens a secret from its place.
    pub fn open(&self, place: &Place, envelope: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (id, rest) = split_envelope(envelope).ok_or(VaultError::Corrupt)?;
        let cipher = self
            .ciphers
            .get(id)
            .ok_or_else(|| VaultError::UnknownKey(id.to_owned()))?;
        let (nonce, sealed) = rest
            .split_at_checked(NONCE_LENGTH)
            .ok_or(VaultError::Corrupt)?;
        let nonce: [u8; NONCE_LENGTH] = nonce.try_into().map_err(|_length| VaultError::Corrupt)?;
        let data = place.associated_data();
        cipher
            .decrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: sealed,
                    aad: &data,
                },
            )
            .map_err(|_opaque| VaultError::Corrupt)
    }
}

fn split_envelope(envelope: &[u8]) -> Option<(&str, &[u8])> {
    let (head, rest) = envelope.split_at_checked(2)?;
    let [ENVELOPE_VERSION, id_length] = head else {
        return None;
    };
    let (id, rest) = rest.split_at_checked(usize::from(*id_length))?;
    Some((std::str::from_utf8(id).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(row: u128) -> Place {
        Place {
            table: "connections",
            column: "sealed_credentials",
            tenant: TenantId(uuid::Uuid::from_u128(1)),
            row: uuid::Uuid::from_u128(row),
        }
    }

    #[test]
    fn case_115_a_secret_opens_only_in_its_place_and_unchanged() {
        let vault = Vault::parse(&generate_key("k1")).unwrap();
        let envelope = vault.seal(&place(7), b"hunter").unwrap();
        assert_eq!(vault.open(&place(7), &envelope).unwrap(), b"hunter");
        assert_eq!(vault.open(&place(8), &envelope), Err(VaultError::Corrupt));
        for length in 0..envelope.len() {
            assert!(
                vault.open(&place(7), &envelope[..length]).is_err(),
                "cut to {length}"
            );
        }
        for position in 0..envelope.len() {
            let mut bent = envelope.clone();
            bent[position] ^= 1;
            assert!(
                vault.open(&place(7), &bent).is_err(),
                "bit flip at {position}"
            );
        }
    }

    #[test]
    fn case_117_no_short_or_wrong_key_is_accepted() {
        assert_eq!(Vault::parse("").unwrap_err(), KeyRingError::Empty);
        assert_eq!(Vault::parse("k1").unwrap_err(), KeyRingError::Malformed(1));
        assert_eq!(
            Vault::parse("k1:c2hvcnQ=").unwrap_err(),
            KeyRingError::Length("k1".into())
        );
        let one = generate_key("k1");
        assert_eq!(
            Vault::parse(&format!("{one},{one}")).unwrap_err(),
            KeyRingError::Duplicate("k1".into())
        );
        let sealed = Vault::parse(&one).unwrap().seal(&place(7), b"s").unwrap();
        let other = Vault::parse(&generate_key("k2")).unwrap();
        assert_eq!(
            other.open(&place(7), &sealed),
            Err(VaultError::UnknownKey("k1".into()))
        );
        let same_id = Vault::parse(&generate_key("k1")).unwrap();
        assert_eq!(same_id.open(&place(7), &sealed), Err(VaultError::Corrupt));
    }

    #[test]
    fn an_older_key_still_opens_what_it_sealed() {
        let (old, new) = (generate_key("old"), generate_key("new"));
        let sealed = Vault::parse(&old).unwrap().seal(&place(7), b"s").unwrap();
        let both = Vault::parse(&format!("{new},{old}")).unwrap();
        assert_eq!(both.active_key(), "new");
        assert!(sealed.starts_with(&Vault::prefix_of("old")));
        assert!(both.has("old") && !both.has("older"));
        assert!(
            both.seal(&place(7), b"s")
                .unwrap()
                .starts_with(&both.prefix())
        );
        assert_eq!(both.open(&place(7), &sealed).unwrap(), b"s");
        assert!(!format!("{both:?}").contains(old.split(':').nth(1).unwrap()));
    }
}
