//! `callweave openapi`: the document of the REST API.

use anyhow::Context as _;

use crate::{
    cli::{DocumentFormat, OpenapiArgs},
    output,
};

pub(super) fn run(arguments: &OpenapiArgs) -> anyhow::Result<()> {
    let document = callweave_api::openapi();
    let text = match arguments.format {
        DocumentFormat::Json => serde_json::to_string_pretty(&document).context("write JSON")?,
        DocumentFormat::Yaml => serde_yaml_ng::to_string(&document).context("write YAML")?,
    };
    output::data(text)?;
    Ok(())
}
