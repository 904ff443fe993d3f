//! What goes wrong, and when.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use callweave_fault_proxy::Fault;
use callweave_sandbox::{FaultKind, FaultSpec, Vendor};
use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};
use rustix::process::Signal;
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    Plan,
    stage::{REPLICAS, Stage},
};

/// In so many of the vendors' answers something is wrong.
const VENDOR_FAULTS: f64 = 0.1;
/// So many of them ask for a pause of a second, which holds for the whole account.
const PAUSES: f64 = 0.001;
/// From one trouble on a wire to the next.
const WIRE_PAUSE: Duration = Duration::from_secs(4);

/// Makes trouble.
pub(crate) struct Trouble<'a> {
    stage: &'a Arc<Stage>,
    plan: &'a Plan,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Made {
    pub(crate) kills: u32,
    pub(crate) freezes: u32,
    pub(crate) database_crashes: u32,
    pub(crate) cuts: u32,
}

impl<'a> Trouble<'a> {
    pub(crate) fn new(stage: &'a Arc<Stage>, plan: &'a Plan) -> Self {
        Self { stage, plan }
    }

    /// Makes trouble as long as the plan says.
    pub(crate) async fn make(&self, random: &mut StdRng) -> Result<Made> {
        self.lie();
        let begun = Instant::now();
        let end = begun + self.plan.trouble;
        let crash_every = self.plan.trouble / (self.plan.database_crashes + 1);
        let mut next_kill = begun + self.plan.kill_every;
        let mut next_crash = begun + crash_every;
        let mut made = Made::default();
        while Instant::now() < end {
            if Instant::now() >= next_crash && made.database_crashes < self.plan.database_crashes {
                self.stage.say("PostgreSQL crashes");
                self.stage.crash_database().await?;
                made.database_crashes += 1;
                next_crash += crash_every;
            }
            if Instant::now() >= next_kill {
                let number = random.random_range(0..REPLICAS);
                self.stage.say(&format!("gateway {number} is killed"));
                self.stage.kill_and_restart(number)?;
                made.kills += 1;
                next_kill += self.plan.kill_every;
            }
            self.one(random, &mut made).await;
            let pause = WIRE_PAUSE.min(end.saturating_duration_since(Instant::now()));
            sleep_until(Instant::now() + pause).await;
        }
        Ok(made)
    }

    /// Every vendor answers wrongly now and then.
    fn lie(&self) {
        let kinds = [
            FaultKind::RateLimited {
                retry_after: Some(json!(1)),
            },
            FaultKind::Status { status: 500 },
            FaultKind::Status { status: 503 },
            FaultKind::Close { after_bytes: None },
            FaultKind::Close {
                after_bytes: Some(300),
            },
            FaultKind::Truncated {
                correct_length: true,
            },
            FaultKind::Html,
            FaultKind::Empty,
        ];
        let others = u32::try_from(kinds.len() - 1).unwrap_or(1);
        let share = (VENDOR_FAULTS - PAUSES) / f64::from(others);
        for vendor in Vendor::ALL {
            for (number, kind) in (0_u64..).zip(&kinds) {
                let mut fault = FaultSpec::always(vendor, "*", kind.clone());
                fault.probability = Some(if number == 0 { PAUSES } else { share });
                fault.seed = self.plan.seed ^ (number << 8);
                self.stage.sandbox.world().add_fault(fault);
            }
        }
    }

    /// One trouble on a wire, or a gateway that stands still for a while.
    async fn one(&self, random: &mut StdRng, made: &mut Made) {
        let wire_faults = [
            Fault::Refuse,
            Fault::BlackHole,
            Fault::Reset { after_bytes: 2_000 },
            Fault::Stall { after_bytes: 2_000 },
            Fault::Slice { bytes: 7 },
        ];
        let Some(fault) = wire_faults.choose(random).copied() else {
            return;
        };
        let lasts = Duration::from_millis(random.random_range(500..3_000));
        match random.random_range(0..10) {
            0 => {
                let number = random.random_range(0..REPLICAS);
                self.stage.say(&format!("gateway {number} stands still"));
                made.freezes += 1;
                self.stage.signal(number, Signal::STOP);
                sleep(lasts * 5).await;
                self.stage.signal(number, Signal::CONT);
            }
            1 => {
                self.stage.say("the wires to PostgreSQL are cut");
                made.cuts += 1;
                self.stage.database_wire.sever();
            }
            _ => {
                let wires: Vec<_> = self.stage.wires.iter().collect();
                if let Some((vendor, wire)) = wires.choose(random) {
                    self.stage.say(&format!("the wire to {vendor}: {fault:?}"));
                    made.cuts += 1;
                    wire.set(fault);
                    sleep(lasts).await;
                    wire.lift();
                }
            }
        }
    }
}
