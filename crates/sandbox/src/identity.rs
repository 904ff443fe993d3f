//! Ids that carry a number and can be read back, so that no table of ids is kept.
//!
//! A real vendor's UUID says nothing about its record. Ours looks the same, yet the index of the
//! record is folded into it with a keyed check: any UUID that was not made here is recognised as
//! unknown, whatever the size of the account.

use uuid::Uuid;

use crate::random::mix;

/// Bits of the carried number; enough for a trillion records.
const NUMBER_BITS: u32 = 40;
const NUMBER_MASK: u64 = (1 << NUMBER_BITS) - 1;
/// Version nibble 4 in the upper half, as `xxxxxxxx-xxxx-4xxx`.
const VERSION_MASK: u64 = 0xF000;
const VERSION_FOUR: u64 = 0x4000;
/// The two top bits of the lower half.
const VARIANT_MASK: u64 = 0b11 << 62;
const VARIANT_RFC: u64 = 0b10 << 62;

/// What a UUID stands for; two kinds never share an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A company of the Neuro sandbox.
    Company = 1,
    /// A voice agent.
    Agent = 2,
    /// A dialog.
    Dialog = 3,
    /// One attempt to call inside a dialog.
    Attempt = 4,
    /// A group of dialogs that was uploaded together.
    Bulk = 5,
    /// An uploaded list of contacts.
    Selection = 6,
    /// A calling rule of an agent.
    TimeSlot = 7,
    /// An input of an agent.
    InitialEntity = 8,
    /// An output of an agent.
    OutputEntity = 9,
    /// A task of the Transcripto sandbox.
    Task = 10,
    /// A key of an agent for speech recognition or synthesis.
    Credential = 11,
    /// The upload of a group of dialogs.
    Upload = 12,
}

/// The id of `number` among the things of one kind.
pub(crate) fn uuid(seed: u64, kind: Kind, number: u64) -> Uuid {
    let number = number & NUMBER_MASK;
    let check = mix(&[seed, kind as u64, number, 1]);
    let high = (check & !VERSION_MASK) | VERSION_FOUR;
    let noise = mix(&[seed, kind as u64, high, 2]);
    let low = ((noise & !NUMBER_MASK) | ((noise ^ number) & NUMBER_MASK)) & !VARIANT_MASK;
    Uuid::from_u64_pair(high, low | VARIANT_RFC)
}

/// The number that `text` carries, if it is an id of this seed and kind.
pub(crate) fn number(seed: u64, kind: Kind, text: &str) -> Option<u64> {
    let id = Uuid::try_parse(text.trim()).ok()?;
    let (high, low) = id.as_u64_pair();
    let noise = mix(&[seed, kind as u64, high, 2]);
    let carried = (noise ^ low) & NUMBER_MASK;
    (uuid(seed, kind, carried) == id).then_some(carried)
}

#[cfg(test)]
mod tests {
    use super::{Kind, number, uuid};

    #[test]
    fn an_id_gives_its_number_back() {
        for carried in [0, 1, 999, 50_000_000] {
            let id = uuid(7, Kind::Dialog, carried);
            assert_eq!(id.get_version_num(), 4);
            assert_eq!(number(7, Kind::Dialog, &id.to_string()), Some(carried));
        }
    }

    #[test]
    fn a_foreign_id_is_unknown() {
        let id = uuid(7, Kind::Dialog, 5).to_string();
        assert_eq!(number(8, Kind::Dialog, &id), None);
        assert_eq!(number(7, Kind::Task, &id), None);
        assert_eq!(
            number(7, Kind::Dialog, "00000000-0000-4000-8000-000000000000"),
            None
        );
        assert_eq!(number(7, Kind::Dialog, "not an id"), None);
    }
}
