//! The account's numbers, computed both ways, so that no table of them is needed.

use crate::{random::mix, vendor::Vendor, world::World};

/// Session ids are larger than 32 bits hold, as real ones are.
const FIRST_SESSION: i64 = 5_139_000_000;
const SESSION_STEP: u64 = 13;
const FIRST_RESULT: i64 = 34_000;
/// Numbers set aside for the results of one session.
const RESULTS_PER_SESSION: u32 = 4;

/// The account's application id, the same in all its results.
pub(super) fn app_id(seed: u64) -> i64 {
    64_000 + i64::try_from(mix(&[seed, 0xa99]) % 1_000).unwrap_or(0)
}

/// The session id of this call.
pub(super) fn session_id(world: &World, index: u32) -> i64 {
    let jitter = mix(&[
        world.config.seed,
        Vendor::CallGear.number(),
        u64::from(index),
        0x5e55,
    ]);
    let offset = u64::from(index) * SESSION_STEP + jitter % SESSION_STEP;
    FIRST_SESSION.saturating_add_unsigned(offset)
}

/// The call of this session.
pub(super) fn call_of_session(world: &World, session: i64) -> Option<u32> {
    let offset = u64::try_from(session.checked_sub(FIRST_SESSION)?).ok()?;
    let index = u32::try_from(offset / SESSION_STEP).ok()?;
    (session_id(world, index) == session).then_some(index)
}

/// How many results the session has: two in a third of the sessions, now and then three.
pub(super) const fn results_of(index: u32) -> u32 {
    match index % 15 {
        4 => 3,
        rest if rest % 3 == 1 => 2,
        _ => 1,
    }
}

/// The id of a result of a session.
pub(super) fn result_id(index: u32, part: u32) -> i64 {
    FIRST_RESULT + i64::from(index) * i64::from(RESULTS_PER_SESSION) + i64::from(part)
}

/// The session's call and the part of this result, if the number can be one of a generated result.
pub(super) fn result_of_id(id: i64) -> Option<(u32, u32)> {
    let offset = u32::try_from(id.checked_sub(FIRST_RESULT)?).ok()?;
    let (index, part) = (offset / RESULTS_PER_SESSION, offset % RESULTS_PER_SESSION);
    (part < results_of(index)).then_some((index, part))
}

/// Some results hold nothing: `"result": {}`.
pub(super) const fn is_empty_result(index: u32, part: u32) -> bool {
    index % 20 == 7 && part == 0
}

/// The call behind a session id or a result id.
pub(crate) fn find_call(world: &World, id: &str) -> Option<u32> {
    let number: i64 = id.parse().ok()?;
    call_of_session(world, number).or_else(|| result_of_id(number).map(|(index, _)| index))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SandboxConfig;

    #[test]
    fn numbers_can_be_turned_back() {
        let world = World::new(SandboxConfig {
            calls_per_vendor: 10,
            ..SandboxConfig::default()
        });
        for index in [0, 1, 7, 999_999] {
            let session = session_id(&world, index);
            assert!(session > i64::from(u32::MAX));
            assert_eq!(call_of_session(&world, session), Some(index));
            assert_eq!(result_of_id(result_id(index, 0)), Some((index, 0)));
        }
        assert_eq!(result_of_id(result_id(0, 1)), None);
        assert_eq!(result_of_id(result_id(4, 2)), Some((4, 2)));
    }
}
