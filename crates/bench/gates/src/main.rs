//! Runs one operation so that its instructions can be counted; `check.sh` beside this crate does that.
//!
//! What an operation works on is made ready before [`measured`] is entered, and what it needs only
//! once (time zones, tables) it has by then, as it ran once already.
#![expect(clippy::print_stdout, reason = "names are the output")]

mod exchange;
mod normalise;

use std::hint::black_box;

use anyhow::{Context as _, Result, bail};

use crate::{exchange::Exchange, normalise::Normalise};

/// Something whose instructions are counted.
trait Operation {
    /// Does it once; what comes of it is dropped as part of it.
    fn run(&self) -> Result<()>;
}

/// What callgrind counts: it is told this name. No closure may stand here, whose name would begin
/// with this one.
#[inline(never)]
fn measured(operation: &dyn Operation, times: u32) -> Result<()> {
    for _ in 0..times {
        black_box(operation).run()?;
    }
    Ok(())
}

/// Without arguments it prints the names of the operations. With a name and a number it runs the
/// operation so often.
fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(wanted) = arguments.next() else {
        for name in names() {
            println!("{name}");
        }
        return Ok(());
    };
    let times = arguments.next().context("how often?")?.parse()?;
    let operation = prepare(&wanted)?;
    operation.run()?;
    measured(operation.as_ref(), times)
}

fn names() -> Vec<String> {
    exchange::vendors()
        .map(|vendor| format!("normalise-{vendor}"))
        .collect()
}

fn prepare(wanted: &str) -> Result<Box<dyn Operation>> {
    let Some(vendor) = wanted.strip_prefix("normalise-") else {
        bail!("there is no operation {wanted}");
    };
    Ok(Box::new(Normalise::new(&Exchange::of(vendor)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_runs() {
        for name in names() {
            let operation = prepare(&name).unwrap();
            measured(operation.as_ref(), 2).unwrap();
        }
        assert!(prepare("normalise-nobody").is_err());
    }
}
