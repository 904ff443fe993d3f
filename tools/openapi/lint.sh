#!/usr/bin/env bash
# Lints openapi/openapi.json with Redocly and Spectral, at the versions of package-lock.json. Whatever either says fails.
# Needs Node 20 or later; LINT_CACHE is where the linters are installed.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=../lib/demo.sh
. "$here/../lib/demo.sh"
document="${1:-$root/openapi/openapi.json}"
cache="${LINT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/callweave-openapi-lint}"

node_modules "$here" "$cache"

export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
failed=0

echo "redocly lint (recommended):"
report="$("$cache/node_modules/.bin/redocly" lint "$document" --config "$here/redocly.yaml" --format=json 2>/dev/null)" || true
node -e '
  const { totals, problems } = JSON.parse(process.argv[1]);
  for (const found of problems.slice(0, 50)) {
    console.log(`  ${found.severity} ${found.ruleId}: ${found.message} (${found.location[0]?.pointer})`);
  }
  console.log(`  ${totals.errors} errors, ${totals.warnings} warnings, ${totals.ignored} ignored`);
  process.exit(totals.errors + totals.warnings + totals.ignored ? 1 : 0);
' "$report" || failed=1

echo "spectral lint (spectral:oas):"
"$cache/node_modules/.bin/spectral" lint "$document" --ruleset "$here/spectral.yaml" --fail-severity hint --quiet ||
  failed=1
if [ "$failed" -eq 0 ]; then echo "  nothing"; fi
exit "$failed"
