#!/usr/bin/env bash
# Installs the programs that callweave is compared with, outside of the repository. What cannot be
# installed is told by the benchmark, row by row.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${CALLWEAVE_BENCH_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/callweave-bench}
mkdir -p "$cache/python" "$cache/node"
failed=0

python3 -m venv "$cache/python" \
    && "$cache/python/bin/pip" install --quiet --requirement "$here/python/requirements.txt" \
    || { echo "the Python programs could not be installed" >&2; failed=1; }

cp "$here/node/package.json" "$here/node/package-lock.json" "$cache/node/" \
    && (cd "$cache/node" && npm ci --silent --no-audit --no-fund) \
    || { echo "the Node programs could not be installed" >&2; failed=1; }

command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] \
    || { echo "nginx is not there; install it with the system's packages" >&2; failed=1; }
exit "$failed"
