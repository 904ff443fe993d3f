# Sourced by the scripts that prove a deployment on one machine: a PostgreSQL, the sandbox vendors and
# gateways as processes of their own, in a directory that goes with the script.
#
# Needs PostgreSQL's server programs, curl and jq, and the binary: CALLWEAVE names it.

callweave="${CALLWEAVE:-target/release/callweave}"
[ -x "$callweave" ] || { echo "there is no $callweave: build it, or name it in CALLWEAVE" >&2; exit 1; }
callweave="$(realpath "$callweave")"
programs="$(dirname "$(find /usr/lib/postgresql -path '*/bin/initdb' | sort -V | tail -1)")"

work="$(mktemp -d /tmp/callweave-proof.XXXXXX)"
chmod 755 "$work"
started=()

say() { printf '\n==> %s\n' "$*"; }

finish() {
  local result=$?
  set +e
  if [ "$result" -ne 0 ]; then
    tail -n 5 "$work"/*.log >&2
  fi
  for process in "${started[@]}"; do kill "$process" 2>/dev/null; done
  for process in "${started[@]}"; do wait "$process" 2>/dev/null; done
  rm -rf "$work"
  exit "$result"
}
trap finish EXIT

# A port that is free at the moment.
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Runs something as the account that PostgreSQL and its pooler run as: they refuse root.
unprivileged() {
  if [ "$(id -u)" -eq 0 ]; then
    exec setpriv --reuid postgres --regid postgres --init-groups "$@"
  else
    exec "$@"
  fi
}

start_postgres() {
  postgres_port="$(free_port)"
  mkdir "$work/postgres"
  [ "$(id -u)" -ne 0 ] || chown postgres "$work/postgres"
  (unprivileged "$programs/initdb" -D "$work/postgres/data" -U callweave --auth=trust \
    --encoding=UTF8 --locale=C.UTF-8) >"$work/initdb.log"
  (unprivileged "$programs/postgres" -D "$work/postgres/data" -p "$postgres_port" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories="$work/postgres" \
    "$@") >"$work/postgres.log" 2>&1 &
  started+=($!)
  until "$programs/pg_isready" -q -h 127.0.0.1 -p "$postgres_port"; do sleep 0.1; done
  "$programs/createdb" -h 127.0.0.1 -p "$postgres_port" -U callweave callweave
  postgres_url="postgres://callweave@127.0.0.1:$postgres_port/callweave"
}

# A streaming replica of it.
start_standby() {
  local port
  port="$(free_port)"
  (unprivileged "$programs/pg_basebackup" -h 127.0.0.1 -p "$postgres_port" -U callweave \
    -D "$work/postgres/standby" --write-recovery-conf --checkpoint=fast --no-sync) >"$work/basebackup.log"
  (unprivileged "$programs/postgres" -D "$work/postgres/standby" -p "$port" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories="$work/postgres") >"$work/standby.log" 2>&1 &
  started+=($!)
  until "$programs/pg_isready" -q -h 127.0.0.1 -p "$port"; do sleep 0.1; done
  standby_url="postgres://callweave@127.0.0.1:$port/callweave"
}

# The same keys for all gateways.
export_settings() {
  CALLWEAVE__ENCRYPTION__KEYS="$("$callweave" encryption generate-key)"
  export CALLWEAVE__ENCRYPTION__KEYS CALLWEAVE__DATA_DIR="$work/data"
  export CALLWEAVE__EGRESS__ALLOW=127.0.0.0/8 CALLWEAVE__LOG__LEVEL=warn
  export CALLWEAVE__SYNC__POLL_INTERVAL=2s
}

start_sandbox() {
  sandbox="127.0.0.1:$(free_port)"
  "$callweave" sandbox --listen "$sandbox" >"$work/sandbox.log" 2>&1 &
  started+=($!)
  until curl -sf "http://$sandbox/control/credentials" >/dev/null; do sleep 0.1; done
}

# Starts a gateway with a database at an address; its process id is in `gateway`.
start_gateway() {
  local name="$1" url="$2" listen="$3"
  shift 3
  DATABASE_URL="$url" "$callweave" serve --listen "$listen" "$@" >>"$work/$name.log" 2>&1 &
  gateway=$!
}

until_ready() {
  local deadline=$((SECONDS + 60))
  until curl -sf "http://$1/readyz" >/dev/null; do
    [ "$SECONDS" -lt "$deadline" ] || { echo "$1 does not become ready" >&2; return 1; }
    sleep 0.1
  done
}

# Makes a key, connects one vendor of the sandbox through a gateway, and waits for its calls.
connect_vendor() {
  local address="$1" url="$2" vendor=callgear body deadline=$((SECONDS + 90)) calls=0
  key="$(DATABASE_URL="$url" "$callweave" keys create --tenant acme --name proof --scope '*' --json | jq -r .key)"
  body="$(curl -sf "http://$sandbox/control/credentials" | jq ".$vendor.connection + {name: \"$vendor\"}")"
  curl -sSf -H "Authorization: Bearer $key" -H 'Content-Type: application/json' -d "$body" \
    "http://$address/v1/connections" >/dev/null
  until [ "$calls" -gt 0 ]; do
    [ "$SECONDS" -lt "$deadline" ] || { echo 'no calls came' >&2; return 1; }
    sleep 0.5
    calls="$(curl -sf -H "Authorization: Bearer $key" "http://$address/v1/calls?limit=200" | jq '.data | length')"
  done
}
