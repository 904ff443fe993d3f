#!/usr/bin/env bash
# Makes clients in TypeScript and Python from openapi/openapi.json, checks their types, and lists the calls of a running demo
# with each. Nothing that is generated is kept in the repository.
# Needs Node 20, Python 3.11 and a built binary (CALLWEAVE); CLIENTS_CACHE is where generators and clients are put.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=../lib/demo.sh
. "$here/../lib/demo.sh"
document="$root/openapi/openapi.json"
cache="${CLIENTS_CACHE:-$caches/callweave-clients}"
hold "$cache"
typescript="$cache/typescript"
python="$cache/python"

echo "== TypeScript: openapi-typescript and openapi-fetch"
node_modules "$here/typescript" "$typescript"
cp "$here/typescript/tsconfig.json" "$here/typescript/list_calls.ts" "$typescript/"
(
  cd "$typescript"
  rm -rf api.ts built
  node_modules/.bin/openapi-typescript "$document" --output api.ts >generated.log 2>&1 || { cat generated.log; exit 1; }
  echo "generated: $(wc -l <api.ts) lines of types"
  node_modules/.bin/tsc --project .
  echo "compiled: tsc --strict"
)

echo "== Python: openapi-python-client"
python_packages "$here/python/requirements.txt" "$python"
(
  cd "$python"
  rm -rf client callweave_client
  cp "$here/python/list_calls.py" .
  PATH="$python/bin:$PATH" bin/openapi-python-client generate --path "$document" --meta none \
    --output-path callweave_client --overwrite --fail-on-warning >generated.log 2>&1 || { cat generated.log; exit 1; }
  # Of an operation whose body has two forms the generator writes a module that forgets this import.
  grep -rl 'Unset = UNSET' callweave_client/api | xargs grep -LE '^from \.\.\.types import .*\bUnset\b' |
    xargs -r sed -i '0,/^from \.\.\.types import /s//from ...types import Unset\n&/'
  echo "generated: $(find callweave_client -name '*.py' | wc -l) modules"
  # What is made from the document, and its use; the generator's own client.py does not pass its types.
  bin/mypy --no-error-summary --follow-imports=silent callweave_client/api callweave_client/models
  bin/mypy --strict --no-error-summary --follow-imports=silent list_calls.py
  echo "checked: mypy, and mypy --strict of its use"
)

start_demo 40
export CALLWEAVE_URL="$URL" CALLWEAVE_KEY="$KEY"
wait_for_calls 3
echo "== TypeScript client, against the demo"
node "$typescript/built/list_calls.js"
echo "== Python client, against the demo"
(cd "$python" && bin/python list_calls.py)
echo "== good"
