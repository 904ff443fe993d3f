#!/usr/bin/env bash
# Lints openapi/openapi.json with Redocly and Spectral, at the versions of package-lock.json. Whatever either says fails.
# Needs Node 20 or later; LINT_CACHE is where the linters are installed.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=../lib/packages.sh
. "$here/../lib/packages.sh"
document="${1:-$here/../../openapi/openapi.json}"
cache="${LINT_CACHE:-$caches/callweave-openapi-lint}"

hold "$cache"
node_modules "$here" "$cache"

export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
failed=0

echo "redocly lint (recommended):"
"$cache/node_modules/.bin/redocly" lint "$document" --config "$here/redocly.yaml" --format=json \
  >"$cache/redocly.json" 2>"$cache/redocly.log" || true
node -e '
  const { totals, problems } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
  for (const found of problems.slice(0, 50)) {
    console.log(`  ${found.severity} ${found.ruleId}: ${found.message} (${found.location[0]?.pointer})`);
  }
  console.log(`  ${totals.errors} errors, ${totals.warnings} warnings, ${totals.ignored} ignored`);
  process.exitCode = totals.errors + totals.warnings + totals.ignored ? 2 : 0;
' "$cache/redocly.json" || {
  # Anything else than its own 2: there is no report.
  [ $? -eq 2 ] || cat "$cache/redocly.log" >&2
  failed=1
}

echo "spectral lint (spectral:oas):"
if "$cache/node_modules/.bin/spectral" lint "$document" --ruleset "$here/spectral.yaml" --fail-severity hint --quiet; then
  echo "  nothing"
else
  failed=1
fi
exit "$failed"
