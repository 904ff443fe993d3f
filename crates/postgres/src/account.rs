//! The account that runs the server programs.

use std::{
    ffi::OsStr,
    fs, io,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::Path,
    process::{Command, Stdio},
};

use crate::Error;

/// A user and its main group, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    gid: u32,
}

/// Runs programs as the account that PostgreSQL needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunAs {
    /// `None`: as ourselves.
    account: Option<Account>,
}

impl RunAs {
    /// As ourselves, or for root as the owner of `cluster_parent` if it exists and is not root's,
    /// else as an account made for such purposes.
    pub(crate) fn choose(cluster_parent: &Path) -> Result<Self, Error> {
        if !is_root() {
            return Ok(Self { account: None });
        }
        if let Ok(metadata) = fs::symlink_metadata(cluster_parent)
            && metadata.uid() != 0
        {
            let account = Account {
                uid: metadata.uid(),
                gid: metadata.gid(),
            };
            return Ok(Self {
                account: Some(account),
            });
        }
        let accounts = fs::read_to_string("/etc/passwd")
            .map_err(Error::io("read the accounts in", "/etc/passwd"))?;
        let account = ["postgres", "nobody"]
            .iter()
            .find_map(|name| find(&accounts, name));
        account
            .map(|account| Self {
                account: Some(account),
            })
            .ok_or(Error::NoAccount)
    }

    /// The account, if it is not our own.
    pub(crate) fn account(self) -> Option<Account> {
        self.account
    }

    /// A command in a bare environment, so that neither `PG*` variables nor a locale leak in.
    pub(crate) fn command(self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs([("LC_ALL", "C"), ("TZ", "UTC"), ("PATH", "/usr/bin:/bin")])
            .current_dir("/")
            .stdin(Stdio::null());
        if let Some(Account { uid, gid }) = self.account {
            // Setting the user as root also clears the supplementary groups.
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Gives a path of ours to the account.
    pub(crate) fn hand_over(self, path: &Path) -> io::Result<()> {
        match self.account {
            Some(Account { uid, gid }) => std::os::unix::fs::lchown(path, Some(uid), Some(gid)),
            None => Ok(()),
        }
    }

    /// Whether the account can enter the directory. Asked of the system itself: access lists and
    /// mounts count as well as mode bits.
    pub(crate) fn can_enter(self, directory: &Path) -> bool {
        self.command("/bin/sh")
            .args(["-c", "cd -- \"$1\"", "sh"])
            .arg(directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}

/// Whether this process may and must switch to another account.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Looks a name up in the text of `/etc/passwd`. System accounts are local: no name service needed.
fn find(accounts: &str, name: &str) -> Option<Account> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        (uid != 0).then_some(Account { uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNTS: &str = "root:x:0:0:root:/root:/bin/sh\n\
                            postgres-old:x:7:7::/:/bin/sh\n\
                            postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash\n\
                            broken:x\n";

    #[test]
    fn account_is_found_by_its_whole_name() {
        assert_eq!(
            find(ACCOUNTS, "postgres"),
            Some(Account { uid: 101, gid: 104 })
        );
    }

    #[test]
    fn missing_broken_and_root_accounts_are_not_used() {
        for name in ["nobody", "broken", "root"] {
            assert_eq!(find(ACCOUNTS, name), None, "{name}");
        }
    }
}
