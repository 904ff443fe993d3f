//! Other programs that do what the gateway does. Those that are not installed (`peers/setup.sh` does that) are named as
//! missing.

mod graphql;
mod passing;
mod same;
mod serving;
mod syncing;

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tokio::{net::TcpStream, time::sleep};

use crate::stage::Stage;

pub(crate) use passing::passing;
pub(crate) use serving::serving;
pub(crate) use syncing::Syncing;

/// How long a program may take to start.
const START_TIME: Duration = Duration::from_secs(30);

/// Where what the programs run is kept with the sources.
fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// Where `peers/setup.sh` installs.
fn cache() -> PathBuf {
    let home = || Path::new(&std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    let of = |name: &str| std::env::var_os(name).map(PathBuf::from);
    of("CALLWEAVE_BENCH_PEERS").unwrap_or_else(|| {
        of("XDG_CACHE_HOME")
            .unwrap_or_else(home)
            .join("callweave-bench")
    })
}

/// A running program.
struct Running {
    address: SocketAddr,
    process: Child,
}

impl Running {
    /// Starts a program, and waits until it answers.
    ///
    /// It is asked for `path`, or where that is empty, whether it listens.
    async fn start(stage: &Stage, mut command: Command, port: u16, path: &str) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let log = fs::File::create(stage.place().join(format!("peer-{port}.log")))?;
        let process = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| {
                format!("{} cannot be run", command.get_program().to_string_lossy())
            })?;
        let mut running = Self { address, process };
        let began = Instant::now();
        loop {
            let answers = match path {
                "" => TcpStream::connect(address).await.is_ok(),
                path => {
                    let url = format!("http://{address}{path}");
                    let answer = stage.http.get(url).send().await;
                    answer.is_ok_and(|answer| answer.status().is_success())
                }
            };
            if answers {
                return Ok(running);
            }
            sleep(Duration::from_millis(50)).await;
            let log = || fs::read_to_string(stage.place().join(format!("peer-{port}.log")));
            ensure!(
                running.process.try_wait()?.is_none() && began.elapsed() < START_TIME,
                "it does not answer: {}",
                excerpt(&log()?)
            );
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It keeps nothing; those that it started end with it or see that it ended.
        let pid = rustix::process::Pid::from_child(&self.process);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(5) {
            if matches!(self.process.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The end of a log, short, and without the paths of this machine.
fn excerpt(log: &str) -> String {
    let lines: Vec<&str> = log
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let last = lines
        .get(lines.len().saturating_sub(3)..)
        .unwrap_or_default();
    let delimiter = |c: char| c.is_whitespace() || "\"'()[]{}<>=,;`".contains(c);
    let text = last.join(" ");
    let without_place = |word: &str| {
        if !word.starts_with('/') && !word.starts_with("file:///") {
            return word.to_owned();
        }
        let path = word.trim_end_matches(delimiter).trim_end_matches('/');
        let name = path.rfind('/').map_or(0, |slash| slash + 1);
        word.get(name..).unwrap_or_default().to_owned()
    };
    let mut short: String = text.split_inclusive(delimiter).map(without_place).collect();
    if let Some((end, _)) = short.char_indices().nth(300) {
        short.truncate(end);
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_names_no_place_of_the_machine() {
        let log = "one\n\ntwo\n  File \"/home/a/b.py\", line 7\nError: no /var/run/x.sock, see https://example.org/y\n";
        assert_eq!(
            excerpt(log),
            "two File \"b.py\", line 7 Error: no x.sock, see https://example.org/y"
        );
    }
}
