//! The walks over the fake vendor's calls.

use callweave_model::Timestamp;
use callweave_provider::{Cursor, ErrorKind, Next, Page, Walk};
use serde::{Deserialize, Serialize};

use super::vendor::{Record, Standing, World};

/// Where a walk stands.
#[derive(Default, Serialize, Deserialize)]
struct Position {
    v: u8,
    /// Calls up to this revision were met by an earlier walk.
    #[serde(default)]
    since: u64,
    /// The revision of the vendor when this walk began.
    #[serde(default)]
    top: Option<u64>,
    /// The last call of the page before: its revision and id.
    #[serde(default)]
    after: Option<(u64, String)>,
}

impl World {
    /// One page, newest revision last; a full walk goes by id.
    pub(super) fn page(
        &mut self,
        stream: &str,
        walk: Walk,
        cursor: Option<&Cursor>,
    ) -> Result<Page, ErrorKind> {
        let position: Position = match cursor {
            None => Position::default(),
            Some(cursor) => serde_json::from_value(cursor.0.clone())
                .map_err(|_error| ErrorKind::InvalidRequest)?,
        };
        let top = position.top.unwrap_or(self.revision);
        let meets = |record: &Record| match walk {
            Walk::Incremental => record.revision > position.since && record.revision <= top,
            Walk::Full => true,
            Walk::Window { from, to } => starts_within(record.call.started_at, from, to),
        };
        let by_revision = walk == Walk::Incremental;
        let key = |id: &str, record: &Record| {
            (if by_revision { record.revision } else { 0 }, id.to_owned())
        };
        let mut left: Vec<_> = self
            .records
            .iter()
            .filter(|(_, record)| record.stream == stream && record.standing != Standing::Hidden)
            .filter(|(_, record)| meets(record))
            .map(|(id, record)| (key(id, record), record))
            .filter(|(key, _)| position.after.as_ref().is_none_or(|after| key > after))
            .collect();
        left.sort_by(|one, other| one.0.cmp(&other.0));
        let more = left.len() > self.page_size;
        left.truncate(self.page_size);
        let changes = left
            .iter()
            .map(|(_, record)| record.listed(self.listing))
            .collect();
        let last = left.last().map(|(key, _)| key.clone());
        let resume = cursor_at(&Position {
            v: 1,
            since: top,
            ..Position::default()
        });
        let shifted = || self.unproving.then(|| "pages shifted".to_owned());
        let unproved = if more {
            None
        } else {
            self.unproved.take().or_else(shifted)
        };
        let next = if let (true, Some(cursor)) = (self.stuck, cursor) {
            Next::More(cursor.clone())
        } else if more {
            Next::More(cursor_at(&Position {
                v: 1,
                since: position.since,
                top: Some(top),
                after: last,
            }))
        } else if let Some(reason) = unproved {
            Next::Unproved {
                resume: cursor_at(&Position {
                    v: 1,
                    since: position.since,
                    ..Position::default()
                }),
                reason,
            }
        } else {
            Next::Done { resume }
        };
        Ok(Page {
            changes,
            next,
            total_hint: None,
        })
    }
}

fn starts_within(started_at: Option<Timestamp>, from: Timestamp, to: Timestamp) -> bool {
    started_at.is_some_and(|at| at >= from && at < to)
}

fn cursor_at(position: &Position) -> Cursor {
    Cursor(serde_json::to_value(position).expect("a position is JSON"))
}
