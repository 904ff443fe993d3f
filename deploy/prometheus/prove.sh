#!/usr/bin/env bash
# A real Prometheus watches an API with a standby to read at and a worker, which work for the sandbox's vendors, with some trouble among
# it: every expression of the alert rules and of the dashboards must have an answer.
#
# Needs prometheus, python3, curl, jq, PostgreSQL's server programs, and the binary (CALLWEAVE names it).
# SECONDS_LONG says how long it watches (75).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source deploy/local.sh

export_settings
start_postgres
start_standby
start_sandbox
api="127.0.0.1:$(free_port)" worker="127.0.0.1:$(free_port)" prometheus="127.0.0.1:$(free_port)"
CALLWEAVE__DATABASE__READ_URL="$standby_url" start_gateway api "$postgres_url" "$api" --role api
started+=("$gateway")
until_ready "$api"
start_gateway worker "$postgres_url" "$worker" --role worker
started+=("$gateway")
connect_vendor "$api" "$postgres_url"
# The last one is asked for its usage below.
for vendor in neuro alovoice transcripto; do
  body="$(curl -sf "http://$sandbox/control/credentials" | jq ".$vendor.connection + {name: \"$vendor\"}")"
  curl -sSf -H "Authorization: Bearer $key" -H 'Content-Type: application/json' -d "$body" \
    "http://$api/v1/connections" >"$work/connection.json"
done

# The rules as they are; other targets, watched more closely.
cp deploy/prometheus/rules.yml "$work/rules.yml"
sed -e "s/api:8080/$api/" -e "s/worker:8080/$worker/" -e 's/_interval: .*/_interval: 2s/' \
  deploy/prometheus/prometheus.yml >"$work/prometheus.yml"
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/series" \
  --web.listen-address="$prometheus" >"$work/prometheus.log" 2>&1 &
started+=($!)

say "clients for ${SECONDS_LONG:-75} s"
# A vendor that fails now and then is what retries are for.
curl -sSf -X POST -H 'Content-Type: application/json' "http://$sandbox/control/faults" \
  -d '{"vendor": "callgear", "kind": "status", "status": 503, "probability": 0.2}' >/dev/null
# So is one whose failures come through, and a client that asks for what is not there.
curl -sSf -X POST -H 'Content-Type: application/json' "http://$sandbox/control/faults" \
  -d '{"vendor": "transcripto", "kind": "status", "status": 500, "probability": 0.9}' >/dev/null
while sleep 2; do
  curl -s -H "Authorization: Bearer $key" "http://$api/v1/calls/00000000-0000-0000-0000-000000000000"
  curl -s -H "Authorization: Bearer $key" "http://$api/v1/connections/$(jq -r .id "$work/connection.json")/usage"
done >"$work/trouble.log" 2>&1 &
started+=($!)
python3 deploy/replicas/client.py "http://$api" "$key" "${SECONDS_LONG:-75}" 4 >"$work/client.txt"
python3 deploy/prometheus/ask.py "http://$prometheus" deploy/grafana/dashboards/*.json
