//! What the plan grants, what is used of it, and whether work still fits into it.

use super::answer::Failure;
use crate::world::World;

/// A counted resource of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    CallMinutes,
    AudioMinutes,
    VideoMinutes,
    Chats,
    BusinessReports,
}

/// What was used since the sandbox started, in hundredths of each unit.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    call_minutes: i64,
    audio_minutes: i64,
    video_minutes: i64,
    chats: i64,
    business_reports: i64,
}

/// What the plan allows and what is left of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quota {
    pub(crate) limit: i64,
    pub(crate) left: i64,
}

impl Quota {
    /// "Calculated as limit - remaining, not below 0."
    pub(crate) const fn used(self) -> i64 {
        if self.limit > self.left {
            self.limit - self.left
        } else {
            0
        }
    }
}

impl Spent {
    const fn of(&mut self, resource: Resource) -> &mut i64 {
        match resource {
            Resource::CallMinutes => &mut self.call_minutes,
            Resource::AudioMinutes => &mut self.audio_minutes,
            Resource::VideoMinutes => &mut self.video_minutes,
            Resource::Chats => &mut self.chats,
            Resource::BusinessReports => &mut self.business_reports,
        }
    }
}

impl Resource {
    /// Limit and rest when the sandbox starts. The vendor's own sample does not add up either: more
    /// call minutes are left than the limit allows for what was used.
    const fn at_the_start(self) -> Quota {
        let (limit, left) = match self {
            Self::CallMinutes => (9_655, 9_655),
            Self::AudioMinutes => (10_000, 4_994),
            Self::VideoMinutes => (3_000, 2_980),
            Self::Chats => (500, 500),
            Self::BusinessReports => (25, 24),
        };
        Quota { limit, left }
    }

    /// The code for a plan that has no more of it.
    const fn exhausted(self) -> (i64, &'static str) {
        match self {
            Self::CallMinutes => (4050, "Not enough plan minutes (calls)"),
            Self::AudioMinutes => (4050, "Not enough plan minutes (audio)"),
            Self::VideoMinutes | Self::Chats => (4050, "Insufficient plan resources"),
            Self::BusinessReports => (4602, "Business report quota exhausted"),
        }
    }
}

/// The plan's figures of a resource now.
pub(crate) fn quota(world: &World, resource: Resource) -> Quota {
    let spent = *world.transcripto.lock().spent.of(resource);
    after(world, resource, spent)
}

fn after(world: &World, resource: Resource, spent: i64) -> Quota {
    let at_the_start = resource.at_the_start();
    let most = world.options().transcripto_plan_left.map(i64::from);
    let left = at_the_start.left.min(most.unwrap_or(i64::MAX));
    Quota {
        limit: at_the_start.limit,
        left: (left - spent / 100).max(0),
    }
}

/// Refuses whatever needs a plan where the account has none.
pub(crate) fn active(world: &World, code: i64) -> Result<(), Failure> {
    if world.options().transcripto_plan_active {
        Ok(())
    } else {
        Err(Failure::new(code, "No active plan"))
    }
}

/// Takes some work, in hundredths of the resource's unit, from the plan, or refuses it. How long a
/// recording is that is still to be fetched is not known yet: then there must be something left.
pub(crate) fn take(
    world: &World,
    resource: Resource,
    hundredths: Option<i64>,
) -> Result<(), Failure> {
    let mut state = world.transcripto.lock();
    let spent = state.spent.of(resource);
    let left = after(world, resource, *spent).left.saturating_mul(100);
    if left <= 0 || hundredths.is_some_and(|work| work > left) {
        let (code, text) = resource.exhausted();
        return Err(Failure::new(code, text));
    }
    *spent += hundredths.unwrap_or(0);
    Ok(())
}

/// Takes what some work turned out to be, in hundredths of the resource's unit.
pub(crate) fn settle(world: &World, resource: Resource, hundredths: i64) {
    *world.transcripto.lock().spent.of(resource) += hundredths;
}
