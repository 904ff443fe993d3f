#!/usr/bin/env bash
# Opens a demo's Swagger UI in headless Chromium and works with it as a developer would: authorizes, lists calls, makes a key
# under an Idempotency-Key, submits a recording. Fails where an answer is no 2xx, or where the page asks any other host.
# Needs Node 20, Python 3, a built binary (CALLWEAVE) and Chromium (CHROMIUM, default: chromium). SWAGGER_UI_CACHE is where the
# driver is installed; the picture is put to SCREENSHOT (default: swagger-ui.png there).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=../lib/demo.sh
. "$here/../lib/demo.sh"
cache="${SWAGGER_UI_CACHE:-$caches/callweave-swagger-ui}"
CHROMIUM="$(command -v "${CHROMIUM:-chromium}")" || { echo "no Chromium: install it, or name one in CHROMIUM" >&2; exit 1; }
hold "$cache"
node_modules "$here" "$cache"
cp "$here/check.mjs" "$cache/"
start_demo 40
export CALLWEAVE_URL="$URL" CALLWEAVE_KEY="$KEY" SCREENSHOT="${SCREENSHOT:-$cache/swagger-ui.png}"
CALLWEAVE_CONNECTION="$(printf '%s' "$DEMO" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["connections"]["transcripto"])')"
export CHROMIUM CALLWEAVE_CONNECTION
node "$cache/check.mjs"
