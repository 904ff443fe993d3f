//! What many results refer to: definitions of tags, points of scenarios. They are asked for once in
//! a while, not once a result.
//!
//! This lives as long as the connection stays open, which is one turn of a sync, and says nothing
//! older than [`LIFE`].

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use callweave_model::Timestamp;

/// How long an answer is good.
const LIFE: Duration = Duration::from_secs(60);
/// The most answers that are kept.
const MOST: usize = 500;

/// Answers by path; `None` where the account has no such thing.
#[derive(Debug, Default)]
pub(crate) struct Catalogue(Mutex<BTreeMap<String, (Timestamp, Option<Bytes>)>>);

impl Catalogue {
    fn answers(&self) -> MutexGuard<'_, BTreeMap<String, (Timestamp, Option<Bytes>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was answered lately.
    #[expect(clippy::option_option, reason = "not known, and known to be absent")]
    pub(crate) fn known(&self, path: &str, now: Timestamp) -> Option<Option<Bytes>> {
        let answers = self.answers();
        let (at, answer) = answers.get(path)?;
        (now >= *at && now.since(*at) < LIFE).then(|| answer.clone())
    }

    /// Keeps an answer to a request that was made `now`.
    pub(crate) fn keep(&self, path: String, now: Timestamp, answer: Option<Bytes>) {
        let mut answers = self.answers();
        if answers.len() >= MOST {
            answers.clear();
        }
        answers.insert(path, (now, answer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_772_442_000_000 + seconds * 1_000).unwrap()
    }

    #[test]
    fn an_answer_is_good_for_a_minute_and_not_before_it_was_given() {
        let catalogue = Catalogue::default();
        let body = Some(Bytes::from_static(b"{}"));
        catalogue.keep("/tags/1".to_owned(), at(0), body.clone());
        catalogue.keep("/tags/2".to_owned(), at(0), None);
        assert_eq!(catalogue.known("/tags/1", at(59)), Some(body));
        assert_eq!(catalogue.known("/tags/2", at(59)), Some(None));
        assert_eq!(catalogue.known("/tags/1", at(60)), None);
        assert_eq!(catalogue.known("/tags/1", at(-1)), None);
        assert_eq!(catalogue.known("/tags/3", at(0)), None);
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let catalogue = Catalogue::default();
        for number in 0..=MOST {
            catalogue.keep(format!("/tags/{number}"), at(0), None);
        }
        assert_eq!(catalogue.answers().len(), 1);
    }
}
