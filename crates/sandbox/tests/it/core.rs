//! The core: control surface, ledger, faults.

use serde_json::Value;

use crate::support::{client, start};

#[tokio::test]
async fn credentials_carry_the_base_urls() {
    let sandbox = start().await;
    let url = format!("{}/control/credentials", sandbox.base_url());
    let accounts: Value = client()
        .get(url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        accounts["neuro"]["base_url"],
        format!("{}/neuro", sandbox.base_url())
    );
    sandbox.stop().await;
}
