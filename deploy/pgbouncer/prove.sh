#!/usr/bin/env bash
# Two gateways with 36 connections behind a PgBouncer in transaction mode that has 8 to PostgreSQL: a
# sync, requests side by side, two tenants that see nothing of each other.
#
# Needs pgbouncer, python3, curl, jq, PostgreSQL's server programs, and the binary (CALLWEAVE names it).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source deploy/local.sh

export_settings
start_postgres
start_sandbox
bouncer_port="$(free_port)"
sed -e "s|@POSTGRES_PORT@|$postgres_port|" -e "s|@LISTEN_PORT@|$bouncer_port|" -e "s|@WORK@|$work/postgres|" \
  deploy/pgbouncer/pgbouncer.ini >"$work/pgbouncer.ini"
(unprivileged "$(command -v pgbouncer)" "$work/pgbouncer.ini") >"$work/pgbouncer.out.log" 2>&1 &
started+=($!)
# Statements are not kept beyond their transaction: the next one may come to another session.
export CALLWEAVE__DATABASE__KEEP_STATEMENTS=false
pooled="postgres://callweave@127.0.0.1:$bouncer_port/callweave?sslmode=disable"

say 'migrations of three processes at once, through the pooler as well'
migrations=()
for _ in 1 2 3; do
  DATABASE_URL="$pooled" "$callweave" migrate &
  migrations+=($!)
done
for migration in "${migrations[@]}"; do wait "$migration"; done
addresses=("127.0.0.1:$(free_port)" "127.0.0.1:$(free_port)")
for address in "${addresses[@]}"; do
  start_gateway "gateway-${address##*:}" "$pooled" "$address"
  started+=("$gateway")
  until_ready "$address"
done

say 'a sync through the pooler'
connect_vendor "${addresses[0]}" "$pooled"
calls="$(curl -sf -H "Authorization: Bearer $key" "http://${addresses[1]}/v1/calls?limit=200" | jq '.data | length')"

say 'another tenant sees nothing, while many ask at once'
other="$(DATABASE_URL="$pooled" "$callweave" keys create --tenant other --name proof --scope '*' --json | jq -r .key)"
python3 deploy/replicas/client.py "http://${addresses[0]}" "$key" 15 16 >"$work/client.txt" &
client=$!
foreign=0 looks=0
while kill -0 "$client" 2>/dev/null; do
  seen="$(curl -sf -H "Authorization: Bearer $other" "http://${addresses[1]}/v1/calls" | jq '.data | length')"
  foreign=$((foreign + seen)) looks=$((looks + 1))
done
result=0
wait "$client" || result=$?
sessions="$("$programs/psql" -At "$postgres_url" -c \
  "SELECT count(*) FROM pg_stat_activity WHERE datname = 'callweave' AND pid <> pg_backend_pid()")"
printf 'PgBouncer %s, transaction mode: %s calls synced, %s; %s looks of another tenant, %s foreign calls; %s sessions at PostgreSQL\n' \
  "$(pgbouncer --version | sed -n 's/^PgBouncer //p')" "$calls" "$(cat "$work/client.txt")" "$looks" "$foreign" "$sessions"
[ "$result" -eq 0 ] && [ "$foreign" -eq 0 ] && [ "$calls" -gt 0 ] && [ "$sessions" -le 8 ]
