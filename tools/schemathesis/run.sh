#!/usr/bin/env bash
# Has Schemathesis make up requests from the document of a demo of its own, valid ones and invalid ones, follow the links, and hold
# every answer against the document. Fails where one does not keep to it, or where hardly a link was followed.
# Needs Python 3.11 and a built binary (CALLWEAVE). EXAMPLES is how many requests are made up for each operation (default 40),
# SCENARIOS how many times links are followed from a start (default 600), LINKS how many links have to lead to something (default
# 100), SEED where they begin, SCHEMATHESIS_CACHE where Schemathesis is installed. Arguments go on to `schemathesis run`.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=../lib/demo.sh
. "$here/../lib/demo.sh"
cache="${SCHEMATHESIS_CACHE:-$caches/callweave-schemathesis}"
hold "$cache"
python_packages "$here/requirements.txt" "$cache"
# The requests without a key and with a wrong one come from one address.
export CALLWEAVE__AUTH__MAX_FAILURES=0
# What is looked at is what is answered, not how quickly: a busy machine is no finding.
export CALLWEAVE__DATABASE__STATEMENT_TIMEOUT=60s
export CALLWEAVE__DATABASE__ACQUIRE_TIMEOUT=60s
# As long as the document lets it be.
export CALLWEAVE__AUTH__TOKEN_LIFE=24h
start_demo 400
start_spare
# The ids that it is given are those of the first calls.
wait_for_calls 100
export CALLWEAVE_URL="$URL" CALLWEAVE_KEY="$KEY" SEED="${SEED:-1}"
CALLWEAVE_CREDENTIALS="$(curl -sS "$SPARE/control/credentials")"
export CALLWEAVE_CREDENTIALS
# What it keeps between runs is kept there, not in the checkout.
mkdir -p "$cache/run"
cp "$here"/*.py "$here/schemathesis.toml" "$cache/run/"
cd "$cache/run"
export PYTHONPATH="$cache/run" # hooks.py brings files of its own
printf '\n[phases.stateful.generation]\nmax-examples = %s\n' "${SCENARIOS:-600}" >>schemathesis.toml
rm -f links
"$cache/bin/schemathesis" --config-file schemathesis.toml run "$URL/openapi.json" \
  --max-examples "${EXAMPLES:-40}" --seed "$SEED" "$@"
if [ "$(cat links)" -lt "${LINKS:-100}" ]; then
  echo "only $(cat links) links led to something, ${LINKS:-100} should" >&2
  exit 1
fi
