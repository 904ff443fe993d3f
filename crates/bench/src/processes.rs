//! What processes cost: CPU time and memory of whole process trees, out of `/proc`.

use std::{collections::BTreeMap, fs, time::Duration};

use anyhow::{Context as _, Result};

/// The kernel counts CPU time for programs in hundredths of a second, on every architecture.
const TICKS_A_SECOND: f64 = 100.0;

/// One process as `/proc/PID/stat` tells it.
struct Process {
    parent: u32,
    /// Its own time and that of its children that have ended.
    ticks: u64,
}

/// Reads `/proc/PID/stat`; the name, in parentheses, may hold anything.
fn process(stat: &str) -> Option<Process> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
    // After the name: state, parent, ...; utime, stime, cutime and cstime stand from 11 on.
    let ticks = (11..15).map(number).sum::<Option<u64>>()?;
    Some(Process {
        parent: u32::try_from(number(1)?).ok()?,
        ticks,
    })
}

fn all() -> BTreeMap<u32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            // One that ended meanwhile is counted by its parent.
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            Some((pid, process(&stat)?))
        })
        .collect()
}

/// The process and all below it.
fn tree(processes: &BTreeMap<u32, Process>, root: u32) -> Vec<u32> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        next += 1;
        let children = processes
            .iter()
            .filter(|(_, process)| process.parent == parent);
        found.extend(children.map(|(pid, _)| *pid));
    }
    found
}

/// The CPU time that process trees have used until now.
#[derive(Clone, Debug)]
pub(crate) struct Spent(Vec<Duration>);

/// Looks at the trees below these processes.
pub(crate) fn spent(roots: &[u32]) -> Spent {
    let processes = all();
    let of = |root: &u32| {
        let ticks: u64 = tree(&processes, *root)
            .iter()
            .filter_map(|pid| Some(processes.get(pid)?.ticks))
            .sum();
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 ticks")]
        let ticks = ticks as f64;
        Duration::from_secs_f64(ticks / TICKS_A_SECOND)
    };
    Spent(roots.iter().map(of).collect())
}

impl Spent {
    /// What was spent since, tree by tree.
    pub(crate) fn since(&self, before: &Self) -> Vec<Duration> {
        let pairs = self.0.iter().zip(&before.0);
        pairs.map(|(now, then)| now.saturating_sub(*then)).collect()
    }
}

/// The memory of one process in MiB: now, and at most until now.
pub(crate) fn memory(pid: u32) -> Result<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("process {pid} is gone"))?;
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    let now = kib("VmRSS:").context("a process without memory")?;
    let most = kib("VmHWM:").context("a process without memory")?;
    Ok((now / 1024.0, most / 1024.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name_is() {
        let stat = "7 (a) (b c) S 3 7 7 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1 0 99";
        let process = process(stat).unwrap();
        assert_eq!((process.parent, process.ticks), (3, 100));
    }

    #[test]
    fn time_is_summed_over_the_tree() {
        let of = |parent, ticks| Process { parent, ticks };
        let processes =
            BTreeMap::from([(1, of(0, 1)), (2, of(1, 2)), (3, of(2, 4)), (4, of(0, 8))]);
        assert_eq!(tree(&processes, 1), [1, 2, 3]);
    }
}
