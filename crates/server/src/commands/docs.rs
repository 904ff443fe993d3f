//! `callweave docs`: pages of the documentation that follow from the code.

use std::fmt::Write as _;

use callweave_provider::{Manifest, Registry};

use crate::{cli::DocsCommand, output};

const HEAD: &str = "\
# Coverage of the vendors' operations

Every operation that the vendors document, the routes of the gateway that reach it (passthrough does not count), and what
it fills or does. `GET /v1/vendors/{vendor}` says the same; the page is written by `callweave docs coverage`.
";

pub(super) fn run(command: DocsCommand) -> anyhow::Result<()> {
    match command {
        DocsCommand::Coverage => output::data(coverage(&callweave_registry::vendors()))?,
    }
    Ok(())
}

/// The page of all coverage tables.
fn coverage(registry: &Registry) -> String {
    let mut page = HEAD.to_owned();
    for factory in registry.iter() {
        section(&mut page, factory.manifest());
    }
    page
}

fn section(page: &mut String, manifest: &Manifest) {
    let count = manifest.coverage.len();
    let name = manifest.display_name;
    // Writing to a text does not fail.
    let _ = write!(
        page,
        "\n## {name}\n\n{count} operations. Capabilities: {}.\n\n",
        code(manifest.capabilities, ", ")
    );
    page.push_str("| operation | vendor | gateway | fills |\n|---|---|---|---|\n");
    for row in manifest.coverage {
        let _ = writeln!(
            page,
            "| {} | `{}` | {} | {} |",
            row.operation,
            row.vendor_route,
            code(row.gateway_routes, "<br>"),
            row.fills.join(", "),
        );
    }
}

fn code(words: &[&str], separator: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(separator)
}
