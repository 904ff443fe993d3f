#!/usr/bin/env bash
# What the binary is made of: bans, licences and sources as deny.toml says, and a list of packages (CycloneDX)
# in which each is locked and names its licence.
#
# Needs cargo, jq, and `cargo install cargo-deny cargo-cyclonedx --locked`. BILL says where the list goes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo deny --locked check --hide-inclusion-graph bans licenses sources

bill="${BILL:-$(mktemp -d)/callweave.cdx.json}"
# The tool writes one list beside every manifest of the workspace.
trap 'find crates -name callweave.cdx.json -delete' EXIT
cargo cyclonedx --quiet --manifest-path crates/server/Cargo.toml --format json --spec-version 1.5 \
  --no-build-deps --override-filename callweave.cdx
cp crates/server/callweave.cdx.json "$bill"
locked="$(awk '/^name = /{name=$3} /^version = /{print name, $3}' Cargo.lock | tr -d '"' | sort)"
listed="$(jq -r '.components[] | "\(.name) \(.version)"' "$bill" | sort)"
unlicensed="$(jq '[.components[] | select((.licenses // []) == [])] | length' "$bill")"
unlocked="$(comm -23 <(echo "$listed") <(echo "$locked"))"
[ "$unlicensed" -eq 0 ] || { echo "$unlicensed packages name no licence" >&2; exit 1; }
[ -z "$unlocked" ] || { echo "not locked: $unlocked" >&2; exit 1; }
echo "$bill: $(wc -l <<<"$listed") packages, all locked, all licensed"
