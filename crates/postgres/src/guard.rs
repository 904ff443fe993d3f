//! The guard: a shell between owner and server, through which the server dies with its owner.
//!
//! A process that is killed cannot clean up, so someone else must notice its death. The guard
//! waits for the end of a pipe whose other end only the owner holds: the kernel closes it however
//! the owner ends.

use std::{
    fs::File,
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{Durability, account::RunAs};

/// Standard input is the pipe, standard output the locked file.
///
/// - Signals to the terminal's or a service manager's whole group must not end the guard before
///   its server, so it ignores them; the server sets its own handlers.
/// - The server keeps descriptor 3, and with it the lock, in all its processes. The watcher must
///   not, or the lock would outlive the server.
/// - A server that is not yet far enough to listen to signals loses them, so the watcher repeats
///   itself; once the server heard it, that changes nothing.
/// - When the server ends by itself the watcher is still blocked in `read`, and is killed.
const SCRIPT: &str = r#"
signal=$1 log=$2 erase=$3
shift 3
trap '' HUP INT QUIT TERM
exec 3>&1 4<&0 >>"$log" 2>&1 </dev/null
"$@" 4<&- &
server=$!
(
  exec 3>&-
  while read -r line; do :; done <&4
  while kill -s "$signal" "$server"; do sleep 0.2 || sleep 1; done
) 2>/dev/null &
watcher=$!
exec 4<&-
wait "$server"
status=$?
kill -s KILL "$watcher" 2>/dev/null && wait "$watcher"
[ -z "$erase" ] || rm -rf -- "$erase"
exit "$status"
"#;

/// A running guard; dropping it stops the server without waiting.
#[derive(Debug)]
pub(crate) struct Guard {
    child: Child,
    /// Closed to stop the server.
    pipe: Option<ChildStdin>,
}

impl Guard {
    /// Starts `server` under a guard. The lock goes to them entirely.
    pub(crate) fn start(
        server: &Command,
        run_as: RunAs,
        durability: Durability,
        log: &Path,
        cluster: &Path,
        lock: File,
    ) -> io::Result<Self> {
        let mut command = run_as.command("/bin/sh");
        command.args(["-c", SCRIPT, "callweave-postgres-guard"]);
        match durability {
            // "Fast": ends the sessions, writes a checkpoint.
            Durability::Durable => command.arg("INT").arg(log).arg(""),
            // "Immediate": nothing is worth writing.
            Durability::Disposable => command.arg("QUIT").arg(log).arg(cluster),
        };
        command
            .arg(server.get_program())
            .args(server.get_args())
            .stdin(Stdio::piped())
            .stdout(lock)
            .stderr(Stdio::null())
            // Ctrl-C is for the owner alone, which then ends its work before its database.
            .process_group(0);
        let mut child = command.spawn()?;
        let pipe = child.stdin.take();
        Ok(Self { child, pipe })
    }

    /// Tells the server to shut down.
    pub(crate) fn release(&mut self) {
        self.pipe = None;
    }

    /// How the server ended, if it did.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Whether the guard ended within the time.
    pub(crate) fn wait(&mut self, limit: Duration) -> io::Result<bool> {
        let deadline = Instant::now() + limit;
        while self.ended()?.is_none() {
            if Instant::now() >= deadline {
                return Ok(false);
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(true)
    }
}
