# For scripts that need a gateway: starts a demo of its own on free ports, and ends it with the script.
# CALLWEAVE names the binary (default: target/debug/callweave of this checkout).

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
# shellcheck source=packages.sh
. "$root/tools/lib/packages.sh"

# Usage: start_demo [CALLS]. Sets DEMO (one line of JSON), URL, KEY and DEMO_HOME.
start_demo() {
  local binary="${CALLWEAVE:-$root/target/debug/callweave}"
  if [ ! -x "$binary" ]; then
    echo "no binary at $binary: cargo build -p callweave-server, or set CALLWEAVE" >&2
    return 1
  fi
  DEMO_HOME="$(mktemp -d)"
  "$binary" demo --listen 127.0.0.1:0 --data-dir "$DEMO_HOME/data" --calls "${1:-40}" --json \
    >"$DEMO_HOME/ready.json" 2>"$DEMO_HOME/log" 9>&- &
  DEMO_PID=$!
  trap stop_demo EXIT
  local waited=0
  until [ -s "$DEMO_HOME/ready.json" ]; do
    if ! kill -0 "$DEMO_PID" 2>/dev/null || [ "$waited" -ge 600 ]; then
      echo "the demo did not start:" >&2
      tail -n 20 "$DEMO_HOME/log" >&2
      return 1
    fi
    sleep 0.5
    waited=$((waited + 1))
  done
  DEMO="$(head -n 1 "$DEMO_HOME/ready.json")"
  URL="$(member url)"
  KEY="$(member key)"
  echo "demo: $URL"
}

# Usage: wait_for_calls COUNT. Waits until the first syncs of the demo have brought so many calls.
wait_for_calls() {
  local waited=0
  until [ "$(count_calls "$1")" -ge "$1" ]; do
    if [ "$waited" -ge 240 ]; then
      echo "the demo has $(count_calls "$1") calls after two minutes:" >&2
      tail -n 20 "$DEMO_HOME/log" >&2
      return 1
    fi
    sleep 0.5
    waited=$((waited + 1))
  done
}

# How many calls a page of this size holds.
count_calls() {
  curl -sS "$URL/v1/calls?limit=$1" -H "Authorization: Bearer $KEY" |
    python3 -c 'import json, sys; print(len(json.load(sys.stdin)["data"]))'
}

# A member of the demo's line of JSON.
member() {
  printf '%s' "$DEMO" | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

stop_demo() {
  local started
  for started in "$DEMO_PID" "${SPARE_PID:-}"; do
    if [ -n "$started" ]; then
      kill -INT "$started" 2>/dev/null || true
      wait "$started" 2>/dev/null || true
    fi
  done
  rm -rf "$DEMO_HOME"
}

# A sandbox beside the demo, whose accounts nobody is connected to. Sets SPARE.
start_spare() {
  local binary="${CALLWEAVE:-$root/target/debug/callweave}" waited=0
  : >"$DEMO_HOME/spare"
  "$binary" sandbox --listen 127.0.0.1:0 --calls 10 --seed 2 >>"$DEMO_HOME/spare" 2>&1 9>&- &
  SPARE_PID=$!
  until grep -qE 'http://127\.0\.0\.1:[0-9]+' "$DEMO_HOME/spare"; do
    if [ "$waited" -ge 240 ]; then
      cat "$DEMO_HOME/spare" >&2
      return 1
    fi
    sleep 0.5
    waited=$((waited + 1))
  done
  SPARE="$(grep -oE 'http://127\.0\.0\.1:[0-9]+' "$DEMO_HOME/spare" | head -n 1)"
}
