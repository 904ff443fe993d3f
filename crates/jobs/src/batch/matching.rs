//! Which of the vendor's rows tells of which dialog.

use std::collections::{BTreeMap, VecDeque};

use callweave_model::phone;
use callweave_provider::{RecordRef, dialogs::BatchItem};
use serde_json::Value;

/// What the vendor says of one dialog.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Matched {
    /// It took it.
    Taken {
        record: RecordRef,
        hint: Option<Value>,
        message: Option<String>,
    },
    /// It refused it.
    Refused { message: Option<String> },
    /// Nothing that could be used.
    Untold,
}

/// Pairs the phones that were sent with the rows that came back: by their order where it fits,
/// otherwise by phone, each row once.
pub(super) fn pair(phones: &[String], told: Vec<BatchItem>) -> Vec<Matched> {
    let in_order = phones.len() == told.len()
        && phones.iter().zip(&told).all(|(phone, row)| {
            let theirs = row.phone_raw.as_deref();
            theirs.is_none_or(|theirs| key(theirs) == key(phone))
        });
    if in_order {
        return told.into_iter().map(Matched::from).collect();
    }
    let mut rows: BTreeMap<String, VecDeque<BatchItem>> = BTreeMap::new();
    for row in told {
        if let Some(phone) = &row.phone_raw {
            rows.entry(key(phone)).or_default().push_back(row);
        }
    }
    phones
        .iter()
        .map(|phone| {
            let row = rows.get_mut(&key(phone)).and_then(VecDeque::pop_front);
            row.map_or(Matched::Untold, Matched::from)
        })
        .collect()
}

impl From<BatchItem> for Matched {
    fn from(row: BatchItem) -> Self {
        match (row.accepted, row.record) {
            (true, Some(record)) => Self::Taken {
                record,
                hint: row.hint,
                message: row.message.filter(|message| !message.is_empty()),
            },
            // Taken, and not to be found again.
            (true, None) => Self::Untold,
            (false, _) => Self::Refused {
                message: row.message.filter(|message| !message.is_empty()),
            },
        }
    }
}

/// The same phone has one key in all of its spellings.
fn key(phone: &str) -> String {
    phone::to_e164(phone).unwrap_or_else(|| phone.chars().filter(char::is_ascii_digit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(phone: &str, id: Option<&str>) -> BatchItem {
        BatchItem {
            accepted: id.is_some(),
            phone_raw: Some(phone.to_owned()),
            message: None,
            record: id.map(|id| RecordRef::new("dialog", id)),
            hint: None,
        }
    }

    fn taken(id: &str) -> Matched {
        Matched::Taken {
            record: RecordRef::new("dialog", id),
            hint: None,
            message: None,
        }
    }

    fn sent(phones: &[&str]) -> Vec<String> {
        phones.iter().map(|phone| (*phone).to_owned()).collect()
    }

    #[test]
    fn rows_in_order_are_taken_in_order() {
        let phones = sent(&["+99990001122", "+99990001123"]);
        let told = vec![row("99990001122", Some("a")), row("9999 000 11 23", None)];
        let expected = [taken("a"), Matched::Refused { message: None }];
        assert_eq!(pair(&phones, told), expected);
    }

    #[test]
    fn rows_out_of_order_are_found_by_phone_and_used_once() {
        let phones = sent(&[
            "+99990001122",
            "+99990001123",
            "+99990001122",
            "+99990001124",
        ]);
        let told = vec![
            row("+99990001123", Some("b")),
            row("+99990001122", Some("a")),
            row("+99990001122", Some("c")),
        ];
        let expected = [taken("a"), taken("b"), taken("c"), Matched::Untold];
        assert_eq!(pair(&phones, told), expected);
    }

    #[test]
    fn a_row_without_an_id_tells_nothing() {
        let mut row = row("+99990001122", None);
        row.accepted = true;
        assert_eq!(pair(&sent(&["+99990001122"]), vec![row]), [Matched::Untold]);
    }
}
