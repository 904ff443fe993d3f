//! What all tests share.

use callweave_sandbox::{Sandbox, SandboxConfig};
use jiff::Timestamp;

/// A small sandbox with fixed times on a free port.
pub async fn start() -> Sandbox {
    start_with(SandboxConfig {
        calls_per_vendor: 40,
        ..SandboxConfig::default()
    })
    .await
}

/// A sandbox with fixed times on a free port.
pub async fn start_with(config: SandboxConfig) -> Sandbox {
    let epoch = Some(Timestamp::from_second(1_770_000_000).unwrap());
    Sandbox::start(SandboxConfig { epoch, ..config })
        .await
        .unwrap()
}

/// A client that follows no redirect.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}
