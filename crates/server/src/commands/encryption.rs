//! `callweave encryption`: the keys that credentials are sealed with.

use callweave_credentials::vault::{Vault, generate_key};
use callweave_model::{Clock as _, SystemClock};

use crate::{cli::EncryptionCommand, config::ConfigError, output};

pub(super) fn run(command: &EncryptionCommand) -> anyhow::Result<()> {
    match command {
        EncryptionCommand::GenerateKey { id } => {
            let id = id.clone().unwrap_or_else(|| {
                let now = SystemClock.now().as_jiff();
                format!("key-{}", now.strftime("%Y%m%d-%H%M%S"))
            });
            let key = generate_key(&id);
            Vault::parse(&key).map_err(|_error| {
                ConfigError::Contradiction(
                    "--id: must be 1 to 64 letters, digits and -_.".to_owned(),
                )
            })?;
            output::data(key)?;
            Ok(())
        }
    }
}
