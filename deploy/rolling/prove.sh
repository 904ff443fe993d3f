#!/usr/bin/env bash
# Two replicas behind nginx give way to those of another release, one after the other, while clients work
# and that release's migrations are applied; then what a release after it might add, under load as well,
# and a replica that is started again on the newer schema. Not one request may fail for a client that tries
# once more.
#
# Needs nginx, python3, curl, jq, PostgreSQL's server programs, and the binary (CALLWEAVE names it).
# CALLWEAVE_BEFORE names the binary of the release before (the same one unless told), CLIENTS says how many
# there are (8).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source deploy/local.sh

before="$(realpath "${CALLWEAVE_BEFORE:-$callweave}")"
new="$callweave"
export_settings
start_postgres
start_sandbox
query() { "$programs/psql" -qAt -v ON_ERROR_STOP=1 "$postgres_url" "$@"; }
schema() { query -c 'SELECT max(version) FROM _sqlx_migrations'; }

replicas=("127.0.0.1:$(free_port)" "127.0.0.1:$(free_port)")
listen="127.0.0.1:$(free_port)"
processes=()
callweave="$before"
for number in 0 1; do
  start_gateway "replica-$number" "$postgres_url" "${replicas[$number]}"
  processes+=("$gateway")
  until_ready "${replicas[$number]}"
done
connect_vendor "${replicas[0]}" "$postgres_url"
old_schema="$(schema)"
sed -e "s|@REPLICA_1@|${replicas[0]}|" -e "s|@REPLICA_2@|${replicas[1]}|" -e "s|@LISTEN@|$listen|" \
  -e "s|@WORK@|$work|g" deploy/replicas/nginx.conf >"$work/nginx.conf"
nginx -c "$work/nginx.conf" -e "$work/nginx.log" >"$work/nginx.out.log" 2>&1 &
started+=($!)
until_ready "$listen"

# Ends a replica as an orchestrator does, and starts the new release in its place.
replace() {
  local number="$1" result=0
  kill -TERM "${processes[$number]}"
  wait "${processes[$number]}" || result=$?
  [ "$result" -eq 0 ] || { echo "replica $number ended with $result" >&2; return 1; }
  start_gateway "replica-$number" "$postgres_url" "${replicas[$number]}" --no-migrate
  processes[$number]="$gateway"
  until_ready "${replicas[$number]}"
}

say "${CLIENTS:-8} clients; migrations, then one replica after the other"
# Ended from here when all is done.
python3 deploy/replicas/client.py "http://$listen" "$key" 600 "${CLIENTS:-8}" "$work/stop" >"$work/client.txt" &
client=$!
started+=("$client")
sleep 5
callweave="$new"
DATABASE_URL="$postgres_url" "$callweave" migrate
new_schema="$(schema)"
sleep 3
for number in 0 1; do
  replace "$number"
  sleep 3
done
say 'what a later release adds, then a restart on it'
query -f deploy/rolling/later.sql
sleep 3
replace 0
sleep 3
touch "$work/stop"
result=0
wait "$client" || result=$?
started+=("${processes[@]}")
printf 'rolling update, schema %s to %s to %s, 3 replacements: %s\n' \
  "$old_schema" "$new_schema" "$(schema)" "$(cat "$work/client.txt")"
grep -q 'failed: none' "$work/client.txt" && exit "$result"
exit 1
