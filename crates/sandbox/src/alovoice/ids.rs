//! The ids of the telephone exchange, computed both ways.

use jiff::Timestamp;

use crate::{
    random::{Random, mix},
    vendor::Vendor,
    world::World,
};

const FIRST_CHANNEL: u32 = 100;

/// The CALL_ID of this call: mostly `<unix seconds>.<number of the channel>`, as Asterisk makes
/// them; one in seven comes from another exchange and says nothing.
pub(super) fn call_id(world: &World, index: u32, started_at: Timestamp) -> String {
    if is_opaque(index) {
        return opaque(world.config.seed, index);
    }
    format!(
        "{}.{}",
        started_at.as_second(),
        u64::from(FIRST_CHANNEL) + u64::from(index)
    )
}

const fn is_opaque(index: u32) -> bool {
    index % 7 == 3
}

fn opaque(seed: u64, index: u32) -> String {
    let mask = u32::try_from(mix(&[seed, Vendor::AloVoice.number(), 0x09a0]) >> 32).unwrap_or(0);
    let tail = Random::new(&[seed, Vendor::AloVoice.number(), u64::from(index), 0x09a1]).hex(12);
    format!("call-{:08x}-{tail}", index ^ mask)
}

/// The call behind a CALL_ID.
pub(crate) fn find_call(world: &World, id: &str) -> Option<u32> {
    let index = if let Some(rest) = id.strip_prefix("call-") {
        let mask =
            u32::try_from(mix(&[world.config.seed, Vendor::AloVoice.number(), 0x09a0]) >> 32);
        u32::from_str_radix(rest.get(..8)?, 16).ok()? ^ mask.unwrap_or(0)
    } else {
        id.split_once('.')?
            .1
            .parse::<u32>()
            .ok()?
            .checked_sub(FIRST_CHANNEL)?
    };
    let head = world.call_head(Vendor::AloVoice, index)?;
    (call_id(world, index, head.started_at) == id).then_some(index)
}
