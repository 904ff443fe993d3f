//! `callweave demo`: everything at once, with nothing configured.

use crate::{cli::DemoArgs, config::Config, demo::Demo, output, signals::Signals};

pub(super) async fn run(config: Config, arguments: DemoArgs) -> anyhow::Result<()> {
    let mut signals = Signals::watch()?;
    let mut demo = tokio::select! {
        started = Demo::start(config, &arguments, tell) => started?,
        // Half-made things are finished by the next run; the database ends with its owner.
        _ = signals.next() => return Ok(()),
    };
    output::data(if arguments.json {
        demo.report().json()
    } else {
        demo.report().text()
    })?;
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

fn tell(step: &str) {
    output::note(format!("callweave: {step}"));
}
