//! Gateway, sandbox and the demo's company as processes of their own, as a compose file runs them.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{Place, Running, eventually, free_address, http, turn};

#[tokio::test]
async fn the_demos_company_joins_a_gateway_and_a_sandbox_elsewhere() {
    let _turn = turn().await;
    let place = Place::new();
    let mut command = place.command();
    command.args([
        "sandbox",
        "--json",
        "--listen",
        "127.0.0.1:0",
        "--calls",
        "5",
    ]);
    let mut sandbox = Running::start(&mut command);
    let sandbox_url = sandbox.report()["url"].as_str().unwrap().to_owned();
    let address = free_address();
    let mut command = place.command();
    command
        .args(["serve", "--listen", &address])
        .env("CALLWEAVE__EGRESS__ALLOW", "127.0.0.0/8")
        .env("CALLWEAVE__SYNC__POLL_INTERVAL", "1s");
    let gateway = Running::start(&mut command);
    let url = format!("http://{address}");
    eventually("ready", Duration::from_secs(60), async || {
        match place
            .command()
            .args(["health", "--url", &format!("{url}/readyz")])
            .output()
        {
            Ok(output) if output.status.success() => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let mut command = place.command();
    command.args([
        "demo",
        "--json",
        "--gateway",
        &url,
        "--sandbox",
        &sandbox_url,
    ]);
    let mut demo = Running::start(&mut command);
    let report = demo.report();
    assert_eq!(report["connections"].as_object().unwrap().len(), 4);
    let key = report["key"].as_str().unwrap();
    eventually(
        "calls of all vendors",
        Duration::from_secs(120),
        async || {
            let request = http()
                .get(format!("{url}/v1/calls?limit=200"))
                .bearer_auth(key);
            let page: Value = request.send().await.unwrap().json().await.unwrap();
            let vendors: std::collections::BTreeSet<&str> = page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|call| call["vendor"].as_str().unwrap())
                .collect();
            if vendors.len() == 4 {
                Ok(())
            } else {
                Err(format!("{vendors:?}"))
            }
        },
    )
    .await;
    for running in [demo, gateway, sandbox] {
        let (code, said) = running.stop();
        assert_eq!(code, Some(0), "{said}");
    }
    place.assert_abandoned();
}

#[tokio::test]
async fn while_it_drains_it_says_so_and_still_answers() {
    let _turn = turn().await;
    let place = Place::new();
    let address = free_address();
    let mut command = place.command();
    command
        .args(["serve", "--listen", &address])
        .env("CALLWEAVE__SERVER__DRAIN_DELAY", "4s");
    let running = Running::start(&mut command);
    let status = async |path: &str| {
        let answer = http().get(format!("http://{address}{path}")).send().await;
        answer
            .map(|answer| answer.status().as_u16())
            .map_err(|error| error.to_string())
    };
    eventually("ready", Duration::from_secs(60), async || {
        match status("/readyz").await {
            Ok(200) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let began = Instant::now();
    running.signal(rustix::process::Signal::TERM);
    eventually(
        "not ready",
        Duration::from_secs(3),
        async || match status("/readyz").await {
            Ok(503) => Ok(()),
            other => Err(format!("{other:?}")),
        },
    )
    .await;
    let mut late = TcpStream::connect(&address).unwrap();
    late.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (code, said) = running.wait(Duration::from_secs(40));
    assert_eq!(code, Some(0), "{said}");
    assert!(began.elapsed() >= Duration::from_secs(4));
    place.assert_abandoned();
}

#[test]
fn an_unhealthy_gateway_is_told_by_the_exit_code() {
    let place = Place::new();
    let address = free_address();
    let url = format!("http://{address}/readyz");
    let output = place
        .command()
        .args(["health", "--url", &url])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("does not answer"), "{said}");
}
