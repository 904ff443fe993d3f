//! Cursors of lists: opaque, and worthless in any other place than the one they were made for.
//!
//! A cursor is `version | place | tag` in base64url; the tag is an HMAC-SHA256 over the place and
//! the tenant, the filters and the order it was given for. The place is an instant and an id, in
//! the feed of events the feed's id and a position, in lists that a vendor keeps its adapter's own
//! position.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use callweave_model::{TenantId, Timestamp};
use callweave_store::events::Position;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;
use uuid::Uuid;

use crate::problem::{FieldError, Problem, codes};

const VERSION: u8 = 1;
const PLACE_LENGTH: usize = 1 + 8 + 16;
const FEED_PLACE_LENGTH: usize = 1 + 16 + 8 + 8;
const TAG_LENGTH: usize = 16;
/// The version of cursors that hold an adapter's position.
const POSITION_VERSION: u8 = 2;

/// The key of the cursors' tags.
#[derive(Clone, Debug)]
pub struct CursorKey(SecretSlice<u8>);

/// A place in a list ordered by an instant and an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) at: Timestamp,
    pub(crate) id: Uuid,
}

/// The list a cursor belongs to: whose, which, with which filters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) name: &'a str,
    /// The query without cursor and limit, in a fixed order.
    pub(crate) query: &'a str,
}

/// A place in a tenant's feed of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FeedPlace {
    /// The feed: another one after the database was restored.
    pub(crate) feed: Uuid,
    pub(crate) position: Position,
}

const fn feed_of(tenant: TenantId) -> List<'static> {
    List {
        tenant,
        name: "events",
        query: "",
    }
}

impl CursorKey {
    /// A key from secret bytes, at least 16 of them; the same on every replica.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }

    /// The cursor of a place.
    pub(crate) fn seal(&self, list: List<'_>, place: Place) -> String {
        let mut bytes = Vec::with_capacity(PLACE_LENGTH + TAG_LENGTH);
        bytes.push(VERSION);
        bytes.extend_from_slice(&place.at.as_millis().to_be_bytes());
        bytes.extend_from_slice(place.id.as_bytes());
        self.sign(list, bytes)
    }

    /// The cursor of a place in a tenant's feed of events. It fits every filter.
    pub(crate) fn seal_feed(&self, tenant: TenantId, place: FeedPlace) -> String {
        let mut bytes = Vec::with_capacity(FEED_PLACE_LENGTH + TAG_LENGTH);
        bytes.push(VERSION);
        bytes.extend_from_slice(place.feed.as_bytes());
        bytes.extend_from_slice(&place.position.xid.to_be_bytes());
        bytes.extend_from_slice(&place.position.id.to_be_bytes());
        self.sign(feed_of(tenant), bytes)
    }

    /// The place of a cursor that was made for this tenant's feed of events.
    pub(crate) fn open_feed(&self, tenant: TenantId, cursor: &str) -> Option<FeedPlace> {
        let bytes = self.verified(feed_of(tenant), cursor, VERSION)?;
        let (feed, rest) = bytes.split_at_checked(16)?;
        let (xid, id) = rest.split_at_checked(8)?;
        Some(FeedPlace {
            feed: Uuid::from_slice(feed).ok()?,
            position: Position {
                xid: u64::from_be_bytes(xid.try_into().ok()?),
                id: i64::from_be_bytes(id.try_into().ok()?),
            },
        })
    }

    /// The cursor of a position in a list that a vendor keeps.
    pub(crate) fn seal_position(&self, list: List<'_>, position: &str) -> String {
        let mut bytes = Vec::with_capacity(1 + position.len() + TAG_LENGTH);
        bytes.push(POSITION_VERSION);
        bytes.extend_from_slice(position.as_bytes());
        self.sign(list, bytes)
    }

    /// The place of a cursor that was made for this list.
    pub(crate) fn open(&self, list: List<'_>, cursor: &str) -> Result<Place, Problem> {
        self.read(list, cursor).ok_or_else(invalid)
    }

    /// The place that a query goes on from; `None` for the first page.
    pub(crate) fn begin(
        &self,
        list: List<'_>,
        cursor: Option<&str>,
    ) -> Result<Option<Place>, Problem> {
        cursor.map(|cursor| self.open(list, cursor)).transpose()
    }

    /// Cuts rows to a page of `limit`, where one more was read, and gives the cursor of the next
    /// page, if there is one.
    pub(crate) fn cut<T>(
        &self,
        list: List<'_>,
        rows: &mut Vec<T>,
        limit: i64,
        place: impl FnOnce(&T) -> Place,
    ) -> Option<String> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if rows.len() <= limit {
            return None;
        }
        rows.truncate(limit);
        rows.last().map(|last| self.seal(list, place(last)))
    }

    /// The position of a cursor that was made for this list of a vendor.
    pub(crate) fn open_position(&self, list: List<'_>, cursor: &str) -> Result<String, Problem> {
        self.verified(list, cursor, POSITION_VERSION)
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(invalid)
    }

    fn read(&self, list: List<'_>, cursor: &str) -> Option<Place> {
        let bytes = self.verified(list, cursor, VERSION)?;
        let (millis, id) = bytes.split_at_checked(8)?;
        Some(Place {
            at: Timestamp::from_millis(i64::from_be_bytes(millis.try_into().ok()?))?,
            id: Uuid::from_slice(id).ok()?,
        })
    }

    /// A place with its tag, as text.
    fn sign(&self, list: List<'_>, mut place: Vec<u8>) -> String {
        let tag = self.tag(list, &place).finalize().into_bytes();
        place.extend(tag.iter().take(TAG_LENGTH));
        URL_SAFE_NO_PAD.encode(place)
    }

    /// The place of a cursor of this version whose tag fits.
    fn verified(&self, list: List<'_>, cursor: &str, version: u8) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (place, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG_LENGTH)?)?;
        self.tag(list, place).verify_truncated_left(tag).ok()?;
        let (found, rest) = place.split_first()?;
        (*found == version).then(|| rest.to_vec())
    }

    #[expect(
        clippy::expect_used,
        reason = "HMAC takes a key of any length; the error type is the trait's"
    )]
    fn tag(&self, list: List<'_>, place: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret())
            .expect("HMAC takes a key of any length");
        for part in [
            b"callweave cursor".as_slice(),
            list.tenant.0.as_bytes(),
            list.name.as_bytes(),
            list.query.as_bytes(),
            place,
        ] {
            // The length in front keeps parts from running into each other.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

fn invalid() -> Problem {
    let detail = "the cursor was changed, or was made for another query";
    Problem::new(codes::INVALID_CURSOR, detail).with_error(FieldError::query(
        "cursor",
        "invalid_cursor",
        detail,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_only_where_it_was_made() {
        let key = CursorKey::new(vec![7; 32]);
        let list = List {
            tenant: TenantId(Uuid::from_u128(1)),
            name: "calls",
            query: "vendor=a",
        };
        let place = Place {
            at: "2026-03-02T09:15:00.123Z".parse().unwrap(),
            id: Uuid::from_u128(9),
        };
        let cursor = key.seal(list, place);
        assert_eq!(key.open(list, &cursor).unwrap(), place);

        let foreign = List {
            tenant: TenantId(Uuid::from_u128(2)),
            ..list
        };
        let others = [
            foreign,
            List {
                name: "connections",
                ..list
            },
            List {
                query: "vendor=b",
                ..list
            },
        ];
        for other in others {
            assert!(key.open(other, &cursor).is_err());
        }
        assert!(
            CursorKey::new(vec![8; 32]).open(list, &cursor).is_err(),
            "another key"
        );
    }

    #[test]
    fn a_place_in_a_feed_is_read_back_by_its_tenant_alone() {
        let key = CursorKey::new(vec![7; 32]);
        let (one, other) = (TenantId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2)));
        let place = FeedPlace {
            feed: Uuid::from_u128(5),
            position: Position {
                xid: u64::MAX,
                id: i64::MAX,
            },
        };
        let cursor = key.seal_feed(one, place);
        assert_eq!(key.open_feed(one, &cursor), Some(place));
        assert_eq!(key.open_feed(other, &cursor), None);
        assert_eq!(key.open_feed(one, &cursor[..cursor.len() - 1]), None);
        let list = List {
            tenant: one,
            name: "calls",
            query: "",
        };
        assert!(key.open(list, &cursor).is_err());
    }

    #[test]
    fn a_position_of_an_adapter_comes_back_as_it_was() {
        let key = CursorKey::new(vec![7; 32]);
        let list = List {
            tenant: TenantId(Uuid::from_u128(1)),
            name: "live/rubrics",
            query: "",
        };
        let other = List {
            query: "kind=script",
            ..list
        };
        for position in ["", "2", "page=3&Ж", &"x".repeat(500)] {
            let cursor = key.seal_position(list, position);
            assert_eq!(key.open_position(list, &cursor).unwrap(), position);
            assert!(key.open_position(other, &cursor).is_err());
            assert!(
                key.open(list, &cursor).is_err(),
                "a position is no place of ours"
            );
        }
    }

    #[test]
    fn no_single_change_of_a_cursor_goes_unnoticed() {
        let key = CursorKey::new(vec![7; 32]);
        let list = List {
            tenant: TenantId(Uuid::from_u128(1)),
            name: "calls",
            query: "",
        };
        let at = "2026-03-02T09:15:00.123Z".parse().unwrap();
        let cursor = key.seal(
            list,
            Place {
                at,
                id: Uuid::from_u128(9),
            },
        );
        for position in 0..cursor.len() {
            let mut changed = cursor.clone().into_bytes();
            changed[position] = if changed[position] == b'A' {
                b'B'
            } else {
                b'A'
            };
            let changed = String::from_utf8(changed).unwrap();
            assert!(
                changed == cursor || key.open(list, &changed).is_err(),
                "{position}"
            );
        }
        for garbage in ["", "a", "====", "\u{0}", &cursor[..20]] {
            assert!(key.open(list, garbage).is_err());
        }
    }
}
