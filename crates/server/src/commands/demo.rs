//! `callweave demo`: everything at once, with nothing configured.

use crate::{
    cli::DemoArgs,
    config::Config,
    demo::{Attached, Demo, Report},
    output,
    signals::Signals,
};

pub(super) async fn run(config: Config, arguments: DemoArgs) -> anyhow::Result<()> {
    let mut signals = Signals::watch()?;
    if let (Some(gateway), Some(sandbox)) = (&arguments.gateway, &arguments.sandbox) {
        let attached = tokio::select! {
            started = Attached::start(&config, gateway, sandbox, tell) => started?,
            _ = signals.next() => return Ok(()),
        };
        print(attached.report(), arguments.json)?;
        signals.next().await;
        tell("stopping");
        attached.stop().await;
        return Ok(());
    }
    let mut demo = tokio::select! {
        started = Demo::start(config, &arguments, tell) => started?,
        // Half-made things are finished by the next run; the database ends with its owner.
        _ = signals.next() => return Ok(()),
    };
    print(demo.report(), arguments.json)?;
    tokio::select! {
        _ = signals.next() => tell("stopping"),
        error = demo.ended() => {
            demo.stop().await?;
            return Err(error);
        }
    }
    tokio::select! {
        stopped = demo.stop() => stopped,
        signal = signals.next() => anyhow::bail!("cut off by a second {signal}"),
    }
}

fn print(report: &Report, json: bool) -> anyhow::Result<()> {
    output::data(if json { report.json() } else { report.text() })?;
    Ok(())
}

fn tell(step: &str) {
    output::note(format!("callweave: {step}"));
}
