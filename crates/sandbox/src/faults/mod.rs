//! The faults that were asked for, and which request meets which.

use std::sync::Mutex;

use serde::Serialize;

use crate::{operation::Operation, random::mix, world::lock};

pub(crate) mod play;
pub(crate) mod spec;

use spec::{FaultKind, FaultSpec};

/// The table of faults.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    active: Mutex<Vec<ActiveFault>>,
}

/// A fault and how far it has come.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ActiveFault {
    #[serde(flatten)]
    spec: FaultSpec,
    /// How many requests it looked at.
    seen: u64,
    /// How many of them it hit.
    hits: u64,
}

impl Faults {
    /// Plays this fault from now on.
    pub(crate) fn add(&self, spec: FaultSpec) {
        lock(&self.active).push(ActiveFault {
            spec,
            seen: 0,
            hits: 0,
        });
    }

    /// Forgets all faults.
    pub(crate) fn clear(&self) {
        lock(&self.active).clear();
    }

    /// The faults and how often they struck.
    pub(crate) fn list(&self) -> Vec<ActiveFault> {
        lock(&self.active).clone()
    }

    /// The fault this request meets: the first that matches and whose turn it is.
    pub(crate) fn draw(&self, operation: Operation) -> Option<FaultKind> {
        lock(&self.active)
            .iter_mut()
            .filter(|fault| fault.matches(operation))
            .find_map(ActiveFault::strike)
    }
}

impl ActiveFault {
    fn matches(&self, operation: Operation) -> bool {
        let vendor = self
            .spec
            .vendor
            .is_none_or(|vendor| vendor == operation.vendor);
        vendor && (self.spec.operation == "*" || self.spec.operation == operation.id)
    }

    /// Counts the request and decides by the seed and its number, so that a run can be repeated.
    fn strike(&mut self) -> Option<FaultKind> {
        let number = self.seen;
        self.seen += 1;
        let spent = self.spec.count.is_some_and(|count| self.hits >= count);
        if number < self.spec.skip || spent {
            return None;
        }
        if let Some(probability) = self.spec.probability {
            let roll = u32::try_from(mix(&[self.spec.seed, number]) >> 32).unwrap_or(0);
            if f64::from(roll) / 4_294_967_296.0 >= probability {
                return None;
            }
        }
        self.hits += 1;
        Some(self.spec.kind.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendor::Vendor;

    const LIST: Operation = Operation {
        vendor: Vendor::CallGear,
        id: "CG-16",
    };

    #[test]
    fn a_fault_strikes_where_and_as_often_as_it_was_asked_to() {
        let faults = Faults::default();
        let spec = FaultSpec::always(Vendor::CallGear, "CG-16", FaultKind::Empty).times(2);
        faults.add(FaultSpec { skip: 1, ..spec });
        let hits: Vec<bool> = (0..4).map(|_| faults.draw(LIST).is_some()).collect();
        assert_eq!(hits, [false, true, true, false]);
        let other = Operation {
            id: "CG-18",
            ..LIST
        };
        assert!(faults.draw(other).is_none());
    }

    #[test]
    fn a_probability_hits_the_same_requests_each_time() {
        let draw = || {
            let faults = Faults::default();
            let spec = FaultSpec::always(Vendor::CallGear, "*", FaultKind::Html);
            faults.add(FaultSpec {
                probability: Some(0.3),
                seed: 9,
                ..spec
            });
            (0..200)
                .map(|_| faults.draw(LIST).is_some())
                .collect::<Vec<_>>()
        };
        let hits = draw();
        assert_eq!(hits, draw());
        assert!((40..80).contains(&hits.iter().filter(|hit| **hit).count()));
    }
}
