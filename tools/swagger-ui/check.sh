#!/usr/bin/env bash
# Opens a demo's Swagger UI in headless Chromium and works with it as a developer would: authorizes, lists calls, makes a key
# under an Idempotency-Key, submits a recording. Fails where an answer is no 2xx, or where the page asks any other host.
# Needs Node 20, a built binary (CALLWEAVE) and Chromium (CHROMIUM, default: chromium). The picture is put to SCREENSHOT
# (default: swagger-ui.png in the working directory).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=../lib/demo.sh
. "$here/../lib/demo.sh"
cache="${SWAGGER_UI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/callweave-swagger-ui}"
node_modules "$here" "$cache"
cp "$here/check.mjs" "$cache/"
start_demo 40
export CALLWEAVE_URL="$URL" CALLWEAVE_KEY="$KEY" SCREENSHOT="${SCREENSHOT:-$PWD/swagger-ui.png}"
CHROMIUM="$(command -v "${CHROMIUM:-chromium}")"
CALLWEAVE_CONNECTION="$(printf '%s' "$DEMO" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["connections"]["transcripto"])')"
export CHROMIUM CALLWEAVE_CONNECTION
node "$cache/check.mjs"
