#!/usr/bin/env bash
# How much room a call takes, table by table, and what a second worker and a second API bring on one machine.
#
# Needs wrk, curl, jq, PostgreSQL's server programs, and the binary (CALLWEAVE names it). CALLS says how many
# calls each of three vendors holds (1500).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source deploy/local.sh

calls="${CALLS:-1500}"
export_settings
# The sandbox bears more than a vendor would.
export CALLWEAVE__VENDORS__REQUESTS_PER_SECOND=2000 CALLWEAVE__VENDORS__CONCURRENCY=16
export CALLWEAVE__SYNC__POLL_INTERVAL=500ms
start_postgres
sandbox="127.0.0.1:$(free_port)"
"$callweave" sandbox --calls "$calls" --listen "$sandbox" >"$work/sandbox.log" 2>&1 &
started+=($!)
until curl -sf "http://$sandbox/control/credentials" >/dev/null; do sleep 0.1; done

query() { "$programs/psql" -qAt "$@"; }

# Syncs everything into a database of its own with a number of workers; its URL is in `url`.
sync() {
  local workers="$1" address body
  "$programs/createdb" -h 127.0.0.1 -p "$postgres_port" -U callweave "with_$workers"
  url="postgres://callweave@127.0.0.1:$postgres_port/with_$workers"
  address="127.0.0.1:$(free_port)"
  start_gateway "api-$workers" "$url" "$address" --role api
  local processes=("$gateway")
  until_ready "$address"
  key="$(DATABASE_URL="$url" "$callweave" keys create --tenant acme --name proof --scope '*' --json | jq -r .key)"
  for vendor in callgear neuro transcripto; do
    body="$(curl -sf "http://$sandbox/control/credentials" | jq ".$vendor.connection + {name: \"$vendor\"}")"
    curl -sSf -H "Authorization: Bearer $key" -H 'Content-Type: application/json' -d "$body" \
      "http://$address/v1/connections" >/dev/null
  done
  local begun="$EPOCHREALTIME" have=0 before=-1 last="$EPOCHREALTIME" quiet=0
  for number in $(seq "$workers"); do
    start_gateway "worker-$workers-$number" "$url" "127.0.0.1:$(free_port)" --role worker
    processes+=("$gateway")
  done
  # All is there when nothing came for six seconds.
  until [ "$quiet" -ge 12 ]; do
    sleep 0.5
    have="$(query "$url" -c 'SELECT count(*) FROM calls')"
    quiet=$((quiet + 1))
    if [ "$have" -ne "$before" ] || [ "$have" -eq 0 ]; then
      before="$have" last="$EPOCHREALTIME" quiet=0
    fi
  done
  echo "$begun $last" | awk -v workers="$workers" -v have="$have" \
    '{printf "%d worker(s): %d calls of three vendors in %.1f s, %.0f a second\n", workers, have, $2 - $1, have / ($2 - $1)}'
  kill "${processes[@]}"
  wait "${processes[@]}" || true
}

say 'syncs'
sync 1
sync 2

say 'bytes of a call'
query "$url" -c 'VACUUM ANALYZE'
query "$url" -f deploy/scaling/sizes.sql

say 'lists of 50 calls, 16 clients'
addresses=("127.0.0.1:$(free_port)" "127.0.0.1:$(free_port)")
export CALLWEAVE__LIMITS__REQUESTS=1000000000 CALLWEAVE__LIMITS__CONCURRENCY=1000
for address in "${addresses[@]}"; do
  start_gateway "reader-${address##*:}" "$url" "$address" --role api
  started+=("$gateway")
  until_ready "$address"
done
ask() { wrk -t1 -c"$2" -d10s -H "Authorization: Bearer $key" "http://$1/v1/calls?limit=50"; }
one="$(ask "${addresses[0]}" 16 | awk '/Requests\/sec/{print $2}')"
ask "${addresses[0]}" 8 >"$work/first.txt" &
reader=$!
ask "${addresses[1]}" 8 >"$work/second.txt"
wait "$reader"
two="$(cat "$work/first.txt" "$work/second.txt" | awk '/Requests\/sec/{sum += $2} END {print sum}')"
cat "$work/first.txt" "$work/second.txt" | awk '/Non-2xx/' >&2
echo "1 API: $one requests a second; 2 APIs: $two"
