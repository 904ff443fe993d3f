#!/usr/bin/env bash
# Two replicas behind nginx on one machine, one of them killed (kill -9) every 20 seconds and started
# again: clients that try once more must get at least 99.9 % good answers.
#
# Needs nginx, python3, curl, jq, PostgreSQL's server programs, and the binary (CALLWEAVE names it).
# SECONDS_LONG says how long it goes on (120), CLIENTS how many there are (8).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source deploy/local.sh

long="${SECONDS_LONG:-120}"
clients="${CLIENTS:-8}"
export_settings
start_postgres
start_sandbox
replicas=("127.0.0.1:$(free_port)" "127.0.0.1:$(free_port)")
listen="127.0.0.1:$(free_port)"
processes=()
for number in 0 1; do
  start_gateway "replica-$number" "$postgres_url" "${replicas[$number]}"
  processes+=("$gateway")
  until_ready "${replicas[$number]}"
done
connect_vendor "${replicas[0]}" "$postgres_url"

sed -e "s|@REPLICA_1@|${replicas[0]}|" -e "s|@REPLICA_2@|${replicas[1]}|" -e "s|@LISTEN@|$listen|" \
  -e "s|@WORK@|$work|g" deploy/replicas/nginx.conf >"$work/nginx.conf"
nginx -c "$work/nginx.conf" -e "$work/nginx.log" >"$work/nginx.out.log" 2>&1 &
started+=($!)
until_ready "$listen"

say "$clients clients for $long seconds, a replica killed every 20"
python3 deploy/replicas/client.py "http://$listen" "$key" "$long" "$clients" >"$work/client.txt" &
client=$!
begun=$SECONDS
kills=0
# A killed process reports here; that is meant.
set +m
while [ $((SECONDS - begun)) -lt $((long - 20)) ]; do
  sleep 20
  number=$((kills % 2))
  kill -9 "${processes[$number]}"
  wait "${processes[$number]}" 2>/dev/null || true
  sleep 2
  start_gateway "replica-$number" "$postgres_url" "${replicas[$number]}"
  processes[$number]="$gateway"
  kills=$((kills + 1))
done
result=0
wait "$client" || result=$?
started+=("${processes[@]}")
printf 'R5 two replicas behind nginx, %s kills in %s s: %s\n' "$kills" "$long" "$(cat "$work/client.txt")"
exit "$result"
