//! `callweave demo`: everything at once, with nothing configured.

use crate::{
    cli::DemoArgs,
    config::Sources,
    demo::{self, Demo},
    output,
    signals::Signals,
};

pub(super) async fn run(mut sources: Sources, arguments: DemoArgs) -> anyhow::Result<()> {
    sources.listen = arguments.listen;
    sources.defaults = demo::DEFAULTS;
    let config = super::configure(&sources)?;
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
