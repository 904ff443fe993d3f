//! Deterministic randomness.
//!
//! A generator of our own (SplitMix64), because the generators of `rand` do not promise the same
//! numbers in the next release, and a seed must give the same calls for ever.

use uuid::Uuid;

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of numbers that follows from its key alone.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

/// Mixes the parts into one number; any changed part changes every bit with even odds.
pub(crate) fn mix(parts: &[u64]) -> u64 {
    parts.iter().fold(GOLDEN, |state, part| {
        scramble(state ^ scramble(part.wrapping_add(GOLDEN)))
    })
}

/// Mixes a text into a number, for keys that are words.
pub(crate) fn mix_text(seed: u64, text: &str) -> u64 {
    text.bytes().fold(scramble(seed), |state, byte| {
        scramble(state ^ u64::from(byte))
    })
}

/// Lower-case hexadecimal digits of these bytes.
pub(crate) fn hex_of(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

const fn scramble(mut value: u64) -> u64 {
    value = value.wrapping_add(GOLDEN);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl Random {
    /// The stream of this key.
    pub(crate) fn new(parts: &[u64]) -> Self {
        Self { state: mix(parts) }
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        scramble(self.state)
    }

    /// A number in `0..bound`; 0 when the bound is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// A number in `low..=high`.
    pub(crate) fn range(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).unsigned_abs().saturating_add(1);
        low.saturating_add_unsigned(self.below(width))
    }

    /// An index into something of this length.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// One of the items. The slice must not be empty; the tables of this crate are not.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let index = self.index(items.len());
        #[expect(clippy::indexing_slicing, reason = "the index is below the length")]
        &items[index]
    }

    /// True in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A number in `0.0..1.0`.
    pub(crate) fn fraction(&mut self) -> f64 {
        let top = u32::try_from(self.next() >> 32).unwrap_or(0);
        f64::from(top) / 4_294_967_296.0
    }

    /// So many lower-case hexadecimal digits.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits + 16);
        while text.len() < digits {
            text.push_str(&hex_of(&self.next().to_be_bytes()));
        }
        text.truncate(digits);
        text
    }

    /// A well-formed UUID of version 4.
    pub(crate) fn uuid(&mut self) -> Uuid {
        let value = (u128::from(self.next()) << 64) | u128::from(self.next());
        uuid::Builder::from_random_bytes(value.to_be_bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_the_same_numbers_for_ever() {
        let mut random = Random::new(&[1, 2, 3]);
        let numbers: Vec<u64> = (0..3).map(|_| random.below(1_000_000)).collect();
        let mut again = Random::new(&[1, 2, 3]);
        assert_eq!(
            numbers,
            (0..3).map(|_| again.below(1_000_000)).collect::<Vec<_>>()
        );
        assert_ne!(mix(&[1, 2]), mix(&[2, 1]));
    }

    #[test]
    fn ranges_hold_their_edges() {
        let mut random = Random::new(&[7]);
        for _ in 0..1_000 {
            assert!((-3..=3).contains(&random.range(-3, 3)));
            assert!(random.fraction() < 1.0);
        }
        assert_eq!(random.below(0), 0);
        assert_eq!(random.hex(24).len(), 24);
        assert_eq!(random.uuid().get_version_num(), 4);
    }
}
